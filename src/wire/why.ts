/**
 * Reasons in a node's status: those of resyncs and refusals, with the values of both sides. The headroom of followers
 * in the log stands here too.
 */
import { type Details, toDetails } from './frame.js';
import type { headwater } from './generated.js';
import { toNumber } from './numbers.js';

export interface StatusReasonCount {
  /** Is "partial", "full" or "refused". */
  readonly kind: string;
  /** A name in UPPER_SNAKE. */
  readonly reason: string;
  readonly count: number;
}

export interface StatusRefusal {
  /** The refused follower, or empty if this node itself was refused. */
  readonly nodeId: string;
  readonly address: string;
  /** A name in UPPER_SNAKE. */
  readonly reason: string;
  readonly message: string;
  readonly details: Details;
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
}

export interface StatusHeadroom {
  readonly nodeId: string;
  readonly address: string;
  readonly connected: boolean;
  /** Commands and bytes of log between the start of the log and the follower. */
  readonly commands: number;
  readonly bytes: number;
  /** Bytes that may be appended until the follower's place is given up. Undefined if the log grows for ever. */
  readonly leftBytes: number | undefined;
  /** The time until the follower's place is given up at the present rate. Undefined while nothing is appended. */
  readonly ms: number | undefined;
}

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
