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
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { HeadwaterError } from '../base/errors.js';
import { ARCHIVE_FREE_BYTES_MIN, BLOCK_BYTES_CEILING } from '../base/limits.js';
import { unknownFormat } from '../base/unknown-format.js';
import { Block } from '../log/block.js';
import type { Codec } from '../model/codec.js';
import type { LineageRow } from '../model/lineage.js';
import { formatChecksum, formatPosition, type Position } from '../model/position.js';
import { codecOf } from '../protobuf/codec.js';
import { ByteReader } from './byte-reader.js';
import type { Place, PlaceWriter } from './place.js';
import { isSealed } from './sealed-format.js';

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

/** A stretch that is being written. */
export class StretchWriter {
  readonly #writer: PlaceWriter;
  readonly #head: ArchiveHead;
  readonly #hash: Hash = createHash('sha256');
  #blocks = 0;
  #bytes = 0;
  #last: Block | undefined;

  private constructor(writer: PlaceWriter, head: ArchiveHead) {
    this.#writer = writer;
    this.#head = head;
  }

  /** Begins a file. An unfinished file of the same node is replaced. */
  static async create(place: Place, head: ArchiveHead): Promise<StretchWriter> {
    const made = new StretchWriter(await place.create(head.nodeId, ARCHIVE_FREE_BYTES_MIN), head);
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
    const name = stretchName({
      firstOffset: this.#head.base.offset + 1,
      lastOffset: position.offset,
      checksum: position.checksum,
    });
    await this.#writer.finish(name);
    return position;
  }

  /** Removes the unfinished file. */
  async abandon(): Promise<void> {
    await this.#writer.abandon();
  }

  async #append(bytes: Buffer): Promise<void> {
    this.#hash.update(bytes);
    await this.#writer.append(bytes);
  }
}

/** Whether a file begins as an archive file does, or as a sealed file. */
export async function isArchiveFile(file: string): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const begin = Buffer.alloc(MAGIC.length);
    await handle.read(begin, 0, begin.length, 0);
    return begin.equals(MAGIC) || isSealed(begin);
  } finally {
    await handle.close();
  }
}

/**
 * Reads head and end of a file. The blocks between them are not read.
 * @throws HeadwaterError `corrupt` or `unknown_format`.
 */
export async function readStretchEnds(place: Place, name: string): Promise<{ head: ArchiveHead; end: ArchiveEnd }> {
  const parts = new Parts(place.read(name), place.pathOf(name));
  try {
    return { head: await readHead(parts), end: await readTail(place, name) };
  } finally {
    await parts.close();
  }
}

/**
 * Reads the blocks of a file and verifies that each chains from the one before. Only one block is in memory
 * at a time. A reader that has come to the end has seen that the file is whole.
 * @throws HeadwaterError `corrupt` or `unknown_format`, naming the file.
 */
export async function* readStretch(place: Place, name: string): AsyncGenerator<Block> {
  const parts = new Parts(place.read(name), place.pathOf(name));
  try {
    const { base } = await readHead(parts);
    let { offset, checksum } = base;
    let blocks = 0;
    for (;;) {
      const { at } = parts;
      const size = (await parts.take(4)).readUInt32BE();
      if (size === 0) break;
      if (size > BLOCK_BYTES_CEILING)
        throw parts.damaged(
          `expected a block of at most ${BLOCK_BYTES_CEILING} bytes, received a length of ${size} bytes`,
          at,
        );
      const block = blockAt(parts, at, await parts.take(size), { offset, checksum });
      ({ lastOffset: offset, checksum } = block);
      blocks++;
      yield block;
    }
    const { at, sha256 } = parts;
    const end = await readEnd(parts);
    const { position } = end;
    if (
      !sha256.equals(end.sha256) ||
      blocks !== end.blocks ||
      offset !== position.offset ||
      checksum !== position.checksum
    )
      throw parts.damaged(
        `the end counts ${end.blocks} blocks up to ${formatPosition(position)}, but the blocks before it are others`,
        at,
      );
  } finally {
    await parts.close();
  }
}

/** The parts of a file in their order, with the digest over them and the place of the next one. */
class Parts {
  readonly #reader: ByteReader;
  readonly #file: string;
  readonly #hash: Hash = createHash('sha256');
  #at = 0;

  constructor(source: AsyncIterable<Buffer>, file: string) {
    this.#reader = new ByteReader(source);
    this.#file = file;
  }

  get file(): string {
    return this.#file;
  }

