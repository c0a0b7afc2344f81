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
import { openLevel } from '../../src/disk/level.js';
import { maskedCrc32c } from '../../src/disk/leveldb/checksum.js';
import type { Damage } from '../../src/model/check.js';
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

/** As a failed write leaves it, whose numbers LevelDB does not use again: the first record of a log file begins 1,000 numbers later. */
async function skipNumbers(file: string): Promise<void> {
  const bytes = await readFile(file);
  const end = 7 + bytes.readUInt16LE(4);
  bytes.writeBigUInt64LE(bytes.readBigUInt64LE(7) + 1_000n, 7);
  bytes.writeUInt32LE(maskedCrc32c(bytes.subarray(6, end)), 0);
  await writeFile(file, bytes);
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
    what: 'the log file is cut at the end of a record',
    async cause(location) {
      const file = await fileOf(location, /\.log$/);
      await truncate(file, recordEnds(await readFile(file)).at(-3));
      return file;
    },
  },
  {
    what: 'the log file is empty',
    async cause(location) {
      const file = await fileOf(location, /\.log$/);
      await truncate(file);
      return file;
    },
  },
  {
    what: 'the last record of the log file is changed',
    async cause(location) {
      const file = await fileOf(location, /\.log$/);
      const bytes = await readFile(file);
      bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
      await writeFile(file, bytes);
      return file;
    },
  },
  {
    what: 'the log file ends in zeros',
    async cause(location) {
      const file = await fileOf(location, /\.log$/);
      const bytes = await readFile(file);
      await writeFile(file, bytes.fill(0, recordEnds(bytes).at(-3)));
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
          assert.match(error.message, /Promote.*restore a backup/);
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
        // It would name a file that is missing.
        await rm(path.join(directory, 'clean-stop.json'));
        await rename(location(name), path.join(directory, 'aside.new'));
        await cp(source, location(name), { recursive: true });
        await assert.rejects(open(directory), {
          code: 'corrupt',
          message: /(does not belong to|holds no (log|keyspace)).*Put the right/,
        });
        await rm(location(name), { recursive: true });
        await rename(path.join(directory, 'aside.new'), location(name));
        const test = await open(directory);
        assert.equal(await test.get('k0 1'), 'x'.repeat(200));
        await test.store.close();
      }
  });

  it('is verified, dumped and rebuilt from the log without a change to it', async () => {
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

  it('is dumped without the block that the disk has changed, which is named', async () => {
    const { directory, location } = await copied();
    await rm(path.join(directory, 'clean-stop.json'));
    const file = await fileOf(location('log'), /\.log$/);
    const bytes = await readFile(file);
    const [from, to] = recordEnds(bytes).slice(19, 21) as [number, number];
    bytes[to - 2] = (bytes[to - 2] as number) ^ 1;
    bytes.writeUInt32LE(maskedCrc32c(bytes.subarray(from + 6, to)), from);
    await writeFile(file, bytes);
    const damages: string[] = [];
    const offsets: number[] = [];
    for await (const block of dumpDirectory(directory))
      if ('damage' in block) damages.push(block.damage);
      else offsets.push(block.lastOffset);
    assert.equal(offsets.length, 119);
    const missing = Array.from({ length: 120 }, (_, i) => i + 1).filter((offset) => !offsets.includes(offset));
    assert.equal(damages.length, 1);
    assert.match(damages[0] as string, new RegExp(`^block ${missing[0]} to ${missing[0]} does not continue the log`));
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

  it('as a follower that repairs itself serves nothing and reports the end of its log', async () => {
    const { directory, location } = await copied();
    await rm(path.join(location('keyspace'), 'CURRENT'));
    const before = await contentsOf(location('keyspace'));
    const role = { role: 'follower', upstream: '127.0.0.1:1' } as const;
    const test = await TestStore.open({ openDatabase: openLevel, directory, autoRepair: true, role });
    assert.equal(test.store.data.isServing, false);
    assert.equal(test.store.data.log.end.offset, 120);
    await test.store.close();
    assert.deepEqual(await contentsOf(location('keyspace')), before);
  });

  it('as a follower that repairs itself reports no position if its log is not whole either', async () => {
    const { directory, location } = await copied();
    const lost = [await fileOf(location('log'), /\.ldb$/), path.join(location('keyspace'), 'CURRENT')];
    for (const file of lost) await rm(file);
    const before = await contentsOf(path.join(directory, 'gen-000001'));
    const role = { role: 'follower', upstream: '127.0.0.1:1' } as const;
    const test = await TestStore.open({ openDatabase: openLevel, directory, autoRepair: true, role });
    assert.equal(test.store.data.isServing, false);
    assert.equal(test.store.data.log.end.offset, 0);
    await test.store.close();
    assert.deepEqual(await contentsOf(path.join(directory, 'gen-000001')), before);
  });

  describe('whose log files were cut at their ends', () => {
    /** Both databases at a moment that they were at together: without the note, nothing would show. */
    async function cut(directory: string): Promise<string[]> {
      const files: string[] = [];
      for (const name of ['log', 'keyspace'] as const) {
        const file = await fileOf(path.join(directory, 'gen-000001', name), /\.log$/);
        const ends = recordEnds(await readFile(file));
        await truncate(file, name === 'log' ? ends.at(-10) : 0);
        files.push(file);
      }
      return files;
    }

    it('is opened without the missing part if there was no clean stop, as after a crash', async () => {
      for (const note of [
        undefined,
        '',
        '{"log_files":{"gen-000001/log":[{"name":"000011.log","bytes":1}]},"crc32":1}',
      ]) {
        const { directory } = await copied();
        await cut(directory);
        await rm(path.join(directory, 'clean-stop.json'));
        if (note !== undefined) await writeFile(path.join(directory, 'clean-stop.json'), note);
        const test = await open(directory);
        assert.equal(test.store.data.position.offset, 111);
        await test.store.close();
      }
    });

    it('is named after a clean stop, at every start, and opens once the files are back', async () => {
      const { directory } = await copied();
      const files = await cut(directory);
      for (let start = 0; start < 2; start++)
        await assert.rejects(open(directory), (error: Error & { code: string }) => {
          assert.equal(error.code, 'corrupt');
          assert.match(
            error.message,
            /expected \d+ bytes, as the last clean stop left them, found \d+: the end of the file is missing. Put the file back/,
          );
          return true;
        });
      for (const file of files) await cp(path.join(whole, path.relative(directory, file)), file);
      const test = await open(directory);
      assert.equal(test.store.data.position.offset, 120);
      await test.store.close();
    });

    it('as a follower that repairs itself serves nothing and reports the rest of its log', async () => {
      const { directory } = await copied();
      await cut(directory);
      const role = { role: 'follower', upstream: '127.0.0.1:1' } as const;
      const test = await TestStore.open({ openDatabase: openLevel, directory, autoRepair: true, role });
      assert.equal(test.store.data.isServing, false);
      assert.equal(test.store.data.log.end.offset, 111);
      await test.store.close();
      // It is not forgotten by that.
      await assert.rejects(open(directory, role), { code: 'corrupt' });
    });

    it('is not held against a life that ended by a crash', async () => {
      const { directory } = await copied();
      const test = await open(directory);
      await test.set('written after the clean stop');
      const crashed = path.join(await temporaryDirectory(), 'data');
      await cp(directory, crashed, { recursive: true });
      await test.store.close();
      assert.ok(!(await readdir(crashed)).includes('clean-stop.json'));
      const file = await fileOf(path.join(crashed, 'gen-000001', 'log'), /\.log$/);
      await truncate(file, (await stat(file)).size - 1);
      const after = await open(crashed);
      assert.equal(after.store.data.position.offset, 120);
      await after.store.close();
    });

    it('is noted by a follower too, and named in another generation', async () => {
      const { directory } = await copied();
      const role = { role: 'follower', upstream: '127.0.0.1:1' } as const;
      await rm(path.join(directory, 'clean-stop.json'));
      await (await open(directory, role)).store.close();
      assert.match(await readFile(path.join(directory, 'clean-stop.json'), 'latin1'), /"gen-000001\/log":/);
      await rename(path.join(directory, 'gen-000001'), path.join(directory, 'gen-000002'));
      await writeFile(path.join(directory, 'CURRENT'), 'gen-000002\n');
      // What the other generation has left is no matter of this one.
      const test = await open(directory, { role: 'leader', upstream: '' });
      await test.set('new');
      await test.store.close();
      const file = await fileOf(path.join(directory, 'gen-000002', 'log'), /\.log$/);
      await truncate(file, (await stat(file)).size - 1);
      await assert.rejects(open(directory), { code: 'corrupt' });
    });
  });

  describe('that has ended after a failed write, which leaves out numbers', () => {
    async function left(): Promise<{ directory: string; location(name: Name): string }> {
      const copy = await copied();
      await rm(path.join(copy.directory, 'clean-stop.json'));
      await writeFile(path.join(copy.directory, 'write-failed'), '');
      for (const name of ['log', 'keyspace'] as const) await skipNumbers(await fileOf(copy.location(name), /\.log$/));
      return copy;
    }

    it('is opened, verified, dumped, and made again from its log', async () => {
      const { directory } = await left();
      const found: Damage[] = [];
      await verifyDirectory(directory, { found: (damage) => found.push(damage) });
      assert.deepEqual(found, []);
      let commands = 0;
      for await (const block of dumpDirectory(directory)) commands += 'damage' in block ? 0 : block.commands.length;
      assert.equal(commands, 120);
      const { onDisk, rebuilt } = await rebuildDirectory(directory);
      assert.deepEqual(rebuilt, onDisk);
      const test = await open(directory);
      assert.equal(await test.get('k2 1'), 'x'.repeat(202));
      await test.store.close();
    });

    it('reports the end of its log, as a follower that repairs a damaged keyspace', async () => {
      const { directory, location } = await left();
      await rm(path.join(location('keyspace'), 'CURRENT'));
      const role = { role: 'follower', upstream: '127.0.0.1:1' } as const;
      const test = await TestStore.open({ openDatabase: openLevel, directory, autoRepair: true, role });
      assert.equal(test.store.data.isServing, false);
      assert.equal(test.store.data.log.end.offset, 120);
      await test.store.close();
    });

    it('is dumped up to the record in pieces that the write has left', async () => {
      const { directory, location } = await left();
      const file = await fileOf(location('log'), /\.log$/);
      const bytes = await readFile(file);
      const torn = recordEnds(bytes)[20] as number;
      bytes[torn + 10] = (bytes[torn + 10] as number) ^ 1;
      await writeFile(file, bytes);
      let last = 0;
      for await (const block of dumpDirectory(directory)) if (!('damage' in block)) last = block.lastOffset;
      assert.ok(last > 90 && last < 110, `the last offset is ${last}`);
    });
  });
});
