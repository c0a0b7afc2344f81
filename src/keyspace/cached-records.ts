/**
 * Records by their keys in memory of a fixed size: an arena that is filled from its start to its end, and a hash table
 * of places in it. There is no object for each record, so that many of them do not burden the garbage collector. `forget`
 * gives no memory back, only `reset` does. Two of these are a cache (read-cache.ts).
 *
 * A record lies at a multiple of 8 bytes:
 *
 *   at   size
 *    0      4   kind: the type of the key + 1 in the upper half (0: the key is absent), length of the key in the lower
 *    4      4   length of the value
 *    8      8   expires at, a double
 *   16      8   version, a double
 *   24      …   key, value
 *
 * Linear probing, at most two thirds full.
 */

import { copyBytes } from '../base/copy.js';
import { CACHED_RECORD_BYTES_MAX } from '../base/limits.js';
import type { Entry } from '../model/command.js';
import { NATIVE_BYTES_MIN } from './key-table.js';
import type { ValuePlace } from './value-place.js';

const HEADER_BYTES = 24;
const GRAIN_BYTES = 8;
const KIND_SHIFT = 16;
const LENGTH_MASK = 0xffff;
/** A slot is the hash of a key and the place of its record. The place is FREE, FORGOTTEN or above. */
const SLOT_WORDS = 2;
const SLOT_SHIFT = 1;
const FREE = 0;
const FORGOTTEN = -1;
/** The share of the memory that the slots take. Records of less than about 80 bytes use them up first. */
const SLOTS_SHARE = 1 / 8;

const NO_VALUE: Buffer = Buffer.alloc(0);

export class CachedRecords {
  readonly #arena: Buffer;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #slots: Int32Array;
  readonly #slotsMax: number;
  /** The first free place of the arena. Place 0 stays free. */
  #next = 1;
  /** Slots that are not free. */
  #slotsUsed = 0;

  /** @param bytes the memory to use, for all that it holds. The system gives a page of it when something is put there. */
  constructor(bytes: number) {
    const slots = 2 ** Math.floor(Math.log2((bytes * SLOTS_SHARE) / (SLOT_WORDS * Int32Array.BYTES_PER_ELEMENT)));
    this.#slots = new Int32Array(slots * SLOT_WORDS);
    this.#slotsMax = Math.floor((slots * 2) / 3);
    const arenaBytes = Math.floor((bytes - this.#slots.byteLength) / GRAIN_BYTES) * GRAIN_BYTES;
    this.#arena = Buffer.allocUnsafeSlow(arenaBytes);
    this.#words = new Int32Array(this.#arena.buffer);
    this.#doubles = new Float64Array(this.#arena.buffer);
  }

  /** Memory, used or not. */
  get bytes(): number {
    return this.#arena.length + this.#slots.byteLength;
  }

  /** Whether there is room for a record of any size. */
  get isFull(): boolean {
    const left = this.#arena.length - this.#next * GRAIN_BYTES;
    return left < CACHED_RECORD_BYTES_MAX || this.#slotsUsed >= this.#slotsMax;
  }

  /** Whether a record is small enough to be kept. */
  static fits(key: Buffer, entry: Entry | undefined): boolean {
    return HEADER_BYTES + key.length + (entry?.value.length ?? 0) + GRAIN_BYTES <= CACHED_RECORD_BYTES_MAX;
  }

  /** The place of a key's record, 0 if there is none. The key is bytes[start..end). */
  find(bytes: Buffer, start: number, end: number, hash: number): number {
    const slot = this.#slotOf(bytes, start, end, hash);
    return slot < 0 ? 0 : (this.#slots[slot + 1] as number);
  }

  /** Reads the record at a place. The value is a copy, since the arena is written again. */
  read(place: number): Entry | undefined {
    const word = place * 2;
    const kind = this.#words[word] as number;
    const type = (kind >>> KIND_SHIFT) - 1;
    if (type < 0) return undefined;
    const from = place * GRAIN_BYTES + HEADER_BYTES + (kind & LENGTH_MASK);
    const valueBytes = this.#words[word + 1] as number;
    return {
      type,
      value: valueBytes === 0 ? NO_VALUE : this.#copy(from, valueBytes),
      expiresAtMs: this.#doubles[place + 1] as number,
      version: this.#doubles[place + 2] as number,
    };
  }

  /** Sets `into` to the value of the record at a place. */
  locate(place: number, into: ValuePlace): void {
    const kind = this.#words[place * 2] as number;
    // An absent key has the type -1, which is ABSENT.
    into.type = (kind >>> KIND_SHIFT) - 1;
    into.bytes = this.#arena;
    into.start = place * GRAIN_BYTES + HEADER_BYTES + (kind & LENGTH_MASK);
    into.end = into.start + (this.#words[place * 2 + 1] as number);
    into.expiresAtMs = this.#doubles[place + 1] as number;
  }

  /** Adds the record of a key that is not here. `isFull` must be false, and the record must fit. */
  add(key: Buffer, hash: number, entry: Entry | undefined): void {
    const place = this.#next;
    const valueBytes = entry?.value.length ?? 0;
    this.#words[place * 2] = ((entry ? entry.type + 1 : 0) << KIND_SHIFT) | key.length;
    this.#words[place * 2 + 1] = valueBytes;
    this.#doubles[place + 1] = entry?.expiresAtMs ?? 0;
    this.#doubles[place + 2] = entry?.version ?? 0;
    let at = copyBytes(key, 0, key.length, this.#arena, place * GRAIN_BYTES + HEADER_BYTES);
    if (entry) at = copyBytes(entry.value, 0, valueBytes, this.#arena, at);
    this.#next = Math.ceil(at / GRAIN_BYTES);
    const mask = this.#slots.length - 1;
    let slot = (hash << SLOT_SHIFT) & mask;
    while (this.#slots[slot + 1] !== FREE) slot = (slot + SLOT_WORDS) & mask;
    this.#slots[slot] = hash;
    this.#slots[slot + 1] = place;
    this.#slotsUsed++;
  }

  /** Forgets the record of a key, if there is one. */
  forget(bytes: Buffer, start: number, end: number, hash: number): void {
    const slot = this.#slotOf(bytes, start, end, hash);
    if (slot >= 0) this.#slots[slot + 1] = FORGOTTEN;
  }

  /** Forgets all records. */
  reset(): void {
    this.#slots.fill(FREE);
    this.#next = 1;
    this.#slotsUsed = 0;
  }

  #slotOf(bytes: Buffer, start: number, end: number, hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = (hash << SLOT_SHIFT) & mask; ; slot = (slot + SLOT_WORDS) & mask) {
      const place = slots[slot + 1] as number;
      if (place === FREE) return -1;
      if (place !== FORGOTTEN && slots[slot] === hash && this.#holds(place, bytes, start, end)) return slot;
    }
  }

  #holds(place: number, bytes: Buffer, start: number, end: number): boolean {
    const length = end - start;
    if (((this.#words[place * 2] as number) & LENGTH_MASK) !== length) return false;
    const own = this.#arena;
    const from = place * GRAIN_BYTES + HEADER_BYTES;
    if (length > NATIVE_BYTES_MIN) return own.compare(bytes, start, end, from, from + length) === 0;
    for (let i = 0; i < length; i++) if (own[from + i] !== bytes[start + i]) return false;
    return true;
  }

  #copy(from: number, bytes: number): Buffer {
    const value = Buffer.allocUnsafe(bytes);
    copyBytes(this.#arena, from, from + bytes, value, 0);
    return value;
  }
}
