/**
 * Every failure of the world that Headwater reports: one class, a stable code,
 * a message that names expected and received, and the cause. Bugs of our own
 * are not here but in invariant.ts. The codes are public: clients see them as
 * `ErrorInfo.reason` in upper case; src/rpc/status.ts maps them to gRPC status.
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
  /** The result would leave the range of its type; the value is unchanged. */
  'overflow',
  /** The command needs a key that does not exist. */
  'no_such_key',
  /** A write was sent to a follower; `leader` in the details says where to go. */
  'read_only_follower',
  /** Fewer followers than this leader wants are close behind it: it takes no writes; the details say how many. */
  'too_few_followers',
  /** The node cannot serve yet, or for the moment: try again. */
  'unavailable',
  /** The node is going down. */
  'shutting_down',
  /** The disk has too little room: no writes are taken until it has more; the details say how much. */
  'disk_full',
  /** Queues are full and stayed full until the deadline. */
  'overloaded',
  /** The write may or may not have happened. */
  'outcome_unknown',
  /** The write is in the leader's log and stays, but was not as durable as asked in time; the details say how durable. */
  'durability_not_reached',
  /** A position in a history that this node's data left before it: what was seen there may be lost. */
  'lost_branch',
  /** The deadline passed. */
  'deadline_exceeded',
  /** The caller gave up. */
  'cancelled',
  /** The server does not know the method or command. */
  'unimplemented',
  /** An offset that the log does not hold any more. */
  'trimmed',
  /** An offset inside a block where only a block's end will do. */
  'not_a_boundary',
  /** A node was told to follow itself, directly or through others. */
  'replication_loop',
  /** The leadership was not handed over; nothing has changed. */
  'failover_failed',
  /** No follower was forgotten: none, or several, have the name, or it is connected; nothing has changed. */
  'forget_refused',
  /** Another node leads a later history that goes on from this leader's own. */
  'superseded',
  /** The upstream refused to sync; the details say why. */
  'resync_refused',
  /** The peer broke the replication protocol. */
  'protocol_violation',
  /** A block does not chain to the one before it. */
  'chain_broken',
  /** Bytes on disk that are not what was written. */
  'corrupt',
  /** The system could not read or write a file: a failing disk, or no descriptors left. The data may be whole. */
  'io_error',
  /** The data directory belongs to something else. */
  'foreign_directory',
  /** The data directory is in use by another process. */
  'directory_locked',
  /** Bytes of a format that this version does not know. */
  'unknown_format',
  /** The keyspace on disk is not a view of the log beside it. */
  'keyspace_incomplete',
  /** A node was asked to repair itself and has nobody to get anything from: it leads. */
  'repair_refused',
  /** A backup cannot be gone on with: the node does not know it any more. */
  'backup_lost',
  /** A comparison cannot be gone into: the node does not hold its keyspace as of that mark any more. */
  'mark_lost',
  /** The data directory is what a restore has left that was cut short. */
  'restore_unfinished',
  /** A write to disk failed; the store reopens before it takes another. */
  'store_latched',
  /** The address cannot be listened on. */
  'address_in_use',
  /** A node cannot be reached. */
  'unreachable',
  /** A failure that nobody foresaw; the log of the node has the stack. */
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface HeadwaterErrorOptions {
  cause?: unknown;
  /** Machine-readable facts, such as `{ leader: '127.0.0.1:7420' }`. */
  details?: Record<string, string>;
}

export class HeadwaterError extends Error {
  readonly code: ErrorCode;
  readonly details: Record<string, string>;

  constructor(code: ErrorCode, message: string, options: HeadwaterErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HeadwaterError';
    this.code = code;
    this.details = options.details ?? {};
  }

  static is(value: unknown, code?: ErrorCode): value is HeadwaterError {
    return value instanceof HeadwaterError && (code === undefined || value.code === code);
  }

  /** The error itself where it is coded, else `internal` around it. */
  static from(value: unknown): HeadwaterError {
    if (value instanceof HeadwaterError) return value;
    const message = value instanceof Error ? value.message : String(value);
    return new HeadwaterError('internal', message, { cause: value });
  }
}

export function shuttingDown(): HeadwaterError {
  return new HeadwaterError('shutting_down', 'the node is shutting down');
}
