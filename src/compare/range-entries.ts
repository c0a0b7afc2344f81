/** The records of key ranges, packed for the way between two nodes. */
import { HeadwaterError } from '../base/errors.js';

const ENTRY_HEADER_BYTES = 8;

/** Packs an entry: key length u32 ‖ record length u32 ‖ key ‖ record. */
export function packEntry(key: Buffer, record: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(ENTRY_HEADER_BYTES + key.length + record.length);
  bytes.writeUInt32BE(key.length, 0);
  bytes.writeUInt32BE(record.length, 4);
  bytes.set(key, ENTRY_HEADER_BYTES);
  bytes.set(record, ENTRY_HEADER_BYTES + key.length);
  return bytes;
}

/**
 * Returns keys and records as views of `bytes`.
 * @throws HeadwaterError `protocol_violation` if the bytes end inside an entry.
 */
export function unpackEntries(bytes: Buffer): Array<[key: Buffer, record: Buffer]> {
  const entries: Array<[Buffer, Buffer]> = [];
  for (let at = 0; at < bytes.length; ) {
    const keyAt = at + ENTRY_HEADER_BYTES;
    const whole = keyAt <= bytes.length;
    const recordAt = whole ? keyAt + bytes.readUInt32BE(at) : 0;
    const end = whole ? recordAt + bytes.readUInt32BE(at + 4) : 0;
    if (!whole || end > bytes.length)
      throw new HeadwaterError('protocol_violation', `the records of a key range end inside a record, at byte ${at}`);
    entries.push([bytes.subarray(keyAt, recordAt), bytes.subarray(recordAt, end)]);
    at = end;
  }
  return entries;
}
