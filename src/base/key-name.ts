/**
 * The name of a key, or of a channel, in a Map. V8 hashes a string of more than 16,383 characters by its length alone.
 * Long keys of one length would all share one bucket of the Map, and be compared with each other byte by byte. With
 * 1,000 keys of 16,400 bytes, one command took 6 s. So the name of a long key is its digest.
 */
import { createHash } from 'node:crypto';

const NAME_BYTES_MAX = 8 * 1024;

/** The prefix of the name of a long key. No byte of a key is this character, so no short key has such a name. */
const LONG = '\u0100';

/** The name of `key`; only equal keys have equal names. */
export function keyName(key: Buffer): string {
  if (key.length <= NAME_BYTES_MAX) return key.toString('latin1');
  return LONG + createHash('sha256').update(key).digest('base64');
}
