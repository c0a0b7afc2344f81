/**
 * An archive file: a closed stretch of the log, format 1. README.md beside this file describes the format
 * byte by byte:
 *
 *   "HEADWATER ARCHIVE\n" ‖ format u32
 *   length u32 ‖ head ‖ CRC-32 of the head u32
 *   length u32 ‖ block, for each block, verbatim
 *   0 u32 ‖ length u32 ‖ end ‖ CRC-32 of the end u32 ‖ length u32 again
 *
 * Blocks chain from the head's position to the end's. The end has a digest over everything before it. The
 * length of the end stands behind it too, so that a reader can read the end without the rest. A file gets its
 * name when it is whole and durable.
 */
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { HeadwaterError } from '../base/errors.js';
import { BLOCK_BYTES_CEILING } from '../base/limits.js';
import { unknownFormat } from '../base/unknown-format.js';
import type { Files, FileWriter } from '../disk/files.js';
import { Block } from '../log/block.js';
import type { Codec } from '../model/codec.js';
import type { LineageRow } from '../model/lineage.js';
import { formatChecksum, formatPosition, type Position } from '../model/position.js';
import { codecOf } from '../protobuf/codec.js';

export interface ArchiveHead {
  /** The position right before the first block. */
  readonly base: Position;
  readonly clusterId: string;
  readonly nodeId: string;
  /** Milliseconds since the epoch. */
  readonly madeMs: number;
}

export interface ArchiveEnd {
  /** The position of the last block. */
  readonly position: Position;
  /** The time of the last block, in milliseconds since the epoch. */
  readonly timeMs: number;
  readonly lineage: readonly LineageRow[];
  readonly blocks: number;
  /** SHA-256 over all bytes of the file before, 32 bytes. */
  readonly sha256: Buffer;
}

const HEAD: Codec<ArchiveHead> = codecOf('ArchiveHead');
const END: Codec<ArchiveEnd> = codecOf('ArchiveEnd');

const ARCHIVE_FORMAT = 1;
const MAGIC = Buffer.from('HEADWATER ARCHIVE\n');
const PREAMBLE_BYTES = MAGIC.length + 4;
/** A head or an end has a few hundred bytes. A lineage has at most some thousand rows. */
const MESSAGE_BYTES_MAX = 1024 * 1024;

/** The parts of a name, `<first offset>-<last offset>-<checksum at the end>.archive`. Names sort by first offset. */
export interface StretchName {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly checksum: number;
}

const NAME = /^(\d{20})-(\d{20})-([0-9a-f]{8})\.archive$/;

export function stretchName({ firstOffset, lastOffset, checksum }: StretchName): string {
  const digits = (offset: number) => String(offset).padStart(20, '0');
  return `${digits(firstOffset)}-${digits(lastOffset)}-${formatChecksum(checksum)}.archive`;
}

/** Returns undefined if the file is not an archive file, or is still being written. */
export function parseStretchName(name: string): StretchName | undefined {
  const [, first, last, checksum] = NAME.exec(name) ?? [];
  const [firstOffset, lastOffset] = [Number(first), Number(last)];
  if (!checksum || !Number.isSafeInteger(lastOffset) || firstOffset < 1 || lastOffset < firstOffset) return undefined;
  return { firstOffset, lastOffset, checksum: Number.parseInt(checksum, 16) };
}

/** A stretch that is being written, in a temporary file beside its final place. */
export class StretchWriter {
  readonly #files: Files;
  readonly #directory: string;
  readonly #aside: string;
  readonly #writer: FileWriter;
  readonly #head: ArchiveHead;
  readonly #hash: Hash = createHash('sha256');
  #blocks = 0;
  #bytes = 0;
  #last: Block | undefined;

  private constructor(files: Files, directory: string, aside: string, writer: FileWriter, head: ArchiveHead) {
    this.#files = files;
    this.#directory = directory;
    this.#aside = aside;
    this.#writer = writer;
    this.#head = head;
  }

