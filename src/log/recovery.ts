/**
 * Opens a log: the chain is verified from the checkpoint to the end and replayed. A break above the checkpoint ends the
 * log there, and a break at the checkpoint raises the start. Rows of histories that would begin beyond the end are cut.
 * Only integrity.ts calls this, before anything else looks at the log.
 *
 * Blocks that are cut are durable in a file of their own before the first of them leaves the log. All of them have left
 * durably before the log continues. So a crash at any moment in between leaves a break at the same place. The next open
 * finds the break, keeps the blocks that are left once more, and continues the clearing.
 */
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import type { Database } from '../disk/level.js';
import { formatPosition, type Position } from '../model/position.js';
import type { Block } from './block.js';
import type { Extent } from './extent.js';
import type { LogFinding } from './finding.js';
import { blockKey, lineageKey } from './rows.js';
import { blockAt, clearBlocks, lastOffsetOnDisk, provenBlockUpTo, storedBlocks } from './stored-blocks.js';

export interface Recovery {
  /** The position at which the keyspace on disk is complete. */
  checkpoint: Position;
  /**
   * The offset that the keyspace may have reached. Rows up to there stay, even if the log has lost the blocks under
   * them.
   */
  keyspaceOffset?: number;
  /** Called with each verified block after the checkpoint, in order. */
  replay(block: Block): Promise<void> | void;
  /**
   * Receives the blocks behind a break. They are read from the log on demand, and leave it once this resolves: they
   * must be durable elsewhere by then.
   */
  quarantine(blocks: AsyncIterable<Buffer>): Promise<void>;
  found(finding: LogFinding): void;
}

/** The log that is recovered: its extent, and the way a block becomes its last. */
export interface RecoveredLog {
  readonly db: Database;
  readonly extent: Extent;
  publish(block: Block): void;
}

/**
 * @throws HeadwaterError `keyspace_incomplete` if the log does not reach back, or up, to the checkpoint;
 * `unknown_format`.
 */
export async function recover(log: RecoveredLog, recovery: Recovery): Promise<void> {
  const { db, extent } = log;
  const { checkpoint, keyspaceOffset = 0, found } = recovery;
  // A trim that was cut short may have left blocks below the base.
  await extent.clearBelowBase();
  try {
    await meetCheckpoint(log, checkpoint, found);
  } catch (error) {
    if (HeadwaterError.is(error, 'keyspace_incomplete')) await endWhereChainEnds(log, recovery.quarantine);
    throw error;
  }
  const broken = await replayToEnd(log, recovery);
  if (broken) await cutBehindEnd(log, broken.message, recovery);
  await cutLineage(db, extent, Math.max(extent.end.offset, keyspaceOffset), found);
}

/** Recovers a log whose keyspace cannot be read. The log ends where its chain does, and no block leaves it. */
export async function recoverAlone(log: RecoveredLog, quarantine: Recovery['quarantine']): Promise<void> {
  await log.extent.clearBelowBase();
  await endWhereChainEnds(log, quarantine);
}

/**
 * Moves the end to the checkpoint, and raises the base to it if the block that ends there is damaged.
 * @throws HeadwaterError `keyspace_incomplete` if the log does not reach the checkpoint, or has a different past there.
 */
async function meetCheckpoint(
  { db, extent }: RecoveredLog,
  checkpoint: Position,
  found: Recovery['found'],
): Promise<void> {
  if (checkpoint.offset < extent.base.offset) {
    throw new HeadwaterError(
      'keyspace_incomplete',
      `the log begins after offset ${extent.base.offset}, the keyspace ends at ${checkpoint.offset}: the commands between are missing`,
    );
  }
  if (checkpoint.offset === extent.base.offset) {
    if (checkpoint.checksum === extent.base.checksum) return;
    throw new HeadwaterError(
      'keyspace_incomplete',
      `the log begins at ${formatPosition(extent.base)}, the keyspace ends at ${formatPosition(checkpoint)}: their histories differ`,
    );
  }
  const why = await mismatch(db, checkpoint);
  if (why === undefined) {
    extent.endAt(checkpoint, await provenTimeMs(db, extent, checkpoint.offset));
    return;
  }
  const last = await lastOffsetOnDisk(db);
  if (last === undefined || last < checkpoint.offset) {
    throw new HeadwaterError(
      'keyspace_incomplete',
      `the log ends at offset ${last ?? extent.base.offset}, the keyspace on disk is at ${checkpoint.offset}: the log lost its end`,
    );
  }
  const from = extent.base.offset + 1;
  const timeMs = await provenTimeMs(db, extent, checkpoint.offset);
  await extent.raise({ position: checkpoint, timeMs });
  extent.endAt(checkpoint, timeMs);
  found({
    kind: 'start_raised',
    from,
    to: checkpoint.offset + 1,
    why: `the checkpoint at ${checkpoint.offset}: ${why}`,
  });
}

