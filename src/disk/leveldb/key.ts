/**
 * Keys as LevelDB's files hold them (db/dbformat.h): the key of the database, then u64 little-endian:
 * sequence number << 8 | kind. Rows are in the order of their keys. The later of two rows under one key comes
 * first.
 */
export const KEY_TRAILER_BYTES = 8;
export const DELETION = 0;
export const VALUE = 1;

/** The length above which a call of the runtime is faster than a loop. */
const LOOP_BYTES_MAX = 64;

/** The end of the database's key in a key of a file. */
export function endOf(key: Buffer): number {
  return key.length - KEY_TRAILER_BYTES;
}

/** Compares the keys in a[0..aEnd) and b[0..bEnd), without their trailers. */
export function compareKeys(a: Buffer, aEnd: number, b: Buffer, bEnd: number): number {
  const both = Math.min(aEnd, bEnd);
  if (both > LOOP_BYTES_MAX) return a.compare(b, 0, bEnd, 0, aEnd);
  for (let i = 0; i < both; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return aEnd - bEnd;
}

/** Above 0 if the entry whose trailer begins at `aEnd` was written before the entry whose trailer begins at `bEnd`. */
export function compareAges(a: Buffer, aEnd: number, b: Buffer, bEnd: number): number {
  const difference = b.readUInt32LE(bEnd + 4) - a.readUInt32LE(aEnd + 4);
  return difference === 0 ? b.readUInt32LE(bEnd) - a.readUInt32LE(aEnd) : difference;
}
