/**
 * The check in the background of what an open does not look at: a break below
 * the checkpoint raises the start of the log, and nothing that a damaged block
 * says of itself is believed.
 */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import { SCRUB_STEP_BYTES } from '../../src/base/limits.js';
import type { Block } from '../../src/log/block.js';
import type { LogFinding } from '../../src/log/finding.js';
import type { Log } from '../../src/log/log.js';
import { BASE_KEY, decodeBase } from '../../src/log/rows.js';
import { ORIGIN, type Position } from '../../src/model/position.js';
import type { MemoryDisk } from '../support/database.js';
import { refused } from '../support/refusals.js';
import { ALL, ends, flipped, History } from './blocks.js';
import { coldLogOf, offsetsOnDisk, openLog, removeBlock, replaceBlock, sixBlocks } from './open-log.js';

const never = new AbortController().signal;

const scrub = async (log: Log, through: Position, pause = async () => {}) => {
  const findings: LogFinding[] = [];
  await log.integrity.scrub(through, (finding) => findings.push(finding), pause, never);
  return findings;
};

describe('the scrub of what lies below the checkpoint', () => {
  it('finds nothing in a log that is whole, trimmed or not', async () => {
    const { disk, at } = await sixBlocks();
    const { log } = await openLog(disk, at(31));
    assert.deepEqual(await scrub(log, at(31)), []);
    await log.trimming.trim(9);
    assert.deepEqual(await scrub(log, at(31)), []);
    assert.equal(log.base.offset, 9);
  });

  const damages: [what: string, damage: (disk: MemoryDisk, block: Block) => Promise<void>, from: number][] = [
    ['flipped payload', (disk, block) => replaceBlock(disk, block, flipped(block.bytes, 55 * 8)), 10],
    ['an unreadable block', (disk, block) => replaceBlock(disk, block, Buffer.alloc(3)), 30],
    ['a missing block', removeBlock, 30],
  ];
  for (const [what, damage, base] of damages) {
    it(`raises the start over ${what}: to the first block from which it chains again`, async () => {
      const { disk, at, block, history } = await sixBlocks();
      await damage(disk, block(10));
      const { log, findings } = await openLog(disk, at(31));
      assert.deepEqual(findings, [], 'what lies below the checkpoint is not looked at on open');
      const [finding, ...more] = await scrub(log, at(31));
      assert(finding?.kind === 'start_raised' && more.length === 0);
      assert.deepEqual([finding.from, finding.to], [1, base + 1]);
      assert.deepEqual(log.base, at(base));
      assert.deepEqual(
        ends(await log.read(base, ALL)),
        ends(history.blocks).filter((end) => end > base),
      );
      assert.deepEqual(
        await offsetsOnDisk(disk),
        ends(history.blocks).filter((end) => end > base),
      );
      await assert.rejects(log.read(4, ALL), refused('trimmed'));
      const again = await openLog(disk, at(31));
      assert.deepEqual([again.failure, again.log.base, again.log.end], [undefined, at(base), history.end]);
    });
  }

  it('raises the start over the last break if there are several', async () => {
    const { disk, at, block } = await sixBlocks();
    await replaceBlock(disk, block(4), flipped(block(4).bytes, 55 * 8));
    await replaceBlock(disk, block(10), flipped(block(10).bytes, 55 * 8));
    const { log } = await openLog(disk, at(31));
    assert.equal((await scrub(log, at(31))).length, 2);
    assert.deepEqual(log.base, at(10));
  });

  it('raises it to the checkpoint if nothing below chains', async () => {
    const { disk, at, block } = await sixBlocks();
    await removeBlock(disk, block(30));
    const { log } = await openLog(disk, at(31));
    assert.equal((await scrub(log, at(31))).length, 1);
    assert.deepEqual(log.base, at(31));
    assert.equal((await openLog(disk, at(31))).failure, undefined);
  });

  it('rests after every step, and does not take a trim for a break', async () => {
    const history = new History();
    for (let i = 0; i < 8; i++) history.puts(1, Buffer.alloc(SCRUB_STEP_BYTES / 2));
    const { log } = await coldLogOf(history);
    let pauses = 0;
    const findings = await scrub(log, history.end, async () => {
      if (++pauses === 1) await log.trimming.trim(5);
    });
    assert.deepEqual(findings, []);
    assert.equal(log.base.offset, 5);
    assert(pauses > 1 && pauses <= 4, `${pauses} pauses`);
  });

  it('never lowers a start that a trim has raised meanwhile', async () => {
    const history = new History();
    for (let i = 0; i < 8; i++) history.puts(1, Buffer.alloc(SCRUB_STEP_BYTES / 2));
    const { log, disk } = await coldLogOf(history);
    const second = history.blocks[1] as Block;
    await replaceBlock(disk, second, flipped(second.bytes, 55 * 8));
    let pauses = 0;
    await scrub(log, history.end, async () => {
      if (++pauses === 1) await log.trimming.trim(6);
    });
    assert.equal(log.base.offset, 6);
    assert.deepEqual(await offsetsOnDisk(disk), [7, 8]);
  });

  it('ends when it is stopped, or the log is closed', async () => {
    const { disk, at, block } = await sixBlocks();
    await replaceBlock(disk, block(10), flipped(block(10).bytes, 55 * 8));
    const { log } = await openLog(disk, at(31));
    const stop = new AbortController();
    stop.abort();
    await log.integrity.scrub(
      at(31),
      () => assert.fail(),
      async () => {},
      stop.signal,
    );
    log.readers.close(new HeadwaterError('unavailable', 'closed'));
    await log.integrity.scrub(
      at(31),
      () => assert.fail(),
      async () => {},
      never,
    );
    assert.deepEqual(log.base, ORIGIN);
  });
});

