/** Where the rows of a log stand among its blocks, what LevelDB makes of that, and how a log of the first layout gets there. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { checkedRow, valueOfCheckedRow } from '../../src/base/checked-row.js';
import { HeadwaterError } from '../../src/base/errors.js';
import { openLevel } from '../../src/disk/level.js';
import { Log } from '../../src/log/log.js';
import { BASE_KEY, FORMAT_KEY, lineageKey } from '../../src/log/rows.js';
import { LOG_DATABASE } from '../../src/store/generation.js';
import { MemoryDisk, removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { flipped, History } from './blocks.js';
import { appendAll, logOf, openLog } from './open-log.js';

const MiB = 1024 * 1024;
const FIRST_BASE_KEY = Buffer.from('mbase');

function firstLineageKey(firstOffset: number): Buffer {
  const key = Buffer.from(lineageKey(firstOffset));
  key.write('l');
  return key;
}

/** A log of two histories, trimmed into the second, as the first version left it on disk. */
async function firstLayout(): Promise<{ disk: MemoryDisk; history: History }> {
  const disk = new MemoryDisk();
  const history = new History();
  for (const count of [3, 1]) history.puts(count);
  history.begin('b');
  for (const count of [5, 2, 4]) history.puts(count);
  const { log } = await logOf(history, disk);
  await log.trimming.trim(4);
  const raw = disk.raw('memory');
  const move = async (from: Buffer, to: Buffer) => {
    const row = (await raw.get(from)) as Buffer;
    await raw.del(from);
    await raw.put(to, checkedRow(to, valueOfCheckedRow(from, row) as Buffer));
  };
  await move(BASE_KEY, FIRST_BASE_KEY);
  for (const { firstOffset } of history.rows) await move(lineageKey(firstOffset), firstLineageKey(firstOffset));
  await raw.put(FORMAT_KEY, Buffer.from([1]));
  return { disk, history };
}

async function keysOf(disk: MemoryDisk): Promise<string[]> {
  const keys = await disk.raw('memory').keys().all();
  return keys.map((key) => key.toString('latin1'));
}

describe('a log of the first layout', () => {
  it('is converted by an open: it holds the same, and no old row is left', async () => {
    const { disk, history } = await firstLayout();
    for (let opens = 0; opens < 2; opens++) {
      const { log, failure } = await openLog(disk, history.end);
      assert.equal(failure, undefined);
      assert.deepEqual([log.base.offset, log.end, log.history.lineage.rows], [4, history.end, history.rows]);
      assert.equal((await log.read(4, MiB)).length, 3);
      const keys = await keysOf(disk);
      assert.deepEqual(
        keys.filter((key) => /^[lm]/.test(key)),
        ['mformat'],
      );
      assert.deepEqual(await disk.raw('memory').get(FORMAT_KEY), Buffer.from([2]));
    }
  });

  it('has one layout or the other if the conversion is cut at any write', async () => {
    const { disk, history } = await firstLayout();
    const before = await keysOf(disk);
    disk.fault = ({ kind }) => {
      if (kind === 'batch') throw new Error('EIO');
    };
    await assert.rejects(Log.open(await disk.database()));
    assert.deepEqual(await keysOf(disk), before);
    disk.fault = ({ kind }) => {
      if (kind === 'compact') throw new Error('killed');
    };
    await assert.rejects(Log.open(await disk.database()));
    disk.fault = undefined;
    const { log } = await openLog(disk, history.end);
    assert.deepEqual([log.base.offset, log.end, log.history.lineage.rows], [4, history.end, history.rows]);
  });

  for (const [what, key] of [
    ['base', FIRST_BASE_KEY],
    ['lineage', firstLineageKey(5)],
  ] as const) {
    it(`whose ${what} row is damaged is refused by name, and nothing is touched`, async () => {
      const { disk } = await firstLayout();
      const raw = disk.raw('memory');
      await raw.put(key, flipped((await raw.get(key)) as Buffer, 100));
      disk.operations.length = 0;
      await assert.rejects(
        Log.open(await disk.database()),
        (error) =>
          HeadwaterError.is(error, 'corrupt') &&
          new RegExp(`^memory: the ${what} row .*does not match its checksum`).test(error.message),
      );
      assert(disk.operations.every(({ kind }) => kind === 'read'));
    });
  }
});

describe('the rows of a log', () => {
  afterEach(removeTemporaryDirectories);

  it('stand before its blocks, but for the number of the layout', async () => {
    const disk = new MemoryDisk();
    const history = new History();
    for (const count of [3, 1, 2]) history.puts(count);
    const { log } = await logOf(history, disk);
    await log.trimming.trim(3);
    assert.deepEqual(
      (await keysOf(disk)).map((key) => key[0]),
      ['L', 'M', 'b', 'b', 'm'],
    );
  });

  it('do not make LevelDB write a block twice, whenever a history begins', async () => {
    const location = await temporaryDirectory();
    const history = new History();
    for (let opens = 0; opens < 3; opens++) {
      const db = await openLevel(location, LOG_DATABASE);
      const log = await Log.open(db);
      await log.integrity.recover({
        checkpoint: history.end,
        replay: () => {},
        quarantine: async () => {},
        found: () => {},
      });
      if (opens > 0) history.begin(String(opens));
      for (let i = 0; i < 100; i++) history.puts(1, Buffer.alloc(MiB / 2, i));
      await appendAll(log, history);
      await log.trimming.settle();
      await db.close();
      const told = await readFile(`${location}/LOG`, 'utf8');
      const rewritten = [...told.matchAll(/ Compacted .* => (\d+) bytes/g)].map(([, bytes]) => Number(bytes));
      assert.deepEqual(rewritten, [], `open ${opens}`);
    }
  });
});