/**
 * Says why the block under the checkpoint's key is not the one that ends there; undefined if it is.
 * @throws HeadwaterError `unknown_format`: a newer version's block is no damage.
 */
async function mismatch(db: Database, expected: Position): Promise<string | undefined> {
  const bytes = await db.get(blockKey(expected.offset));
  if (!bytes) return 'the block is missing';
  try {
    const { position } = blockAt(expected.offset, bytes);
    return position.checksum === expected.checksum
      ? undefined
      : `expected ${formatPosition(expected)}, found ${formatPosition(position)}`;
  } catch (error) {
    if (HeadwaterError.is(error, 'unknown_format')) throw error;
    return `the block cannot be read (${(error as Error).message})`;
  }
}

/**
 * The time at the end of a log whose last block is at `offset`, milliseconds since the epoch, as far as something
 * vouches for it. The time is that of the last block if it is whole, else of the block before, else the base's. A
 * damaged time could set the clock ahead by centuries. A time that is too early only leaves the clock to the machine's
 * own.
 */
async function provenTimeMs(db: Database, extent: Extent, offset: number): Promise<number> {
  for (const upTo of [offset, offset - 1]) {
    try {
      const block = await provenBlockUpTo(db, extent.base, upTo);
      return block?.timeMs ?? extent.baseTimeMs;
    } catch (error) {
      if (!HeadwaterError.is(error, 'corrupt') && !HeadwaterError.is(error, 'unknown_format')) throw error;
    }
  }
  return extent.baseTimeMs;
}

/**
 * Ends a log that is no past of the keyspace beside it at the last position that its chain proves. A resync judges by
 * that position which writes only this node has. The blocks behind a break are kept in a file as well, since the resync
 * drops the log.
 */
async function endWhereChainEnds({ db, extent }: RecoveredLog, quarantine: Recovery['quarantine']): Promise<void> {
  for await (const chunk of storedBlocks(db, extent.base.offset)) {
    for (const { lastOffset, bytes } of chunk) {
      try {
        const block = blockAt(lastOffset, bytes);
        block.verifyAfter(extent.end.offset, extent.end.checksum);
        extent.endAt(block.position, block.timeMs);
      } catch (error) {
        if (!HeadwaterError.is(error) || error.code === 'unknown_format') throw error;
        await quarantine(new Behind(db, extent.end.offset));
        return;
      }
    }
  }
}

/** @returns why the chain ends before the last block, if it does. */
async function replayToEnd(
  { db, extent, publish }: RecoveredLog,
  { replay }: Recovery,
): Promise<HeadwaterError | undefined> {
  for await (const chunk of storedBlocks(db, extent.end.offset)) {
    for (const { lastOffset, bytes } of chunk) {
      let block: Block;
      try {
        block = blockAt(lastOffset, bytes);
        block.verifyAfter(extent.end.offset, extent.end.checksum);
      } catch (error) {
        if (HeadwaterError.is(error) && error.code !== 'unknown_format') return error;
        throw error;
      }
      publish(block);
      await replay(block);
    }
  }
  return undefined;
}

async function cutBehindEnd({ db, extent }: RecoveredLog, why: string, { quarantine, found }: Recovery): Promise<void> {
  const { offset } = extent.end;
  const last = (await lastOffsetOnDisk(db)) ?? offset;
  const behind = new Behind(db, offset);
  await quarantine(behind);
  invariant(behind.isRead, 'all blocks behind a break are kept before they leave the log');
  await clearBlocks(db, offset);
  await db.durable();
  found({ kind: 'tail_cut', from: offset + 1, to: last, why });
}

/** The bytes of all blocks behind an offset, read on demand, since the whole may be larger than memory. */
class Behind implements AsyncIterable<Buffer> {
  readonly #db: Database;
  readonly #offset: number;
  isRead = false;

  constructor(db: Database, offset: number) {
    this.#db = db;
    this.#offset = offset;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for await (const chunk of storedBlocks(this.#db, this.#offset)) for (const { bytes } of chunk) yield bytes;
    this.isRead = true;
  }
}

async function cutLineage(db: Database, extent: Extent, offset: number, found: Recovery['found']): Promise<void> {
  const beyond = extent.lineage.rows.filter((row) => row.firstOffset > offset + 1);
  if (beyond.length === 0) return;
  const batch = db.batch();
  for (const row of beyond) {
    batch.del(lineageKey(row.firstOffset));
    found({ kind: 'lineage_cut', row });
  }
  await batch.write({ sync: true });
  extent.lineage = extent.lineage.upTo(offset + 1);
}
