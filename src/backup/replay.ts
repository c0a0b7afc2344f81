/**
 * Replays commands of an archive on top of a restored keyspace. The log takes them as a follower's log does.
 * The keyspace applies them as the replay of a start does. Checkpoints now and then bound memory, and leave
 * the first start nothing to replay.
 */
import { OFFLINE_LAYER_BYTES_MAX } from '../base/limits.js';
import { Keyspace } from '../keyspace/keyspace.js';
import type { Block } from '../log/block.js';
import { Log } from '../log/log.js';
import type { Lineage } from '../model/lineage.js';
import type { Position } from '../model/position.js';
import type { DirectoryOptions } from '../store/directory.js';
import { openDatabases } from '../store/generation.js';
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
    const keyspace = await Keyspace.open(databases[1]);
    await keyspace.indexes.prints.load();
    const from = log.end.offset;
    const writeOut = async () => {
      await log.durable.reach();
      if (keyspace.freeze()) await keyspace.flush(log.history.lineage.upTo(keyspace.applied.offset).rows);
    };
    for await (const block of blocks) {
      const rows = lineage.rows.filter(({ firstOffset }) => firstOffset === block.firstOffset);
      verifyReceived(log, [block], rows);
      await log.append([block], { sync: false, rows });
      log.publish([block]);
      keyspace.apply(block);
      if (keyspace.overlay.active.bytes >= OFFLINE_LAYER_BYTES_MAX) await writeOut();
      onBlock(block);
    }
    await writeOut();
    const { position, keys } = keyspace.checkpoint;
    return { position, timeMs: log.lookup.endTimeMs, keys: keys ?? undefined, commands: position.offset - from };
  } finally {
    for (const database of databases) await database.close();
  }
}
