/** The refusal of a value that would grow beyond the limit of the node, in the words of Redis. */
import type { HeadwaterError } from '../../base/errors.js';

const TOO_LONG = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)';

/** The sentence if the result would be too long. A key or value that was sent and is too long has another one. */
export function tooLongResult({ code, details }: HeadwaterError): string | undefined {
  return code === 'too_large' && details.cause === 'RESULT' ? TOO_LONG : undefined;
}
