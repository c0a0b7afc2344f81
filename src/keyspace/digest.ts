/** The digest by which keyspaces are compared. */
import { createHash, type Hash } from 'node:crypto';
import { copyBytes } from '../base/copy.js';
import { HeadwaterError } from '../base/errors.js';
import { ENTRY_HEADER_BYTES } from './entry-packer.js';
import { RECORD_HEADER_BYTES, RECORD_OVERHEAD_BYTES, RECORD_TRAILER_BYTES, verifyRecordAt } from './record.js';

/** A key and its record, verified. */
export type KeyAndRecord = [key: Buffer, record: Buffer];

/** The number of keys and the digest of a keyspace. */
export interface KeyspaceProof {
  readonly keys: number;
  readonly digest: Buffer;
}

/** @throws HeadwaterError `corrupt` unless count and digest of the keyspace at `offset` equal the sender's. */
export function checkProof(found: KeyspaceProof, expected: KeyspaceProof, offset: number): void {
  if (found.keys === expected.keys && found.digest.equals(expected.digest)) return;
  const hex = ({ digest }: KeyspaceProof) => digest.toString('hex');
  throw new HeadwaterError(
    'corrupt',
    `the snapshot at offset ${offset} is not complete: expected ${expected.keys} keys and the digest ${hex(expected)}, received ${found.keys} and ${hex(found)}`,
  );
}

/** Bytes of an entry beside key and value. */
const FIELDS_BYTES = 17;
/** The bytes to be hashed next. Empty whenever other code may have a turn. */
const scratch = Buffer.allocUnsafeSlow(256 * 1024);

/**
 * SHA-256 over (key length u32, key, type u8, expiry u64, value length u32, value) of every record in key
 * order. Two digests are equal iff clients see two equal keyspaces, whatever LevelDB's layout, versions and
 * epochs are.
 */
export class KeyspaceDigest {
  readonly #hash: Hash = createHash('sha256');
  #used = 0;
  keys = 0;

  add(chunk: readonly KeyAndRecord[]): void {
    for (const [key, record] of chunk) this.#put(key, 0, key.length, record, 0, record.length);
    this.#flush();
  }

  /**
   * Adds entries of entry-packer.ts, each of which is verified.
   * @throws HeadwaterError `corrupt` or `unknown_format` at a damaged record. Nothing can be added after
   *   that.
   */
  addPacked(packed: Buffer): void {
    for (let at = 0; at < packed.length; ) {
      const keyStart = at + ENTRY_HEADER_BYTES;
      const recordStart = keyStart + packed.readUInt32BE(at);
      const end = recordStart + packed.readUInt32BE(at + 4);
      verifyRecordAt(packed, keyStart, recordStart, end);
      this.#put(packed, keyStart, recordStart, packed, recordStart, end);
      at = end;
    }
    this.#flush();
  }

  finish(): Buffer {
    return this.#hash.digest();
  }

  #put(key: Buffer, keyStart: number, keyEnd: number, record: Buffer, recordStart: number, recordEnd: number): void {
    const valueStart = recordStart + RECORD_HEADER_BYTES;
    const valueEnd = recordEnd - RECORD_TRAILER_BYTES;
    const bytes = keyEnd - keyStart + FIELDS_BYTES + valueEnd - valueStart;
    if (this.#used + bytes > scratch.length) this.#flush();
    const to = bytes > scratch.length ? Buffer.allocUnsafeSlow(bytes) : scratch;
    let at = to.writeUInt32BE(keyEnd - keyStart, this.#used);
    at = copyBytes(key, keyStart, keyEnd, to, at);
    // The type, then the expiry, which stands behind the version.
    to[at++] = record[recordStart + 1] as number;
    at = copyBytes(record, recordStart + 10, valueStart, to, at);
    at = to.writeUInt32BE(recordEnd - recordStart - RECORD_OVERHEAD_BYTES, at);
    at = copyBytes(record, valueStart, valueEnd, to, at);
    if (to === scratch) this.#used = at;
    else this.#hash.update(to);
    this.keys++;
  }

  #flush(): void {
    if (this.#used > 0) this.#hash.update(scratch.subarray(0, this.#used));
    this.#used = 0;
  }
}
