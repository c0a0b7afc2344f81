/**
 * Opening a log whose disk is not what was written: what breaks above the
 * checkpoint ends the log, what breaks below it raises its start, and what a
 * newer version wrote stops the node by name.
 */
import assert from 'node:assert/strict';
import { open, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { type ErrorCode, HeadwaterError } from '../../src/errors.js';
import { openLevel } from '../../src/level.js';
import { SCRUB_STEP_BYTES } from '../../src/limits.js';
import type { Block } from '../../src/log/block.js';
import { writeBlockFile } from '../../src/log/block-file.js';
import type { LogFinding } from '../../src/log/finding.js';
import { Log } from '../../src/log/log.js';
import { BASE_KEY, blockKey, encodeBase, encodeLineageRow, lineageKey } from '../../src/log/rows.js';
import { ORIGIN, type Position } from '../../src/position.js';
import { MemoryDisk, removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { historyId } from '../support/seeds.js';
import { flipped, History } from './blocks.js';
import { appendAll, coldLogOf, logOf, offsetsOnDisk, openLog, removeBlock, replaceBlock } from './open-log.js';

const ALL = Number.MAX_SAFE_INTEGER;
const refused =
  (code: ErrorCode, pattern = /./) =>
  (error: unknown) =>
    HeadwaterError.is(error, code) && pattern.test(error.message);
const ends = (blocks: readonly Block[]) => blocks.map((block) => block.lastOffset);
const never = new AbortController().signal;

afterEach(removeTemporaryDirectories);

/** Blocks that end at 3, 4, 9, 10, 30, 31 on a disk. */
async function sixBlocks(): Promise<{
  disk: MemoryDisk;
  history: History;
  at: (end: number) => Position;
  block: (end: number) => Block;
}> {
  const history = new History();
  for (const count of [3, 1, 5, 1, 20, 1]) history.puts(count);
  const { disk } = await logOf(history);
  const block = (end: number) => history.blocks.find((candidate) => candidate.lastOffset === end) as Block;
  return { disk, history, at: (end) => (end === 0 ? ORIGIN : block(end).position), block };
}

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
      assert.equal(opened.log.endTimeMs, history.timeMs);
      assert.deepEqual(opened.log.lineage.rows, history.rows);
      assert.deepEqual(opened.log.base, ORIGIN);
    });
  }

  it('waits for each block to be replayed before it goes on', async () => {
    const { disk } = await sixBlocks();
    const log = await Log.open(await disk.database());
    let inHand = 0;
    await log.recover({
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
      log.recover({
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
      it(`in the block that ends at ${broken}, ${what}: the log ends before it, all behind it is kept aside`, async () => {
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

  it('that takes the last block with it is no break: nothing tells that there was one', async () => {
    const { disk, at, block } = await sixBlocks();
    await removeBlock(disk, block(31));
    const opened = await openLog(disk, at(3));
    assert.deepEqual([opened.findings, opened.log.end], [[], at(30)]);
  });

  it('is seen where a block stands under the key of another offset', async () => {
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
      log.recover({
        ...recovery,
        quarantine: async () => {
          throw new Error('no room');
        },
      }),
      /no room/,
    );
    assert.deepEqual(await offsetsOnDisk(disk), [3, 4, 9, 10, 30, 31]);
  });

  it('makes the cut durable, and lets the log go on from there', async () => {
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
    assert.deepEqual(kept.log.lineage.rows, history.rows, 'c would begin with the next command');
    assert.deepEqual(
      kept.findings.map(({ kind }) => kind),
      ['tail_cut'],
    );
    await replaceBlock(disk, second, flipped(second.bytes, 100));
    const cut = await openLog(disk);
    assert.deepEqual(cut.log.lineage.rows, history.rows.slice(0, 2));
    assert.deepEqual(
      cut.findings.map(({ kind }) => kind),
      ['tail_cut', 'lineage_cut'],
    );
    assert.deepEqual((await openLog(disk)).log.lineage.rows, history.rows.slice(0, 2));
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
    assert.deepEqual(opened.log.lineage.rows, history.rows);
    assert.deepEqual((await openLog(disk)).findings, []);
  });
});

describe('a log that does not reach the checkpoint of its keyspace', () => {
  it('because it ends before it: the keyspace is incomplete, the log ends where it can be vouched for', async () => {
    const { disk, at, block } = await sixBlocks();
    for (const end of [30, 31]) await removeBlock(disk, block(end));
    const opened = await openLog(disk, at(31));
    assert(refused('keyspace_incomplete', /ends at offset 10, the keyspace on disk is at 31/)(opened.failure));
    assert.deepEqual(opened.log.end, at(10));
    assert.deepEqual(await offsetsOnDisk(disk), [3, 4, 9, 10]);
  });

  it('because it ends before it, and is broken further down: it ends at the break', async () => {
    const { disk, at, block } = await sixBlocks();
    await removeBlock(disk, block(31));
    await replaceBlock(disk, block(9), flipped(block(9).bytes, 400));
    const opened = await openLog(disk, at(31));
    assert.equal(opened.failure?.code, 'keyspace_incomplete');
    assert.deepEqual(opened.log.end, at(4));
  });

  it('because nothing is left of it', async () => {
    const opened = await openLog(new MemoryDisk(), (await sixBlocks()).at(31));
    assert(refused('keyspace_incomplete', /ends at offset 0/)(opened.failure));
    assert.deepEqual(opened.log.end, ORIGIN);
  });

  it('because it begins after it', async () => {
    const { disk, at } = await sixBlocks();
    const { log } = await openLog(disk);
    await log.trim(10);
    const opened = await openLog(disk, at(9));
    assert(refused('keyspace_incomplete', /begins after offset 10, the keyspace ends at 9/)(opened.failure));
  });

  it('because it begins there with another past', async () => {
    const { disk, at } = await sixBlocks();
    const { log } = await openLog(disk);
    await log.trim(10);
    const opened = await openLog(disk, { ...at(10), checksum: 1 });
    assert(refused('keyspace_incomplete', /different pasts/)(opened.failure));
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
    it(`${where}: a block of a later format stops the node by name, and nothing is touched`, async () => {
      const { disk, at, block } = await sixBlocks();
      await replaceBlock(disk, block(end), newer(block(end)));
      const opened = await openLog(disk, at(checkpoint));
      assert(refused('unknown_format', /block format 2/)(opened.failure), String(opened.failure));
      assert.deepEqual(await offsetsOnDisk(disk), [3, 4, 9, 10, 30, 31]);
      assert.deepEqual(opened.findings, []);
      assert.equal(await disk.raw('memory').get(BASE_KEY), undefined);
    });
  }
});

describe('the scrub of what lies below the checkpoint', () => {
  const scrub = async (log: Log, through: Position, pause = async () => {}) => {
    const findings: LogFinding[] = [];
    await log.scrub(through, (finding) => findings.push(finding), pause, never);
    return findings;
  };

  it('finds nothing in a log that is whole, trimmed or not', async () => {
    const { disk, at } = await sixBlocks();
    const { log } = await openLog(disk, at(31));
    assert.deepEqual(await scrub(log, at(31)), []);
    await log.trim(9);
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

  it('raises the start over the last break where there are several', async () => {
    const { disk, at, block } = await sixBlocks();
    await replaceBlock(disk, block(4), flipped(block(4).bytes, 55 * 8));
    await replaceBlock(disk, block(10), flipped(block(10).bytes, 55 * 8));
    const { log } = await openLog(disk, at(31));
    assert.equal((await scrub(log, at(31))).length, 2);
    assert.deepEqual(log.base, at(10));
  });

  it('raises it to the checkpoint where nothing below chains', async () => {
    const { disk, at, block } = await sixBlocks();
    await removeBlock(disk, block(30));
    const { log } = await openLog(disk, at(31));
    assert.equal((await scrub(log, at(31))).length, 1);
    assert.deepEqual(log.base, at(31));
    assert.equal((await openLog(disk, at(31))).failure, undefined);
  });

  it('rests after every step, sees that the log was trimmed meanwhile, and takes that for no break', async () => {
    const history = new History();
    for (let i = 0; i < 8; i++) history.puts(1, Buffer.alloc(SCRUB_STEP_BYTES / 2));
    const { log } = await coldLogOf(history);
    let pauses = 0;
    const findings = await scrub(log, history.end, async () => {
      if (++pauses === 1) await log.trim(5);
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
      if (++pauses === 1) await log.trim(6);
    });
    assert.equal(log.base.offset, 6);
    assert.deepEqual(await offsetsOnDisk(disk), [7, 8]);
  });

  it('ends when it is told to, or the log is closed', async () => {
    const { disk, at, block } = await sixBlocks();
    await replaceBlock(disk, block(10), flipped(block(10).bytes, 55 * 8));
    const { log } = await openLog(disk, at(31));
    const stop = new AbortController();
    stop.abort();
    await log.scrub(
      at(31),
      () => assert.fail(),
      async () => {},
      stop.signal,
    );
    log.close(new HeadwaterError('unavailable', 'closed'));
    await log.scrub(
      at(31),
      () => assert.fail(),
      async () => {},
      never,
    );
    assert.deepEqual(log.base, ORIGIN);
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

describe('blocks in a file of their own', () => {
  it('stand there verbatim behind their lengths, and no file is overwritten', async () => {
    const directory = await temporaryDirectory();
    const { history } = await sixBlocks();
    const blocks = history.blocks.map(({ bytes }) => bytes);
    await writeBlockFile(directory, 'x.blocks', blocks);
    const text = await readFile(path.join(directory, 'x.blocks'));
    const read: Buffer[] = [];
    for (let at = 0; at < text.length; at += 4 + text.readUInt32BE(at))
      read.push(text.subarray(at + 4, at + 4 + text.readUInt32BE(at)));
    assert.deepEqual(read, blocks);
    await assert.rejects(writeBlockFile(directory, 'x.blocks', []), { code: 'EEXIST' });
    assert.deepEqual(await readFile(path.join(directory, 'x.blocks')), text);
  });

  it('are there whole or not at all', async () => {
    const directory = await temporaryDirectory();
    const cut = async function* () {
      yield Buffer.from('one');
      throw new Error('the log was closed');
    };
    await assert.rejects(writeBlockFile(directory, 'x.blocks', cut()), /was closed/);
    assert.deepEqual(
      (await readdir(directory)).filter((name) => name === 'x.blocks'),
      [],
    );
    await writeBlockFile(directory, 'x.blocks', [Buffer.from('one'), Buffer.from('two')]);
    assert.equal((await readFile(path.join(directory, 'x.blocks'))).length, 14);
  });
});

describe('a log on the real LevelDB', () => {
  const options = { writeBufferBytes: 32 * 1024 * 1024, fileBytes: 1024 * 1024, cacheBytes: 0, compression: false };

  async function written(count: number): Promise<{ directory: string; history: History; walFile: string }> {
    const directory = await temporaryDirectory();
    const db = await openLevel(directory, options);
    const log = await Log.open(db);
    await log.recover({ checkpoint: ORIGIN, replay: () => {}, quarantine: async () => {}, found: () => {} });
    const history = new History();
    for (let i = 0; i < count; i++) history.puts(4, Buffer.alloc(2_000, i));
    await appendAll(log, history);
    await log.durable();
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
    await log.recover({
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

  it('ends at the last whole block where its tail is torn', async () => {
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
