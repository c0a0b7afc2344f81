/** The messages about key ranges come out as they went in, and what cannot be meant is refused. */

import assert from 'node:assert/strict';
import { RANGES_IN_CALL_MAX } from '../../src/base/limits.js';
import { packEntry, unpackEntries } from '../../src/compare/range-entries.js';
import { isInRange, keyBehind } from '../../src/model/key-range.js';
import {
  decodeFetchRangesRequest,
  decodeFetchRangesResponse,
  decodeRangeDigestsRequest,
  decodeRangeDigestsResponse,
  decodeRepairRangesRequest,
  decodeRepairRangesResponse,
  encodeFetchRangesRequest,
  encodeFetchRangesResponse,
  encodeRangeDigestsRequest,
  encodeRangeDigestsResponse,
  encodeRepairRangesRequest,
  encodeRepairRangesResponse,
} from '../../src/protobuf/ranges.js';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const RANGES = [
  { from: bytes(''), to: bytes('b') },
  { from: bytes('c\xff'), to: undefined },
];

describe('messages about key ranges', () => {
  it('come out as they went in', () => {
    const asked = { markId: 'node nonce 1', ranges: RANGES, cuts: [4_000_000_000, 0] };
    assert.deepEqual(decodeRangeDigestsRequest(encodeRangeDigestsRequest(asked)), asked);
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
    assert.deepEqual(decodeRangeDigestsResponse(encodeRangeDigestsResponse(told)), told);
    const fetched = { markId: 'repair node 1', ranges: RANGES };
    assert.deepEqual(decodeFetchRangesRequest(encodeFetchRangesRequest(fetched)), fetched);
    assert.deepEqual(decodeRepairRangesRequest(encodeRepairRangesRequest(RANGES)), RANGES);
    const repaired = { offset: 12, written: 3, deleted: 2 ** 33 };
    assert.deepEqual(decodeRepairRangesResponse(encodeRepairRangesResponse(repaired)), repaired);
    const position = { replicationId: 'ab'.repeat(20), offset: 9, checksum: 0xdeadbeef };
    for (const at of [position, undefined]) {
      const response = { position: at, entries: bytes('xyz'), end: true, nextRange: 1, nextKey: bytes('d') };
      assert.deepEqual(decodeFetchRangesResponse(encodeFetchRangesResponse(response)), response);
    }
  });

  it('are refused with more ranges than a call takes, and with one that ends before it begins', () => {
    const many = Array.from({ length: RANGES_IN_CALL_MAX + 1 }, () => RANGES[0] as (typeof RANGES)[number]);
    const refused = { code: 'invalid_argument' };
    assert.throws(() => decodeRepairRangesRequest(encodeRepairRangesRequest(many)), {
      ...refused,
      message: /at most 1024, received 1025/,
    });
    const backwards = [{ from: bytes('b'), to: bytes('a') }];
    assert.throws(() => decodeRepairRangesRequest(encodeRepairRangesRequest(backwards)), refused);
  });
});

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

describe('a key range', () => {
  it('holds its beginning and not its end', () => {
    const range = { from: bytes('b'), to: keyBehind(bytes('d')) };
    const held = ['a', 'b', 'b\0', 'c', 'd', 'd\0', 'e'].filter((key) => isInRange(bytes(key), range));
    assert.deepEqual(held, ['b', 'b\0', 'c', 'd']);
  });
});
