/**
 * Every failure of the world that Headwater reports: one class, a stable code, a message that names expected and
 * received, and the cause. Headwater's own bugs are not here but in invariant.ts. The codes are public. Clients see
 * them as `ErrorInfo.reason` in upper case. protobuf/error.ts has the gRPC status of each, and rpc/status.ts converts.
 */

export const ERROR_CODES = [
  /** A request field is missing, malformed or contradicts another. */
  'invalid_argument',
  /** A key, value, transaction or message is over its limit. */
  'too_large',
  /** The key holds another type than the command works on. */
  'wrong_type',
  /** The value is not a 64-bit integer in decimal. */
  'not_an_integer',
  /** The value is not a finite decimal number. */
  'not_a_number',
  /** The result would leave the range of its type. The value is unchanged. */
  'overflow',
  /** The command needs a key that does not exist. */
  'no_such_key',
  /** A write was sent to a follower. `leader` in the details names the leader's address. */
  'read_only_follower',
  /** The leader takes no writes, because too few followers are close behind it. The details say how many. */
  'too_few_followers',
  /** The node cannot serve yet, or for the moment. The caller can try again. */
  'unavailable',
  /** The node is shutting down. */
  'shutting_down',
  /** The disk has too little free space, so the node takes no writes. The details say how much is free. */
  'disk_full',
  /** The queues were full, and stayed full until the deadline. */
  'overloaded',
  /** The write may or may not have happened. */
  'outcome_unknown',
  /**
   * The write is in the leader's log and stays, but did not reach the wanted durability in time. The details say how
   * durable it is.
   */
  'durability_not_reached',
  /** The position is in a history that this node's data left before it. Writes up to there may be lost. */
  'lost_branch',
  /** The deadline passed. */
  'deadline_exceeded',
  /** The caller gave up the call. */
  'cancelled',
  /** The server does not know the method or command. */
  'unimplemented',
  /** The log does not hold this offset any more. */
  'trimmed',
  /** The offset lies inside a block, and only a block's end will do. */
  'not_a_boundary',
  /** The node was asked to follow itself, directly or through other nodes. */
  'replication_loop',
  /** The leadership was not handed over. Nothing has changed. */
  'failover_failed',
  /** No follower was forgotten: none or several have the name, or it is connected. Nothing has changed. */
  'forget_refused',
  /** Another node leads a later history that continues this leader's own. */
  'superseded',
  /** The upstream refused to sync. The details say why. */
  'resync_refused',
  /** The peer broke the replication protocol. */
  'protocol_violation',
  /** A block does not chain to the one before it. */
  'chain_broken',
  /** The bytes on disk are not those that were written. */
  'corrupt',
  /** The system could not read or write a file: the disk fails, or no descriptors are left. The data may be whole. */
  'io_error',
  /** The data directory belongs to something else. */
  'foreign_directory',
  /** The data directory is in use by another process. */
  'directory_locked',
  /** The bytes have a format that this version does not know. */
  'unknown_format',
  /** The keyspace on disk is not a view of the log beside it. */
  'keyspace_incomplete',
  /** The node was asked to repair itself, but it leads, so it has no upstream to copy from. */
  'repair_refused',
  /** The backup cannot be continued: the node does not know it any more. */
  'backup_lost',
  /** The comparison cannot be refined: the node does not hold its keyspace as of that mark any more. */
  'mark_lost',
  /** The data directory is left from a restore that was interrupted. */
  'restore_unfinished',
  /** A write to disk failed. The store reopens before it takes another. */
  'store_latched',
  /** The node cannot listen on the address. */
  'address_in_use',
  /** A node cannot be reached. */
  'unreachable',
  /** An unforeseen failure. The log of the node has the stack. */
  'internal',
] as const;

/** A code of HeadwaterError. `ERROR_CODES` lists and explains them. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** The parts of a HeadwaterError beside its code and message. */
export interface HeadwaterErrorOptions {
  /** The error that caused this one. */
  cause?: unknown;
  /** Machine-readable facts, such as `{ leader: '127.0.0.1:7420' }`. */
  details?: Record<string, string>;
}

/** The error of every call that fails. `code` says why, and `message` has the expected and the received value. */
export class HeadwaterError extends Error {
  /** The reason, for programs. The codes do not change. */
  readonly code: ErrorCode;
  /** Machine-readable facts, such as `{ leader: '127.0.0.1:7420' }`. Empty if there are none. */
  readonly details: Record<string, string>;

  /** Makes an error with a code. The message has the expected and the received value. */
  constructor(code: ErrorCode, message: string, options: HeadwaterErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HeadwaterError';
    this.code = code;
    this.details = options.details ?? {};
  }

  /** True if the value is a HeadwaterError, with this code if one is given. */
  static is(value: unknown, code?: ErrorCode): value is HeadwaterError {
    return value instanceof HeadwaterError && (code === undefined || value.code === code);
  }

  /** The error itself if it has a code, else an `internal` error around it. */
  static from(value: unknown): HeadwaterError {
    if (value instanceof HeadwaterError) return value;
    const message = value instanceof Error ? value.message : String(value);
    return new HeadwaterError('internal', message, { cause: value });
  }
}

export function shuttingDown(): HeadwaterError {
  return new HeadwaterError('shutting_down', 'the node is shutting down');
}

/** Machine-readable facts about an error. */
export type Details = Readonly<Record<string, string>>;
