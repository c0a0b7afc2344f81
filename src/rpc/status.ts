/**
 * Coded errors as gRPC status and back: the only place where the two meet. The
 * numbers and the details are those of wire/error.ts, which a pipeline's error
 * replies share. No server code here: clients use it too.
 */
import * as grpc from '@grpc/grpc-js';
import { type ErrorCode, HeadwaterError } from '../base/errors.js';
import { decodeStatus, encodeStatus, publicError, publicMessage, statusCodeOf } from '../wire/error.js';

const DETAILS_KEY = 'grpc-status-details-bin';
/** For clients that do not look into details: where the writes go. */
const LEADER_KEY = 'headwater-leader';

export interface GrpcStatus {
  readonly code: grpc.status;
  readonly details: string;
  readonly metadata: grpc.Metadata;
}

/** What any failure is answered with; says nothing of the inside of one that nobody foresaw. */
export function toStatus(failure: unknown): GrpcStatus {
  const error = publicError(failure);
  const metadata = new grpc.Metadata();
  metadata.set(DETAILS_KEY, encodeStatus(error));
  const leader = error.details.leader ?? '';
  if (error.code === 'read_only_follower' && /^[\x21-\x7e]+$/.test(leader)) metadata.set(LEADER_KEY, leader);
  return { code: statusCodeOf(error.code), details: headerText(publicMessage(error)), metadata };
}

/** gRPC percent-encodes the message and throws at half a surrogate pair. */
function headerText(message: string): string {
  return Buffer.from(message).toString();
}

/** The statuses that gRPC itself makes, on either side, and what they mean here. */
const CODES: ReadonlyMap<grpc.status, ErrorCode> = new Map([
  [grpc.status.CANCELLED, 'cancelled'],
  [grpc.status.DEADLINE_EXCEEDED, 'deadline_exceeded'],
  [grpc.status.INVALID_ARGUMENT, 'invalid_argument'],
  [grpc.status.RESOURCE_EXHAUSTED, 'overloaded'],
  [grpc.status.UNAVAILABLE, 'unreachable'],
  [grpc.status.UNIMPLEMENTED, 'unimplemented'],
]);

/** How grpc-js names a message over the limit of one side. */
const OVERSIZED = /message (larger|that decompresses|longer)|larger than max/i;

export function fromStatus(failure: Error | grpc.StatusObject): HeadwaterError {
  if (HeadwaterError.is(failure)) return failure;
  if (!('code' in failure)) return HeadwaterError.from(failure);
  const status = failure as grpc.StatusObject;
  const bytes = status.metadata?.get(DETAILS_KEY)[0];
  const error = Buffer.isBuffer(bytes) ? decodeStatus(bytes) : undefined;
  if (error) return error;
  const oversized = status.code === grpc.status.RESOURCE_EXHAUSTED && OVERSIZED.test(status.details);
  const code = oversized ? 'too_large' : (CODES.get(status.code) ?? 'internal');
  return new HeadwaterError(code, plainly(status.details), { cause: failure });
}

const NO_HEADWATER = 'it does not speak the Headwater protocol: check HOST:PORT';

/** What grpc-js says at length, in the words of the rest of the client. */
function plainly(details: string): string {
  if (details === 'Cancelled on client') return 'the caller gave up';
  // It goes on with times and with how names were looked up.
  if (/Protocol error|HTTP status code|Trailers-only|Received HTTP/i.test(details)) return NO_HEADWATER;
  const [, seconds] = /^Deadline exceeded after ([\d.]+)s/.exec(details) ?? [];
  if (/memory limit exceeded/i.test(details))
    return 'the node ended the stream: others waited for memory, and its replies were not read. Read the replies while commands are sent';
  if (seconds) return `no answer within ${Math.round(Number(seconds) * 1_000)} ms`;
  const [, name] = /^Name resolution failed for target (?:dns:)?(\S+)/.exec(details) ?? [];
  if (name) return `there is no host of the name in ${name}`;
  const [, code, address] = /connect (E[A-Z]+) (\S+?:\d+)/.exec(details) ?? [];
  if (code === 'ECONNREFUSED') return `nothing listens on ${address} (connection refused)`;
  if (code) return `${address} cannot be reached (${code})`;
  return details.replace(/\.? ?(Last error|Resolution note):.*$/s, '');
}
