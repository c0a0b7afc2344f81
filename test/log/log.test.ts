/** The log while it is open: appending, reading from any boundary, histories, durable points, trimming. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import { InvariantViolation } from '../../src/base/invariant.js';
import { CURSOR_READ_BYTES, TAIL_BYTES_MAX } from '../../src/base/limits.js';
import type { Block } from '../../src/log/block.js';
import { Log } from '../../src/log/log.js';
import { BASE_KEY, decodeBase, lineageKey } from '../../src/log/rows.js';
import { Lineage } from '../../src/model/lineage.js';
import { ORIGIN } from '../../src/model/position.js';
import { settled, turn, turns } from '../support/clock.js';
import { MemoryDisk } from '../support/database.js';
import { refused } from '../support/refusals.js';
import { historyId } from '../support/seeds.js';
import { ALL, ends, flipped, History, put } from './blocks.js';
import { appendAll, coldLogOf, logOf, offsetsOnDisk, openLog, removeBlock, replaceBlock } from './open-log.js';

/** Blocks that end at 3, 4, 9, 10, 30. */
function fiveBlocks(): History {
  const history = new History();
  for (const count of [3, 1, 5, 1, 20]) history.puts(count);
  return history;
}

describe('an empty log', () => {
  it('begins at 1, ends at 0, and has nothing to read', async () => {
    const { log } = await openLog();
    assert.equal(log.base.offset + 1, 1);
    assert.deepEqual(log.end, ORIGIN);
    assert.deepEqual(log.base, ORIGIN);
    assert.equal(log.lookup.endTimeMs, 0);
    assert.deepEqual(await log.read(0, ALL), []);
    assert.equal(await log.lookup.checksumAt(0), 0);
    assert.equal(await log.lookup.checksumAt(1), 'beyond');
    assert.equal(await log.durable.reach(), 0);
    assert.equal(await log.trimming.trim(100), 0);
  });

  it('is refused by name if its layout is of a later version', async () => {
    const disk = new MemoryDisk();
    await openLog(disk);
    await disk.raw('memory').put(Buffer.from('mformat'), Buffer.from([3]));
    await assert.rejects(
      Log.open(await disk.database()),
      refused('unknown_format', /log layout 3; this version reads log layout 1 and 2/),
    );
  });
});

