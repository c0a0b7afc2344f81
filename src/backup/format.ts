/**
 * The bytes of a backup file, format 1, without I/O. README.md beside this file describes them byte by byte.
 * A file is a preamble and chunks:
 *
 *   kind u8 ‖ stored length u32 ‖ raw length u32 ‖ crc u32 ‖ stored bytes
 *
 * The crc runs over kind, lengths and stored bytes. Each crc is seeded with the crc of the chunk before, so
 * that no chunk can be left out, repeated or moved. A reader that has followed the chain to its `end` holds
 * the whole file. Nothing may follow the end.
 */

import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import { BACKUP_CHUNK_BYTES_MAX } from '../base/limits.js';
import { unknownFormat } from '../base/unknown-format.js';
import type { BackupEnd, BackupHead } from '../model/backup.js';
import type { Codec } from '../model/codec.js';
import { codecOf } from '../protobuf/codec.js';

const HEAD: Codec<BackupHead> = codecOf('BackupHead');
const END: Codec<BackupEnd> = codecOf('BackupEnd');

const BACKUP_FORMAT = 1;
/** The compression of entries. A chunk that compression does not shrink is stored raw. */
export const COMPRESSION = 'lz4';

const MAGIC = Buffer.from('HEADWATER BACKUP\n');
export const PREAMBLE_BYTES = MAGIC.length + 4;
export const CHUNK_HEADER_BYTES = 13;
/** Bytes of a chunk header before the crc. */
const CHECKED_HEADER_BYTES = 9;

const KINDS = { head: 1, entries: 2, end: 3 } as const;
type Kind = keyof typeof KINDS;

export const PREAMBLE: Buffer = Buffer.concat([MAGIC, uint32(BACKUP_FORMAT)]);

/** A chunk whose place in the chain is verified. */
export type Chunk =
  | { readonly kind: 'head'; readonly head: BackupHead }
  /** `stored` is compressed if it is shorter than `rawBytes`. */
  | { readonly kind: 'entries'; readonly stored: Buffer; readonly rawBytes: number }
  | { readonly kind: 'end'; readonly end: BackupEnd };

/**
 * Checks that the file is a backup, of a known format.
 * @throws HeadwaterError `corrupt` or `unknown_format`.
 */
export function checkPreamble(bytes: Buffer): void {
  const { length } = MAGIC;
  if (!bytes.subarray(0, length).equals(MAGIC)) {
    const begin = JSON.stringify(bytes.toString('latin1', 0, length));
    const expected = JSON.stringify(MAGIC.toString('latin1'));
    throw new HeadwaterError(
      'corrupt',
      `the file is no Headwater backup: expected it to begin with ${expected}, received ${begin}`,
    );
  }
  if (bytes.length < PREAMBLE_BYTES)
    throw new HeadwaterError('corrupt', `the backup is cut off after byte ${bytes.length}: its end is missing`);
  const format = bytes.readUInt32BE(length);
  if (format !== BACKUP_FORMAT)
    throw unknownFormat({ subject: 'the backup', name: 'format', found: format, read: [BACKUP_FORMAT] });
}

/** The last chunk of a file is in so many bytes: header, two digests and two numbers. */
export const END_BYTES_MAX = 256;
const DIGEST_BYTES = 32;

/**
 * Whether the last bytes of a file are an end. A file that was cut off has none. The chain is not checked, for which the
 * whole file has to be read.
 * @param tail the last `END_BYTES_MAX` bytes, or the whole file if it has fewer.
 */
export function hasEnd(tail: Buffer): boolean {
  for (let at = tail.length - CHUNK_HEADER_BYTES; at >= 0; at--) {
    const bytes = tail.length - at - CHUNK_HEADER_BYTES;
    const isChunk =
      tail[at] === KINDS.end && tail.readUInt32BE(at + 1) === bytes && tail.readUInt32BE(at + 5) === bytes;
    if (isChunk && isEnd(tail.subarray(at + CHUNK_HEADER_BYTES))) return true;
  }
  return false;
}

function isEnd(stored: Buffer): boolean {
  try {
    const { digest, sha256 } = END.decode(stored);
    return digest.length === DIGEST_BYTES && sha256.length === DIGEST_BYTES;
  } catch {
    return false;
  }
}

/** Makes the chunks of one file, in order. */
export class ChunkSealer {
  readonly #hash: Hash = createHash('sha256').update(PREAMBLE);
  #crc = crc32(PREAMBLE);
  #chunks = 0;

