/**
 * Notes of the entries of a layer that expire, by the second in which they do. A write with an expiry makes a note, also
 * if the key has one already: the code that takes a key looks whether it is due.
 */
import { DUE_SCAN_BYTES } from '../base/limits.js';

/** Cost of a key noted for the second in which it expires: a number in a list that grows by half. */
const NOTE_COST_BYTES = 12;
/**
 * Cost of the list of a second, and its place in the Map (measured). Seven times a note, if each key expires
 * in another second.
 */
const SECOND_COST_BYTES = 88;

/** Keys that are due, as many as one step takes. */
export class DueKeys {
  readonly keys: Buffer[] = [];
  readonly #limit: number;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether there may be more. */
  get isFull(): boolean {
    return this.keys.length >= this.#limit || this.#bytes >= DUE_SCAN_BYTES;
  }

  add(key: Buffer): void {
    this.keys.push(key);
    this.#bytes += key.length;
  }
}

export class DueNotes {
  /** Entries by the second in which they expire. */
  readonly #due = new Map<number, number[]>();
  #count = 0;
  /** The last second for which all due entries were taken. */
  #takenUpTo = 0;

  /** Memory of the notes. */
  get bytes(): number {
    return this.#count * NOTE_COST_BYTES + this.#due.size * SECOND_COST_BYTES;
  }

  add(entry: number, expiresAtMs: number): void {
    const second = Math.ceil(expiresAtMs / 1000);
    if (second <= this.#takenUpTo) this.#takenUpTo = 0;
    const entries = this.#due.get(second);
    this.#count++;
    if (entries) entries.push(entry);
    else this.#due.set(second, [entry]);
  }

  /**
   * Moves copies of the keys noted for the seconds up to `nowMs` into `taken`, until that is full.
   * @param keyOf returns the key of an entry.
   * @returns the time at which the first of them was due, undefined if there were none.
   */
  take(nowMs: number, taken: DueKeys, keyOf: (entry: number) => Buffer): number | undefined {
    const now = Math.floor(nowMs / 1000);
    if (now === this.#takenUpTo) return undefined;
    let first: number | undefined;
    for (const [second, entries] of this.#due) {
      if (second > now) continue;
      if (taken.isFull) return first === undefined ? undefined : first * 1000;
      first = Math.min(first ?? second, second);
      // Keys are taken from the end, so that the rest of a long list need not move.
      while (entries.length > 0 && !taken.isFull) {
        taken.add(Buffer.from(keyOf(entries.pop() as number)));
        this.#count--;
      }
      if (entries.length === 0) this.#due.delete(second);
    }
    if (!taken.isFull) this.#takenUpTo = now;
    return first === undefined ? undefined : first * 1000;
  }

  clear(): void {
    this.#due.clear();
    this.#count = 0;
  }
}