describe('a log with blocks', () => {
  for (const [where, open] of [
    ['memory', logOf],
    ['disk', coldLogOf],
  ] as const) {
    describe(`read from ${where}`, () => {
      it('gives what follows every boundary, verbatim', async () => {
        const history = fiveBlocks();
        const { log } = await open(history);
        for (const offset of [0, 3, 4, 9, 10]) {
          const expected = history.blocks.filter((block) => block.firstOffset > offset).map((block) => block.bytes);
          const read = await log.read(offset, ALL);
          assert.deepEqual(
            read.map((block) => block.bytes),
            expected,
            `after ${offset}`,
          );
        }
      });

      it('gives nothing at the end, and nothing beyond it', async () => {
        const { log } = await open(fiveBlocks());
        assert.deepEqual(await log.read(30, ALL), []);
        assert.deepEqual(await log.read(31, ALL), []);
      });

      it('refuses every offset inside a block, naming the block', async () => {
        const { log } = await open(fiveBlocks());
        for (const offset of [1, 2, 5, 8, 11, 29]) {
          await assert.rejects(
            log.read(offset, ALL),
            refused('not_a_boundary', new RegExp(`offset ${offset} lies inside the block`)),
          );
          assert.equal(await log.lookup.checksumAt(offset), 'not_a_boundary');
        }
      });

      it('knows the running checksum at every boundary', async () => {
        const history = fiveBlocks();
        const { log } = await open(history);
        for (const block of history.blocks) assert.equal(await log.lookup.checksumAt(block.lastOffset), block.checksum);
        assert.equal(await log.lookup.checksumAt(0), 0);
        assert.equal(await log.lookup.checksumAt(31), 'beyond');
      });

      it('stops at about the bytes asked for, but gives one block at least', async () => {
        const history = fiveBlocks();
        const { log } = await open(history);
        assert.deepEqual(ends(await log.read(0, 1)), [3]);
        const two = (history.blocks[0]?.bytes.length ?? 0) + 1;
        assert.deepEqual(ends(await log.read(0, two)), [3, 4]);
        assert.deepEqual(ends(await log.read(9, 1)), [10]);
      });

      it('does not show what is appended and not published', async () => {
        const history = fiveBlocks();
        const { log } = await open(history);
        const unseen = history.puts(2);
        await log.append([unseen], { sync: false });
        assert.deepEqual(ends(await log.read(10, ALL)), [30]);
        assert.deepEqual(await log.read(30, ALL), []);
        assert.equal(await log.lookup.checksumAt(32), 'beyond');
        log.publish([unseen]);
        assert.deepEqual(ends(await log.read(30, ALL)), [32]);
      });
    });
  }

  it('reads blocks from disk that the tail in memory has dropped', async () => {
    const history = new History();
    const value = Buffer.alloc(TAIL_BYTES_MAX / 4);
    for (let i = 0; i < 6; i++) history.puts(1, value);
    const { log } = await logOf(history);
    for (let offset = 0; offset < 6; offset++) {
      const read = await log.read(offset, 1);
      assert(read[0]?.bytes.equals(history.blocks[offset]?.bytes as Buffer), `after ${offset}`);
      assert.equal(await log.lookup.checksumAt(offset + 1), history.blocks[offset]?.checksum);
    }
  });

  it('has the time and position of its last block', async () => {
    const history = fiveBlocks();
    const { log } = await logOf(history);
    assert.deepEqual(log.end, history.end);
    assert.equal(log.lookup.endTimeMs, history.timeMs);
  });

  it('takes only a block that continues it', async () => {
    const history = fiveBlocks();
    const { log } = await logOf(history);
    const [again] = history.blocks;
    const beyond = new History('a', { ...history.end, offset: 31 }).puts(1);
    await assert.rejects(log.append([again as Block], { sync: false }), InvariantViolation);
    await assert.rejects(log.append([beyond], { sync: false }), InvariantViolation);
    await assert.rejects(log.append([], { sync: false }), InvariantViolation);
  });

  it('writes a block with one put, and blocks with the rows that they begin in one batch', async () => {
    const disk = new MemoryDisk();
    const history = fiveBlocks();
    const { log } = await logOf(history, disk);
    disk.operations.length = 0;
    await log.append([history.puts(1)], { sync: true });
    assert.deepEqual(
      disk.operations.map(({ kind, sync }) => ({ kind, sync })),
      [{ kind: 'put', sync: true }],
    );
    log.publish(history.blocks.slice(-1));
    disk.operations.length = 0;
    const row = history.begin('b');
    await log.append([history.puts(1), history.puts(1)], { sync: false, rows: [row] });
    assert.deepEqual(
      disk.operations.map(({ kind, keys }) => [kind, keys.length]),
      [['batch', 3]],
    );
    assert.equal(log.history.lineage.current?.replicationId, historyId('b'));
  });

  it('refuses everything with the reason for which it was closed', async () => {
    const history = fiveBlocks();
    const { log } = await logOf(history);
    const reason = new HeadwaterError('unavailable', 'closed for a test');
    const waiting = log.readers.whenBeyond(30, new AbortController().signal);
    log.readers.close(reason);
    log.readers.close(new HeadwaterError('internal', 'the first reason counts'));
    for (const asked of [
      waiting,
      log.read(0, ALL),
      log.append([history.puts(1)], { sync: false }),
      log.trimming.trim(3),
      log.history.begin(historyId('x')),
    ]) {
      await assert.rejects(asked, (error) => error === reason);
    }
    await assert.rejects(log.readers.whenBeyond(0, new AbortController().signal), (error) => error === reason);
  });
});

describe('a log that is waited for', () => {
  const never = new AbortController().signal;

  it('answers at once if it is beyond the offset already', async () => {
    const { log } = await logOf(fiveBlocks());
    await log.readers.whenBeyond(29, never);
  });

  it('wakes every waiter when blocks are published, not before', async () => {
    const history = fiveBlocks();
    const { log } = await logOf(history);
    const waiting = [log.readers.whenBeyond(30, never), log.readers.whenBeyond(30, never)];
    const block = history.puts(1);
    await log.append([block], { sync: false });
    log.publish([block]);
    assert(!(await settled(Promise.race(waiting))), 'the keyspace has not got it yet');
    log.readers.wake();
    await Promise.all(waiting);
  });

  it('releases a waiter that gives up, with the reason', async () => {
    const { log } = await logOf(fiveBlocks());
    const given = new AbortController();
    const waiting = log.readers.whenBeyond(30, given.signal);
    given.abort(new Error('no patience'));
    await assert.rejects(waiting, /no patience/);
    await assert.rejects(log.readers.whenBeyond(30, given.signal), /no patience/);
    log.readers.wake();
  });
});