  /** Returns the preamble and the head. */
  head(head: BackupHead): Buffer {
    return Buffer.concat([PREAMBLE, this.#seal('head', HEAD.encode(head))]);
  }

  /** @param stored compressed if shorter than `rawBytes`. */
  entries(stored: Buffer, rawBytes: number): Buffer {
    return this.#seal('entries', stored, rawBytes);
  }

  end({ keys, digest }: Pick<BackupEnd, 'keys' | 'digest'>): Buffer {
    const sha256 = this.#hash.copy().digest();
    return this.#seal('end', END.encode({ keys, digest, chunks: this.#chunks, sha256 }));
  }

  #seal(kind: Kind, stored: Buffer, rawBytes = stored.length): Buffer {
    invariant(stored.length <= rawBytes && rawBytes <= BACKUP_CHUNK_BYTES_MAX, `a chunk of ${rawBytes} bytes`);
    const bytes = Buffer.allocUnsafe(CHUNK_HEADER_BYTES + stored.length);
    bytes[0] = KINDS[kind];
    bytes.writeUInt32BE(stored.length, 1);
    bytes.writeUInt32BE(rawBytes, 5);
    bytes.set(stored, CHUNK_HEADER_BYTES);
    this.#crc = crcOf(bytes, this.#crc);
    bytes.writeUInt32BE(this.#crc, CHECKED_HEADER_BYTES);
    this.#hash.update(bytes);
    this.#chunks++;
    return bytes;
  }
}

/** Follows the chain of one file. */
export class ChunkChain {
  readonly #hash: Hash = createHash('sha256').update(PREAMBLE);
  #crc = crc32(PREAMBLE);
  #chunks = 0;
  #bytes = PREAMBLE_BYTES;
  #ended = false;

  /** Whether the last chunk has been taken. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Bytes of the file taken so far: preamble and chunks. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Returns the length of a chunk, header included, from its header.
   * @throws HeadwaterError `corrupt` if the lengths are out of bounds, or if the backup has ended.
   */
  lengthOf(header: Buffer): number {
    if (this.#ended) throw this.tooLong();
    const [stored, raw] = [header.readUInt32BE(1), header.readUInt32BE(5)];
    if (stored > raw || raw > BACKUP_CHUNK_BYTES_MAX)
      throw this.#damage(
        `expected lengths of at most ${BACKUP_CHUNK_BYTES_MAX} bytes, received ${stored} bytes compressed, ${raw} bytes raw`,
      );
    return CHUNK_HEADER_BYTES + stored;
  }

  /**
   * Verifies the next chunk of the file.
   * @param bytes header and stored bytes. The chunk remains a view of them.
   * @throws HeadwaterError `corrupt` if the bytes are not what was written there.
   */
  take(bytes: Buffer): Chunk {
    if (bytes.length < CHUNK_HEADER_BYTES || this.lengthOf(bytes) !== bytes.length)
      throw this.#damage(`expected a chunk, received ${bytes.length} other bytes`);
    const crc = crcOf(bytes, this.#crc);
    if (crc !== bytes.readUInt32BE(CHECKED_HEADER_BYTES)) throw this.#damage('the checksum does not match');
    const chunk = this.#read(bytes[0] as number, bytes.subarray(CHUNK_HEADER_BYTES), bytes.readUInt32BE(5));
    this.#crc = crc;
    if (chunk.kind === 'end') this.#ended = true;
    else this.#hash.update(bytes);
    this.#bytes += bytes.length;
    this.#chunks++;
    return chunk;
  }

  /** The error if bytes follow the end of the chain. */
  tooLong(): HeadwaterError {
    return this.#damage('expected nothing after the end of the backup, received more bytes');
  }

  /** The error if the bytes end before the chain does. */
  cutOff(): HeadwaterError {
    return new HeadwaterError('corrupt', `the backup is cut off after byte ${this.#bytes}: its end is missing`);
  }

  #read(kind: number, stored: Buffer, rawBytes: number): Chunk {
    if ((kind === KINDS.head) !== (this.#chunks === 0))
      throw this.#damage(`expected the head first and once, received a chunk of kind ${kind}`);
    try {
      if (kind === KINDS.head) return { kind: 'head', head: knownHead(HEAD.decode(stored)) };
      if (kind === KINDS.entries) return { kind: 'entries', stored, rawBytes };
      if (kind === KINDS.end) return { kind: 'end', end: this.#provenEnd(END.decode(stored)) };
    } catch (error) {
      if (HeadwaterError.is(error, 'corrupt') || HeadwaterError.is(error, 'unknown_format')) throw error;
      throw this.#damage((error as Error).message);
    }
    throw this.#damage(`expected kind 1 to 3, received ${kind}`);
  }

  #provenEnd(end: BackupEnd): BackupEnd {
    if (end.chunks !== this.#chunks)
      throw this.#damage(`expected ${end.chunks} chunks before the end, received ${this.#chunks}`);
    const sha256 = this.#hash.digest();
    if (!sha256.equals(end.sha256))
      throw this.#damage(`expected the SHA-256 ${end.sha256.toString('hex')}, received ${sha256.toString('hex')}`);
    return end;
  }

  #damage(what: string): HeadwaterError {
    return new HeadwaterError(
      'corrupt',
      `the backup is damaged: chunk ${this.#chunks}, at byte ${this.#bytes}: ${what}`,
    );
  }
}

function knownHead(head: BackupHead): BackupHead {
  if (head.compression === COMPRESSION) return head;
  const { compression } = head;
  throw unknownFormat({ subject: 'the backup', name: 'compression', found: compression, read: [COMPRESSION] });
}

function crcOf(chunk: Buffer, seed: number): number {
  return crc32(chunk.subarray(CHUNK_HEADER_BYTES), crc32(chunk.subarray(0, CHECKED_HEADER_BYTES), seed));
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
