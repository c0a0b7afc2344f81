/**
 * Converts coded errors to gRPC status and back. No other file knows both. The numbers and the details are those of
 * protobuf/error.ts, which a pipeline's error replies share. No server code here: clients use this file too.
 */
import * as grpc from '@grpc/grpc-js';
import { TLS_FAILED } from '../access/tls/secure-connect.js';
import { type ErrorCode, HeadwaterError } from '../base/errors.js';
import { decodeStatus, encodeStatus, publicError, publicMessage, statusCodeOf } from '../protobuf/error.js';

const DETAILS_KEY = 'grpc-status-details-bin';
/** The leader's address, for clients that do not read the details. */
const LEADER_KEY = 'headwater-leader';

export interface GrpcStatus {
  readonly code: grpc.status;
  readonly details: string;
  readonly metadata: grpc.Metadata;
}

/** Makes the status for any failure. An unforeseen failure reveals nothing of its inside. */
export function toStatus(failure: unknown): GrpcStatus {
  const error = publicError(failure);
  const metadata = new grpc.Metadata();
  metadata.set(DETAILS_KEY, encodeStatus(error));
  const leader = HeadwaterError.is(error, 'read_only_follower') ? (error.details.leader ?? '') : '';
  if (/^[\x21-\x7e]+$/.test(leader)) metadata.set(LEADER_KEY, leader);
  return { code: statusCodeOf(error.code), details: headerText(publicMessage(error)), metadata };
}

/** gRPC percent-encodes the message and throws at half a surrogate pair. */
function headerText(message: string): string {
  return Buffer.from(message).toString();
}

/** The statuses that gRPC itself makes, on either side, with their error codes here. */
const CODES: ReadonlyMap<grpc.status, ErrorCode> = new Map([
  [grpc.status.CANCELLED, 'cancelled'],
  [grpc.status.DEADLINE_EXCEEDED, 'deadline_exceeded'],
  [grpc.status.INVALID_ARGUMENT, 'invalid_argument'],
  [grpc.status.RESOURCE_EXHAUSTED, 'overloaded'],
  [grpc.status.UNAVAILABLE, 'unreachable'],
  [grpc.status.UNIMPLEMENTED, 'unimplemented'],
  [grpc.status.UNAUTHENTICATED, 'unauthenticated'],
  [grpc.status.PERMISSION_DENIED, 'permission_denied'],
]);

/** The texts of grpc-js for a message over the limit of one side. */
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
  return new HeadwaterError(code, plainReason(status.details), { cause: failure });
}

const NO_HEADWATER =
  'no Headwater node listens there for gRPC. Check HOST:PORT. A port of --redis-listen takes Redis clients alone';

/** A handshake that failed on this side, as gRPC repeats its reason. */
const TLS_REASON = new RegExp(`${TLS_FAILED}(.*?)(?:\\. Resolution note:.*| \\([\\d-]+T[\\d:.]+Z\\).*)?$`, 's');

/**
 * Shortens grpc-js' text to the style of the rest of the client.
 * @param foreign the reason if another server answers than the one that was expected.
 */
export function plainReason(details: string, foreign = NO_HEADWATER): string {
  const [, why] = TLS_REASON.exec(details) ?? [];
  if (why !== undefined) return why;
  if (details === 'Cancelled on client') return 'the caller cancelled the call';
  // grpc-js appends times and name look-ups to its text.
  if (/Protocol error|HTTP status code|Trailers-only|Received HTTP/i.test(details)) return foreign;
  const [, seconds] = /^Deadline exceeded after ([\d.]+)s/.exec(details) ?? [];
  if (/memory limit exceeded/i.test(details))
    return 'the node ended the stream, because its replies were not read and other replies needed the memory. Read replies while you send commands';
  if (seconds) return `no answer within ${Math.round(Number(seconds) * 1_000)} ms`;
  const [, name] = /^Name resolution failed for target (?:dns:)?(\S+)/.exec(details) ?? [];
  if (name) return `there is no host of the name in ${name}`;
  const [, code, address] = /connect (E[A-Z]+) (\S+?:\d+)/.exec(details) ?? [];
  if (code === 'ECONNREFUSED') return `nothing listens on ${address} (connection refused)`;
  if (code) return `${address} cannot be reached (${code})`;
  return details.replace(/\.? ?(Last error|Resolution note):.*$/s, '');
}
