/**
 * The keyspace: the state that the commands of the log produce, as an in-memory
 * overlay over a LevelDB database of its own.
 *
 * Reads go through the active layer, the frozen layers and then the disk; a
 * layer in which everything was cleared hides what is below it. `apply` is
 * blind: it never reads, so that leader, follower and recovery run the same
 * code and cannot drift. Writing a frozen layer out is `flush`; its order with
 * the log's durable points is store/checkpoint.ts's.
 *
 * Rows of the database that are not records: `m ‖ "checkpoint"` (a
 * CheckpointRecord as JSON) and `m ‖ "flushing"` (the offset of the flush in
 * hand as decimal text), each with a checksum (checked-row.ts): between a
 * flush's first chunk and its checkpoint the disk holds a mixture, which replay
 * up to that offset makes whole.
 */
import { checkedRow, valueOfCheckedRow } from '../checked-row.js';
import type { Entry } from '../command.js';
import { HeadwaterError } from '../errors.js';
import { invariant } from '../invariant.js';
import type { Database, Entries } from '../level.js';
import { RECENT_KEYS_MAX } from '../limits.js';
import type { LineageRow } from '../lineage.js';
import { ORIGIN, type Position } from '../position.js';
import { Flush } from './flush.js';
import { hashKey } from './key-table.js';
import { type AppliedBlock, Layer, TOMBSTONE, TOUCH } from './layer.js';
import { RecentKeys } from './recent.js';
import { DUE_START, dataEnd, dataKey, dataStart, decodeRecord, dueEnd, parseDueKey } from './record.js';
import { KeyspaceSnapshot } from './snapshot.js';

const CHECKPOINT_FORMAT = 1;
const CHECKPOINT_KEY = Buffer.from('mcheckpoint');
const FLUSHING_KEY = Buffer.from('mflushing');

/** What a checkpoint keeps. */
export interface CheckpointRecord {
  readonly format: number;
  readonly position: Position;
  readonly lineage: readonly LineageRow[];
  /** The epoch of the records on disk. */
  readonly epoch: number;
  /** Records on disk; null where a crash made the count unknown. */
  readonly keys: number | null;
}

const EMPTY_CHECKPOINT: CheckpointRecord = {
  format: CHECKPOINT_FORMAT,
  position: ORIGIN,
  lineage: [],
  epoch: 0,
  keys: 0,
};

/** A new expiry to lay over what is found below. */
interface Touch {
  readonly expiresAtMs: number;
  readonly version: number;
}

/** A key is to be looked for on disk. */
interface Miss {
  readonly touch: Touch | undefined;
}

const PLAIN_MISS: Miss = { touch: undefined };

export class Keyspace {
  readonly #db: Database;
  #active: Layer;
  /** Oldest first. */
  readonly #frozen: Layer[] = [];
  /** The last layer that was written out: a new table of that size would have to grow, and to be collected, again. */
  #spare: Layer | undefined;
  #checkpoint: CheckpointRecord;
  /** The flush that a crash interrupted; 0 = none. */
  readonly flushingTo: number;
  #applied: Position;
  /** Changes of the record count by flushes since a recount began. */
  #recountDelta = 0;
  /** Of the epoch on disk. A failed flush ends this object, so what is noted early does no harm. */
  readonly #onDisk = new RecentKeys(RECENT_KEYS_MAX);
  /** No records of epochs before this one are left. */
  #sweptEpoch = 0;

  private constructor(db: Database, checkpoint: CheckpointRecord, flushingTo: number) {
    this.#db = db;
    this.#checkpoint = checkpoint;
    this.flushingTo = flushingTo;
    this.#applied = checkpoint.position;
    this.#active = new Layer(checkpoint.epoch);
  }

  /** @throws HeadwaterError `unknown_format` or `corrupt`. */
  static async open(db: Database): Promise<Keyspace> {
    const [checkpointBytes, flushingBytes] = await db.getMany([CHECKPOINT_KEY, FLUSHING_KEY]);
    const flushingTo = flushingBytes ? parseFlushing(flushingBytes, db.location) : 0;
    let checkpoint = EMPTY_CHECKPOINT;
    if (checkpointBytes) checkpoint = parseCheckpoint(checkpointBytes, db.location);
    const midFlush = flushingTo > checkpoint.position.offset;
    if (midFlush) checkpoint = { ...checkpoint, keys: null };
    return new Keyspace(db, checkpoint, midFlush ? flushingTo : 0);
  }

  /** The keyspace on disk is complete up to here. */
  get checkpoint(): CheckpointRecord {
    return this.#checkpoint;
  }

  /** The end of the last block applied. */
  get applied(): Position {
    return this.#applied;
  }

  /** Memory of all layers, in bytes. */
  get overlayBytes(): number {
    return this.#frozen.reduce((sum, layer) => sum + layer.bytes, this.#active.bytes);
  }

  get active(): { readonly bytes: number; readonly logBytes: number; readonly isEmpty: boolean } {
    return this.#active;
  }

  get frozenLayers(): number {
    return this.#frozen.length;
  }

  // ---- writing ----------------------------------------------------------

