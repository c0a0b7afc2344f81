/**
 * The places for full resyncs. A snapshot is read from the disk and sent as fast as the follower takes it. If a whole
 * tree asks at once, so many snapshots would slow down the writes of the node and each other. So only some are sent at
 * once, and the other followers wait in the order in which they came.
 */
import { Bell } from '../../base/bell.js';
import { FULL_RESYNCS_MAX } from '../../base/limits.js';

export class FullResyncPlaces {
  #max: number;
  readonly #sending = new Set<FullResyncPlace>();
  /** In the order in which they came. */
  readonly #waiting = new Set<FullResyncPlace>();
  readonly #bell = new Bell();

  /** @param max the number of snapshots that are sent at once, at least 1. */
  constructor(max: number = FULL_RESYNCS_MAX) {
    this.#max = max;
  }

  get max(): number {
    return this.#max;
  }

  /** Snapshots that are being sent now. */
  get sending(): number {
    return this.#sending.size;
  }

  /** Followers that wait for a snapshot. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Sets how many snapshots are sent at once. The node goes on with those that have begun. */
  allow(max: number): void {
    this.#max = max;
    this.#goOn();
  }

  /** Takes a place: a free one, or the last among those that wait. The owner has to leave it. */
  ask(): FullResyncPlace {
    const place: FullResyncPlace = new FullResyncPlace(this.#bell, {
      before: () => this.#before(place),
      leave: () => this.#leave(place),
    });
    this.#waiting.add(place);
    this.#goOn();
    return place;
  }

  #before(place: FullResyncPlace): number {
    return this.#sending.has(place) ? 0 : [...this.#waiting].indexOf(place) + 1;
  }

  #leave(place: FullResyncPlace): void {
    const left = this.#sending.delete(place) || this.#waiting.delete(place);
    if (left) this.#goOn();
  }

  #goOn(): void {
    for (const place of this.#waiting) {
      if (this.#sending.size >= this.#max) break;
      this.#waiting.delete(place);
      this.#sending.add(place);
    }
    this.#bell.ring();
  }
}

/** The place of one follower. */
export class FullResyncPlace {
  readonly #bell: Bell;
  readonly #queue: { before(): number; leave(): void };

  constructor(bell: Bell, queue: { before(): number; leave(): void }) {
    this.#bell = bell;
    this.#queue = queue;
  }

  /** The number of this place among those that wait, from 1. 0 if the snapshot may be sent. */
  get number(): number {
    return this.#queue.before();
  }

  /** Resolves when the number has changed, or when `signal` aborts. */
  async whenMoved(signal: AbortSignal): Promise<void> {
    const { number } = this;
    while (this.number === number && !signal.aborted) await this.#bell.rungAfter(this.#bell.rings, signal);
  }

  /** Lets the next follower have the place. A repetition has no effect. */
  leave(): void {
    this.#queue.leave();
  }
}
