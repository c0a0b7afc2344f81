/** Reads of the part of the keyspace that is in memory: the layers, and the records that the cache has of the disk. */
import { hashKey } from './key-table.js';
import type { Overlay } from './overlay.js';
import type { ReadCache } from './read-cache.js';
import { noPlace, type ValuePlace } from './value-place.js';

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
   * The place of a key's value, expired or not, if memory knows all of the key. The next call changes the same object.
   * @returns undefined if only `Keyspace.read` can tell.
   */
  recall(key: Buffer): Readonly<ValuePlace> | undefined {
    const hash = hashKey(key, 0, key.length);
    const isHere = this.#overlay.locate(key, hash, this.#place) ?? this.#cache.locate(key, hash, this.#place);
    return isHere ? this.#place : undefined;
  }
}
