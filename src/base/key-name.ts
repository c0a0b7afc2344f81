/**
 * A key, or a channel, as the name under which a Map finds it. V8 hashes a string
 * of more than 16,383 characters by its length alone: long keys of one length
 * would all fall into one place of the Map, and be compared with each other byte
 * by byte. 1,000 keys of 16,400 bytes in one command took 6 s that way. So a long
 * key goes by its digest.
 */
import { createHash } from 'node:crypto';

const NAME_BYTES_MAX = 8 * 1024;

/** No byte of a key is this character: the name of a long key is never that of a short one. */
const LONG = '\u0100';

/** Two keys have the same name only if they are equal. */
export function keyName(key: Buffer): string {
  if (key.length <= NAME_BYTES_MAX) return key.toString('latin1');
  return LONG + createHash('sha256').update(key).digest('base64');
}
