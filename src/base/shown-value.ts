/** A value that a program gave, in the message of its refusal. */

const CHARACTERS_MAX = 60;

/** Shows numbers and switches as they are, text in quotes, and of any other value only its type. */
export function shownValue(value: unknown): string {
  if (value === null || ['number', 'bigint', 'boolean'].includes(typeof value)) return String(value);
  return typeof value === 'string' ? JSON.stringify(value.slice(0, CHARACTERS_MAX)) : typeof value;
}
