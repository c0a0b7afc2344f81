/**
 * Knows without asking the disk that a key has no record there, for most keys that have none. Only the count of the
 * records depends on that: a put of a new key adds one. To ask the disk for every new key took a fifth of the time of a
 * flush, and let writes wait for up to a second (measured: a million new keys, 1,000 writes in flight).
 *
 * The prints of all keys on disk are in a filter in memory (key-filter.ts), and in rows of the keyspace database:
 *
 *   p ‖ epoch u32 ‖ number u64    prints, u32 big-endian each, and a checksum (checked-row.ts)
 *
 * A print is written in the batch of its record or in an earlier one. So the rows cover all records also after a crash.
 * Each record has its print in the rows, also if other prints happen to cover it in the filter: the bits that stand
 * together depend on the order in which prints are added.
 * The prints of deleted keys stay, until a pass over all records collects them again: of many keys that come and go, most
 * would be stale. The same pass makes the rows if they are missing, or damaged, or if an earlier version has written
 * the records. Until it is done, nothing is known to be absent.
 *
 * After a start the rows are read in the background. Ten million prints take about a second (measured). A flush does not
 * wait for that: until all rows are read, it asks the disk for new keys.
 */
import { randomInt } from 'node:crypto';
import { checkedRow, valueOfCheckedRow } from '../base/checked-row.js';
import { HeadwaterError } from '../base/errors.js';
import { PRINT_ROWS_READ, PRINT_ROWS_STEP, STALE_PRINTS_FACTOR, STALE_PRINTS_MIN } from '../base/limits.js';
import { readUint64, writeUint64 } from '../base/uint64.js';
import { chunksOf } from '../disk/chunks.js';
import { type Database, isUnreadablePlace, type WriteBatch } from '../disk/level.js';
import { keyBehind } from '../model/key-range.js';
import { KeyFilter, printOf } from './key-filter.js';
import { readRowKeys } from './row-keys.js';

const ROW_PREFIX = 'p'.charCodeAt(0);
const ROW_KEY_BYTES = 13;
const PRINT_BYTES = 4;

type State =
  /** The rows have not all been read yet. */
  | 'unread'
  | 'whole'
  /** The rows do not cover all records. */
  | 'unknown';

/** A pass over all records, which collects their prints. */
interface Pass {
  readonly filter: KeyFilter;
  readonly epoch: number;
  /** Rows before this one are from before the pass. */
  readonly firstRow: number;
}

export class KeyPrints {
  readonly #db: Database;
  #epoch: number;
  #state: State;
  /** While the rows are unread: the number of prints that must be in them. */
  #expected: number;
  /** The prints that were read, and all that were added since. */
  #filter = new KeyFilter();
  #loading: Promise<void> | undefined;
  #pass: Pass | undefined;
  #nextRow = 0;
  /** Whether a pass has found what no checkpoint says yet. */
  #isUnsaved = false;
  /** Prints for the next row. */
  #pending: number[] = [];
  /** Rows of epochs from this one up to the present one may be there. */
  #oldestEpoch = 0;

  private constructor(db: Database, epoch: number, kept: number | undefined) {
    this.#db = db;
    this.#epoch = epoch;
    this.#expected = kept ?? 0;
    this.#state = kept === undefined ? 'unknown' : 'unread';
  }

