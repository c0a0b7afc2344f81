/**
 * The nouns of a write. A `Command` is the logged form: absolute, idempotent, reading no other key. An `Entry` is the
 * content of a key. Both may be views into a larger buffer (a block, a message); code that keeps one for long says so.
 */
import type { HeadwaterError } from '../base/errors.js';
import { unknownFormat } from '../base/unknown-format.js';

/** Types of a key, as they stand in records and on the wire. */
export const TYPE_STRING = 0;
/** A record of the node itself, under a reserved key (base/reserved-keys.ts). */
export const TYPE_RESERVED = 1;
/** A node takes no record of a later type: it would keep the record, and not do what the type is for. */
export const TYPE_NEWEST = 1;

/** The refusal of a record of a later type. @param subject what has the type. */
export function unknownType(subject: string, type: number): HeadwaterError {
  const read = Array.from({ length: TYPE_NEWEST + 1 }, (_, known) => known);
  return unknownFormat({ subject, name: 'record type', found: type, read, remedy: 'Update this node' });
}

/** A logged write, by its `kind`. */
export type Command = (
  | {
      readonly kind: 'put';
      readonly key: Buffer;
      readonly value: Buffer;
      readonly expiresAtMs: number;
      readonly type: number;
    }
  | { readonly kind: 'del'; readonly key: Buffer }
  | { readonly kind: 'touch'; readonly key: Buffer; readonly expiresAtMs: number }
  | { readonly kind: 'clear' }
  | { readonly kind: 'message'; readonly channel: Buffer; readonly data: Buffer }
) & {
  /** Whether the command is in one transaction with the command before it. */
  joined?: boolean;
};

/** The content of a key. */
export interface Entry {
  readonly type: number;
  readonly value: Buffer;
  /** Milliseconds since the epoch; 0 = never. */
  readonly expiresAtMs: number;
  /** The offset of the key's last write. */
  readonly version: number;
}

/** Whether an entry has expired. An expired entry is hidden from every reader, whether or not it is deleted yet. */
export function isExpired(expiresAtMs: number, nowMs: number): boolean {
  return expiresAtMs !== 0 && expiresAtMs <= nowMs;
}

/**
 * Receives the commands of a payload in order. Positions are into the buffer that was read, end exclusive. `index`
 * counts from 0.
 */
export interface CommandVisitor {
  put(
    index: number,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    expiresAtMs: number,
    type: number,
  ): void;
  del(index: number, keyStart: number, keyEnd: number): void;
  touch(index: number, keyStart: number, keyEnd: number, expiresAtMs: number): void;
  clear(index: number): void;
  message(index: number, channelStart: number, channelEnd: number, dataStart: number, dataEnd: number): void;
  /** Called after the command that is joined. */
  joined?(index: number): void;
}
