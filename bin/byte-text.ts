/**
 * Arguments that are any bytes, as text. Commander passes text only, but a shell line such as `set "\xff" 1` names other
 * bytes too. Each byte that is not UTF-8 becomes half a surrogate pair, U+DC80 to U+DCFF. No argument of the process
 * itself has such halves, because Node decodes arguments as UTF-8.
 */
import { isUtf8 } from 'node:buffer';

const HALVES = 0xdc00;
const LONE_HALF = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** The bytes as text, from which `bytesOfText` makes the same bytes again. */
export function textOfBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString();
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes[at] as number);
    const character = bytes.subarray(at, at + length);
    const isWhole = length > 0 && character.length === length && isUtf8(character);
    text += isWhole ? character.toString() : String.fromCharCode(HALVES + (bytes[at] as number));
    at += isWhole ? length : 1;
  }
  return text;
}

/** The number of bytes of a UTF-8 character, by the first of them; 0 if no character begins so. */
function characterLength(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

export function bytesOfText(text: string): Buffer {
  if (isText(text)) return Buffer.from(text);
  const parts = Array.from(text, (character) => {
    const code = character.codePointAt(0) as number;
    return code >= HALVES + 0x80 && code <= HALVES + 0xff ? Buffer.from([code - HALVES]) : Buffer.from(character);
  });
  return Buffer.concat(parts);
}

/** Whether the text stands for nothing but UTF-8. */
export function isText(text: string): boolean {
  return !LONE_HALF.test(text);
}
