/**
 * The first data of a new follower, from a backup and the archive beside it: its upstream then sends the rest alone. The
 * directory is marked while the data are loaded, so a start after a crash begins with this again. If the place is of no use,
 * the follower starts empty, and asks its upstream for everything.
 */
import type { Place } from '../backup/place.js';
import { type Restored, restoreDirectory } from '../backup/restore.js';
import { findRestoreSource } from '../backup/stored-backups.js';
import { HeadwaterError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { systemFiles } from '../disk/files.js';
import { Directory } from '../store/directory.js';

export interface SeedOptions {
  /** The data directory of the node. */
  readonly directory: string;
  readonly place: Place;
  /** The upstream, for messages. */
  readonly upstream: string;
  readonly logger: Logger;
}

/** Does nothing unless the directory is absent, empty, or left by an earlier attempt. */
export async function seed({ directory, place, upstream, logger }: SeedOptions): Promise<void> {
  if (!(await Directory.isRestorable(directory, systemFiles))) return;
  const { name } = place;
  logger.info({ event: 'seeding' }, `taking the newest backup and the archive from ${name}`);
  try {
    const { position, keys, clusterId } = await restored(directory, place, logger);
    logger.info(
      { event: 'seeded', offset: position.offset, keys, cluster_id: clusterId },
      `${keys} keys at offset ${position.offset} came from ${name}, of the cluster ${clusterId}. The rest comes from ${upstream}`,
    );
  } catch (error) {
    await Directory.forgetRestore(directory, systemFiles);
    logger.warn(
      { event: 'not_seeded' },
      `${name} gave no data: ${(error as Error).message}. This node asks ${upstream} for all of them`,
    );
  }
}

async function restored(directory: string, place: Place, logger: Logger): Promise<Restored> {
  const { source, name, archive } = await findRestoreSource({ place, file: undefined }, {});
  try {
    return await restoreDirectory({ directory, source, name, archive: archive && { place: archive } });
  } catch (error) {
    const isOfArchive = HeadwaterError.is(error, 'invalid_argument') || HeadwaterError.is(error, 'corrupt');
    if (!archive || !isOfArchive) throw error;
    logger.warn({}, `the archive in ${place.name} is left out: ${error.message}`);
    const again = await findRestoreSource({ place, file: undefined }, {});
    return await restoreDirectory({ directory, source: again.source, name });
  }
}
