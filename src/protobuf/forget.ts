/** The messages of Forget (proto/headwater/v1/admin.proto) as plain objects with checked numbers. */
import type { ForgetReply } from '../model/leadership.js';
import { headwater } from './generated.js';
import { decodeMessage } from './message.js';
import { toNumber } from './numbers.js';

const { v1 } = headwater;

/** @param node a node ID, the beginning of one, or host:port. */
export function encodeForgetRequest(node: string): Buffer {
  return v1.ForgetRequest.encode({ node }).finish() as Buffer;
}

export function decodeForgetRequest(bytes: Buffer): string {
  return decodeMessage('ForgetRequest', bytes, v1.ForgetRequest).node;
}

export function encodeForgetResponse({ nodeId, address, appendedOffset }: ForgetReply): Buffer {
  return v1.ForgetResponse.encode({ nodeId, address, appendedOffset }).finish() as Buffer;
}

export function decodeForgetResponse(bytes: Buffer): ForgetReply {
  const { nodeId, address, appendedOffset } = decodeMessage('ForgetResponse', bytes, v1.ForgetResponse);
  return { nodeId, address, appendedOffset: toNumber(appendedOffset, 'appended_offset') };
}
