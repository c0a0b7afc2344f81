/**
 * The failures of calls to etcd. None of them says that a lease or a key is lost: etcd says that in an answer, which is a
 * result and no error. A caller that catches one of these errors knows only that it could not ask.
 */
import { type ErrorCode, HeadwaterError } from '../../base/errors.js';

/**
 * etcd could not be asked: no member answered in time, a connection broke, or the member that answered has no leader or
 * stops.
 */
export class EtcdUnreachable extends HeadwaterError<'unreachable'> {
  /** Whether a member may have carried out the request. Always false for a request that changes nothing. */
  readonly mayBeDone: boolean;

  constructor(message: string, options: { readonly mayBeDone: boolean; readonly cause?: unknown }) {
    super('unreachable', message, { cause: options.cause });
    this.name = 'EtcdUnreachable';
    this.mayBeDone = options.mayBeDone;
  }
}

/** Why etcd refuses a request. */
export type EtcdRefusalReason =
  /** A transaction puts a key on a lease that has ended. */
  | 'unknown_lease'
  /** The user or the password is another, or is missing. */
  | 'unauthenticated'
  /** The user has no role for these keys. */
  | 'permission_denied'
  /** The database of etcd is full. */
  | 'no_space'
  /** The request is not what etcd expects. */
  | 'other';

const CODES: Readonly<Record<EtcdRefusalReason, ErrorCode>> = {
  unknown_lease: 'no_such_key',
  unauthenticated: 'unauthenticated',
  permission_denied: 'permission_denied',
  no_space: 'disk_full',
  other: 'invalid_argument',
};

/**
 * etcd answered that it does not carry out the request. Nothing was done, with one exception: a request that is on its
 * way while the database becomes full is carried out, and answered with `no_space`.
 */
export class EtcdRefusal extends HeadwaterError {
  readonly reason: EtcdRefusalReason;
  /** Whether etcd may have carried out the request nevertheless. */
  readonly mayBeDone: boolean;

  constructor(reason: EtcdRefusalReason, message: string, cause?: unknown) {
    super(CODES[reason], message, { cause });
    this.name = 'EtcdRefusal';
    this.reason = reason;
    this.mayBeDone = reason === 'no_space';
  }
}

/**
 * The etcd that answers is not the one that answered before: it has another cluster ID, or its revision went back, as
 * after a restore from a backup. The answer is not handed out. The request may have been carried out there.
 */
export class EtcdDiscontinuity extends HeadwaterError<'protocol_violation'> {
  readonly what: 'another_cluster' | 'revision_went_back';

  constructor(what: EtcdDiscontinuity['what'], message: string) {
    super('protocol_violation', message);
    this.name = 'EtcdDiscontinuity';
    this.what = what;
  }
}
