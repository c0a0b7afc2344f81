/**
 * Estimates the number of keys while too many were changed for an exact count: for figures that are read every second. A
 * sample of the keys in memory is looked up, in the layers below and on disk.
 */
import { READ_GROUP_BYTES_MAX, READ_GROUP_KEYS_FIRST, SAMPLED_KEYS_MAX } from '../base/limits.js';
import type { Database } from '../disk/level.js';
import type { CheckpointRecord } from './checkpoint-record.js';
import { KeyChanges } from './key-changes.js';
import type { Layer } from './layer.js';
import type { Overlay } from './overlay.js';
import { Presence } from './presence.js';

/** The parts of the keyspace that the estimate needs. */
export interface EstimatedKeyspace {
  readonly overlay: Pick<Overlay, 'visible' | 'oldest'>;
  readonly checkpoint: CheckpointRecord;
}

/** Multiples of it, less whole numbers, lie evenly between 0 and 1, however many are taken. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

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
    const layers = overlay.visible;
    const presence = Presence.at(checkpoint, this.#db, () => overlay.oldest === undefined);
    const samples = layers.map((layer, at) => sampleOf(new KeyChanges(layer, layers.slice(at + 1)), presence));
    for (const sample of samples) {
      const { layer, entries, rows } = sample;
      if (entries === 0 || this.#mayBeOnDisk(layer)) continue;
      const present = await presence.of(rows);
      if (presence.unreadable || this.#mayBeOnDisk(layer)) continue;
      this.#share = sample.total(present) / entries;
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

function sampleOf(sample: KeyChanges, presence: Presence): KeyChanges {
  const { count } = sample.layer;
  let bytes = 0;
  for (let i = 0; i < Math.min(count, SAMPLED_KEYS_MAX); i++) {
    if (bytes > READ_GROUP_BYTES_MAX && i >= READ_GROUP_KEYS_FIRST) break;
    const row = sample.add(count <= SAMPLED_KEYS_MAX ? i : Math.floor(count * ((i * GOLDEN_RATIO) % 1)));
    if (row) bytes += presence.bytesFor(row);
  }
  return sample;
}
