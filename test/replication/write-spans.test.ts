/** The spans of writes at a follower, and the names that lead to them, whatever the upstream sends. */
import assert from 'node:assert/strict';
import { context, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { WRITE_TRACES_MAX } from '../../src/base/limits.js';
import { Tracing } from '../../src/base/tracing.js';
import { WriteSpans } from '../../src/replication/upstream/write-spans.js';
import { WriteTraces } from '../../src/replication/write-traces.js';

const NAME = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

describe('the spans of writes at a follower', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  let spans: WriteSpans;

  before(() => provider.register());
  beforeEach(async () => {
    exporter.reset();
    const tracing = await Tracing.load(assert.fail);
    spans = new WriteSpans({ tracing, identity: { nodeId: 'n' }, writes: { appended: () => {} } });
  });
  after(async () => {
    await provider.shutdown();
    trace.disable();
    context.disable();
  });

  const named = (...offsets: number[]) => offsets.map((offset) => ({ offset, traceparent: NAME }));
  const block = (firstOffset: number, lastOffset: number) =>
    spans.appended({ firstOffset, lastOffset, receivedMs: 10 * firstOffset, appendedMs: 10 * lastOffset });
  const made = () => exporter.getFinishedSpans().map(({ attributes }) => attributes['headwater.offset']);

  it('have the times of the block that has the write, whether its name comes before or after', () => {
    spans.traced(named(15));
    block(1, 10);
    block(11, 20);
    block(21, 30);
    spans.traced(named(3, 30));
    assert.deepEqual(made(), [15, 3, 30]);
    const starts = exporter.getFinishedSpans().map(({ startTime: [s, ns] }) => s * 1_000 + ns / 1e6);
    const [first = 0] = starts;
    assert.deepEqual(
      starts.map((start) => Math.round((start - first) / 10)),
      [0, -10, 10],
    );
  });

  it('are none for a write that came by a snapshot, and none for one of a history before', () => {
    block(101, 110);
    spans.traced(named(100, 500));
    assert.deepEqual(made(), []);
    spans.restart();
    spans.traced(named(104));
    block(51, 60);
    spans.traced(named(105));
    block(491, 510);
    assert.deepEqual(made(), []);
  });

  it('wait in a bounded number for blocks that never come, and texts that are no names do not', () => {
    const never = Number.MAX_SAFE_INTEGER;
    spans.traced([{ offset: 5, traceparent: 'x'.repeat(1_000_000) }, ...named(6)]);
    spans.traced(named(...Array.from({ length: WRITE_TRACES_MAX - 1 }, () => never)));
    block(1, 10);
    assert.deepEqual(made(), [6]);
    spans.traced(named(...Array.from({ length: WRITE_TRACES_MAX }, () => never), 15));
    spans.traced(named(...Array.from({ length: WRITE_TRACES_MAX }, () => never)));
    block(11, 20);
    assert.deepEqual(made(), [6]);
  });

  it('are named to each follower once a turn, and in a bounded number', async () => {
    const writes = new WriteTraces();
    const passed: number[] = [];
    // Nobody listens, so nothing is kept.
    writes.appended(1, NAME);
    const end = writes.onAppended((traces) => passed.push(traces.length));
    for (let i = 0; i < 3; i++) writes.appended(i, NAME);
    await new Promise(setImmediate);
    for (let i = 0; i < 2 * WRITE_TRACES_MAX; i++) writes.appended(i, NAME);
    await new Promise(setImmediate);
    end();
    writes.appended(1, NAME);
    await new Promise(setImmediate);
    assert.deepEqual(passed, [3, WRITE_TRACES_MAX]);
  });
});
