/**
 * What is said between two blocks and is in no log: published messages and
 * marks. Each stands behind the block that ended the log when it was said, so
 * everybody who reads the log in order comes by it at the same place. There is
 * one ring a log, bounded: whoever comes too late misses what has left it, and
 * can tell how many. They do not survive the process.
 */
import { INTERLUDES_BYTES_MAX } from '../limits.js';

export type Interlude =
  | { readonly kind: 'message'; readonly channel: Buffer; readonly data: Buffer }
  | { readonly kind: 'mark'; readonly markId: string };

/** In its place. */
export interface Placed {
  /** Stands behind this offset, the end of a block. */
  readonly offset: number;
  readonly interlude: Interlude;
}

export class Interludes {
  readonly #bytesMax: number;
  #placed: Placed[] = [];
  /** How many have left the ring. */
  #dropped = 0;
  #bytes = 0;

  constructor(bytesMax = INTERLUDES_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** How many have been said so far: where a reader begins that wants those to come. */
  get count(): number {
    return this.#dropped + this.#placed.length;
  }

  /** @param offset the end of the log, so never less than the last time. */
  push(offset: number, interlude: Interlude): void {
    this.#placed.push({ offset, interlude });
    this.#bytes += bytesOf(interlude);
    let leaving = 0;
    while (this.#bytes > this.#bytesMax && leaving < this.#placed.length - 1)
      this.#bytes -= bytesOf((this.#placed[leaving++] as Placed).interlude);
    if (leaving === 0) return;
    this.#placed.splice(0, leaving);
    this.#dropped += leaving;
  }

  /**
   * Those after the first `from`, in order.
   * @returns with them how many have left the ring in between.
   */
  after(from: number): { placed: readonly Placed[]; missed: number } {
    if (from >= this.count) return NOTHING;
    return {
      placed: from <= this.#dropped ? this.#placed.slice() : this.#placed.slice(from - this.#dropped),
      missed: Math.max(0, this.#dropped - from),
    };
  }
}

const NOTHING = { placed: [], missed: 0 } as const;

/** What an entry takes up beside its bytes. */
const OVERHEAD_BYTES = 128;

function bytesOf(interlude: Interlude): number {
  if (interlude.kind === 'mark') return OVERHEAD_BYTES;
  return OVERHEAD_BYTES + interlude.channel.length + interlude.data.length;
}
