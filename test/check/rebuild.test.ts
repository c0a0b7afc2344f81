import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { rebuildDirectory } from '../../src/check/rebuild.js';
import { dataKey, encodeRecord } from '../../src/keyspace/record.js';
import { backupOf, inPieces } from '../backup/files.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { increment, key, TestStore } from '../support/store.js';

afterEach(removeTemporaryDirectories);

describe('the keyspace rebuilt from the log', () => {
  let test: TestStore;
  beforeEach(async () => {
    test = await TestStore.open();
    for (let i = 0; i < 50; i++) await test.set(`k${i % 20}`, `v${i}`);
    await test.submit(increment('n'), increment('n'), { kind: 'delete', keys: [key('k3')] });
    // More commands behind a checkpoint, and one in the middle that empties everything.
    await test.reopen();
    await test.submit({ kind: 'flushAll' });
    for (let i = 0; i < 30; i++) await test.set(`after ${i}`);
    await test.store.close();
  });

  /** What is being made beside the data, or was. */
  const aside = async () => (await readdir(path.dirname(test.directory))).filter((name) => /rebuild/.test(name));

  const onDisk = () => ({ openDatabase: test.disk.open, openScratch: test.disk.open });
  const rebuild = () => rebuildDirectory(test.directory, onDisk());

  it('is the one on disk, and nothing is left of it', async () => {
    const { position, onDisk, rebuilt } = await rebuild();
    assert.deepEqual(rebuilt, onDisk);
    assert.equal(onDisk.keys, 30);
    assert.ok(position.offset > 80);
    assert.deepEqual(await aside(), []);
  });

  it('that was cut short leaves nothing behind the next one', async () => {
    const openDatabase = test.disk.process();
    const cut = new Promise<void>((resolve) => {
      test.disk.fault = async ({ kind, location }) => {
        if (kind !== 'batch' || !location.startsWith(`${test.directory}.rebuild`)) return;
        resolve();
        await new Promise<never>(() => {});
      };
    });
    void rebuildDirectory(test.directory, { openDatabase, openScratch: openDatabase });
    await cut;
    test.disk.crash();
    test.disk.fault = undefined;
    assert.equal((await aside()).length, 1);
    // As the lock of a process goes with it.
    await rebuild();
    assert.deepEqual(await aside(), []);
  });

  for (const { name, make, held } of [
    {
      name: 'a directory',
      make: async (place: string) => {
        await mkdir(place);
        await writeFile(path.join(place, 'mine'), 'all that I have');
      },
      held: 'mine',
    },
    {
      name: 'a database',
      make: async (place: string) => {
        await mkdir(path.join(place, 'keyspace'), { recursive: true });
        await writeFile(path.join(place, 'keyspace', '000005.ldb'), 'all that I have');
      },
      held: path.join('keyspace', '000005.ldb'),
    },
    { name: 'a file', make: (place: string) => writeFile(place, 'all that I have'), held: '' },
    {
      name: 'a link',
      make: async (place: string) => {
        await mkdir(`${place}.mine`);
        await writeFile(path.join(`${place}.mine`, 'mine'), 'all that I have');
        await symlink(`${place}.mine`, place);
      },
      held: 'mine',
    },
  ])
    it(`leaves ${name} of another program alone, and says so`, async () => {
      const place = `${test.directory}.rebuild`;
      await make(place);
      await assert.rejects(rebuild(), (error: Error) => {
        assert.match(error.message, /\.rebuild/);
        assert.match(error.message, /Move it away/);
        assert.equal((error as Error & { code?: string }).code, 'foreign_directory');
        return true;
      });
      assert.equal(await readFile(path.join(place, held), 'latin1'), 'all that I have');
      await rm(place, { recursive: true });
      await rm(`${place}.mine`, { recursive: true, force: true });
      const { onDisk, rebuilt } = await rebuild();
      assert.deepEqual(rebuilt, onDisk);
    });

  it('recognises an older record, though it is whole', async () => {
    const old = { type: 0, version: 3, expiresAtMs: 0, value: Buffer.from('older') };
    const row = dataKey(1, key('after 7'));
    assert.ok(await test.disk.raw(test.location('keyspace')).get(row));
    await test.disk.raw(test.location('keyspace')).put(row, encodeRecord(key('after 7'), old));
    const { onDisk, rebuilt } = await rebuild();
    assert.equal(onDisk.keys, rebuilt.keys);
    assert.notDeepEqual(onDisk.digest, rebuilt.digest);
  });

  it('is refused if the log does not reach back to the beginning', async () => {
    await test.open();
    await test.store.data.log.trimming.trim(40);
    await test.store.close();
    await assert.rejects(rebuild(), { code: 'invalid_argument', message: /begins at offset 4\d/ });
  });

  describe('with a backup', () => {
    let file: Buffer;
    let early: Buffer;

    /** The log begins behind what `early` holds, and before what `file` holds. */
    beforeEach(async () => {
      await test.open();
      early = await backupOf(test);
      for (let i = 0; i < 10; i++) await test.set(`then ${i}`);
      file = await backupOf(test);
      for (let i = 0; i < 10; i++) await test.set(`later ${i}`, 'v', 1_000_000);
      await (await test.store.snapshots.at()).release();
      await test.store.data.log.trimming.trim(test.store.data.position.offset - 15);
      await test.store.close();
    });

    const rebuildWith = (bytes: Buffer) => rebuildDirectory(test.directory, { ...onDisk(), backup: inPieces(bytes) });

    it('begins there if the log does not reach back', async () => {
      const { position, from, onDisk, rebuilt } = await rebuildWith(file);
      assert.deepEqual(rebuilt, onDisk);
      assert.equal(onDisk.keys, 50);
      assert.equal(from?.offset, position.offset - 10);
    });

    it('recognises an older record there too', async () => {
      const row = dataKey(1, key('then 7'));
      const old = { type: 0, version: 3, expiresAtMs: 0, value: Buffer.from('older') };
      await test.disk.raw(test.location('keyspace')).put(row, encodeRecord(key('then 7'), old));
      const { onDisk, rebuilt } = await rebuildWith(file);
      assert.notDeepEqual(onDisk.digest, rebuilt.digest);
    });

    it('is refused if it is too old, of another history, or no whole backup', async () => {
      await assert.rejects(rebuildWith(early), {
        code: 'invalid_argument',
        message: /the commands between are missing/,
      });
      const other = await TestStore.open();
      for (let i = 0; i < 105; i++) await other.set(`other ${i}`);
      const foreign = await backupOf(other);
      await other.store.close();
      await assert.rejects(rebuildWith(foreign), {
        code: 'invalid_argument',
        message: /two histories differ|is at offset/,
      });
      await assert.rejects(rebuildWith(file.subarray(0, -20)), { code: 'corrupt', message: /cut off/ });
      assert.deepEqual(await aside(), []);
    });
  });
});
