/** Stores over LevelDB whose own files were changed while they were closed. */
import assert from 'node:assert/strict';
import { cp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { dumpDirectory } from '../../src/check/dump.js';
import { verifyDirectory } from '../../src/check/verify.js';
import { type OpenDatabase, openLevel } from '../../src/disk/level.js';
import { until } from '../support/clock.js';
import { MemoryDisk, removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { set, TestStore } from '../support/store.js';

const FOLLOWER = {
  nodeId: 'f'.repeat(32),
  address: '127.0.0.1:2',
  appendedOffset: 40,
  lastSeenMs: 1,
  replicationId: '',
  keepsPlace: true,
  connected: false,
};

/** Turns a bit over in the middle of the largest of LevelDB's log files there. */
async function flipBit(test: TestStore, name: 'log' | 'keyspace'): Promise<{ file: string; byte: number }> {
  const location = test.location(name);
  const sizes = await Promise.all(
    (await readdir(location))
      .filter((one) => one.endsWith('.log'))
      .map(async (one) => ({ file: path.join(location, one), size: (await stat(path.join(location, one))).size })),
  );
  const { file, size } = sizes.toSorted((a, b) => b.size - a.size)[0] as { file: string; size: number };
  const byte = Math.floor(size / 2);
  const bytes = await readFile(file);
  bytes[byte] = (bytes[byte] as number) ^ 8;
  await writeFile(file, bytes);
  return { file, byte };
}

describe('a store whose LevelDB files were changed', () => {
  afterEach(removeTemporaryDirectories);

  async function filled(options: Parameters<typeof TestStore.open>[0] = {}): Promise<TestStore> {
    const test = await TestStore.open({ openDatabase: openLevel, ...options });
    for (let i = 0; i < 40; i++) await test.set(`k${i}`, 'x'.repeat(200));
    return test;
  }

  describe('in the keyspace', () => {
    it('is not opened, and the error names the file, the byte and what a leader does', async () => {
      const test = await filled();
      await test.store.close();
      const { file } = await flipBit(test, 'keyspace');
      await assert.rejects(test.open(), (error: Error & { code: string }) => {
        assert.equal(error.code, 'corrupt');
        assert.ok(error.message.startsWith(`${file}, byte `), error.message);
        assert.match(error.message, /Promote.*restore a backup/);
        return true;
      });
      // Nothing is left open, and nothing was changed.
      await assert.rejects(test.open(), { code: 'corrupt' });
    });

    it('says what a follower does', async () => {
      const test = await filled();
      await test.store.close();
      await flipBit(test, 'keyspace');
      await assert.rejects(test.open({ role: 'follower', upstream: '127.0.0.1:1' }), {
        code: 'corrupt',
        message: /Start this follower with --auto-repair.* from 127\.0\.0\.1:1/,
      });
    });

    it('serves nothing of a follower that repairs itself, which still reports its log', async () => {
      const test = await filled({ autoRepair: true });
      const { nodeId } = test.store.identity;
      const { position } = test.store.data;
      await test.store.close();
      await flipBit(test, 'keyspace');
      await test.open({ role: 'follower', upstream: '127.0.0.1:1' });
      const { store } = test;
      assert.equal(store.data.isServing, false);
      assert.match(store.data.incomplete?.message ?? '', /does not match its checksum/);
      assert.deepEqual(store.data.log.end, position);
      assert.equal(store.identity.nodeId, nodeId);
      await assert.rejects(test.get('k1'), { code: 'unavailable', message: /until it has made a full resync/ });
      await store.close();
      // The damaged data are as they were: without the option they are refused as before.
      await test.open({ role: 'follower', upstream: '127.0.0.1:1' });
      assert.equal(test.store.data.isServing, false);
      await test.store.close();
    });
  });

  describe('in the keyspace, by a write that failed', () => {
    /** One whose log cannot be opened since a write failed; its keyspace is LevelDB's. */
    async function stuck(): Promise<TestStore> {
      const disk = new MemoryDisk();
      const openDatabase: OpenDatabase = (location, options) =>
        (location.endsWith('/keyspace') ? openLevel : disk.open)(location, options);
      const test = await filled({ disk, openDatabase });
      await (await test.store.snapshots.at()).release();
      disk.fault = ({ kind, location }) => {
        if (location.endsWith('/log') && (kind === 'put' || kind === 'open')) throw new Error('ENOSPC');
      };
      await assert.rejects(test.set('lost'), { code: 'outcome_unknown' });
      await until('it cannot be opened', () => /cannot be opened/.test(test.store.data.notServing?.message ?? ''));
      return test;
    }

    it('is opened once, also if the process was killed before it could open it again', async () => {
      const test = await stuck();
      await flipBit(test, 'keyspace');
      // As a person finds it then.
      const elsewhere = path.join(await temporaryDirectory(), 'copy');
      await cp(test.directory, elsewhere, { recursive: true });
      const said: string[] = [];
      await verifyDirectory(elsewhere, { found: ({ why }) => said.push(why) });
      assert.match(
        said[0] ?? '',
        /does not match its checksum; this is the record of a write that failed .* the data can be opened/,
      );
      await test.restart();
      assert.equal(await test.get('k1'), 'x'.repeat(200));
      assert.equal(test.logger.said(/the write that failed left it/, 'warn'), 1);
      for (let i = 0; i < 40; i++) await test.set(`k${i}`, 'y'.repeat(200));
      await test.store.close();
      await flipBit(test, 'keyspace');
      await assert.rejects(test.open(), { code: 'corrupt' });
    });
  });

  describe('in the log', () => {
    it('is opened if there is no follower to ask, and the loss is reported', async () => {
      const test = await filled();
      // As after SIGKILL: nothing is in the keyspace, so the log ends at the break.
      const copy = await copied(test);
      const { file } = await flipBit(copy, 'log');
      await copy.open();
      assert.equal(copy.store.roles.asking, false);
      assert.ok(copy.store.data.position.offset < 40);
      assert.equal(copy.logger.said(new RegExp(`${file}, byte \\d+: .*; LevelDB drops the damaged part`), 'error'), 1);
      const { offset } = copy.store.data.position;
      assert.equal(copy.logger.said(new RegExp(`the log ends at offset ${offset} now.* may be lost`), 'error'), 1);
      await copy.store.close();
      await test.store.close();
    });

    it('makes a leader ask its known followers first', async () => {
      const test = await filled();
      await test.store.followers.note([FOLLOWER]);
      const copy = await copied(test);
      const { file } = await flipBit(copy, 'log');
      // Looking at the log first does not make it forget that.
      await assert.rejects(dumpDirectory(copy.directory).next(), {
        code: 'corrupt',
        message: new RegExp(`^${file}, byte .*would drop the damaged commands.*start the node`),
      });
      await copy.open();
      assert.equal(copy.store.roles.asking, true);
      const [refused] = await copy.submit(set('k'));
      assert.ok(refused?.kind === 'error');
      assert.match(refused.error.message, /until its followers have answered/);
      await copy.store.roles.promote();
      await copy.set('k');
      assert.equal(await copy.get('k'), 'v');
      await copy.store.close();
      await test.store.close();
    });
  });
});

/** The directory as it is now, while the store is open, as if the process had been killed. */
async function copied(test: TestStore): Promise<TestStore> {
  const directory = path.join(await temporaryDirectory(), 'data');
  const copy = await TestStore.open({ openDatabase: openLevel, directory });
  await copy.store.close();
  await rm(directory, { recursive: true });
  await cp(test.directory, directory, { recursive: true });
  return copy;
}
