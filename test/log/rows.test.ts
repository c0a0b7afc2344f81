/** The small records of the log, byte by byte, and that no flipped bit in them is believed. */
import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import { checkedRow } from '../../src/base/checked-row.js';
import { HeadwaterError } from '../../src/base/errors.js';
import {
  BASE_KEY,
  type Base,
  decodeBase,
  decodeLineageRow,
  encodeBase,
  encodeLineageRow,
  lineageKey,
  offsetOfKey,
} from '../../src/log/rows.js';
import type { LineageRow } from '../../src/model/lineage.js';
import { flipped } from './blocks.js';

const ID = '0123456789abcdef0123456789abcdef01234567';
const ROW: LineageRow = { replicationId: ID, firstOffset: 0x1_0000_0002, checksum: 0xfedcba98, epoch: 3 };
const BASE: Base = {
  position: { replicationId: ID, offset: 0x1_0000_0002, checksum: 0xfedcba98 },
  timeMs: 0x123_4567_89ab,
};

const corrupt = (pattern: RegExp) => (error: unknown) =>
  HeadwaterError.is(error, 'corrupt') && pattern.test(error.message);

describe('the bytes of a row', () => {
  it('of the lineage are these', () => {
    const bytes = encodeLineageRow(ROW);
    const covered = `${ID}fedcba980000000000000003`;
    assert.equal(bytes.toString('hex', 0, 32), covered);
    assert.equal(bytes.toString('hex', 32), 'eee426ae');
    const key = Buffer.from('4c0000000100000002', 'hex');
    assert.equal(bytes.readUInt32BE(32), crc32(Buffer.concat([key, Buffer.from(covered, 'hex')])));
    assert.equal(bytes.length, 36);
    assert.deepEqual(decodeLineageRow(key, bytes), ROW);
  });

  it('of the base are these', () => {
    const bytes = encodeBase(BASE);
    const covered = `${ID}fedcba98000000010000000200000123456789ab`;
    assert.equal(bytes.toString('hex', 0, 40), covered);
    assert.equal(bytes.toString('hex', 40), 'f4106df3');
    assert.equal(bytes.readUInt32BE(40), crc32(Buffer.concat([Buffer.from('Mbase'), Buffer.from(covered, 'hex')])));
    assert.equal(bytes.length, 44);
    assert.deepEqual(decodeBase(bytes), BASE);
  });
});

describe('a row that the disk has changed', () => {
  const key = lineageKey(ROW.firstOffset);

  it('is seen in every bit of it, and named', () => {
    const row = encodeLineageRow(ROW);
    for (let bit = 0; bit < row.length * 8; bit++)
      assert.throws(() => decodeLineageRow(key, flipped(row, bit)), corrupt(/the lineage row from offset 4294967298/));
    const base = encodeBase(BASE);
    for (let bit = 0; bit < base.length * 8; bit++)
      assert.throws(() => decodeBase(flipped(base, bit)), corrupt(/the base row .*The disk changed it/));
  });

  it('is seen if the key has changed', () => {
    const row = encodeLineageRow(ROW);
    for (let bit = 0; bit < key.length * 8; bit++)
      assert.throws(() => decodeLineageRow(flipped(key, bit), row), corrupt(/./));
    assert.throws(() => decodeLineageRow(lineageKey(1), row), corrupt(/the lineage row from offset 1 /));
  });

  it('is seen if a part of it is missing, or bytes follow it', () => {
    const row = encodeLineageRow(ROW);
    for (const bytes of [row.subarray(0, -1), Buffer.alloc(0), Buffer.concat([row, Buffer.alloc(1)])])
      assert.throws(() => decodeLineageRow(key, bytes), corrupt(/the lineage row .*The disk changed it/));
    const base = encodeBase(BASE);
    for (const bytes of [base.subarray(0, -1), Buffer.alloc(0), Buffer.concat([base, Buffer.alloc(1)])])
      assert.throws(() => decodeBase(bytes), corrupt(/the base row .*The disk changed it/));
  });

  it('is seen if the row is whole, and not as long as it has to be', () => {
    const short = checkedRow(key, Buffer.alloc(31));
    assert.throws(() => decodeLineageRow(key, short), corrupt(/has 31 bytes, expected 32/));
  });

  it('is seen if the key is shorter or longer than a key', () => {
    assert.throws(() => offsetOfKey(key.subarray(0, 5)), corrupt(/received 4c00000001/));
    assert.throws(() => offsetOfKey(Buffer.concat([key, BASE_KEY])), corrupt(/9 bytes/));
  });
});