  /** Creates the temporary file. An unfinished file of the same node is replaced. */
  static async create(files: Files, directory: string, head: ArchiveHead): Promise<StretchWriter> {
    const aside = path.join(directory, `${head.nodeId}.new`);
    const made = new StretchWriter(files, directory, aside, await files.create(aside), head);
    const message = HEAD.encode(head);
    try {
      await made.#append(
        Buffer.concat([MAGIC, uint32(ARCHIVE_FORMAT), uint32(message.length), message, uint32(crc32(message))]),
      );
    } catch (error) {
      await made.abandon();
      throw error;
    }
    return made;
  }

  /** Bytes of the blocks appended so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Appends verified blocks. The first block ever appended follows the head's position. */
  async append(blocks: readonly Block[]): Promise<void> {
    const pieces: Buffer[] = [];
    for (const { bytes } of blocks) {
      pieces.push(uint32(bytes.length), bytes);
      this.#bytes += bytes.length;
    }
    await this.#append(Buffer.concat(pieces));
    this.#blocks += blocks.length;
    this.#last = blocks.at(-1) ?? this.#last;
  }

  /**
   * Resolves when the file is whole, durable and under its name.
   * @param lineage the lineage of the node that wrote the blocks.
   */
  async close(lineage: readonly LineageRow[]): Promise<Position> {
    const last = this.#last as Block;
    const { position, timeMs } = last;
    const rows = lineage.filter((row) => row.firstOffset <= position.offset);
    await this.#append(uint32(0));
    const sha256 = this.#hash.digest();
    const end = END.encode({ position, timeMs, lineage: rows, blocks: this.#blocks, sha256 });
    await this.#writer.append(Buffer.concat([uint32(end.length), end, uint32(crc32(end)), uint32(end.length)]));
    await this.#writer.sync();
    await this.#writer.close();
    const name = stretchName({
      firstOffset: this.#head.base.offset + 1,
      lastOffset: position.offset,
      checksum: position.checksum,
    });
    await this.#files.rename(this.#aside, path.join(this.#directory, name));
    await this.#files.syncDirectory(this.#directory);
    return position;
  }

  /** Removes the unfinished file. */
  async abandon(): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#files.remove(this.#aside);
  }

  async #append(bytes: Buffer): Promise<void> {
    this.#hash.update(bytes);
    await this.#writer.append(bytes);
  }
}

/** Whether a file begins as an archive file does. */
export function isArchiveFile(file: string): Promise<boolean> {
  return withFile(file, async (handle) => {
    const begin = Buffer.alloc(MAGIC.length);
    await handle.read(begin, 0, begin.length, 0);
    return begin.equals(MAGIC);
  });
}

/**
 * Reads head and end of a file. The blocks between them are not read.
 * @throws HeadwaterError `corrupt` or `unknown_format`.
 */
export async function readStretchEnds(file: string): Promise<{ head: ArchiveHead; end: ArchiveEnd }> {
  return withFile(file, async (handle) => {
    const { head } = await readHead(handle, file);
    return { head, end: (await readEnd(handle, file)).end };
  });
}

/**
 * Reads the blocks of a file and verifies that each chains from the one before. Only one block is in memory
 * at a time. A reader that has come to the end has seen that the file is whole.
 * @throws HeadwaterError `corrupt` or `unknown_format`, naming the file.
 */
export async function* readStretch(file: string): AsyncGenerator<Block> {
  const handle = await open(file, 'r');
  try {
    const { head, length, bytes } = await readHead(handle, file);
    const { end, at: endAt } = await readEnd(handle, file);
    const hash = createHash('sha256').update(bytes);
    let { offset, checksum } = head.base;
    let blocks = 0;
    for (let at = length; ; ) {
      const prefix = await readExactly(handle, file, at, 4);
      hash.update(prefix);
      const size = prefix.readUInt32BE();
      if (size === 0) {
        if (at + 4 !== endAt) throw damaged(file, at, 'the blocks end before the end of the file');
        break;
      }
      if (size > BLOCK_BYTES_CEILING || at + 4 + size > endAt)
        throw damaged(
          file,
          at,
          `expected a block that ends before the end of the blocks, received a length of ${size} bytes`,
        );
      const stored = await readExactly(handle, file, at + 4, size);
      hash.update(stored);
      const block = blockAt(file, at, stored, { offset, checksum });
      ({ lastOffset: offset, checksum } = block);
      blocks++;
      yield block;
      at += 4 + size;
    }
    const { position, sha256 } = end;
    if (
      !hash.digest().equals(sha256) ||
      blocks !== end.blocks ||
      offset !== position.offset ||
      checksum !== position.checksum
    )
      throw damaged(
        file,
        endAt,
        `the end counts ${end.blocks} blocks up to ${formatPosition(position)}, but the blocks before it are others`,
      );
  } finally {
    await handle.close();
  }
}

