/** Archives: what a file of one promises, and the way from a position through its stretches to a target. */
import assert from 'node:assert/strict';
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findRoute, readArchive, type Target } from '../../src/backup/archive.js';
import { readStretch, StretchWriter, stretchName } from '../../src/backup/archive-file.js';
import { Folder } from '../../src/backup/folder.js';
import { HeadwaterError } from '../../src/base/errors.js';
import { dumpFile } from '../../src/check/dump.js';
import type { Block } from '../../src/log/block.js';
import { Lineage, type LineageRow } from '../../src/model/lineage.js';
import { ORIGIN, type Position } from '../../src/model/position.js';
import { flipped, History } from '../log/blocks.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { historyId } from '../support/seeds.js';

afterEach(removeTemporaryDirectories);

const NODE = 'a'.repeat(32);

/** Blocks as a closed stretch; they follow `base`. */
async function write(
  directory: string,
  blocks: readonly Block[],
  rows: readonly LineageRow[],
  base: Position = ORIGIN,
): Promise<string> {
  const head = { base, clusterId: 'c', nodeId: NODE, madeMs: 1 };
  const writer = await StretchWriter.create(new Folder(directory), head);
  await writer.append(blocks);
  const { offset: lastOffset, checksum } = await writer.close(rows);
  return path.join(directory, stretchName({ firstOffset: base.offset + 1, lastOffset, checksum }));
}

