/** The block: format 1 byte by byte, the running checksum, and what is refused. */
import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import { HeadwaterError } from '../../src/base/errors.js';
import { InvariantViolation } from '../../src/base/invariant.js';
import { BLOCK_BYTES_CEILING } from '../../src/base/limits.js';
import { BLOCK_FORMAT, BLOCK_HEADER_BYTES, Block, CHECKING_VISITOR, sealBlock } from '../../src/log/block.js';
import { ORIGIN } from '../../src/model/position.js';
import { historyId } from '../support/seeds.js';
import { clear, del, flipped, History, put, touch } from './blocks.js';

const ID = historyId('a');

/** put "key" = "value" expiring at 1,000, then del "gone", in one transaction; after offset 41 with checksum 0x01020304. */
const GOLDEN = [
  '5c48777f', // running checksum
  '000000000000002b', // last offset 43
  '000000000000002a', // first offset 42
  '0000018bcfe56800', // time 1,700,000,000,000
  '01', // format
  '61'.repeat(20), // history
  '0a11', // command, 17 bytes
  '0a0f', // put, 15 bytes
  '0a036b6579', // key
  '120576616c7565', // value
  '18e807', // expires at
  '0a0b', // command, 11 bytes
  '12060a04676f6e65', // del "gone"
  '800101', // joined
].join('');

const golden = () =>
  sealBlock({
    commands: [put('key', 'value', 1000), { ...del('gone'), joined: true }],
    previous: { offset: 41, checksum: 0x01020304 },
    replicationId: ID,
    timeMs: 1_700_000_000_000,
  });

/** The running checksum by the book, from its parts. */
function checksumByHand(block: Buffer, previous: number): number {
  const parts = [block.subarray(4, 12), block.subarray(12, 20), block.subarray(20, 28), block.subarray(28, 29)];
  return crc32(Buffer.concat([...parts, block.subarray(29, 49), block.subarray(49)]), previous);
}

/** CRC-32 bit by bit, so that not even zlib is taken at its word. */
function crcBitByBit(bytes: Buffer, seed: number): number {
  let crc = ~seed >>> 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1) >>> 0;
  }
  return ~crc >>> 0;
}

const coded = (code: Parameters<typeof HeadwaterError.is>[1], pattern?: RegExp) => (error: unknown) =>
  HeadwaterError.is(error, code) && (pattern === undefined || pattern.test(error.message));

describe('a block of format 1', () => {
  it('has the bytes that are on disks', () => {
    assert.equal(golden().bytes.toString('hex'), GOLDEN);
  });

  it('is read from those bytes', () => {
    const block = new Block(Buffer.from(GOLDEN, 'hex'));
    assert.deepEqual(block.position, { replicationId: ID, offset: 43, checksum: 0x5c48777f });
    assert.equal(block.firstOffset, 42);
    assert.equal(block.timeMs, 1_700_000_000_000);
    assert.deepEqual(block.commands(), [put('key', 'value', 1000), { ...del('gone'), joined: true }]);
  });

  it('carries CRC-32 over everything behind the checksum, seeded with the one before', () => {
    const { bytes, checksum } = golden();
    assert.equal(checksum, checksumByHand(bytes, 0x01020304));
    assert.equal(checksum, crcBitByBit(bytes.subarray(4), 0x01020304));
    assert.equal(crcBitByBit(Buffer.from('123456789'), 0), 0xcbf43926, 'the check value of CRC-32');
  });

  it('begins a history with the seed 0', () => {
    const history = new History();
    const first = history.block(put('a'));
    assert.equal(first.checksum, crcBitByBit(first.bytes.subarray(4), 0));
    assert(first.chains(ORIGIN.checksum));
  });

  it('follows only its own past: two pasts with an equal next block differ', () => {
    const one = new History();
    const other = new History();
    one.block(put('x', 'one'));
    other.block(put('x', 'two'));
    const blocks = [one, other].map((history) => {
      history.timeMs = 5_000;
      return history.block(put('same', 'same'));
    }) as [Block, Block];
    assert.deepEqual(blocks[0].bytes.subarray(4), blocks[1].bytes.subarray(4));
    assert.notEqual(blocks[0].checksum, blocks[1].checksum);
    assert(!blocks[1].chains(one.blocks[0]?.checksum ?? 0));
  });

  it('distinguishes such pasts for as long as they continue alike', () => {
    const one = new History();
    const other = new History();
    one.block(put('x', 'one'));
    other.block(put('x', 'two'));
    for (let i = 0; i < 50; i++) assert.notEqual(one.puts(3).checksum, other.puts(3).checksum);
  });

  it('no longer follows when any one of its bits is turned over', () => {
    const { bytes } = golden();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      assert.throws(
        () => new Block(flipped(bytes, bit)).verifyAfter(41, 0x01020304),
        (error) =>
          error instanceof HeadwaterError && ['corrupt', 'unknown_format', 'chain_broken'].includes(error.code),
        `bit ${bit}`,
      );
    }
  });

  it('no longer follows when it is cut or lengthened', () => {
    const { bytes } = golden();
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => new Block(bytes.subarray(0, length)).verifyAfter(41, 0x01020304), HeadwaterError);
    }
    assert.throws(() => new Block(Buffer.concat([bytes, Buffer.alloc(1)])).verifyAfter(41, 0x01020304), HeadwaterError);
  });

  it('gives the values of both sides if it does not follow', () => {
    const block = golden();
    assert.throws(
      () => block.verifyAfter(40, 0x01020304),
      coded('chain_broken', /expected a block from offset 41, received 42 to 43/),
    );
    assert.throws(
      () => block.verifyAfter(41, 7),
      coded('chain_broken', /does not continue the log at offset 41: its checksum 5c48777f was not made from 00000007/),
    );
    block.verifyAfter(41, 0x01020304);
  });
});

