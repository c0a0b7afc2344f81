/**
 * When what was written, so that lag can be told in milliseconds: of recent
 * writes exactly, from the blocks that the log keeps in memory; of older ones
 * from samples of where the log ended. The samples are bounded: when there are
 * too many, every other one goes, so that they reach back as far as ever, more
 * coarsely. All times are the leader's, milliseconds since the epoch.
 */
import type { Clock } from '../clock.js';
import { WRITE_TIMES_INTERVAL_MS, WRITE_TIMES_MAX } from '../limits.js';
import type { Store } from '../store/store.js';

/** The block that ended the log at `offset` was written at `timeMs`. */
interface Sample {
  readonly offset: number;
  readonly timeMs: number;
}

export class WriteTimes {
  readonly #store: Store;
  readonly #clock: Clock;
  #samples: Sample[] = [];
  #sampledMs = Number.NEGATIVE_INFINITY;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Notes where the log ends; called often, it does so now and then. */
  sample(): void {
    const now = this.#clock.monotonicMs();
    const { offset } = this.#store.position;
    const last = this.#samples.at(-1)?.offset ?? 0;
    if (offset === last || (offset > last && now - this.#sampledMs < WRITE_TIMES_INTERVAL_MS)) return;
    // The log has been replaced by a shorter one: what is known of the old one says nothing about it.
    if (offset < last) this.#samples = [];
    this.#sampledMs = now;
    this.#samples.push({ offset, timeMs: this.#store.endTimeMs });
    if (this.#samples.length > WRITE_TIMES_MAX) this.#samples = this.#samples.filter((_, i) => i % 2 === 1);
  }

  /** How long ago the oldest write after `offset` was made, at least; 0 where there is none. */
  lagMs(offset: number): number {
    const store = this.#store;
    if (offset >= store.position.offset) return 0;
    const later = this.#samples[this.#after(offset)]?.timeMs ?? store.endTimeMs;
    return Math.max(0, store.nowMs() - (this.#known(offset) ?? later));
  }

  /** A time up to which whoever has everything up to `offset` has every write; 0 where that is not known. */
  levelMs(offset: number): number {
    const known = this.#known(offset) ?? this.#samples[this.#after(offset) - 1]?.timeMs ?? 0;
    // Of the writes of that very millisecond some may be missing.
    return Math.max(0, known - 1);
  }

  #known(offset: number): number | undefined {
    return this.#store.isServing ? this.#store.log.knownTimeAfter(offset) : undefined;
  }

  /** The index of the first sample beyond `offset`. */
  #after(offset: number): number {
    let low = 0;
    let high = this.#samples.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#samples[middle] as Sample).offset > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
