/**
 * Records that reads have found on disk, and keys that they have not found there, so that the next read of the same
 * key need not ask the disk. A look-up on disk costs about 20 µs of the processor, a look-up here less than one.
 *
 * Invariant: for a key that no layer in memory hides, the cache says what the disk says at this moment. So a read looks
 * here right after the layers, in the same turn. All that changes records on disk keeps the invariant:
 *
 * - A flush calls `changing` before its first write, and `forget` for each key that it writes. The layer of the flush
 *   still hides the key from readers then.
 * - A flush of a layer in which everything was cleared calls `clear`: the layer hides all keys.
 * - A repair writes within `emptyDuring`, since no layer hides its keys.
 * - Another generation, or the same one opened again, has a cache of its own.
 *
 * A read may have begun before a change, and have found its record before that. So `add` takes nothing of a read that
 * began before the latest change. A read of a key that a layer only touched adds nothing: a running flush may
 * be about to write its record.
 *
 * Records go into the young half. If that is full it becomes the old half, whose records are forgotten. A record that is
 * read again in the old half is copied to the young one.
 */
import { CACHED_RECORD_BYTES_MAX } from '../base/limits.js';
import type { Entry } from '../model/command.js';
import { CachedRecords } from './cached-records.js';
import type { ValuePlace } from './value-place.js';

/** The answer for a key of which the cache knows nothing. */
export const NOT_CACHED: unique symbol = Symbol('not cached');

/** A smaller cache would hold too few of the largest records, and keeps nothing. */
const CACHE_BYTES_MIN = 4 * CACHED_RECORD_BYTES_MAX;

export class ReadCache {
  /** 0 if the cache keeps nothing. */
  readonly #halfBytes: number;
  /** Undefined until something is added. */
  #young: CachedRecords | undefined;
  #old: CachedRecords | undefined;
  #changes = 0;
  #isChanging = false;

  /** @param bytesMax memory that the cache takes at the most. If 0, it keeps nothing. */
  constructor(bytesMax: number) {
    this.#halfBytes = bytesMax < CACHE_BYTES_MIN ? 0 : bytesMax / 2;
  }

  get keepsAny(): boolean {
    return this.#halfBytes > 0;
  }

  /** Memory that the cache has reserved. The system has given as much of it as was ever used. */
  get bytes(): number {
    return (this.#young?.bytes ?? 0) + (this.#old?.bytes ?? 0);
  }

  /** The number of changes of the disk so far. A read keeps it from its first turn, for `add`. */
  get changes(): number {
    return this.#changes;
  }

  /** The record of a key on disk, undefined if the disk has none. `hash` is of the whole key. */
  find(key: Buffer, hash: number): Entry | undefined | typeof NOT_CACHED {
    if (!this.#young) return NOT_CACHED;
    const young = this.#young.find(key, 0, key.length, hash);
    if (young > 0) return this.#young.read(young);
    const old = this.#old?.find(key, 0, key.length, hash) ?? 0;
    if (old === 0) return NOT_CACHED;
    const entry = this.#old?.read(old);
    this.#put(key, hash, entry);
    return entry;
  }

  /** Sets `into` to the value of a key. @returns false if the young half does not have it. */
  locate(key: Buffer, hash: number, into: ValuePlace): boolean {
    const young = this.#young?.find(key, 0, key.length, hash) ?? 0;
    if (young > 0) this.#young?.locate(young, into);
    return young > 0;
  }

  /**
   * Adds what a read has found on disk for a key. Copies it.
   * @param changes the number of changes in the turn in which the read looked at the layers.
   */
  add(key: Buffer, hash: number, entry: Entry | undefined, changes: number): void {
    if (changes !== this.#changes || this.#isChanging || this.#halfBytes === 0) return;
    if (!CachedRecords.fits(key, entry)) return;
    // Several reads may have asked for the same key at the same time.
    if (this.find(key, hash) === NOT_CACHED) this.#put(key, hash, entry);
  }

  /** Notes that records on disk are about to change. */
  changing(): void {
    this.#changes++;
  }

  /** Forgets a key, bytes[start..end). */
  forget(bytes: Buffer, start: number, end: number, hash: number): void {
    this.#young?.forget(bytes, start, end, hash);
    this.#old?.forget(bytes, start, end, hash);
  }

  /** Forgets everything, as a change of every record. Gives the memory back. */
  clear(): void {
    this.changing();
    this.#young = this.#old = undefined;
  }

  /** Keeps nothing while `change` writes records that no layer hides. */
  async emptyDuring(change: () => Promise<void>): Promise<void> {
    this.clear();
    this.#isChanging = true;
    try {
      await change();
    } finally {
      this.clear();
      this.#isChanging = false;
    }
  }

  #put(key: Buffer, hash: number, entry: Entry | undefined): void {
    this.#young ??= new CachedRecords(this.#halfBytes);
    if (this.#young.isFull) {
      const forgotten = this.#old ?? new CachedRecords(this.#halfBytes);
      this.#old = this.#young;
      forgotten.reset();
      this.#young = forgotten;
    }
    this.#young.add(key, hash, entry);
  }
}
