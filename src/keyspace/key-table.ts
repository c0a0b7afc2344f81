/**
 * A hash table from keys to small dense numbers, in typed arrays. There is no object and no string per key,
 * so that a few hundred thousand entries neither burden nor stall the garbage collector. The bytes of a key
 * stay in the buffer that the caller names (a block, an arena). Entries are never removed one by one. Layers
 * and the memory of recent keys are built on this table.
 *
 * The fields of an entry lie in one row of words, next to each other. A write to a random key costs its
 * misses in the processor's caches. A column for each field missed ten times (measured: 900 ns, a third of
 * that with rows).
 *
 * Linear probing, at most two thirds full. The hash is seeded per process, so that nobody can choose keys
 * that collide.
 */
import { randomInt } from 'node:crypto';

const INITIAL_CAPACITY = 1024;
/** The length above which a call of Node's costs less than the loop: a hundredth for 64 KiB. */
export const NATIVE_BYTES_MIN = 256;
/** The capacity grows by half, so that at most a third is unused. */
const GROWTH = 1.5;
const SEED = randomInt(2 ** 31);

/** FNV-1a with a seed and a final mix. Returns an int32. */
export function hashKey(bytes: Buffer, start: number, end: number): number {
  let hash = SEED;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

/** The words of an entry, int32 each. The words of a subclass follow at KEY_WORDS. */
const HASH = 0;
const SOURCE = 1;
const KEY_START = 2;
const KEY_END = 3;
export const KEY_WORDS = 4;

/** The most keys that `warm` takes at a time. The memory that it fetches has to stay in the cache until it is used. */
export const WARM_MAX = 256;
const candidates = new Int32Array(WARM_MAX);

export class KeyTable {
  /** The number of entries. Entries are numbered from 0. */
  count = 0;
  /** The buffers that hold keys. Undefined if no entry refers to the buffer any more. */
  sources: Array<Buffer | undefined> = [];
  /** The rows of all entries, `wordsPerEntry` each. */
  protected words: Int32Array;
  readonly #wordsPerEntry: number;
  #capacity: number;
  /** Entry + 1 for each slot. 0 is free. */
  #slots: Int32Array;

  /** @param spare a table of the same kind, reset and no longer used. The new table uses its memory. */
  constructor(wordsPerEntry = KEY_WORDS, spare?: KeyTable) {
    this.#wordsPerEntry = wordsPerEntry;
    this.#capacity = spare ? spare.#capacity : INITIAL_CAPACITY;
    this.words = spare ? spare.words : new Int32Array(INITIAL_CAPACITY * wordsPerEntry);
    this.#slots = spare ? spare.#slots : new Int32Array(slotsFor(INITIAL_CAPACITY));
  }

  /** The number of the entry with this key, or -1. */
  find(bytes: Buffer, start: number, end: number, hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = (slots[slot] as number) - 1;
      if (entry < 0) return -1;
      if (this.words[entry * this.#wordsPerEntry + HASH] === hash && this.#holds(entry, bytes, start, end))
        return entry;
    }
  }

  /**
   * Reads the memory that `find` will read for these hashes, one kind of place after the other. So the
   * processor waits for many places at once. Within `find` it would wait for one after the other. Changes
   * nothing.
   * @param hashes only the first `count` are used, at most WARM_MAX.
   */
  warm(hashes: Int32Array, count: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let i = 0; i < count; i++) candidates[i] = (slots[(hashes[i] as number) & mask] as number) - 1;
    for (let i = 0; i < count; i++) {
      const row = (candidates[i] as number) * this.#wordsPerEntry;
      if (row >= 0 && this.words[row + HASH] !== hashes[i]) candidates[i] = -1;
    }
    let seen = 0;
    for (let i = 0; i < count; i++) {
      const entry = candidates[i] as number;
      // An empty key at the end of its buffer reads undefined, which counts as 0.
      if (entry >= 0) seen |= this.bytesOf(entry)[this.keyStart(entry)] as number;
    }
    // The result is stored, so that no compiler removes the reads.
    candidates[0] = seen;
  }

  /** Adds a key that is not in the table. The key lies in `sources[source]`. */
  add(source: number, start: number, end: number, hash: number): number {
    if (this.count === this.#capacity) this.grow(Math.floor(this.count * GROWTH));
    const entry = this.count++;
    this.words[entry * this.#wordsPerEntry + HASH] = hash;
    this.move(entry, source, start, end);
    this.#insert(entry, hash);
    return entry;
  }

  /** Notes that the same key now lies elsewhere. */
  move(entry: number, source: number, start: number, end: number): void {
    const row = entry * this.#wordsPerEntry;
    this.words[row + SOURCE] = source;
    this.words[row + KEY_START] = start;
    this.words[row + KEY_END] = end;
  }

  /** Forgets all entries and sources. */
  reset(): void {
    this.count = 0;
    this.sources = [];
    this.#slots.fill(0);
  }

  /** The value of `hashKey` for an entry's key. */
  hash(entry: number): number {
    return this.words[entry * this.#wordsPerEntry + HASH] as number;
  }

  /** The number of the buffer in which an entry's key lies. */
  source(entry: number): number {
    return this.words[entry * this.#wordsPerEntry + SOURCE] as number;
  }

  keyStart(entry: number): number {
    return this.words[entry * this.#wordsPerEntry + KEY_START] as number;
  }

  keyEnd(entry: number): number {
    return this.words[entry * this.#wordsPerEntry + KEY_END] as number;
  }

  /** A view of the bytes of an entry's key. */
  key(entry: number): Buffer {
    return this.bytesOf(entry).subarray(this.keyStart(entry), this.keyEnd(entry));
  }

  bytesOf(entry: number): Buffer {
    return this.sources[this.source(entry)] as Buffer;
  }

  /** Makes room for `capacity` entries. A subclass that has a view of `words` makes a new one. */
  protected grow(capacity: number): void {
    const words = new Int32Array(capacity * this.#wordsPerEntry);
    words.set(this.words);
    this.words = words;
    this.#capacity = capacity;
    this.#slots = new Int32Array(slotsFor(capacity));
    for (let entry = 0; entry < this.count; entry++) {
      this.#insert(entry, words[entry * this.#wordsPerEntry + HASH] as number);
    }
  }

  #insert(entry: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = entry + 1;
  }

  #holds(entry: number, bytes: Buffer, start: number, end: number): boolean {
    const from = this.keyStart(entry);
    const length = end - start;
    if (this.keyEnd(entry) - from !== length) return false;
    const own = this.bytesOf(entry);
    if (length > NATIVE_BYTES_MIN) return own.compare(bytes, start, end, from, from + length) === 0;
    for (let i = 0; i < length; i++) if (own[from + i] !== bytes[start + i]) return false;
    return true;
  }
}

/** A power of two, so that a mask reduces a hash to a slot. */
function slotsFor(capacity: number): number {
  return 2 ** Math.ceil(Math.log2(capacity * 1.5));
}
