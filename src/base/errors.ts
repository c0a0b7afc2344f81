/**
 * Every failure of the world that Headwater reports: a stable code, a message that names expected and received, the
 * facts for programs, and the cause. The kinds that a program catches have classes of their own. Headwater's own bugs
 * are not here but in invariant.ts. The codes are public. Clients see them as `ErrorInfo.reason` in upper case.
 * protobuf/error.ts has the gRPC status of each, and rpc/status.ts converts.
 */
import type { AnyDetails, CommonDetails, DetailsByCode } from './error-details.js';

/** The codes of errors. Each has its meaning beside it, and clients in other languages read it as `ErrorReason`. */
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
  /** No node that the client knows leads, and none did in time. Nothing was done. Only clients make this error. */
  'no_leader',
  /** The call names no user, or one that is not known, or its secret is wrong. Nothing was done. */
  'unauthenticated',
  /** The user has no role for the call, or none for this key or channel. Nothing was done. */
  'permission_denied',
] as const;

/** A code of HeadwaterError. `ERROR_CODES` lists and explains them. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** The parts of a HeadwaterError beside its code and message. */
export interface HeadwaterErrorOptions<Code extends ErrorCode = ErrorCode> {
  /** The error that caused this one. */
  cause?: unknown;
  /** Facts for programs, such as `{ leader: '127.0.0.1:7420' }`. */
  details?: DetailsOf<Code>;
}

/** The details of an error with this code. If the code is not known, a fact may have any name. */
export type DetailsOf<Code extends ErrorCode> = [ErrorCode] extends [Code]
  ? AnyDetails
  : Code extends keyof DetailsByCode
    ? DetailsByCode[Code]
    : CommonDetails;

/**
 * The error of every call that fails. `code` says why, and `message` has the expected and the received value. A code
 * that programs catch has a class of its own, such as `Unreachable`. Every error with the code is an instance of it.
 */
export class HeadwaterError<
  Code extends ErrorCode = ErrorCode,
  Facts extends AnyDetails = DetailsOf<Code>,
> extends Error {
  /** The reason, for programs. The codes do not change. */
  readonly code: Code;
  /** Facts for programs, such as `{ leader: '127.0.0.1:7420' }`. Empty if there are none. */
  readonly details: Facts;

  /** Makes an error with a code. The message has the expected and the received value. */
  constructor(code: Code, message: string, options: HeadwaterErrorOptions<Code> = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const kind: Kind | undefined = KINDS[code];
    if (kind && new.target === HeadwaterError) Object.setPrototypeOf(this, kind.class.prototype);
    this.name = kind?.name ?? 'HeadwaterError';
    this.code = code;
    this.details = (options.details ?? {}) as Facts;
  }

  /** True if the value is a HeadwaterError. */
  static is(value: unknown): value is HeadwaterError;
  /** True if the value is a HeadwaterError with this code. The types of `details` are known then. */
  static is<Code extends ErrorCode>(value: unknown, code: Code): value is HeadwaterError<Code>;
  static is(value: unknown, code?: ErrorCode): boolean {
    return value instanceof HeadwaterError && (code === undefined || value.code === code);
  }

  /** The error itself if it has a code, else an `internal` error around it. */
  static from(value: unknown): HeadwaterError {
    if (value instanceof HeadwaterError) return value;
    const message = value instanceof Error ? value.message : String(value);
    return new HeadwaterError('internal', message, { cause: value });
  }
}

/**
 * The caller gave up the call (`cancelled`), as by DOM and Node: `name` is `AbortError`, `cause` the reason of the
 * signal.
 */
export class AbortError extends HeadwaterError<'cancelled'> {
  /** Makes the error of this kind. */
  constructor(message: string, options?: HeadwaterErrorOptions<'cancelled'>) {
    super('cancelled', message, options);
  }
}

/**
 * The time of the call was over (`deadline_exceeded`), as by DOM and Node: `name` is `TimeoutError`. A write that was
 * sent is an OutcomeUnknown instead.
 */
export class TimeoutError extends HeadwaterError<'deadline_exceeded'> {
  /** Makes the error of this kind. */
  constructor(message: string, options?: HeadwaterErrorOptions<'deadline_exceeded'>) {
    super('deadline_exceeded', message, options);
  }
}

/** The write was sent, and its answer never came. The write may or may not have happened, and nobody repeats it. */
export class OutcomeUnknown extends HeadwaterError<'outcome_unknown'> {
  /** Makes the error of this kind. */
  constructor(message: string, options?: HeadwaterErrorOptions<'outcome_unknown'>) {
    super('outcome_unknown', message, options);
  }
}

/**
 * The write is done and stays, but did not become as durable as asked in time. `details` has the durability reached.
 */
export class DurabilityNotReached extends HeadwaterError<'durability_not_reached'> {
  /** Makes the error of this kind. */
  constructor(message: string, options?: HeadwaterErrorOptions<'durability_not_reached'>) {
    super('durability_not_reached', message, options);
  }
}

