/**
 * Estimates the number of keys while too many were changed for an exact count: for figures that are read every second. A
 * sample of the keys in memory is looked up, in the layers below and on disk.
 */
import { READ_GROUP_BYTES_MAX, READ_GROUP_KEYS_FIRST, SAMPLED_KEYS_MAX } from '../base/limits.js';
import type { Database } from '../disk/level.js';
import type { CheckpointRecord } from './checkpoint-record.js';
import { TOMBSTONE, TOUCH } from './entry-table.js';
import type { Layer } from './layer.js';
import type { Overlay } from './overlay.js';
import { Presence } from './presence.js';
import { DATA_KEY_HEADER_BYTES, dataKey } from './record.js';
import { RecordSizes } from './record-sizes.js';

/** The parts of the keyspace that the estimate needs. */
export interface EstimatedKeyspace {
  readonly overlay: Pick<Overlay, 'visible' | 'oldest'>;
  readonly checkpoint: CheckpointRecord;
}

/** Multiples of it, less whole numbers, lie evenly between 0 and 1, however many are taken. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/** The keys of a sample: those of which memory knows whether they were there before, and the rows of the others. */
class Sample {
  entries = 0;
  /** New keys, less deleted ones. */
  change = 0;
  readonly rows: Buffer[] = [];
  /** By row, whether its key was written. False if it was deleted. */
  readonly isWritten: boolean[] = [];

  /** @param existed whether the key was there before. Undefined if only the disk knows. */
  add(layer: Layer, entry: number, existed: boolean | undefined): void {
    this.entries++;
    const kind = layer.kind(entry);
    if (kind === TOUCH) return;
    if (existed !== undefined) return this.#note(kind !== TOMBSTONE, existed);
    this.rows.push(dataKey(layer.epoch, layer.key(entry)));
    this.isWritten.push(kind !== TOMBSTONE);
  }

  /** The keys that an entry of the layer adds, on average. @param present whether the disk has each row. */
  share(present: readonly boolean[]): number {
    for (const [row, existed] of present.entries()) this.#note(this.isWritten[row] === true, existed);
    return this.change / this.entries;
  }

  #note(isWritten: boolean, existed: boolean): void {
    if (isWritten !== existed) this.change += isWritten ? 1 : -1;
  }
}

export class KeyEstimate {
  readonly #db: Database;
  readonly #keyspace: EstimatedKeyspace;
  /** By layer, the keys that an entry adds, on average. */
  readonly #shares = new WeakMap<Layer, number>();
  /** The last of these numbers. Before the first, each entry counts as a new key, so that the estimate is the highest. */
  #share = 1;
  #running: Promise<number> | undefined;

  constructor(db: Database, keyspace: EstimatedKeyspace) {
    this.#db = db;
    this.#keyspace = keyspace;
  }

  /** The number as far as earlier samples tell, without a look at the disk. */
  get now(): number {
    const { overlay, checkpoint } = this.#keyspace;
    const layers = overlay.visible;
    const below = layers.at(-1)?.cleared ? 0 : (checkpoint.keys ?? 0);
    const changes = layers.map((layer) => layer.count * (this.#shares.get(layer) ?? this.#share));
    return Math.max(0, Math.round(changes.reduce((sum, change) => sum + change, below)));
  }

  /** Resolves with about the number of keys, expired ones too. All who ask at the same time share one sample. */
  sampled(): Promise<number> {
    this.#running ??= this.#sampled().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #sampled(): Promise<number> {
    const { overlay, checkpoint } = this.#keyspace;
    const sizes = checkpoint.sizes ? RecordSizes.parse(checkpoint.sizes) : RecordSizes.unknown();
    const isUnmarked = checkpoint.unmarked === true;
    const presence = new Presence(this.#db, { isUnmarked }, sizes);
    const layers = overlay.visible;
    const bytesOf = (row: Buffer) => (isUnmarked ? row.length : sizes.of(row, DATA_KEY_HEADER_BYTES));
    const samples = layers.map((layer, at) => sampleOf(layer, layers.slice(at + 1), bytesOf));
    for (const [at, layer] of layers.entries()) {
      const sample = samples[at] as Sample;
      if (sample.entries === 0 || this.#mayBeOnDisk(layer)) continue;
      const present = await presence.of(sample.rows);
      if (presence.unreadable || this.#mayBeOnDisk(layer)) continue;
      this.#share = sample.share(present);
      this.#shares.set(layer, this.#share);
    }
    return this.now;
  }

  /** Whether a flush may have written a part of the layer. The disk does not tell what was there before, then. */
  #mayBeOnDisk(layer: Layer): boolean {
    const { oldest, visible } = this.#keyspace.overlay;
    return layer === oldest?.layer || !visible.includes(layer);
  }
}

function sampleOf(layer: Layer, below: readonly Layer[], bytesOf: (row: Buffer) => number): Sample {
  const sample = new Sample();
  const { count } = layer;
  let bytes = 0;
  for (let i = 0; i < Math.min(count, SAMPLED_KEYS_MAX); i++) {
    if (bytes > READ_GROUP_BYTES_MAX && i >= READ_GROUP_KEYS_FIRST) break;
    const entry = count <= SAMPLED_KEYS_MAX ? i : Math.floor(count * ((i * GOLDEN_RATIO) % 1));
    const known = sample.rows.length;
    sample.add(layer, entry, existedInMemory(layer, entry, below));
    if (sample.rows.length > known) bytes += bytesOf(sample.rows[known] as Buffer);
  }
  return sample;
}

/** Whether the key was there before the layer. Undefined if no layer below knows. */
function existedInMemory(layer: Layer, entry: number, below: readonly Layer[]): boolean | undefined {
  if (layer.cleared) return false;
  const bytes = layer.bytesOf(entry);
  for (const other of below) {
    const found = other.find(bytes, layer.keyStart(entry), layer.keyEnd(entry), layer.hash(entry));
    if (found >= 0 && other.kind(found) !== TOUCH) return other.kind(found) !== TOMBSTONE;
    if (other.cleared) return false;
  }
  return undefined;
}