describe('what is refused as a block', () => {
  const withByte = (at: number, value: number) => {
    const bytes = Buffer.from(GOLDEN, 'hex');
    bytes[at] = value;
    return bytes;
  };

  for (const format of [0, 2, 255]) {
    it(`format ${format}, by name, with the one that is known`, () => {
      assert.throws(
        () => new Block(withByte(28, format)),
        coded('unknown_format', new RegExp(`format ${format};.*reads format ${BLOCK_FORMAT}`)),
      );
    });
  }

  it('a later format, whatever else it has changed', () => {
    const bytes = Buffer.alloc(200, 0xff);
    bytes[28] = 2;
    assert.throws(() => new Block(bytes), coded('unknown_format'));
  });

  it('nothing, a header alone, and one byte over the ceiling', () => {
    assert.throws(() => new Block(Buffer.alloc(0)), coded('corrupt', /received 0/));
    assert.throws(
      () => new Block(Buffer.from(GOLDEN, 'hex').subarray(0, BLOCK_HEADER_BYTES)),
      coded('corrupt', /received 49/),
    );
    const large = Buffer.alloc(BLOCK_BYTES_CEILING + 1);
    golden().bytes.copy(large);
    assert.throws(() => new Block(large), coded('corrupt', new RegExp(String(large.length))));
    assert.equal(new Block(large.subarray(0, BLOCK_BYTES_CEILING)).lastOffset, 43);
  });

  it('offsets that no block can have: from 0, backwards, or 2^53 and more', () => {
    const bytes = Buffer.from(GOLDEN, 'hex');
    bytes.writeBigUInt64BE(0n, 12);
    assert.throws(() => new Block(bytes), coded('corrupt', /0 to 43/));
    bytes.writeBigUInt64BE(44n, 12);
    assert.throws(() => new Block(bytes), coded('corrupt', /44 to 43/));
    bytes.writeBigUInt64BE(2n ** 53n, 12);
    assert.throws(() => new Block(bytes), coded('corrupt'));
  });

  for (const [what, last] of [
    ['fewer', 44],
    ['more', 42],
  ] as const) {
    it(`a block with ${what} commands than its offsets say, though its checksum holds`, () => {
      const bytes = Buffer.from(GOLDEN, 'hex');
      bytes.writeBigUInt64BE(BigInt(last), 4);
      bytes.writeUInt32BE(checksumByHand(bytes, 0x01020304), 0);
      const block = new Block(bytes);
      block.verifyAfter(41, 0x01020304);
      assert.throws(() => block.visit(CHECKING_VISITOR), coded('corrupt', /expected \d commands, received 2/));
    });
  }
});

describe('sealing a block', () => {
  it('gives each command the next offset', () => {
    const block = sealBlock({
      commands: [put('a'), touch('a', 5), clear()],
      previous: { offset: 7, checksum: 1 },
      replicationId: ID,
      timeMs: 0,
    });
    assert.deepEqual([block.firstOffset, block.lastOffset], [8, 10]);
  });

  it('needs a command and a whole replication ID', () => {
    const previous = ORIGIN;
    assert.throws(() => sealBlock({ commands: [], previous, replicationId: ID, timeMs: 0 }), InvariantViolation);
    for (const replicationId of ['', 'abc', 'zz'.repeat(20), ID.slice(2)]) {
      assert.throws(() => sealBlock({ commands: [clear()], previous, replicationId, timeMs: 0 }), InvariantViolation);
    }
  });

  it('does not pin the buffers of its commands, nor a pool', () => {
    const value = Buffer.alloc(1000);
    const block = sealBlock({ commands: [put('a', value)], previous: ORIGIN, replicationId: ID, timeMs: 0 });
    assert.equal(block.bytes.buffer.byteLength, block.bytes.length);
    value.fill(1);
    assert(block.chains(0));
  });
});
