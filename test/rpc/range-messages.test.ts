/** The messages about key ranges come out as they went in, and what cannot be meant is refused. */

import assert from 'node:assert/strict';
import { RANGES_IN_CALL_MAX } from '../../src/base/limits.js';
import { FETCH_RANGES, RANGE_DIGESTS, REPAIR_RANGES } from '../../src/rpc/definitions.js';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const RANGES = [
  { from: bytes(''), to: bytes('b') },
  { from: bytes('c\xff'), to: undefined },
];

describe('messages about key ranges', () => {
  it('come out as they went in', () => {
    const asked = { markId: 'node nonce 1', ranges: RANGES, cuts: [4_000_000_000, 0] };
    assert.deepEqual(RANGE_DIGESTS.request.decode(RANGE_DIGESTS.request.encode(asked)), asked);
    const digest = {
      range: 1,
      lastKey: bytes('k'),
      end: false,
      keys: 2 ** 40,
      digest: Buffer.alloc(32, 7),
      damaged: 3,
      unreadable: 'the disk',
    };
    const end = { range: 0, lastKey: bytes(''), end: true, keys: 0, digest: bytes(''), damaged: 0, unreadable: '' };
    const told = [digest, end];
    assert.deepEqual(RANGE_DIGESTS.response.decode(RANGE_DIGESTS.response.encode(told)), told);
    const fetched = { markId: 'repair node 1', ranges: RANGES };
    assert.deepEqual(FETCH_RANGES.request.decode(FETCH_RANGES.request.encode(fetched)), fetched);
    assert.deepEqual(REPAIR_RANGES.request.decode(REPAIR_RANGES.request.encode(RANGES)), RANGES);
    const repaired = { offset: 12, written: 3, deleted: 2 ** 33 };
    assert.deepEqual(REPAIR_RANGES.response.decode(REPAIR_RANGES.response.encode(repaired)), repaired);
    const position = { replicationId: 'ab'.repeat(20), offset: 9, checksum: 0xdeadbeef };
    for (const at of [position, undefined]) {
      const response = { position: at, entries: bytes('xyz'), end: true, nextRange: 1, nextKey: bytes('d') };
      assert.deepEqual(FETCH_RANGES.response.decode(FETCH_RANGES.response.encode(response)), response);
    }
  });

  it('are refused with more ranges than a call takes, and with one that ends before it begins', () => {
    const many = Array.from({ length: RANGES_IN_CALL_MAX + 1 }, () => RANGES[0] as (typeof RANGES)[number]);
    const refused = { code: 'invalid_argument' };
    assert.throws(() => REPAIR_RANGES.request.decode(REPAIR_RANGES.request.encode(many)), {
      ...refused,
      message: /at most 1024, received 1025/,
    });
    const backwards = [{ from: bytes('b'), to: bytes('a') }];
    assert.throws(() => REPAIR_RANGES.request.decode(REPAIR_RANGES.request.encode(backwards)), refused);
  });
});
