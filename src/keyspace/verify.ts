/**
 * Checks every record of the keyspace on disk and changes no record. `verify` reports the result. Each record
 * has to match its checksum. A record that expires has to be in the index of due keys. A running node writes
 * a missing row of the index, since nothing else would ever delete the key. A stopped node is only read.
 *
 * A missing record, or an older one in its place, shows only in the number of records or in a comparison of
 * digests.
 */
import { type Database, type IterateOptions, isUnreadablePlace, type Snapshot } from '../disk/level.js';
import {
  dataEnd,
  dataStart,
  describeKey,
  dueKey,
  isDamage,
  recordExpiresAtMs,
  userKey,
  verifyRecord,
} from './record.js';

/** Rows read at a time. If some cannot be read, rows are read one by one. */
const STEP = 256;
const READ_AHEAD_BYTES = 256 * 1024;

/** Damaged records lie between these keys, both included. */
export interface KeyspaceDamage {
  /** Undefined: from the first key. */
  readonly from: Buffer | undefined;
  /** Undefined: to the last key. */
  readonly to: Buffer | undefined;
  readonly why: string;
}

export interface KeyspaceVerification {
  readonly epoch: number;
  readonly snapshot: Snapshot;
  /** Called for each stretch of damaged keys. */
  found(damage: KeyspaceDamage): void;
  /** Awaited with the bytes read since the last call. @throws to end the check. */
  pace(bytes: number): Promise<void>;
  /** Writes rows into the index of due keys. Without it, missing rows stay missing. */
  readonly restoreDue?: ((rows: readonly Buffer[]) => Promise<void>) | undefined;
}

/** Number and bytes of the records read. If LevelDB could not read everything, `records` is less than there are. */
export interface KeyspaceVerified {
  readonly records: number;
  readonly bytes: number;
  readonly readable: boolean;
}

export async function verifyKeyspace(db: Database, verification: KeyspaceVerification): Promise<KeyspaceVerified> {
  const { epoch, found } = verification;
  const forward = new Pass(db, verification);
  const why = await forward.run({ gte: dataStart(epoch), lt: dataEnd(epoch) });
  if (why === undefined) return { records: forward.records, bytes: forward.bytes, readable: true };
  // LevelDB cannot read on. Records behind the damage are reached from the other end.
  const backward = new Pass(db, verification);
  const start = forward.last ? { gt: forward.last } : { gte: dataStart(epoch) };
  await backward.run({ ...start, lt: dataEnd(epoch), reverse: true });
  found({ from: forward.last && userKey(forward.last), to: backward.last && userKey(backward.last), why });
  const records = forward.records + backward.records;
  return { records, bytes: forward.bytes + backward.bytes, readable: false };
}

/** A pass over a range of rows, in one direction, as far as LevelDB can read. */
class Pass {
  readonly #db: Database;
  readonly #verification: KeyspaceVerification;
  records = 0;
  bytes = 0;
  /** The last row that could be read. */
  last: Buffer | undefined;
  #damage: { first: Buffer; last: Buffer; count: number; why: string } | undefined;

  constructor(db: Database, verification: KeyspaceVerification) {
    this.#db = db;
    this.#verification = verification;
  }

  /** @returns the reason why LevelDB could not read to the end, or undefined if it could. */
  async run(range: IterateOptions): Promise<string | undefined> {
    let why = await this.#read(range, STEP);
    if (why !== undefined) why = await this.#read(this.#behindLast(range), 1);
    this.#close();
    return why;
  }

  #behindLast(range: IterateOptions): IterateOptions {
    if (!this.last) return range;
    if (range.reverse) return { ...range, lt: this.last };
    const { gte: _, ...rest } = range;
    return { ...rest, gt: this.last };
  }

  async #read(range: IterateOptions, step: number): Promise<string | undefined> {
    const { snapshot, pace } = this.#verification;
    const entries = this.#db.iterate({ ...range, snapshot, highWaterMarkBytes: READ_AHEAD_BYTES });
    try {
      for (;;) {
        const rows = await entries.next(step);
        if (rows.length === 0) return undefined;
        let read = 0;
        for (const [row, record] of rows) read += row.length + record.length;
        await this.#check(rows);
        this.bytes += read;
        await pace(read);
      }
    } catch (error) {
      if (isUnreadablePlace(error)) return error.message;
      throw error;
    } finally {
      await entries.close();
    }
  }

  async #check(rows: ReadonlyArray<[row: Buffer, record: Buffer]>): Promise<void> {
    const due: Array<{ key: Buffer; row: Buffer }> = [];
    for (const [row, record] of rows) {
      const key = userKey(row);
      const why = damageOf(key, record);
      if (why !== undefined) this.#add(key, why);
      else {
        this.#close();
        const expiresAtMs = recordExpiresAtMs(record);
        if (expiresAtMs !== 0) due.push({ key, row: dueKey(expiresAtMs, this.#verification.epoch, key) });
      }
      this.records++;
      this.last = row;
    }
    if (due.length > 0) await this.#checkDue(due);
  }

  async #checkDue(due: ReadonlyArray<{ key: Buffer; row: Buffer }>): Promise<void> {
    const found = await this.#db.getMany(
      due.map(({ row }) => row),
      this.#verification.snapshot,
    );
    const missing = due.filter((_, i) => !found[i]);
    const { restoreDue } = this.#verification;
    if (missing.length > 0) await restoreDue?.(missing.map(({ row }) => row));
    const remedy = restoreDue ? 'This check has added the key' : 'A "verify" of the running node adds the key';
    for (const { key } of missing) {
      const why = `${describeKey(key)} expires, but is missing from the index of due keys, so it would never be deleted. ${remedy}`;
      this.#verification.found({ from: key, to: key, why });
    }
  }

  /** Joins damaged records that lie side by side into one damage. */
  #add(key: Buffer, why: string): void {
    const { first = key, why: because = why, count = 0 } = this.#damage ?? {};
    this.#damage = { first, last: key, count: count + 1, why: because };
  }

  #close(): void {
    if (!this.#damage) return;
    const { first, last, count, why } = this.#damage;
    this.#damage = undefined;
    const [from, to] = Buffer.compare(first, last) <= 0 ? [first, last] : [last, first];
    this.#verification.found({ from, to, why: count === 1 ? why : `${why}; the next ${count - 1} keys too` });
  }
}

function damageOf(key: Buffer, record: Buffer): string | undefined {
  try {
    verifyRecord(key, record);
    return undefined;
  } catch (error) {
    if (isDamage(error)) return error.message;
    throw error;
  }
}
