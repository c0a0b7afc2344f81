/** A value that is read from the disk once in a while, however often somebody asks. */
import { systemClock } from '../base/clock.js';
import { SCRAPE_DISK_MS } from '../base/limits.js';

export class Seldom<Value> {
  readonly #read: () => Promise<Value>;
  #value: Value;
  #readMs = Number.NEGATIVE_INFINITY;

  /** @param initial the value until a read has succeeded. */
  constructor(read: () => Promise<Value>, initial: Value) {
    this.#read = read;
    this.#value = initial;
  }

  /** The value of the last read. If that is long ago, the disk is read again; a read that fails changes nothing. */
  get value(): Promise<Value> {
    return this.#fresh();
  }

  async #fresh(): Promise<Value> {
    const nowMs = systemClock.monotonicMs();
    if (nowMs - this.#readMs < SCRAPE_DISK_MS) return this.#value;
    this.#readMs = nowMs;
    this.#value = await this.#read().catch(() => this.#value);
    return this.#value;
  }
}
