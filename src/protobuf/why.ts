/**
 * Reasons in a node's status: those of resyncs and refusals, with the values of both sides. The headroom of followers
 * in the log stands here too.
 */
import type { StatusHeadroom, StatusReasonCount, StatusRefusal } from '../model/status.js';
import { toDetails } from './frame.js';
import type { headwater } from './generated.js';
import { toNumber } from './numbers.js';

export function toReasonCount(message: headwater.v1.StatusReasonCount.$Properties): StatusReasonCount {
  return { kind: message.kind ?? '', reason: message.reason ?? '', count: toNumber(message.count, 'reasons.count') };
}

export function toRefusal(
  message: headwater.v1.StatusRefusal.$Properties | null | undefined,
): StatusRefusal | undefined {
  if (!message) return undefined;
  return {
    nodeId: message.nodeId ?? '',
    address: message.address ?? '',
    reason: message.reason ?? '',
    message: message.message ?? '',
    details: toDetails(message.details),
    timeMs: toNumber(message.timeMs, 'refusal.time_ms'),
  };
}

export function toHeadroom(
  message: headwater.v1.StatusHeadroom.$Properties | null | undefined,
): StatusHeadroom | undefined {
  if (!message) return undefined;
  return {
    nodeId: message.nodeId ?? '',
    address: message.address ?? '',
    connected: message.connected ?? false,
    commands: toNumber(message.commands, 'headroom.commands'),
    bytes: toNumber(message.bytes, 'headroom.bytes'),
    leftBytes: optional(message.leftBytes, 'headroom.left_bytes'),
    ms: optional(message.ms, 'headroom.ms'),
  };
}

export function optional(value: Parameters<typeof toNumber>[0] | null, name: string): number | undefined {
  return value === null || value === undefined ? undefined : toNumber(value, name);
}