describe('the durable point of a log', () => {
  it('asks the disk once for what is new, and not again', async () => {
    const disk = new MemoryDisk();
    const history = fiveBlocks();
    const { log } = await logOf(history, disk);
    const asked = () => disk.operations.filter(({ kind }) => kind === 'durable').length;
    const before = asked();
    assert.equal(log.durable.offset, 0);
    assert.equal(await log.durable.reach(), 30);
    assert.equal(await log.durable.reach(), 30);
    assert.equal(asked() - before, 1);
    assert.equal(log.durable.offset, 30);
  });

  it('does not cover what is published while the disk works', async () => {
    const disk = new MemoryDisk();
    const history = fiveBlocks();
    const { log } = await logOf(history, disk);
    let release = () => {};
    disk.fault = async ({ kind }) => {
      if (kind === 'durable')
        await new Promise<void>((resolve) => {
          release = resolve;
        });
    };
    const durable = log.durable.reach();
    await turn();
    history.puts(1);
    await appendAll(log, history);
    release();
    assert.equal(await durable, 30);
    assert.equal(log.durable.offset, 30);
  });

  it('is moved by synced appends once they are published, and not by others', async () => {
    const history = fiveBlocks();
    const { log } = await logOf(history);
    assert.equal(log.durable.offset, 0);
    const [synced, plain] = [history.puts(1), history.puts(1)];
    await log.append([synced], { sync: true });
    assert.equal(log.durable.offset, 0);
    log.publish([synced]);
    assert.equal(log.durable.offset, synced.lastOffset);
    await log.append([plain], { sync: false });
    log.publish([plain]);
    assert.equal(log.durable.offset, synced.lastOffset);
  });

  it('does not move when the disk fails', async () => {
    const disk = new MemoryDisk();
    const { log } = await logOf(fiveBlocks(), disk);
    disk.fault = () => {
      throw new Error('EIO');
    };
    await assert.rejects(log.durable.reach(), refused('store_latched', /EIO/));
    assert.equal(log.durable.offset, 0);
  });
});

describe('a history that a log begins', () => {
  it('has a row at the next offset, with the checksum there and the next epoch', async () => {
    const history = fiveBlocks();
    const { log } = await logOf(history);
    const row = await log.history.begin(historyId('b'));
    assert.deepEqual(row, { replicationId: historyId('b'), firstOffset: 31, checksum: history.end.checksum, epoch: 2 });
    assert.deepEqual(log.history.lineage.rows, [...history.rows, row]);
    assert.equal(log.history.lineage.replicationIdAt(30), historyId('a'));
  });

  it('is durable, and everything before it is, before it is known', async () => {
    const disk = new MemoryDisk();
    const { log } = await logOf(fiveBlocks(), disk);
    disk.operations.length = 0;
    await log.history.begin(historyId('b'));
    assert.deepEqual(
      disk.operations.map(({ kind, sync }) => [kind, sync]),
      [
        ['durable', false],
        ['put', true],
      ],
    );
    assert.deepEqual(disk.operations[1]?.keys, [lineageKey(31)]);
    const reopened = await openLog(disk);
    assert.equal(reopened.log.history.lineage.current?.replicationId, historyId('b'));
  });

  it('takes the place of one under which nothing was logged, on disk too', async () => {
    const disk = new MemoryDisk();
    const { log } = await logOf(fiveBlocks(), disk);
    await log.history.begin(historyId('b'));
    await log.history.begin(historyId('c'));
    assert.deepEqual(
      log.history.lineage.rows.map(({ replicationId }) => replicationId),
      [historyId('a'), historyId('c')],
    );
    const reopened = await openLog(disk);
    assert.deepEqual(reopened.log.history.lineage.rows, log.history.lineage.rows);
  });

  it('is forgotten if nothing was logged under it and the node follows instead', async () => {
    const disk = new MemoryDisk();
    const history = fiveBlocks();
    const { log } = await logOf(history, disk);
    await log.history.begin(historyId('b'));
    await log.history.forgetUnused();
    assert.deepEqual(log.history.lineage.rows, history.rows);
    await log.history.forgetUnused();
    assert.deepEqual((await openLog(disk)).log.history.lineage.rows, history.rows);
  });

  it('is not forgotten if something was logged under it', async () => {
    const history = fiveBlocks();
    const { log } = await logOf(history);
    history.begin('b');
    history.puts(1);
    await appendAll(log, history);
    await log.history.forgetUnused();
    assert.deepEqual(log.history.lineage.rows, history.rows);
  });
});

