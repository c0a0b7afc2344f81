/**
 * Spans of OpenTelemetry, by its API package. The package is loaded only where tracing is on, and the spans go to
 * whatever the program has registered there. Without a registration they go nowhere.
 *
 * A span is named to other processes by a text, the `traceparent` of W3C Trace Context. Only sampled spans have one, so
 * nothing travels for the others.
 */
import type * as Api from '@opentelemetry/api';
import { HeadwaterError } from './errors.js';
import { OPEN_SPANS_MAX } from './limits.js';

/** The length of a traceparent of version 00. */
export const TRACEPARENT_LENGTH = 55;

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The attribute by which tools know the spans of a database. */
export const SPAN_ATTRIBUTES = { 'db.system.name': 'headwater' };

export type SpanKind = 'client' | 'server' | 'consumer';

export interface SpanOptions {
  readonly kind: SpanKind;
  /** The traceparent of the span above. Without one, it is the span that is active in the program, if any. */
  readonly parent?: string | undefined;
  readonly attributes?: Readonly<Record<string, string | number>>;
  /** The begin, in milliseconds as `performance.now()` counts them. Now, if it is left out. */
  readonly startMs?: number;
}

export class Tracing {
  readonly #api: typeof Api;
  readonly #tracer: Api.Tracer;
  /** Spans that have begun and not ended. */
  #open = 0;

  private constructor(api: typeof Api) {
    this.#api = api;
    this.#tracer = api.trace.getTracer('headwater');
  }

  /** @throws HeadwaterError `invalid_argument` if the package is not installed. */
  static async load(): Promise<Tracing> {
    try {
      return new Tracing(await import('@opentelemetry/api'));
    } catch (error) {
      const message =
        'tracing: expected the package @opentelemetry/api, found none. Run "npm install @opentelemetry/api"';
      throw new HeadwaterError('invalid_argument', message, { cause: error });
    }
  }

  /** Whether anything receives the spans. */
  get isReceived(): boolean {
    // A tracer of nobody makes spans without an ID. This one never ends, so it goes nowhere.
    return this.#api.isSpanContextValid(this.#tracer.startSpan('test').spanContext());
  }

  /** Whether so many spans are open that a node begins none for a request. */
  get isFull(): boolean {
    return this.#open >= OPEN_SPANS_MAX;
  }

  /** Begins a span. @param name such as `set`, with no key in it. */
  begin(name: string, { kind, parent, attributes, startMs }: SpanOptions): TraceSpan {
    const { SpanKind, context } = this.#api;
    const above = parent === undefined ? context.active() : this.#contextOf(parent);
    const kinds = { client: SpanKind.CLIENT, server: SpanKind.SERVER, consumer: SpanKind.CONSUMER };
    const options: Api.SpanOptions = { kind: kinds[kind] };
    if (attributes) options.attributes = attributes;
    if (startMs !== undefined) options.startTime = startMs;
    this.#open++;
    return new TraceSpan(this.#api, this.#tracer.startSpan(name, options, above), () => this.#open--);
  }

  /** A text that is no traceparent counts as none. */
  #contextOf(traceparent: string): Api.Context {
    const { ROOT_CONTEXT, trace } = this.#api;
    const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent) ?? [];
    if (traceId === undefined || spanId === undefined) return ROOT_CONTEXT;
    const traceFlags = Number.parseInt(flags as string, 16) & this.#api.TraceFlags.SAMPLED;
    return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
  }
}

export class TraceSpan {
  readonly #api: typeof Api;
  readonly #span: Api.Span;
  readonly #onEnd: () => void;
  #isEnded = false;
  /** The name of the span for other processes. Undefined if the span is not sampled. */
  readonly traceparent: string | undefined;

  constructor(api: typeof Api, span: Api.Span, onEnd: () => void) {
    this.#api = api;
    this.#span = span;
    this.#onEnd = onEnd;
    const { traceId, spanId, traceFlags } = span.spanContext();
    const isSampled = (traceFlags & api.TraceFlags.SAMPLED) !== 0 && api.isSpanContextValid(span.spanContext());
    this.traceparent = isSampled ? `00-${traceId}-${spanId}-01` : undefined;
  }

  /** Ends the span, unless it has ended. @param failed the code of the failure, if there was one. @param endMs as `startMs`. */
  end(failed?: string, endMs?: number): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#onEnd();
    if (failed !== undefined) {
      this.#span.setAttribute('error.type', failed);
      this.#span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: failed });
    }
    this.#span.end(endMs);
  }
}
