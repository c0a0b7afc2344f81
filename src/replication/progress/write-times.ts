/**
 * The times of writes, from which lag in milliseconds is computed. Times of
 * recent writes are exact: they come from the blocks that the log keeps in
 * memory. Times of older writes come from spans. A span holds the writes
 * between two samples of the end of the log.
 *
 * The number of spans is bounded. If there are too many, neighbours are joined.
 * An older span may be wider: every span is narrow beside its age. No span is
 * ever dropped, so lag is known to within a few percent, even for a follower
 * that stands still for hours. All times are the leader's, in milliseconds
 * since the epoch.
 */

import type { Clock } from '../../base/clock.js';
import { WRITE_TIMES_INTERVAL_MS, WRITE_TIMES_MAX } from '../../base/limits.js';
import { firstIndex } from '../../base/search.js';
import type { LogLookup } from '../../log/lookup.js';
import type { Lineage } from '../../model/lineage.js';
import type { Position } from '../../model/position.js';

/** The writes behind the previous span, up to `offset`. */
interface Span {
  readonly offset: number;
  /** A time before which none of the writes was made; 0 in the first span, whose begin is not known. */
  readonly firstMs: number;
  /** The time of the last write. */
  readonly lastMs: number;
}

/** The part of the store that lag is computed from. */
export interface TimedStore {
  readonly data: {
    readonly isServing: boolean;
    readonly position: Position;
    readonly endTimeMs: number;
    readonly log: {
      readonly lookup: Pick<LogLookup, 'knownTimeAfter'>;
      readonly history: { readonly lineage: Pick<Lineage, 'replicationIdAt'> };
    };
  };
  readonly clock: { now(): number };
}

/** The first limit of a joined span's width, as a part of its age. The limit doubles while there are too many spans. */
const WIDTH_PART = 1 / 64;

export class WriteTimes {
  readonly #store: TimedStore;
  readonly #clock: Clock;
  #spans: Span[] = [];
  /** The replication ID at the end of the last span. */
  #history = '';
  #sampledMs = Number.NEGATIVE_INFINITY;

  constructor(store: TimedStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The number of spans. */
  get size(): number {
    return this.#spans.length;
  }

  /** Notes the end of the log, at most once an interval, however often it is called. */
  sample(): void {
    const store = this.#store;
    if (!store.data.isServing) return;
    const now = this.#clock.monotonicMs();
    const { offset, replicationId } = store.data.position;
    const newest = this.#spans.at(-1)?.offset ?? 0;
    if (offset === newest || (offset > newest && now - this.#sampledMs < WRITE_TIMES_INTERVAL_MS)) return;
    // Another log has replaced the one that was sampled, so the spans say nothing about it.
    if (offset < newest || store.data.log.history.lineage.replicationIdAt(newest) !== this.#history) this.#spans = [];
    const before = this.#spans.at(-1);
    const firstMs = before ? (store.data.log.lookup.knownTimeAfter(before.offset) ?? before.lastMs) : 0;
    this.#sampledMs = now;
    this.#history = replicationId;
    this.#spans.push({ offset, firstMs, lastMs: store.data.endTimeMs });
    if (this.#spans.length > WRITE_TIMES_MAX) this.#thin();
  }

  /** The age of the oldest write after `offset`, in milliseconds; 0 if there is none. */
  lagMs(offset: number): number {
    const store = this.#store;
    if (offset >= store.data.position.offset) return 0;
    return Math.max(0, store.clock.now() - (this.#earliestAfter(offset) || this.#endOfFirst));
  }

  /** A time up to which a node that has everything up to `offset` has every write; 0 if unknown. */
  levelMs(offset: number): number {
    const earliestMs = this.#earliestAfter(offset);
    // The clock was set back since that write, so the write's age is unknown.
    if (earliestMs > this.#store.clock.now()) return 0;
    // Some writes of that very millisecond may be missing.
    return Math.max(0, earliestMs - 1);
  }

  /** A time before which no write after `offset` was made; 0 if unknown. */
  #earliestAfter(offset: number): number {
    const store = this.#store;
    const known = store.data.isServing ? store.data.log.lookup.knownTimeAfter(offset) : undefined;
    if (known !== undefined) return known;
    const span = this.#spans[this.#indexAfter(offset)];
    return span ? span.firstMs : (this.#spans.at(-1)?.lastMs ?? 0);
  }

  /** The time of the last write in the log at the first sample. None of the writes before it is younger. */
  get #endOfFirst(): number {
    return this.#spans[0]?.lastMs ?? this.#store.data.endTimeMs;
  }

  /** The index of the span that the write after `offset` is in. */
  #indexAfter(offset: number): number {
    return firstIndex(this.#spans.length, (index) => (this.#spans[index] as Span).offset > offset);
  }

  /** Joins spans until at most half the bound is left, with the narrowest width limit that allows it. */
  #thin(): void {
    const nowMs = this.#store.clock.now();
    for (let part = WIDTH_PART; this.#spans.length > WRITE_TIMES_MAX / 2; part *= 2)
      this.#spans = joined(this.#spans, nowMs, part);
  }
}

/** Joins neighbours if the result is no wider than a part of its age. The first span stays as it is. */
function joined(spans: readonly Span[], nowMs: number, part: number): Span[] {
  const [first, ...rest] = spans as [Span, ...Span[]];
  const found: Span[] = [first];
  for (const span of rest) {
    const before = found.at(-1) as Span;
    const isNarrow = span.lastMs - before.firstMs <= (nowMs - span.lastMs) * part;
    if (found.length > 1 && isNarrow) found[found.length - 1] = { ...span, firstMs: before.firstMs };
    else found.push(span);
  }
  return found;
}