describe('trimming a log', () => {
  for (const [through, base] of [
    [0, 0],
    [2, 0],
    [3, 3],
    [8, 4],
    [9, 9],
    [29, 10],
    [30, 30],
    [99, 30],
  ] as const) {
    it(`through ${through} leaves it beginning after ${base}`, async () => {
      const disk = new MemoryDisk();
      const history = fiveBlocks();
      const { log } = await logOf(history, disk);
      assert.equal(await log.trimming.trim(through), base);
      assert.equal(log.base.offset, base);
      assert.equal(log.base.offset + 1, base + 1);
      assert.equal(
        await log.lookup.checksumAt(base),
        history.blocks.find((block) => block.lastOffset === base)?.checksum ?? 0,
      );
      assert.deepEqual(
        await offsetsOnDisk(disk),
        ends(history.blocks).filter((end) => end > base),
      );
      assert.deepEqual(
        ends(await log.read(base, ALL)),
        ends(history.blocks).filter((end) => end > base),
      );
      const reopened = await openLog(disk, log.base);
      assert.equal(reopened.failure, undefined);
      assert.deepEqual(reopened.log.base, log.base);
      assert.deepEqual(reopened.log.end, history.end);
    });
  }

  it('in many steps walks over no marks but those of the step before', async () => {
    const disk = new MemoryDisk();
    const history = new History();
    const steps = 60;
    for (let i = 0; i <= steps; i++) history.puts(1);
    const { log } = await coldLogOf(history, disk);
    disk.marksWalked = 0;
    for (let step = 1; step <= steps; step++) {
      assert.equal(await log.trimming.trim(step), step);
      await log.trimming.oldestTimeMs();
      await log.read(step, 1);
    }
    assert(disk.marksWalked <= 5 * steps, `${disk.marksWalked} marks in ${steps} steps`);
  });

  it('makes what is below the base "trimmed", from memory and from disk', async () => {
    for (const open of [logOf, coldLogOf]) {
      const { log } = await open(fiveBlocks());
      await log.trimming.trim(9);
      for (const offset of [0, 3, 5]) {
        await assert.rejects(
          log.read(offset, ALL),
          refused('trimmed', new RegExp(`needs the commands after offset ${offset}, the log holds 10 to 30`)),
        );
        assert.equal(await log.lookup.checksumAt(offset), 'trimmed');
      }
    }
  });

  it('puts the new base on disk, synced, before anything below it goes', async () => {
    const disk = new MemoryDisk();
    const { log } = await logOf(fiveBlocks(), disk);
    disk.operations.length = 0;
    await log.trimming.trim(9);
    const writes = disk.operations
      .filter(({ kind }) => kind !== 'read')
      .map(({ kind, keys, sync }) => [kind, keys.length, sync]);
    assert.deepEqual(writes, [
      ['put', 1, true],
      ['batch', 3, false],
    ]);
    await log.trimming.reclaim();
    assert.equal(disk.operations.at(-1)?.kind, 'compact');
    assert.deepEqual(disk.operations.find(({ kind }) => kind === 'put')?.keys, [BASE_KEY]);
  });

  it('that is cut between the base and the clearing is finished at the next open', async () => {
    const disk = new MemoryDisk();
    const history = fiveBlocks();
    const { log } = await logOf(history, disk);
    disk.fault = ({ kind }) => {
      if (kind === 'batch') throw new Error('power cut');
    };
    await assert.rejects(log.trimming.trim(9), /power cut/);
    disk.fault = undefined;
    assert.deepEqual(await offsetsOnDisk(disk), [3, 4, 9, 10, 30]);
    const { log: reopened, failure, findings } = await openLog(disk, history.blocks[3]?.position ?? ORIGIN);
    assert.equal(failure, undefined);
    assert.deepEqual(findings, []);
    assert.equal(reopened.base.offset, 9);
    assert.deepEqual(await offsetsOnDisk(disk), [10, 30]);
    await assert.rejects(reopened.read(4, ALL), refused('trimmed'));
  });

  it('goes no further than what is pinned, and further once it is unpinned', async () => {
    const { log } = await logOf(fiveBlocks());
    const pins = [log.trimming.pin(5, 'somebody'), log.trimming.pin(9, 'somebody')];
    assert.equal(await log.trimming.trim(30), 4, 'the block 5 to 9 holds what follows 5');
    for (const pin of pins) log.trimming.unpin(pin);
    const later = log.trimming.pin(9, 'somebody');
    assert.equal(await log.trimming.trim(30), 9, 'what follows 9 is still wanted, 9 itself is not');
    later.offset = 30;
    assert.equal(await log.trimming.trim(30), 30);
  });

  it('stops if a pin came while it searched', async () => {
    const disk = new MemoryDisk();
    const { log } = await logOf(fiveBlocks(), disk);
    const trimming = log.trimming.trim(30);
    const pin = log.trimming.pin(4, 'somebody');
    await trimming;
    assert.deepEqual(ends(await log.read(4, ALL)), [9, 10, 30]);
    log.trimming.unpin(pin);
  });

  it('shows no base to a new pin that the disk is already deleting', async () => {
    const disk = new MemoryDisk();
    const { log } = await logOf(fiveBlocks(), disk);
    let release = () => {};
    disk.fault = async ({ kind }) => {
      if (kind === 'put')
        await new Promise<void>((resolve) => {
          release = resolve;
        });
    };
    const trimming = log.trimming.trim(30);
    await turns(10);
    const pin = log.trimming.pin(4, 'somebody');
    const promised = log.base.offset <= 4;
    release();
    await trimming;
    if (promised) assert.deepEqual(ends(await log.read(4, ALL)), [9, 10, 30]);
    else await assert.rejects(log.read(4, ALL), refused('trimmed'));
    log.trimming.unpin(pin);
  });

  it('leaves an empty log that continues at its end', async () => {
    const disk = new MemoryDisk();
    const history = fiveBlocks();
    const { log } = await logOf(history, disk);
    await log.trimming.trim(30);
    assert.deepEqual(log.base, history.end);
    history.puts(2);
    await appendAll(log, history);
    assert.deepEqual(ends(await log.read(30, ALL)), [32]);
    const reopened = await openLog(disk, log.base);
    assert.deepEqual(ends(reopened.replayed), [32]);
  });
});

