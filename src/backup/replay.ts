/**
 * Replays commands of an archive on top of a restored keyspace. The log takes them as a follower's log does.
 * The keyspace applies them as the replay of a start does.
 */
import type { Block } from '../log/block.js';
import { Log } from '../log/log.js';
import type { Lineage } from '../model/lineage.js';
import type { Position } from '../model/position.js';
import type { DirectoryOptions } from '../store/directory.js';
import { openDatabases } from '../store/generation.js';
import { KeyspaceReplay } from '../store/keyspace-replay.js';
import { verifyReceived } from '../store/receive.js';

export interface Replayed {
  readonly position: Position;
  /** The time of the last block, milliseconds since the epoch. */
  readonly timeMs: number;
  readonly keys: number | undefined;
  readonly commands: number;
}

/**
 * @param generation the generation to extend, whose log is empty and ends at the offset of its keyspace.
 * @param lineage the lineage of the blocks.
 * @param onBlock called for each block that is in place.
 */
export async function replay(
  generation: string,
  blocks: AsyncIterable<Block>,
  lineage: Lineage,
  options: DirectoryOptions,
  onBlock: (block: Block) => void = () => {},
): Promise<Replayed> {
  const databases = await openDatabases(generation, options);
  try {
    const log = await Log.open(databases[0]);
    const replaying = await KeyspaceReplay.open(log, databases[1]);
    const from = log.end.offset;
    for await (const block of blocks) {
      const rows = lineage.rows.filter(({ firstOffset }) => firstOffset === block.firstOffset);
      verifyReceived(log, [block], rows);
      await log.append([block], { sync: false, rows });
      log.publish([block]);
      await replaying.apply(block);
      onBlock(block);
    }
    await replaying.checkpoint();
    const { position, keys } = replaying.keyspace.checkpoint;
    return { position, timeMs: log.lookup.endTimeMs, keys: keys ?? undefined, commands: position.offset - from };
  } finally {
    for (const database of databases) await database.close();
  }
}