function blockAt(file: string, at: number, bytes: Buffer, before: { offset: number; checksum: number }): Block {
  try {
    const block = new Block(bytes);
    block.verifyAfter(before.offset, before.checksum);
    return block;
  } catch (error) {
    if (HeadwaterError.is(error, 'unknown_format')) throw error;
    throw damaged(file, at, (error as Error).message);
  }
}

async function readHead(
  handle: FileHandle,
  file: string,
): Promise<{ head: ArchiveHead; length: number; bytes: Buffer }> {
  const preamble = await readExactly(handle, file, 0, PREAMBLE_BYTES + 4);
  if (!preamble.subarray(0, MAGIC.length).equals(MAGIC)) {
    const begin = JSON.stringify(preamble.toString('latin1', 0, MAGIC.length));
    throw new HeadwaterError(
      'corrupt',
      `${file} is no archive file: expected it to begin with ${JSON.stringify(MAGIC.toString())}, received ${begin}`,
    );
  }
  const format = preamble.readUInt32BE(MAGIC.length);
  if (format !== ARCHIVE_FORMAT)
    throw unknownFormat({ subject: file, name: 'archive format', found: format, read: [ARCHIVE_FORMAT] });
  const size = preamble.readUInt32BE(PREAMBLE_BYTES);
  if (size > MESSAGE_BYTES_MAX)
    throw damaged(
      file,
      PREAMBLE_BYTES,
      `expected a head of at most ${MESSAGE_BYTES_MAX} bytes, received a length of ${size} bytes`,
    );
  const rest = await readExactly(handle, file, PREAMBLE_BYTES + 4, size + 4);
  const message = rest.subarray(0, size);
  if (crc32(message) !== rest.readUInt32BE(size))
    throw damaged(file, PREAMBLE_BYTES, 'the head does not match its checksum');
  const bytes = Buffer.concat([preamble, rest]);
  return { head: HEAD.decode(message), length: bytes.length, bytes };
}

async function readEnd(handle: FileHandle, file: string): Promise<{ end: ArchiveEnd; at: number }> {
  const { size: fileBytes } = await handle.stat();
  const size = fileBytes < 12 ? 0 : (await readExactly(handle, file, fileBytes - 4, 4)).readUInt32BE();
  const at = fileBytes - 12 - size;
  const bytes =
    size > 0 && size <= MESSAGE_BYTES_MAX && at >= 0 ? await readExactly(handle, file, at, 8 + size) : undefined;
  const message = bytes?.subarray(4, 4 + size);
  if (!bytes || !message || bytes.readUInt32BE() !== size || crc32(message) !== bytes.readUInt32BE(4 + size))
    throw damaged(file, Math.max(0, at), 'the end is missing or damaged');
  return { end: END.decode(message), at };
}

async function readExactly(handle: FileHandle, file: string, at: number, count: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(count);
  const { bytesRead } = await handle.read(bytes, 0, count, at);
  if (bytesRead === count) return bytes;
  throw damaged(file, at, `the file is cut off: expected ${count} bytes more, received ${bytesRead}`);
}

async function withFile<T>(file: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(file, 'r');
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

function damaged(file: string, byte: number, why: string): HeadwaterError {
  return new HeadwaterError('corrupt', `${file} is damaged at byte ${byte}: ${why}`);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
