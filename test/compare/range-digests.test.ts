/**
 * A keyspace gives the digest and the keys of a range, from a disk that is whole or
 * damaged. The digest must be that of a plain replay, and damage must be named.
 */

import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { digestRange } from '../../src/compare/range-digests.js';
import { openLevel } from '../../src/disk/level.js';
import { KeyspaceDigest } from '../../src/keyspace/digest.js';
import type { KeyRange, RangeDigest } from '../../src/model/key-range.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { key, TestStore } from '../support/store.js';

const NEVER = new AbortController().signal;
const EVERYTHING: KeyRange = { from: Buffer.alloc(0), to: undefined };

type Piece = Omit<RangeDigest, 'range'>;

async function piecesOf(test: TestStore, range: KeyRange, cut = 0, signal = NEVER): Promise<Piece[]> {
  const snapshot = await test.store.snapshots.at();
  const pieces: Piece[] = [];
  try {
    for await (const piece of digestRange(snapshot, range, cut, signal)) pieces.push(piece);
  } finally {
    await snapshot.release();
  }
  return pieces;
}

const name = (i: number) => `k${String(i).padStart(4, '0')}`;

describe('digests of a key range', () => {
  let test: TestStore;

  afterEach(async () => {
    await test.store.close();
    await removeTemporaryDirectories();
  });

  it('are those of the keyspace over the same keys, however it is cut', async () => {
    test = await TestStore.open();
    for (let i = 0; i < 600; i++) await test.set(name(i), 'v'.repeat(i % 7));
    const { digest } = await test.store.snapshots.digest();
    const [whole] = await piecesOf(test, EVERYTHING);
    assert.deepEqual([whole?.keys, whole?.end, whole?.digest.toString('hex')], [600, true, digest]);
    const pieces = await piecesOf(test, { from: key(name(10)), to: key(name(20)) }, 4);
    assert.deepEqual(
      pieces.map(({ keys, lastKey, end }) => [keys, lastKey.toString(), end]),
      [
        [4, name(13), false],
        [4, name(17), false],
        [2, '', true],
      ],
    );
    const snapshot = await test.store.snapshots.at();
    for await (const chunk of snapshot.chunks()) {
      const expected = new KeyspaceDigest();
      expected.add(chunk.slice(14, 18));
      assert.deepEqual(pieces[1]?.digest, expected.finish());
      break;
    }
    await snapshot.release();
  });

  it('end when their caller has gone', async () => {
    test = await TestStore.open();
    await test.set('k');
    const gone = AbortSignal.abort(new Error('gone'));
    await assert.rejects(piecesOf(test, EVERYTHING, 0, gone), /gone/);
  });

  it('name the part that LevelDB cannot read, and give the rest', async () => {
    test = await TestStore.open({ openDatabase: openLevel });
    for (let i = 0; i < 3_000; i++) await test.set(name(i), `value ${i} `.repeat(8));
    // Each opening moves what is in LevelDB's log files into tables.
    for (let i = 0; i < 2; i++) await test.reopen();
    await test.store.close();
    const directory = test.location('keyspace');
    const tables = (await readdir(directory)).filter((file) => file.endsWith('.ldb'));
    assert.ok(tables.length > 0);
    for (const table of tables) {
      const file = path.join(directory, table);
      const bytes = await readFile(file);
      // A compressed block in the middle becomes one that cannot be expanded.
      bytes.fill(0xff, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 8_192);
      await writeFile(file, bytes);
    }
    await test.open();
    const pieces: Piece[] = [];
    for (let i = 0; i < 3_000; i += 100)
      pieces.push(...(await piecesOf(test, { from: key(name(i)), to: key(name(i + 100)) })));
    const sound = pieces.filter(({ keys, damaged, unreadable }) => keys === 100 && damaged === 0 && unreadable === '');
    assert.equal(pieces.length, 30);
    assert.ok(sound.length >= 10 && sound.length < 30, `${sound.length} of 30 ranges are sound`);
    assert.ok(pieces.some(({ unreadable }) => unreadable !== ''));
  });
});
