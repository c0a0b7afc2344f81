/** The items that wait in the writer's queue, and the keys that a pass over them reads. */
import type { HeadwaterError } from '../base/errors.js';
import { BLOCK_COMMANDS_MAX } from '../base/limits.js';
import { keysRead, readsValues } from '../commands/execute.js';
import type { Operation, Reply } from '../model/operation.js';
import type { Position } from '../model/position.js';
import type { ClockStep } from './node-record.js';
import type { RecordChanges, Records } from './reserved-records.js';

/** The answers to operations that were submitted. */
export interface Submitted {
  readonly replies: Reply[];
  /** A position at or after everything that the replies have seen. */
  readonly position: Position;
}

/** Operations of one caller, answered together and in order; a large one may span blocks. */
interface Submission {
  readonly kind: 'operations';
  readonly operations: readonly Operation[];
  readonly bytes: number;
  readonly replies: Reply[];
  /** The index of the first operation that has not been executed. */
  next: number;
  resolve(submitted: Submitted): void;
  reject(error: Error): void;
}

/** Keys to be deleted if they are expired, or to expire earlier. */
interface Expiry {
  readonly kind: 'expiry';
  readonly keys: readonly Buffer[];
  /** Set if the expiry of the keys moves with the clock instead. */
  readonly step: ClockStep | undefined;
  /** Keys that were deleted. */
  deleted: number;
  resolve(deleted: number): void;
  reject(error: Error): void;
}

/** A message that goes into the log, as a command of its own. */
interface Publication {
  readonly kind: 'publication';
  readonly channel: Buffer;
  readonly data: Buffer;
  readonly bytes: number;
  /** The offset of the message, once it stands in a block. */
  offset: number;
  resolve(offset: number): void;
  reject(error: Error): void;
}

/** A change of the records of the node itself. */
interface Decree {
  readonly kind: 'decree';
  /**
   * Returns the changes, given the records at the end of the block so far.
   * @throws HeadwaterError if nothing is to be changed.
   */
  decide(records: Records): RecordChanges;
  readonly bytes: number;
  /** The offset of the last change, once it stands in a block. */
  offset: number;
  /** The reason why nothing was changed. */
  refusal: HeadwaterError | undefined;
  resolve(offset: number): void;
  reject(error: Error): void;
}

/** Work that takes effect between two blocks. */
interface Task {
  readonly kind: 'task';
  /** Bytes that the task keeps in memory while it waits. */
  readonly bytes: number;
  run(): Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

/** Work that takes no time, between two blocks. More of it joins while the item is the last in the queue. */
export interface Notes {
  readonly kind: 'notes';
  readonly tasks: Array<() => void>;
  bytes: number;
  readonly done: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

/** Items that become commands of a block. */
export type Written = Submission | Expiry | Publication | Decree;

export type Item = Written | Task | Notes;

/** True for an item that ends the block before it. */
export function isBetween(item: Item): item is Task | Notes {
  return item.kind === 'task' || item.kind === 'notes';
}

/** Makes an item of a task, and a promise that the task is done. */
export function notesOf(task: () => void, bytes: number): Notes {
  let settle: Pick<Notes, 'resolve' | 'reject'> | undefined;
  const done = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { kind: 'notes', tasks: [task], bytes, done, ...(settle as unknown as Pick<Notes, 'resolve' | 'reject'>) };
}

export function bytesOf(item: Item): number {
  return item.kind === 'expiry' ? 0 : item.bytes;
}

/** The approximate number of commands. */
export function commandsOf(item: Written): number {
  if (item.kind === 'operations') return item.operations.length - item.next;
  return item.kind === 'expiry' ? item.keys.length : 1;
}

const NO_KEYS: readonly Buffer[] = [];

export function keysOf(item: Written): readonly Buffer[] {
  if (item.kind === 'expiry') return item.keys;
  if (item.kind === 'publication' || item.kind === 'decree') return NO_KEYS;
  if (item.operations.length === 1) return keysRead(item.operations[0] as Operation);
  const keys: Buffer[] = [];
  const stop = stopOf(item);
  for (let i = item.next; i < stop; i++) {
    for (const key of keysRead(item.operations[i] as Operation)) keys.push(key);
  }
  return keys;
}

/**
 * The operation before which one pass over a submission stops: a block would not take more, and reading their keys
 * stalls.
 */
export function stopOf(item: Submission): number {
  return Math.min(item.operations.length, item.next + BLOCK_COMMANDS_MAX);
}

/** Tells, as valuesNeeded, which of the keys that a pass over the batch reads need their values. */
export function valuesNeededBy(batch: readonly Written[]): (index: number) => boolean {
  let needed: boolean[] | undefined;
  return (index) => {
    needed ??= batch.flatMap((item) => {
      if (item.kind === 'publication' || item.kind === 'decree') return [];
      if (item.kind === 'expiry') return item.keys.map(() => false);
      const operations = item.operations.slice(item.next, stopOf(item));
      return operations.flatMap((operation) => keysRead(operation).map(() => readsValues(operation)));
    });
    return needed[index] as boolean;
  };
}
