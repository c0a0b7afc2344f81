/** The archiver of a running node: what it has closed, where it goes on, and what it does when it cannot write. */
import assert from 'node:assert/strict';
import { chmod, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findRoute, readArchive } from '../../src/backup/archive.js';
import { Archiver } from '../../src/backup/archiver.js';
import { Folder } from '../../src/backup/folder.js';
import { ARCHIVE_FREE_BYTES_MIN } from '../../src/base/limits.js';
import { systemFiles } from '../../src/disk/files.js';
import { ORIGIN } from '../../src/model/position.js';
import { until } from '../support/clock.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { FullDisk } from '../support/full-disk.js';
import { TestStore } from '../support/store.js';

afterEach(removeTemporaryDirectories);

const INTERVAL_MS = 60_000;

describe('an archiver', () => {
  let test: TestStore;
  let directory: string;
  let archiver: Archiver;

  beforeEach(async () => {
    test = await TestStore.open();
    directory = path.join(await temporaryDirectory(), 'archive');
    archiver = start();
  });

  afterEach(async () => {
    await archiver.close();
    await test.store.close();
  });

  function start(files = systemFiles): Archiver {
    const { store, clock, logger } = test;
    const made = new Archiver({ store, clock, logger, place: new Folder(directory, files), intervalMs: INTERVAL_MS });
    made.start();
    return made;
  }

  async function restart(): Promise<void> {
    await archiver.close();
    archiver = start();
  }

  /** Time goes on until it has archived everything. */
  async function archived(offset = test.store.data.log.end.offset): Promise<void> {
    for (let i = 0; archiver.status.offset < offset; i++) {
      assert.ok(i < 100, `archived to ${archiver.status.offset}, expected ${offset}: ${archiver.status.error}`);
      await test.clock.advance(INTERVAL_MS / 10);
      await new Promise(setImmediate);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  async function stretches(): Promise<Array<[number, number]>> {
    return (await readArchive(new Folder(directory))).map(({ firstOffset, lastOffset }) => [firstOffset, lastOffset]);
  }

  async function assertWhole(): Promise<void> {
    const route = findRoute(await readArchive(new Folder(directory)), { position: ORIGIN, timeMs: 0, lineage: [] }, {});
    let at = 0;
    for await (const { firstOffset, lastOffset } of route.blocks()) {
      assert.equal(firstOffset, at + 1);
      at = lastOffset;
    }
    assert.equal(at, test.store.data.log.end.offset);
  }

  it('closes a stretch after its interval, not before, and the last one when it is closed', async () => {
    await test.set('a');
    await test.set('b');
    await archived();
    assert.deepEqual(await stretches(), [[1, 2]]);
    await test.set('c');
    await test.clock.advance(INTERVAL_MS / 2);
    assert.equal(archiver.status.offset, 2);
    await archiver.close();
    assert.deepEqual(await stretches(), [
      [1, 2],
      [3, 3],
    ]);
    assert.deepEqual(
      (await readdir(directory)).filter((name) => !name.endsWith('.archive')),
      [],
    );
  });

  it('closes a stretch that is full at once', async () => {
    for (let i = 0; i < 20; i++) await test.set(`large ${i}`, Buffer.alloc(1_000_000, i));
    for (let i = 0; archiver.status.offset === 0 && i < 500; i++) {
      await test.clock.advance(10);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.ok(archiver.status.offset >= 16, `archived to ${archiver.status.offset}`);
  });

  it('continues behind its last file, also after a crash in the middle of the next one', async () => {
    await test.set('a');
    await archived();
    await archiver.close();
    await test.set('b');
    await writeFile(path.join(directory, `${test.store.identity.nodeId}.new`), 'half a file');
    archiver = start();
    await archived();
    assert.deepEqual(await stretches(), [
      [1, 1],
      [2, 2],
    ]);
    await assertWhole();
  });

  it('keeps the log from being trimmed past what it has closed', async () => {
    await test.set('a');
    await archived();
    await test.set('b');
    await test.clock.advance(INTERVAL_MS / 2);
    await test.store.snapshots.at().then((snapshot) => snapshot.release());
    assert.equal(await test.store.data.log.trimming.trim(2), 1);
    await archived();
    assert.equal(await test.store.data.log.trimming.trim(2), 2);
    await assertWhole();
  });

  it('keeps the log from being trimmed from its start on, also while nothing can be written', async () => {
    await archiver.close();
    await rm(directory, { recursive: true, force: true });
    await writeFile(directory, 'not a directory');
    await restart();
    for (const name of ['a', 'b', 'c']) await test.set(name);
    await until('it has failed', async () => {
      await test.clock.advance(1_000);
      return archiver.status.error !== '';
    });
    await test.store.snapshots.at().then((snapshot) => snapshot.release());
    assert.equal(await test.store.data.log.trimming.trim(2), 0);
    // A log that was opened anew likewise, though it is not tried again yet.
    await test.clock.advance(60_000);
    failOnce(test);
    await assert.rejects(test.set('lost'));
    while (!test.store.data.isServing) await test.clock.advance(10);
    await new Promise(setImmediate);
    assert.equal(await test.store.data.log.trimming.trim(2), 0);
    await rm(directory);
    await archived();
    assert.equal(archiver.status.missed, 0);
    await assertWhole();
    await archiver.close();
    assert.equal(await test.store.data.log.trimming.trim(2), 2);
  });

  /** The archiver is closed while two commands are written and trimmed. */
  async function missTwo(): Promise<void> {
    await test.set('a');
    await archived();
    await archiver.close();
    for (const name of ['b', 'c', 'd']) await test.set(name);
    await test.store.snapshots.at().then((snapshot) => snapshot.release());
    await test.store.data.log.trimming.trim(3);
  }

  it('reports a gap if the log was trimmed while it was away, and continues behind the gap', async () => {
    await missTwo();
    archiver = start();
    await archived();
    assert.equal(archiver.status.missed, 2);
    assert.equal(test.logger.said(/has a gap: the commands 2 to 3 were trimmed before they were archived/, 'error'), 1);
    assert.deepEqual(await stretches(), [
      [1, 1],
      [4, 4],
    ]);
    await assert.rejects(assertWhole(), { code: 'invalid_argument', message: /gap: the commands 2 to 3/ });
  });

  it('counts a gap once, however often it cannot write behind it', async () => {
    await missTwo();
    let failures = 3;
    const create: typeof systemFiles.create = async (file) => {
      if (failures-- > 0) throw new Error(`no file for now (${failures})`);
      return await systemFiles.create(file);
    };
    archiver = start({ ...systemFiles, create });
    await archived();
    assert.ok(failures < 0);
    assert.equal(archiver.status.missed, 2);
    assert.equal(test.logger.said(/has a gap/, 'error'), 1);
  });

  it('continues through a new history and through a restart', async () => {
    await test.set('a');
    await archived();
    await archiver.close();
    await test.reopen();
    archiver = start();
    await test.set('b');
    failOnce(test);
    await assert.rejects(test.set('lost'));
    while (!test.store.data.isServing) await test.clock.advance(100);
    await test.set('c');
    await archived();
    await assertWhole();
    const last = (await readArchive(new Folder(directory))).at(-1);
    assert.equal(last?.lineage.rows.length, 3);
  });

  it('says once why it cannot write, blocks nothing, and continues when it can', async () => {
    if (process.getuid?.() === 0) {
      // Root may write everywhere: a file in its place does the same.
      await archiver.close();
      await rm(directory, { recursive: true, force: true });
      await writeFile(directory, 'not a directory');
    } else {
      await chmod(path.dirname(directory), 0o500);
    }
    await restart();
    await test.set('a');
    for (let i = 0; archiver.status.error === '' && i < 200; i++) {
      await test.clock.advance(1_000);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.match(archiver.status.error, /: permission denied$|: a part of the path is a file, not a directory$/);
    for (let i = 0; i < 20; i++) {
      await test.clock.advance(60_000);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.equal(test.logger.said(/archiving to .* fails: .*The node will try again/, 'error'), 1);
    const said = test.logger.lines.find(({ message }) => /^archiving to .* fails/.test(message));
    const fields = said?.fields as { error?: string } | undefined;
    assert.equal(fields?.error, archiver.status.error, 'the field has words too, without the code of the system');
    if (process.getuid?.() === 0) await rm(directory);
    else await chmod(path.dirname(directory), 0o700);
    await archived();
    assert.equal(archiver.status.error, '');
    await assertWhole();
  });

  it('leaves only whole files on a disk that was full at any operation, and reports it once', async () => {
    let met = 0;
    for (let left = 0; ; left++) {
      await archiver.close();
      const full = new FullDisk();
      full.operationsLeft = left;
      test.logger.lines.length = 0;
      archiver = start(full.files);
      await test.set(`after operation ${left}`);
      // Some time after it has failed too.
      for (let i = 0; i < 3 || (full.failures === 0 && archiver.status.offset < test.store.data.log.end.offset); i++) {
        await test.clock.advance(2 * INTERVAL_MS);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      const { failures } = full;
      const begun = async () => (await readdir(directory).catch(() => [])).some((name) => name.endsWith('.new'));
      if (failures > 0) await until('what is given up takes no room', async () => !(await begun()));
      full.empty();
      await archived();
      await assertWhole();
      assert.deepEqual(
        (await readdir(directory)).filter((name) => !/\.(archive|new)$/.test(name)),
        [],
      );
      assert.equal(test.logger.said(/archiving to .* fails: .*ENOSPC/, 'error'), Math.min(failures, 1));
      if (failures === 0) break;
      met++;
    }
    assert(met >= 6, `${met} operations have failed`);
  });

  it('begins no file that its disk has no room for', async () => {
    await archiver.close();
    const full = new FullDisk();
    full.free = ARCHIVE_FREE_BYTES_MIN - 1;
    archiver = start(full.files);
    await test.set('a');
    for (let i = 0; i < 10; i++) {
      await test.clock.advance(INTERVAL_MS);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.match(archiver.status.error, /the disk of the archive is full: expected 17 MiB free before a new file/);
    assert.equal(test.logger.said(/archiving to .* fails/, 'error'), 1);
    assert.deepEqual(await readdir(directory), []);
    full.free = ARCHIVE_FREE_BYTES_MIN;
    await archived();
    await assertWhole();
  });
});

/** The next write to the log does. */
function failOnce({ disk }: TestStore): void {
  disk.fault = ({ kind, location }) => {
    if (kind !== 'put' || !location.endsWith('/log')) return;
    disk.fault = undefined;
    throw new Error('EIO');
  };
}