describe('the header of a block that the disk has changed', () => {
  /** Blocks that end at 3, 4, 9, 10, 30, all on the disk alone. */
  async function changed(end: number, bit: number): Promise<Log> {
    const history = fiveBlocks();
    const { log, disk } = await coldLogOf(history);
    const block = history.blocks.find(({ lastOffset }) => lastOffset === end) as Block;
    await replaceBlock(disk, block, flipped(block.bytes, bit));
    return log;
  }

  it('is not believed about the running checksum', async () => {
    const log = await changed(9, 0);
    await assert.rejects(log.lookup.checksumAt(9), refused('corrupt', /offset 9 is damaged/));
  });

  it('is believed about the running checksum if the block behind chains from it', async () => {
    for (const bit of [27 * 8, 29 * 8, 55 * 8]) {
      const log = await changed(9, bit);
      assert.equal(await log.lookup.checksumAt(9), fiveBlocks().blocks[2]?.checksum);
      assert.equal(await log.lookup.checksumAt(10), fiveBlocks().blocks[3]?.checksum);
    }
  });

  it('is not believed about the time', async () => {
    for (const bit of [0, 20 * 8, 27 * 8]) {
      const log = await changed(9, bit);
      await assert.rejects(log.lookup.timeAt(9), refused('corrupt', /offset 9 is damaged/));
    }
    const log = await changed(9, 27 * 8);
    assert.equal(await log.lookup.timeAt(10), fiveBlocks().blocks[3]?.timeMs);
  });

  it('is not believed about the start of the block', async () => {
    const log = await changed(9, 19 * 8 + 2);
    await assert.rejects(log.read(4, ALL), refused('corrupt', /offset 9 is damaged/));
    await assert.rejects(log.read(5, ALL), refused('corrupt', /offset 9 is damaged/));
  });
});

