/**
 * Runs operations the way the writer does: validate, ask for the keys, execute
 * on a view, apply what was logged. Keeps the log, in a short notation:
 * `put k=v`, `put k=v @expiry`, `del k`, `touch k @expiry`, `clear`, with a `+`
 * before what is joined to the command in front of it.
 */
import assert from 'node:assert/strict';
import { type ErrorCode, HeadwaterError } from '../../src/base/errors.js';
import { execute, keysRead, validate } from '../../src/commands/execute.js';
import type { Limits } from '../../src/commands/view.js';
import type { Command } from '../../src/model/command.js';
import type { Operation, OperationKind, Reply, ReplyTo } from '../../src/model/operation.js';
import { isWrite } from '../../src/model/write-kinds.js';
import { OPTIONS } from '../../src/options.js';
import { MemoryKeyspace, MemoryView } from '../support/memory-view.js';

export const b = (text: string): Buffer => Buffer.from(text, 'latin1');

const DEFAULT_LIMITS: Limits = {
  keyBytesMax: OPTIONS.keyBytesMax.default,
  valueBytesMax: OPTIONS.valueBytesMax.default,
  transactionBytesMax: OPTIONS.transactionBytesMax.default,
};

export class Bench {
  readonly keyspace = new MemoryKeyspace();
  /** Of all blocks that are sealed. */
  readonly log: Command[] = [];
  nowMs = 1_000_000;
  limits = DEFAULT_LIMITS;
  /** Whether each operation gets a block of its own; else `seal` ends one. */
  sealEach = true;
  #view: MemoryView | undefined;

  run<K extends OperationKind>(operation: Operation & { readonly kind: K }): ReplyTo<K>;
  run(operation: Operation): Reply;
  run(operation: Operation): Reply {
    validate(operation, this.limits);
    this.#view ??= new MemoryView(this.keyspace, this.nowMs, this.limits);
    const { commands } = this.#view;
    const before = [...commands];
    this.#view.prepare(keysRead(operation));
    try {
      const reply = execute(operation, this.#view);
      assert(isWrite(operation) || commands.length === before.length, `${operation.kind} said that it does not write`);
      return reply;
    } catch (error) {
      assert.deepEqual(commands, before, 'a refused operation left its traces');
      throw error;
    } finally {
      if (this.sealEach) this.seal();
    }
  }

  seal(): void {
    for (const command of this.#view?.commands ?? []) {
      this.keyspace.apply(command);
      this.log.push(command);
    }
    this.#view = undefined;
  }

  /** What is logged, and what waits to be in the block that is open. */
  commands(): readonly Command[] {
    return [...this.log, ...(this.#view?.commands ?? [])];
  }

  /** The refusal of an operation that must be refused. */
  refused(operation: Operation): HeadwaterError {
    const length = this.log.length;
    try {
      this.run(operation);
    } catch (error) {
      assert(error instanceof HeadwaterError, String(error));
      assert.equal(this.log.length, length);
      return error;
    }
    return assert.fail(`${operation.kind} was not refused`);
  }

  code(operation: Operation): ErrorCode {
    return this.refused(operation).code;
  }

  /** What the operation logs. */
  logs(operation: Operation): string[] {
    const length = this.log.length;
    this.run(operation);
    return this.log.slice(length).map(noted);
  }

  set(key: string, value: string, ttlMs?: number): void {
    const expiry = ttlMs === undefined ? undefined : { ttlMs };
    this.run({ kind: 'set', key: b(key), value: b(value), expiry });
  }

  get(key: string): string | undefined {
    return this.run({ kind: 'get', key: b(key) }).value?.toString('latin1');
  }

  /** A key of a type that no command here works on, as collections will be. */
  putOtherType(key: string, expiresAtMs = 0): void {
    const command: Command = { kind: 'put', key: b(key), value: b('members'), expiresAtMs, type: 9 };
    this.keyspace.apply(command);
    this.log.push(command);
  }
}

function noted(command: Command): string {
  return (command.joined === true ? '+' : '') + plainlyNoted(command);
}

function plainlyNoted(command: Command): string {
  switch (command.kind) {
    case 'put': {
      const expiry = command.expiresAtMs === 0 ? '' : ` @${command.expiresAtMs}`;
      return `put ${command.key.toString('latin1')}=${command.value.toString('latin1')}${expiry}`;
    }
    case 'del':
      return `del ${command.key.toString('latin1')}`;
    case 'touch':
      return `touch ${command.key.toString('latin1')} @${command.expiresAtMs}`;
    case 'clear':
      return 'clear';
    case 'message':
      return `message ${command.channel.toString('latin1')}`;
  }
}
