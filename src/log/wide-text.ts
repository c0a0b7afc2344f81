/**
 * Recognises text in two bytes a character, which Windows writes. Such text is not valid JSON Lines, and its big-endian
 * form looks like a file of blocks.
 */

const LOOKED_AT_MAX = 16;
const CHARACTERS_MIN = 2;

/**
 * The name that iconv has for the encoding; undefined if `begin` is something else.
 * @param begin the beginning of a file: 16 bytes if the file has them. With 16 bytes, no file of blocks is taken for
 * text: the offset in it would be beyond 2^53.
 */
export function wideEncoding(begin: Buffer): 'UTF-16LE' | 'UTF-16BE' | undefined {
  if (begin[0] === 0xff && begin[1] === 0xfe) return 'UTF-16LE';
  if (begin[0] === 0xfe && begin[1] === 0xff) return 'UTF-16BE';
  if (isPlain(begin, 0)) return 'UTF-16LE';
  return isPlain(begin, 1) ? 'UTF-16BE' : undefined;
}

/** Whether each pair is a printable ASCII character, or a blank, at `at`, and a zero. */
function isPlain(bytes: Buffer, at: 0 | 1): boolean {
  const end = Math.min(bytes.length, LOOKED_AT_MAX) & ~1;
  for (let pair = 0; pair < end; pair += 2) {
    const character = bytes[pair + at] as number;
    const isText = (character >= 0x20 && character < 0x7f) || (character >= 0x09 && character <= 0x0d);
    if (!isText || bytes[pair + 1 - at] !== 0) return false;
  }
  return end >= 2 * CHARACTERS_MIN;
}
