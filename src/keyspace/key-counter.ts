/**
 * Counts all keys exactly while little is in memory, without a checkpoint: for a person who looks at a node. Each key
 * that was written or deleted since the checkpoint is looked up on disk, unless there are many. Nothing is done before
 * somebody asks. All who ask at the same time share one count.
 */
import { COUNTED_KEY_BYTES_MAX, COUNTED_KEYS_MAX, READ_GROUP_BYTES_MAX } from '../base/limits.js';
import type { Database } from '../disk/level.js';
import type { Position } from '../model/position.js';
import type { CheckpointRecord } from './checkpoint-record.js';
import { TOMBSTONE, TOUCH } from './entry-table.js';
import type { Layer } from './layer.js';
import type { Overlay } from './overlay.js';
import { Presence } from './presence.js';
import { DATA_KEY_HEADER_BYTES, dataKey } from './record.js';
import { RecordSizes } from './record-sizes.js';

/** The parts of the keyspace that the counter needs. */
export interface CountedKeyspace {
  readonly overlay: Pick<Overlay, 'active' | 'frozenLayers'>;
  readonly checkpoint: CheckpointRecord;
  readonly applied: Position;
}

/** The keys of memory that have to be looked up, as rows of the database. */
interface Rows {
  readonly written: Buffer[];
  readonly deleted: Buffer[];
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
    const keys = active.cleared ? puts(active) : await this.#countOver(checkpoint, checkpoint.keys, active);
    if (keys === undefined || !this.#isDiskAtCheckpoint(checkpoint)) return undefined;
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

  async #countOver(checkpoint: CheckpointRecord, keys: number, layer: Layer): Promise<number | undefined> {
    const isUnmarked = checkpoint.unmarked === true;
    const sizes = checkpoint.sizes ? RecordSizes.parse(checkpoint.sizes) : RecordSizes.unknown();
    const rows = rowsOf(layer);
    if (!rows) return undefined;
    const { written, deleted } = rows;
    const all = [...written, ...deleted];
    // A look-up among deletion marks reads the whole record.
    const bytes = all.reduce((sum, row) => sum + sizes.of(row, DATA_KEY_HEADER_BYTES), 0);
    if (!isUnmarked && bytes > READ_GROUP_BYTES_MAX) return undefined;
    const presence = new Presence(this.#db, { isUnmarked }, sizes);
    const present = await presence.of(all);
    if (presence.unreadable) return undefined;
    const old = present.slice(0, written.length).filter(Boolean).length;
    const gone = present.slice(written.length).filter(Boolean).length;
    return keys + written.length - old - gone;
  }
}

/** The records of a layer that hides all below. */
function puts(layer: Layer): number {
  let count = 0;
  for (let entry = 0; entry < layer.count; entry++) if (layer.kind(entry) !== TOMBSTONE) count++;
  return count;
}

/** @returns undefined if the keys are long together. An entry that only has a new expiry changes no number. */
function rowsOf(layer: Layer): Rows | undefined {
  const rows: Rows = { written: [], deleted: [] };
  let bytes = 0;
  for (let entry = 0; entry < layer.count; entry++) {
    const kind = layer.kind(entry);
    if (kind === TOUCH) continue;
    bytes += layer.keyEnd(entry) - layer.keyStart(entry);
    if (bytes > COUNTED_KEY_BYTES_MAX) return undefined;
    (kind === TOMBSTONE ? rows.deleted : rows.written).push(dataKey(layer.epoch, layer.key(entry)));
  }
  return rows;
}
