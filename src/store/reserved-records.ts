/**
 * The records of the node itself, in memory: the users of access/. They are records of the keyspace under reserved keys,
 * so the log, full resyncs and backups carry them, and a follower that is promoted has them. Every block that touches
 * one passes here, on a leader and on a follower. Blocks that touch none cost nothing.
 *
 * A copy is in `reserved.json`, for a node whose data cannot be opened: it still knows who may repair it. Data that were
 * opened may lack the last changes too, because the end of the log is lost. The records of the file are kept in force
 * then, so that no damage turns the users off. A leader writes them to its log again. A follower keeps them until it has
 * all that its upstream has.
 *
 * Invariant: `#data` is undefined unless the records of the data may differ from those in force.
 */
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import type { Logger } from '../base/logger.js';
import { isReserved, reservedName } from '../base/reserved-keys.js';
import type { Database } from '../disk/level.js';
import type { CheckpointRecord } from '../keyspace/checkpoint-record.js';
import type { Block } from '../log/block.js';
import { type CommandVisitor, TYPE_RESERVED } from '../model/command.js';
import {
  areEqual,
  type ChangedAt,
  formatRecords,
  parseRecords,
  RESERVED_FILE,
  type Records,
  readRecords,
} from './reserved-file.js';

export type { Records } from './reserved-file.js';

/** New values by name. Undefined deletes a record. */
export type RecordChanges = ReadonlyMap<string, Buffer | undefined>;

/** Decides about changes, given the records before. */
type Decide = (records: Records) => RecordChanges;

/** The way of changes into the log. */
type Writing = (decide: Decide, bytes: number) => Promise<number>;

export class ReservedRecords {
  /** The records in force. */
  #records: Map<string, Buffer>;
  /** The offset of their last change. */
  #changedAt: ChangedAt;
  /** The records of the data, while the data are being opened, or lack some of those in force. */
  #data: Map<string, Buffer> | undefined;
  /** True while the data are being opened, so that a part of their records may be missing. */
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
    const { records, changedAt } = parseRecords(text);
    this.#records = records;
    this.#changedAt = changedAt;
    this.#saved = formatRecords(records, changedAt);
    this.#logger = logger;
    this.#write = write;
  }

  get all(): Records {
    return this.#records;
  }

  get size(): number {
    return this.#records.size;
  }

  /** True while records are in force that the data lack, or have otherwise. */
  get areKept(): boolean {
    return this.#data !== undefined && !this.#isOpening;
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
   * Begins with the records that a keyspace has on disk. The blocks behind its checkpoint follow. The records in force
   * stay in force until all are there.
   */
  async begin(db: Database, checkpoint: Pick<CheckpointRecord, 'epoch' | 'reserved'>): Promise<void> {
    this.#isOpening = true;
    try {
      this.#data = await readRecords(db, checkpoint);
    } catch (error) {
      const { message } = HeadwaterError.from(error);
      this.#data = new Map(this.#records);
      this.#logger.error(
        { file: RESERVED_FILE, error: message },
        `the users cannot be read from the data: ${message}. The node takes those of ${RESERVED_FILE}`,
      );
    }
  }

  /**
   * Ends the opening: the data have all records that they will have.
   * @param end.offset the end of the log.
   * @param end.isInDoubt whether the end of the log may be lost.
   */
  opened({ offset, isInDoubt }: { readonly offset: number; readonly isInDoubt: boolean }): void {
    this.#isOpening = false;
    const data = this.#data ?? new Map<string, Buffer>();
    const lacks = !areEqual(data, this.#records) && this.#isNewerThan(offset, isInDoubt, data);
    if (!lacks) return this.#take(data, offset, this.#records);
    this.#changedAt = 'kept';
    this.#save();
    this.#logger.error(
      { file: RESERVED_FILE, offset },
      `the log ends at offset ${offset}, before the last change of the users. The users of ${RESERVED_FILE} stay in force: ${this.#records.size} there, ${data.size} in the data. A leader writes them to its log again, and a follower gets the users of its upstream`,
    );
  }

  /** Whether the records in force were changed after the data end. */
  #isNewerThan(offset: number, isInDoubt: boolean, data: Records): boolean {
    if (this.#changedAt === 'kept') return true;
    if (this.#changedAt !== undefined) return this.#changedAt > offset;
    return isInDoubt && [...this.#records.keys()].some((name) => !data.has(name));
  }

  /** Notes that the data are replaced by those of the upstream, whatever the records in force are. */
  replaced(): void {
    this.#changedAt = 0;
  }

  /** Notes that this follower has all that its upstream has. */
  followed(offset: number): void {
    if (this.areKept && this.#data) this.#take(this.#data, offset, this.#records);
  }

  /** Writes the records to the log that it lacks. Called when a leader begins, before it takes any other change. */
  mend(writing: Writing): void {
    if (!this.areKept) return;
    const all: Decide = (records) => {
      const gone = [...(this.#data?.keys() ?? [])].filter((name) => !records.has(name));
      return new Map<string, Buffer | undefined>([...records, ...gone.map((name) => [name, undefined] as const)]);
    };
    writing(all, 0).catch((error: Error) =>
      this.#logger.warn(
        { file: RESERVED_FILE, error: error.message },
        `the users that the log lacks could not be written to it again: ${error.message}. The users stay in force on this node`,
      ),
    );
  }

  /** Takes in a block that touches a record, once the keyspace has it. */
  saw(block: Pick<Block, 'bytes' | 'lastOffset' | 'visit'>): void {
    const data = this.#data;
    if (this.#isOpening && data) {
      apply(block, data);
      return;
    }
    const before = new Map(this.#records);
    apply(block, this.#records);
    if (data) apply(block, data);
    if (!data || areEqual(data, this.#records)) this.#take(this.#records, block.lastOffset, before);
    else this.#take(this.#records, 'kept', before);
  }

  /** Resolves when the file has the present records, or cannot be written. */
  settled(): Promise<void> {
    return this.#saving;
  }

  /** Puts records in force that changed at that offset. */
  #take(records: Map<string, Buffer>, changedAt: ChangedAt, before: Records): void {
    const isOther = !areEqual(records, before);
    this.#records = records;
    if (changedAt !== 'kept') this.#data = undefined;
    const wasKnown = typeof this.#changedAt === 'number';
    // A clear that keeps the records writes them again, and changes nothing. A node without records needs no file.
    if (!isOther && (wasKnown ? changedAt !== 'kept' : records.size === 0)) return;
    this.#changedAt = changedAt;
    this.#save();
    if (isOther) for (const listener of this.#listeners) listener();
  }

  #save(): void {
    const text = formatRecords(this.#records, this.#changedAt);
    if (text === this.#saved) return;
    this.#saved = text;
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

function apply(block: Pick<Block, 'bytes' | 'visit'>, records: Map<string, Buffer>): void {
  const { bytes } = block;
  const at = (start: number, end: number) => Buffer.from(bytes.subarray(start, end));
  const visitor: CommandVisitor = {
    put: (_, keyStart, keyEnd, valueStart, valueEnd, _expiresAtMs, type) => {
      if (type !== TYPE_RESERVED || !isReserved(bytes.subarray(keyStart, keyEnd))) return;
      records.set(reservedName(at(keyStart, keyEnd)), at(valueStart, valueEnd));
    },
    del: (_, keyStart, keyEnd) => {
      if (!isReserved(bytes.subarray(keyStart, keyEnd))) return;
      records.delete(reservedName(at(keyStart, keyEnd)));
    },
    touch() {},
    clear: () => records.clear(),
    message() {},
  };
  block.visit(visitor);
}
