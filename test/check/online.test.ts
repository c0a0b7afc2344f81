/** Verification of a node that runs, and the blocks that it gives to others for their repair. */
import assert from 'node:assert/strict';
import { promises } from 'node:fs';
import { cp, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { blocksFor } from '../../src/check/block-source.js';
import { beginFetching } from '../../src/check/fetched-blocks.js';
import { openLevel } from '../../src/disk/level.js';
import { misfitsOfOpen } from '../../src/disk/leveldb/inventory.js';
import { dueKey } from '../../src/keyspace/record.js';
import type { Position } from '../../src/model/position.js';
import { START_MS, until } from '../support/clock.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { TestStore } from '../support/store.js';
import { AS_FAST, all, checksOfStore, damageBlock, damageRecord, damagesOf } from './nodes.js';

const UNENDING = new AbortController().signal;

describe('a check of a node that runs', () => {
  let test: TestStore;
  afterEach(async () => {
    await test.store.close();
    await removeTemporaryDirectories();
  });

  it('reports how much it has checked if everything is whole', async () => {
    test = await TestStore.open();
    for (let i = 0; i < 30; i++) await test.set(`k${i}`, 'v'.repeat(100));
    const events = await all(checksOfStore(test).verify(AS_FAST, UNENDING));
    const last = events.at(-1);
    assert.ok(last?.kind === 'summary');
    const { damages, firstOffset, lastOffset, checkpointOffset, records, bytes } = last.summary;
    assert.deepEqual([damages, firstOffset, lastOffset, checkpointOffset, records], [0, 1, 30, 30, 30]);
    assert.ok(bytes > 6_000);
  });

  it('names what was changed in the log and in the keyspace, while writes go on', async () => {
    test = await TestStore.open();
    for (let i = 0; i < 30; i++) await test.set(`k${i}`);
    await (await test.store.snapshots.at()).release();
    await damageBlock({ test }, 9);
    await damageRecord({ test }, 'k4');
    let writing = true;
    const writes = (async () => {
      for (let i = 0; writing; i++) await test.set(`w${i}`);
    })();
    const found = await damagesOf(checksOfStore(test));
    writing = false;
    await writes;
    assert.deepEqual(
      found.map((one) => (one.part === 'log' ? [one.from, one.to] : one.part === 'keyspace' && String(one.from))),
      ['k4', [9, 9]],
    );
  });

  it('puts an expiring key back into an index that lost it, so that the key is deleted', async () => {
    test = await TestStore.open();
    await test.set('lost', 'v', 60_000);
    await test.set('kept');
    await (await test.store.snapshots.at()).release();
    const row = dueKey(START_MS + 60_000, 0, Buffer.from('lost'));
    await test.disk.raw(test.location('keyspace')).del(row);
    // As after a restart: memory knows nothing of it.
    await test.reopen();
    await test.clock.advance(120_000);
    assert.equal(await test.store.snapshots.size(), 2);
    const found = await damagesOf(checksOfStore(test));
    assert.deepEqual(
      found.map(({ why }) => why),
      [
        'the key "lost" expires, but is missing from the index of due keys, so it would never be deleted. This check has added the key',
      ],
    );
    await until('it is deleted', async () => (await test.store.snapshots.size()) === 1, {
      clock: test.clock,
      stepMs: 100,
    });
    assert.deepEqual(await damagesOf(checksOfStore(test)), []);
  });

  it('reads no faster than its limit, and ends when its caller has gone', async () => {
    test = await TestStore.open();
    for (let i = 0; i < 30; i++) await test.set(`k${i}`, 'v'.repeat(1_000));
    await (await test.store.snapshots.at()).release();
    const checks = checksOfStore(test);
    const running = checks.verify({ bytesPerSecond: 1_000 }, UNENDING);
    let over = false;
    const taken = all(running).then(() => {
      over = true;
    });
    // Some 60,000 bytes: a minute.
    for (let second = 0; second < 30; second++) await test.clock.advance(1_000);
    assert.equal(over, false);
    while (!over) await test.clock.advance(1_000);
    await taken;
    const cancelled = new AbortController();
    const again = checks.verify({ bytesPerSecond: 1_000 }, cancelled.signal);
    await again.next();
    cancelled.abort(new Error('enough'));
    await assert.rejects(all(again), /enough/);
    assert.deepEqual(await damagesOf(checks), []);
    assert.deepEqual(test.store.data.log.trimming.pinsBefore(Number.MAX_SAFE_INTEGER), []);
    assert.equal(test.disk.snapshots, 0);
  });

  it('names the file, the byte and the keys of a changed table', async () => {
    test = await TestStore.open({ openDatabase: openLevel });
    for (let i = 0; i < 400; i++) await test.set(`k${String(i).padStart(3, '0')}`, `value ${i} `.repeat(30));
    await test.reopen();
    await test.reopen();
    const location = test.location('keyspace');
    const table = (await readdir(location)).find((name) => name.endsWith('.ldb')) as string;
    const file = path.join(location, table);
    const bytes = await readFile(file);
    bytes[1_000] = (bytes[1_000] as number) ^ 1;
    await writeFile(file, bytes);
    const [damage, ...more] = await damagesOf(checksOfStore(test));
    assert.deepEqual(more, []);
    assert.ok(damage?.part === 'keyspace');
    assert.match(damage.why, /\.ldb, byte \d+: the block of \d+ bytes does not match its checksum/);
  });
});

describe('a check of a node whose files were taken away while it runs', function () {
  this.timeout(60_000);
  let test: TestStore;
  beforeEach(async () => {
    test = await TestStore.open({ openDatabase: openLevel });
    for (let life = 0; life < 2; life++) {
      for (let i = 0; i < 60; i++) await test.set(`k${life} ${i}`, 'x'.repeat(200 + life));
      await test.reopen();
    }
    for (let i = 0; i < 60; i++) await test.set(`k ${i}`, 'x'.repeat(200));
    await test.store.snapshots.size();
  });
  afterEach(async () => {
    await test.store.close();
    await removeTemporaryDirectories();
  });

  async function named(): Promise<string[]> {
    const found = await damagesOf(checksOfStore(test));
    return found.flatMap((damage) => (damage.part === 'file' && damage.byte === 0 ? [damage.file] : []));
  }

  async function fileOf(name: 'log' | 'keyspace', pattern: RegExp): Promise<string> {
    const location = test.location(name);
    const found = (await readdir(location)).filter((file) => pattern.test(file)).sort();
    assert.ok(found[0], `${pattern} in ${location}`);
    return path.join(location, found[0]);
  }

  for (const name of ['log', 'keyspace'] as const) {
    for (const [what, pattern] of [
      ['CURRENT', /^CURRENT$/],
      ['the manifest', /^MANIFEST/],
      ['a table', /\.ldb$/],
    ] as const)
      it(`names ${what} of the ${name}, though the node still reads them`, async () => {
        const file = await fileOf(name, pattern);
        assert.equal(await test.get('k0 1'), 'x'.repeat(200));
        await rename(file, `${file}.aside`);
        assert.deepEqual(await named(), [file]);
        assert.equal(await test.get('k0 1'), 'x'.repeat(200));
        await rename(`${file}.aside`, file);
        assert.deepEqual(await named(), []);
      });

    it(`names the log file of the ${name}, and one that was put in its place`, async () => {
      const file = await fileOf(name, /\.log$/);
      const other = await fileOf(name === 'log' ? 'keyspace' : 'log', /\.log$/);
      await rename(file, `${file}.aside`);
      assert.deepEqual(await named(), [file]);
      await cp(other, file);
      assert.deepEqual(await named(), [file]);
      await rename(`${file}.aside`, file);
      assert.deepEqual(await named(), []);
    });

    it(`names a table of the ${name} in whose place another one was put`, async () => {
      const file = await fileOf(name, /\.ldb$/);
      await rename(file, `${file}.aside`);
      await cp(await fileOf(name === 'log' ? 'keyspace' : 'log', /\.ldb$/), file);
      assert.deepEqual(await named(), [file]);
      await rename(`${file}.aside`, file);
    });
  }

  it('does not name a log file that LevelDB begins after the names were read', async () => {
    const { readdir } = promises;
    const earlier = async (location: string) => (await readdir(location)).filter((name) => !name.endsWith('.log'));
    Object.assign(promises, { readdir: earlier });
    syncBuiltinESMExports();
    try {
      assert.deepEqual(await misfitsOfOpen(test.location('log'), async () => {}), []);
    } finally {
      Object.assign(promises, { readdir });
      syncBuiltinESMExports();
    }
  });

  it('names none while LevelDB writes, merges and deletes', async () => {
    let writing = true;
    const writes = (async () => {
      for (let i = 0; writing; i++) {
        await test.set(`w${i % 3_000}`, Buffer.alloc(64 * 1024, i));
        if (i % 200 === 0) await test.store.snapshots.size();
      }
    })();
    // LevelDB deletes each log file once its writes are in a table.
    const seen = new Set<string>();
    while (seen.size < 5)
      for (const name of ['log', 'keyspace'] as const) {
        assert.deepEqual(await misfitsOfOpen(test.location(name), async () => {}), []);
        for (const file of await readdir(test.location('log'))) if (file.endsWith('.log')) seen.add(file);
      }
    writing = false;
    await writes;
  });
});

describe('blocks for the repair of another node', () => {
  let test: TestStore;
  beforeEach(async () => {
    test = await TestStore.open();
    for (let i = 0; i < 20; i++) await test.set(`k${i}`);
  });
  afterEach(async () => {
    await test.store.close();
    await removeTemporaryDirectories();
  });

  async function at(offset: number): Promise<Position> {
    const { log } = test.store.data;
    const checksum = await log.lookup.checksumAt(offset);
    assert.ok(typeof checksum === 'number');
    return { replicationId: log.history.lineage.replicationIdAt(offset), offset, checksum };
  }

  async function fetch(after: Position, through: Position): Promise<number[]> {
    const { blocks } = await beginFetching(blocksFor(test.store, { after, through }, UNENDING));
    return (await all(blocks)).flat().map(({ lastOffset }) => lastOffset);
  }

  it('are those between two positions', async () => {
    assert.deepEqual(await fetch(await at(4), await at(8)), [5, 6, 7, 8]);
    assert.deepEqual(test.store.data.log.trimming.pinsBefore(Number.MAX_SAFE_INTEGER), []);
  });

  it('come whole, however large they are', async () => {
    await test.set('large', Buffer.alloc(5 * 1024 * 1024, 7));
    await test.set('small');
    assert.deepEqual(await fetch(await at(19), await at(22)), [20, 21, 22]);
  });

  it('are not given to a node with another past', async () => {
    const after = await at(4);
    await assert.rejects(fetch({ ...after, checksum: after.checksum ^ 1 }, await at(8)), { code: 'chain_broken' });
    const through = await at(8);
    await assert.rejects(fetch(after, { ...through, checksum: through.checksum ^ 1 }), { code: 'chain_broken' });
    await assert.rejects(fetch(after, { ...through, offset: 80 }), { code: 'chain_broken', message: /ends before/ });
  });
});
