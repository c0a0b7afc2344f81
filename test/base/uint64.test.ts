/** 64-bit integers in bytes: every offset, time and count on disk passes here. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { HeadwaterError } from '../../src/base/errors.js';
import { InvariantViolation } from '../../src/base/invariant.js';
import { readUint64, writeUint64 } from '../../src/base/uint64.js';
import { runs } from '../support/seeds.js';

const LARGEST = Number.MAX_SAFE_INTEGER;

function bytesOf(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  writeUint64(bytes, value, 0);
  return bytes;
}

describe('a uint64', () => {
  const vectors: [value: number, hex: string][] = [
    [0, '0000000000000000'],
    [1, '0000000000000001'],
    [0xffff_ffff, '00000000ffffffff'],
    [0x1_0000_0000, '0000000100000000'],
    [LARGEST, '001fffffffffffff'],
  ];
  for (const [value, hex] of vectors) {
    it(`${value} is ${hex}`, () => {
      assert.equal(bytesOf(value).toString('hex'), hex);
      assert.equal(readUint64(Buffer.from(hex, 'hex'), 0), value);
    });
  }

  it('reads back what was written, and big-endian as BigInt sees it', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        assert.equal(readUint64(bytesOf(value), 0), value);
        assert.equal(bytesOf(value).readBigUInt64BE(0), BigInt(value));
      }),
      runs(200),
    );
  });

  it('orders as bytes as the numbers do', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
        assert.equal(Buffer.compare(bytesOf(a), bytesOf(b)), Math.sign(a - b));
      }),
      runs(200),
    );
  });

  it('stays in the place that was given to it', () => {
    const bytes = Buffer.alloc(12, 0xee);
    writeUint64(bytes, 7, 2);
    assert.equal(bytes.toString('hex'), `eeee${'00'.repeat(7)}07eeee`);
    assert.equal(readUint64(bytes, 2), 7);
  });

  for (const hex of ['0020000000000000', '8000000000000000', 'ffffffffffffffff']) {
    it(`${hex} is refused as corrupt, with the bytes in the message`, () => {
      assert.throws(
        () => readUint64(Buffer.from(hex, 'hex'), 0),
        (error) => HeadwaterError.is(error, 'corrupt') && error.message.includes(`0x${hex}`),
      );
    });
  }

  for (const value of [-1, 0.5, Number.NaN, LARGEST + 1, Number.POSITIVE_INFINITY]) {
    it(`${value} is never written`, () => {
      assert.throws(() => bytesOf(value), InvariantViolation);
    });
  }
});
