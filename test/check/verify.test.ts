/** Verification of a stopped node: what was damaged is named, what is whole is not, and nothing is changed. */

import assert from 'node:assert/strict';
import { cp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { inLog, verifyDirectory } from '../../src/check/verify.js';
import { type Database, openLevel } from '../../src/disk/level.js';
import { dataKey, dueKey } from '../../src/keyspace/record.js';
import { BASE_KEY, blockKey, FORMAT_KEY } from '../../src/log/rows.js';
import type { Damage } from '../../src/model/check.js';
import { KEYSPACE_DATABASE, LOG_DATABASE } from '../../src/store/generation.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { seededRandom, seedOfThisRun } from '../support/random.js';
import { times } from '../support/seeds.js';
import { key, TestStore } from '../support/store.js';

const FLIPS = times(80);

afterEach(removeTemporaryDirectories);

async function damagesOf(directory: string, test?: TestStore): Promise<Damage[]> {
  const found: Damage[] = [];
  await verifyDirectory(directory, {
    found: (damage) => found.push(damage),
    ...(test ? { openDatabase: test.disk.open } : {}),
  });
  return found;
}

describe('verify', () => {
  describe('of a keyspace and a log in memory', () => {
    let test: TestStore;
    const EXPIRES_AT = 4_000_000_000_000;

    beforeEach(async () => {
      test = await TestStore.open();
      for (let i = 0; i < 9; i++) await test.set(`k${i}`, `v${i}`);
      await test.submit({ kind: 'set', key: key('due'), value: Buffer.from('v'), expiry: { expiresAtMs: EXPIRES_AT } });
      await test.store.close();
    });

    const raw = (name: 'log' | 'keyspace') => test.disk.raw(path.join(test.directory, 'gen-000001', name));

    it('finds nothing if everything is whole, and reports how much it has checked', async () => {
      const found: Damage[] = [];
      const verified = await verifyDirectory(test.directory, {
        found: (damage) => found.push(damage),
        openDatabase: test.disk.open,
      });
      assert.deepEqual(found, []);
      const { firstOffset, lastOffset, checkpointOffset, records } = verified;
      assert.deepEqual(
        { firstOffset, lastOffset, checkpointOffset, records },
        { firstOffset: 1, lastOffset: 10, checkpointOffset: 10, records: 10 },
      );
    });

    it('names the commands of a changed block, and of no other', async () => {
      const bytes = Buffer.from((await raw('log').get(blockKey(4))) as Buffer);
      bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
      await raw('log').put(blockKey(4), bytes);
      const [damage, ...more] = await damagesOf(test.directory, test);
      assert.deepEqual(more, []);
      assert.ok(damage?.part === 'log');
      assert.deepEqual([damage.from, damage.to], [4, 4]);
      assert.match(damage.why, /does not continue the log/);
    });

    it('names commands that are missing', async () => {
      await raw('log').del(blockKey(4));
      await raw('log').del(blockKey(5));
      const [damage, ...more] = await damagesOf(test.directory, test);
      assert.deepEqual(more, []);
      assert.ok(damage?.part === 'log');
      // Block 6 begins where nothing says any more from which checksum it chains.
      assert.deepEqual([damage.from, damage.to], [4, 6]);
      assert.match(damage.why, /offset 4 to 5 are missing/);
    });

    it('says that the log lost its end', async () => {
      await raw('log').del(blockKey(10));
      const damages = await damagesOf(test.directory, test);
      assert.equal(damages.length, 1);
      assert.match(damages[0]?.why ?? '', /expected it to end at offset 10, as the keyspace does, found 9/);
    });

    it('names records that were changed, neighbours as one range', async () => {
      for (const name of ['k2', 'k3', 'k4', 'k7']) {
        const row = dataKey(0, key(name));
        const bytes = Buffer.from((await raw('keyspace').get(row)) as Buffer);
        bytes[18] = 0;
        await raw('keyspace').put(row, bytes);
      }
      const damages = await damagesOf(test.directory, test);
      assert.deepEqual(
        damages.map((damage) => damage.part === 'keyspace' && [damage.from?.toString(), damage.to?.toString()]),
        [
          ['k2', 'k4'],
          ['k7', 'k7'],
        ],
      );
      assert.match(damages[0]?.why ?? '', /"k2" does not match its checksum.*the next 2 keys too/);
    });

    it('notices a missing record by the number of records', async () => {
      await raw('keyspace').del(dataKey(0, Buffer.from('k5')));
      const damages = await damagesOf(test.directory, test);
      assert.equal(damages.length, 1);
      assert.match(
        damages[0]?.why ?? '',
        /expected 10 records in the keyspace, as its checkpoint at offset 10 counted; found 9/,
      );
    });

    it('notices a key that nothing would expire', async () => {
      await raw('keyspace').del(dueKey(EXPIRES_AT, 0, Buffer.from('due')));
      const damages = await damagesOf(test.directory, test);
      assert.equal(damages.length, 1);
      assert.match(damages[0]?.why ?? '', /"due" expires, but is missing from the index/);
    });
  });

  it(`finds one flipped bit in ${FLIPS} directories, except in LevelDB’s spare bytes`, async function () {
    this.timeout(180_000);
    const seed = seedOfThisRun();
    const random = seededRandom(seed);
    const test = await TestStore.open({ openDatabase: openLevel });
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 100; i++) await test.set(`k${i}`, `round ${round} `.repeat(1 + (i % 40)));
      // Each opening moves what is in LevelDB's log files into tables.
      await test.reopen();
    }
    await test.set('last', 'in the log files');
    await test.store.close();
    const generation = path.join(test.directory, 'gen-000001');
    assert.deepEqual(await damagesOf(test.directory), []);
    const original = await contents(generation);
    const files: Array<{ name: string; size: number }> = [];
    for (const name of await readdir(generation, { recursive: true })) {
      const { size } = await stat(path.join(generation, name));
      if (size > 0 && /(ldb|log|CURRENT|MANIFEST-\d+)$/.test(name) && name.includes('/')) files.push({ name, size });
    }
    let found = 0;
    for (let i = 0; i < FLIPS; i++) {
      const { name, size } = files[Math.floor(random() * files.length)] as { name: string; size: number };
      const at = Math.floor(random() * size);
      const copy = path.join(await temporaryDirectory(), 'copy');
      await cp(test.directory, copy, { recursive: true });
      const file = path.join(copy, 'gen-000001', name);
      const bytes = await readFile(file);
      bytes[at] = (bytes[at] as number) ^ (1 << Math.floor(random() * 8));
      await writeFile(file, bytes);
      const damages = await damagesOf(copy);
      if (damages.length > 0) found++;
      else
        assert.deepEqual(
          await contents(path.join(copy, 'gen-000001')),
          original,
          `seed ${seed}: byte ${at} of ${name} was changed, and nothing was found`,
        );
    }
    assert.ok(found > FLIPS / 2, `seed ${seed}: ${found} of ${FLIPS} were found`);
  });
});

