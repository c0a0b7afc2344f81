/** The spans of a pipeline's operations at a node, with whatever a client sends as their names. */
import assert from 'node:assert/strict';
import { context, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { HeadwaterError } from '../../src/base/errors.js';
import { OPEN_SPANS_MAX } from '../../src/base/limits.js';
import { Tracing } from '../../src/base/tracing.js';
import type { Reply } from '../../src/model/operation.js';
import { errorReply } from '../../src/model/reply-size.js';
import { decodePipelineRequest, encodePipelineRequest } from '../../src/protobuf/pipeline.js';
import { OperationSpans } from '../../src/rpc/operation-spans.js';
import { get, set } from './harness.js';

const NAME = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
const SET_REPLY = { kind: 'set', applied: true, previous: undefined } as const;

describe('the spans of operations', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  let spans: OperationSpans;
  let tracing: Tracing;
  let named: number[];

  before(() => provider.register());
  beforeEach(async () => {
    exporter.reset();
    tracing = await Tracing.load(assert.fail);
    named = [];
    spans = new OperationSpans({ tracing, writes: { appended: (offset) => named.push(offset) } });
  });
  after(async () => {
    await provider.shutdown();
    trace.disable();
    context.disable();
  });

  const ended = () => exporter.getFinishedSpans().map(({ name, status }) => `${name} ${status.message ?? 'ok'}`);
  const message = (count: number, operation = set('a', '1')) => ({
    operations: Array.from({ length: count }, () => operation),
    guarantees: undefined,
    traces: Array.from({ length: count }, (_, i) => ({ operation: i, traceparent: NAME })),
  });

  it('are bounded for all clients together, and there is room again once they have ended', () => {
    for (let i = 0; i < 3; i++) spans.asked(message(OPEN_SPANS_MAX / 2));
    assert(tracing.isFull);
    const other = new OperationSpans({ tracing, writes: { appended: () => {} } });
    other.asked(message(1));
    other.answered([SET_REPLY], 1);
    assert.deepEqual(ended(), []);
    spans.answered(
      Array.from({ length: OPEN_SPANS_MAX * 1.5 }, () => SET_REPLY),
      1,
    );
    assert.equal(ended().length, OPEN_SPANS_MAX);
    exporter.reset();
    spans.asked(message(1));
    spans.answered([SET_REPLY], 2);
    assert.deepEqual(ended(), ['set ok']);
  });

  it('go on at followers for the writes that were done, and for nothing else beside them', () => {
    const operations = [get('a'), set('a', '1'), set('b', '1')];
    const traces = operations.map((_, operation) => ({ operation, traceparent: NAME }));
    spans.asked({ operations, guarantees: undefined, traces });
    const refused = errorReply(new HeadwaterError('overloaded', 'not now'));
    spans.answered([{ kind: 'get', value: undefined, version: 0 }, SET_REPLY, refused], 7);
    assert.deepEqual(ended(), ['get ok', 'set ok', 'set overloaded']);
    assert.deepEqual(named, [7]);
  });

  it('go on at no follower for a write that changed nothing', () => {
    const replies: Reply[] = [
      { kind: 'set', applied: false },
      { kind: 'expire', applied: false },
      { kind: 'delete', deleted: 0 },
      { kind: 'getDelete', value: undefined },
      { kind: 'transact', committed: false, replies: [], failedCondition: 0 },
      {
        kind: 'transact',
        committed: true,
        replies: [
          { kind: 'exists', existing: 1 },
          { kind: 'delete', deleted: 0 },
        ],
      },
    ];
    spans.asked(message(replies.length));
    spans.answered(replies, 7);
    assert.deepEqual(named, []);
    spans.asked(message(3));
    spans.answered(
      [
        { kind: 'delete', deleted: 1 },
        { kind: 'increment', value: 0n },
        { kind: 'transact', committed: true, replies: [{ kind: 'delete', deleted: 0 }, SET_REPLY] },
      ],
      10,
    );
    assert.deepEqual(named, [10, 10, 10]);
    assert.equal(ended().length, replies.length + 3);
  });

  it('end once if the stream ends before the answers, and the answers come all the same', () => {
    spans.asked(message(3));
    spans.answered([SET_REPLY], 1);
    spans.close();
    spans.answered([SET_REPLY, SET_REPLY], 2);
    spans.close();
    assert.deepEqual(ended(), ['set ok', 'set cancelled', 'set cancelled']);
    assert.deepEqual(named, [1]);
  });

  it('are none for indexes out of order or beyond the message, and for texts that are no names', () => {
    const traces = [5, 1, 0, 1].map((operation) => ({ operation, traceparent: NAME }));
    spans.asked({ ...message(2), traces });
    spans.answered([SET_REPLY, SET_REPLY], 1);
    assert.deepEqual(ended(), ['set ok']);
    const bytes = encodePipelineRequest([{ operation: get('a') }], undefined, [{ operation: 0, traceparent: 'x' }]);
    assert.deepEqual(decodePipelineRequest(bytes, true).traces, []);
  });

  it('are not even read by a node that does not trace', () => {
    const asked = [{ operation: get('a') }];
    const bytes = encodePipelineRequest(asked, undefined, [{ operation: 0, traceparent: NAME }]);
    assert.deepEqual(decodePipelineRequest(bytes, true).traces, [{ operation: 0, traceparent: NAME }]);
    assert.equal(decodePipelineRequest(bytes).traces, undefined);
  });
});
