/**
 * The requests of clients (`Operation`) and the answers (`Reply`), free of any wire format: commands/ executes them,
 * protobuf/ translates them. An operation becomes zero or more logged commands.
 */
import type { HeadwaterError } from '../base/errors.js';

/** A new expiry: `ttlMs` milliseconds from now on, or at `expiresAtMs`, in milliseconds since the epoch. */
export type NewExpiry = { readonly ttlMs: number } | { readonly expiresAtMs: number };

/** The type of a value: `string`. A type of a newer node that this version does not know is `unknown`. */
export type ValueType = 'string' | 'unknown';

/** The condition of a `set`: no such key, or such a key. */
export type SetCondition = 'if_absent' | 'if_present';
/**
 * The condition of an `expire`, which compares with the expiry that the key has now. A key that never expires has the
 * latest expiry of all. `if_any_and_earlier` also asks that the key has an expiry.
 */
export type ExpireCondition = 'if_none' | 'if_any' | 'if_later' | 'if_earlier' | 'if_any_and_earlier';

/** The operation `set`. */
export interface SetOperation {
  readonly kind: 'set';
  /** The key. */
  readonly key: Buffer;
  /** The new value. */
  readonly value: Buffer;
  /** The new expiry. `keep` keeps the old one. Without it, the key never expires. */
  readonly expiry?: NewExpiry | 'keep' | undefined;
  /** The condition of the write. */
  readonly condition?: SetCondition | undefined;
  /** Returns the value that was there before. False by default. */
  readonly returnOld?: boolean | undefined;
}

/** A key and its new value, of a `multiSet`. */
export interface KeyAndValue {
  /** The key. */
  readonly key: Buffer;
  /** The new value. */
  readonly value: Buffer;
}

/** A bit. Bit 0 of a value is the highest bit of its first byte. */
export type Bit = 0 | 1;

/** The unit of positions: `byte`, the default, or `bit`. */
export type BitUnit = 'byte' | 'bit';

/** A range of a value in bytes or bits. Both ends are included, and count from the end if they are negative. */
export interface BitRange {
  /** The first position. */
  readonly start: number;
  /** The last position. */
  readonly end: number;
  /** The unit of both. `byte` by default. */
  readonly unit?: BitUnit | undefined;
}

/** The operation `bitPosition`. */
export interface BitPositionOperation {
  readonly kind: 'bitPosition';
  /** The key. */
  readonly key: Buffer;
  /** The bit that is looked for. */
  readonly bit: Bit;
  /** The first position. The beginning of the value by default. */
  readonly start?: number | undefined;
  /**
   * The last position. Without it, the range goes to the end of the value, and zero bits follow there: a search for a 0
   * in ones ends behind the value.
   */
  readonly end?: number | undefined;
  /** The unit of both positions. `byte` by default. */
  readonly unit?: BitUnit | undefined;
}

/** The operator of a `bitOperation`. `not` takes one key. */
export type BitOperator = 'and' | 'or' | 'xor' | 'not';

/**
 * The handling of a result that does not fit into the field of a step: the field keeps the low bits, takes the limit, or
 * stays as it is.
 */
export type BitOverflow = 'wrap' | 'saturate' | 'fail';

/** The field that a step of a `bitField` works on. */
export interface BitFieldPlace {
  /** True for a field with a sign, of 1 to 64 bits. False for one without a sign, of 1 to 63 bits. */
  readonly signed: boolean;
  /** The number of bits. */
  readonly bits: number;
  /** The position of the first bit. */
  readonly offset: number;
}

/**
 * A step of a `bitField`: reads a field, sets it to `value`, or adds `by` to it. `overflow` is `wrap` by default.
 */
export type BitFieldStep = BitFieldPlace &
  (
    | { readonly action: 'get' }
    | { readonly action: 'set'; readonly value: bigint; readonly overflow?: BitOverflow | undefined }
    | { readonly action: 'increment'; readonly by: bigint; readonly overflow?: BitOverflow | undefined }
  );

/** The result of a `longestCommonSubsequence`: the subsequence, its length, or the ranges that match. */
export type SubsequenceResult = 'text' | 'length' | 'matches';

