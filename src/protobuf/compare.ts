/** The messages of Compare (proto/headwater/v1/admin.proto) as plain objects with checked numbers. */
import type { CompareReply, CompareRequest } from '../model/comparison.js';
import { headwater } from './generated.js';
import { decodeMessage } from './message.js';
import { toNumber } from './numbers.js';

const { v1 } = headwater;

export function encodeCompareRequest(request: CompareRequest): Buffer {
  return v1.CompareRequest.encode(request).finish() as Buffer;
}

export function decodeCompareRequest(bytes: Buffer): CompareRequest {
  const { timeoutMs } = decodeMessage('CompareRequest', bytes, v1.CompareRequest);
  return { timeoutMs: toNumber(timeoutMs, 'timeout_ms') };
}

export function encodeCompareResponse(reply: CompareReply): Buffer {
  return v1.CompareResponse.encode({ ...reply, nodes: [...reply.nodes] }).finish() as Buffer;
}

export function decodeCompareResponse(bytes: Buffer): CompareReply {
  const message = decodeMessage('CompareResponse', bytes, v1.CompareResponse);
  return {
    offset: toNumber(message.offset, 'offset'),
    replicationId: message.replicationId,
    keys: toNumber(message.keys, 'keys'),
    digest: message.digest,
    nodes: message.nodes.map((node) => ({
      nodeId: node.nodeId ?? '',
      address: node.address ?? '',
      outcome: node.outcome ?? '',
      offset: toNumber(node.offset, 'nodes.offset'),
      keys: toNumber(node.keys, 'nodes.keys'),
      digest: node.digest ?? '',
      message: node.message ?? '',
    })),
    markId: message.markId,
  };
}
