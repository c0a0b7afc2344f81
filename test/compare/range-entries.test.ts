import assert from 'node:assert/strict';
import { packEntry, unpackEntries } from '../../src/compare/range-entries.js';

const bytes = (text: string) => Buffer.from(text, 'latin1');

describe('packed entries', () => {
  const entries: Array<[Buffer, Buffer]> = [
    [bytes(''), bytes('of the empty key')],
    [bytes('k'), bytes('')],
    [bytes('key'), bytes('record')],
  ];
  const packed = Buffer.concat(entries.map(([key, record]) => packEntry(key, record)));

  it('are unpacked as they were', () => {
    assert.deepEqual(unpackEntries(packed), entries);
    assert.deepEqual(unpackEntries(Buffer.alloc(0)), []);
  });

  it('that end in the middle of one are refused', () => {
    const ends = new Set([0, 24, 33, packed.length]);
    for (let length = 0; length <= packed.length; length++) {
      const unpack = () => unpackEntries(packed.subarray(0, length));
      if (ends.has(length)) unpack();
      else assert.throws(unpack, { code: 'protocol_violation' });
    }
  });
});
