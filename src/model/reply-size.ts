/**
 * The size of replies. The size of a reply is known before the reply is encoded. A bound is known before the operation is
 * executed. A reply that is too large for a message becomes a refusal.
 */
import { HeadwaterError } from '../base/errors.js';
import { MESSAGE_BYTES_MAX, SUBSEQUENCE_CELLS_MAX } from '../base/limits.js';
import type { ErrorReply, Operation, Reply } from './operation.js';

export function errorReply(error: HeadwaterError): ErrorReply {
  return { kind: 'error', error };
}

/** Room that a message keeps for the framing around its payload. */
const FRAMING_BYTES_MAX = 1024 * 1024;

/**
 * Returns the reply, or a refusal in its place if no message can hold the reply. Many values, each within its limit,
 * can be that large. The size is known before the reply is encoded.
 */
export function boundedReply(reply: Reply): Reply {
  const bytes = payloadBytes(reply);
  const expected = MESSAGE_BYTES_MAX - FRAMING_BYTES_MAX;
  if (bytes <= expected) return reply;
  const asked = reply.kind === 'transact' ? 'the transaction took effect, but ' : '';
  const message = `${asked}the reply to ${reply.kind} is too large for one message: expected at most ${expected} bytes, received ${bytes}`;
  return errorReply(new HeadwaterError('too_large', message));
}

const REPLY_OVERHEAD_BYTES = 16;
/** A field of a `bitField`, and a match of a `longestCommonSubsequence`. */
const FIELD_BYTES = 16;
const MATCH_BYTES = 32;

/** The approximate bytes of a reply, without encoding it. */
export function payloadBytes(reply: Reply): number {
  if (reply.kind === 'multiGet') return sum(reply.values);
  if (reply.kind === 'transact') return sum(reply.replies);
  if (reply.kind === 'set') return REPLY_OVERHEAD_BYTES + (reply.oldValue?.length ?? 0);
  if (reply.kind === 'bitField') return REPLY_OVERHEAD_BYTES + reply.values.length * FIELD_BYTES;
  if (reply.kind === 'longestCommonSubsequence')
    return REPLY_OVERHEAD_BYTES + (reply.value?.length ?? 0) + reply.matches.length * MATCH_BYTES;
  if ('value' in reply && Buffer.isBuffer(reply.value)) return REPLY_OVERHEAD_BYTES + reply.value.length;
  return REPLY_OVERHEAD_BYTES;
}

/**
 * The most bytes of values that a reply may hold, if a value has at most `valueBytesMax`. A reply that holds no values,
 * or only the caller's own, has 0.
 */
export function replyBytesAtMost(operation: Operation, valueBytesMax: number): number {
  switch (operation.kind) {
    case 'get':
    case 'getRange':
    case 'getDelete':
    case 'getExpire':
      return valueBytesMax;
    case 'set':
      return operation.returnOld ? valueBytesMax : 0;
    case 'multiGet':
      return Math.min(MESSAGE_BYTES_MAX, operation.keys.length * valueBytesMax);
    case 'bitField':
      return operation.steps.length * FIELD_BYTES;
    case 'longestCommonSubsequence':
      // The shorter of two values has at most so many bytes, and no match is empty.
      return Math.floor(Math.sqrt(SUBSEQUENCE_CELLS_MAX)) * MATCH_BYTES;
    case 'transact': {
      const bytes = operation.operations.reduce((sum, inner) => sum + replyBytesAtMost(inner, valueBytesMax), 0);
      return Math.min(MESSAGE_BYTES_MAX, bytes);
    }
    default:
      return 0;
  }
}

function sum(replies: readonly Reply[]): number {
  return replies.reduce((bytes, reply) => bytes + payloadBytes(reply), REPLY_OVERHEAD_BYTES);
}
