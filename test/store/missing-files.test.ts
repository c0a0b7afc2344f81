/**
 * Databases of which a file is missing, is cut, or is another's. LevelDB opens
 * most of them as if nothing were wrong, and deletes what it does not know of.
 */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dumpDirectory } from '../../src/check/dump.js';
import { rebuildDirectory } from '../../src/check/rebuild.js';
import { verifyDirectory } from '../../src/check/verify.js';
import { openLevel } from '../../src/level.js';
import type { Damage } from '../../src/wire/check.js';
import { contentsOf } from '../support/contents.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { TestStore } from '../support/store.js';

type Name = 'log' | 'keyspace';

interface Loss {
  readonly what: string;
  /** @returns the file that has to be named. */
  cause(location: string, other: string): Promise<string>;
}

async function fileOf(location: string, pattern: RegExp): Promise<string> {
  const found = (await readdir(location)).filter((name) => pattern.test(name)).sort();
  assert.ok(found.length > 0, `expected a file ${pattern} in ${location}`);
  return path.join(location, found[0] as string);
}

async function lose(file: string): Promise<string> {
  await rm(file);
  return file;
}

/** Where each record of a small manifest ends. */
function recordEnds(manifest: Buffer): number[] {
  const ends: number[] = [];
  for (let at = 0; at + 7 <= manifest.length; ) {
    at += 7 + manifest.readUInt16LE(at + 4);
    ends.push(at);
  }
  return ends;
}

const LOSSES: readonly Loss[] = [
  { what: 'CURRENT is missing', cause: (location) => lose(path.join(location, 'CURRENT')) },
  { what: 'the manifest is missing', cause: async (location) => lose(await fileOf(location, /^MANIFEST/)) },
  { what: 'a table is missing', cause: async (location) => lose(await fileOf(location, /\.ldb$/)) },
  { what: 'the log file is missing', cause: async (location) => lose(await fileOf(location, /\.log$/)) },
  {
    what: 'everything in it is missing',
    async cause(location) {
      for (const name of await readdir(location)) await rm(path.join(location, name));
      return location;
    },
  },
  {
    what: 'it is missing',
    async cause(location) {
      await rm(location, { recursive: true });
      return location;
    },
  },
  {
    what: 'CURRENT is empty',
    async cause(location) {
      await truncate(path.join(location, 'CURRENT'));
      return path.join(location, 'CURRENT');
    },
  },
  {
    what: 'CURRENT names a manifest that is not there',
    async cause(location) {
      await writeFile(path.join(location, 'CURRENT'), 'MANIFEST-000099\n');
      return path.join(location, 'MANIFEST-000099');
    },
  },
  {
    what: 'the manifest is cut at its last record',
    async cause(location) {
      const manifest = await fileOf(location, /^MANIFEST/);
      const ends = recordEnds(await readFile(manifest));
      await truncate(manifest, ends.at(-2));
      return ends.length > 2 ? location : manifest;
    },
  },
  {
    what: 'the manifest is cut at its first record',
    async cause(location) {
      const manifest = await fileOf(location, /^MANIFEST/);
      await truncate(manifest, recordEnds(await readFile(manifest))[0]);
      return manifest;
    },
  },
  {
    what: 'the manifest is empty',
    async cause(location) {
      const manifest = await fileOf(location, /^MANIFEST/);
      await truncate(manifest);
      return manifest;
    },
  },
  {
    what: 'a table is cut',
    async cause(location) {
      const file = await fileOf(location, /\.ldb$/);
      await truncate(file, (await stat(file)).size - 1);
      return file;
    },
  },
  {
    what: 'a table is that of the database beside it',
    async cause(location, other) {
      const file = await fileOf(location, /\.ldb$/);
      await cp(await fileOf(other, /\.ldb$/), file);
      return file;
    },
  },
  {
    what: 'the log file is that of the database beside it',
    async cause(location, other) {
      const file = await fileOf(location, /\.log$/);
      await cp(await fileOf(other, /\.log$/), file);
      return file;
    },
  },
];

