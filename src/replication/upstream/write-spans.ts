/**
 * The spans of writes at a follower: from the arrival of a write's block until it is in this node's log. The upstream
 * names the span in which a write was asked, before or after it sends the block. So the times of the last blocks are
 * kept, and a few names wait for their blocks. A write whose block came by a snapshot, or long ago, has no span here.
 */
import { WRITE_TRACES_MAX } from '../../base/limits.js';
import { firstIndex } from '../../base/search.js';
import { SPAN_ATTRIBUTES, TRACEPARENT_LENGTH, type Tracing } from '../../base/tracing.js';
import type { WriteTrace } from '../frames.js';
import type { WriteTraces } from '../write-traces.js';

const BLOCKS_MAX = 1_024;

/** Blocks that were committed together. Times in milliseconds, on the monotonic clock. */
interface Committed {
  readonly firstOffset: number;
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
  /** At most WRITE_TRACES_MAX. */
  #waiting: WriteTrace[] = [];

  constructor(options: WriteSpansOptions) {
    this.#options = options;
  }

  /** Forgets all blocks and names: the next session may be on another history, whose offsets mean other writes. */
  restart(): void {
    this.#committed = [];
    this.#waiting = [];
  }

  /** Notes blocks that are in the log. */
  appended(blocks: Committed): void {
    this.#committed.push(blocks);
    if (this.#committed.length >= 2 * BLOCKS_MAX) this.#committed = this.#committed.slice(-BLOCKS_MAX);
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.traced(waiting);
  }

  /** Makes the spans of writes, at once or when their blocks come. */
  traced(traces: readonly WriteTrace[]): void {
    const newest = this.#committed.at(-1)?.lastOffset ?? 0;
    for (const trace of traces) {
      if (trace.traceparent.length !== TRACEPARENT_LENGTH) continue;
      if (trace.offset <= newest) this.#make(trace);
      // A name whose block never comes gives way.
      else if (this.#waiting.push(trace) > WRITE_TRACES_MAX) this.#waiting.shift();
    }
  }

  #make({ offset, traceparent }: WriteTrace): void {
    const committed = this.#committed;
    const times = committed[firstIndex(committed.length, (i) => (committed[i] as Committed).lastOffset >= offset)];
    if (!times || times.firstOffset > offset) return;
    const { tracing, identity, writes } = this.#options;
    const span = tracing.begin('replicate', {
      kind: 'consumer',
      parent: traceparent,
      attributes: { ...SPAN_ATTRIBUTES, 'headwater.node.id': identity.nodeId, 'headwater.offset': offset },
      startMs: times.receivedMs,
    });
    span.end(undefined, times.appendedMs);
    writes.appended(offset, traceparent);
  }
}