describe('trimming a log whose disk has changed', () => {
  /** Blocks that end at 3, 4, 9, 10, 30, all on the disk alone; the base would be 9. */
  const damages: [what: string, damage: (disk: MemoryDisk, block: (end: number) => Block) => Promise<void>][] = [
    ...(
      [
        ['checksum', 0],
        ['first offset', 19 * 8],
        ['time', 27 * 8],
        ['history', 29 * 8],
        ['payload', 55 * 8],
      ] as const
    ).map(([what, bit]): [string, (disk: MemoryDisk, block: (end: number) => Block) => Promise<void>] => [
      `the ${what} of the block that would be its base`,
      (disk, block) => replaceBlock(disk, block(9), flipped(block(9).bytes, bit)),
    ]),
    ['a part of that block', (disk, block) => replaceBlock(disk, block(9), block(9).bytes.subarray(0, 30))],
    ['the block before it', (disk, block) => replaceBlock(disk, block(4), flipped(block(4).bytes, 1))],
    ['the block before it, which is gone', (disk, block) => removeBlock(disk, block(4))],
  ];
  for (const [what, damage] of damages) {
    it(`(${what}) is refused as corrupt, and the log is as it was`, async () => {
      const history = fiveBlocks();
      const { log, disk } = await coldLogOf(history);
      await damage(disk, (end) => history.blocks.find((block) => block.lastOffset === end) as Block);
      const before = await offsetsOnDisk(disk);
      disk.operations.length = 0;
      await assert.rejects(
        log.trimming.trim(9),
        refused('corrupt', /^memory: the log cannot be trimmed to offset 9: .*offset 9 is/),
      );
      assert.deepEqual(log.base, ORIGIN);
      assert.deepEqual(
        disk.operations.filter(({ kind }) => kind !== 'read'),
        [],
      );
      assert.deepEqual(await offsetsOnDisk(disk), before);
      assert.equal(await log.trimming.trim(3), 3, 'what is whole below can still go');
    });
  }

  it('is refused if the first block does not chain from the base', async () => {
    const history = fiveBlocks();
    const { log, disk } = await coldLogOf(history);
    assert.equal(await log.trimming.trim(4), 4);
    const [, , third] = history.blocks as [Block, Block, Block];
    await replaceBlock(disk, third, flipped(third.bytes, 55 * 8));
    await assert.rejects(log.trimming.trim(9), refused('corrupt'));
    assert.equal(log.base.offset, 4);
  });

  it('stops at what a newer version has written, by name', async () => {
    const history = fiveBlocks();
    const { log, disk } = await coldLogOf(history);
    const [, , third] = history.blocks as [Block, Block, Block];
    await replaceBlock(disk, third, flipped(third.bytes, 28 * 8 + 1));
    await assert.rejects(log.trimming.trim(9), refused('unknown_format', /a block has format 3/));
    assert.deepEqual(log.base, ORIGIN);
  });
});

describe('two callers that raise the start of a log at once', () => {
  it('leave the higher one, in memory and on disk', async () => {
    const disk = new MemoryDisk();
    const history = fiveBlocks();
    const { log } = await logOf(history, disk);
    let release = () => {};
    disk.fault = async ({ kind }) => {
      if (kind !== 'read') return;
      disk.fault = undefined;
      await new Promise<void>((resolve) => {
        release = resolve;
      });
    };
    const held = log.trimming.trim(9);
    await turn();
    assert.equal(await log.trimming.trim(10), 10);
    release();
    assert.equal(await held, 10);
    assert.equal(log.base.offset, 10);
    assert.equal((await openLog(disk, log.base)).log.base.offset, 10);
  });

  it('write their bases one after another, however long the disk takes over the first', async () => {
    const disk = new MemoryDisk();
    const { log } = await logOf(fiveBlocks(), disk);
    let release = () => {};
    disk.fault = async ({ kind }) => {
      if (kind !== 'put') return;
      disk.fault = undefined;
      await new Promise<void>((resolve) => {
        release = resolve;
      });
    };
    const lower = log.trimming.trim(9);
    await turns(10);
    const higher = log.trimming.trim(10);
    await turns(10);
    release();
    await Promise.all([lower, higher]);
    assert.equal(log.base.offset, 10);
    assert.equal(decodeBase((await disk.raw('memory').get(BASE_KEY)) as Buffer).position.offset, 10);
  });
});

