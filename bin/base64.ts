/** Base64 from people and programs: the bytes in JSON that are not UTF-8. */

/** The bytes, or undefined if the text is not base64. The padding may be absent. */
export function bytesOfBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  // Node silently drops characters that are not base64.
  return bytes.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '') ? bytes : undefined;
}
