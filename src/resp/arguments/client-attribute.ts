/** Names that a client gives itself. The list of clients has them between spaces, so they are one printable word. */
import { Refusal } from '../replies/refusal.js';

const PRINTABLE = /^[!-~]*$/;

/** @param subject of the sentence, as Redis words it. */
export function clientAttribute(bytes: Buffer, subject: string): string {
  const text = bytes.toString('latin1');
  if (PRINTABLE.test(text)) return text;
  throw new Refusal(`ERR ${subject} cannot contain spaces, newlines or special characters.`);
}

export function clientName(bytes: Buffer): string {
  return clientAttribute(bytes, 'Client names');
}
