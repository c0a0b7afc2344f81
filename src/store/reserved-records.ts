/**
 * The records of the node itself, in memory: the users of access/. They are records of the keyspace under reserved keys,
 * so the log, full resyncs and backups carry them, and a follower that is promoted has them. Every block that touches
 * one passes here, on a leader and on a follower. Blocks that touch none cost nothing.
 *
 * A copy is in `reserved.json`, for a node whose data cannot be opened: it still knows who may repair it. The file may be
 * a moment older than the log, and is not used once the data are open.
 */
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import type { Logger } from '../base/logger.js';
import { isReserved, RESERVED_RANGE, reservedName } from '../base/reserved-keys.js';
import type { Database } from '../disk/level.js';
import type { CheckpointRecord } from '../keyspace/checkpoint-record.js';
import { dataKey, decodeRecord, userKey } from '../keyspace/record.js';
import type { Block } from '../log/block.js';
import { type CommandVisitor, TYPE_RESERVED } from '../model/command.js';

/** The values of the records, by their names. */
export type Records = ReadonlyMap<string, Buffer>;

/** New values by name. Undefined deletes a record. */
export type RecordChanges = ReadonlyMap<string, Buffer | undefined>;

/** Decides about changes, given the records before. */
type Decide = (records: Records) => RecordChanges;

/** The way of changes into the log. */
type Writing = (decide: Decide, bytes: number) => Promise<number>;

export const RESERVED_FILE = 'reserved.json';

export class ReservedRecords {
  #records: Map<string, Buffer>;
  /** True while the data are being opened, so that a part of the records may be missing. */
  #isOpening = false;
  readonly #listeners = new Set<() => void>();
  readonly #logger: Logger;
  readonly #write: (text: string) => Promise<void>;
  #saved: string;
  #saving: Promise<void> = Promise.resolve();
  #writing: Writing | undefined;

  /**
   * @param text the content of the file. Undefined if there is none.
   * @param write replaces the file, durably.
   * @throws HeadwaterError `corrupt` if the file is not one that a node wrote: nobody knows then who may do what.
   */
  constructor(text: string | undefined, logger: Logger, write: (text: string) => Promise<void>) {
    this.#records = parse(text);
    this.#saved = format(this.#records);
    this.#logger = logger;
    this.#write = write;
  }

  get all(): Records {
    return this.#records;
  }

  get size(): number {
    return this.#records.size;
  }

  /** Sets the way of changes into the log. */
  writeThrough(writing: Writing): void {
    this.#writing = writing;
  }

  /**
   * Changes records, on every node of the tree.
   * @param decide returns the changes, given the records before. An error that it throws rejects the promise.
   * @param bytes the memory that the change takes up while it waits.
   * @returns the offset of the change.
   * @throws HeadwaterError `read_only_follower`, `unavailable`, `outcome_unknown`.
   */
  change(decide: Decide, bytes: number): Promise<number> {
    invariant(this.#writing, 'the store has put its parts together');
    return this.#writing(decide, bytes);
  }

  /** Calls the listener after each change. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /**
   * Begins with the records that a keyspace has on disk. The blocks behind its checkpoint follow. If the disk cannot be
   * read there, the records of the file stay: a node that nobody may repair is worth nothing.
   */
  async begin(db: Database, { epoch, reserved }: Pick<CheckpointRecord, 'epoch' | 'reserved'>): Promise<void> {
    this.#isOpening = true;
    try {
      this.#records = reserved ? await readRecords(db, epoch) : new Map();
    } catch (error) {
      const { message } = HeadwaterError.from(error);
      this.#logger.error(
        { file: RESERVED_FILE, error: message },
        `the users cannot be read from the data: ${message}. The node takes those of ${RESERVED_FILE}`,
      );
    }
  }

  /** Ends the opening: nothing is missing any more. */
  opened(): void {
    this.#isOpening = false;
    this.#changed();
  }

  /** Takes in a block that touches a record, once the keyspace has it. */
  saw(block: Pick<Block, 'bytes' | 'visit'>): void {
    let isChanged = false;
    const { bytes } = block;
    const at = (start: number, end: number) => Buffer.from(bytes.subarray(start, end));
    const visitor: CommandVisitor = {
      put: (_, keyStart, keyEnd, valueStart, valueEnd, _expiresAtMs, type) => {
        if (type !== TYPE_RESERVED || !isReserved(bytes.subarray(keyStart, keyEnd))) return;
        this.#records.set(reservedName(at(keyStart, keyEnd)), at(valueStart, valueEnd));
        isChanged = true;
      },
      del: (_, keyStart, keyEnd) => {
        if (!isReserved(bytes.subarray(keyStart, keyEnd))) return;
        isChanged = this.#records.delete(reservedName(at(keyStart, keyEnd))) || isChanged;
      },
      touch() {},
      clear: () => {
        isChanged ||= this.#records.size > 0;
        this.#records.clear();
      },
      message() {},
    };
    block.visit(visitor);
    if (isChanged && !this.#isOpening) this.#changed();
  }

  /** Resolves when the file has the present records, or cannot be written. */
  settled(): Promise<void> {
    return this.#saving;
  }

  #changed(): void {
    const text = format(this.#records);
    // A clear that keeps the records writes them again.
    if (text === this.#saved) return;
    this.#saved = text;
    for (const listener of this.#listeners) listener();
    this.#saving = this.#saving
      .then(() => this.#write(text))
      .catch((error: Error) =>
        this.#logger.warn(
          { file: RESERVED_FILE, error: error.message },
          `${RESERVED_FILE} cannot be written: ${error.message}. If the data cannot be opened, the node knows older users`,
        ),
      );
  }
}

async function readRecords(db: Database, epoch: number): Promise<Map<string, Buffer>> {
  const records = new Map<string, Buffer>();
  const { from, to } = RESERVED_RANGE;
  const rows = db.iterate({ gte: dataKey(epoch, from), lt: dataKey(epoch, to) });
  try {
    for (let chunk = await rows.next(100); chunk.length > 0; chunk = await rows.next(100)) {
      for (const [row, record] of chunk) {
        const key = userKey(row);
        const { type, value } = decodeRecord(key, record);
        if (type === TYPE_RESERVED) records.set(reservedName(key), Buffer.from(value));
      }
    }
  } finally {
    await rows.close();
  }
  return records;
}

function format(records: Records): string {
  const sorted = [...records].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(sorted.map(([name, value]) => [name, value.toString('base64')])));
}

function parse(text: string | undefined): Map<string, Buffer> {
  try {
    const fields = Object.entries(JSON.parse(text ?? '{}') as Record<string, string>);
    return new Map(fields.map(([name, value]) => [name, Buffer.from(value, 'base64')]));
  } catch (error) {
    throw new HeadwaterError(
      'corrupt',
      `${RESERVED_FILE}: expected the records that the node wrote, received other text. Remove the file, and the node makes it again`,
      { cause: error },
    );
  }
}
