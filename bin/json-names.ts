/** The JSON of results and errors: the names of the protocol, in snake case, and integers of 64 bits. */
import { randomUUID } from 'node:crypto';

/** The name in snake case. */
export function snakeName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * Changes camelCase names to snake_case, all the way down. An undefined value becomes null, so that every field is
 * there.
 */
export function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (typeof value !== 'object' || value === null) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [snakeName(name), snakeCase(inner)]));
}

/**
 * The mark before an integer of 64 bits, which fits a number of JSON, but not one of JavaScript. No value of a store has
 * it, as nobody knows it before the process begins.
 */
const INTEGER = `integer ${randomUUID()} `;
const MARKED = new RegExp(`"${INTEGER}(-?\\d+)"`, 'g');

/** The fields as JSON. A bigint is a number. */
export function jsonText(fields: object): string {
  return JSON.stringify(fields, (_, value) => (typeof value === 'bigint' ? `${INTEGER}${value}` : value)).replace(
    MARKED,
    '$1',
  );
}
