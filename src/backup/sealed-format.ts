/**
 * The bytes of a sealed file, format 1, without I/O: a backup or an archive file under a key that its owner keeps.
 *
 *   "HEADWATER SEALED\n" ‖ format u32 ‖ key ID, 8 bytes ‖ salt, 32 bytes
 *   ciphertext of at most 64 KiB ‖ tag, 16 bytes, for each chunk
 *
 * Each file has its own random salt, so its own key by HKDF-SHA256, which the whole head goes into. The nonce of a chunk is
 * its number and whether it is the last one. So no chunk can be changed, left out, repeated, moved, or taken from another
 * file, and the file cannot be cut. All chunks but the last have 64 KiB.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { HeadwaterError } from '../base/errors.js';
import { unknownFormat } from '../base/unknown-format.js';
import type { BackupKey } from './backup-key.js';

const SEALED_FORMAT = 1;
const MAGIC = Buffer.from('HEADWATER SEALED\n');
const KEY_ID_BYTES = 8;
const SALT_BYTES = 32;
export const SEALED_HEAD_BYTES = MAGIC.length + 4 + KEY_ID_BYTES + SALT_BYTES;

/** Plain bytes of a chunk. */
export const SEALED_CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
/** Bytes of a chunk in the file. */
export const STORED_CHUNK_BYTES = SEALED_CHUNK_BYTES + TAG_BYTES;

const CIPHER = 'aes-256-gcm';

/** Whether the bytes begin as a sealed file does. */
export function isSealed(begin: Buffer): boolean {
  return begin.subarray(0, MAGIC.length).equals(MAGIC);
}

/** Plain bytes of a file of so many. */
export function plainSizeOf(storedBytes: number): number {
  const body = Math.max(0, storedBytes - SEALED_HEAD_BYTES);
  return body - TAG_BYTES * Math.ceil(body / STORED_CHUNK_BYTES);
}

/** Bytes of the file for so many plain ones. An empty file has one empty chunk. */
export function storedSizeOf(plainBytes: number): number {
  return SEALED_HEAD_BYTES + plainBytes + TAG_BYTES * Math.max(1, Math.ceil(plainBytes / SEALED_CHUNK_BYTES));
}

/** Seals one file, chunk by chunk. */
export class Sealer {
  readonly #key: Buffer;
  #head: Buffer | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #chunks = 0;

  constructor(key: BackupKey) {
    const format = Buffer.alloc(4);
    format.writeUInt32BE(SEALED_FORMAT);
    this.#head = Buffer.concat([MAGIC, format, key.id, randomBytes(SALT_BYTES)]);
    this.#key = fileKey(key, this.#head);
  }

  /** Returns the bytes of the file that are known by now. */
  add(plain: Buffer): Buffer {
    const all = this.#rest.length === 0 ? plain : Buffer.concat([this.#rest, plain]);
    const pieces = this.#begin();
    let at = 0;
    // The last chunk is sealed as such, so one stays until more bytes or the end come.
    for (; all.length - at > SEALED_CHUNK_BYTES; at += SEALED_CHUNK_BYTES)
      pieces.push(this.#seal(all.subarray(at, at + SEALED_CHUNK_BYTES), false));
    this.#rest = Buffer.from(all.subarray(at));
    return Buffer.concat(pieces);
  }

  /** Returns the last bytes of the file. */
  end(): Buffer {
    return Buffer.concat([...this.#begin(), this.#seal(this.#rest, true)]);
  }

  #begin(): Buffer[] {
    const pieces = this.#head ? [this.#head] : [];
    this.#head = undefined;
    return pieces;
  }

  #seal(plain: Buffer, isLast: boolean): Buffer {
    const cipher = createCipheriv(CIPHER, this.#key, nonceOf(this.#chunks++, isLast));
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }
}

/** Opens the chunks of one file, in any order. */
export class Opener {
  readonly #key: Buffer;
  readonly #file: string;

  /**
   * @param head the head of the file, which is sealed.
   * @throws HeadwaterError `corrupt` or `unknown_format` for a file that this key does not open.
   */
  constructor(head: Buffer, key: BackupKey | undefined, file: string) {
    if (head.length < SEALED_HEAD_BYTES) throw new HeadwaterError('corrupt', `${file} is cut off in its head`);
    const found = head.readUInt32BE(MAGIC.length);
    if (found !== SEALED_FORMAT)
      throw unknownFormat({ subject: file, name: 'format of encryption', found, read: [SEALED_FORMAT] });
    const id = head.subarray(MAGIC.length + 4, MAGIC.length + 4 + KEY_ID_BYTES);
    if (!key?.id.equals(id)) throw notOpened(file, id, key);
    this.#file = file;
    this.#key = fileKey(key, head);
  }

  /** @throws HeadwaterError `corrupt` unless these are the bytes that were written as this chunk. */
  open(stored: Buffer, chunk: number, isLast: boolean): Buffer {
    const end = stored.length - TAG_BYTES;
    try {
      const decipher = createDecipheriv(CIPHER, this.#key, nonceOf(chunk, isLast), { authTagLength: TAG_BYTES });
      decipher.setAuthTag(stored.subarray(Math.max(0, end)));
      return Buffer.concat([decipher.update(stored.subarray(0, Math.max(0, end))), decipher.final()]);
    } catch (cause) {
      const byte = SEALED_HEAD_BYTES + chunk * STORED_CHUNK_BYTES;
      const message = `${this.#file} is damaged at byte ${byte}: the encrypted chunk ${chunk} was changed, or the file was cut off`;
      throw new HeadwaterError('corrupt', message, { cause });
    }
  }
}

function notOpened(file: string, id: Buffer, key: BackupKey | undefined): HeadwaterError {
  const needed = `${file} is encrypted with the key ${id.toString('hex')}`;
  return new HeadwaterError(
    'unknown_format',
    key === undefined
      ? `${needed}. Name the file of this key with --backup-key-file`
      : `${needed}, and --backup-key-file has the key ${key.id.toString('hex')}. Name the file of the other key`,
  );
}

function fileKey({ secret }: BackupKey, head: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, head.subarray(-SALT_BYTES), head, 32));
}

/** Number of the chunk, 11 bytes, and whether it is the last, 1 byte. */
function nonceOf(chunk: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(chunk, 5, 6);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}