/** The operation `longestCommonSubsequence`. */
export interface LongestCommonSubsequenceOperation {
  readonly kind: 'longestCommonSubsequence';
  /** The first key. */
  readonly key: Buffer;
  /** The second key. */
  readonly otherKey: Buffer;
  /** The form of the result. `text` by default. */
  readonly result?: SubsequenceResult | undefined;
  /** Leaves out matches of fewer bytes. 0 by default. */
  readonly minMatchLength?: number | undefined;
}

/**
 * A condition of a transaction about one `key`. The `test` is `exists`, `absent`, `version` or `value`. The `version`
 * is the offset of the key's last write, as `getVersioned` returns it. The `value` is the whole value.
 */
export type Condition = { readonly key: Buffer } & (
  | { readonly test: 'exists' | 'absent' }
  | { readonly test: 'version'; readonly version: number }
  | { readonly test: 'value'; readonly value: Buffer }
);

/**
 * The handling of a refused operation in a transaction. `undo` refuses the whole transaction, of which nothing takes
 * effect. `keep` makes the refusal the reply of its operation. That operation writes nothing, and the others take effect
 * together.
 */
export type OnRefusal = 'undo' | 'keep';

/** The operation `transact`. */
export interface TransactOperation {
  readonly kind: 'transact';
  /** The conditions that must all hold. */
  readonly conditions: readonly Condition[];
  /** The operations, in order. */
  readonly operations: readonly Operation[];
  /** The handling of a refused operation. `undo` by default. */
  readonly onRefusal?: OnRefusal | undefined;
}

/**
 * An operation, as the protocol has it, by its `kind`. `key` and `keys` name keys, `newKey` is the name after a
 * `rename` or `copy`, and `value` is the written value. `by` is the summand, for `incrementFloat` as a number or as
 * decimal text. With `longDouble`, the sum has the digits of Redis, which adds in a binary format. `start` and `end` are
 * positions in bytes, both included, and count from the end if they are negative.
 * `expiry` is the new expiry, `condition` the condition of an `expire`. `ifAbsent` renames only if the new key does not
 * exist, and sets several keys only if none exists. `entries` are keys with their new values. `replace` copies over an
 * existing new key. `message` comes back from a `ping`.
 *
 * `offset` is the position of a bit, and `bit` its new value. Ones are counted within the `range`. The `keys` of a
 * `bitOperation` are the operands of its `operator`, and `key` is the destination. `steps` are those of a `bitField`.
 */
export type Operation =
  | { readonly kind: 'get'; readonly key: Buffer }
  | { readonly kind: 'multiGet'; readonly keys: readonly Buffer[] }
  | SetOperation
  | { readonly kind: 'delete'; readonly keys: readonly Buffer[] }
  | { readonly kind: 'exists'; readonly keys: readonly Buffer[] }
  | { readonly kind: 'increment'; readonly key: Buffer; readonly by: bigint }
  | {
      readonly kind: 'incrementFloat';
      readonly key: Buffer;
      readonly by: number | string;
      readonly longDouble?: boolean | undefined;
    }
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
  | { readonly kind: 'multiSet'; readonly entries: readonly KeyAndValue[]; readonly ifAbsent?: boolean | undefined }
  | { readonly kind: 'copy'; readonly key: Buffer; readonly newKey: Buffer; readonly replace?: boolean | undefined }
  | { readonly kind: 'getBit'; readonly key: Buffer; readonly offset: number }
  | { readonly kind: 'setBit'; readonly key: Buffer; readonly offset: number; readonly bit: Bit }
  | { readonly kind: 'bitCount'; readonly key: Buffer; readonly range?: BitRange | undefined }
  | BitPositionOperation
  | {
      readonly kind: 'bitOperation';
      readonly operator: BitOperator;
      readonly key: Buffer;
      readonly keys: readonly Buffer[];
    }
  | { readonly kind: 'bitField'; readonly key: Buffer; readonly steps: readonly BitFieldStep[] }
  | LongestCommonSubsequenceOperation
  | { readonly kind: 'flushAll' }
  | { readonly kind: 'ping'; readonly message: Buffer }
  | TransactOperation;

