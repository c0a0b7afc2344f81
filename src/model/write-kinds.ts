/**
 * The operations that write, by their kinds. A follower refuses them. A client never sends one again if its outcome is
 * unknown. Node and client judge by this one table. A kind that is not in it does not compile.
 */
import type { OperationKind, OutgoingOf, OutgoingOperation, Reply } from './operation.js';

const always = (): boolean => true;
const never = (): boolean => false;

const WRITES: { readonly [K in OperationKind]: (operation: OutgoingOf<K>) => boolean } = {
  get: never,
  multiGet: never,
  set: always,
  delete: always,
  exists: never,
  increment: always,
  incrementFloat: always,
  append: always,
  stringLength: never,
  getRange: never,
  setRange: always,
  getDelete: always,
  getExpire: ({ expiry }) => expiry !== undefined,
  timeToLive: never,
  expire: always,
  persist: always,
  rename: always,
  type: never,
  multiSet: always,
  copy: always,
  getBit: never,
  setBit: always,
  bitCount: never,
  bitPosition: never,
  bitOperation: always,
  bitField: ({ steps }) => steps.some(({ action }) => action !== 'get'),
  longestCommonSubsequence: never,
  flushAll: always,
  ping: never,
  transact: ({ operations }) => operations.some(isWrite),
};

/** True if the operation may write. */
export function isWrite(operation: OutgoingOperation): boolean {
  // The cast is sound, because the table has the function of each kind under that kind.
  return (WRITES[operation.kind] as (operation: OutgoingOperation) => boolean)(operation);
}

/** True if the reply tells that its operation changed nothing, as a write whose condition did not hold. */
export function hasChangedNothing(reply: Reply): boolean {
  switch (reply.kind) {
    case 'error':
      return true;
    case 'set':
    case 'expire':
    case 'persist':
    case 'rename':
    case 'multiSet':
    case 'copy':
      return !reply.applied;
    case 'delete':
      return reply.deleted === 0;
    case 'getDelete':
    case 'getExpire':
      return reply.value === undefined;
    case 'transact':
      return !reply.committed || reply.replies.every(hasChangedNothing);
    default:
      return WRITES[reply.kind] === never;
  }
}
