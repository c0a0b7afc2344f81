/**
 * Registers a receiver of spans in a process that is started with `node --import` and this file: each span becomes a
 * line of JSON in the file that HEADWATER_TEST_SPANS names.
 */
import { appendFileSync } from 'node:fs';
import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';

const file = process.env.HEADWATER_TEST_SPANS ?? '';

const exporter = {
  export(spans, done) {
    for (const span of spans) {
      const { name, kind, attributes, status, startTime, endTime, parentSpanContext } = span;
      const { traceId, spanId } = span.spanContext();
      const parent = parentSpanContext?.spanId;
      appendFileSync(
        file,
        `${JSON.stringify({ name, kind, attributes, status, startTime, endTime, traceId, spanId, parent })}\n`,
      );
    }
    done({ code: 0 });
  },
  async shutdown() {},
};

new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
