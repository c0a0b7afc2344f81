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
  /** Whether a member may have carried out the request all the same. Always false for a request that changes nothing. */
  readonly mayBeDone: boolean;

  constructor(message: string, options: { readonly mayBeDone: boolean; readonly cause?: unknown }) {
    super('unreachable', message, { cause: options.cause });
    this.name = 'EtcdUnreachable';
    this.mayBeDone = options.mayBeDone;
  }
}

/** etcd answered that it does not carry out the request. Nothing was done. A person has to look at the reason. */
export class EtcdRefusal extends HeadwaterError {
  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(code, message, { cause });
    this.name = 'EtcdRefusal';
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