describe('the time at the end of a log', () => {
  it('is known if everything was trimmed, before and after an open', async () => {
    const disk = new MemoryDisk();
    const history = fiveBlocks();
    const { log } = await logOf(history, disk);
    await log.trimming.trim(30);
    assert.equal(log.lookup.endTimeMs, history.timeMs);
    const reopened = await openLog(disk, log.base);
    assert.deepEqual([reopened.log.lookup.endTimeMs, reopened.replayed], [history.timeMs, []]);
  });

  it('is that of the last block if a part was trimmed', async () => {
    const disk = new MemoryDisk();
    const history = fiveBlocks();
    const { log } = await logOf(history, disk);
    await log.trimming.trim(9);
    const base = await openLog(disk, log.base);
    assert.equal(base.log.lookup.endTimeMs, history.timeMs);
    assert.equal((await openLog(disk, history.end)).log.lookup.endTimeMs, history.timeMs);
  });

  it('is known to a log that was made at a snapshot, before and after an open', async () => {
    const disk = new MemoryDisk();
    const history = fiveBlocks();
    const base = { position: history.end, timeMs: history.timeMs };
    const log = await Log.createAt(await disk.database(), base, new Lineage(history.rows));
    assert.equal(log.lookup.endTimeMs, history.timeMs);
    assert.equal((await openLog(disk, history.end)).log.lookup.endTimeMs, history.timeMs);
  });
});

describe('a log made at a snapshot', () => {
  it('begins there, answers for that position, and takes what follows', async () => {
    const disk = new MemoryDisk();
    const history = fiveBlocks();
    const base = history.end;
    const log = await Log.createAt(
      await disk.database(),
      { position: base, timeMs: history.timeMs },
      new Lineage(history.rows),
    );
    assert.deepEqual(log.end, base);
    assert.equal(await log.lookup.checksumAt(30), base.checksum);
    assert.equal(await log.lookup.checksumAt(10), 'trimmed');
    const block = history.puts(3);
    await log.append([block], { sync: false });
    log.publish([block]);
    const reopened = await openLog(disk, base);
    assert.deepEqual(ends(reopened.replayed), [33]);
    assert.deepEqual(reopened.log.history.lineage.rows, history.rows);
    assert.deepEqual(reopened.log.base, base);
  });
});

describe('reading while others append', () => {
  it('never shows a gap or a block twice', async () => {
    const history = new History();
    const { log } = await logOf(history);
    const seen: number[] = [];
    const reader = (async () => {
      for (let at = 0; at < 300; ) {
        await log.readers.whenBeyond(at, new AbortController().signal);
        for (const block of await log.read(at, 200)) {
          seen.push(block.lastOffset);
          at = block.lastOffset;
        }
      }
    })();
    for (let i = 0; i < 100; i++) {
      history.block(put('a'), put('b'), put('c'));
      await appendAll(log, history);
    }
    await reader;
    assert.deepEqual(seen, ends(history.blocks));
  });

  it('does so from disk, a chunk at a time', async () => {
    const history = new History();
    for (let i = 0; i < 40; i++) history.puts(1, Buffer.alloc(CURSOR_READ_BYTES / 10));
    const { log } = await coldLogOf(history);
    let at = 0;
    for (let rounds = 0; at < 40; rounds++) {
      const blocks = await log.read(at, CURSOR_READ_BYTES);
      assert(blocks.length > 5 && blocks.length < 15, `${blocks.length} blocks`);
      assert.equal(blocks[0]?.firstOffset, at + 1);
      at = blocks.at(-1)?.lastOffset as number;
      assert(rounds < 10);
    }
  });
});
