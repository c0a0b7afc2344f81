/** The errors of the AWS SDK in words for people, and whether another attempt may help. */
import { type ErrorCode, HeadwaterError } from '../base/errors.js';

/** The status of a request with a header that the provider does not know. */
export const NOT_IMPLEMENTED = 501;

/** The parts of an error of the SDK that are read here. */
export interface Refusal {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const WORDS: Readonly<Record<string, readonly [code: ErrorCode, words: string]>> = {
  CredentialsProviderError: [
    'invalid_argument',
    'found no credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role',
  ],
  NoSuchBucket: ['invalid_argument', 'the bucket does not exist. Make it first, or correct the name'],
  NoSuchKey: ['invalid_argument', 'there is no such object'],
  NotFound: ['invalid_argument', 'there is no such object or bucket'],
  InvalidAccessKeyId: ['permission_denied', 'the provider does not know the access key'],
  SignatureDoesNotMatch: ['permission_denied', 'the secret does not belong to the access key, or the clock is wrong'],
  RequestTimeTooSkewed: ['permission_denied', "this machine's clock differs too much from the provider's"],
  AccessDenied: ['permission_denied', 'the credentials do not allow this'],
  Forbidden: ['permission_denied', 'the credentials do not allow this'],
  PermanentRedirect: ['invalid_argument', 'the bucket is in another region. Name it with --s3-region'],
};

/** An error about the file or the place `what`. Errors of Headwater itself are returned as they are. */
export function errorOfBucket(what: string, error: unknown): HeadwaterError {
  if (HeadwaterError.is(error)) return error;
  const { name = '', message = '', $metadata } = error as Refusal;
  const [code, words] = WORDS[name] ?? wordsOf(message, $metadata?.httpStatusCode);
  return new HeadwaterError(code, `${what}: ${words}`, { cause: error });
}

function wordsOf(message: string, status: number | undefined): readonly [ErrorCode, string] {
  if (/region is missing/i.test(message))
    return ['invalid_argument', 'expected the region of the bucket. Set --s3-region or AWS_REGION'];
  if (status === undefined) return ['unreachable', `the provider cannot be reached: ${message}`];
  return ['unreachable', `the provider answers with the status ${status}: ${message}`];
}

/** Refusals that have the status of a wrong request, and come from a line or a provider that was slow for a moment. */
const TRANSIENT = /^(RequestTimeout|IncompleteBody|BadDigest|Throttl|TooManyRequests|RequestLimitExceeded|SlowDown)/;

/** Whether the same request may succeed later. */
export function mayPass(error: unknown): boolean {
  if (HeadwaterError.is(error)) return false;
  const { name = '', message = '', $metadata } = error as Refusal;
  if (name in WORDS || /region is missing/i.test(message)) return false;
  const status = $metadata?.httpStatusCode;
  if (TRANSIENT.test(name) || status === 408) return true;
  return status === undefined || (status >= 500 && status !== NOT_IMPLEMENTED) || status === 429 || status < 300;
}
