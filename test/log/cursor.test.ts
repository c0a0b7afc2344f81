/** Cursors: reading the log at their own pace, verifying all they hand out, never skipping; and the tail that serves them. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import { InvariantViolation } from '../../src/base/invariant.js';
import type { Block } from '../../src/log/block.js';
import { Cursor } from '../../src/log/cursor.js';
import type { Log } from '../../src/log/log.js';
import { Tail } from '../../src/log/tail.js';
import { ORIGIN } from '../../src/model/position.js';
import { settled, turns } from '../support/clock.js';
import { collected } from '../support/collected.js';
import { refused } from '../support/refusals.js';
import { ALL, ends, flipped, History } from './blocks.js';
import { appendAll, coldLogOf, logOf, removeBlock, replaceBlock } from './open-log.js';

const never = new AbortController().signal;

/** Blocks that end at 3, 4, 9, 10. */
function fourBlocks(): History {
  const history = new History();
  for (const count of [3, 1, 5, 1]) history.puts(count);
  return history;
}

/** As a feed reads: waits at the end of the log. */
async function next(log: Log, cursor: Cursor, bytesMax = ALL, signal = never): Promise<Block[]> {
  for (;;) {
    const blocks = await cursor.poll(bytesMax);
    if (blocks.length > 0) return blocks;
    await log.readers.whenBeyond(cursor.offset, signal);
  }
}

describe('a cursor', () => {
  for (const [where, open] of [
    ['memory', logOf],
    ['disk', coldLogOf],
  ] as const) {
    it(`hands out all that follows any boundary, from ${where}`, async () => {
      const history = fourBlocks();
      const { log } = await open(history);
      for (const from of [ORIGIN, ...history.blocks.map((block) => block.position)]) {
        const cursor = new Cursor(log, from);
        const read: Block[] = [];
        for (let blocks = await cursor.poll(1); blocks.length > 0; blocks = await cursor.poll(1)) read.push(...blocks);
        assert.deepEqual(
          ends(read),
          ends(history.blocks).filter((end) => end > from.offset),
        );
        assert.deepEqual([cursor.offset, cursor.checksum], [history.end.offset, history.end.checksum]);
      }
    });

    it(`ships no damaged block, from ${where}`, async () => {
      const history = fourBlocks();
      const { log } = await open(history);
      const cursor = new Cursor(log, { offset: 3, checksum: 1 });
      await assert.rejects(cursor.poll(ALL), refused('chain_broken'));
    });

    it(`refuses to stand inside a block, from ${where}`, async () => {
      const { log } = await open(fourBlocks());
      await assert.rejects(new Cursor(log, { offset: 5, checksum: 0 }).poll(ALL), refused('not_a_boundary'));
    });
  }

  it('ships no block that the disk has changed, and none behind it', async () => {
    const history = fourBlocks();
    const { log, disk } = await coldLogOf(history);
    const third = history.blocks[2] as Block;
    await replaceBlock(disk, third, flipped(third.bytes, 70 * 8));
    const cursor = new Cursor(log, ORIGIN);
    assert.deepEqual(ends(await cursor.poll(1)), [3]);
    assert.deepEqual(ends(await cursor.poll(1)), [4]);
    await assert.rejects(cursor.poll(1), refused('chain_broken'));
    await assert.rejects(cursor.poll(1), refused('chain_broken'));
    assert.equal(cursor.offset, 4);
  });

  it('ends at a gap, and never skips it', async () => {
    const history = fourBlocks();
    const { log, disk } = await coldLogOf(history);
    await removeBlock(disk, history.blocks[1] as Block);
    const cursor = new Cursor(log, ORIGIN);
    assert.deepEqual(ends(await cursor.poll(1)), [3]);
    await assert.rejects(cursor.poll(1), refused('corrupt'));
  });

  it('waits at the end, and continues with the next block', async () => {
    const history = fourBlocks();
    const { log } = await logOf(history);
    const cursor = new Cursor(log, history.end);
    assert.deepEqual(await cursor.poll(ALL), []);
    const reading = next(log, cursor);
    assert(!(await settled(reading)));
    history.puts(2);
    await appendAll(log, history);
    assert.deepEqual(ends(await reading), [12]);
  });

  it('waits again if it is woken for a block that it has read already', async () => {
    const history = fourBlocks();
    const { log } = await logOf(history);
    const reading = next(log, new Cursor(log, history.end));
    log.readers.wake();
    assert(!(await settled(reading)));
    history.puts(2);
    await appendAll(log, history);
    assert.deepEqual(ends(await reading), [12]);
  });

  it('is released by its signal, and by the end of the log', async () => {
    const history = fourBlocks();
    const { log } = await logOf(history);
    const given = new AbortController();
    const first = next(log, new Cursor(log, history.end), ALL, given.signal);
    const second = next(log, new Cursor(log, history.end));
    await turns(2);
    given.abort(new Error('the follower left'));
    await assert.rejects(first, /the follower left/);
    log.readers.close(new HeadwaterError('unavailable', 'reopening'));
    await assert.rejects(second, /reopening/);
    await assert.rejects(new Cursor(log, ORIGIN).poll(ALL), /reopening/);
  });

  it('ends with "trimmed" if the log was trimmed past it', async () => {
    const { log } = await logOf(fourBlocks());
    const slow = new Cursor(log, ORIGIN);
    await log.trimming.trim(9);
    await assert.rejects(next(log, slow), refused('trimmed'));
  });

  it('keeps unread blocks if it is pinned, until it is closed', async () => {
    const history = fourBlocks();
    const { log } = await logOf(history);
    const cursor = new Cursor(log, ORIGIN, { pinnedFor: 'somebody' });
    assert.equal(await log.trimming.trim(10), 0);
    await cursor.poll(1);
    assert.equal(await log.trimming.trim(10), 3);
    assert.deepEqual(ends(await cursor.poll(1)), [4]);
    cursor.close();
    assert.equal(await log.trimming.trim(10), 10);
  });

  it('is one of many, each at its own pace, while blocks are appended', async () => {
    const history = new History();
    const { log } = await logOf(history);
    const follow = async (bytesMax: number) => {
      const cursor = new Cursor(log, ORIGIN);
      const read: number[] = [];
      while (cursor.offset < 200) {
        read.push(...ends(await next(log, cursor, bytesMax)));
        await turns(bytesMax % 3);
      }
      return read;
    };
    const readers = [1, 100, 500, ALL].map(follow);
    for (let i = 0; i < 100; i++) {
      history.puts(2);
      await appendAll(log, history);
    }
    for (const read of await Promise.all(readers)) assert.deepEqual(read, ends(history.blocks));
  });
});

