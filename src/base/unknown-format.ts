/**
 * The refusal of bytes that another version of Headwater wrote. Every format on disk and on the wire is refused by this
 * sentence: what was found, what this version reads, and what to do.
 */
import { HeadwaterError } from './errors.js';

/** The remedy for data of a later version. */
const USE_THEIR_VERSION = 'Use the version of Headwater that wrote it, or a newer one';

interface Unknown {
  /** The thing with the format, such as "the backup". */
  readonly subject: string;
  /** The name of the number, such as "format" or "log layout". */
  readonly name: string;
  readonly found: unknown;
  /** The numbers that this version reads. */
  readonly read: readonly (number | string)[];
  /** An order, without a full stop. */
  readonly remedy?: string;
}

export function unknownFormat({ subject, name, found, read, remedy = USE_THEIR_VERSION }: Unknown): HeadwaterError {
  return new HeadwaterError(
    'unknown_format',
    `${subject} has ${name} ${found}; this version reads ${name} ${read.join(' and ')}. ${remedy}`,
  );
}
