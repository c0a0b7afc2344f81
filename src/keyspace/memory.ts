/** Reads of the part of the keyspace that is in memory: the layers, and the records that the cache has of the disk. */
import { hashKey, WARM_MAX } from './key-table.js';
import type { Overlay } from './overlay.js';
import type { ReadCache } from './read-cache.js';
import { noPlace, type ValuePlace } from './value-place.js';

/** The hashes of the keys of one call of `warm`. */
const hashes = new Int32Array(WARM_MAX);

export class KeyspaceMemory {
  readonly #overlay: Overlay;
  readonly #cache: ReadCache;
  readonly #place = noPlace();

  /** @param cache of the keyspace that has the layers. */
  constructor(overlay: Overlay, cache: ReadCache) {
    this.#overlay = overlay;
    this.#cache = cache;
  }

  /**
   * Reads the memory that `recall` will read for these keys, so that the processor waits for many places at once. Only
   * the first WARM_MAX keys count. Changes nothing.
   */
  warm(keys: readonly Buffer[]): void {
    const count = Math.min(keys.length, WARM_MAX);
    for (let i = 0; i < count; i++) hashes[i] = hashKey(keys[i] as Buffer, 0, (keys[i] as Buffer).length);
    this.#overlay.active.warm(hashes, count);
  }

  /**
   * The place of a key's value, expired or not, if memory knows all of the key. The next call changes the same object.
   * @returns undefined if only `Keyspace.read` can tell.
   */
  recall(key: Buffer): Readonly<ValuePlace> | undefined {
    const hash = hashKey(key, 0, key.length);
    const isHere = this.#overlay.locate(key, hash, this.#place) ?? this.#cache.locate(key, hash, this.#place);
    return isHere ? this.#place : undefined;
  }
}