describe('a store with a database that is not whole', function () {
  this.timeout(60_000);
  let whole: string;

  /** Both databases with tables, and writes behind them in a log file. */
  before(async () => {
    whole = path.join(await mkdtemp(path.join(tmpdir(), 'headwater-whole-')), 'data');
    const test = await TestStore.open({ openDatabase: openLevel, directory: whole });
    for (let life = 0; life < 3; life++) {
      for (let i = 0; i < 40; i++) await test.set(`k${life} ${i}`, 'x'.repeat(200 + life));
      await test.store.close();
      if (life < 2) await test.open();
    }
  });
  after(() => rm(path.dirname(whole), { recursive: true }));
  afterEach(removeTemporaryDirectories);

  async function copied(): Promise<{ directory: string; location(name: Name): string }> {
    const directory = path.join(await temporaryDirectory(), 'data');
    await cp(whole, directory, { recursive: true, preserveTimestamps: true });
    return { directory, location: (name) => path.join(directory, 'gen-000001', name) };
  }

  const open = (directory: string, role?: Parameters<TestStore['open']>[0]) =>
    TestStore.open({ openDatabase: openLevel, directory, ...(role && { role }) });

  for (const name of ['log', 'keyspace'] as const) {
    const beside = name === 'log' ? 'keyspace' : 'log';
    for (const { what, cause } of LOSSES) {
      it(`is not opened if of the ${name} ${what}: the file is named, and nothing is changed`, async () => {
        const { directory, location } = await copied();
        const file = await cause(location(name), location(beside));
        const before = await contentsOf(path.join(directory, 'gen-000001'));
        await assert.rejects(open(directory), (error: Error & { code: string }) => {
          assert.equal(error.code, 'corrupt', error.message);
          assert.ok(error.message.includes(file), `expected ${file} in: ${error.message}`);
          assert.match(error.message, /promote.*restore a backup/);
          return true;
        });
        assert.deepEqual(await contentsOf(path.join(directory, 'gen-000001')), before);
      });

      it(`is named by verify, and not dumped, if of the ${name} ${what}, and nothing is changed`, async () => {
        const { directory, location } = await copied();
        const file = await cause(location(name), location(beside));
        const before = await contentsOf(directory);
        const found: string[] = [];
        await verifyDirectory(directory, { found: ({ why }) => found.push(why) });
        assert.ok(
          found.some((why) => why.includes(file)),
          `expected ${file} in: ${found.join('; ')}`,
        );
        if (name === 'log') await assert.rejects(dumpDirectory(directory).next(), { code: 'corrupt' });
        else for await (const dumped of dumpDirectory(directory)) assert.ok(!('damage' in dumped));
        assert.deepEqual(await contentsOf(directory), before);
      });
    }
  }

  it('is not opened if both databases, or the generation, are missing', async () => {
    for (const missing of [['gen-000001/log', 'gen-000001/keyspace'], ['gen-000001']]) {
      const { directory } = await copied();
      for (const name of missing) await rm(path.join(directory, name), { recursive: true });
      await assert.rejects(open(directory), { code: 'corrupt', message: /gen-000001.* is missing/ });
      assert.deepEqual(
        (await readdir(directory)).filter((name) => name.startsWith('gen')),
        missing.length === 1 ? [] : ['gen-000001'],
      );
    }
  });

  it('is not opened if one database is that of another generation, or of the other kind', async () => {
    const other = await TestStore.open({ openDatabase: openLevel });
    for (let i = 0; i < 120; i++) await other.set(`k0 ${i}`, 'another value');
    await other.store.close();
    for (const name of ['log', 'keyspace'] as const)
      for (const source of [
        other.location(name),
        path.join(whole, 'gen-000001', name === 'log' ? 'keyspace' : 'log'),
      ]) {
        const { directory, location } = await copied();
        await rename(location(name), path.join(directory, 'aside.new'));
        await cp(source, location(name), { recursive: true });
        await assert.rejects(open(directory), { code: 'corrupt', message: /is not the (log|keyspace) of .*right/ });
        await rm(location(name), { recursive: true });
        await rename(path.join(directory, 'aside.new'), location(name));
        const test = await open(directory);
        assert.equal(await test.get('k0 1'), 'x'.repeat(200));
        await test.store.close();
      }
  });

  it('is looked at without a change to it: verified, dumped, and its keyspace made from the log again', async () => {
    const { directory } = await copied();
    const before = await contentsOf(path.dirname(directory));
    const found: Damage[] = [];
    const { records, lastOffset } = await verifyDirectory(directory, { found: (damage) => found.push(damage) });
    assert.deepEqual({ found, records, lastOffset }, { found: [], records: 120, lastOffset: 120 });
    let commands = 0;
    for await (const block of dumpDirectory(directory)) commands += 'damage' in block ? 0 : block.commands.length;
    assert.equal(commands, 120);
    const { onDisk, rebuilt } = await rebuildDirectory(directory);
    assert.deepEqual(rebuilt, onDisk);
    const after = await contentsOf(path.dirname(directory));
    // The rebuilt keyspace stood beside the directory for a while.
    assert.deepEqual(after.slice(1), before.slice(1));
  });

  it('is locked while it is looked at, also for the process that looks', async () => {
    const { directory } = await copied();
    const blocks = dumpDirectory(directory);
    await blocks.next();
    await assert.rejects(open(directory), { code: 'directory_locked' });
    await blocks.return(undefined);
    const test = await open(directory);
    await assert.rejects(dumpDirectory(directory).next(), { code: 'directory_locked' });
    await test.store.close();
  });

  it('is opened again when the file is back', async () => {
    const { directory, location } = await copied();
    const table = await fileOf(location('keyspace'), /\.ldb$/);
    await rename(table, `${table}.aside`);
    await assert.rejects(open(directory), { code: 'corrupt' });
    await rename(`${table}.aside`, table);
    const test = await open(directory);
    assert.equal(await test.get('k0 1'), 'x'.repeat(200));
    await test.store.close();
  });

  it('as a follower that repairs itself, serves nothing and tells what its log holds', async () => {
    const { directory, location } = await copied();
    await rm(path.join(location('keyspace'), 'CURRENT'));
    const before = await contentsOf(location('keyspace'));
    const role = { role: 'follower', upstream: '127.0.0.1:1' } as const;
    const test = await TestStore.open({ openDatabase: openLevel, directory, autoRepair: true, role });
    assert.equal(test.store.isServing, false);
    assert.equal(test.store.log.end.offset, 120);
    await test.store.close();
    assert.deepEqual(await contentsOf(location('keyspace')), before);
  });

  it('as a follower that repairs itself, whose log is not whole either, serves nothing and tells of none', async () => {
    const { directory, location } = await copied();
    const lost = [await fileOf(location('log'), /\.ldb$/), path.join(location('keyspace'), 'CURRENT')];
    for (const file of lost) await rm(file);
    const before = await contentsOf(path.join(directory, 'gen-000001'));
    const role = { role: 'follower', upstream: '127.0.0.1:1' } as const;
    const test = await TestStore.open({ openDatabase: openLevel, directory, autoRepair: true, role });
    assert.equal(test.store.isServing, false);
    assert.equal(test.store.log.end.offset, 0);
    await test.store.close();
    assert.deepEqual(await contentsOf(path.join(directory, 'gen-000001')), before);
  });
});
