/** Backups out of LevelDB's files, by a thread: what they hold is what the store holds at their position. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Worker } from 'node:worker_threads';
import type { Backups } from '../../src/backup/backups.js';
import { openSource } from '../../src/backup/source.js';
import type { Order, StartWorker, ThreadAnswer } from '../../src/backup/thread.js';
import { HeadwaterError } from '../../src/base/errors.js';
import { SNAPSHOT_UNREAD_MS_MAX } from '../../src/base/limits.js';
import { type Database, type OpenDatabase, openLevel } from '../../src/disk/level.js';
import { openFiles } from '../../src/disk/leveldb/open-files.js';
import type { BackupResponse } from '../../src/model/backup.js';
import { MemoryDisk, removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { seededRandom, seedOfThisRun } from '../support/random.js';
import { TestStore } from '../support/store.js';
import { backupOf, backupsOf, HEAD, restoreTo, startWorker } from './files.js';

/** Opened last. */
let keyspace: Database;

/** A few thousand rows have several tables, of 1 MiB at least. */
const small: OpenDatabase = async (location, options) => {
  const database = await openLevel(location, { ...options, writeBufferBytes: 128 * 1024, fileBytes: 128 * 1024 });
  if (path.basename(location) === 'keyspace') keyspace = database;
  return database;
};

const { signal } = new AbortController();

