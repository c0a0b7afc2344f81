/** What `archive list` and `archive prune` make of a place with files that cannot be read, and with unfinished uploads. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { Archives } from '../../src/backup/archives.js';
import { Folder } from '../../src/backup/folder.js';
import type { Unfinished } from '../../src/backup/place.js';
import { listPlace, prunePlace } from '../../src/backup/place-contents.js';
import { findRestoreSource } from '../../src/backup/stored-backups.js';
import { UPLOAD_MS_MAX } from '../../src/base/limits.js';
import { until } from '../support/clock.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { TestStore } from '../support/store.js';
import { backupOf, inPieces } from './files.js';

const INTERVAL_MS = 1_000;
const FOR_GOOD = { isDry: false };

/** A folder with uploads that were begun at the given times. */
class WithUploads extends Folder {
  readonly ended: string[] = [];
  begunMs = new Map<string, number>();

  override async unfinished(): Promise<Unfinished[]> {
    return [...this.begunMs].map(([file, begunMs]) => ({ file, begunMs, end: async () => void this.ended.push(file) }));
  }
}

describe('the content of a place', () => {
  let test: TestStore;
  let place: WithUploads;
  /** The files of the archive: one command in each. */
  let files: string[];
  let nowMs: number;

  beforeEach(async () => {
    test = await TestStore.open();
    place = new WithUploads(await temporaryDirectory());
    const { store, clock, logger } = test;
    const archives = new Archives({
      store,
      clock,
      logger,
      places: [place],
      requests: new AbortController(),
      intervalMs: INTERVAL_MS,
    });
    archives.start();
    for (let offset = 1; offset <= 3; offset++) {
      await test.set(`key ${offset}`);
      await until('it is archived', async () => {
        await clock.advance(INTERVAL_MS / 4);
        return archives.status?.offset === offset;
      });
      if (offset < 3) await place.write(`${offset}.backup`, inPieces(await backupOf(test)));
    }
    await archives.close(1_000);
    await test.store.close();
    nowMs = clock.wallMs();
    files = (await place.list()).filter((name) => name.endsWith('.archive'));
    assert.equal(files.length, 3);
  });
  afterEach(removeTemporaryDirectories);

  async function damage(name: string, at: number): Promise<void> {
    const bytes = await readFile(place.pathOf(name));
    bytes[at] = (bytes[at] as number) ^ 1;
    await writeFile(place.pathOf(name), bytes);
  }

  it('is listed to its end if a file of the archive is damaged', async () => {
    const [, second = ''] = files;
    await damage(second, 30);
    const listed = await listPlace(place);
    assert.deepEqual(
      listed.map(({ kind }) => kind),
      ['backup', 'backup', 'archive', 'unreadable', 'archive'],
    );
    const [found, next] = listed.slice(3);
    assert.ok(found?.kind === 'unreadable' && found.name === second);
    assert.match(found.why, /is damaged at byte/);
    assert.equal(next?.kind === 'archive' && next.missing, 1);
  });

  it('is pruned, without a file that cannot be read and what may belong to it', async () => {
    const [first = '', second = ''] = files;
    await damage(second, 30);
    const pruned = await prunePlace(place, nowMs + 1, FOR_GOOD);
    assert.deepEqual(pruned.removed, [first]);
    assert.deepEqual([pruned.backups, pruned.unreadable.map(({ name }) => name)], [2, [second]]);
    assert.ok((await place.list()).includes(second));
  });

  it('keeps a backup that cannot be read', async () => {
    await damage('1.backup', 40);
    const pruned = await prunePlace(place, nowMs + 1, FOR_GOOD);
    assert.deepEqual(pruned.removed, files.slice(0, 2));
    assert.deepEqual(
      pruned.unreadable.map(({ name }) => name),
      ['1.backup'],
    );
    assert.ok((await place.list()).includes('1.backup'));
  });

  it('has a backup that was cut off listed as such, and prunes and restores nothing for its sake', async () => {
    const [, second] = (await listPlace(place)).filter(({ kind }) => kind === 'backup');
    const whole = await readFile(place.pathOf('2.backup'));
    // A copy that was killed: the head is there.
    await writeFile(place.pathOf('2.backup'), whole.subarray(0, -10));
    const torn = (await listPlace(place)).find(({ kind }) => kind === 'unreadable');
    assert.match(
      torn?.kind === 'unreadable' ? torn.why : '',
      /2\.backup is cut off after byte \d+: its end is missing/,
    );
    assert.equal(second?.name, '2.backup');
    const { removed, backups } = await prunePlace(place, nowMs + 1, FOR_GOOD);
    assert.deepEqual([removed, backups], [files.slice(0, 1), 1]);
    const { name } = await findRestoreSource({ place, file: undefined }, {});
    assert.equal(name, place.pathOf('1.backup'));
  });

  it('has its old unfinished uploads ended, and no others', async () => {
    const oldMs = nowMs - UPLOAD_MS_MAX - 1;
    place.begunMs = new Map([
      ['old.backup', oldMs],
      ['new.backup', oldMs + 2],
      ['of another program', oldMs],
    ]);
    const dry = await prunePlace(place, 0, { isDry: true, nowMs });
    assert.deepEqual([dry.uploads, place.ended], [['old.backup'], []]);
    const pruned = await prunePlace(place, 0, { isDry: false, nowMs });
    assert.deepEqual([pruned.uploads, place.ended], [['old.backup'], ['old.backup']]);
  });
});
