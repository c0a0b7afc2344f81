/** The commands of Redis by the operations that they become, for sentences about their arguments. */
import type { Operation, OperationKind } from '../../model/operation.js';

const NAMES: { readonly [K in OperationKind]: string } = {
  get: 'GET',
  multiGet: 'MGET',
  set: 'SET',
  delete: 'DEL or UNLINK',
  exists: 'EXISTS or TOUCH',
  increment: 'INCRBY',
  incrementFloat: 'INCRBYFLOAT',
  append: 'APPEND',
  stringLength: 'STRLEN',
  getRange: 'GETRANGE',
  setRange: 'SETRANGE',
  getDelete: 'GETDEL',
  getExpire: 'GETEX',
  timeToLive: 'TTL',
  expire: 'EXPIRE',
  persist: 'PERSIST',
  rename: 'RENAME',
  type: 'TYPE',
  multiSet: 'MSET',
  copy: 'COPY',
  getBit: 'GETBIT',
  setBit: 'SETBIT',
  bitCount: 'BITCOUNT',
  bitPosition: 'BITPOS',
  bitOperation: 'BITOP',
  bitField: 'BITFIELD',
  longestCommonSubsequence: 'LCS',
  flushAll: 'FLUSHALL',
  ping: 'PING',
  transact: 'EXEC',
};

/** The message of an error, with the name of the command where Headwater has the name of the operation. */
export function inRedisWords(message: string, operation: Operation): string {
  const { kind } = operation;
  if (!message.startsWith(`${kind}: `)) return message;
  const name = kind === 'multiSet' && operation.ifAbsent === true ? 'MSETNX' : NAMES[kind];
  return name + message.slice(kind.length);
}
