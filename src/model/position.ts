/**
 * A place in a history: (replication ID, offset, running checksum). Two nodes at equal positions have had the same
 * past.
 */
import { HeadwaterError } from '../base/errors.js';

/** A place in a history. The position of an answer, given to a later read, makes the read see that answer. */
export interface Position {
  /** 40 hexadecimal characters. */
  readonly replicationId: string;
  /** The offset; 0 is before the first command. */
  readonly offset: number;
  /** uint32: the running checksum over the whole history up to `offset`. */
  readonly checksum: number;
}

/** The history of an empty store, under which nothing was ever logged. */
export const NO_HISTORY = '0'.repeat(40);

export const ORIGIN: Position = Object.freeze({ replicationId: NO_HISTORY, offset: 0, checksum: 0 });

/** The checksum as 8 hexadecimal characters. */
export function formatChecksum(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}

/** Reads the text of `formatChecksum`. */
export function parseChecksum(text: string): number {
  return Number.parseInt(text, 16);
}

/** A position as text: `<40 hex replication ID>:<offset>:<8 hex checksum>`. */
export function formatToken({ replicationId, offset, checksum }: Position): string {
  return `${replicationId}:${offset}:${formatChecksum(checksum)}`;
}

/** @throws HeadwaterError `invalid_argument`. */
export function parseToken(text: string): Position {
  const [, replicationId, digits, checksum] = /^([0-9a-f]{40}):(\d{1,16}):([0-9a-f]{8})$/.exec(text) ?? [];
  const offset = Number(digits);
  if (replicationId !== undefined && checksum !== undefined && Number.isSafeInteger(offset))
    return { replicationId, offset, checksum: Number.parseInt(checksum, 16) };
  throw new HeadwaterError(
    'invalid_argument',
    `a position token: expected ID:OFFSET:CHECKSUM (40 hexadecimal characters, a number, 8 hexadecimal characters), received ${JSON.stringify(text.slice(0, 100))}`,
  );
}

/** For people: `8f3a…c1@42 (checksum 0badcafe)`. */
export function formatPosition(position: Position): string {
  const { replicationId: id, offset, checksum } = position;
  return `${id.slice(0, 8)}@${offset} (checksum ${formatChecksum(checksum)})`;
}
