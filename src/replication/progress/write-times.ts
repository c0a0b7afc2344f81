/**
 * When what was written, so that lag can be told in milliseconds: of recent
 * writes exactly, from the blocks that the log keeps in memory; of older ones
 * from spans, each of which holds the writes between two samples of the end of
 * the log. The spans are bounded in number. When there are too many, neighbours
 * become one, and the older they are the wider: a span is narrow beside its age.
 * No span is ever dropped, so lag is told, to within a few percent, of a
 * follower that stands still for hours. All times are the leader's,
 * milliseconds since the epoch.
 */
import type { Clock } from '../../base/clock.js';
import { WRITE_TIMES_INTERVAL_MS, WRITE_TIMES_MAX } from '../../base/limits.js';
import type { Log } from '../../log/log.js';
import type { Store } from '../../store/store.js';

/** The writes beyond the span before, up to `offset`. */
interface Span {
  readonly offset: number;
  /** None of them was made before; 0 in the first span, of which that is not known. */
  readonly firstMs: number;
  /** The last of them was made then. */
  readonly lastMs: number;
}

/** Of the store, what lag is told by. */
export type TimedStore = Pick<Store, 'position' | 'endTimeMs' | 'isServing' | 'nowMs'> & {
  readonly log: Pick<Log, 'knownTimeAfter'>;
  readonly lineage: Pick<Store['lineage'], 'replicationIdAt'>;
};

/** Spans that become one are at first no wider than this part of their age; wider where there are still too many. */
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

  /** Spans that are kept. */
  get size(): number {
    return this.#spans.length;
  }

  /** Notes where the log ends; called often, it does so now and then. */
  sample(): void {
    const store = this.#store;
    if (!store.isServing) return;
    const now = this.#clock.monotonicMs();
    const { offset, replicationId } = store.position;
    const newest = this.#spans.at(-1)?.offset ?? 0;
    if (offset === newest || (offset > newest && now - this.#sampledMs < WRITE_TIMES_INTERVAL_MS)) return;
    // Another log has taken the place of the one that was sampled: the spans say nothing about it.
    if (offset < newest || store.lineage.replicationIdAt(newest) !== this.#history) this.#spans = [];
    const before = this.#spans.at(-1);
    const firstMs = before ? (store.log.knownTimeAfter(before.offset) ?? before.lastMs) : 0;
    this.#sampledMs = now;
    this.#history = replicationId;
    this.#spans.push({ offset, firstMs, lastMs: store.endTimeMs });
    if (this.#spans.length > WRITE_TIMES_MAX) this.#thin();
  }

  /** How long ago the oldest write after `offset` was made; 0 where there is none. */
  lagMs(offset: number): number {
    const store = this.#store;
    if (offset >= store.position.offset) return 0;
    return Math.max(0, store.nowMs() - (this.#earliestAfter(offset) || this.#endOfFirst));
  }

  /** A time up to which whoever has everything up to `offset` has every write; 0 where that is not known. */
  levelMs(offset: number): number {
    const earliestMs = this.#earliestAfter(offset);
    // The clock was set back since: by the time of now, that write is older than nobody knows how much.
    if (earliestMs > this.#store.nowMs()) return 0;
    // Of the writes of that very millisecond some may be missing.
    return Math.max(0, earliestMs - 1);
  }

  /** No write after `offset` was made before; 0 where that is not known. */
  #earliestAfter(offset: number): number {
    const store = this.#store;
    const known = store.isServing ? store.log.knownTimeAfter(offset) : undefined;
    if (known !== undefined) return known;
    const span = this.#spans[this.#indexAfter(offset)];
    return span ? span.firstMs : (this.#spans.at(-1)?.lastMs ?? 0);
  }

  /** The writes that were in the log when it was first looked at: none of them is younger. */
  get #endOfFirst(): number {
    return this.#spans[0]?.lastMs ?? this.#store.endTimeMs;
  }

  /** The index of the span that the write after `offset` is in. */
  #indexAfter(offset: number): number {
    let low = 0;
    let high = this.#spans.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#spans[middle] as Span).offset > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Leaves at most half as many as there may be, each as narrow beside its age as that allows. */
  #thin(): void {
    const nowMs = this.#store.nowMs();
    for (let part = WIDTH_PART; this.#spans.length > WRITE_TIMES_MAX / 2; part *= 2)
      this.#spans = joined(this.#spans, nowMs, part);
  }
}

/** Neighbours as one where that is no wider than a part of its age; the first is left as it is. */
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
