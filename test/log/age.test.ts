/** Places in the log by time, and the room that LevelDB gives back for what was trimmed. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { openLevel } from '../../src/disk/level.js';
import { Log } from '../../src/log/log.js';
import { blockKey } from '../../src/log/rows.js';
import { ORIGIN } from '../../src/model/position.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { sizeOf } from '../support/directory-size.js';
import { seededRandom, seedOfThisRun } from '../support/random.js';
import { History, put } from './blocks.js';
import { coldLogOf, type OpenLog } from './open-log.js';

const MiB = 1024 * 1024;

describe('what was written before a time', () => {
  /** Blocks of 1 to 6 commands, some written in the same millisecond. */
  async function random(): Promise<{ opened: OpenLog; history: History; what: string }> {
    const seed = seedOfThisRun();
    const draw = seededRandom(seed);
    const history = new History();
    for (let i = 0; i < 60; i++) {
      // Each is one later than the one before by itself.
      history.timeMs += Math.floor(draw() * 3) * 5 - 1;
      history.puts(1 + Math.floor(draw() * 6));
    }
    return { opened: await coldLogOf(history), history, what: `seed ${seed}` };
  }

  it('ends at the block that a look at every block finds, for every time and bound', async () => {
    const { opened, history, what } = await random();
    const times = [...new Set(history.blocks.map(({ timeMs }) => timeMs))];
    for (const base of [0, 20]) {
      const from = base === 0 ? 0 : await opened.log.trimming.trim(base);
      for (const timeMs of [0, ...times.flatMap((one) => [one, one + 1])])
        for (const through of [from, from + 1, 50, 51, 52, history.end.offset]) {
          const before = history.blocks.filter((block) => block.timeMs < timeMs && block.lastOffset <= through);
          const expected = Math.max(from, before.at(-1)?.lastOffset ?? 0);
          const found = await opened.log.trimming.offsetWrittenBefore(timeMs, through);
          assert.equal(found, expected, `${what}: before ${timeMs}, through ${through}`);
        }
    }
  });

  it('is found with few reads', async () => {
    const history = new History();
    for (let i = 0; i < 1_000; i++) history.puts(4);
    const { log, disk } = await coldLogOf(history);
    disk.operations.length = 0;
    assert.equal(await log.trimming.offsetWrittenBefore(1_301, 4_000), 1_200);
    const reads = disk.operations.filter(({ kind }) => kind === 'read').length;
    assert(reads < 60, `${reads} reads`);
  });

  it('is too little rather than too much if blocks are damaged', async () => {
    const history = new History();
    for (let i = 0; i < 40; i++) history.puts(1);
    const { log, disk } = await coldLogOf(history);
    const raw = disk.raw('memory');
    const damage = async (from: number, to: number) => {
      for (let offset = from; offset <= to; offset++) await raw.put(blockKey(offset), Buffer.from('damaged'));
    };
    await damage(18, 22);
    const found = await log.trimming.offsetWrittenBefore(1_031, 40);
    assert(found > 0 && found <= 30, String(found));
    await damage(1, 40);
    await assert.rejects(log.trimming.offsetWrittenBefore(1_031, 40), { code: 'corrupt' });
    await assert.rejects(log.trimming.oldestTimeMs(), { code: 'corrupt' });
  });

  it('begins with the first block, which is read once', async () => {
    const history = new History();
    for (let i = 0; i < 5; i++) history.puts(2);
    const { log, disk } = await coldLogOf(history);
    assert.equal(await log.trimming.oldestTimeMs(), 1_001);
    disk.operations.length = 0;
    assert.equal(await log.trimming.oldestTimeMs(), 1_001);
    assert.deepEqual(disk.operations, []);
    await log.trimming.trim(4);
    assert.equal(await log.trimming.oldestTimeMs(), 1_003);
    await log.trimming.trim(10);
    assert.equal(await log.trimming.oldestTimeMs(), undefined);
  });
});

describe('a log in LevelDB', function () {
  this.timeout(60_000);
  afterEach(removeTemporaryDirectories);

  it('proves the running checksum of a damaged block by the block behind it', async () => {
    const directory = path.join(await temporaryDirectory(), 'log');
    const db = await openLevel(directory, {
      writeBufferBytes: MiB,
      fileBytes: MiB,
      cacheBytes: MiB,
      compression: false,
    });
    const log = await Log.open(db);
    await log.integrity.recover({ checkpoint: ORIGIN, replay: () => {}, quarantine: async () => {}, found: () => {} });
    const history = new History();
    const blocks = Array.from({ length: 4 }, (_, i) => history.block(put(`k${i}`, randomBytes(100_000))));
    await log.append(blocks, { sync: false, rows: history.rows });
    await db.close();
    const again = await openLevel(directory, {
      writeBufferBytes: MiB,
      fileBytes: MiB,
      cacheBytes: MiB,
      compression: false,
    });
    const cold = await Log.open(again);
    await cold.integrity.recover({
      checkpoint: history.end,
      replay: () => {},
      quarantine: async () => {},
      found: () => {},
    });
    const damaged = Buffer.from(blocks[1]?.bytes as Buffer);
    damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1;
    await again.put(blockKey(2), damaged);
    assert.equal(await cold.lookup.checksumAt(2), blocks[1]?.checksum);
    await again.close();
  });

  it('gives trimmed space back to the file system, and rewrites little of the rest', async () => {
    const directory = path.join(await temporaryDirectory(), 'log');
    const options = { writeBufferBytes: MiB, fileBytes: 2 * MiB, cacheBytes: MiB, compression: false };
    const db = await openLevel(directory, options);
    const log = await Log.open(db);
    await log.integrity.recover({ checkpoint: ORIGIN, replay: () => {}, quarantine: async () => {}, found: () => {} });
    const history = new History();
    const append = async (blocks: number) => {
      for (let i = 0; i < blocks; i++) {
        const block = history.block(put(`k${i}`, randomBytes(MiB / 8)));
        await log.append([block], {
          sync: false,
          rows: history.rows.filter((row) => row.firstOffset === block.firstOffset),
        });
        log.publish([block]);
      }
    };
    await append(8 * 40);
    const full = await sizeOf(directory);
    assert(full > 40 * MiB, String(full));
    assert.equal(await log.trimming.trim(8 * 20), 8 * 20);
    await log.trimming.reclaim();
    const half = await sizeOf(directory);
    assert(half < 24 * MiB, `${half} bytes are left of ${full}`);
    assert.equal((await log.read(8 * 20, 1)).length, 1);
    // As a node does that goes on: a part comes, a part goes.
    for (let round = 0; round < 10; round++) {
      await append(8 * 4);
      await log.trimming.trim(log.base.offset + 8 * 4);
      await log.trimming.reclaim();
      const size = await sizeOf(directory);
      assert(size < 32 * MiB, `${size} bytes after round ${round}`);
    }
    await db.close();
  });
});