describe('what a damaged block says of itself', () => {
  const damages: [what: string, bit: number][] = [
    ['its first offset', 19 * 8 + 3],
    ['its time', 22 * 8],
    ['its history', 29 * 8],
    ['its payload', 55 * 8],
  ];
  for (const [what, bit] of damages) {
    it(`(${what}) is not believed if the log has to begin behind it`, async () => {
      const { disk, at, block } = await sixBlocks();
      await replaceBlock(disk, block(10), flipped(block(10).bytes, bit));
      const { log } = await openLog(disk, at(31));
      const [finding] = await scrub(log, at(31));
      assert.deepEqual(finding, {
        kind: 'start_raised',
        from: 1,
        to: 11,
        why: 'the block that ends at offset 10 does not continue the block before it',
      });
      assert.deepEqual(log.base, at(10));
      assert.deepEqual(decodeBase((await disk.raw('memory').get(BASE_KEY)) as Buffer), {
        position: at(10),
        timeMs: block(9).timeMs,
      });
    });
  }

  it("(its checksum) is not believed at the checkpoint: the keyspace's own is", async () => {
    const { disk, at, block } = await sixBlocks();
    const { log } = await openLog(disk, at(31));
    await replaceBlock(disk, block(31), flipped(block(31).bytes, 3));
    assert.equal((await scrub(log, at(31))).length, 1);
    assert.deepEqual(log.base, at(31));
    assert.equal(log.lookup.endTimeMs, block(31).timeMs);
    const again = await openLog(disk, at(31));
    assert.deepEqual([again.failure, again.findings, again.log.lookup.endTimeMs], [undefined, [], block(31).timeMs]);
  });

  it('(its payload, the last below the checkpoint) leaves the log beginning at the checkpoint', async () => {
    const { disk, at, block, history } = await sixBlocks();
    await replaceBlock(disk, block(10), flipped(block(10).bytes, 55 * 8));
    const { log } = await openLog(disk, at(10));
    await scrub(log, at(10));
    assert.deepEqual([log.base, log.end], [at(10), history.end]);
  });

  it('does not hide that the block at the checkpoint is gone', async () => {
    const { disk, at, block } = await sixBlocks();
    const { log } = await openLog(disk, at(30));
    await removeBlock(disk, block(30));
    const [finding, ...more] = await scrub(log, at(30));
    assert(finding?.kind === 'start_raised' && more.length === 0);
    assert.match(finding.why, /no block leads to the checkpoint at offset 30/);
    assert.deepEqual(log.base, at(30));
    assert.deepEqual(ends(await log.read(30, ALL)), [31]);
  });
});
