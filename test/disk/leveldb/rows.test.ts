/** A database read out of its files, beside what LevelDB says that it holds: while it is open, and merges its tables. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Database, type DatabaseOptions, openLevel } from '../../../src/disk/level.js';
import { openFiles } from '../../../src/disk/leveldb/open-files.js';
import { Rows } from '../../../src/disk/leveldb/rows.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../../support/database.js';
import { seededRandom, seedOfThisRun } from '../../support/random.js';

/** So small that a few thousand rows have files on several levels. */
const SMALL: DatabaseOptions = {
  writeBufferBytes: 64 * 1024,
  fileBytes: 64 * 1024,
  cacheBytes: 64 * 1024,
  compression: true,
};
const FIRST = Buffer.alloc(0);
const LAST = Buffer.alloc(16, 0xff);

type Row = [key: string, value: string];

function fromFiles(location: string, from: Buffer, to: Buffer): Row[] {
  const rows = new Rows(openFiles(location), from, to);
  const found: Row[] = [];
  try {
    for (let row = rows.next(); row; row = rows.next())
      found.push([row.key.toString('hex', 0, row.keyEnd), row.value.toString('hex', row.valueStart, row.valueEnd)]);
  } finally {
    rows.close();
  }
  return found;
}

async function fromLevel(db: Database, from: Buffer, to: Buffer): Promise<Row[]> {
  const entries = db.iterate({ gte: from, lt: to });
  const found: Row[] = [];
  for (;;) {
    const rows = await entries.next(1_000);
    if (rows.length === 0) break;
    for (const [key, value] of rows) found.push([key.toString('hex'), value.toString('hex')]);
  }
  await entries.close();
  return found;
}

describe('the rows of a database, out of its files', function () {
  this.timeout(60_000);
  afterEach(removeTemporaryDirectories);

  for (const compression of [true, false])
    it(`are those of LevelDB in any range${compression ? ', compressed' : ''}`, async () => {
      const seed = seedOfThisRun();
      const random = seededRandom(seed);
      const below = (end: number) => Math.floor(random() * end);
      const location = await temporaryDirectory();
      const db = await openLevel(location, { ...SMALL, compression });
      // Of different lengths, some beginning like others; long ones take another way.
      const keyOf = (i: number) => Buffer.from(`${'k'.repeat(i % 7 === 0 ? 80 + (i % 5) : 1)}${i % 1_000}`);
      try {
        for (let round = 0; round < 30; round++) {
          const batch = db.batch();
          for (let i = below(1_500); i > 0; i--) {
            const key = keyOf(below(4_000));
            if (below(4) === 0) batch.del(key);
            else batch.put(key, Buffer.alloc(below(20) === 0 ? 10_000 : below(200), below(256)));
          }
          await batch.write();
          // Held, older rows of a key stay in the tables.
          const snapshot = db.snapshot();
          assert.deepEqual(fromFiles(location, FIRST, LAST), await fromLevel(db, FIRST, LAST), `seed ${seed}`);
          const [from, to] = [keyOf(below(4_000)), keyOf(below(4_000))].sort(Buffer.compare) as [Buffer, Buffer];
          assert.deepEqual(fromFiles(location, from, to), await fromLevel(db, from, to), `seed ${seed}`);
          if (round % 3 === 0) await snapshot.close();
        }
        const levels = new Set(openFiles(location).tables.map(({ level }) => level));
        assert.ok(levels.size > 1, 'there are tables on several levels');
        await db.compact(FIRST, LAST);
        assert.deepEqual(fromFiles(location, FIRST, LAST), await fromLevel(db, FIRST, LAST), `seed ${seed}`);
      } finally {
        await db.close();
      }
    });

  it('do not change once they are opened, whatever LevelDB merges and deletes', async () => {
    const location = await temporaryDirectory();
    const db = await openLevel(location, SMALL);
    const value = (text: string) => Buffer.from(text.repeat(50));
    const write = async (text: string) => {
      const batch = db.batch();
      for (let i = 0; i < 3_000; i++) batch.put(Buffer.from(`key ${i}`), value(`${text}${i}`));
      await batch.write();
    };
    await write('before');
    await db.compact(FIRST, LAST);
    const before = await fromLevel(db, FIRST, LAST);
    const files = openFiles(location);
    const names = readdirSync(location);
    await write('after');
    await db.compact(FIRST, LAST);
    const gone = files.tables.filter(({ file }) => !readdirSync(location).includes(path.basename(file)));
    assert.equal(gone.length, files.tables.length, `${names}`);
    const rows = new Rows(files, FIRST, LAST);
    let count = 0;
    for (let row = rows.next(); row; row = rows.next(), count++)
      assert.equal(row.value.toString('hex', row.valueStart, row.valueEnd), before[count]?.[1]);
    assert.equal(count, before.length);
    rows.close();
    await db.close();
  });

  it('end with `corrupt` at a block that was changed, naming file and byte', async () => {
    const location = await temporaryDirectory();
    const db = await openLevel(location, SMALL);
    const batch = db.batch();
    for (let i = 0; i < 3_000; i++) batch.put(Buffer.from(`key ${i}`), Buffer.alloc(100, i));
    await batch.write();
    await db.compact(FIRST, LAST);
    await db.close();
    const [table] = readdirSync(location).filter((name) => name.endsWith('.ldb')) as [string];
    const file = path.join(location, table);
    const whole = readFileSync(file);
    const random = seededRandom(1);
    for (let i = 0; i < 100; i++) {
      const bytes = Buffer.from(whole);
      const at = Math.floor(random() * (bytes.length - 48));
      bytes[at] = (bytes[at] as number) ^ (1 << Math.floor(random() * 8));
      writeFileSync(file, bytes);
      const found = () => fromFiles(location, FIRST, LAST);
      // The metaindex has nothing in it that is read.
      try {
        assert.equal(found().length, 3_000);
        assert.ok(at > whole.length * 0.9, `a bit of byte ${at} was turned over and not noticed`);
      } catch (error) {
        assert.match((error as Error).message, new RegExp(`${table} is damaged at byte \\d+: `));
      }
    }
    writeFileSync(file, whole.subarray(0, whole.length / 2));
    assert.throws(() => fromFiles(location, FIRST, LAST), {
      code: 'corrupt',
      message: /the end of the file is not the end of a table/,
    });
  });
});
