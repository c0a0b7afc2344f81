/**
 * Keys that are known to be on disk, because a recent flush put them there, so that the next flush need not
 * ask. Bounded in number and in bytes: a key that was not flushed again for a while is forgotten. Exact:
 * every key in it is on disk.
 */

import { copyBytes } from '../base/copy.js';
import { RECENT_KEYS_BYTES_MAX } from '../base/limits.js';
import { KeyTable } from './key-table.js';

const ARENA_BYTES = 64 * 1024;

export class RecentKeys {
  readonly #max: number;
  readonly #bytesMax: number;
  #young = new KeySet();
  #old = new KeySet();

  /**
   * @param max about how many keys are remembered at the most.
   * @param bytesMax memory that their bytes take up at the most, beside one key.
   */
  constructor(max: number, bytesMax = RECENT_KEYS_BYTES_MAX) {
    this.#max = max;
    this.#bytesMax = bytesMax;
  }

  /** Memory that the bytes of the keys take up. */
  get bytes(): number {
    return this.#young.bytes + this.#old.bytes;
  }

  has(bytes: Buffer, start: number, end: number, hash: number): boolean {
    return this.#young.has(bytes, start, end, hash) || this.#old.has(bytes, start, end, hash);
  }

  add(bytes: Buffer, start: number, end: number, hash: number): void {
    this.#young.add(bytes, start, end, hash);
    if (this.#young.size * 2 < this.#max && this.#young.bytes * 2 < this.#bytesMax) return;
    const forgotten = this.#old;
    this.#old = this.#young;
    forgotten.clear();
    this.#young = forgotten;
  }

  delete(bytes: Buffer, start: number, end: number, hash: number): void {
    this.#young.delete(bytes, start, end, hash);
    this.#old.delete(bytes, start, end, hash);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}

/** Keys copied into arenas. A deleted key keeps its place, marked as absent. */
class KeySet {
  readonly #table = new KeyTable();
  readonly #absent = new Set<number>();
  #arenaUsed = 0;
  /** Bytes of all arenas. */
  bytes = 0;

  /** Removes all keys. The memory of the table stays, for later keys. */
  clear(): void {
    this.#table.reset();
    this.#absent.clear();
    this.#arenaUsed = this.bytes = 0;
  }

  get size(): number {
    return this.#table.count;
  }

  has(bytes: Buffer, start: number, end: number, hash: number): boolean {
    const entry = this.#table.find(bytes, start, end, hash);
    return entry >= 0 && (this.#absent.size === 0 || !this.#absent.has(entry));
  }

  add(bytes: Buffer, start: number, end: number, hash: number): void {
    const entry = this.#table.find(bytes, start, end, hash);
    if (entry >= 0) {
      this.#absent.delete(entry);
      return;
    }
    const length = end - start;
    const { sources } = this.#table;
    let arena = sources.at(-1);
    if (!arena || this.#arenaUsed + length > arena.length) {
      arena = Buffer.allocUnsafeSlow(Math.max(ARENA_BYTES, length));
      sources.push(arena);
      this.bytes += arena.length;
      this.#arenaUsed = 0;
    }
    const at = this.#arenaUsed;
    copyBytes(bytes, start, end, arena, at);
    this.#arenaUsed += length;
    this.#table.add(sources.length - 1, at, at + length, hash);
  }

  delete(bytes: Buffer, start: number, end: number, hash: number): void {
    const entry = this.#table.find(bytes, start, end, hash);
    if (entry >= 0) this.#absent.add(entry);
  }
}
