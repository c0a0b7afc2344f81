/**
 * The requests of clients (`Operation`) and the answers (`Reply`), free of any wire format: commands/ executes them,
 * protobuf/ translates them. An operation becomes zero or more logged commands.
 */
import type { HeadwaterError } from '../base/errors.js';

/** A new expiry, in relative or absolute milliseconds. */
export type NewExpiry = { readonly ttlMs: number } | { readonly expiresAtMs: number };

export type SetCondition = 'if_absent' | 'if_present';
export type ExpireCondition = 'if_none' | 'if_any' | 'if_later' | 'if_earlier';

export interface SetOperation {
  readonly kind: 'set';
  readonly key: Buffer;
  readonly value: Buffer;
  readonly expiry?: NewExpiry | 'keep' | undefined;
  readonly condition?: SetCondition | undefined;
  readonly returnOld?: boolean | undefined;
}

export type Condition = { readonly key: Buffer } & (
  | { readonly test: 'exists' | 'absent' }
  | { readonly test: 'version'; readonly version: number }
  | { readonly test: 'value'; readonly value: Buffer }
);

export interface TransactOperation {
  readonly kind: 'transact';
  readonly conditions: readonly Condition[];
  readonly operations: readonly Operation[];
}

export type Operation =
  | { readonly kind: 'get'; readonly key: Buffer }
  | { readonly kind: 'multiGet'; readonly keys: readonly Buffer[] }
  | SetOperation
  | { readonly kind: 'delete'; readonly keys: readonly Buffer[] }
  | { readonly kind: 'exists'; readonly keys: readonly Buffer[] }
  | { readonly kind: 'increment'; readonly key: Buffer; readonly by: bigint }
  | { readonly kind: 'incrementFloat'; readonly key: Buffer; readonly by: number }
  | { readonly kind: 'append'; readonly key: Buffer; readonly value: Buffer }
  | { readonly kind: 'stringLength'; readonly key: Buffer }
  | { readonly kind: 'getRange'; readonly key: Buffer; readonly start: number; readonly end: number }
  | { readonly kind: 'setRange'; readonly key: Buffer; readonly start: number; readonly value: Buffer }
  | { readonly kind: 'getDelete'; readonly key: Buffer }
  | { readonly kind: 'getExpire'; readonly key: Buffer; readonly expiry?: NewExpiry | 'persist' | undefined }
  | { readonly kind: 'timeToLive'; readonly key: Buffer }
  | {
      readonly kind: 'expire';
      readonly key: Buffer;
      readonly expiry: NewExpiry;
      readonly condition?: ExpireCondition | undefined;
    }
  | { readonly kind: 'persist'; readonly key: Buffer }
  | { readonly kind: 'rename'; readonly key: Buffer; readonly newKey: Buffer; readonly ifAbsent?: boolean | undefined }
  | { readonly kind: 'type'; readonly key: Buffer }
  | { readonly kind: 'flushAll' }
  | { readonly kind: 'ping'; readonly message: Buffer }
  | TransactOperation;

export type OperationKind = Operation['kind'];

export interface GetReply {
  readonly kind: 'get';
  readonly value: Buffer | undefined;
  /** The offset of the key's last write; 0 if there is no such key. */
  readonly version: number;
}

export interface TransactReply {
  readonly kind: 'transact';
  readonly committed: boolean;
  readonly replies: readonly Reply[];
  readonly failedCondition?: number | undefined;
}

export interface ErrorReply {
  readonly kind: 'error';
  readonly error: HeadwaterError;
}

export type Reply =
  | GetReply
  | { readonly kind: 'multiGet'; readonly values: readonly GetReply[] }
  | { readonly kind: 'set'; readonly applied: boolean; readonly oldValue?: Buffer | undefined }
  | { readonly kind: 'delete'; readonly deleted: number }
  | { readonly kind: 'exists'; readonly existing: number }
  | { readonly kind: 'increment'; readonly value: bigint }
  | { readonly kind: 'incrementFloat'; readonly value: string }
  | { readonly kind: 'append'; readonly length: number }
  | { readonly kind: 'stringLength'; readonly length: number }
  | { readonly kind: 'getRange'; readonly value: Buffer }
  | { readonly kind: 'setRange'; readonly length: number }
  | { readonly kind: 'getDelete'; readonly value: Buffer | undefined }
  | { readonly kind: 'getExpire'; readonly value: Buffer | undefined }
  | {
      readonly kind: 'timeToLive';
      readonly exists: boolean;
      readonly ttlMs?: number | undefined;
      readonly expiresAtMs?: number | undefined;
    }
  | { readonly kind: 'expire'; readonly applied: boolean }
  | { readonly kind: 'persist'; readonly applied: boolean }
  | { readonly kind: 'rename'; readonly applied: boolean }
  | { readonly kind: 'type'; readonly type: string }
  | { readonly kind: 'flushAll' }
  | { readonly kind: 'ping'; readonly message: Buffer }
  | TransactReply
  | ErrorReply;

/** The replies that an operation of one kind may get, beside an error. */
export type ReplyTo<K extends OperationKind> = Extract<Reply, { kind: K }>;

/** A value as a client holds it before it is written into a message. Text is not converted to separate bytes first. */
export type Outgoing<T> = T extends Uint8Array
  ? string | Uint8Array
  : T extends object
    ? { readonly [P in keyof T]: Outgoing<T[P]> }
    : T;

export type OutgoingOperation = Outgoing<Operation>;
