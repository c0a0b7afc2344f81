import assert from 'node:assert/strict';
import { isInRange, keyBehind } from '../../src/model/key-range.js';

const bytes = (text: string) => Buffer.from(text, 'latin1');

describe('a key range', () => {
  it('holds its beginning and not its end', () => {
    const range = { from: bytes('b'), to: keyBehind(bytes('d')) };
    const held = ['a', 'b', 'b\0', 'c', 'd', 'd\0', 'e'].filter((key) => isInRange(bytes(key), range));
    assert.deepEqual(held, ['b', 'b\0', 'c', 'd']);
  });
});
