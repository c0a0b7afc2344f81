/**
 * Opening a log whose disk is not what was written: what breaks above the
 * checkpoint ends the log, what breaks below it raises its start, and what a
 * newer version wrote stops the node by name.
 */
import assert from 'node:assert/strict';
import { open, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { HeadwaterError } from '../../src/base/errors.js';
import { openLevel } from '../../src/disk/level.js';
import type { Block } from '../../src/log/block.js';
import type { LogFinding } from '../../src/log/finding.js';
import { Log } from '../../src/log/log.js';
import type { Recovery } from '../../src/log/recovery.js';
import { BASE_KEY, blockKey, encodeBase, encodeLineageRow, lineageKey } from '../../src/log/rows.js';
import { ORIGIN } from '../../src/model/position.js';
import { MemoryDisk, removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { refused } from '../support/refusals.js';
import { historyId } from '../support/seeds.js';
import { ALL, ends, flipped, History } from './blocks.js';
import { appendAll, logOf, offsetsOnDisk, openLog, removeBlock, replaceBlock, sixBlocks } from './open-log.js';

afterEach(removeTemporaryDirectories);

describe('opening a log that is whole', () => {
  for (const [checkpoint, replayed] of [
    [0, [3, 4, 9, 10, 30, 31]],
    [9, [10, 30, 31]],
    [31, []],
  ] as const) {
    it(`replays what follows a checkpoint at ${checkpoint}, in order, and finds nothing`, async () => {
      const { disk, history, at } = await sixBlocks();
      const opened = await openLog(disk, at(checkpoint));
      assert.deepEqual(ends(opened.replayed), replayed);
      assert.deepEqual([opened.findings, opened.quarantined, opened.failure], [[], [], undefined]);
      assert.deepEqual(opened.log.end, history.end);
      assert.equal(opened.log.lookup.endTimeMs, history.timeMs);
      assert.deepEqual(opened.log.history.lineage.rows, history.rows);
      assert.deepEqual(opened.log.base, ORIGIN);
    });
  }

  it('waits for each block to be replayed before the next', async () => {
    const { disk } = await sixBlocks();
    const log = await Log.open(await disk.database());
    let inHand = 0;
    await log.integrity.recover({
      checkpoint: ORIGIN,
      replay: async (block) => {
        assert.equal(inHand++, 0);
        assert.equal(log.end.offset, block.lastOffset);
        await new Promise((resolve) => setImmediate(resolve));
        inHand--;
      },
      quarantine: async () => assert.fail(),
      found: () => assert.fail(),
    });
  });

  it('passes on why a block could not be replayed, and leaves the disk as it is', async () => {
    const { disk } = await sixBlocks();
    const log = await Log.open(await disk.database());
    const recovery = { checkpoint: ORIGIN, quarantine: async () => assert.fail(), found: () => assert.fail() };
    await assert.rejects(
      log.integrity.recover({
        ...recovery,
        replay: () => {
          throw new HeadwaterError('unknown_format', 'a command of 2030');
        },
      }),
      /2030/,
    );
    assert.deepEqual(await offsetsOnDisk(disk), [3, 4, 9, 10, 30, 31]);
  });
});

describe('a break above the checkpoint', () => {
  type Damage = (disk: MemoryDisk, block: Block) => Promise<void>;
  const damages: [what: string, damage: Damage, keeps: boolean][] = [
    ['a flipped bit in its checksum', (disk, block) => replaceBlock(disk, block, flipped(block.bytes, 0)), true],
    ['a flipped bit in its offsets', (disk, block) => replaceBlock(disk, block, flipped(block.bytes, 8 * 8)), true],
    [
      'a flipped bit in its payload',
      (disk, block) => replaceBlock(disk, block, flipped(block.bytes, block.bytes.length * 8 - 1)),
      true,
    ],
    ['a cut', (disk, block) => replaceBlock(disk, block, block.bytes.subarray(0, -1)), true],
    ['nothing left of it', (disk, block) => replaceBlock(disk, block, Buffer.alloc(0)), true],
    ['noise in its place', (disk, block) => replaceBlock(disk, block, Buffer.alloc(60, 0x01)), true],
    ['its row missing', removeBlock, false],
  ];
  for (const [what, damage, keeps] of damages) {
    for (const broken of [4, 10, 31]) {
      if (broken === 31 && !keeps) continue;
      it(`at ${broken} by ${what} ends the log before it and sets the rest aside`, async () => {
        const { disk, history, at, block } = await sixBlocks();
        await damage(disk, block(broken));
        const behind: Buffer[] = [];
        for (const end of await offsetsOnDisk(disk))
          if (end >= broken) behind.push(Buffer.from((await disk.raw('memory').get(blockKey(end))) as Buffer));
        const opened = await openLog(disk, at(3));
        const before = history.blocks.filter((candidate) => candidate.lastOffset < broken);
        const end = before.at(-1) as Block;
        assert.equal(opened.failure, undefined);
        assert.deepEqual(opened.log.end, end.position);
        assert.deepEqual(ends(opened.replayed), ends(before).slice(1));
        assert.deepEqual(opened.quarantined, behind);
        const [finding] = opened.findings;
        assert(finding?.kind === 'tail_cut' && opened.findings.length === 1);
        assert.deepEqual([finding.from, finding.to], [end.lastOffset + 1, 31]);
        assert.deepEqual(await offsetsOnDisk(disk), ends(before));
        const again = await openLog(disk, at(3));
        assert.deepEqual([again.findings, again.failure, again.log.end], [[], undefined, end.position]);
      });
    }
  }

  it('is not seen if the last block is gone: nothing says that there was one', async () => {
    const { disk, at, block } = await sixBlocks();
    await removeBlock(disk, block(31));
    const opened = await openLog(disk, at(3));
    assert.deepEqual([opened.findings, opened.log.end], [[], at(30)]);
  });

  it('is seen if a block stands under the key of another offset', async () => {
    const { disk, at, block } = await sixBlocks();
    await removeBlock(disk, block(10));
    await disk.raw('memory').put(blockKey(11), block(10).bytes);
    const opened = await openLog(disk, at(3));
    assert.deepEqual(opened.log.end, at(9));
    assert.equal(opened.findings[0]?.kind, 'tail_cut');
  });

  it('keeps what it takes out before it takes it out', async () => {
    const { disk, at, block } = await sixBlocks();
    await replaceBlock(disk, block(10), flipped(block(10).bytes, 3));
    const log = await Log.open(await disk.database());
    const recovery = { checkpoint: at(3), replay: () => {}, found: () => assert.fail() };
    await assert.rejects(
      log.integrity.recover({
        ...recovery,
        quarantine: async () => {
          throw new Error('no room');
        },
      }),
      /no room/,
    );
    assert.deepEqual(await offsetsOnDisk(disk), [3, 4, 9, 10, 30, 31]);
  });

  it('makes the cut durable, and the log continues from there', async () => {
    const { disk, at, history, block } = await sixBlocks();
    await replaceBlock(disk, block(10), flipped(block(10).bytes, 3));
    const { log } = await openLog(disk, at(3));
    assert.equal(disk.operations.at(-1)?.kind, 'durable');
    const other = new History('a', at(9));
    other.rows.length = 0;
    other.puts(4);
    await appendAll(log, other);
    const again = await openLog(disk, at(3));
    assert.deepEqual([again.findings, again.log.end], [[], other.end]);
    assert.notDeepEqual(again.log.end, history.end);
  });

  it('cuts the rows of histories that begin behind it, and keeps one that begins right there', async () => {
    const history = new History('a');
    history.puts(5);
    history.begin('b');
    history.puts(5);
    history.begin('c');
    history.puts(5);
    const { disk } = await logOf(history);
    const [, second, third] = history.blocks as [Block, Block, Block];
    await replaceBlock(disk, third, flipped(third.bytes, 100));
    const kept = await openLog(disk);
    assert.deepEqual(kept.log.history.lineage.rows, history.rows, 'c would begin with the next command');
    assert.deepEqual(
      kept.findings.map(({ kind }) => kind),
      ['tail_cut'],
    );
    await replaceBlock(disk, second, flipped(second.bytes, 100));
    const cut = await openLog(disk);
    assert.deepEqual(cut.log.history.lineage.rows, history.rows.slice(0, 2));
    assert.deepEqual(
      cut.findings.map(({ kind }) => kind),
      ['tail_cut', 'lineage_cut'],
    );
    assert.deepEqual((await openLog(disk)).log.history.lineage.rows, history.rows.slice(0, 2));
  });
});

describe('rows of the lineage beyond the end', () => {
  it('are cut, each with a finding, and do not come back', async () => {
    const { disk, history } = await sixBlocks();
    for (const [letter, firstOffset] of [
      ['x', 33],
      ['y', 40],
    ] as const) {
      const row = { replicationId: historyId(letter), firstOffset, checksum: 1, epoch: firstOffset };
      await disk.raw('memory').put(lineageKey(firstOffset), encodeLineageRow(row));
    }
    const opened = await openLog(disk);
    assert.deepEqual(
      opened.findings.map((finding) => finding.kind === 'lineage_cut' && finding.row.firstOffset),
      [33, 40],
    );
    assert.deepEqual(opened.log.history.lineage.rows, history.rows);
    assert.deepEqual((await openLog(disk)).findings, []);
  });
});

describe('a log that does not reach the checkpoint of its keyspace', () => {
  it('because it ends before it is cut to the blocks that are proven', async () => {
    const { disk, at, block } = await sixBlocks();
    for (const end of [30, 31]) await removeBlock(disk, block(end));
    const opened = await openLog(disk, at(31));
    assert(refused('keyspace_incomplete', /ends at offset 10, the keyspace on disk is at 31/)(opened.failure));
    assert.deepEqual(opened.log.end, at(10));
    assert.deepEqual(await offsetsOnDisk(disk), [3, 4, 9, 10]);
  });

  it('because it ends before it, and is broken further down, ends at the break', async () => {
    const { disk, at, block } = await sixBlocks();
    await removeBlock(disk, block(31));
    await replaceBlock(disk, block(9), flipped(block(9).bytes, 400));
    const opened = await openLog(disk, at(31));
    assert.equal(opened.failure?.code, 'keyspace_incomplete');
    assert.deepEqual(opened.log.end, at(4));
  });

  it('because nothing is left of it ends at the origin', async () => {
    const opened = await openLog(new MemoryDisk(), (await sixBlocks()).at(31));
    assert(refused('keyspace_incomplete', /ends at offset 0/)(opened.failure));
    assert.deepEqual(opened.log.end, ORIGIN);
  });

  it('because it begins after it is kept as it is', async () => {
    const { disk, at } = await sixBlocks();
    const { log } = await openLog(disk);
    await log.trimming.trim(10);
    const opened = await openLog(disk, at(9));
    assert(refused('keyspace_incomplete', /begins after offset 10, the keyspace ends at 9/)(opened.failure));
    assert.deepEqual(opened.log.end, at(31), 'what follows counts as what this node has');
  });

  it('because it begins there with another past leaves an incomplete keyspace', async () => {
    const { disk, at } = await sixBlocks();
    const { log } = await openLog(disk);
    await log.trimming.trim(10);
    const opened = await openLog(disk, { ...at(10), checksum: 1 });
    assert(refused('keyspace_incomplete', /their histories differ/)(opened.failure));
    assert.deepEqual(opened.log.end, at(31), 'what follows counts as what this node has');
  });
});

describe('a break at the checkpoint', () => {
  for (const [what, damage] of [
    ['flipped payload', async (disk: MemoryDisk, block: Block) => replaceBlock(disk, block, flipped(block.bytes, 0))],
    ['cut', async (disk: MemoryDisk, block: Block) => replaceBlock(disk, block, block.bytes.subarray(0, 20))],
    ['missing row', removeBlock],
  ] as const) {
    it(`(${what}) makes the log begin there, and costs nothing behind it`, async () => {
      const { disk, at, block, history } = await sixBlocks();
      await damage(disk, block(10));
      const opened = await openLog(disk, at(10));
      assert.equal(opened.failure, undefined);
      assert.deepEqual(ends(opened.replayed), [30, 31]);
      assert.deepEqual(opened.log.base, at(10));
      assert.deepEqual(opened.log.end, history.end);
      assert.deepEqual(
        opened.findings.map((finding) => [finding.kind, 'to' in finding && finding.to]),
        [['start_raised', 11]],
      );
      await assert.rejects(opened.log.read(9, ALL), refused('trimmed'));
      assert.deepEqual((await openLog(disk, at(10))).findings, []);
    });
  }
});

describe('what a newer version has written', () => {
  const newer = (block: Block) => {
    const bytes = Buffer.from(block.bytes);
    bytes[28] = 2;
    bytes.writeUInt32BE(crc32(bytes.subarray(4), 0), 0);
    return bytes;
  };
  for (const [where, checkpoint, end] of [
    ['above the checkpoint', 9, 10],
    ['at the checkpoint', 10, 10],
    ['at the end', 9, 31],
  ] as const) {
    it(`${where} stops the node by name, as a later format, and nothing is touched`, async () => {
      const { disk, at, block } = await sixBlocks();
      await replaceBlock(disk, block(end), newer(block(end)));
      const opened = await openLog(disk, at(checkpoint));
      assert(refused('unknown_format', /a block has format 2/)(opened.failure), String(opened.failure));
      assert.deepEqual(await offsetsOnDisk(disk), [3, 4, 9, 10, 30, 31]);
      assert.deepEqual(opened.findings, []);
      assert.equal(await disk.raw('memory').get(BASE_KEY), undefined);
    });
  }
});

describe('what a crash leaves of a cut', () => {
  /** 700 blocks behind a break: more than is read, or deleted, in one step. */
  async function manyBehind(): Promise<{ disk: MemoryDisk; history: History; behind: Buffer[] }> {
    const history = new History();
    for (let i = 0; i < 702; i++) history.puts(1);
    const { disk } = await logOf(history);
    const broken = history.blocks[2] as Block;
    const bytes = flipped(broken.bytes, 400);
    await replaceBlock(disk, broken, bytes);
    return { disk, history, behind: [bytes, ...history.blocks.slice(3).map((block) => block.bytes)] };
  }

  async function recoverOnce(disk: MemoryDisk, quarantine: Recovery['quarantine']): Promise<void> {
    const log = await Log.open(await disk.database());
    await log.integrity.recover({ checkpoint: ORIGIN, replay: () => {}, quarantine, found: () => {} });
  }

  it('before it was kept whole is the whole log', async () => {
    const { disk, history, behind } = await manyBehind();
    const half = async (blocks: AsyncIterable<Buffer>) => {
      let count = 0;
      for await (const _ of blocks) if (++count === 300) throw new Error('power cut');
    };
    await assert.rejects(recoverOnce(disk, half), /power cut/);
    assert.equal((await offsetsOnDisk(disk)).length, 702);
    const again = await openLog(disk);
    assert.deepEqual(again.quarantined, behind);
    assert.deepEqual(again.log.end, history.blocks[1]?.position);
  });

  for (const [where, nth] of [
    ['while it leaves the log', 2],
    ['before the first of it has left the log', 1],
  ] as const) {
    it(`${where} is found as a break again, in the same place, and kept again`, async () => {
      const { disk, history, behind } = await manyBehind();
      const kept: Buffer[] = [];
      let batches = 0;
      disk.fault = ({ kind }) => {
        if (kind === 'batch' && ++batches === nth) throw new Error('power cut');
      };
      const keep = async (blocks: AsyncIterable<Buffer>) => {
        for await (const bytes of blocks) kept.push(bytes);
      };
      await assert.rejects(recoverOnce(disk, keep), /power cut/);
      disk.fault = undefined;
      assert.deepEqual(kept, behind);
      const left = (await offsetsOnDisk(disk)).length - 2;
      assert(left > 0 && left <= 700 && (nth === 1) === (left === 700), `${left} left`);
      const again = await openLog(disk);
      assert.deepEqual(again.quarantined, behind.slice(-left));
      assert.deepEqual(again.log.end, history.blocks[1]?.position);
      assert.deepEqual(await offsetsOnDisk(disk), [1, 2]);
      assert.deepEqual((await openLog(disk)).findings, []);
    });
  }

  it('is kept by reading on as it is written, never all of it in memory', async () => {
    const { disk } = await manyBehind();
    const reads = () => disk.operations.filter(({ kind }) => kind === 'read').length;
    const readsAt: number[] = [];
    await recoverOnce(disk, async (blocks) => {
      for await (const _ of blocks) readsAt.push(reads());
    });
    assert.equal(readsAt.length, 700);
    const steps = new Set(readsAt).size;
    assert(steps >= 10, `700 blocks came in ${steps} steps`);
  });

  it('does not leave the log while some of it is not kept', async () => {
    const { disk } = await manyBehind();
    const some = async (blocks: AsyncIterable<Buffer>) => {
      for await (const _ of blocks) return;
    };
    for (const careless of [some, async () => {}])
      await assert.rejects(recoverOnce(disk, careless), /all blocks behind a break are kept before they leave/);
    assert.equal((await offsetsOnDisk(disk)).length, 702);
  });
});

describe('a row of the log that the disk has changed', () => {
  async function trimmed(): Promise<{ disk: MemoryDisk; history: History }> {
    const { disk, history } = await sixBlocks();
    const { log } = await openLog(disk);
    await log.trimming.trim(9);
    return { disk, history };
  }

  for (const [what, key, pattern] of [
    [
      'the base',
      BASE_KEY,
      /^memory: the base row in the log database does not match its checksum.*Nothing was changed/,
    ],
    [
      'a history',
      lineageKey(1),
      /^memory: the lineage row from offset 1 in the log database does not match its checksum.*Nothing was changed/,
    ],
  ] as const) {
    it(`(${what}) stops the open by name and directory, and nothing is touched`, async () => {
      const { disk, history } = await trimmed();
      const raw = disk.raw('memory');
      const whole = Buffer.from((await raw.get(key)) as Buffer);
      for (const bit of [0, 21 * 8, 31 * 8 + 7, whole.length * 8 - 1]) {
        await raw.put(key, flipped(whole, bit));
        disk.operations.length = 0;
        await assert.rejects(Log.open(await disk.database()), refused('corrupt', pattern));
        assert(disk.operations.every(({ kind }) => kind === 'read'));
      }
      await raw.put(key, whole);
      const opened = await openLog(disk, history.end);
      assert.deepEqual([opened.findings, opened.log.base.offset, opened.log.end], [[], 9, history.end]);
    });
  }

  it('is refused too if it begins beyond the end, and would only be cut', async () => {
    const { disk } = await sixBlocks();
    const row = encodeLineageRow({ replicationId: historyId('x'), firstOffset: 40, checksum: 1, epoch: 2 });
    await disk.raw('memory').put(lineageKey(40), flipped(row, 100));
    await assert.rejects(Log.open(await disk.database()), refused('corrupt', /lineage row from offset 40/));
  });

  it('is refused if it is the row of another offset', async () => {
    const { disk } = await sixBlocks();
    const row = (await disk.raw('memory').get(lineageKey(1))) as Buffer;
    await disk.raw('memory').put(lineageKey(5), row);
    await assert.rejects(Log.open(await disk.database()), refused('corrupt', /lineage row from offset 5 /));
  });
});

describe('the time at the end of a log that is damaged', () => {
  it('is not taken from an unproven block', async () => {
    const { disk, at, block } = await sixBlocks();
    await replaceBlock(disk, block(31), flipped(block(31).bytes, 22 * 8));
    const opened = await openLog(disk, at(31));
    assert.equal(opened.failure, undefined);
    assert.deepEqual(opened.log.end, at(31));
    assert.equal(opened.log.lookup.endTimeMs, block(30).timeMs, 'the last that is whole');
  });

  it('is that of the block before if the one at the checkpoint cannot be read', async () => {
    const { disk, at, block } = await sixBlocks();
    await replaceBlock(disk, block(31), block(31).bytes.subarray(0, 40));
    const opened = await openLog(disk, at(31));
    assert.deepEqual([opened.log.base, opened.log.lookup.endTimeMs], [at(31), block(30).timeMs]);
    const again = await openLog(disk, at(31));
    assert.deepEqual([again.findings, again.log.lookup.endTimeMs], [[], block(30).timeMs]);
  });

  it('is that of the base if no block is whole', async () => {
    const { disk, at, block } = await sixBlocks();
    const { log } = await openLog(disk);
    await log.trimming.trim(10);
    for (const end of [30, 31]) await replaceBlock(disk, block(end), flipped(block(end).bytes, 22 * 8));
    assert.equal((await openLog(disk, at(31))).log.lookup.endTimeMs, block(10).timeMs);
  });

  it('is that of its new end if it lost its tail', async () => {
    const { disk, at, block } = await sixBlocks();
    await removeBlock(disk, block(31));
    const opened = await openLog(disk, at(31));
    assert.deepEqual([opened.failure?.code, opened.log.lookup.endTimeMs], ['keyspace_incomplete', block(30).timeMs]);
  });
});

describe('the base record', () => {
  it('hides what lies at or below it, whatever is there', async () => {
    const { disk, at, block } = await sixBlocks();
    await replaceBlock(disk, block(3), Buffer.from('noise'));
    await disk.raw('memory').put(BASE_KEY, encodeBase({ position: at(9), timeMs: block(9).timeMs }));
    const opened = await openLog(disk, at(9));
    assert.deepEqual([opened.failure, opened.findings], [undefined, []]);
    assert.deepEqual(await offsetsOnDisk(disk), [10, 30, 31]);
  });
});

describe('a log on the real LevelDB', () => {
  const options = { writeBufferBytes: 32 * 1024 * 1024, fileBytes: 1024 * 1024, cacheBytes: 0, compression: false };

  async function written(count: number): Promise<{ directory: string; history: History; walFile: string }> {
    const directory = await temporaryDirectory();
    const db = await openLevel(directory, options);
    const log = await Log.open(db);
    await log.integrity.recover({ checkpoint: ORIGIN, replay: () => {}, quarantine: async () => {}, found: () => {} });
    const history = new History();
    for (let i = 0; i < count; i++) history.puts(4, Buffer.alloc(2_000, i));
    await appendAll(log, history);
    await log.durable.reach();
    await db.close();
    const wal = (await readdir(directory)).find((name) => name.endsWith('.log')) as string;
    return { directory, history, walFile: path.join(directory, wal) };
  }

  async function reopened(
    directory: string,
  ): Promise<{ log: Log; findings: LogFinding[]; quarantined: Buffer[]; close: () => Promise<void> }> {
    const db = await openLevel(directory, options);
    const log = await Log.open(db);
    const findings: LogFinding[] = [];
    const quarantined: Buffer[] = [];
    await log.integrity.recover({
      checkpoint: ORIGIN,
      replay: () => {},
      quarantine: async (blocks) => {
        for await (const bytes of blocks) quarantined.push(bytes);
      },
      found: (finding) => void findings.push(finding),
    });
    return { log, findings, quarantined, close: () => db.close() };
  }

  it('comes back whole after a close, and reads the same from disk', async () => {
    const { directory, history } = await written(50);
    const { log, findings, close } = await reopened(directory);
    assert.deepEqual([findings, log.end], [[], history.end]);
    await close();
  });

  it('ends before a stretch that LevelDB drops silently, and keeps what lay behind', async () => {
    const { directory, history, walFile } = await written(100);
    const bytes = await readFile(walFile);
    await writeFile(walFile, flipped(bytes, (bytes.length >> 1) * 8));
    const { log, findings, quarantined, close } = await reopened(directory);
    const { offset } = log.end;
    assert(offset > 0 && offset < history.end.offset, `ends at ${offset}`);
    assert.deepEqual(log.end, history.blocks[offset / 4 - 1]?.position);
    assert.deepEqual(
      findings.map(({ kind }) => kind),
      ['tail_cut'],
    );
    assert(quarantined.length > 10);
    for (const block of quarantined) assert(history.blocks.some(({ bytes: whole }) => whole.equals(block)));
    await close();
    const again = await reopened(directory);
    assert.deepEqual([again.findings, again.log.end.offset], [[], offset]);
    await again.close();
  });

  it('ends at the last whole block if its tail is torn', async () => {
    const { directory, history, walFile } = await written(20);
    const handle = await open(walFile, 'r+');
    const { size } = await handle.stat();
    await handle.truncate(size - 100);
    await handle.close();
    const { log, close } = await reopened(directory);
    assert.deepEqual(log.end, history.blocks.at(-2)?.position);
    await close();
  });
});
