/**
 * A hash table from keys to small dense numbers, in typed arrays: no object and
 * no string per key, so that a few hundred thousand entries neither burden the
 * garbage collector nor stall it. The bytes of a key stay where they are, in a
 * buffer that the table is told of (a block, an arena); entries are never
 * removed one by one. Layers and the memory of recent keys are built on it.
 *
 * What is known of an entry lies in one row of words, next to each other: a
 * write to a random key costs what it misses in the processor's caches, and a
 * column for each field made it miss ten times (measured: 900 ns, a third of
 * that with rows).
 *
 * Linear probing, at most two thirds full. The hash is seeded per process, so that
 * nobody can choose keys that collide.
 */
import { randomInt } from 'node:crypto';

const INITIAL_CAPACITY = 1024;
/** For keys that are longer, a call of Node's costs less than the loop: a hundredth for 64 KiB. */
const NATIVE_BYTES_MIN = 256;
/** The capacity grows by half, so that at most a third is unused. */
const GROWTH = 1.5;
const SEED = randomInt(2 ** 31);

/** FNV-1a with a seed and a final mix; int32. */
export function hashKey(bytes: Buffer, start: number, end: number): number {
  let hash = SEED;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

/** The words of an entry, int32 each; those of a subclass follow at KEY_WORDS. */
const HASH = 0;
const SOURCE = 1;
const KEY_START = 2;
const KEY_END = 3;
export const KEY_WORDS = 4;

/** Keys that `warm` takes at a time: what it fetches has to stay in the cache until it is used. */
export const WARM_MAX = 256;
const candidates = new Int32Array(WARM_MAX);

export class KeyTable {
  /** Entries are numbered from 0. */
  count = 0;
  /** The buffers that hold keys; undefined where no entry refers to it any more. */
  sources: Array<Buffer | undefined> = [];
  /** The rows of all entries, `wordsPerEntry` each. */
  protected words: Int32Array;
  readonly #wordsPerEntry: number;
  #capacity: number;
  /** Entry + 1; 0 is free. */
  #slots: Int32Array;

  /** @param spare a table of the same kind, reset, that is not used any more: its memory is. */
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
   * Looks where `find` will look for these hashes, one kind of place after the
   * other: the processor waits for many places in memory at once, where it
   * would wait for one after the other within `find`. Changes nothing.
   * @param hashes the first `count` of them; at most WARM_MAX.
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
      // An empty key in the last byte of its buffer reads undefined, which counts as nothing.
      if (entry >= 0) seen |= this.bytesOf(entry)[this.keyStart(entry)] as number;
    }
    // Stored, so that no compiler leaves the looks out.
    candidates[0] = seen;
  }

  /** Adds a key that is not in the table; it lies in `sources[source]`. */
  add(source: number, start: number, end: number, hash: number): number {
    if (this.count === this.#capacity) this.grow(Math.floor(this.count * GROWTH));
    const entry = this.count++;
    this.words[entry * this.#wordsPerEntry + HASH] = hash;
    this.move(entry, source, start, end);
    this.#insert(entry, hash);
    return entry;
  }

  /** The same key now lies elsewhere. */
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

  /** What `hashKey` gives for an entry's key. */
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

  /** The bytes of an entry's key, where they lie. */
  key(entry: number): Buffer {
    return this.bytesOf(entry).subarray(this.keyStart(entry), this.keyEnd(entry));
  }

  bytesOf(entry: number): Buffer {
    return this.sources[this.source(entry)] as Buffer;
  }

  /** Byte order of two entries' keys. */
  compare(a: number, b: number): number {
    const [left, right] = [this.bytesOf(a), this.bytesOf(b)];
    let i = this.keyStart(a);
    let j = this.keyStart(b);
    const [iEnd, jEnd] = [this.keyEnd(a), this.keyEnd(b)];
    if (iEnd - i > NATIVE_BYTES_MIN && jEnd - j > NATIVE_BYTES_MIN) return left.compare(right, j, jEnd, i, iEnd);
    for (; i < iEnd && j < jEnd; i++, j++) {
      const difference = (left[i] as number) - (right[j] as number);
      if (difference !== 0) return difference;
    }
    return iEnd - i - (jEnd - j);
  }

  /** With how many bytes the keys of two entries begin alike; not more than `max`. */
  sharedBytes(a: number, b: number, max: number): number {
    const left = this.bytesOf(a);
    const right = this.bytesOf(b);
    const i = this.keyStart(a);
    const j = this.keyStart(b);
    const end = Math.min(max, this.keyEnd(a) - i, this.keyEnd(b) - j);
    if (end > NATIVE_BYTES_MIN && left.compare(right, j, j + end, i, i + end) === 0) return end;
    let shared = 0;
    while (shared < end && left[i + shared] === right[j + shared]) shared++;
    return shared;
  }

  /** The `count` bytes of a key behind the first `from` as a number, big-endian, 6 at the most; those that it lacks are 0. */
  leadingBytes(entry: number, from: number, count: number): number {
    const bytes = this.bytesOf(entry);
    const start = this.keyStart(entry) + from;
    const end = this.keyEnd(entry);
    let value = 0;
    for (let at = start; at < start + count; at++) value = value * 256 + (at < end ? (bytes[at] as number) : 0);
    return value;
  }

  /** Makes room for `capacity` entries; a subclass that has a view of `words` makes it anew. */
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

/** A power of two, so that a hash is cut to it by a mask. */
function slotsFor(capacity: number): number {
  return 2 ** Math.ceil(Math.log2(capacity * 1.5));
}