/** The name of an operation. */
export type OperationKind = Operation['kind'];

/** The reply to `get`. */
export interface GetReply {
  readonly kind: 'get';
  /** The value, undefined if there is no such key. */
  readonly value: Buffer | undefined;
  /** The offset of the key's last write; 0 if there is no such key. */
  readonly version: number;
}

/** The reply to `transact`. */
export interface TransactReply {
  readonly kind: 'transact';
  /** False if a condition did not hold. */
  readonly committed: boolean;
  /** The reply to each operation, in order. Only a transaction that keeps refusals has errors among them. */
  readonly replies: readonly Reply[];
  /** The index of the first condition that did not hold. */
  readonly failedCondition?: number | undefined;
}

/** A range of bytes. Both ends are included. */
export interface ByteRange {
  /** The first byte. */
  readonly start: number;
  /** The last byte. */
  readonly end: number;
}

/** Two ranges of the same bytes, one in each value. */
export interface SubsequenceMatch {
  /** The range in the value of the first key. */
  readonly range: ByteRange;
  /** The range in the value of the second key. */
  readonly otherRange: ByteRange;
}

/** The reply to `longestCommonSubsequence`. */
export interface LongestCommonSubsequenceReply {
  readonly kind: 'longestCommonSubsequence';
  /** The length of the subsequence in bytes. */
  readonly length: number;
  /** The subsequence, if `text` was asked for. */
  readonly value?: Buffer | undefined;
  /** The matches, the last first, if `matches` was asked for. Else empty. */
  readonly matches: readonly SubsequenceMatch[];
}

/** The reply to an operation that failed. */
export interface ErrorReply {
  readonly kind: 'error';
  /** The reason of the failure. */
  readonly error: HeadwaterError;
}

/**
 * The reply to an operation, by the `kind` of the operation, or an error. `value` and `values` are values, undefined
 * for a missing key, and the sum of an increment. `oldValue` is the value before the write. `applied` is false if a
 * condition did not hold. `deleted` and `existing` count keys, `bits` counts ones, and `length` counts bytes. `exists`
 * is false for a missing key. `ttlMs` are milliseconds from now on, `expiresAtMs` milliseconds since the epoch. `type`
 * is the type of the value, or `none`. `message` is that of the `ping`.
 *
 * `bit` is the bit that was there. `position` is undefined if no such bit was found. The `values` of a `bitField` are
 * numbers, undefined for a step that failed by overflow.
 */
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
  | { readonly kind: 'type'; readonly type: ValueType | 'none' }
  | { readonly kind: 'multiSet'; readonly applied: boolean }
  | { readonly kind: 'copy'; readonly applied: boolean }
  | { readonly kind: 'getBit'; readonly bit: Bit }
  | { readonly kind: 'setBit'; readonly bit: Bit }
  | { readonly kind: 'bitCount'; readonly bits: number }
  | { readonly kind: 'bitPosition'; readonly position: number | undefined }
  | { readonly kind: 'bitOperation'; readonly length: number }
  | { readonly kind: 'bitField'; readonly values: ReadonlyArray<bigint | undefined> }
  | LongestCommonSubsequenceReply
  | { readonly kind: 'flushAll' }
  | { readonly kind: 'ping'; readonly message: Buffer }
  | TransactReply
  | ErrorReply;

/** The reply that an operation of this `kind` gets, if it gets no error. */
export type ReplyTo<K extends OperationKind> = Extract<Reply, { kind: K }>;

/** A value as a client holds it before it is written into a message. Text is not converted to separate bytes first. */
export type Outgoing<T> = T extends Uint8Array
  ? string | Uint8Array
  : T extends object
    ? { readonly [P in keyof T]: Outgoing<T[P]> }
    : T;

/** An operation with keys and values as text or bytes. */
export type OutgoingOperation = Outgoing<Operation>;

/** The operation of one `kind`, with keys and values as text or bytes. */
export type OutgoingOf<K extends OperationKind> = Extract<OutgoingOperation, { readonly kind: K }>;
