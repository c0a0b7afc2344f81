/**
 * Packs entries one behind the other, as backup files hold them: each is key length u32 ‖ record length u32 ‖
 * key ‖ record. Code that reads or writes many of them makes no buffers for each.
 */

import { copyBytes } from '../base/copy.js';
import { HeadwaterError } from '../base/errors.js';

export const ENTRY_HEADER_BYTES = 8;

/** Takes entries until `packBytes` are full. Entries are copied as they come. */
export class EntryPacker {
  readonly #packBytes: number;
  #bytes: Buffer;
  #used = 0;

  constructor(packBytes: number) {
    this.#packBytes = packBytes;
    this.#bytes = Buffer.allocUnsafeSlow(packBytes);
  }

  get isEmpty(): boolean {
    return this.#used === 0;
  }

  /**
   * Adds an entry: key[keyStart..keyEnd) and record[recordStart..recordEnd).
   * @returns false if the caller has to `take` the earlier entries first.
   */
  add(key: Buffer, keyStart: number, keyEnd: number, record: Buffer, recordStart: number, recordEnd: number): boolean {
    const recordBytes = recordEnd - recordStart;
    const bytes = ENTRY_HEADER_BYTES + keyEnd - keyStart + recordBytes;
    if (this.#used + bytes > this.#bytes.length) {
      if (!this.isEmpty) return false;
      // An unusually large entry needs a buffer of its own size.
      this.#bytes = Buffer.allocUnsafeSlow(bytes);
    }
    const to = this.#bytes;
    let at = to.writeUInt32BE(keyEnd - keyStart, this.#used);
    at = to.writeUInt32BE(recordBytes, at);
    at = copyBytes(key, keyStart, keyEnd, to, at);
    this.#used = copyBytes(record, recordStart, recordEnd, to, at);
    return true;
  }

  /** Returns the packed entries. The next `add` overwrites them. */
  take(): Buffer {
    const packed = this.#bytes.subarray(0, this.#used);
    this.#used = 0;
    // The memory that a large entry needed is released.
    if (this.#bytes.length > this.#packBytes) this.#bytes = Buffer.allocUnsafeSlow(this.#packBytes);
    return packed;
  }
}

/**
 * Yields the entries in groups. Keys and records are views.
 * @throws HeadwaterError `corrupt` if the entries do not fill `packed` exactly.
 */
export function* unpackEntries(
  packed: Buffer,
  groupEntries = 512,
): Generator<{ readonly keys: readonly Buffer[]; readonly records: readonly Buffer[] }> {
  let keys: Buffer[] = [];
  let records: Buffer[] = [];
  let at = 0;
  while (at + ENTRY_HEADER_BYTES <= packed.length) {
    const key = at + ENTRY_HEADER_BYTES;
    const record = key + packed.readUInt32BE(at);
    const end = record + packed.readUInt32BE(at + 4);
    if (end > packed.length) break;
    keys.push(packed.subarray(key, record));
    records.push(packed.subarray(record, end));
    at = end;
    if (keys.length < groupEntries) continue;
    yield { keys, records };
    keys = [];
    records = [];
  }
  if (at !== packed.length)
    throw new HeadwaterError(
      'corrupt',
      `the backup is damaged: a chunk of ${packed.length} bytes ends inside an entry`,
    );
  if (keys.length > 0) yield { keys, records };
}