/** All rows of both databases. */
describe('a part of a file of the log that is damaged', () => {
  const at = (after: Buffer | undefined, through: Buffer | undefined) =>
    inLog({ file: '000007.ldb', byte: 0, why: 'damaged', after, through });
  const offsets = (damage: Damage) => damage.part === 'log' && [damage.from, damage.to];

  it('is reported by the offsets of its blocks, also if it begins at the rows before them', () => {
    assert.deepEqual(offsets(at(blockKey(4), blockKey(7))), [5, 7]);
    for (const before of [undefined, BASE_KEY]) assert.deepEqual(offsets(at(before, blockKey(7))), [1, 7]);
  });

  it('is reported by its file name if it may hold no block, or unknown contents', () => {
    for (const through of [BASE_KEY, FORMAT_KEY, undefined]) assert.equal(at(undefined, through).part, 'file');
  });
});

async function contents(generation: string): Promise<Record<string, string>> {
  const rows: Record<string, string> = {};
  for (const [name, options] of [
    ['log', LOG_DATABASE],
    ['keyspace', KEYSPACE_DATABASE],
  ] as const) {
    const db: Database = await openLevel(path.join(generation, name), options);
    const entries = db.iterate({});
    for (let chunk = await entries.next(1_000); chunk.length > 0; chunk = await entries.next(1_000))
      for (const [key, value] of chunk) rows[`${name} ${key.toString('hex')}`] = value.toString('hex');
    await entries.close();
    await db.close();
  }
  return rows;
}
