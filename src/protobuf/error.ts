/**
 * Coded errors on the wire. This file has the one table from error codes to google.rpc.Code. The google.rpc.Status here
 * travels in `grpc-status-details-bin`, the ErrorReply in a pipeline or transaction. src/rpc/status.ts puts them into
 * gRPC's own status. `reason` is the error code in upper case, and the domain is always `headwater` (AIP-193).
 */
import { type Details, ERROR_CODES, type ErrorCode, HeadwaterError } from '../base/errors.js';
import { fromDetailTexts, toDetailTexts } from './error-details.js';
import { headwater } from './generated.js';

/** error.proto says why these are no messages of google.rpc, whose bytes they have. */
const { ErrorInfo, ErrorStatus, RetryInfo } = headwater.v1;

type ErrorReplyMessage = headwater.v1.ErrorReply;

/** The numbers of google.rpc.Code. */
const CODE = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  FAILED_PRECONDITION: 9,
  RESOURCE_EXHAUSTED: 8,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/**
 * Generic clients retry UNAVAILABLE and nothing else (AIP-194). So UNAVAILABLE stands only for operations that have
 * certainly not happened. A write on a follower is FAILED_PRECONDITION, which clients do not retry in circles. An
 * unknown outcome is UNKNOWN, which clients do not repeat.
 */
const CODES: Readonly<Record<ErrorCode, number>> = {
  invalid_argument: CODE.INVALID_ARGUMENT,
  too_large: CODE.INVALID_ARGUMENT,
  wrong_type: CODE.FAILED_PRECONDITION,
  not_an_integer: CODE.FAILED_PRECONDITION,
  not_a_number: CODE.FAILED_PRECONDITION,
  overflow: CODE.OUT_OF_RANGE,
  no_such_key: CODE.NOT_FOUND,
  read_only_follower: CODE.FAILED_PRECONDITION,
  too_few_followers: CODE.FAILED_PRECONDITION,
  unavailable: CODE.UNAVAILABLE,
  shutting_down: CODE.UNAVAILABLE,
  disk_full: CODE.RESOURCE_EXHAUSTED,
  overloaded: CODE.RESOURCE_EXHAUSTED,
  outcome_unknown: CODE.UNKNOWN,
  // This follows gRPC: the deadline passed, though the operation may have been done.
  durability_not_reached: CODE.DEADLINE_EXCEEDED,
  lost_branch: CODE.FAILED_PRECONDITION,
  deadline_exceeded: CODE.DEADLINE_EXCEEDED,
  cancelled: CODE.CANCELLED,
  unimplemented: CODE.UNIMPLEMENTED,
  trimmed: CODE.OUT_OF_RANGE,
  not_a_boundary: CODE.INVALID_ARGUMENT,
  replication_loop: CODE.FAILED_PRECONDITION,
  failover_failed: CODE.FAILED_PRECONDITION,
  forget_refused: CODE.FAILED_PRECONDITION,
  superseded: CODE.FAILED_PRECONDITION,
  resync_refused: CODE.FAILED_PRECONDITION,
  protocol_violation: CODE.INVALID_ARGUMENT,
  chain_broken: CODE.DATA_LOSS,
  corrupt: CODE.DATA_LOSS,
  foreign_directory: CODE.FAILED_PRECONDITION,
  directory_locked: CODE.FAILED_PRECONDITION,
  unknown_format: CODE.FAILED_PRECONDITION,
  keyspace_incomplete: CODE.FAILED_PRECONDITION,
  repair_refused: CODE.FAILED_PRECONDITION,
  backup_lost: CODE.FAILED_PRECONDITION,
  mark_lost: CODE.FAILED_PRECONDITION,
  restore_unfinished: CODE.FAILED_PRECONDITION,
  store_latched: CODE.UNAVAILABLE,
  io_error: CODE.UNAVAILABLE,
  address_in_use: CODE.FAILED_PRECONDITION,
  unreachable: CODE.UNAVAILABLE,
  internal: CODE.INTERNAL,
  no_leader: CODE.UNAVAILABLE,
  unauthenticated: CODE.UNAUTHENTICATED,
  permission_denied: CODE.PERMISSION_DENIED,
};

/** The time that a client should wait before it retries. */
const RETRY_DELAY_MS: Partial<Record<ErrorCode, number>> = {
  unavailable: 200,
  shutting_down: 1_000,
  disk_full: 1_000,
  overloaded: 500,
  store_latched: 1_000,
  io_error: 1_000,
};

const DOMAIN = 'headwater';
const ERROR_INFO_URL = 'type.googleapis.com/google.rpc.ErrorInfo';
const RETRY_INFO_URL = 'type.googleapis.com/google.rpc.RetryInfo';

