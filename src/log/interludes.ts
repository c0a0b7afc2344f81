/**
 * What is said between two blocks and is in no log: published messages and
 * marks. Each stands behind the block that ended the log when it was said, so
 * everybody who reads the log in order comes by it at the same place. There is
 * one ring a log, bounded: whoever comes too late misses what has left it, and
 * is told how many messages that were, on this node and on those below it. They
 * do not survive the process.
 */
import { INTERLUDES_BYTES_MAX } from '../limits.js';

export type Interlude =
  | { readonly kind: 'message'; readonly channel: Buffer; readonly data: Buffer }
  | { readonly kind: 'mark'; readonly markId: string }
  /** So many messages that the upstream had here were gone before this node came by them. */
  | { readonly kind: 'missed'; readonly count: number };

/** In its place. */
export interface Placed {
  /** Stands behind this offset, the end of a block. */
  readonly offset: number;
  readonly interlude: Interlude;
}

export class Interludes {
  readonly #bytesMax: number;
  #placed: Placed[] = [];
  /** How many have left the ring, and the messages among them. */
  #dropped = 0;
  #droppedMessages = 0;
  #bytes = 0;

  constructor(bytesMax = INTERLUDES_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** @param offset the end of the log, so never less than the last time. */
  push(offset: number, interlude: Interlude): void {
    this.#placed.push({ offset, interlude });
    this.#bytes += bytesOf(interlude);
    let leaving = 0;
    while (this.#bytes > this.#bytesMax && leaving < this.#placed.length - 1) {
      const { interlude } = this.#placed[leaving++] as Placed;
      this.#bytes -= bytesOf(interlude);
      this.#droppedMessages += messagesIn(interlude);
    }
    if (leaving === 0) return;
    this.#placed.splice(0, leaving);
    this.#dropped += leaving;
  }

  /** One that comes by all that is said from now on. */
  reader(): InterludeReader {
    const said = () => ({ dropped: this.#dropped, droppedMessages: this.#droppedMessages, placed: this.#placed });
    return new InterludeReader(said);
  }
}

interface Said {
  readonly dropped: number;
  readonly droppedMessages: number;
  readonly placed: readonly Placed[];
}

/** Comes by each once, in order, at its own pace. */
export class InterludeReader {
  readonly #said: () => Said;
  /** How many it has come by or missed, and the messages among them. */
  #next: number;
  #messages: number;

  constructor(said: () => Said) {
    this.#said = said;
    const { dropped, droppedMessages, placed } = said();
    this.#next = dropped + placed.length;
    this.#messages = placed.reduce((count, { interlude }) => count + messagesIn(interlude), droppedMessages);
  }

  /** Whether something has been said that it has not come by. */
  get isBehind(): boolean {
    const { dropped, placed } = this.#said();
    return this.#next < dropped + placed.length;
  }

  /**
   * Those that stand behind `offset` or before.
   * @returns with them how many messages have left the ring before the first of them.
   */
  take(offset: number): { placed: readonly Placed[]; missed: number } {
    if (!this.isBehind) return NOTHING;
    const { dropped, droppedMessages, placed } = this.#said();
    const missed = this.#next < dropped ? droppedMessages - this.#messages : 0;
    const first = Math.max(0, this.#next - dropped);
    let end = first;
    while (end < placed.length && (placed[end] as Placed).offset <= offset) end++;
    const due = placed.slice(first, end);
    this.#next = dropped + end;
    this.#messages = due.reduce((count, { interlude }) => count + messagesIn(interlude), this.#messages + missed);
    return { placed: due, missed };
  }
}

const NOTHING = { placed: [], missed: 0 } as const;

function messagesIn(interlude: Interlude): number {
  if (interlude.kind === 'missed') return interlude.count;
  return interlude.kind === 'message' ? 1 : 0;
}

/** What an entry takes up beside its bytes. */
const OVERHEAD_BYTES = 128;

function bytesOf(interlude: Interlude): number {
  if (interlude.kind !== 'message') return OVERHEAD_BYTES;
  return OVERHEAD_BYTES + interlude.channel.length + interlude.data.length;
}
