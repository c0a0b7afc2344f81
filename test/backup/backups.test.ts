/** Backups as a node serves them: by calls that take some chunks each, in bounded memory, and not for ever. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Backups } from '../../src/backup/backups.js';
import { HeadwaterError } from '../../src/base/errors.js';
import { BACKUP_LEASE_MS, BACKUP_LEFT_MS, BACKUP_WINDOW_CHUNKS, BACKUPS_MAX } from '../../src/base/limits.js';
import type { BackupResponse } from '../../src/model/backup.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { TestStore } from '../support/store.js';
import { backupsOf } from './files.js';

const { signal } = new AbortController();

/** Some twenty chunks, which do not compress. */
async function filled(): Promise<{ test: TestStore; backups: Backups }> {
  const test = await TestStore.open();
  for (let i = 0; i < 40; i++) await test.set(`key ${i}`, randomBytes(500_000));
  return { test, backups: backupsOf(test) };
}

async function call(backups: Backups, backupId: string, chunk: number, take = 100): Promise<BackupResponse[]> {
  const responses: BackupResponse[] = [];
  for await (const response of backups.read({ backupId, chunk }, signal)) {
    responses.push(response);
    if (responses.length === take) break;
  }
  return responses;
}

const numbers = (responses: BackupResponse[]) => responses.map(({ chunk }) => chunk);
const pins = ({ store }: TestStore) =>
  store.data.log.trimming.pinsBefore(Number.MAX_SAFE_INTEGER).map(({ holder }) => holder);

