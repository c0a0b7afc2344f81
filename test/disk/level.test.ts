/** What a database promises of writes and reads that fail, over a LevelDB that answers as the test says. */
import assert from 'node:assert/strict';
import { LatchingDatabase } from '../../src/disk/level.js';
import { turns } from '../support/clock.js';

interface Asked {
  resolve(): void;
  reject(error: Error): void;
}

/** Writes wait until the test answers them; reads fail with the errors that are there, then succeed. */
function scripted(readErrors: Error[] = [], sync: () => Promise<void> = async () => {}) {
  const asked: Asked[] = [];
  const write = () => new Promise<void>((resolve, reject) => asked.push({ resolve, reject }));
  const read = async () => {
    const error = readErrors.shift();
    if (error) throw error;
    return Buffer.from('value');
  };
  const unused = () => {
    throw new Error('not asked for here');
  };
  const db = new LatchingDatabase(
    'here',
    {
      get: read,
      getMany: async (keys) => await Promise.all(keys.map(read)),
      hasMany: async (keys) => await Promise.all(keys.map(async (key) => (await read()) !== key)),
      put: write,
      batch: () => ({ put: unused, del: unused, write }),
      iterator: unused,
      snapshot: unused,
      close: async () => {},
    },
    sync,
  );
  return { db, asked };
}

const ioError = (what: string) =>
  Object.assign(new Error(`IO error: here/000005.log: ${what}`), { code: 'LEVEL_IO_ERROR' });
const KEY = Buffer.from('key');

describe('a database', () => {
  it('does not answer a write while one that LevelDB may have taken before it can still fail', async () => {
    const { db, asked } = scripted();
    const trim = db.put(KEY, KEY);
    const append = db.put(KEY, KEY);
    let answered = false;
    append.then(
      () => {
        answered = true;
      },
      () => {},
    );
    asked[1]?.resolve();
    await turns(5);
    assert.equal(answered, false);
    asked[0]?.reject(ioError('No space left on device'));
    await assert.rejects(trim, { code: 'store_latched' });
    await assert.rejects(append, { code: 'store_latched' });
  });

  it('answers a write when those beside it have succeeded', async () => {
    const { db, asked } = scripted();
    const both = Promise.all([db.put(KEY, KEY), db.put(KEY, KEY)]);
    asked[1]?.resolve();
    asked[0]?.resolve();
    await both;
    assert.equal(db.latched, undefined);
  });

  it('distinguishes damage from a disk that cannot be read', async () => {
    const corruption = Object.assign(new Error('Corruption: bad block'), { code: 'LEVEL_CORRUPTION' });
    for (const [error, code] of [
      [corruption, 'corrupt'],
      [ioError('Input/output error'), 'io_error'],
      [ioError('No such file or directory'), 'corrupt'],
    ] as const)
      await assert.rejects(scripted([error]).db.get(KEY), { code });
  });

  it('reads again when the process has a descriptor', async () => {
    const { db } = scripted([ioError('Too many open files'), ioError('Too many open files')]);
    assert.equal((await db.get(KEY))?.toString(), 'value');
  });

  it('has failed no write if its durable point found no descriptor', async () => {
    const errors = [Object.assign(new Error('EMFILE: too many open files, scandir'), { code: 'EMFILE' })];
    const { db, asked } = scripted([], async () => {
      const error = errors.shift();
      if (error) throw error;
    });
    await assert.rejects(db.durable(), { code: 'io_error', message: /ulimit -n/ });
    await db.durable();
    const write = db.put(KEY, KEY);
    asked[0]?.resolve();
    await write;
  });
});
