/**
 * Executes operations that only read on the keyspace as of one moment, beside the writer. They see appended and applied
 * commands, and no pending ones.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { HeadwaterError } from '../base/errors.js';
import { InvariantViolation, invariant } from '../base/invariant.js';
import { keyName } from '../base/key-name.js';
import { READ_BYTES_MAX, TURN_STEPS_MAX } from '../base/limits.js';
import { keysRead, readsValues, replyOf } from '../commands/execute.js';
import type { Limits, View } from '../commands/view.js';
import type { Found } from '../keyspace/cold-read.js';
import type { Keyspace } from '../keyspace/keyspace.js';
import { type Entry, isExpired } from '../model/command.js';
import type { Operation, Reply } from '../model/operation.js';

/**
 * Returns replies in order. All replies of one call are of one state of the keyspace. An operation that needs a damaged
 * record is refused with `corrupt`; the others get their answers.
 * @param replyBytesMax the approximate number of bytes to read from disk. If the operations ask for more, the last
 * ones, whose keys have not all been read by then, get no reply. The same holds for those behind an operation that took
 * long: the promise then resolves in a later turn. The first is always answered.
 */
export function readAll(
  operations: readonly Operation[],
  keyspace: Keyspace,
  nowMs: number,
  limits: Limits,
  replyBytesMax = READ_BYTES_MAX,
): Reply[] | Promise<Reply[]> {
  const keys: Buffer[] = [];
  for (const operation of operations) {
    if (operation.kind === 'get') keys.push(operation.key);
    else for (const key of keysRead(operation)) keys.push(key);
  }
  const reading = keyspace.read(keys, { bytesMax: replyBytesMax, needsValue: valuesNeeded(operations) });
  if (!(reading instanceof Promise)) return replies(operations, keys, reading, nowMs, limits);
  return reading.then(async (found) => {
    const answered = await replies(operations, keys, found, nowMs, limits);
    if (answered.length > 0 || operations.length === 0) return answered;
    if (replyBytesMax >= READ_BYTES_MAX) return [{ kind: 'error', error: readsTooMuch() }];
    return readAll(operations.slice(0, 1), keyspace, nowMs, limits, READ_BYTES_MAX);
  });
}

/**
 * Tells for each of the keys that the operations read, in order, whether its value is needed. The list is made only at
 * the first call.
 */
function valuesNeeded(operations: readonly Operation[]): (index: number) => boolean {
  let needed: boolean[] | undefined;
  return (index) => {
    needed ??= operations.flatMap((operation) => keysRead(operation).map(() => readsValues(operation)));
    return needed[index] as boolean;
  };
}

/** The error of one operation that asks for more values than may be in memory at once. */
export function readsTooMuch(): HeadwaterError {
  return new HeadwaterError(
    'too_large',
    `expected an operation to read at most ${READ_BYTES_MAX} bytes of values, this operation would read more. Ask for fewer keys at a time`,
  );
}

function replies(
  operations: readonly Operation[],
  keys: readonly Buffer[],
  { entries, count, damaged }: Found,
  nowMs: number,
  limits: Limits,
): Reply[] | Promise<Reply[]> {
  const answered: Reply[] = [];
  let at = 0;
  let steps = 0;
  for (const operation of operations) {
    const first = at;
    at += operation.kind === 'get' ? 1 : keysRead(operation).length;
    if (at > count) break;
    const error = damaged && firstWithin(damaged, first, at);
    if (error) answered.push({ kind: 'error', error });
    // The everyday read, without a view.
    else if (operation.kind === 'get') answered.push(getReply(entries[first], nowMs));
    else {
      const view = new StillView(nowMs, limits, keys.slice(first, at), entries.slice(first, at));
      answered.push(replyOf(operation, view));
      steps += view.steps;
      if (steps >= TURN_STEPS_MAX) return nextTurn(answered);
    }
  }
  return answered;
}

function firstWithin(
  damaged: ReadonlyMap<number, HeadwaterError>,
  start: number,
  end: number,
): HeadwaterError | undefined {
  for (let index = start; index < end; index++) {
    const error = damaged.get(index);
    if (error) return error;
  }
  return undefined;
}

function getReply(entry: Entry | undefined, nowMs: number): Reply {
  if (!entry || isExpired(entry.expiresAtMs, nowMs)) return { kind: 'get', value: undefined, version: 0 };
  if (entry.type !== 0)
    return { kind: 'error', error: new HeadwaterError('wrong_type', 'the value of the key is not a string') };
  return { kind: 'get', value: entry.value, version: entry.version };
}

/** A view of some keys that nobody writes to. */
class StillView implements View {
  readonly nowMs: number;
  readonly limits: Limits;
  /** The work that the operation has noted. */
  steps = 0;
  readonly #entries = new Map<string, Entry | undefined>();

  constructor(nowMs: number, limits: Limits, keys: readonly Buffer[], entries: ReadonlyArray<Entry | undefined>) {
    this.nowMs = nowMs;
    this.limits = limits;
    for (let i = 0; i < keys.length; i++) this.#entries.set(keyName(keys[i] as Buffer), entries[i]);
  }

  get(key: Buffer): Entry | undefined {
    const name = keyName(key);
    const entry = this.#entries.get(name);
    invariant(entry !== undefined || this.#entries.has(name), 'an operation reads only the keys that it announced');
    return entry && isExpired(entry.expiresAtMs, this.nowMs) ? undefined : entry;
  }

  work(steps: number): void {
    this.steps += steps;
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
