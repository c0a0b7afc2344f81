/** A log over a database of a MemoryDisk, with a note of what its recovery did. */
import { HeadwaterError } from '../../src/base/errors.js';
import type { Database } from '../../src/disk/level.js';
import type { Block } from '../../src/log/block.js';
import type { LogFinding } from '../../src/log/finding.js';
import { Log } from '../../src/log/log.js';
import { blockKey } from '../../src/log/rows.js';
import { ORIGIN, type Position } from '../../src/model/position.js';
import { MemoryDisk } from '../support/database.js';
import { History } from './blocks.js';

export interface OpenLog {
  readonly log: Log;
  readonly db: Database;
  readonly disk: MemoryDisk;
  readonly replayed: Block[];
  readonly quarantined: Buffer[];
  readonly findings: LogFinding[];
  /** Why recovery failed. */
  readonly failure: HeadwaterError | undefined;
}

/** Opens and recovers what stands on the disk; a recovery that is refused is noted, not thrown. */
export async function openLog(disk = new MemoryDisk(), checkpoint: Position = ORIGIN): Promise<OpenLog> {
  const db = await disk.database();
  const log = await Log.open(db);
  const replayed: Block[] = [];
  const quarantined: Buffer[] = [];
  const findings: LogFinding[] = [];
  let failure: HeadwaterError | undefined;
  try {
    await log.integrity.recover({
      checkpoint,
      replay: (block) => void replayed.push(block),
      quarantine: async (blocks) => {
        for await (const bytes of blocks) quarantined.push(bytes);
      },
      found: (finding) => void findings.push(finding),
    });
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    failure = error;
  }
  return { log, db, disk, replayed, quarantined, findings, failure };
}

/** A recovered log that holds a history's blocks, all of them in memory. */
export async function logOf(history: History, disk = new MemoryDisk()): Promise<OpenLog> {
  const opened = await openLog(disk);
  await appendAll(opened.log, history);
  return opened;
}

/** The same, with nothing in memory: every read goes to the disk. */
export async function coldLogOf(history: History, disk = new MemoryDisk()): Promise<OpenLog> {
  await logOf(history, disk);
  return openLog(disk, history.end);
}

/** Appends what of the history is not in the log yet, one block at a time, with the rows that begin there. */
export async function appendAll(log: Log, history: History): Promise<void> {
  for (const block of history.blocks) {
    if (block.firstOffset <= log.end.offset) continue;
    const rows = history.rows.filter((row) => row.firstOffset === block.firstOffset);
    await log.append([block], { sync: false, rows });
    log.publish([block]);
    log.readers.wake();
  }
}

/** Puts other bytes in the place of a block. */
export async function replaceBlock(disk: MemoryDisk, block: Block, bytes: Buffer): Promise<void> {
  await disk.raw('memory').put(blockKey(block.lastOffset), bytes);
}

export async function removeBlock(disk: MemoryDisk, block: Block): Promise<void> {
  await disk.raw('memory').del(blockKey(block.lastOffset));
}

/** The last offsets of the blocks that stand on the disk. */
export async function offsetsOnDisk(disk: MemoryDisk): Promise<number[]> {
  const offsets: number[] = [];
  for await (const key of disk.raw('memory').keys({ gt: blockKey(0), lt: Buffer.from('c') }))
    offsets.push(Number(key.readBigUInt64BE(1)));
  return offsets;
}

/** Blocks that end at 3, 4, 9, 10, 30, 31 on a disk. */
export async function sixBlocks(): Promise<{
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
