/** The archives of a node in several places: what they say of themselves when one falls behind. */
import assert from 'node:assert/strict';
import { readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Archives } from '../../src/backup/archives.js';
import { Folder } from '../../src/backup/folder.js';
import { backupName } from '../../src/backup/stored-backups.js';
import { until } from '../support/clock.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { TestStore } from '../support/store.js';
import { HEAD } from './files.js';

const INTERVAL_MS = 1_000;

describe('the archives of a node', () => {
  let test: TestStore;
  let archives: Archives;
  let folders: string[];

  beforeEach(async () => {
    test = await TestStore.open();
    const parent = await temporaryDirectory();
    folders = ['one', 'two'].map((name) => path.join(parent, name));
    const { store, clock, logger } = test;
    const places = folders.map((folder) => new Folder(folder));
    archives = new Archives({ store, clock, logger, places, requests: new AbortController(), intervalMs: INTERVAL_MS });
  });

  afterEach(async () => {
    await archives.close(1_000);
    await test.store.close();
    await removeTemporaryDirectories();
  });

  async function goesOn(what: string, condition: () => boolean): Promise<void> {
    await until(what, async () => {
      await test.clock.advance(INTERVAL_MS / 4);
      return condition();
    });
  }

  it('have the same files, and are not late', async () => {
    archives.start();
    await test.set('a');
    await goesOn('both have it', () => archives.status?.offset === 1);
    const names = await Promise.all(folders.map((folder) => readdir(folder)));
    assert.deepEqual(names[0], names[1]);
    assert.deepEqual([archives.whyLate, archives.status?.ageSeconds], [undefined, 0]);
  });

  it('are late three intervals after a write that one of them lacks, until it has the write', async () => {
    const [, second = ''] = folders;
    await writeFile(second, 'not a folder');
    archives.start();
    await test.set('a');
    await goesOn('one is late', () => archives.whyLate !== undefined);
    assert.match(archives.whyLate ?? '', /two is late: expected the writes of at most 3 s to be missing .*found \d+ s/);
    assert.equal(archives.status?.directory, second);
    assert.equal(archives.status?.late, archives.whyLate);
    assert.ok((archives.status?.ageSeconds ?? 0) > 3);
    await rm(second);
    await goesOn('it has caught up', () => archives.whyLate === undefined && archives.status?.offset === 1);
  });

  it('know how old the newest backup beside them is', async () => {
    const [first = ''] = folders;
    const madeMs = test.clock.wallMs() - 5_000;
    await new Folder(first).prepare();
    for (const ms of [madeMs - 9_000, madeMs])
      await writeFile(path.join(first, backupName({ ...HEAD, madeMs: ms })), 'a backup');
    archives.start();
    await goesOn('the backup is seen', () => archives.status?.backupAgeSeconds !== undefined);
    assert.equal(archives.status?.backupAgeSeconds, (test.clock.wallMs() - madeMs) / 1_000);
  });
});