  /** @param kept of the checkpoint: the number of prints in its rows. Undefined if the rows do not cover all records. */
  static async open(db: Database, epoch: number, kept: number | undefined): Promise<KeyPrints> {
    const prints = new KeyPrints(db, epoch, kept);
    await prints.#findNextRow();
    if (kept === 0 && prints.#nextRow === 0) prints.#state = 'whole';
    return prints;
  }

  /** The prints of a database that is empty. */
  static ofEmpty(db: Database, epoch: number): KeyPrints {
    const prints = new KeyPrints(db, epoch, 0);
    prints.#state = 'whole';
    prints.#oldestEpoch = epoch;
    return prints;
  }

  /** For the checkpoint: the number of prints in the rows, undefined if they do not cover all records. */
  get kept(): number | undefined {
    if (this.#state === 'unread') return this.#expected;
    return this.#state === 'whole' ? this.#filter.count : undefined;
  }

  /** Memory, bytes. */
  get bytes(): number {
    return this.#filter.bytes + (this.#pass?.filter.bytes ?? 0);
  }

  /** Whether the next checkpoint has something to say of the rows, even if nothing else has changed. */
  get isUnsaved(): boolean {
    return this.#isUnsaved;
  }

  /** Notes that a checkpoint says what `kept` was. */
  saved(): void {
    this.#isUnsaved = false;
  }

  /** Whether a pass over all records is due. @param keys the number of records. Null if it is not known. */
  isPassDue(keys: number | null): boolean {
    if (this.#pass || this.#state === 'unread') return false;
    if (this.#state === 'unknown') return true;
    return keys !== null && this.#filter.count > Math.max(STALE_PRINTS_MIN, STALE_PRINTS_FACTOR * keys);
  }

  /**
   * Reads the rows, if that was not done yet, in pieces that take a fraction of a millisecond. Flushes may run meanwhile,
   * but none when this begins: its rows would be missed. Calls meanwhile share the reading.
   * @param isCancelled asked after each piece. If the reading is cancelled, the next call begins again.
   * @throws HeadwaterError `io_error` if the process has no descriptors. The next call begins again.
   */
  load(isCancelled: () => boolean = () => false): Promise<void> {
    if (this.#state !== 'unread') return Promise.resolve();
    this.#loading ??= this.#load(isCancelled).finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(isCancelled: () => boolean): Promise<void> {
    const filter = new KeyFilter();
    this.#filter = filter;
    // Flushes may add prints meanwhile, whose rows are not among those that are read.
    const expected = this.#expected;
    // A `clear` may have come in between.
    const isOver = () => this.#filter !== filter || isCancelled();
    const found = await this.#read(filter, isOver);
    if (isOver()) return;
    if (found !== undefined && found >= expected) {
      this.#state = 'whole';
      return;
    }
    this.#state = 'unknown';
    this.#filter = new KeyFilter();
  }

  /** Adds the prints of all rows to a filter. @returns their number, undefined if a row is not sound. */
  async #read(filter: KeyFilter, isOver: () => boolean): Promise<number | undefined> {
    let found = 0;
    try {
      const range = { gte: rowKey(this.#epoch, 0), lt: rowKey(this.#epoch + 1, 0) };
      for await (const rows of chunksOf(this.#db, range, PRINT_ROWS_READ)) {
        for (const [key, row] of rows) {
          const prints = valueOfCheckedRow(key, row);
          if (!prints) return undefined;
          for (let at = 0; at < prints.length; at += PRINT_BYTES) filter.add(prints.readUInt32BE(at));
          found += prints.length / PRINT_BYTES;
        }
        if (isOver()) break;
      }
      return found;
    } catch (error) {
      if (isUnreadablePlace(error)) return undefined;
      throw error;
    }
  }

  /**
   * Deletes the rows of earlier epochs, if there are any.
   * @param epoch of the checkpoint.
   */
  async dropEarlier(epoch: number): Promise<void> {
    if (this.#oldestEpoch >= epoch) return;
    await this.#deleteRows(rowKey(this.#oldestEpoch, 0), rowKey(epoch, 0));
    this.#oldestEpoch = epoch;
  }

  /** Starts from scratch: all records are of a new epoch, in which there are none yet. */
  clear(epoch: number): void {
    this.#epoch = epoch;
    this.#state = 'whole';
    this.#filter = new KeyFilter();
    this.#pass = undefined;
    this.#nextRow = 0;
    this.#pending = [];
  }

  /** Whether it is certain that the disk holds no record of a key. */
  isAbsent(bytes: Buffer, start: number, end: number): boolean {
    return this.#state === 'whole' && !this.#filter.mayHold(printOf(bytes, start, end));
  }

  /**
   * Adds a key whose record is about to be written, and of which the disk holds none. `putRow` has to follow, in the
   * batch of the record or in an earlier one.
   */
  add(bytes: Buffer, start: number, end: number): void {
    if (this.#state === 'unknown' && !this.#pass) return;
    const print = printOf(bytes, start, end);
    if (this.#state === 'unread') this.#expected++;
    if (this.#state !== 'unknown') this.#filter.add(print);
    this.#pass?.filter.add(print);
    this.#pending.push(print);
  }

  /** Adds the prints that were noted since the last row. */
  putRow(batch: WriteBatch): void {
    if (this.#pending.length === 0) return;
    this.#put(batch, this.#pending);
    this.#pending = [];
  }

  #put(batch: WriteBatch, prints: readonly number[]): void {
    const bytes = Buffer.allocUnsafe(prints.length * PRINT_BYTES);
    for (const [i, print] of prints.entries()) bytes.writeUInt32BE(print, i * PRINT_BYTES);
    const key = rowKey(this.#epoch, this.#nextRow++);
    batch.put(key, checkedRow(key, bytes));
  }

  // ---- the pass over all records ------------------------------------------

  /** Begins to collect the prints from scratch. The caller passes all records of this moment to `collect`, then calls `endPass`. */
  beginPass(): void {
    this.#pass = { filter: new KeyFilter(), epoch: this.#epoch, firstRow: this.#nextRow };
  }

  /** New rows come behind all that are there. If those cannot be read, they are of no use. */
  async #findNextRow(): Promise<void> {
    const range = { gte: rowKey(this.#epoch, 0), lt: rowKey(this.#epoch + 1, 0), reverse: true };
    try {
      const { rows } = await readRowKeys(this.#db, range, { rows: 1, bytes: ROW_KEY_BYTES, step: 1 });
      if (rows[0]) this.#nextRow = readUint64(rows[0], 5) + 1;
    } catch (error) {
      if (!HeadwaterError.is(error, 'corrupt')) throw error;
      this.#state = 'unknown';
      // No row can stand there that a later start would count among those of now.
      this.#nextRow = randomInt(1, 2 ** 20) * 2 ** 32;
    }
  }

  /** Collects the prints of some keys. Has no effect if a `clear` has come in between. */
  async collect(keys: readonly Buffer[]): Promise<void> {
    if (!this.#pass) return;
    const found: number[] = [];
    for (const key of keys) {
      const print = printOf(key, 0, key.length);
      this.#pass.filter.add(print);
      found.push(print);
    }
    if (found.length === 0) return;
    const batch = this.#db.batch();
    this.#put(batch, found);
    await batch.write();
  }

  /** Ends the pass. @param isDone whether it has seen all records. */
  async endPass(isDone: boolean): Promise<void> {
    const pass = this.#pass;
    this.#pass = undefined;
    if (!pass) return;
    // A pass that was given up leaves its rows where the others do not cover all records, or are mostly stale. Rows that
    // flushes have written meanwhile are among them.
    if (!isDone) {
      if (this.#state === 'unknown') await this.#deleteRows(rowKey(pass.epoch, 0), rowKey(pass.epoch, this.#nextRow));
      return;
    }
    this.#filter = pass.filter;
    this.#state = 'whole';
    this.#isUnsaved = true;
    await this.#deleteRows(rowKey(pass.epoch, 0), rowKey(pass.epoch, pass.firstRow));
  }

  /** Rows that cannot be read stay: the next start finds them, and makes a pass. */
  async #deleteRows(gte: Buffer, lt: Buffer): Promise<void> {
    try {
      await this.#deleteReadable(gte, lt);
    } catch (error) {
      if (!isUnreadablePlace(error)) throw error;
    }
  }

  async #deleteReadable(gte: Buffer, lt: Buffer): Promise<void> {
    for (let from = gte; ; ) {
      const max = { rows: PRINT_ROWS_STEP, bytes: PRINT_ROWS_STEP * ROW_KEY_BYTES, step: PRINT_ROWS_STEP };
      const { rows } = await readRowKeys(this.#db, { gte: from, lt }, max);
      const last = rows.at(-1);
      if (!last) return;
      const batch = this.#db.batch();
      for (const row of rows) batch.del(row);
      await batch.write();
      if (rows.length < PRINT_ROWS_STEP) return;
      from = keyBehind(last);
    }
  }
}

function rowKey(epoch: number, number: number): Buffer {
  const key = Buffer.alloc(ROW_KEY_BYTES);
  key[0] = ROW_PREFIX;
  key.writeUInt32BE(epoch, 1);
  writeUint64(key, number, 5);
  return key;
}
