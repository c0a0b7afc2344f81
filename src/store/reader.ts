/**
 * Operations that only read, executed on the keyspace as of one moment, beside
 * the writer. They see what is appended and applied, nothing that is pending.
 */
import { type Entry, isExpired } from '../command.js';
import { execute, keysRead } from '../commands/execute.js';
import type { Limits, View } from '../commands/view.js';
import { HeadwaterError } from '../errors.js';
import { InvariantViolation, invariant } from '../invariant.js';
import type { Keyspace } from '../keyspace/keyspace.js';
import type { Operation, Reply } from '../operation.js';

/** Replies in order; one look at the keyspace serves all the operations. */
export function readAll(
  operations: readonly Operation[],
  keyspace: Keyspace,
  nowMs: number,
  limits: Limits,
): Reply[] | Promise<Reply[]> {
  const keys: Buffer[] = [];
  for (const operation of operations) {
    if (operation.kind === 'get') keys.push(operation.key);
    else for (const key of keysRead(operation)) keys.push(key);
  }
  const entries = keyspace.read(keys);
  const answer = (found: Array<Entry | undefined>) => replies(operations, keys, found, nowMs, limits);
  return Array.isArray(entries) ? answer(entries) : entries.then(answer);
}

function replies(
  operations: readonly Operation[],
  keys: readonly Buffer[],
  entries: ReadonlyArray<Entry | undefined>,
  nowMs: number,
  limits: Limits,
): Reply[] {
  let at = 0;
  return operations.map((operation) => {
    // The everyday read, without a view: its entry is the next one.
    if (operation.kind === 'get') return getReply(entries[at++], nowMs);
    const first = at;
    at += keysRead(operation).length;
    const view = new StillView(nowMs, limits, keys.slice(first, at), entries.slice(first, at));
    try {
      return execute(operation, view);
    } catch (error) {
      if (error instanceof HeadwaterError) return { kind: 'error', error };
      throw error;
    }
  });
}

function getReply(entry: Entry | undefined, nowMs: number): Reply {
  if (!entry || isExpired(entry.expiresAtMs, nowMs)) return { kind: 'get', value: undefined, version: 0 };
  if (entry.type !== 0) return { kind: 'error', error: new HeadwaterError('wrong_type', 'the key holds no string') };
  return { kind: 'get', value: entry.value, version: entry.version };
}

/** A view of some keys that nobody writes to. */
class StillView implements View {
  readonly nowMs: number;
  readonly limits: Limits;
  readonly #entries = new Map<string, Entry | undefined>();

  constructor(nowMs: number, limits: Limits, keys: readonly Buffer[], entries: ReadonlyArray<Entry | undefined>) {
    this.nowMs = nowMs;
    this.limits = limits;
    for (let i = 0; i < keys.length; i++) this.#entries.set((keys[i] as Buffer).toString('latin1'), entries[i]);
  }

  get(key: Buffer): Entry | undefined {
    const name = key.toString('latin1');
    const entry = this.#entries.get(name);
    invariant(entry !== undefined || this.#entries.has(name), 'an operation reads only the keys that it announced');
    return entry && isExpired(entry.expiresAtMs, this.nowMs) ? undefined : entry;
  }

  put = refuse;
  del = refuse;
  touch = refuse;
  clear = refuse;

  /** A transaction that only reads has nothing to undo and nothing to join. */
  savepoint(): number {
    return 0;
  }

  rollback(): void {}

  join(): void {}
}

function refuse(): never {
  throw new InvariantViolation('an operation that only reads has tried to write');
}