/** Every client bounds trailers. A message that quotes input must not exceed the bound. */
const MESSAGE_CHARACTERS_MAX = 2_000;

/** A detail of the error that ends a pipeline: none of the unanswered commands was done. */
const UNANSWERED = 'unanswered';
const NOT_DONE = 'NOT_DONE';

/** The same error as the end of a pipeline that has answered every command that it began. */
export function withNothingDone(error: HeadwaterError): HeadwaterError {
  const { code, message, details, cause } = error;
  return new HeadwaterError(code, message, { cause, details: { ...details, [UNANSWERED]: NOT_DONE } });
}

/** True if the error that ended a pipeline says that none of the unanswered commands was done. */
export function isNothingDone({ code, details }: HeadwaterError): boolean {
  // Nodes of older versions promise this for a stop alone.
  return code === 'shutting_down' || details[UNANSWERED] === NOT_DONE;
}

export function statusCodeOf(code: ErrorCode): number {
  return CODES[code];
}

/** The part of a failure that a client may see. An unforeseen failure shows only that it happened. */
export function publicError(error: unknown): HeadwaterError {
  if (HeadwaterError.is(error) && error.code !== 'internal') return error;
  return new HeadwaterError('internal', 'unexpected failure in the node. See the log of the node', { cause: error });
}

/** Cuts the message to a length that fits a trailer. */
export function publicMessage(error: HeadwaterError): string {
  const { message } = error;
  return message.length > MESSAGE_CHARACTERS_MAX ? `${message.slice(0, MESSAGE_CHARACTERS_MAX)}…` : message;
}

/** Encodes an ErrorStatus, which has the bytes of a google.rpc.Status, for `grpc-status-details-bin`. */
export function encodeStatus(error: HeadwaterError): Buffer {
  const info = { reason: error.code.toUpperCase(), domain: DOMAIN, metadata: toDetailTexts(error.details) };
  const details = [{ type_url: ERROR_INFO_URL, value: ErrorInfo.encode(info).finish() }];
  const { retryAfterMs } = error.details as { readonly retryAfterMs?: number };
  const retryMs = retryAfterMs ?? RETRY_DELAY_MS[error.code];
  if (retryMs !== undefined) {
    const retry = { retryDelay: { seconds: Math.floor(retryMs / 1_000), nanos: (retryMs % 1_000) * 1_000_000 } };
    details.push({ type_url: RETRY_INFO_URL, value: RetryInfo.encode(retry).finish() });
  }
  const status = { code: statusCodeOf(error.code), message: publicMessage(error), details };
  return ErrorStatus.encode(status).finish() as Buffer;
}

/** Decodes an ErrorStatus. Undefined if the bytes are not a status with an ErrorInfo of Headwater. */
export function decodeStatus(bytes: Buffer): HeadwaterError | undefined {
  try {
    const status = ErrorStatus.decode(bytes);
    for (const detail of status.details) {
      if (detail.type_url !== ERROR_INFO_URL) continue;
      const info = ErrorInfo.decode(detail.value ?? Buffer.alloc(0));
      if (info.domain === DOMAIN) return errorOf(info.reason, status.message, { ...info.metadata });
    }
  } catch {
    // A proxy or another server wrote these bytes.
  }
  return undefined;
}

/** The fields of an ErrorReply in its plain form. */
export interface ErrorFields {
  readonly code: number;
  readonly message: string;
  readonly reason: string;
  readonly details: Details;
}

export function toErrorFields(error: HeadwaterError): ErrorFields {
  const { code, details } = error;
  return {
    code: statusCodeOf(code),
    message: publicMessage(error),
    reason: code.toUpperCase(),
    details: toDetailTexts(details),
  };
}

export function fromErrorFields({ reason, message, details }: ErrorFields): HeadwaterError {
  return errorOf(reason, message, details);
}

export function toErrorReply(error: HeadwaterError): headwater.v1.ErrorReply.$Properties {
  const fields = toErrorFields(error);
  return { ...fields, details: Object.entries(fields.details).map(([name, value]) => ({ name, value })) };
}

export function fromErrorReply(reply: ErrorReplyMessage): HeadwaterError {
  const details = Object.fromEntries(reply.details.map(({ name, value }) => [name ?? '', value ?? '']));
  return errorOf(reply.reason, reply.message, details);
}

const KNOWN: ReadonlySet<string> = new Set(ERROR_CODES);

/** A reason from a newer server is still a refusal, though it has no code here. */
function errorOf(reason: string, message: string, texts: Details): HeadwaterError {
  const details = fromDetailTexts(texts);
  const code = reason.toLowerCase();
  if (KNOWN.has(code)) return new HeadwaterError(code as ErrorCode, message, { details });
  return new HeadwaterError('internal', `${reason}: ${message}`, { details });
}
