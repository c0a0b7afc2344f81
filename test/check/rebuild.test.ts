import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { rebuildDirectory } from '../../src/check/rebuild.js';
import { dataKey, encodeRecord } from '../../src/keyspace/record.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { increment, key, TestStore } from '../support/store.js';

afterEach(removeTemporaryDirectories);

describe('the keyspace made anew from the log', () => {
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

  const rebuild = () => rebuildDirectory(test.directory, { openDatabase: test.disk.open });

  it('is the one on disk, and nothing is left of it', async () => {
    const { position, onDisk, rebuilt } = await rebuild();
    assert.deepEqual(rebuilt, onDisk);
    assert.equal(onDisk.keys, 30);
    assert.ok(position.offset > 80);
    assert.ok(!(await readdir(test.directory)).includes('rebuild.new'));
  });

  it('tells a record that is an older one, though it is whole', async () => {
    const old = { type: 0, version: 3, expiresAtMs: 0, value: Buffer.from('older') };
    const row = dataKey(1, key('after 7'));
    assert.ok(await test.disk.raw(test.location('keyspace')).get(row));
    await test.disk.raw(test.location('keyspace')).put(row, encodeRecord(key('after 7'), old));
    const { onDisk, rebuilt } = await rebuild();
    assert.equal(onDisk.keys, rebuilt.keys);
    assert.notDeepEqual(onDisk.digest, rebuilt.digest);
  });

  it('is refused where the log does not reach back to the beginning', async () => {
    await test.open();
    await test.store.log.trim(40);
    await test.store.close();
    await assert.rejects(rebuild(), { code: 'invalid_argument', message: /begins at offset 4\d/ });
  });
});
