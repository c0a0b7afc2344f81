/**
 * The failures of requests to the API server of Kubernetes. None of them says that a leadership is lost: the caller knows
 * only that it could not ask, or that its write may have been carried out.
 */
import { type ErrorCode, HeadwaterError } from '../../base/errors.js';

export class KubernetesFailure extends HeadwaterError {
  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(code, message, { cause });
    this.name = 'KubernetesFailure';
  }
}

/** The Lease is not the one that was there before: it was deleted, or its content is an older one. */
export class LeaseDiscontinuity extends HeadwaterError<'protocol_violation'> {
  constructor(message: string) {
    super('protocol_violation', message);
    this.name = 'LeaseDiscontinuity';
  }
}
