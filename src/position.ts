/**
 * A place in a history: (replication ID, offset, running checksum). Two nodes
 * at equal positions have had the same past.
 */

export interface Position {
  /** 40 hexadecimal characters. */
  readonly replicationId: string;
  /** 0 = before the first command. */
  readonly offset: number;
  /** uint32: the running checksum over the whole history up to `offset`. */
  readonly checksum: number;
}

/** Under which nothing was ever logged: the history of an empty store. */
export const NO_HISTORY = '0'.repeat(40);

export const ORIGIN: Position = Object.freeze({ replicationId: NO_HISTORY, offset: 0, checksum: 0 });

/** 8 hexadecimal characters. */
export function formatChecksum(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}

/** For people: `8f3a…c1@42 (checksum 0badcafe)`. */
export function formatPosition(position: Position): string {
  const { replicationId: id, offset, checksum } = position;
  return `${id.slice(0, 8)}@${offset} (checksum ${formatChecksum(checksum)})`;
}
