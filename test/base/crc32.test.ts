import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { crc32Of } from '../../src/base/crc32.js';

describe('CRC-32 of a part of a buffer', () => {
  it('is zlib’s, at every length and place, whatever it goes on from', () => {
    const bytes = randomBytes(1_000);
    for (let length = 0; length <= 600; length++) {
      const start = (length * 7) % 300;
      const part = bytes.subarray(start, start + length);
      for (const seed of [0, 1, 0x8000_0000, 0xffff_ffff, crc32(bytes)])
        assert.equal(crc32Of(bytes, start, start + length, seed), crc32(part, seed), `${length} bytes at ${start}`);
    }
  });
});