describe('backups at a node', () => {
  let test: TestStore;
  let backups: Backups;
  beforeEach(async () => {
    ({ test, backups } = await filled());
  });
  afterEach(async () => {
    await backups.close(new HeadwaterError('shutting_down', 'the test is over'));
    await test.store.close();
    await removeTemporaryDirectories();
  });

  it('come in windows, and an unconfirmed window is sent again, byte for byte', async () => {
    const first = await call(backups, '', 0);
    assert.deepEqual(numbers(first), [...Array(BACKUP_WINDOW_CHUNKS).keys()]);
    const { backupId } = first[0] as BackupResponse;
    const again = await call(backups, backupId, 5, 3);
    assert.deepEqual(again, first.slice(5, 8));
    const rest = await call(backups, backupId, BACKUP_WINDOW_CHUNKS);
    assert.equal(rest.at(-1)?.last, true);
    assert.equal(rest.at(-1)?.keys, 40);
    await assert.rejects(call(backups, backupId, 5), { code: 'invalid_argument', message: /a chunk from 16 to \d+/ });
  });

  it('show one moment, whatever is written meanwhile, and pin the log until they are made', async () => {
    const { offset } = test.store.data.position;
    const [first] = await call(backups, '', 0, 2);
    const { backupId } = first as BackupResponse;
    assert.deepEqual(pins(test), [`backup ${backupId.slice(0, 8)}`]);
    assert.equal(test.disk.snapshots, 1);
    for (let i = 0; i < 40; i++) await test.set(`later ${i}`);
    assert.equal(await test.store.data.log.trimming.trim(offset + 20), offset, 'nothing behind the backup is trimmed');
    await call(backups, backupId, 1);
    const rest = await call(backups, backupId, BACKUP_WINDOW_CHUNKS + 1);
    assert.equal(rest.at(-1)?.keys, 40);
    assert.deepEqual([pins(test), test.disk.snapshots], [[], 0]);
    assert.deepEqual(await call(backups, backupId, (rest.at(-1)?.chunk as number) + 1), []);
    await assert.rejects(call(backups, backupId, 0), { code: 'backup_lost' });
  });

  it('are given up when their client asks for no more, and not before', async () => {
    const [first] = await call(backups, '', 0, 1);
    const { backupId } = first as BackupResponse;
    await test.clock.advance(BACKUP_LEASE_MS - 1);
    await call(backups, backupId, 1, 1);
    await test.clock.advance(BACKUP_LEASE_MS - 1);
    await call(backups, backupId, 1, 1);
    await test.clock.advance(BACKUP_LEASE_MS + 1);
    await assert.rejects(call(backups, backupId, 1), { code: 'backup_lost', message: /Begin the backup again/ });
    assert.deepEqual([pins(test), test.disk.snapshots], [[], 0]);
  });

  it('are bounded in number: the one that was left alone longest gives up its place', async () => {
    const ids: string[] = [];
    for (let i = 0; i < BACKUPS_MAX; i++) {
      const [first] = await call(backups, '', 0, 1);
      ids.push((first as BackupResponse).backupId);
      await test.clock.advance(10);
    }
    await test.clock.advance(BACKUP_LEFT_MS - 100);
    await assert.rejects(call(backups, '', 0), { code: 'overloaded', message: /at most 4 backups at a time/ });
    await call(backups, ids[0] as string, 1, 1);
    await test.clock.advance(100);
    await call(backups, '', 0, 1);
    await assert.rejects(call(backups, ids[1] as string, 1), {
      code: 'backup_lost',
      message: /the caller stopped reading/,
    });
    for (const id of [ids[0], ids[2], ids[3]] as string[]) assert.equal((await call(backups, id, 1, 1)).length, 1);
    await assert.rejects(call(backups, '', 0), { code: 'overloaded' });
    assert.equal(pins(test).length, BACKUPS_MAX);
  });

  it('are given up likewise if their client stops in the middle of a call', async () => {
    const hanging = backups.read({ backupId: '', chunk: 0 }, signal);
    await hanging.next();
    for (let i = 1; i < BACKUPS_MAX; i++) await call(backups, '', 0, 1);
    await test.clock.advance(BACKUP_LEFT_MS);
    await call(backups, '', 0, 1);
    await assert.rejects(hanging.next(), { code: 'backup_lost', message: /the caller stopped reading/ });
    const alone = backups.read({ backupId: '', chunk: 0 }, signal);
    await alone.next();
    await test.clock.advance(BACKUP_LEASE_MS);
    await assert.rejects(alone.next(), { code: 'backup_lost', message: /the caller read nothing for 60 s/ });
    assert.deepEqual([pins(test), test.disk.snapshots], [[], 0]);
  });

  it('continue with the latest call if an earlier connection hangs', async () => {
    const hanging = backups.read({ backupId: '', chunk: 0 }, signal);
    const { backupId } = (await hanging.next()).value as BackupResponse;
    const responses = await call(backups, backupId, 1);
    assert.equal(numbers(responses)[0], 1);
    await assert.rejects(hanging.next(), { code: 'cancelled' });
    // The one that was left behind does not end what the other goes on with.
    await test.clock.advance(BACKUP_LEASE_MS - 1);
    await call(backups, backupId, responses.length + 1, 1);
  });

  it('leave nothing behind if their client has gone before they begin', async () => {
    const gone = AbortSignal.abort(new HeadwaterError('cancelled', 'gone'));
    await assert.rejects(backups.read({ backupId: '', chunk: 0 }, gone).next(), { code: 'cancelled' });
    assert.deepEqual([pins(test), test.disk.snapshots], [[], 0]);
  });

  it('end with `corrupt`, naming the place, at a damaged record', async () => {
    await (await test.store.snapshots.at()).release();
    const level = test.disk.raw(test.location('keyspace'));
    const place = Buffer.concat([Buffer.from([100, 0, 0, 0, 0]), Buffer.from('key 30')]);
    const record = Buffer.from((await level.get(place)) as Buffer);
    record[1_000] = (record[1_000] as number) ^ 1;
    await level.put(place, record);
    const first = call(backups, '', 0).then((responses) =>
      call(backups, (responses[0] as BackupResponse).backupId, responses.length),
    );
    await assert.rejects(first, { code: 'corrupt', message: /cannot be backed up.*: the record of the key "key 30"/ });
    assert.deepEqual([pins(test), test.disk.snapshots], [[], 0]);
  });

  it('end with `corrupt` if there are other keys than the checkpoint has counted', async () => {
    await (await test.store.snapshots.at()).release();
    const place = Buffer.concat([Buffer.from([100, 0, 0, 0, 0]), Buffer.from('key 30')]);
    await test.disk.raw(test.location('keyspace')).del(place);
    await assert.rejects(
      (async () => {
        let backupId = '';
        for (let chunk = 0; ; ) {
          const responses = await call(backups, backupId, chunk);
          backupId = responses[0]?.backupId ?? backupId;
          chunk += responses.length;
          if (responses.length === 0) return;
        }
      })(),
      { code: 'corrupt', message: /expected 40 keys at offset 40, .*received 39/ },
    );
  });

  it('end when the node stops', async () => {
    const [first] = await call(backups, '', 0, 1);
    await backups.close(new HeadwaterError('shutting_down', 'the node is shutting down'));
    for (const id of ['', (first as BackupResponse).backupId])
      await assert.rejects(call(backups, id, 0), { code: 'shutting_down' });
    assert.deepEqual([pins(test), test.disk.snapshots], [[], 0]);
  });
});
