/**
 * Counts all keys exactly while little is in memory, without a checkpoint: for DBSIZE, INFO and a status. Each key that
 * was written or deleted since the checkpoint is looked up on disk, unless there are many. Nothing is done before
 * somebody asks. All who ask at the same time share one count.
 */
import { COUNTED_KEY_BYTES_MAX, COUNTED_KEYS_MAX, READ_GROUP_BYTES_MAX } from '../base/limits.js';
import type { Database } from '../disk/level.js';
import type { Position } from '../model/position.js';
import type { CheckpointRecord } from './checkpoint-record.js';
import { KeyChanges } from './key-changes.js';
import type { Layer } from './layer.js';
import type { Overlay } from './overlay.js';
import { Presence } from './presence.js';
import { DATA_KEY_HEADER_BYTES } from './record.js';

/** The parts of the keyspace that the counter needs. */
export interface CountedKeyspace {
  readonly overlay: Pick<Overlay, 'active' | 'frozenLayers'>;
  readonly checkpoint: CheckpointRecord;
  readonly applied: Position;
}

export class KeyCounter {
  readonly #db: Database;
  readonly #keyspace: CountedKeyspace;
  #running: Promise<number | undefined> | undefined;
  /** The last result, which is right until the next block or checkpoint. */
  #last: { readonly checkpoint: CheckpointRecord; readonly offset: number; readonly keys: number } | undefined;

  constructor(db: Database, keyspace: CountedKeyspace) {
    this.#db = db;
    this.#keyspace = keyspace;
  }

  /**
   * Resolves with the number of keys, expired ones too, at a moment after the call. Undefined if that would take many
   * look-ups, or if a checkpoint is being written.
   */
  count(): Promise<number | undefined> {
    this.#running ??= this.#count().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #count(): Promise<number | undefined> {
    const { checkpoint, applied, overlay } = this.#keyspace;
    const last = this.#last;
    if (last?.checkpoint === checkpoint && last.offset === applied.offset) return last.keys;
    if (checkpoint.keys === null || !this.#isDiskAtCheckpoint(checkpoint)) return undefined;
    const { active } = overlay;
    if (active.count > COUNTED_KEYS_MAX) return undefined;
    const below = active.cleared ? 0 : checkpoint.keys;
    const change = await this.#changeBy(active, checkpoint);
    if (change === undefined || !this.#isDiskAtCheckpoint(checkpoint)) return undefined;
    const keys = below + change;
    this.#last = { checkpoint, offset: applied.offset, keys };
    return keys;
  }

  /**
   * Whether the number of the checkpoint is that of the rows on disk. A flush begins with a frozen layer, and changes the
   * rows before the number. After a crash in a flush the number is not known before a recount.
   */
  #isDiskAtCheckpoint(checkpoint: CheckpointRecord): boolean {
    const { overlay, checkpoint: now } = this.#keyspace;
    return now === checkpoint && overlay.frozenLayers === 0;
  }

  /** The keys that the layer adds to those on disk, undefined if its keys or their records are long together. */
  async #changeBy(layer: Layer, checkpoint: CheckpointRecord): Promise<number | undefined> {
    const presence = Presence.at(checkpoint, this.#db, () => this.#isDiskAtCheckpoint(checkpoint));
    const changes = new KeyChanges(layer, []);
    let [keyBytes, readBytes] = [0, 0];
    for (let entry = 0; entry < layer.count; entry++) {
      const row = changes.add(entry);
      if (!row) continue;
      keyBytes += row.length - DATA_KEY_HEADER_BYTES;
      // A look-up among deletion marks reads the whole record.
      readBytes += presence.bytesFor(row);
      if (keyBytes > COUNTED_KEY_BYTES_MAX || readBytes > READ_GROUP_BYTES_MAX) return undefined;
    }
    const present = await presence.of(changes.rows);
    return presence.unreadable ? undefined : changes.total(present);
  }
}
