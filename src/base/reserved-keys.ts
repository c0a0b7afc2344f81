/**
 * Keys that belong to the node itself. The records under them travel as those of clients do: through the log, the
 * snapshots and the backups. No client reads or writes them, and no list of keys has them.
 */

const PREFIX = Buffer.from('\0headwater\0');

/** The key of a record of the node. */
export function reservedKey(name: string): Buffer {
  return Buffer.concat([PREFIX, Buffer.from(name)]);
}

export function isReserved(key: Buffer): boolean {
  return key[0] === 0 && key.length >= PREFIX.length && key.compare(PREFIX, 0, PREFIX.length, 0, PREFIX.length) === 0;
}

/** The name of a record, by its key. */
export function reservedName(key: Buffer): string {
  return key.toString('utf8', PREFIX.length);
}

/** The range that has all reserved keys: from the first on, and before the second. */
export const RESERVED_RANGE = { from: PREFIX, to: Buffer.from('\0headwater\x01') };
