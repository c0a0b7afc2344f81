/**
 * Reads that memory answers in the turn in which they are asked. Nothing is awaited and nothing is made for them, so
 * that they cost a fraction of a read through `Writes.submit`. All that is not everyday goes that way: a key of which
 * memory does not know the record, or another type than a string.
 */
import type { LogicalClock } from '../base/clock.js';
import { ABSENT, type ValuePlace } from '../keyspace/value-place.js';
import { isExpired, TYPE_STRING } from '../model/command.js';
import type { Position } from '../model/position.js';
import type { StoreData } from './data.js';

export class MemoryReads {
  readonly #data: StoreData;
  readonly #clock: Pick<LogicalClock, 'now'>;

  constructor(data: StoreData, clock: Pick<LogicalClock, 'now'>) {
    this.#data = data;
    this.#clock = clock;
  }

  /** The position that all reads of this turn see. @throws HeadwaterError if the store serves no reads. */
  get position(): Position {
    return this.#data.serving.log.end;
  }

  /** Fetches the memory that `recall` will read for these keys, all at once. Changes nothing. */
  warm(keys: readonly Buffer[]): void {
    if (this.#data.isServing) this.#data.serving.keys.memory.warm(keys);
  }

  /**
   * The place of the string of a key, as of all commands that are in the log. The next call changes the same object.
   * @returns undefined if the read has to be submitted.
   */
  recall(key: Buffer): Readonly<ValuePlace> | 'absent' | undefined {
    if (!this.#data.isServing) return undefined;
    const place = this.#data.serving.keys.memory.recall(key);
    if (!place) return undefined;
    if (place.type === TYPE_STRING) return this.#hasExpired(place) ? 'absent' : place;
    return place.type === ABSENT ? 'absent' : undefined;
  }

  #hasExpired({ expiresAtMs }: Readonly<ValuePlace>): boolean {
    return expiresAtMs !== 0 && isExpired(expiresAtMs, this.#clock.now());
  }
}
