/**
 * A keyspace and a view of it in memory, for tests of commands: the keyspace
 * applies logged commands blindly, as the real one does, and the view gathers
 * what an operation writes. The view insists that an operation asks for no key
 * that it did not name beforehand.
 */
import assert from 'node:assert/strict';
import type { Limits, View } from '../../src/commands/view.js';
import { type Command, type Entry, isExpired } from '../../src/model/command.js';

const nameOf = (key: Buffer): string => key.toString('latin1');

export class MemoryKeyspace {
  /** By the key's bytes as latin1; expired entries included until something deletes them. */
  readonly entries: Map<string, Entry>;
  /** Of the last command applied. */
  offset: number;

  constructor(entries: Iterable<[string, Entry]> = [], offset = 0) {
    this.entries = new Map(entries);
    this.offset = offset;
  }

  copy(): MemoryKeyspace {
    return new MemoryKeyspace(this.entries, this.offset);
  }

  /** Applies what is logged at the offset after the last one. */
  apply(command: Command): void {
    this.offset += 1;
    if (command.kind === 'clear') this.entries.clear();
    if (command.kind === 'clear' || command.kind === 'message') return;
    const name = nameOf(command.key);
    if (command.kind === 'put') {
      const { value, expiresAtMs, type } = command;
      this.entries.set(name, { value, expiresAtMs, type, version: this.offset });
    } else if (command.kind === 'del') {
      this.entries.delete(name);
    } else {
      const entry = this.entries.get(name);
      if (entry === undefined) return;
      this.entries.set(name, { ...entry, expiresAtMs: command.expiresAtMs, version: this.offset });
    }
  }

  /** Applies the commands that follow `offset` once more, as a restart or a catching-up follower does. */
  replay(offset: number, commands: readonly Command[]): void {
    this.offset = offset;
    for (const command of commands) this.apply(command);
  }

  get(key: Buffer, nowMs: number): Entry | undefined {
    const entry = this.entries.get(nameOf(key));
    return entry === undefined || isExpired(entry.expiresAtMs, nowMs) ? undefined : entry;
  }

  /** What a reader can see, for comparisons: one line a key, in key order. */
  visible(nowMs: number): string[] {
    const lines: string[] = [];
    for (const [name, { value, expiresAtMs, type, version }] of this.entries) {
      if (isExpired(expiresAtMs, nowMs)) continue;
      lines.push(`${name}=${value.toString('latin1')} type ${type} expires ${expiresAtMs} version ${version}`);
    }
    return lines.sort();
  }
}

export class MemoryView implements View {
  readonly nowMs: number;
  readonly limits: Limits;
  /** What was written through this view and not rolled back. */
  readonly commands: Command[] = [];
  readonly #base: MemoryKeyspace;
  #readable: ReadonlySet<string> = new Set();
  #state: MemoryKeyspace;

  constructor(base: MemoryKeyspace, nowMs: number, limits: Limits) {
    this.nowMs = nowMs;
    this.limits = limits;
    this.#base = base;
    this.#state = base.copy();
  }

  /** Says which keys the next operation has named. */
  prepare(keysRead: readonly Buffer[]): void {
    this.#readable = new Set(keysRead.map(nameOf));
  }

  get(key: Buffer): Entry | undefined {
    assert(this.#readable.has(nameOf(key)), `key ${nameOf(key)} was read, and keysRead did not name it`);
    return this.#state.get(key, this.nowMs);
  }

  work(): void {}

  put(key: Buffer, value: Buffer, expiresAtMs: number, type: number): void {
    this.#log({ kind: 'put', key, value, expiresAtMs, type });
  }

  del(key: Buffer): void {
    this.#log({ kind: 'del', key });
  }

  touch(key: Buffer, expiresAtMs: number): void {
    this.#log({ kind: 'touch', key, expiresAtMs });
  }

  clear(): void {
    this.#log({ kind: 'clear' });
  }

  savepoint(): number {
    return this.commands.length;
  }

  rollback(savepoint: number): void {
    this.commands.length = savepoint;
    this.#state = this.#base.copy();
    for (const command of this.commands) this.#state.apply(command);
  }

  join(savepoint: number): void {
    for (const command of this.commands.slice(savepoint + 1)) command.joined = true;
  }

  #log(command: Command): void {
    this.commands.push(command);
    this.#state.apply(command);
  }
}
