/**
 * The spans of writes at a follower: from the arrival of a write's block until it is in this node's log. The upstream
 * names the span in which a write was asked, before or after it sends the block. So the times of the last blocks are
 * kept, and a few names wait for their blocks.
 */
import { SPAN_ATTRIBUTES, type Tracing } from '../../base/tracing.js';
import type { WriteTrace } from '../frames.js';
import type { WriteTraces } from '../write-traces.js';

const BLOCKS_MAX = 1_024;
const WAITING_MAX = 64;

/** Blocks that were committed together. Times in milliseconds, on the monotonic clock. */
interface Committed {
  readonly lastOffset: number;
  readonly receivedMs: number;
  readonly appendedMs: number;
}

export interface WriteSpansOptions {
  readonly tracing: Tracing;
  /** The identity of this node. */
  readonly identity: { readonly nodeId: string };
  /** Passes the names to the followers of this node. */
  readonly writes: Pick<WriteTraces, 'appended'>;
}

export class WriteSpans {
  readonly #options: WriteSpansOptions;
  /** In the order of their offsets. */
  #committed: Committed[] = [];
  #waiting: WriteTrace[] = [];

  constructor(options: WriteSpansOptions) {
    this.#options = options;
  }

  /** Notes blocks that are in the log. */
  appended(blocks: Committed): void {
    this.#committed.push(blocks);
    if (this.#committed.length >= 2 * BLOCKS_MAX) this.#committed = this.#committed.slice(-BLOCKS_MAX);
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const trace of waiting) this.traced(trace);
  }

  /** Makes the span of a write, at once or when its block comes. */
  traced(trace: WriteTrace): void {
    const newest = this.#committed.at(-1);
    if (!newest || newest.lastOffset < trace.offset) {
      // A name whose block never comes gives way.
      if (this.#waiting.push(trace) > WAITING_MAX) this.#waiting.shift();
      return;
    }
    const { tracing, identity, writes } = this.#options;
    const times = this.#committed.find(({ lastOffset }) => lastOffset >= trace.offset) as Committed;
    const span = tracing.begin('replicate', {
      kind: 'consumer',
      parent: trace.traceparent,
      attributes: { ...SPAN_ATTRIBUTES, 'headwater.node.id': identity.nodeId, 'headwater.offset': trace.offset },
      startMs: times.receivedMs,
    });
    span.end(undefined, times.appendedMs);
    writes.appended(trace.offset, trace.traceparent);
  }
}
