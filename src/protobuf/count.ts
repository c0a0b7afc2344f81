/**
 * Counts the keys, conditions and inner operations of one operation in its bytes, before it is decoded. A key takes two
 * bytes of a message and more than a hundred in memory. So a message of empty keys could fill fifty times its size.
 */
import $protobuf from 'protobufjs/minimal.js';
import { HeadwaterError } from '../base/errors.js';
import { OPERATION_KEYS_MAX } from '../base/limits.js';
import type { OperationKind } from '../model/operation.js';

const { Reader } = $protobuf;
type PbReader = InstanceType<typeof Reader>;

/** A key has a tag and a length, so a shorter operation need not be counted. */
const UNCOUNTED_BYTES_MAX = 2 * OPERATION_KEYS_MAX;

const LENGTH_DELIMITED = 2;
/** The field of the keys, entries or steps in the messages whose kinds have many of them. */
const LIST_FIELDS: { readonly [K in OperationKind]?: number } = {
  multiGet: 1,
  delete: 1,
  exists: 1,
  multiSet: 1,
  bitOperation: 2,
  bitField: 2,
};
/** The field numbers in TransactRequest. */
const CONDITIONS_FIELD = 1;
const OPERATIONS_FIELD = 2;

/** The fields of Operation whose messages hold many keys. The others hold a few at most. */
const KIND_OF_FIELD: Readonly<Record<number, OperationKind>> = {
  2: 'multiGet',
  4: 'delete',
  5: 'exists',
  21: 'transact',
  22: 'multiSet',
  28: 'bitOperation',
  29: 'bitField',
};

/**
 * Checks the bytes of a request of a unary call.
 * @throws HeadwaterError `invalid_argument` if the request holds more than OPERATION_KEYS_MAX.
 */
export function checkRequestCount(kind: OperationKind, bytes: Uint8Array): void {
  if (bytes.length > UNCOUNTED_BYTES_MAX) check(bytes, (reader) => countRequest(kind, reader, reader.len));
}

/** Checks an Operation in `bytes` in the same way. */
export function checkOperationCount(bytes: Uint8Array, start: number, end: number): void {
  if (end - start > UNCOUNTED_BYTES_MAX)
    check(bytes.subarray(start, end), (reader) => countOperation(reader, reader.len));
}

function check(bytes: Uint8Array, count: (reader: PbReader) => number): void {
  let received: number;
  try {
    received = count(Reader.create(bytes));
  } catch {
    // Bytes that are no message pass here. The decoder reports what is wrong with them.
    return;
  }
  if (received <= OPERATION_KEYS_MAX) return;
  throw new HeadwaterError(
    'invalid_argument',
    `one operation: expected at most ${OPERATION_KEYS_MAX} keys, conditions and inner operations, received ${received}`,
  );
}

function countOperation(reader: PbReader, end: number): number {
  return sumOfFields(reader, end, (field, fieldEnd) => {
    const kind = KIND_OF_FIELD[field];
    return kind ? countRequest(kind, reader, fieldEnd) : 0;
  });
}

function countRequest(kind: OperationKind, reader: PbReader, end: number): number {
  if (kind === 'transact') {
    return sumOfFields(reader, end, (field, fieldEnd) => {
      if (field === OPERATIONS_FIELD) return 1 + countOperation(reader, fieldEnd);
      return field === CONDITIONS_FIELD ? 1 : 0;
    });
  }
  const list = LIST_FIELDS[kind];
  if (list === undefined) return 0;
  return sumOfFields(reader, end, (field) => (field === list ? 1 : 0));
}

/** Adds the results of `count` for the length-delimited fields up to `end`. */
function sumOfFields(reader: PbReader, end: number, count: (field: number, fieldEnd: number) => number): number {
  let sum = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    const wireType = tag & 7;
    if (wireType !== LENGTH_DELIMITED) {
      reader.skipType(wireType);
      continue;
    }
    const length = reader.uint32();
    const fieldEnd = reader.pos + length;
    sum += count(tag >>> 3, fieldEnd);
    reader.pos = fieldEnd;
  }
  return sum;
}
