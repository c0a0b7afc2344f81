/** Keys at random: every key that is there about as often as every other, wherever it lies, and no other key. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { RANDOM_ROWS_FRESH_MS } from '../../src/base/limits.js';
import { openLevel } from '../../src/disk/level.js';
import { Keyspace } from '../../src/keyspace/keyspace.js';
import { RandomKeys } from '../../src/keyspace/random-keys.js';
import { middleOf } from '../../src/keyspace/random-rows.js';
import type { Block } from '../../src/log/block.js';
import type { Command } from '../../src/model/command.js';
import { KEYSPACE_DATABASE } from '../../src/store/generation.js';
import { clear, del, History, put, touch } from '../log/blocks.js';
import { TestClock } from '../support/clock.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { seededRandom } from '../support/random.js';
import { Bench } from './bench.js';

const NOW = 1_000_000;

describe('keys at random', () => {
  afterEach(removeTemporaryDirectories);

  async function drawn(keys: RandomKeys, draws: number): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (let i = 0; i < draws; i++) {
      const name = (await keys.take(NOW))?.toString('latin1') ?? 'none';
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return counts;
  }

  it('come from memory, from what is being written out and from the disk, each as often', async () => {
    const bench = await Bench.open();
    const random = seededRandom(1);
    bench.apply(put('disk', ''), put('touched', ''), put('deleted', ''), put('expired', '', NOW), put('twice', ''));
    bench.apply(put('expired later', ''), put('rewritten', ''));
    await bench.flushAll();
    bench.apply(
      put('frozen', ''),
      put('twice', '2'),
      touch('touched', NOW + 1),
      touch('expired later', NOW),
      put('gone', ''),
    );
    bench.keyspace.freeze();
    bench.apply(put('memory', ''), del('deleted'), put('rewritten', ''), touch('frozen', NOW + 1), del('gone'));
    const keys = new RandomKeys(bench.db, bench.keyspace, new TestClock(), random);
    const counts = await drawn(keys, 3_000);
    assert.deepEqual([...counts.keys()].sort(), ['disk', 'frozen', 'memory', 'rewritten', 'touched', 'twice']);
    for (const [name, count] of counts) assert.ok(count > 400 && count < 600, `${name}: ${count} of 3000`);
    bench.apply(clear());
    assert.equal(await keys.take(NOW), undefined);
    bench.apply(put('new', ''));
    assert.equal(String(await keys.take(NOW)), 'new');
  });

  it('come as often from every part of the disk, and not more often from large records', async () => {
    const db = await openLevel(path.join(await temporaryDirectory(), 'keyspace'), KEYSPACE_DATABASE);
    const keyspace = await Keyspace.open(db);
    const random = seededRandom(2);
    const clock = new TestClock();
    const history = new History();
    const write = async (commands: Command[]) => {
      history.block(...commands);
      keyspace.apply(history.blocks.at(-1) as Block);
      keyspace.freeze();
      await keyspace.flush(history.rows);
    };
    const keys = new RandomKeys(db, keyspace, clock, random);
    const tenths = async (draws: number) => {
      const parts = new Map<string, number>();
      for (const [name, count] of await drawn(keys, draws)) {
        const part = name.startsWith('x') ? 'large' : name.slice(0, 7);
        parts.set(part, (parts.get(part) ?? 0) + count);
      }
      return parts;
    };

    const small = Array.from({ length: 20_000 }, (_, i) => put(`user:${String(i).padStart(5, '0')}`, `value ${i * i}`));
    // LevelDB still has all rows in its memory.
    await write(small.slice(0, 15_000));
    const before = await tenths(800);
    assert.equal(before.size, 15);
    for (const [part, count] of before) assert.ok(count > 15 && count < 120, `${part}: ${count} of 800`);

    const value = Buffer.from(Array.from({ length: 100_000 }, () => random() * 256)).toString('latin1');
    await write(Array.from({ length: 200 }, (_, i) => put(`x:${i}`, value.slice(i))));
    await write(small.slice(15_000));
    await clock.advance(RANDOM_ROWS_FRESH_MS);
    const after = await tenths(800);
    // The large records are 1 % of all, and most of the bytes.
    const large = after.get('large') ?? 0;
    assert.ok(large < 120, `${large} of 800`);
    assert.ok([...after.keys()].filter((part) => part >= 'user:15').length >= 3);
    await db.close();
  }).timeout(60_000);

  it('come from every part of few rows too, however long the keys are', async () => {
    const db = await openLevel(path.join(await temporaryDirectory(), 'keyspace'), KEYSPACE_DATABASE);
    const keyspace = await Keyspace.open(db);
    const history = new History();
    history.block(...Array.from({ length: 600 }, (_, i) => put(`${i % 6}${i}`.padEnd(100, '-'), '')));
    keyspace.apply(history.blocks.at(-1) as Block);
    keyspace.freeze();
    await keyspace.flush(history.rows);
    const parts = new Map<string, number>();
    for (const [name, count] of await drawn(new RandomKeys(db, keyspace, new TestClock(), seededRandom(3)), 600))
      parts.set(name.slice(0, 1), (parts.get(name.slice(0, 1)) ?? 0) + count);
    assert.deepEqual([...parts.keys()].sort(), ['0', '1', '2', '3', '4', '5']);
    for (const [part, count] of parts) assert.ok(count > 60 && count < 140, `${part}: ${count} of 600`);
    await db.close();
  });

  it('are found between two others by halving', () => {
    const b = (text: string) => Buffer.from(text, 'latin1');
    assert.deepEqual(middleOf(b('a'), b('c')), b('b'));
    assert.deepEqual(middleOf(b('a'), b('b')), b('a\x80'));
    assert.deepEqual(middleOf(b(''), b('\x01')), b('\x00\x80'));
    assert.deepEqual(middleOf(b('abc'), b('abc\x00\x00\x02')), b('abc\x00\x00\x01'));
    assert.equal(middleOf(b('a'), b(`a${'\x00'.repeat(16)}\x01`)), undefined);
  });
});
