/**
 * Counts the keys that entries of a layer add to those that were there before. Memory knows of some keys whether they
 * were there, and the disk of the others. An entry that only has a new expiry changes no number.
 */
import { TOMBSTONE, TOUCH } from './entry-table.js';
import type { Layer } from './layer.js';
import { dataKey } from './record.js';

export class KeyChanges {
  readonly layer: Layer;
  /** The layers that the layer lies over, newest first. */
  readonly #below: readonly Layer[];
  /** The number of entries that were added. */
  entries = 0;
  /** The keys of which only the disk knows, as rows of the database. */
  readonly rows: Buffer[] = [];
  /** By row, whether its key was written. False if it was deleted. */
  readonly #isWritten: boolean[] = [];
  /** New keys, less deleted ones, without those of the rows. */
  #inMemory = 0;

  constructor(layer: Layer, below: readonly Layer[]) {
    this.layer = layer;
    this.#below = below;
  }

  /** Returns the row of the key if only the disk knows. */
  add(entry: number): Buffer | undefined {
    this.entries++;
    const kind = this.layer.kind(entry);
    if (kind === TOUCH) return undefined;
    const isWritten = kind !== TOMBSTONE;
    const existed = this.#existed(entry);
    if (existed !== undefined) {
      this.#inMemory += change(isWritten, existed);
      return undefined;
    }
    const row = dataKey(this.layer.epoch, this.layer.key(entry));
    this.rows.push(row);
    this.#isWritten.push(isWritten);
    return row;
  }

  /** New keys, less deleted ones. @param present by row, whether the disk has it. */
  total(present: readonly boolean[]): number {
    return present.reduce((sum, existed, at) => sum + change(this.#isWritten[at] === true, existed), this.#inMemory);
  }

  /** Whether the key was there before the layer. Undefined if no layer below knows. */
  #existed(entry: number): boolean | undefined {
    const { layer } = this;
    if (layer.cleared) return false;
    const bytes = layer.bytesOf(entry);
    for (const other of this.#below) {
      const has = other.hasRecord(bytes, layer.keyStart(entry), layer.keyEnd(entry), layer.hash(entry));
      if (has !== undefined) return has;
      if (other.cleared) return false;
    }
    return undefined;
  }
}

function change(isWritten: boolean, existed: boolean): number {
  return Number(isWritten) - Number(existed);
}