  /** The effects of the next block; synchronous, and nothing else changes the keyspace. */
  apply(block: AppliedBlock): void {
    invariant(
      block.firstOffset === this.#applied.offset + 1,
      `block ${block.firstOffset} applied after ${this.#applied.offset}`,
    );
    this.#active.apply(block);
    this.#applied = block.position;
  }

  // ---- reading ----------------------------------------------------------

  /**
   * What each key holds, expired or not, all as of this call. Answers at once
   * where memory knows every key, else with a promise.
   */
  read(keys: readonly Buffer[]): Array<Entry | undefined> | Promise<Array<Entry | undefined>> {
    const found: Array<Entry | undefined> = [];
    let cold: Array<{ index: number; miss: Miss }> | undefined;
    for (let index = 0; index < keys.length; index++) {
      const hit = this.#lookUp(keys[index] as Buffer);
      if (isMiss(hit)) {
        cold ??= [];
        cold.push({ index, miss: hit });
        found.push(undefined);
      } else {
        found.push(hit);
      }
    }
    return cold ? this.#readCold(keys, found, cold) : found;
  }

  async #readCold(
    keys: readonly Buffer[],
    found: Array<Entry | undefined>,
    cold: ReadonlyArray<{ index: number; miss: Miss }>,
  ): Promise<Array<Entry | undefined>> {
    // In the same turn as the look at the layers: see level.ts.
    const records = await this.#db.getMany(
      cold.map(({ index }) => dataKey(this.#checkpoint.epoch, keys[index] as Buffer)),
    );
    for (let i = 0; i < cold.length; i++) {
      const { index, miss } = cold[i] as { index: number; miss: Miss };
      const record = records[i];
      if (record) found[index] = touched(decodeRecord(keys[index] as Buffer, record), miss.touch);
    }
    return found;
  }

  #lookUp(key: Buffer): Entry | undefined | Miss {
    const hash = hashKey(key, 0, key.length);
    let touch: Touch | undefined;
    for (let i = this.#frozen.length; i >= 0; i--) {
      const layer = i === this.#frozen.length ? this.#active : (this.#frozen[i] as Layer);
      const entry = layer.find(key, 0, key.length, hash);
      if (entry >= 0) {
        if (layer.kind(entry) === TOMBSTONE) return undefined;
        if (layer.kind(entry) !== TOUCH) return touched(layer.read(entry), touch);
        touch ??= { expiresAtMs: layer.expiresAtMs(entry), version: layer.version(entry) };
      }
      if (layer.cleared) return undefined;
    }
    return touch ? { touch } : PLAIN_MISS;
  }

  // ---- freezing and flushing ---------------------------------------------

  /** Ends the active layer at the last block applied; false where there is nothing to write out. */
  freeze(): boolean {
    if (this.#active.isEmpty && this.#applied.offset === this.#checkpointedOrFrozen()) return false;
    const layer = this.#active;
    layer.position = this.#applied;
    this.#frozen.push(layer);
    this.#active = new Layer(layer.epoch, this.#spare);
    this.#spare = undefined;
    return true;
  }

  #checkpointedOrFrozen(): number {
    return this.#frozen.at(-1)?.position?.offset ?? this.#checkpoint.position.offset;
  }

  /** The end of the oldest frozen layer: where its flush would put the checkpoint. */
  get oldestFrozen(): Position | undefined {
    return this.#frozen[0]?.position;
  }

  /**
   * Writes the oldest frozen layer out and makes a checkpoint of it. The caller
   * has made the log durable up to the layer's end.
   */
  async flush(lineage: readonly LineageRow[]): Promise<void> {
    const layer = this.#frozen[0];
    invariant(layer?.position, 'a flush needs a frozen layer');
    // Replay may flush on its way: until it has passed an interrupted flush, the disk is ahead of every checkpoint.
    const flushingTo = Math.max(layer.position.offset, this.flushingTo);
    await this.#db.put(FLUSHING_KEY, checkedRow(FLUSHING_KEY, Buffer.from(String(flushingTo))), { sync: true });
    if (layer.cleared) this.#onDisk.clear();
    const delta = await new Flush(this.#db, layer, this.#onDisk).run();
    await this.#db.durable();
    const before = layer.cleared ? 0 : this.#checkpoint.keys;
    // A cleared layer may meet rows that an interrupted flush has left in its epoch: only a recount tells.
    const unsure = layer.cleared && this.#checkpoint.position.offset < this.flushingTo;
    const keys = before === null || unsure ? null : before + delta;
    const checkpoint: CheckpointRecord = {
      format: CHECKPOINT_FORMAT,
      position: layer.position,
      lineage,
      epoch: layer.epoch,
      keys,
    };
    await this.#db.put(...checkpointRow(checkpoint), { sync: true });
    this.#recountDelta = layer.cleared ? Number.NaN : this.#recountDelta + delta;
    this.#checkpoint = checkpoint;
    this.#frozen.shift();
    layer.retire();
    this.#spare = layer;
  }

  // ---- snapshots and counts -----------------------------------------------

  /** The keyspace as it is on disk; only while no flush is in hand and nothing is in memory. */
  snapshot(onClose: () => void = () => {}): KeyspaceSnapshot {
    const { position, epoch, keys } = this.#checkpoint;
    return new KeyspaceSnapshot({ db: this.#db, epoch, position, keys: keys ?? undefined, onClose });
  }

  /**
   * Makes the number of keys known again after a crash in the middle of a
   * flush. Flushes may go on meanwhile; as `snapshot`, it begins while none is
   * in hand. Without effect where a `clear` came in between, or `cancelled`.
   */
  async recount(cancelled: () => boolean = () => false): Promise<void> {
    const snapshot = this.snapshot();
    this.#recountDelta = 0;
    try {
      let keys = 0;
      for await (const chunk of snapshot.chunks()) {
        if (cancelled()) return;
        keys += chunk.length;
      }
      const recounted = keys + this.#recountDelta;
      if (this.#checkpoint.keys === null && !Number.isNaN(recounted))
        this.#checkpoint = { ...this.#checkpoint, keys: recounted };
    } finally {
      await snapshot.release();
    }
  }

  // ---- expiry and sweeping -------------------------------------------------

  /**
   * Up to `limit` keys that may be expired at `nowMs`: the caller looks at each
   * before it deletes one. Rows on disk stay until `dropDueRows`.
   */
  async due(nowMs: number, limit: number): Promise<{ keys: Buffer[]; rows: Buffer[] }> {
    const keys: Buffer[] = [];
    for (const layer of [...this.#frozen, this.#active]) {
      keys.push(...layer.takeDue(nowMs, limit - keys.length));
      if (keys.length >= limit) return { keys, rows: [] };
    }
    const rows = await this.dueRows(nowMs, limit - keys.length);
    for (const row of rows) {
      const { epoch, key } = parseDueKey(row);
      if (epoch === this.#checkpoint.epoch) keys.push(key);
    }
    return { keys, rows };
  }

  /** The first rows of the index that are due. */
  async dueRows(nowMs: number, limit: number): Promise<Buffer[]> {
    const rows: Buffer[] = [];
    const entries = this.#db.iterate({ gte: DUE_START, lt: dueEnd(nowMs), values: false, limit });
    await drain(entries, ([row]) => rows.push(row));
    return rows;
  }

  /** Forgets rows whose keys have been dealt with. */
  async dropDueRows(rows: readonly Buffer[]): Promise<void> {
    if (rows.length === 0) return;
    const batch = this.#db.batch();
    for (const row of rows) batch.del(row);
    await batch.write();
  }

  /** Deletes up to `limit` records of epochs that a `clear` ended; how many there were. */
  async sweep(limit: number): Promise<number> {
    const { epoch } = this.#checkpoint;
    if (epoch === this.#sweptEpoch) return 0;
    const rows: Buffer[] = [];
    const entries = this.#db.iterate({ gte: dataStart(0), lt: dataStart(epoch), values: false, limit });
    await drain(entries, ([row]) => rows.push(row));
    await this.dropDueRows(rows);
    if (rows.length === limit) return limit;
    this.#sweptEpoch = epoch;
    await this.#db.compact(dataStart(0), dataEnd(epoch - 1));
    return rows.length;
  }
}

function parseCheckpoint(row: Buffer, location: string): CheckpointRecord {
  const record = JSON.parse(soundValue(CHECKPOINT_KEY, row, 'the checkpoint record', location)) as CheckpointRecord;
  if (record.format === CHECKPOINT_FORMAT) return record;
  throw new HeadwaterError(
    'unknown_format',
    `${location}: checkpoint format ${record.format}; this version knows format ${CHECKPOINT_FORMAT}`,
  );
}

function parseFlushing(row: Buffer, location: string): number {
  return Number(soundValue(FLUSHING_KEY, row, 'the mark of a flush in hand', location));
}

/** @throws HeadwaterError `corrupt`: to begin from a damaged one would lose writes without a word. */
function soundValue(key: Buffer, row: Buffer, what: string, location: string): string {
  const value = valueOfCheckedRow(key, row);
  if (value) return value.toString();
  throw new HeadwaterError('corrupt', `${location}: ${what} does not match its checksum: the disk changed it`);
}

/** The row of a checkpoint; also for whoever writes a keyspace from outside (loader.ts). */
export function checkpointRow(checkpoint: Omit<CheckpointRecord, 'format'>): [Buffer, Buffer] {
  const record: CheckpointRecord = { ...checkpoint, format: CHECKPOINT_FORMAT };
  return [CHECKPOINT_KEY, checkedRow(CHECKPOINT_KEY, Buffer.from(JSON.stringify(record)))];
}

function isMiss(hit: Entry | Miss | undefined): hit is Miss {
  return hit !== undefined && !('value' in hit);
}

function touched(entry: Entry, touch: Touch | undefined): Entry {
  return touch ? { ...entry, ...touch } : entry;
}

async function drain(entries: Entries, visit: (entry: [Buffer, Buffer]) => void): Promise<void> {
  try {
    for (let chunk = await entries.next(256); chunk.length > 0; chunk = await entries.next(256)) chunk.forEach(visit);
  } finally {
    await entries.close();
  }
}