/**
 * No node could be reached, or the connection was lost. A write that was sent is an OutcomeUnknown instead. A call that
 * changes the node (`promote`, `follow`, `failover`) may have been carried out.
 */
export class Unreachable extends HeadwaterError<'unreachable'> {
  /** Makes the error of this kind. */
  constructor(message: string, options?: HeadwaterErrorOptions<'unreachable'>) {
    super('unreachable', message, options);
  }
}

/** The node cannot serve yet, or for the moment. Nothing was done, and a later attempt may succeed. */
export class Unavailable extends HeadwaterError<'unavailable'> {
  /** Makes the error of this kind. */
  constructor(message: string, options?: HeadwaterErrorOptions<'unavailable'>) {
    super('unavailable', message, options);
  }
}

/**
 * No node that the client knows leads, and none did within the time of the call. Nothing was done. The `cause` is the
 * last refusal. `details.leader` is the address of the leader that it names, if it names one.
 */
export class NoLeader extends HeadwaterError<'no_leader'> {
  /** Makes the error of this kind. */
  constructor(message: string, options?: HeadwaterErrorOptions<'no_leader'>) {
    super('no_leader', message, options);
  }
}

/** A queue is full, at the node or in this client. Nothing was done. */
export class Overloaded extends HeadwaterError<'overloaded'> {
  /** Makes the error of this kind. */
  constructor(message: string, options?: HeadwaterErrorOptions<'overloaded'>) {
    super('overloaded', message, options);
  }
}

/** The node is a follower and takes no writes. `details.leader` has the address of its upstream. */
export class ReadOnlyFollower extends HeadwaterError<'read_only_follower'> {
  /** Makes the error of this kind. */
  constructor(message: string, options?: HeadwaterErrorOptions<'read_only_follower'>) {
    super('read_only_follower', message, options);
  }
}

/** The node led, and knows of a later leader, so it takes no writes. `details` name that leader. */
export class Superseded extends HeadwaterError<'superseded'> {
  /** Makes the error of this kind. */
  constructor(message: string, options?: HeadwaterErrorOptions<'superseded'>) {
    super('superseded', message, options);
  }
}

/** The leader takes no writes, because too few followers are close behind it (`--min-followers`). */
export class TooFewFollowers extends HeadwaterError<'too_few_followers'> {
  /** Makes the error of this kind. */
  constructor(message: string, options?: HeadwaterErrorOptions<'too_few_followers'>) {
    super('too_few_followers', message, options);
  }
}

/** The position that the call named is in a history that the data left. Writes that were seen there may be lost. */
export class LostBranch extends HeadwaterError<'lost_branch'> {
  /** Makes the error of this kind. */
  constructor(message: string, options?: HeadwaterErrorOptions<'lost_branch'>) {
    super('lost_branch', message, options);
  }
}

/** The disk of the node has too little free space, so the node takes no writes. */
export class DiskFull extends HeadwaterError<'disk_full'> {
  /** Makes the error of this kind. */
  constructor(message: string, options?: HeadwaterErrorOptions<'disk_full'>) {
    super('disk_full', message, options);
  }
}

interface Kind {
  /** The name that the error shows. A program that is minified may rename the class. */
  readonly name: string;
  readonly class: { readonly prototype: HeadwaterError };
}

/** The classes of the codes that programs catch. Every other code is a plain HeadwaterError. */
const KINDS: { readonly [Code in ErrorCode]?: Kind } = {
  cancelled: { name: 'AbortError', class: AbortError },
  deadline_exceeded: { name: 'TimeoutError', class: TimeoutError },
  outcome_unknown: { name: 'OutcomeUnknown', class: OutcomeUnknown },
  durability_not_reached: { name: 'DurabilityNotReached', class: DurabilityNotReached },
  unreachable: { name: 'Unreachable', class: Unreachable },
  no_leader: { name: 'NoLeader', class: NoLeader },
  unavailable: { name: 'Unavailable', class: Unavailable },
  overloaded: { name: 'Overloaded', class: Overloaded },
  read_only_follower: { name: 'ReadOnlyFollower', class: ReadOnlyFollower },
  superseded: { name: 'Superseded', class: Superseded },
  too_few_followers: { name: 'TooFewFollowers', class: TooFewFollowers },
  lost_branch: { name: 'LostBranch', class: LostBranch },
  disk_full: { name: 'DiskFull', class: DiskFull },
};

/** @param why nobody knows whether the write is done. */
export function outcomeUnknown(why: string, options: { cause: Error; details?: Details }): HeadwaterError {
  return new HeadwaterError('outcome_unknown', `the write may or may not have happened: ${why}`, options);
}

export function shuttingDown(): HeadwaterError {
  return new HeadwaterError('shutting_down', 'the node is shutting down');
}

/** Facts as they travel: all values are texts. */
export type Details = Readonly<Record<string, string>>;
