/**
 * A block: the commands committed together. The same bytes are one LevelDB value on every node of a cluster and travel
 * verbatim between them.
 *
 * Format 1, all integers big-endian:
 *
 *   at  size
 *    0     4  running checksum at the last offset (not under itself)
 *    4     8  last offset
 *   12     8  first offset
 *   20     8  time, milliseconds since the epoch
 *   28     1  format number
 *   29    20  history: the replication ID
 *   49     …  payload: protobuf BlockPayload, one command per offset
 *
 * The running checksum is CRC-32 (zlib's) over bytes 4 to the end, seeded with the running checksum of the block
 * before. The seed of the first block is 0. The seed is not stored inside: a CRC over data that begins with its own
 * seed, or ends in its own CRC, forgets its past. The checksum detects accidents and proves nothing against forgery.
 *
 * The checksum stays at 0 and the format number at 28 in every later format, so that an older reader can refuse by
 * name.
 */

import { crc32 } from 'node:zlib';
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import { BLOCK_BYTES_CEILING } from '../base/limits.js';
import { readUint64, writeUint64 } from '../base/uint64.js';
import { unknownFormat } from '../base/unknown-format.js';
import { type Command, type CommandVisitor, TYPE_NEWEST, unknownType } from '../model/command.js';
import { formatChecksum, type Position } from '../model/position.js';
import { decodeCommands, encodeCommands, visitCommands } from '../protobuf/command.js';

export const BLOCK_FORMAT = 1;
export const BLOCK_HEADER_BYTES = 49;

export class Block {
  readonly bytes: Buffer;
  readonly checksum: number;
  readonly lastOffset: number;
  readonly firstOffset: number;
  readonly timeMs: number;
  /** 40 hexadecimal characters. */
  readonly replicationId: string;

  /**
   * Reads the header; `verify` and `visit` look at the rest.
   * @throws HeadwaterError `corrupt` or `unknown_format`.
   */
  constructor(bytes: Buffer) {
    if (bytes.length <= BLOCK_HEADER_BYTES || bytes.length > BLOCK_BYTES_CEILING) {
      throw new HeadwaterError(
        'corrupt',
        `expected a block of ${BLOCK_HEADER_BYTES + 1} to ${BLOCK_BYTES_CEILING} bytes, received ${bytes.length}`,
      );
    }
    const format = bytes.readUInt8(28);
    if (format !== BLOCK_FORMAT) {
      throw unknownFormat({ subject: 'a block', name: 'format', found: format, read: [BLOCK_FORMAT] });
    }
    this.bytes = bytes;
    this.checksum = bytes.readUInt32BE(0);
    this.lastOffset = readUint64(bytes, 4);
    this.firstOffset = readUint64(bytes, 12);
    this.timeMs = readUint64(bytes, 20);
    this.replicationId = bytes.toString('hex', 29, 49);
    if (this.firstOffset < 1 || this.lastOffset < this.firstOffset) {
      throw new HeadwaterError('corrupt', `a block cannot hold offsets ${this.firstOffset} to ${this.lastOffset}`);
    }
  }

  get position(): Position {
    return { replicationId: this.replicationId, offset: this.lastOffset, checksum: this.checksum };
  }

  /** Whether the block is unchanged since it was sealed, and follows a block with `previousChecksum`. */
  chains(previousChecksum: number): boolean {
    return crc32(this.bytes.subarray(4), previousChecksum) === this.checksum;
  }

  /**
   * Checks the whole of a block that comes from outside or from disk.
   * @throws HeadwaterError `chain_broken` with both sides' values.
   */
  verifyAfter(offset: number, checksum: number): void {
    if (this.firstOffset !== offset + 1) {
      throw new HeadwaterError(
        'chain_broken',
        `expected a block from offset ${offset + 1}, received ${this.firstOffset} to ${this.lastOffset}`,
      );
    }
    if (!this.chains(checksum)) {
      throw new HeadwaterError(
        'chain_broken',
        `block ${this.firstOffset} to ${this.lastOffset} does not continue the log at offset ${offset}: its checksum ${formatChecksum(this.checksum)} was not made from ${formatChecksum(checksum)}. The block is damaged, or of another history`,
      );
    }
  }

  /**
   * Visits the commands. The positions that the visitor gets are into `bytes`.
   * @throws HeadwaterError `corrupt` if the number of commands is not that of the offsets.
   */
  visit(visitor: CommandVisitor): void {
    const count = visitCommands(this.bytes, BLOCK_HEADER_BYTES, visitor);
    const expected = this.lastOffset - this.firstOffset + 1;
    if (count !== expected) {
      throw new HeadwaterError(
        'corrupt',
        `block ${this.firstOffset} to ${this.lastOffset}: expected ${expected} commands, received ${count}`,
      );
    }
  }

  /** Decodes all commands, for dumps and tests. */
  commands(): Command[] {
    return decodeCommands(this.bytes, BLOCK_HEADER_BYTES);
  }
}

/** A visitor that only checks whether this version knows every command and can keep it. */
export const CHECKING_VISITOR: CommandVisitor = {
  put: (index, _keyStart, _keyEnd, _valueStart, _valueEnd, _expiresAtMs, type) => {
    if (type > TYPE_NEWEST) throw unknownType(`command ${index} of a block`, type);
  },
  del: () => {},
  touch: () => {},
  clear: () => {},
  message: () => {},
};

export interface Seal {
  readonly commands: readonly Command[];
  /** The end of the log that the block continues. */
  readonly previous: { readonly offset: number; readonly checksum: number };
  readonly replicationId: string;
  readonly timeMs: number;
}

/** Makes the block that follows `previous`. */
export function sealBlock({ commands, previous, replicationId, timeMs }: Seal): Block {
  invariant(commands.length > 0, 'a block holds at least one command');
  const bytes = encodeCommands(commands, BLOCK_HEADER_BYTES);
  writeUint64(bytes, previous.offset + commands.length, 4);
  writeUint64(bytes, previous.offset + 1, 12);
  writeUint64(bytes, timeMs, 20);
  bytes.writeUInt8(BLOCK_FORMAT, 28);
  invariant(
    bytes.write(replicationId, 29, 20, 'hex') === 20,
    `a replication ID of 40 hexadecimal characters, not ${replicationId}`,
  );
  bytes.writeUInt32BE(crc32(bytes.subarray(4), previous.checksum), 0);
  return new Block(bytes);
}
