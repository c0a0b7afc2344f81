/** A position that a caller gives, as the position of an answer or as its text. */
import { HeadwaterError } from '../base/errors.js';
import { shownValue } from '../base/shown-value.js';
import { type Position, parseToken } from '../model/position.js';

/**
 * @param name of the option.
 * @throws HeadwaterError `invalid_argument` if the value is neither a position nor its text.
 */
export function givenPosition(name: string, value: Position | string | undefined): Position | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return parseToken(value);
  const { replicationId, offset, checksum } = value as Partial<Position>;
  if (typeof replicationId === 'string' && Number.isSafeInteger(offset) && Number.isSafeInteger(checksum)) return value;
  throw new HeadwaterError(
    'invalid_argument',
    `${name}: expected a position with replicationId, offset and checksum, or its text, received ${shownValue(value)}`,
  );
}