describe('a backup out of the files of a keyspace', function () {
  this.timeout(60_000);
  let test: TestStore;
  beforeEach(async () => {
    test = await TestStore.open({ openDatabase: small });
  });
  afterEach(async () => {
    await test.store.close();
    await removeTemporaryDirectories();
  });

  const random = seededRandom(seedOfThisRun());

  async function write(count: number, valueBytes = 2_000): Promise<void> {
    const below = (end: number) => Math.floor(random() * end);
    const key = () => Buffer.from(`key ${below(2_000)}`);
    await Promise.all(
      Array.from({ length: count }, () => {
        if (below(4) === 0) return test.submit({ kind: 'delete', keys: [key()] });
        const expiry = below(10) === 0 ? { ttlMs: 1_000_000 } : undefined;
        return test.submit({ kind: 'set', key: key(), value: randomBytes(below(valueBytes)), expiry });
      }),
    );
  }

  async function place() {
    return { disk: new MemoryDisk(), directory: path.join(await temporaryDirectory(), 'restored') };
  }

  it('holds exactly the data of its position', async () => {
    for (let round = 0; round < 6; round++) {
      await write(3_000);
      if (round === 3) await test.submit({ kind: 'flushAll' });
      if (round > 3) await write(100);
      const { digest, keys, offset } = await test.store.snapshots.digest();
      const file = await backupOf(test, () => write(2_000));
      const { position, ...made } = await restoreTo(await place(), file);
      assert.deepEqual([position.offset, made.keys, made.digest], [offset, keys, digest]);
    }
  });

  it('does not mind what LevelDB merges and deletes meanwhile', async () => {
    const directory = test.store.snapshots.keyspaceDirectory as string;
    const tables = () => readdirSync(directory).filter((name) => name.endsWith('.ldb'));
    const writeUntil = async (holds: () => boolean) => {
      for (let i = 0; !holds(); i++) {
        assert.ok(i < 500, `after ${i} rounds there are ${tables()}`);
        await write(1_000, 12_000);
        await (await test.store.snapshots.at()).release();
      }
    };
    await writeUntil(() => tables().length >= 6);
    const before = tables();
    const { digest } = await test.store.snapshots.digest();
    const file = await backupOf(test, async () => {
      // Rows of an epoch that is over are swept, and their tables with them.
      await test.submit({ kind: 'flushAll' });
      await writeUntil(() => before.filter((name) => !tables().includes(name)).length >= 4);
    });
    assert.equal((await restoreTo(await place(), file)).digest, digest);
  });

  it('ends with `corrupt`, naming the file and the byte, if a table was changed', async () => {
    await write(5_000);
    await (await test.store.snapshots.at()).release();
    // All into tables that LevelDB has no reason to merge: else it may replace the damaged one before the backup.
    await keyspace.compact(Buffer.alloc(0), Buffer.alloc(8, 0xff));
    const [table] = openFiles(test.store.snapshots.keyspaceDirectory as string).tables;
    const { file } = table as { file: string };
    const bytes = readFileSync(file);
    bytes[100] = (bytes[100] as number) ^ 1;
    writeFileSync(file, bytes);
    await assert.rejects(backupOf(test), {
      code: 'corrupt',
      message: new RegExp(`cannot be backed up: ${file} is damaged at byte \\d+: the block of`),
    });
  });

  it('ends with `corrupt` and both numbers if a record that was counted is lost', async () => {
    await write(3_000);
    const { keys, offset } = await test.store.snapshots.digest();
    const rows = keyspace.iterate({ gte: Buffer.from([100]), lt: Buffer.from([101]) });
    const [first] = await rows.next(1);
    await rows.close();
    const lost = keyspace.batch();
    lost.del(first?.[0] as Buffer);
    await lost.write();
    await assert.rejects(backupOf(test), {
      code: 'corrupt',
      message: new RegExp(`expected ${keys} keys at offset ${offset}, .*received ${keys - 1}\\. Run "verify"`),
    });
  });

  it('ends if the store closes, if it is held for too long, or if it is released', async () => {
    await write(3_000);
    const backups = backupsOf(test);
    const [first, second, third] = await Promise.all([begin(backups), begin(backups), begin(backups)]);
    await backups.close(new HeadwaterError('shutting_down', 'the node stops'));
    for (const reading of [first, second, third]) await assert.rejects(rest(reading), { code: 'shutting_down' });
    const held = await openSource(test.store, { clock: test.clock, startWorker });
    await test.clock.advance(SNAPSHOT_UNREAD_MS_MAX);
    const reading = held.chunks(HEAD);
    await assert.rejects(reading.next(), { code: 'unavailable', message: /its reader read nothing for 60 minutes/ });
    await held.release();
    const open = await begin(backupsOf(test));
    await test.store.close();
    await assert.rejects(rest(open), { code: 'shutting_down' });
    await test.open();
    assert.deepEqual(test.store.data.log.trimming.pinsBefore(Number.MAX_SAFE_INTEGER), []);
  });

  it('reads through LevelDB if there are more tables than may be open', async () => {
    await write(3_000);
    const { digest } = await test.store.snapshots.digest();
    assert.throws(() => openFiles(test.store.snapshots.keyspaceDirectory as string, 0), {
      code: 'overloaded',
      message: /^\d+ tables are too many to open at once/,
    });
    const orders: Order[] = [];
    const tooMany: StartWorker = () => {
      const worker = new EventEmitter();
      const answer = (what: ThreadAnswer) => setImmediate(() => worker.emit('message', what));
      answer({ kind: 'ready' });
      return Object.assign(worker, {
        postMessage: (order: Order) => {
          orders.push(order);
          answer({ kind: 'failed', code: 'overloaded', message: 'too many' });
        },
        terminate: async () => 0,
      }) as unknown as Worker;
    };
    const source = await openSource(test.store, { clock: test.clock, startWorker: tooMany });
    const parts: Buffer[] = [];
    for await (const { bytes } of source.chunks({ ...HEAD, position: source.position })) parts.push(bytes);
    await source.release();
    assert.deepEqual(
      orders.map(({ kind }) => kind),
      ['open'],
    );
    assert.equal((await restoreTo(await place(), Buffer.concat(parts))).digest, digest);
  });
});

async function begin(backups: Backups): Promise<AsyncGenerator<BackupResponse>> {
  const reading = backups.read({ backupId: '', chunk: 0 }, signal);
  await reading.next();
  return reading;
}

async function rest(reading: AsyncGenerator<BackupResponse>): Promise<void> {
  for await (const _ of reading);
}
