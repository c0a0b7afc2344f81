/**
 * The single writer of a leader: everything that changes the keyspace, or must happen between two blocks, waits here in
 * one queue. While one block is being appended the next gathers. So the size of a block follows the load, and a lone
 * write is never delayed by a timer.
 *
 * No reply leaves before the block that it has seen is appended. The replies of a batch, reads included, are handed out
 * when the batch's block is committed.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LogicalClock } from '../base/clock.js';
import { HeadwaterError, outcomeUnknown } from '../base/errors.js';
import { Fifo } from '../base/fifo.js';
import { keyName } from '../base/key-name.js';
import { BLOCK_BYTES_TARGET, BLOCK_COMMANDS_MAX, READ_BYTES_MAX } from '../base/limits.js';
import type { Limits } from '../commands/view.js';
import type { Found } from '../keyspace/cold-read.js';
import type { Keyspace } from '../keyspace/keyspace.js';
import { sealBlock } from '../log/block.js';
import type { Log } from '../log/log.js';
import type { Entry } from '../model/command.js';
import type { Operation } from '../model/operation.js';
import type { Committer } from './commit.js';
import { executeItem, Reach } from './execution.js';
import type { LeadershipTerm } from './leadership-term.js';
import type { ClockStep } from './node-record.js';
import { PendingView } from './pending-view.js';
import type { RecordChanges, Records } from './reserved-records.js';
import type { WriteWaits } from './write-waits.js';
import {
  bytesOf,
  commandsOf,
  type Item,
  isBetween,
  keysOf,
  type Notes,
  notesOf,
  type Submitted,
  valuesNeededBy,
  type Written,
} from './written.js';

interface Waiter {
  readonly bytes: number;
  resolve(): void;
}

const SLOW_READ = () => 'reading the keys of a block from the keyspace takes long';

export class Writer {
  readonly #log: Log;
  readonly #keyspace: Keyspace;
  readonly #committer: Committer;
  readonly #clock: LogicalClock;
  readonly #limits: Limits;
  readonly #waits: WriteWaits;
  readonly #replicationId: string;
  readonly #term: LeadershipTerm;
  readonly #reserved: (() => Records) | undefined;
  readonly #onFailure: (error: Error) => void;
  readonly #queue = new Fifo<Item>();
  #queuedBytes = 0;
  #running: Promise<void> | undefined;
  #closed: HeadwaterError | undefined;
  readonly #waitingForRoom = new Set<Waiter>();

  constructor(options: {
    log: Log;
    keyspace: Keyspace;
    committer: Committer;
    clock: LogicalClock;
    limits: Limits;
    waits: WriteWaits;
    /** The history that this writer's leadership began. */
    replicationId: string;
    /** The term of this writer's leadership: nothing is appended or answered when it is over. */
    term: LeadershipTerm;
    /** The records of the node itself, at the end of the log. */
    reserved?: () => Records;
    onFailure: (error: Error) => void;
  }) {
    this.#log = options.log;
    this.#keyspace = options.keyspace;
    this.#committer = options.committer;
    this.#clock = options.clock;
    this.#limits = options.limits;
    this.#waits = options.waits;
    this.#replicationId = options.replicationId;
    this.#term = options.term;
    this.#reserved = options.reserved;
    this.#onFailure = options.onFailure;
  }

  /**
   * Bytes of operations that wait or are executing; 0 once the writer is closed, since it then refuses operations at
   * once.
   */
  get queuedBytes(): number {
    return this.#closed ? 0 : this.#queuedBytes;
  }

  /** Resolves when `queuedBytes` is at most `bytes`, or `signal` aborts, or the writer is closed. */
  whenQueueBelow(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const abort = () => this.#release(waiter);
      const waiter: Waiter = {
        bytes,
        resolve: () => {
          signal.removeEventListener('abort', abort);
          resolve();
        },
      };
      this.#waitingForRoom.add(waiter);
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted || this.#closed || this.#queuedBytes <= bytes) this.#release(waiter);
    });
  }

  /** Resolves with one reply per operation, in order, once everything that they saw is appended. */
  submit(operations: readonly Operation[], bytes: number): Promise<Submitted> {
    return new Promise((resolve, reject) => {
      this.#push({ kind: 'operations', operations, bytes, replies: [], next: 0, resolve, reject });
      this.#queuedBytes += bytes;
    });
  }

  /** Deletes those of the keys that are expired when their turn comes. @returns how many they were. */
  expire(keys: readonly Buffer[]): Promise<number> {
    return new Promise((resolve, reject) =>
      this.#push({ kind: 'expiry', keys, step: undefined, deleted: 0, resolve, reject }),
    );
  }

  /** Moves the expiry of those of the keys that a step of the clock concerns. */
  moveExpiries(keys: readonly Buffer[], step: ClockStep): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#push({ kind: 'expiry', keys, step, deleted: 0, resolve: () => resolve(), reject }),
    );
  }

  /** Logs a message; resolves with its offset once it is appended. */
  publish(channel: Buffer, data: Buffer): Promise<number> {
    const bytes = channel.length + data.length;
    return new Promise((resolve, reject) => {
      this.#push({ kind: 'publication', channel, data, bytes, offset: 0, resolve, reject });
      this.#queuedBytes += bytes;
    });
  }

  /**
   * Changes records of the node itself; resolves with the offset once the changes are appended.
   * @param decide returns the changes, given the records before. An error that it throws rejects the promise.
   */
  decree(decide: (records: Records) => RecordChanges, bytes: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#push({ kind: 'decree', decide, bytes, offset: 0, refusal: undefined, resolve, reject });
      this.#queuedBytes += bytes;
    });
  }

  /**
   * Runs `task` when everything before it is committed, and holds everything that comes after.
   * @param bytes memory that the task keeps while it waits; counted as queued.
   */
  between(task: () => Promise<void>, bytes = 0): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#push({ kind: 'task', run: task, bytes, resolve, reject });
      this.#queuedBytes += bytes;
    });
  }

  /**
   * Runs `task`, which takes no time, when everything before it is committed. Such tasks that come in a row are one
   * item of the queue.
   * @param bytes memory that the task keeps while it waits.
   */
  note(task: () => void, bytes: number): Promise<void> {
    const { last } = this.#queue;
    const notes = last?.kind === 'notes' ? last : notesOf(task, bytes);
    if (notes === last) {
      notes.tasks.push(task);
      notes.bytes += bytes;
    } else this.#push(notes);
    this.#queuedBytes += bytes;
    return notes.done;
  }

  /** Refuses waiting and new items with `reason`; the running batch is finished. */
  async close(reason: HeadwaterError): Promise<void> {
    this.#closed ??= reason;
    for (const item of this.#queue.takeAll()) item.reject(reason);
    for (const waiter of this.#waitingForRoom) this.#release(waiter);
    await this.#running;
  }

  #push(item: Item): void {
    if (this.#closed) {
      item.reject(this.#closed);
      return;
    }
    this.#queue.push(item);
    // A microtask gathers all that arrives in this turn into one block.
    this.#running ??= Promise.resolve().then(() => this.#run());
  }

  async #run(): Promise<void> {
    for (let item = this.#queue.at(0); item; item = this.#queue.at(0)) {
      if (isBetween(item)) {
        this.#queue.shift();
        if (item.kind === 'notes') runNotes(item);
        else await item.run().then(item.resolve, item.reject);
        this.#dequeued([item]);
        continue;
      }
      const batch = this.#take();
      try {
        await this.#write(batch);
      } catch (error) {
        this.#failed(batch, error as Error);
        break;
      }
    }
    this.#running = undefined;
  }

  /** Takes waiting items out of the queue, up to the next task and up to about a block. */
  #take(): Array<Written> {
    const batch: Array<Written> = [];
    let bytes = 0;
    let operations = 0;
    for (let item = this.#queue.at(0); item && !isBetween(item); item = this.#queue.at(0)) {
      if (bytes >= BLOCK_BYTES_TARGET || operations >= BLOCK_COMMANDS_MAX) break;
      this.#queue.shift();
      batch.push(item);
      bytes += bytesOf(item);
      operations += commandsOf(item);
    }
    return batch;
  }

  /** Executes as much of the batch as one block takes, commits it, and answers the complete items. */
  async #write(batch: ReadonlyArray<Written>): Promise<void> {
    const keys = batch.flatMap(keysOf);
    let found: Found;
    try {
      const reading = this.#keyspace.read(keys, { bytesMax: READ_BYTES_MAX, needsValue: valuesNeededBy(batch) });
      found = reading instanceof Promise ? await this.#waits.during(SLOW_READ, reading) : reading;
    } catch (error) {
      this.#unreadable(batch, error as Error);
      return;
    }
    const base = new Map<string, Entry | undefined>();
    for (let i = 0; i < found.count; i++) {
      const name = keyName(keys[i] as Buffer);
      const entry = found.entries[i];
      // A key that is read twice may have come without its value, for operations that need none.
      if (!entry || entry.value.length > 0 || !base.get(name)) base.set(name, entry);
    }
    const damaged = found.damaged && byName(found.damaged, keys);
    const { end } = this.#log;
    const atEnd = { base, damaged, clock: this.#clock, reserved: this.#reserved };
    const view = new PendingView(this.#clock.now(), this.#limits, end.offset + 1, atEnd);
    const reach = found.count < keys.length ? new Reach(found.count) : undefined;
    let complete = 0;
    for (const item of batch) {
      if (!executeItem(item, view, reach)) break;
      complete++;
    }
    if (view.block.commands.length > 0) {
      const block = sealBlock({
        commands: view.block.commands,
        previous: end,
        replicationId: this.#replicationId,
        timeMs: this.#clock.blockTimeMs(view.nowMs, this.#log.lookup.endTimeMs),
      });
      await this.#committer.commit([block], [], this.#term);
    }
    const over = this.#term.look();
    if (over) throw over;
    this.#answer(batch, complete);
    if (view.block.hasTakenLong) await nextTurn();
  }

  #answer(batch: ReadonlyArray<Written>, complete: number): void {
    const position = this.#log.end;
    for (let i = 0; i < complete; i++) {
      const item = batch[i] as Written;
      if (item.kind === 'operations') item.resolve({ replies: item.replies, position });
      else if (item.kind === 'expiry') item.resolve(item.deleted);
      else if (item.kind === 'decree' && item.refusal) item.reject(item.refusal);
      else item.resolve(item.offset);
    }
    this.#dequeued(batch.slice(0, complete));
    if (complete < batch.length) this.#queue.putBack(batch.slice(complete));
  }

  /**
   * Handles a failed read. Nothing of the current batch has been written, but earlier blocks may hold the beginning of
   * a submission.
   */
  #unreadable(batch: ReadonlyArray<Written>, error: Error): void {
    for (const item of batch) {
      const begun = item.kind === 'operations' && item.next > 0;
      item.reject(
        begun
          ? new HeadwaterError('outcome_unknown', `a part of the operation was written, then ${error.message}`, {
              cause: error,
            })
          : error,
      );
    }
    this.#dequeued(batch);
  }

  #dequeued(items: readonly Item[]): void {
    for (const item of items) this.#queuedBytes -= bytesOf(item);
    for (const waiter of this.#waitingForRoom) if (this.#queuedBytes <= waiter.bytes) this.#release(waiter);
  }

  /**
   * Handles a failed commit, or the end of the leader's term. Everything in the batch may have happened. The items
   * behind it have not, and this writer runs nothing more.
   */
  #failed(batch: ReadonlyArray<Written>, cause: Error): void {
    const over = cause === this.#term.ended ? this.#term.ended : undefined;
    const why = over?.message ?? 'appending it to the log failed';
    const unknown = outcomeUnknown(why, { cause });
    for (const item of batch) item.reject(unknown);
    this.#closed ??=
      over ?? new HeadwaterError('unavailable', `the store is reopening after a failure: ${cause.message}`, { cause });
    if (!over) this.#onFailure(cause);
    for (const item of this.#queue.takeAll()) item.reject(this.#closed);
  }

  #release(waiter: Waiter): void {
    this.#waitingForRoom.delete(waiter);
    waiter.resolve();
  }
}

function runNotes({ tasks, resolve, reject }: Notes): void {
  try {
    for (const task of tasks) task();
    resolve();
  } catch (error) {
    reject(error as Error);
  }
}

function byName(
  damaged: ReadonlyMap<number, HeadwaterError>,
  keys: readonly Buffer[],
): ReadonlyMap<string, HeadwaterError> {
  return new Map([...damaged].map(([index, error]) => [keyName(keys[index] as Buffer), error]));
}
