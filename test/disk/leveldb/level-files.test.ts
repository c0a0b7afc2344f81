import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemFiles } from '../../../src/disk/files.js';
import { openLevel } from '../../../src/disk/level.js';
import { damagedLogFiles } from '../../../src/disk/leveldb/check.js';
import { logFileDamage } from '../../../src/disk/leveldb/log-file.js';
import { seededRandom } from '../../support/random.js';

const OPTIONS = { writeBufferBytes: 4 << 20, fileBytes: 1 << 20, cacheBytes: 0, compression: false };

describe("LevelDB's log files", () => {
  const random = seededRandom(1);
  let directory: string;
  let bytes: Buffer;
  let logFile: string;

  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'headwater-level-'));
    const db = await openLevel(directory, OPTIONS);
    // Records within a block of 32 KiB, and over several.
    for (let i = 0; i < 200; i++) {
      const value = Buffer.alloc(i % 20 === 0 ? 50_000 : 20 + Math.floor(random() * 2_000), 1 + (i % 251));
      await db.put(Buffer.from(`key ${i}`), value);
    }
    await db.close();
    logFile = (await readdir(directory)).find((name) => name.endsWith('.log')) as string;
    bytes = await readFile(path.join(directory, logFile));
  });

  after(() => rm(directory, { recursive: true }));

  it('of a database that was closed are whole', async () => {
    assert.ok(bytes.length > 400_000, `expected a log file with all puts in it, saw ${bytes.length} bytes`);
    assert.deepEqual(await damagedLogFiles(systemFiles, directory), []);
    assert.deepEqual(await damagedLogFiles(systemFiles, path.join(directory, 'nowhere')), []);
  });

  it('cut off anywhere are not damaged: a crash does that', () => {
    for (let i = 0; i < 500; i++) {
      const length = Math.floor(random() * bytes.length);
      assert.equal(logFileDamage(bytes.subarray(0, length)), undefined, `cut to ${length} bytes`);
    }
  });

  it('with pages that were never written are not damaged: a power cut does that', () => {
    for (let i = 0; i < 200; i++) {
      const copy = Buffer.from(bytes);
      const page = 4_096 * Math.floor((random() * copy.length) / 4_096);
      copy.subarray(page, page + 4_096 * Math.ceil(random() * 4)).fill(0);
      assert.equal(logFileDamage(copy), undefined, `zeros from ${page}`);
    }
  });

  it('with one bit turned over are damaged there, unless nothing whole stands behind it', () => {
    const end = bytes.length - 8_192;
    for (let i = 0; i < 500; i++) {
      const copy = Buffer.from(bytes);
      const at = Math.floor(random() * end);
      copy[at] = (copy[at] as number) ^ (1 << Math.floor(random() * 8));
      const damage = logFileDamage(copy);
      // A record is at most a block long, and the bytes at a block's end that are too few for one are not looked at.
      if (!damage) assert.ok(at % 32_768 > 32_768 - 7, `bit at byte ${at} was not noticed`);
      else assert.ok(damage.byte <= at && at < damage.byte + 32_768, `bit at byte ${at}, told of at ${damage.byte}`);
    }
  });

  it('are named with the byte and the reason', async () => {
    const copy = Buffer.from(bytes);
    copy[100_000] = (copy[100_000] as number) ^ 1;
    await writeFile(path.join(directory, logFile), copy);
    const [found, ...more] = await damagedLogFiles(systemFiles, directory);
    assert.equal(more.length, 0);
    assert.equal(found?.file, path.join(directory, logFile));
    assert.match(found?.why ?? '', /checksum/);
    await writeFile(path.join(directory, logFile), bytes);
  });
});
