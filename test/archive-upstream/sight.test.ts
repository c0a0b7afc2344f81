/** What a node sees in an archive: how far it reaches without a gap, and where the node itself stands. */
import assert from 'node:assert/strict';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { KnownStretches, type Sight, sightOf } from '../../src/archive-upstream/sight.js';
import { StretchWriter } from '../../src/backup/archive-file.js';
import { Folder } from '../../src/backup/folder.js';
import type { Block } from '../../src/log/block.js';
import type { LineageRow } from '../../src/model/lineage.js';
import { ORIGIN, type Position } from '../../src/model/position.js';
import { History } from '../log/blocks.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';

describe('the view of an archive', () => {
  let directory = '';
  let folder: Folder;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    folder = new Folder(directory);
  });
  afterEach(removeTemporaryDirectories);

  async function write(blocks: readonly Block[], rows: readonly LineageRow[], base: Position): Promise<void> {
    const head = { base, clusterId: 'c', nodeId: 'a'.repeat(32), madeMs: 1 };
    const writer = await StretchWriter.create(folder, head);
    await writer.append(blocks);
    await writer.close(rows);
  }

  /** Six blocks of ten commands, in files of two. */
  async function archived(): Promise<History> {
    const history = new History();
    for (let i = 0; i < 6; i++) history.puts(10);
    for (let i = 0; i < 6; i += 2)
      await write(history.blocks.slice(i, i + 2), history.rows, history.blocks[i - 1]?.position ?? ORIGIN);
    return history;
  }

  const seenAt = async (offset: number): Promise<Sight> =>
    await sightOf(await new KnownStretches(folder).from(offset), offset);

  async function remove(firstOffset: number): Promise<void> {
    const name = (await readdir(directory)).find((one) => Number(one.slice(0, 20)) === firstOffset);
    await rm(path.join(directory, name as string));
  }

  it('knows checksum and time at the end of each block, and no place inside of one', async () => {
    const { blocks } = await archived();
    for (const block of blocks) {
      const { checksumAtFollower, timeMs } = await seenAt(block.lastOffset);
      assert.deepEqual([checksumAtFollower, timeMs], [block.checksum, block.timeMs], `at ${block.lastOffset}`);
    }
    assert.equal((await seenAt(15)).checksumAtFollower, 'not_a_boundary');
    const { checksumAtFollower, end, base } = await seenAt(61);
    assert.deepEqual([checksumAtFollower, end.offset, base.offset], ['beyond', 60, 40]);
  });

  it('reaches back to a gap, and not beyond', async () => {
    await archived();
    await remove(21);
    assert.deepEqual([(await seenAt(10)).base.offset, (await seenAt(10)).checksumAtFollower], [40, 'trimmed']);
    await remove(1);
    assert.equal((await seenAt(40)).base.offset, 40);
  });

  it('does not count commands that a later history has left', async () => {
    const shared = new History();
    for (let i = 0; i < 2; i++) shared.puts(10);
    const after = shared.end;
    const left = new History('a', after);
    left.rows.splice(0, 1, ...shared.rows);
    for (let i = 0; i < 3; i++) left.puts(10);
    const later = new History('b', after);
    const rows = [...shared.rows, { ...(later.rows[0] as LineageRow), epoch: 2 }];
    later.puts(10);
    await write(shared.blocks, shared.rows, ORIGIN);
    await write(left.blocks, shared.rows, after);
    await write(later.blocks, rows, after);
    const { end, base, lineage, checksumAtFollower } = await seenAt(20);
    assert.deepEqual([end.offset, base.offset, lineage.epoch, checksumAtFollower], [30, 0, 2, after.checksum]);
    // Files that end before the node are not read. Once the later history has passed the node, its own is left.
    assert.equal((await seenAt(50)).lineage.epoch, 1);
    const begin = later.end;
    for (let i = 0; i < 3; i++) later.puts(10);
    await write(later.blocks.slice(1), rows, begin);
    const passed = await seenAt(50);
    assert.deepEqual([passed.lineage.epoch, passed.end.offset], [2, 60]);
    assert.notEqual(passed.checksumAtFollower, left.end.checksum);
  });

  it('reads the ends of a file once, and forgets files that the node is past', async () => {
    const { blocks } = await archived();
    let reads = 0;
    const counting = new Folder(directory);
    const read = counting.read.bind(counting);
    counting.read = (file, from) => {
      reads++;
      return read(file, from);
    };
    const known = new KnownStretches(counting);
    assert.equal((await known.from(0)).length, 3);
    assert.equal((await known.from(blocks[1]?.lastOffset ?? 0)).length, 3);
    assert.deepEqual([(await known.from(41)).length, reads], [1, 3]);
    assert.equal((await known.from(1_000)).length, 1);
    assert.equal(known.hasAny, true);
  });
});