function stretch(file: string): AsyncGenerator<Block> {
  return readStretch(new Folder(path.dirname(file)), path.basename(file));
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** A history of one block of ten commands after another, in stretches of two. */
async function archived(): Promise<{ directory: string; history: History }> {
  const directory = await temporaryDirectory();
  const history = new History();
  for (let i = 0; i < 6; i++) history.puts(10);
  for (let i = 0; i < 6; i += 2) {
    const base = i === 0 ? ORIGIN : (history.blocks[i - 1] as Block).position;
    await write(directory, history.blocks.slice(i, i + 2), history.rows, base);
  }
  return { directory, history };
}

async function offsetsTo(directory: string, from: Position, target: Target = {}, timeMs = 0): Promise<number[]> {
  const route = findRoute(
    await readArchive(new Folder(directory), from.offset),
    { position: from, timeMs, lineage: [] },
    target,
  );
  return (await all(route.blocks())).map(({ lastOffset }) => lastOffset);
}

describe('an archive file', () => {
  it('gives back its blocks, and stands under a name that says what it holds', async () => {
    const directory = await temporaryDirectory();
    const history = new History();
    history.puts(3);
    history.puts(4);
    const file = await write(directory, history.blocks, history.rows);
    assert.match(path.basename(file), /^0{19}1-0{19}7-[0-9a-f]{8}\.archive$/);
    assert.deepEqual(
      (await all(stretch(file))).map(({ bytes }) => bytes),
      history.blocks.map(({ bytes }) => bytes),
    );
  });

  it('can be dumped', async () => {
    const directory = await temporaryDirectory();
    const history = new History();
    history.puts(2);
    const file = await write(directory, history.blocks, history.rows);
    const [dumped] = await all(dumpFile(file));
    assert.ok(dumped && 'commands' in dumped);
    assert.deepEqual([dumped.firstOffset, dumped.lastOffset, dumped.commands.length], [1, 2, 2]);
  });

  it('is refused if any bit of it was turned over', async () => {
    const directory = await temporaryDirectory();
    const history = new History();
    history.puts(2);
    history.puts(1);
    const file = await write(directory, history.blocks, history.rows);
    const bytes = await readFile(file);
    for (let bit = 0; bit < bytes.length * 8; bit += 3) {
      await writeFile(file, flipped(bytes, bit));
      await assert.rejects(all(stretch(file)), HeadwaterError, `bit ${bit}`);
    }
  });

  it('is refused if it was cut off at any byte', async () => {
    const directory = await temporaryDirectory();
    const history = new History();
    history.puts(2);
    const file = await write(directory, history.blocks, history.rows);
    const { length } = await readFile(file);
    for (let end = length - 1; end >= 0; end--) {
      await truncate(file, end);
      await assert.rejects(all(stretch(file)), { code: 'corrupt' }, `cut to ${end} bytes`);
    }
  });

  it('of a later format, or of something else, is refused by name', async () => {
    const file = path.join(await temporaryDirectory(), 'x');
    await writeFile(
      file,
      Buffer.concat([Buffer.from('HEADWATER ARCHIVE\n'), Buffer.from([0, 0, 0, 9]), Buffer.alloc(9)]),
    );
    await assert.rejects(all(stretch(file)), { code: 'unknown_format', message: /archive format 9/ });
    await writeFile(file, Buffer.alloc(100));
    await assert.rejects(all(stretch(file)), { code: 'corrupt', message: /is no archive file/ });
  });
});

describe('a way through an archive', () => {
  it('goes from a position to the end, whether a stretch begins there or not', async () => {
    const { directory, history } = await archived();
    assert.deepEqual(await offsetsTo(directory, ORIGIN), [10, 20, 30, 40, 50, 60]);
    assert.deepEqual(await offsetsTo(directory, (history.blocks[2] as Block).position), [40, 50, 60]);
  });

  it('ends at an offset, rounded down to the end of a block', async () => {
    const { directory } = await archived();
    assert.deepEqual(await offsetsTo(directory, ORIGIN, { toOffset: 30 }), [10, 20, 30]);
    assert.deepEqual(await offsetsTo(directory, ORIGIN, { toOffset: 39 }), [10, 20, 30]);
    assert.deepEqual(await offsetsTo(directory, ORIGIN, { toOffset: 0 }), []);
  });

  it('ends at a time', async () => {
    const { directory, history } = await archived();
    const { timeMs } = history.blocks[3] as Block;
    assert.deepEqual(await offsetsTo(directory, ORIGIN, { toTimeMs: timeMs }), [10, 20, 30, 40]);
    assert.deepEqual(await offsetsTo(directory, ORIGIN, { toTimeMs: timeMs - 1 }), [10, 20, 30]);
  });

  it('takes stretches that overlap, of several nodes, each block once', async () => {
    const { directory, history } = await archived();
    const base = (history.blocks[0] as Block).position;
    await write(directory, history.blocks.slice(1, 5), history.rows, base);
    assert.deepEqual(await offsetsTo(directory, ORIGIN), [10, 20, 30, 40, 50, 60]);
  });

  it('is refused if the target lies before the backup, or behind the archive', async () => {
    const { directory, history } = await archived();
    const { position, timeMs } = history.blocks[2] as Block;
    const refused = (target: Target, message: RegExp) =>
      assert.rejects(offsetsTo(directory, position, target, timeMs), { code: 'invalid_argument', message });
    await refused({ toOffset: 29 }, /the backup ends at offset 30.*Take an earlier backup/);
    await refused({ toTimeMs: timeMs - 1 }, /Take an earlier backup/);
    await refused({ toOffset: 61 }, /up to offset 61, the archive ends at 60/);
    await refused({ toTimeMs: timeMs + 1_000 }, /expected commands up to .*, the archive ends at/);
  });

  it('is refused, by name, if commands are missing that it needs', async () => {
    const { directory } = await archived();
    const [, second] = (await readdir(directory)).sort();
    await rm(path.join(directory, second as string));
    await assert.rejects(offsetsTo(directory, ORIGIN), {
      code: 'invalid_argument',
      message: /gap: the commands 21 to 40 are in none of its files/,
    });
    assert.deepEqual(await offsetsTo(directory, ORIGIN, { toOffset: 20 }), [10, 20]);
  });

  it('is refused if no stretch continues the backup', async () => {
    const { directory, history } = await archived();
    const beyond = { ...history.end, offset: 61 };
    await assert.rejects(offsetsTo(directory, beyond), {
      code: 'invalid_argument',
      message: /the archive holds no commands after/,
    });
    const foreign = { ...history.end, replicationId: historyId('z'), offset: 20 };
    await assert.rejects(offsetsTo(directory, foreign), {
      code: 'invalid_argument',
      message: /the archive holds no commands after/,
    });
    await assert.rejects(offsetsTo(path.join(directory, 'nowhere'), ORIGIN), {
      code: 'invalid_argument',
      message: /cannot be read/,
    });
  });

  it('is empty if nothing was written since the backup, or nothing more is wanted', async () => {
    const { directory, history } = await archived();
    assert.deepEqual(await offsetsTo(directory, history.end), []);
    assert.deepEqual(await offsetsTo(directory, (history.blocks[2] as Block).position, { toOffset: 30 }), []);
    await assert.rejects(offsetsTo(directory, { ...history.end, checksum: 1 }), { code: 'invalid_argument' });
  });

  it('does not mind what has become of stretches that end before it', async () => {
    const { directory, history } = await archived();
    const [first] = (await readdir(directory)).sort();
    await truncate(path.join(directory, first as string), 100);
    await assert.rejects(offsetsTo(directory, ORIGIN), {
      code: 'corrupt',
      message: /the end is missing.*Move the file away/,
    });
    assert.deepEqual(await offsetsTo(directory, (history.blocks[2] as Block).position), [40, 50, 60]);
  });

  it('is refused if the offset fits and the past does not', async () => {
    const { directory, history } = await archived();
    const at = { ...(history.blocks[1] as Block).position, checksum: 1 };
    await assert.rejects(offsetsTo(directory, at), {
      code: 'invalid_argument',
      message: /none of its files continues after/,
    });
  });

  it('takes the history of the later leader of two, and the other if it is asked for', async () => {
    const { directory, history } = await archived();
    const branch = history.blocks[2] as Block;
    // Promoted at offset 30, while the other went on to 60.
    const later = new History('b', branch.position);
    later.rows.unshift(...history.rows);
    const row = { ...(later.rows.at(-1) as LineageRow), epoch: 2 };
    const rows = [...history.rows, row];
    later.puts(5);
    later.puts(5);
    await write(directory, later.blocks, rows, branch.position);
    const stretches = await readArchive(new Folder(directory));
    const route = findRoute(stretches, { position: ORIGIN, timeMs: 0, lineage: [] }, {});
    const blocks = await all(route.blocks());
    assert.deepEqual(
      blocks.map(({ lastOffset }) => lastOffset),
      [10, 20, 30, 35, 40],
    );
    assert.equal(blocks.at(-1)?.replicationId, historyId('b'));
    assert.deepEqual(route.lineage, new Lineage(rows));
    const former = findRoute(stretches, { position: ORIGIN, timeMs: 0, lineage: [] }, { history: historyId('a') });
    assert.deepEqual(
      (await all(former.blocks())).map(({ lastOffset }) => lastOffset),
      [10, 20, 30, 40, 50, 60],
    );
    assert.deepEqual(former.others, [{ replicationId: historyId('b'), firstOffset: 31 }]);
    // From behind where the two part there is one way only.
    const [, , , behind] = history.blocks;
    const { position, timeMs } = behind as Block;
    assert.deepEqual(findRoute(stretches, { position, timeMs, lineage: [] }, {}).others, []);
  });

  it('is refused if a file does not hold what its name says', async () => {
    const { directory } = await archived();
    const [first, second] = (await readdir(directory)).sort();
    await writeFile(path.join(directory, second as string), await readFile(path.join(directory, first as string)));
    await assert.rejects(readArchive(new Folder(directory)), { code: 'corrupt', message: /has the wrong name/ });
  });
});