  /** Bytes taken so far. */
  get at(): number {
    return this.#at;
  }

  /** The digest over all bytes taken so far. */
  get sha256(): Buffer {
    return this.#hash.copy().digest();
  }

  async take(count: number): Promise<Buffer> {
    const bytes = await this.#reader.take(count);
    if (bytes.length < count)
      throw this.damaged(`the file is cut off: expected ${count} bytes more, received ${bytes.length}`);
    this.#hash.update(bytes);
    this.#at += count;
    return bytes;
  }

  /** Whether the file ends here. */
  async ends(): Promise<boolean> {
    return (await this.#reader.peek(1)).length === 0;
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  damaged(why: string, at = this.#at): HeadwaterError {
    return damaged(this.#file, at, why);
  }
}

function blockAt(parts: Parts, at: number, bytes: Buffer, before: { offset: number; checksum: number }): Block {
  try {
    const block = new Block(bytes);
    block.verifyAfter(before.offset, before.checksum);
    return block;
  } catch (error) {
    if (HeadwaterError.is(error, 'unknown_format')) throw error;
    throw parts.damaged((error as Error).message, at);
  }
}

async function readHead(parts: Parts): Promise<ArchiveHead> {
  const preamble = await parts.take(PREAMBLE_BYTES);
  if (!preamble.subarray(0, MAGIC.length).equals(MAGIC)) {
    const begin = JSON.stringify(preamble.toString('latin1', 0, MAGIC.length));
    throw new HeadwaterError(
      'corrupt',
      `${parts.file} is no archive file: expected it to begin with ${JSON.stringify(MAGIC.toString())}, received ${begin}`,
    );
  }
  const format = preamble.readUInt32BE(MAGIC.length);
  if (format !== ARCHIVE_FORMAT)
    throw unknownFormat({ subject: parts.file, name: 'archive format', found: format, read: [ARCHIVE_FORMAT] });
  const size = (await parts.take(4)).readUInt32BE();
  if (size > MESSAGE_BYTES_MAX)
    throw parts.damaged(
      `expected a head of at most ${MESSAGE_BYTES_MAX} bytes, received a length of ${size} bytes`,
      PREAMBLE_BYTES,
    );
  const message = await parts.take(size);
  const checksum = (await parts.take(4)).readUInt32BE();
  if (crc32(message) !== checksum) throw parts.damaged('the head does not match its checksum', PREAMBLE_BYTES);
  return HEAD.decode(message);
}

/** Reads the end where the blocks end. Nothing may follow it. */
async function readEnd(parts: Parts): Promise<ArchiveEnd> {
  const { at } = parts;
  const size = (await parts.take(4)).readUInt32BE();
  if (size > MESSAGE_BYTES_MAX) throw parts.damaged('the end is missing or damaged', at);
  const end = endOf(await parts.take(size), await parts.take(8));
  if (!end || !(await parts.ends())) throw parts.damaged('the end is missing or damaged', at);
  return end;
}

/** The end of most files is in so many bytes. */
const TAIL_BYTES = 64 * 1024;

/** Reads the end alone. */
async function readTail(place: Place, name: string): Promise<ArchiveEnd> {
  let { bytes, size: fileBytes } = await place.tail(name, TAIL_BYTES);
  const size = bytes.length < 12 ? 0 : bytes.readUInt32BE(bytes.length - 4);
  const isPossible = size > 0 && size <= MESSAGE_BYTES_MAX && size + 12 <= fileBytes;
  if (isPossible && size + 12 > bytes.length) ({ bytes } = await place.tail(name, size + 12));
  const begin = bytes.length - 12 - size;
  const isThere = isPossible && bytes.readUInt32BE(begin) === size;
  const end = isThere
    ? endOf(bytes.subarray(begin + 4, begin + 4 + size), bytes.subarray(begin + 4 + size))
    : undefined;
  if (!end) throw damaged(place.pathOf(name), Math.max(0, fileBytes - 12 - size), 'the end is missing or damaged');
  return end;
}

/** @param rest the checksum of the message, and its length. */
function endOf(message: Buffer, rest: Buffer): ArchiveEnd | undefined {
  const isWhole = crc32(message) === rest.readUInt32BE() && message.length === rest.readUInt32BE(4);
  return isWhole ? END.decode(message) : undefined;
}

function damaged(file: string, byte: number, why: string): HeadwaterError {
  return new HeadwaterError('corrupt', `${file} is damaged at byte ${byte}: ${why}`);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
