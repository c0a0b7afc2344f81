/**
 * A hash table from keys to small dense numbers, in typed arrays: no object and
 * no string per key, so that a few hundred thousand entries neither burden the
 * garbage collector nor stall it. The bytes of a key stay where they are, in a
 * buffer that the table is told of (a block, an arena); entries are never
 * removed one by one. Layers and the memory of recent keys are built on it.
 *
 * Linear probing, at most half full. The hash is seeded per process, so that
 * nobody can choose keys that collide.
 */
import { randomInt } from 'node:crypto';

const INITIAL_CAPACITY = 1024;
const SEED = randomInt(2 ** 31);

/** FNV-1a with a seed and a final mix; int32. */
export function hashKey(bytes: Buffer, start: number, end: number): number {
  let hash = SEED;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

export class KeyTable {
  /** Entries are numbered from 0. */
  count = 0;
  /** By entry: where its key lies. */
  source = new Int32Array(INITIAL_CAPACITY);
  keyStart = new Int32Array(INITIAL_CAPACITY);
  keyEnd = new Int32Array(INITIAL_CAPACITY);
  /** The buffers that hold keys; undefined where no entry refers to it any more. */
  sources: Array<Buffer | undefined> = [];
  #hashes = new Int32Array(INITIAL_CAPACITY);
  /** Entry + 1; 0 is free. */
  #slots = new Int32Array(INITIAL_CAPACITY * 2);

  /** The number of the entry with this key, or -1. */
  find(bytes: Buffer, start: number, end: number, hash: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = (this.#slots[slot] as number) - 1;
      if (entry < 0) return -1;
      if (this.#hashes[entry] === hash && this.#holds(entry, bytes, start, end)) return entry;
    }
  }

  /** Adds a key that is not in the table; it lies in `sources[source]`. */
  add(source: number, start: number, end: number, hash: number): number {
    if (this.count === this.#hashes.length) this.grow(this.count * 2);
    const entry = this.count++;
    this.#hashes[entry] = hash;
    this.move(entry, source, start, end);
    this.#insert(entry, hash);
    return entry;
  }

  /** The same key now lies elsewhere. */
  move(entry: number, source: number, start: number, end: number): void {
    this.source[entry] = source;
    this.keyStart[entry] = start;
    this.keyEnd[entry] = end;
  }

  /** Forgets all entries and sources. */
  reset(): void {
    this.count = 0;
    this.sources = [];
    this.#slots.fill(0);
  }

  /** The bytes of an entry's key, where they lie. */
  key(entry: number): Buffer {
    return this.bytesOf(entry).subarray(this.keyStart[entry], this.keyEnd[entry]);
  }

  bytesOf(entry: number): Buffer {
    return this.sources[this.source[entry] as number] as Buffer;
  }

  /** Byte order of two entries' keys. */
  compare(a: number, b: number): number {
    const [left, right] = [this.bytesOf(a), this.bytesOf(b)];
    let i = this.keyStart[a] as number;
    let j = this.keyStart[b] as number;
    const [iEnd, jEnd] = [this.keyEnd[a] as number, this.keyEnd[b] as number];
    for (; i < iEnd && j < jEnd; i++, j++) {
      const difference = (left[i] as number) - (right[j] as number);
      if (difference !== 0) return difference;
    }
    return iEnd - i - (jEnd - j);
  }

  /** Makes room for `capacity` entries; subclasses grow their own columns with it. */
  protected grow(capacity: number): void {
    this.source = grown(this.source, capacity);
    this.keyStart = grown(this.keyStart, capacity);
    this.keyEnd = grown(this.keyEnd, capacity);
    this.#hashes = grown(this.#hashes, capacity);
    this.#slots = new Int32Array(capacity * 2);
    for (let entry = 0; entry < this.count; entry++) this.#insert(entry, this.#hashes[entry] as number);
  }

  #insert(entry: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = entry + 1;
  }

  #holds(entry: number, bytes: Buffer, start: number, end: number): boolean {
    const from = this.keyStart[entry] as number;
    const length = end - start;
    if ((this.keyEnd[entry] as number) - from !== length) return false;
    const own = this.bytesOf(entry);
    for (let i = 0; i < length; i++) if (own[from + i] !== bytes[start + i]) return false;
    return true;
  }
}

/** A longer array with the same beginning. */
export function grown<T extends Int32Array | Float64Array | Int16Array>(array: T, length: number): T {
  const longer = new (array.constructor as new (length: number) => T)(length);
  longer.set(array);
  return longer;
}
