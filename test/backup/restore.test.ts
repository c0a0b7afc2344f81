/** A data directory made of a backup: what is in it, and that half of one is never taken for a whole. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { dumpDirectory } from '../../src/check/dump.js';
import { type Files, systemFiles } from '../../src/disk/files.js';
import { openLevel } from '../../src/disk/level.js';
import { Directory } from '../../src/store/directory.js';
import { RESERVED_FILE } from '../../src/store/reserved-file.js';
import { MemoryDisk, removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { TestStore } from '../support/store.js';
import { backupOf, restoreTo } from './files.js';

async function place(): Promise<{ disk: MemoryDisk; directory: string }> {
  return { disk: new MemoryDisk(), directory: path.join(await temporaryDirectory(), 'restored') };
}

async function filled(keys = 300): Promise<TestStore> {
  const test = await TestStore.open();
  for (let i = 0; i < keys; i++) await test.set(`key ${i}`, `value ${i}`, i % 10 === 0 ? 60_000 : undefined);
  return test;
}

const left = async (directory: string) => (await readdir(directory)).filter((name) => name !== 'lock');

describe('a restore', () => {
  afterEach(removeTemporaryDirectories);

  it('makes a new node of the cluster that holds the same at the same position, and leads on', async () => {
    const test = await filled();
    const { clusterId } = test.store.identity;
    const { position, endTimeMs } = test.store.data;
    const file = await backupOf(test);
    const to = await place();
    const restored = await restoreTo(to, file);
    assert.deepEqual(restored.position, position);
    assert.deepEqual([restored.keys, restored.timeMs, restored.madeBy], [300, endTimeMs, test.store.identity.nodeId]);
    const made = await TestStore.open({ ...to, clock: test.clock });
    assert.equal(made.store.identity.nodeId, restored.nodeId);
    assert.notEqual(made.store.identity.nodeId, test.store.identity.nodeId);
    assert.equal(made.store.identity.clusterId, clusterId);
    assert.deepEqual(await made.store.snapshots.digest(), await test.store.snapshots.digest());
    assert.deepEqual(made.store.data.log.base, position);
    assert.deepEqual(
      made.store.data.log.history.lineage.rows.map(({ firstOffset, epoch }) => [firstOffset, epoch]),
      [
        [1, 1],
        [301, 2],
      ],
    );
    assert.equal(await made.store.snapshots.size(), 300);
    await made.set('more');
    await test.clock.advance(70_000);
    assert.equal(await made.get('key 10'), undefined, 'expiry goes on');
    await made.store.close();
    await test.store.close();
  });

  it('knows the users before its data are open', async () => {
    const test = await filled(1);
    await test.store.identity.records.change(() => new Map([['user/boss', Buffer.from('b')]]), 1);
    const to = await place();
    await restoreTo(to, await backupOf(test));
    const text = await readFile(path.join(to.directory, RESERVED_FILE), 'utf8');
    assert.deepEqual(JSON.parse(text), { '': '2', 'user/boss': Buffer.from('b').toString('base64') });
    await test.store.close();
  });

  it('of a follower: the histories are those that led there', async () => {
    const test = await filled(3);
    await test.store.roles.follow('127.0.0.1:1');
    const to = await place();
    await restoreTo(to, await backupOf(test));
    const made = await TestStore.open({ ...to, role: { role: 'follower', upstream: '127.0.0.1:1' } });
    assert.deepEqual(made.store.data.position, test.store.data.position);
    assert.deepEqual(made.store.data.log.history.lineage.rows, test.store.data.log.history.lineage.rows);
    await made.store.close();
    await test.store.close();
  });

  it('of an empty node', async () => {
    const test = await TestStore.open();
    const to = await place();
    const restored = await restoreTo(to, await backupOf(test));
    assert.deepEqual([restored.keys, restored.position.offset, restored.timeMs], [0, 0, 0]);
    const made = await TestStore.open(to);
    assert.equal(await made.store.snapshots.size(), 0);
    await made.set('a');
    await made.store.close();
    await test.store.close();
  });

  it('takes values larger than a chunk, and those that do not compress', async () => {
    const test = await TestStore.open();
    for (let i = 0; i < 4; i++) await test.set(`large ${i}`, i % 2 ? randomBytes(3_000_000) : Buffer.alloc(3_000_000));
    for (let i = 0; i < 100; i++) await test.set(`small ${i}`, randomBytes(20_000));
    const to = await place();
    await restoreTo(to, await backupOf(test));
    const made = await TestStore.open({ ...to, role: { role: 'follower', upstream: '127.0.0.1:1' } });
    assert.deepEqual(await made.store.snapshots.digest(), await test.store.snapshots.digest());
    await made.store.close();
    await test.store.close();
  });

  it('refuses a directory that is not empty, and touches nothing in it', async () => {
    const test = await filled(2);
    const file = await backupOf(test);
    const { directory } = await place();
    await mkdir(directory);
    await writeFile(path.join(directory, 'thesis.tex'), 'mine');
    for (const there of [directory, test.directory]) {
      const before = await readdir(there);
      await assert.rejects(restoreTo({ disk: test.disk, directory: there }, file), { code: 'foreign_directory' });
      assert.deepEqual(await readdir(there), before);
    }
    await test.store.close();
  });

  it('reports the bad file, and leaves no node, even if its own files cannot be deleted', async () => {
    const test = await filled(3);
    const file = (await backupOf(test)).subarray(0, -1);
    const { directory } = await place();
    const files: Files = {
      ...systemFiles,
      remove: async (name) => {
        if (path.basename(name) === 'gen-000001') throw new Error('EIO');
        await systemFiles.remove(name);
      },
    };
    const cut = { code: 'corrupt', message: /is cut off/ };
    await assert.rejects(restoreTo({ disk: test.disk, directory }, file, { files, openDatabase: openLevel }), cut);
    await assert.rejects(TestStore.open({ directory, openDatabase: openLevel }), { code: 'restore_unfinished' });
    await test.store.close();
  });

  it('beside a node that begins in the same directory in that moment leaves no mark on it', async () => {
    const source = await filled(2);
    const file = await backupOf(source);
    const { directory } = await place();
    const open = () => TestStore.open({ directory, openDatabase: openLevel });
    let node: TestStore | undefined;
    const files: Files = {
      ...systemFiles,
      // It has seen an empty directory, and then the node takes the lock.
      list: async (listed) => {
        const names = await systemFiles.list(listed).catch(() => []);
        node ??= await open();
        return names;
      },
    };
    const restoring = restoreTo({ disk: source.disk, directory }, file, { files, openDatabase: openLevel });
    await assert.rejects(restoring, { code: 'directory_locked' });
    await node?.set('a', 'of the node');
    await node?.store.close();
    const again = await open();
    assert.equal(await again.get('a'), 'of the node');
    await again.store.close();
    await source.store.close();
  });

  it('that begins while a node opens the directory keeps that node from starting', async () => {
    const { directory } = await place();
    await mkdir(directory);
    const options = { openDatabase: openLevel, randomBytes };
    let hasBegun = false;
    const files: Files = {
      ...systemFiles,
      read: async (file) => {
        const bytes = await systemFiles.read(file);
        if (!hasBegun && path.basename(file) === 'restoring') {
          hasBegun = true;
          await (await Directory.beginRestore(directory, { ...options, files: systemFiles })).close();
        }
        return bytes;
      },
    };
    await assert.rejects(Directory.open(directory, { ...options, files }), { code: 'restore_unfinished' });
  });

  it('of a bad file says so, and leaves no node: the next restore can use the place', async () => {
    const test = await filled();
    const file = await backupOf(test);
    const to = await place();
    const damaged = Buffer.from(file);
    damaged[file.length - 200] = (damaged[file.length - 200] as number) ^ 1;
    await assert.rejects(restoreTo(to, damaged), { code: 'corrupt' });
    await assert.rejects(restoreTo(to, file.subarray(0, file.length - 10)), { code: 'corrupt', message: /cut off/ });
    for (const more of [Buffer.alloc(1), file]) {
      const refused = { code: 'corrupt', message: /expected nothing after the end of the backup/ };
      await assert.rejects(restoreTo(to, Buffer.concat([file, more])), refused);
    }
    assert.deepEqual(await left(to.directory), ['restoring']);
    await assert.rejects(TestStore.open(to), { code: 'restore_unfinished' });
    await restoreTo(to, file);
    await test.store.close();
  });

  it('of a pipe that ends before it has begun leaves no node', async () => {
    const to = await place();
    await assert.rejects(restoreTo(to, Buffer.alloc(0), { isPipe: true }), { code: 'corrupt' });
    await assert.rejects(TestStore.open(to), { code: 'restore_unfinished', message: /Run "headwater restore/ });
  });

  it('to a disk that fills up says so and leaves nothing but its mark', async () => {
    const test = await filled();
    const file = await backupOf(test);
    const to = await place();
    for (const kind of ['batch', 'durable', 'put'] as const) {
      to.disk.fault = (operation) => {
        if (operation.kind === kind && operation.location.endsWith('/keyspace'))
          throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      };
      await assert.rejects(restoreTo(to, file), { message: /no space left on device/ }, kind);
      assert.deepEqual([await left(to.directory), to.disk.opened], [['restoring'], []], kind);
    }
    to.disk.fault = undefined;
    await restoreTo(to, file);
    await test.store.close();
  });

  it('that was cut short, at any write, leaves no node, and can begin again', async () => {
    const test = await filled(40);
    const file = await backupOf(test);
    const probe = await place();
    await restoreTo(probe, file);
    const { length } = probe.disk.operations;
    assert(length > 10);
    for (let at = 0; at < length; at++) {
      const to = await place();
      let count = 0;
      let died: () => void = () => {};
      const dead = new Promise<void>((resolve) => {
        died = resolve;
      });
      to.disk.fault = async () => {
        if (count++ < at) return;
        died();
        await new Promise<never>(() => {});
      };
      const restoring = restoreTo(to, file, { openDatabase: to.disk.process() });
      await Promise.race([restoring, dead]);
      to.disk.crash();
      to.disk.fault = undefined;
      // The first is the lock's: nothing has begun then.
      if (at === 0) assert.deepEqual(await left(to.directory), []);
      else if (at < length - 1) {
        await assert.rejects(TestStore.open(to), { code: 'restore_unfinished', message: /Run "headwater restore/ });
        await assert.rejects(dumpDirectory(to.directory, { openDatabase: to.disk.open }).next(), {
          code: 'restore_unfinished',
        });
      }
      if (at < length - 1) await restoreTo(to, file);
      // The last is the lock's: all is done then.
      const made = await TestStore.open(to);
      assert.equal(await made.store.snapshots.size(), 40, `cut short at operation ${at}`);
      await made.store.close();
    }
    await test.store.close();
  });

  it('says that it is being restored before anything else is there, until all of it is durable', async () => {
    const test = await filled(3);
    const file = await backupOf(test);
    const to = await place();
    const marks: string[] = [];
    const files = {
      ...systemFiles,
      async rename(from: string, name: string) {
        marks.push(path.basename(name));
        await systemFiles.rename(from, name);
      },
      async remove(name: string) {
        marks.push(`remove ${path.basename(name)}`);
        await systemFiles.remove(name);
      },
      async syncDirectory(name: string) {
        marks.push(`sync ${path.basename(name)}`);
        await systemFiles.syncDirectory(name);
      },
    };
    await restoreTo(to, file, { files });
    assert.equal(
      marks.find((mark) => !mark.startsWith('sync')),
      'restoring',
    );
    assert.deepEqual(marks.slice(-2), ['remove restoring', 'sync restored']);
    await test.store.close();
  });
});
