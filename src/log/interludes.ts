/**
 * Published messages and marks, which pass between two blocks and are in no log. Each entry stands behind the block
 * that ended the log when the entry was added. So every reader of the log meets it at the same place. Each log has one
 * bounded ring. A reader that comes too late, on this node or on a node below, misses the entries that have left the
 * ring. The reader then learns how many messages it missed. Entries do not survive the process.
 *
 * The ring counts along with the leader (live-place.ts). Messages that never came to this node leave a gap in the
 * count, and an entry `missed` in the ring.
 */
import { Fifo } from '../base/fifo.js';
import { INTERLUDES_BYTES_MAX } from '../base/limits.js';
import { behind, type LivePlace, messagesBetween, NOWHERE } from '../model/live-place.js';
import type { Extent } from './extent.js';
import type { LogReaders } from './readers.js';

export type Interlude =
  | { readonly kind: 'message'; readonly channel: Buffer; readonly data: Buffer }
  | { readonly kind: 'mark'; readonly markId: string }
  /**
   * `count` messages before the place `to` never came to this node. The count is undefined if nobody knows how many
   * there were, or whether there were any.
   */
  | { readonly kind: 'missed'; readonly count: number | undefined; readonly to: LivePlace };

/** An entry with its place. */
export interface PlacedInterlude {
  /** The end of the block that the entry stands behind. */
  readonly offset: number;
  readonly interlude: Interlude;
  /** The place right before the entry, counted in messages. */
  readonly place: LivePlace;
}

/** Messages as an upstream hands them on. */
export interface Handed {
  /** The place of the first message; undefined from an upstream that does not count. */
  readonly place?: LivePlace | undefined;
  /** The number of messages that the upstream knows to be missing before the first. */
  readonly missed: number;
  readonly messages: ReadonlyArray<{ readonly channel: Buffer; readonly data: Buffer }>;
}

/** The log that the ring belongs to: its end, and the readers that wait for more. */
export interface InterludedLog {
  readonly extent: Pick<Extent, 'end'>;
  readonly readers: Pick<LogReaders, 'wake'>;
}

export class Interludes {
  readonly #log: InterludedLog;
  readonly #bytesMax: number;
  readonly #placed = new Fifo<PlacedInterlude>();
  /** The number of entries that have left the ring. */
  #dropped = 0;
  #bytes = 0;
  #place = NOWHERE;

  constructor(log: InterludedLog, bytesMax = INTERLUDES_BYTES_MAX) {
    this.#log = log;
    this.#bytesMax = bytesMax;
  }

  /** The place of the next message. */
  get place(): LivePlace {
    return this.#place;
  }

  /** Adds a message or a mark behind the last block, and wakes the readers that wait for more of the log. */
  add(interlude: Exclude<Interlude, { kind: 'missed' }>): void {
    this.#push(interlude);
    this.#log.readers.wake();
  }

  /**
   * Adds messages that the upstream has between two blocks behind the last block, except those that have come before by
   * another link.
   */
  take(handed: Handed): void {
    this.#takeNew(handed);
    this.#log.readers.wake();
  }

  /** Begins a count of this node's own, under a new source. This node publishes from here on. */
  lead(source: string, follows: LivePlace | undefined): void {
    this.#goTo({ source, count: 0, ...(follows && follows.source !== '' && { follows }) });
  }

  /** Sets the place at which the ring before this one ended. Nobody has read this ring yet. */
  begin(place: LivePlace): void {
    if (this.#place === NOWHERE) this.#place = place;
  }

  #push(interlude: Exclude<Interlude, { kind: 'missed' }>): void {
    this.#put(interlude);
    if (interlude.kind === 'message') this.#place = behind(this.#place, 1);
  }

  #takeNew({ place, missed, messages }: Handed): void {
    // The message is empty: the upstream knows no more than this node.
    if (!place && missed === 0 && messages.length === 0) return;
    const from = place ?? { source: '', count: this.#place.count + missed };
    const known = from.source === this.#place.source ? this.#place.count - from.count : 0;
    if (known <= 0) this.#goTo(from);
    for (const message of messages.slice(Math.max(0, known))) this.#push({ kind: 'message', ...message });
  }

  #goTo(place: LivePlace): void {
    const count = messagesBetween(this.#place, place);
    if (count !== 0) this.#put({ kind: 'missed', count, to: place });
    this.#place = place;
  }

  #put(interlude: Interlude): void {
    this.#placed.push({ offset: this.#log.extent.end.offset, interlude, place: this.#place });
    this.#bytes += bytesOf(interlude);
    while (this.#bytes > this.#bytesMax && this.#placed.length > 1) {
      const { interlude } = this.#placed.shift() as PlacedInterlude;
      this.#bytes -= bytesOf(interlude);
      this.#dropped++;
    }
  }

  /** A reader that meets all entries added from now on. */
  reader(): InterludeReader {
    return new InterludeReader(() => ({ dropped: this.#dropped, placed: this.#placed, place: this.#place }));
  }
}

interface Said {
  readonly dropped: number;
  readonly placed: Pick<Fifo<PlacedInterlude>, 'length' | 'at'>;
  readonly place: LivePlace;
}

export interface Due {
  readonly placed: readonly PlacedInterlude[];
  /**
   * The number of messages that left the ring before the first entry of `placed`; undefined if nobody knows how many.
   */
  readonly missed: number | undefined;
}

/** Reads each entry once, in order, at its own pace. */
export class InterludeReader {
  readonly #said: () => Said;
  /** The number of entries that this reader has read or missed. */
  #next: number;
  #place: LivePlace;

  constructor(said: () => Said) {
    this.#said = said;
    const { dropped, placed, place } = said();
    this.#next = dropped + placed.length;
    this.#place = place;
  }

  /** The place of the next message that this reader will meet. */
  get place(): LivePlace {
    return this.#place;
  }

  /** Whether the ring has entries that this reader has not read. */
  get isBehind(): boolean {
    const { dropped, placed } = this.#said();
    return this.#next < dropped + placed.length;
  }

  /** Takes the entries that stand at or before `offset`. */
  take(offset: number): Due {
    if (!this.isBehind) return NOTHING;
    const { dropped, placed } = this.#said();
    const first = Math.max(0, this.#next - dropped);
    const oldest = placed.at(first) as PlacedInterlude;
    const missed = this.#next < dropped ? messagesBetween(this.#place, oldest.place) : 0;
    const taken: PlacedInterlude[] = [];
    for (let at = first; at < placed.length; at++) {
      const entry = placed.at(at) as PlacedInterlude;
      if (entry.offset > offset) break;
      taken.push(entry);
    }
    const last = taken.at(-1);
    this.#next = dropped + first + taken.length;
    this.#place = last ? placeAfter(last) : oldest.place;
    return { placed: taken, missed };
  }
}

function placeAfter({ interlude, place }: PlacedInterlude): LivePlace {
  if (interlude.kind === 'missed') return interlude.to;
  return interlude.kind === 'message' ? behind(place, 1) : place;
}

const NOTHING: Due = { placed: [], missed: 0 };

/** The memory that an entry takes beside its bytes. */
const OVERHEAD_BYTES = 192;

function bytesOf(interlude: Interlude): number {
  if (interlude.kind !== 'message') return OVERHEAD_BYTES;
  return OVERHEAD_BYTES + interlude.channel.length + interlude.data.length;
}
