/** Records and keys of the keyspace database: format 1 byte by byte, and what is refused. */
import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { HeadwaterError } from '../../src/base/errors.js';
import {
  DUE_START,
  dataEnd,
  dataKey,
  dataStart,
  decodeRecord,
  describeKey,
  dueEnd,
  dueKey,
  encodeRecord,
  parseDueKey,
  recordExpiresAtMs,
  userKey,
} from '../../src/keyspace/record.js';
import type { Entry } from '../../src/model/command.js';
import { flipped } from '../log/blocks.js';
import { runs } from '../support/seeds.js';

const KEY = Buffer.from('key');
const ENTRY: Entry = { type: 0, value: Buffer.from('value'), expiresAtMs: 1_700_000_000_000, version: 42 };

const GOLDEN = [
  '01', // format
  '00', // type: string
  '000000000000002a', // version
  '0000018bcfe56800', // expires at
  '76616c7565', // value
  '76e8abc9', // CRC-32 over "key" and all before
].join('');

const key = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes));
const refused =
  (...codes: string[]) =>
  (error: unknown) =>
    error instanceof HeadwaterError && codes.includes(error.code);

describe('a record of format 1', () => {
  it('has the bytes that are on disks', () => {
    assert.equal(encodeRecord(KEY, ENTRY).toString('hex'), GOLDEN);
  });

  it('is read from those bytes', () => {
    assert.deepEqual(decodeRecord(KEY, Buffer.from(GOLDEN, 'hex')), ENTRY);
    assert.equal(recordExpiresAtMs(Buffer.from(GOLDEN, 'hex')), ENTRY.expiresAtMs);
  });

  it('carries the CRC-32 of its key and itself', () => {
    const record = Buffer.from(GOLDEN, 'hex');
    assert.equal(record.readUInt32BE(record.length - 4), crc32(Buffer.concat([KEY, record.subarray(0, -4)])));
  });

  it('reads back as it was, whatever the entry', () => {
    const entry = fc.record(
      {
        type: fc.nat(255),
        value: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
        expiresAtMs: fc.maxSafeNat(),
        version: fc.maxSafeNat(),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(key, entry, (name, value) => assert.deepEqual(decodeRecord(name, encodeRecord(name, value)), value)),
      runs(200),
    );
  });

  it('is refused when any one of its bits is turned over', () => {
    const record = Buffer.from(GOLDEN, 'hex');
    for (let bit = 0; bit < record.length * 8; bit++) {
      assert.throws(() => decodeRecord(KEY, flipped(record, bit)), refused('corrupt', 'unknown_format'), `bit ${bit}`);
    }
  });

  it('is refused when it is cut anywhere', () => {
    const record = Buffer.from(GOLDEN, 'hex');
    for (let length = 0; length < record.length; length++) {
      assert.throws(() => decodeRecord(KEY, record.subarray(0, length)), refused('corrupt'), `${length} bytes`);
    }
  });

  it('is refused under any other key', () => {
    for (const other of ['', 'k', 'Key', 'key ', 'yek']) {
      assert.throws(() => decodeRecord(Buffer.from(other), Buffer.from(GOLDEN, 'hex')), refused('corrupt'), other);
    }
  });

  it('of a later format is refused by name', () => {
    const record = Buffer.from(GOLDEN, 'hex');
    record[0] = 2;
    assert.throws(
      () => decodeRecord(KEY, record),
      (error) => HeadwaterError.is(error, 'unknown_format') && /"key".*format 2; .*format 1/.test(error.message),
    );
  });
});

describe('keys of the keyspace database', () => {
  it('of data are d, the epoch and the key', () => {
    assert.equal(dataKey(7, KEY).toString('hex'), '64000000076b6579');
    assert.deepEqual(userKey(dataKey(7, KEY)), KEY);
  });

  it('of an epoch lie between its start and its end, whatever the key', () => {
    for (const name of [Buffer.alloc(0), Buffer.alloc(20, 0xff), KEY]) {
      for (const epoch of [0, 1, 255, 256]) {
        const bytes = dataKey(epoch, name);
        assert(Buffer.compare(dataStart(epoch), bytes) <= 0 && Buffer.compare(bytes, dataEnd(epoch)) < 0);
      }
    }
  });

  it('order as the keys do within an epoch', () => {
    fc.assert(
      fc.property(key, key, (a, b) => assert.equal(Buffer.compare(dataKey(1, a), dataKey(1, b)), Buffer.compare(a, b))),
      runs(200),
    );
  });

  it('of due rows are t, the time rounded up to four seconds, the epoch and the key', () => {
    assert.equal(dueKey(1, 7, KEY).toString('hex'), '740000000000000fa0000000076b6579');
    assert.deepEqual(parseDueKey(dueKey(1, 7, KEY)), { dueMs: 4_000, epoch: 7, key: KEY });
    assert.deepEqual(dueKey(4_001, 0, KEY), dueKey(8_000, 0, KEY));
  });

  it('of due rows are due when their time has come, never before the expiry', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 13 }), fc.nat(10_000), (expiresAtMs, laterMs) => {
        const isDue = (nowMs: number) => {
          const row = dueKey(expiresAtMs, 0, KEY);
          return Buffer.compare(DUE_START, row) <= 0 && Buffer.compare(row, dueEnd(nowMs)) < 0;
        };
        assert(!isDue(expiresAtMs - 1));
        assert(isDue(expiresAtMs + 4_000 + laterMs));
      }),
      runs(200),
    );
  });

  it('are shown to people in printable form, and short', () => {
    assert.equal(describeKey(Buffer.from('a\n\u0000')), 'the key "a\\n\\u0000"');
    assert.match(describeKey(Buffer.alloc(100_000, 'x')), /^the key "x{64}"… \(100000 bytes\)$/);
  });
});
