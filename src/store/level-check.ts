/**
 * Checks LevelDB's own log files before LevelDB opens them. LevelDB drops records that do not match their checksums,
 * from the middle of a file too. The only report of that is a text file that nobody reads. The check takes a few
 * milliseconds, since older data stand in tables.
 *
 * A log that lost a stretch is opened all the same: its chain shows the break, and recovery cuts it there. A keyspace
 * has no chain, so its loss would go unnoticed. Such a keyspace is refused.
 *
 * A write that has just failed may leave a record in pieces in the middle, since LevelDB continues behind it with
 * another pending record. Neither of them counts: no checkpoint was made of it.
 */
import path from 'node:path';
import { HeadwaterError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Files } from '../disk/files.js';
import { damagedLogFiles } from '../disk/leveldb/check.js';

/**
 * @param generation the directory of a log and its keyspace.
 * @param options.afterFailedWrite whether a write to the generation failed and it was not opened since, perhaps in an
 * earlier life.
 * @returns whether the log may have lost something.
 * @throws HeadwaterError `corrupt` naming file and byte, if the keyspace may have lost something.
 */
export async function checkBeforeOpening(
  generation: string,
  { files, logger, afterFailedWrite }: { files: Files; logger: Logger; afterFailedWrite: boolean },
): Promise<boolean> {
  const inLog = await damagedLogFiles(files, path.join(generation, 'log'));
  for (const { file, byte, why } of inLog)
    logger.error(
      { file, byte },
      `${file}, byte ${byte}: ${why}; LevelDB drops the damaged part, and the log ends before it`,
    );
  const [first, ...more] = await damagedLogFiles(files, path.join(generation, 'keyspace'));
  if (first) {
    const { file, byte, why } = first;
    const others = more.length > 0 ? `, and ${more.map((one) => `${one.file}, byte ${one.byte}`).join('; ')}` : '';
    if (!afterFailedWrite)
      throw new HeadwaterError(
        'corrupt',
        `${file}, byte ${byte}: ${why}${others}; LevelDB would drop the damaged part silently, so the keyspace is not opened`,
      );
    logger.warn({ file, byte }, `${file}, byte ${byte}: ${why}${others}; the write that failed left it`);
  }
  return inLog.length > 0;
}
