/**
 * The part of the keyspace that is in memory: the active layer, which takes the effects of the log, and the frozen
 * layers, which flushes write out, oldest first. A layer in which everything was cleared hides all that is below it.
 *
 * The layer that a flush has written last stays for reads of single keys until the next freeze, so that a checkpoint
 * does not send every recent key to the disk. This layer says what the disk says: the next flush changes the disk, and
 * then the layer of that flush is above this one. The next freeze takes the memory of this layer, so that there are never
 * more layers than while a flush runs.
 */
import { invariant } from '../base/invariant.js';
import type { Entry } from '../model/command.js';
import type { Position } from '../model/position.js';
import { DueKeys } from './due-notes.js';
import { TOMBSTONE, TOUCH } from './entry-table.js';
import { hashKey } from './key-table.js';
import { Layer } from './layer.js';
import { ABSENT, type ValuePlace } from './value-place.js';

/** A new expiry to lay over the entry below. */
export interface Touch {
  readonly expiresAtMs: number;
  readonly version: number;
}

/** The result for a key that has to be looked up on disk. */
export interface Miss {
  readonly touch: Touch | undefined;
}

const PLAIN_MISS: Miss = { touch: undefined };

/** A layer that takes no more effects. */
export interface FrozenLayer {
  readonly layer: Layer;
  /** The end of the last block applied to it. */
  readonly position: Position;
}

export class Overlay {
  #active: Layer;
  /** Oldest first. */
  readonly #frozen: FrozenLayer[] = [];
  /** The layer that was written out last. A new table of that size would have to grow, and to be collected, again. */
  #written: Layer | undefined;
  readonly #keepsWritten: boolean;

  /** @param options.keepsWritten whether reads find what a flush has written last. */
  constructor(epoch: number, { keepsWritten }: { keepsWritten: boolean }) {
    this.#active = new Layer(epoch);
    this.#keepsWritten = keepsWritten;
  }

  /** The layer that takes the effects of the next block. */
  get active(): Layer {
    return this.#active;
  }

  /** Memory of the layers that are not on disk, bytes. */
  get bytes(): number {
    return this.#frozen.reduce((sum, { layer }) => sum + layer.bytes, this.#active.bytes);
  }

  /** Memory of the layer that is on disk and stays for reads, bytes. */
  get writtenBytes(): number {
    return this.#written?.bytes ?? 0;
  }

  get frozenLayers(): number {
    return this.#frozen.length;
  }

  /** The layers above the disk, newest first. A layer in which everything was cleared is the last. */
  get visible(): readonly Layer[] {
    const layers = [this.#active, ...this.#frozen.map(({ layer }) => layer).reverse()];
    const cleared = layers.findIndex((layer) => layer.cleared);
    return cleared < 0 ? layers : layers.slice(0, cleared + 1);
  }

  /** The frozen layer that is flushed next. */
  get oldest(): FrozenLayer | undefined {
    return this.#frozen[0];
  }

  get newest(): FrozenLayer | undefined {
    return this.#frozen.at(-1);
  }

  /** Returns the newest knowledge of a key, or a Miss if the disk has to be asked. */
  lookUp(key: Buffer, hash = hashKey(key, 0, key.length)): Entry | undefined | Miss {
    let touch: Touch | undefined;
    for (let i = this.#frozen.length; i >= 0; i--) {
      const layer = i === this.#frozen.length ? this.#active : (this.#frozen[i] as FrozenLayer).layer;
      const entry = layer.find(key, 0, key.length, hash);
      if (entry >= 0) {
        if (layer.kind(entry) === TOMBSTONE) return undefined;
        if (layer.kind(entry) !== TOUCH) return touched(layer.read(entry), touch);
        touch ??= { expiresAtMs: layer.expiresAtMs(entry), version: layer.version(entry) };
      }
      if (layer.cleared) return undefined;
    }
    const written = this.#written;
    const entry = written?.find(key, 0, key.length, hash) ?? -1;
    if (written && entry >= 0 && written.kind(entry) !== TOUCH)
      return written.kind(entry) === TOMBSTONE ? undefined : touched(written.read(entry), touch);
    return touch ? { touch } : PLAIN_MISS;
  }

  /**
   * Sets `place` to the value of a key.
   * @returns undefined if no layer knows the key, false if a layer knows no more than a new expiry.
   */
  locate(key: Buffer, hash: number, place: ValuePlace): boolean | undefined {
    for (let i = this.#frozen.length; i >= 0; i--) {
      const layer = i === this.#frozen.length ? this.#active : (this.#frozen[i] as FrozenLayer).layer;
      const isHere = locateIn(layer, key, hash, place);
      if (isHere !== undefined) return isHere;
      if (layer.cleared) {
        place.type = ABSENT;
        return true;
      }
    }
    // A new expiry alone is on disk by now, in the record that it belongs to.
    return (this.#written && locateIn(this.#written, key, hash, place)) || undefined;
  }

  /** @param position the end of the last block applied to the active layer. */
  freeze(position: Position): void {
    const layer = this.#active;
    this.#frozen.push({ layer, position });
    const spare = this.#written;
    spare?.retire();
    this.#written = undefined;
    this.#active = new Layer(layer.epoch, spare);
  }

  /** Notes that the oldest frozen layer is on disk now. */
  retireOldest(): void {
    const oldest = this.#frozen.shift();
    invariant(oldest, 'a layer is retired after its flush');
    this.#written = oldest.layer;
    if (this.#keepsWritten) oldest.layer.forgetOrder();
    else oldest.layer.retire();
  }

  /** Forgets what the last flush has written, because the disk is about to change below all layers. */
  forgetWritten(): void {
    this.#written?.retire();
  }

  /**
   * Takes out about `limit` keys that memory has noted as due at `nowMs`, fewer if they are long. The caller
   * looks at each key before it deletes one. The rest is in the due index.
   * @returns the keys, the time at which the first of them was due (undefined if there are none), and whether
   *   there may be more.
   */
  takeDue(nowMs: number, limit: number): { keys: Buffer[]; sinceMs: number | undefined; isFull: boolean } {
    const taken = new DueKeys(limit);
    let sinceMs: number | undefined;
    for (const layer of [...this.#frozen.map(({ layer }) => layer), this.#active]) {
      const firstMs = layer.takeDue(nowMs, taken);
      if (firstMs !== undefined) sinceMs = Math.min(sinceMs ?? firstMs, firstMs);
      if (taken.isFull) break;
    }
    return { keys: taken.keys, sinceMs, isFull: taken.isFull };
  }
}

/** @returns as for `Overlay.locate`, of one layer. */
function locateIn(layer: Layer, key: Buffer, hash: number, place: ValuePlace): boolean | undefined {
  const entry = layer.find(key, 0, key.length, hash);
  if (entry < 0) return undefined;
  const kind = layer.kind(entry);
  if (kind === TOMBSTONE) place.type = ABSENT;
  else if (kind !== TOUCH) layer.locate(entry, place);
  return kind !== TOUCH;
}

export function isMiss(hit: Entry | Miss | undefined): hit is Miss {
  return hit !== undefined && !('value' in hit);
}

export function touched(entry: Entry, touch: Touch | undefined): Entry {
  return touch ? { ...entry, ...touch } : entry;
}
