/**
 * The view on which the writer executes one block: the keyspace at the end of the log, plus the commands of the block
 * so far. The view serves the execution of that block and is dropped. The keyspace itself changes only by applying the
 * sealed block, as on every other node.
 */

import type { ClockDoubt, LogicalClock } from '../base/clock.js';
import type { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import { keyName } from '../base/key-name.js';
import { keysRead } from '../commands/execute.js';
import type { Limits, View } from '../commands/view.js';
import { type Command, type Entry, isExpired } from '../model/command.js';
import type { Operation } from '../model/operation.js';
import { PendingBlock } from './pending-block.js';
import type { Records } from './reserved-records.js';

/** The reason why a time to live cannot begin. */
const SAID: Record<ClockDoubt, string> = {
  unset: "the clock of the leader's machine is not set. Set it, or give an absolute time",
  'far ahead':
    "the clock of the leader's machine is far ahead of the log. Set it, or start the leader with --trust-clock if it is right",
};

const NO_DOUBT = { doubt: undefined };

/** The keyspace at the end of the log. */
interface AtEnd {
  /** The entry of every key that the batch may read. */
  readonly base: ReadonlyMap<string, Entry | undefined>;
  /** Keys that cannot be read; seldom any. */
  readonly damaged?: ReadonlyMap<string, HeadwaterError> | undefined;
  readonly clock?: Pick<LogicalClock, 'doubt'>;
  /** The records of the node itself. */
  readonly reserved?: (() => Records) | undefined;
}

export class PendingView implements View {
  readonly nowMs: number;
  readonly limits: Limits;
  /** The commands so far. */
  readonly block: PendingBlock;
  /** Entries at the end of the log, of every key that the batch may read. */
  readonly #base: ReadonlyMap<string, Entry | undefined>;
  /** The effects on keys of the commands before `#indexed`; built on the first lookup. */
  readonly #written = new Map<string, Entry | undefined>();
  #indexed = 0;
  #cleared = false;
  readonly #clock: Pick<LogicalClock, 'doubt'>;
  /** Keys in the base that cannot be read; seldom any. */
  readonly #damaged: ReadonlyMap<string, HeadwaterError> | undefined;

  constructor(
    nowMs: number,
    limits: Limits,
    firstOffset: number,
    { base, damaged, clock = NO_DOUBT, reserved }: AtEnd,
  ) {
    this.#clock = clock;
    this.#damaged = damaged;
    this.nowMs = nowMs;
    this.limits = limits;
    this.block = new PendingBlock(firstOffset, reserved);
    this.#base = base;
  }

  /** Looked at only by commands with a time to live: a reading of the machine's clock costs as much as a command. */
  get clockDoubt(): string | undefined {
    const { doubt } = this.#clock;
    return doubt && SAID[doubt];
  }

  work(steps: number): void {
    this.block.steps += steps;
  }

  get(key: Buffer): Entry | undefined {
    const entry = this.getWithExpired(key);
    return entry && isExpired(entry.expiresAtMs, this.nowMs) ? undefined : entry;
  }

  /** Returns expired entries too, for the expiry, which deletes them. */
  getWithExpired(key: Buffer): Entry | undefined {
    if (this.#indexed < this.block.commands.length) this.#index();
    return this.#lookUp(keyName(key));
  }

  /**
   * Says why a key that the operation reads cannot be read. A key that this block has written counts as mended within
   * the block.
   */
  damageOf(operation: Operation): HeadwaterError | undefined {
    if (!this.#damaged) return undefined;
    this.#index();
    if (this.#cleared) return undefined;
    for (const key of keysRead(operation)) {
      const name = keyName(key);
      const error = this.#damaged.get(name);
      if (error && !this.#written.has(name)) return error;
    }
    return undefined;
  }

  put(key: Buffer, value: Buffer, expiresAtMs: number, type: number): void {
    this.block.add({ kind: 'put', key, value, expiresAtMs, type });
  }

  del(key: Buffer): void {
    this.block.add({ kind: 'del', key });
  }

  touch(key: Buffer, expiresAtMs: number): void {
    this.block.add({ kind: 'touch', key, expiresAtMs });
  }

  /** Deletes the keys of clients. The records of the node itself are written again in the same transaction. */
  clear(): void {
    const savepoint = this.savepoint();
    const records = this.block.records();
    this.block.add({ kind: 'clear' });
    this.block.putRecords(records);
    this.join(savepoint);
  }

  savepoint(): number {
    return this.block.commands.length;
  }

  rollback(savepoint: number): void {
    if (this.block.commands.length === savepoint) return;
    this.block.cutTo(savepoint);
    this.#written.clear();
    this.#cleared = false;
    this.#indexed = 0;
  }

  join(savepoint: number): void {
    for (let i = savepoint + 1; i < this.block.commands.length; i++) (this.block.commands[i] as Command).joined = true;
  }

  #lookUp(name: string): Entry | undefined {
    const written = this.#written.get(name);
    if (written !== undefined || this.#written.has(name)) return written;
    if (this.#cleared) return undefined;
    const entry = this.#base.get(name);
    invariant(entry !== undefined || this.#base.has(name), 'an operation reads only the keys that it announced');
    return entry;
  }

  #index(): void {
    for (; this.#indexed < this.block.commands.length; this.#indexed++) {
      const command = this.block.commands[this.#indexed] as Command;
      const version = this.block.firstOffset + this.#indexed;
      if (command.kind === 'put') {
        const { type, value, expiresAtMs } = command;
        this.#written.set(keyName(command.key), { type, value, expiresAtMs, version });
      } else if (command.kind === 'del') {
        this.#written.set(keyName(command.key), undefined);
      } else if (command.kind === 'touch') {
        const name = keyName(command.key);
        const entry = this.#lookUp(name);
        if (entry) this.#written.set(name, { ...entry, expiresAtMs: command.expiresAtMs, version });
      } else if (command.kind === 'clear') {
        this.#written.clear();
        this.#cleared = true;
      }
    }
  }
}