describe('the tail in memory', () => {
  it('refers no more to a block that it has dropped', async () => {
    const history = new History();
    const tail = new Tail(3 * 1_000);
    const first = (() => {
      const block = history.puts(2);
      tail.push(block);
      return new WeakRef(block);
    })();
    for (let i = 0; i < 100; i++) tail.push(history.puts(2));
    history.blocks.length = 0;
    await collected(first);
    assert(tail.bytes <= 3 * 1_000);
  });

  const filled = (bytesMax: number, count: number) => {
    const history = new History();
    const tail = new Tail(bytesMax);
    for (let i = 0; i < count; i++) tail.push(history.puts(2));
    return { tail, history };
  };
  const size = new History().puts(2).bytes.length;

  it('holds nothing at first', () => {
    const tail = new Tail(100);
    assert.equal(tail.after(0, ALL), undefined);
    assert.equal(tail.holding(1), undefined);
  });

  it('drops the oldest past its bytes, and keeps the newest block however large', () => {
    const { tail } = filled(3 * size, 4);
    assert.equal(tail.after(0, ALL), undefined);
    assert.deepEqual(ends(tail.after(2, ALL) ?? []), [4, 6, 8]);
    const { tail: tiny } = filled(1, 3);
    assert.deepEqual(ends(tiny.after(4, ALL) ?? []), [6]);
  });

  it('finds the block that holds an offset, to its edges', () => {
    const { tail } = filled(ALL, 4);
    const at = [0, 1, 2, 3, 8, 9].map((offset) => tail.holding(offset)?.lastOffset);
    assert.deepEqual(at, [undefined, 2, 2, 4, 8, undefined]);
  });

  it('gives one block at least and about the bytes asked for', () => {
    const { tail } = filled(ALL, 4);
    assert.deepEqual(ends(tail.after(0, 1) ?? []), [2]);
    assert.deepEqual(ends(tail.after(0, size + 1) ?? []), [2, 4]);
    assert.equal(tail.after(8, ALL), undefined);
  });

  it('stays right over many more blocks than it holds', () => {
    const { tail, history } = filled(10 * size, 5_000);
    const kept = tail.after(history.end.offset - 16, ALL) ?? [];
    assert.deepEqual(kept, history.blocks.slice(-8));
    assert.equal(tail.after(history.end.offset - 40, ALL), undefined);
  });

  it('takes only what continues it', () => {
    const { tail } = filled(ALL, 2);
    assert.throws(() => tail.push(new History().puts(1)), InvariantViolation);
  });
});
