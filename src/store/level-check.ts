/**
 * LevelDB's own log files, looked at before LevelDB opens them: it drops what
 * does not match its checksum, from the middle of a file too, and says so only
 * in a file of text that nobody reads. It is a few milliseconds: what is older
 * stands in tables.
 *
 * A log that lost a stretch is opened all the same: its chain shows where it is
 * broken, and recovery cuts it there. A keyspace has no chain: what it lost
 * would be missing without a word, so it is refused.
 *
 * A write that has just failed may leave a record in pieces in the middle, for
 * LevelDB goes on behind it with another one that was in hand. Nothing of either
 * counts: no checkpoint was made of it.
 */
import path from 'node:path';
import { HeadwaterError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Files } from '../disk/files.js';
import { damagedLogFiles } from '../disk/leveldb/check.js';

/**
 * @param generation the directory of a log and its keyspace.
 * @param options.afterFailedWrite a write to it has failed, and it was not opened since; in an earlier life perhaps.
 * @returns whether the log may have lost something.
 * @throws HeadwaterError `corrupt` naming file and byte, where the keyspace may have.
 */
export async function checkBeforeOpening(
  generation: string,
  { files, logger, afterFailedWrite }: { files: Files; logger: Logger; afterFailedWrite: boolean },
): Promise<boolean> {
  const inLog = await damagedLogFiles(files, path.join(generation, 'log'));
  for (const { file, byte, why } of inLog)
    logger.error(
      { file, byte },
      `${file}, byte ${byte}: ${why}; LevelDB drops what stood there, and the log ends where its chain is broken for it`,
    );
  const [first, ...more] = await damagedLogFiles(files, path.join(generation, 'keyspace'));
  if (first) {
    const { file, byte, why } = first;
    const others = more.length > 0 ? `, and ${more.map((one) => `${one.file}, byte ${one.byte}`).join('; ')}` : '';
    if (!afterFailedWrite)
      throw new HeadwaterError(
        'corrupt',
        `${file}, byte ${byte}: ${why}${others}; LevelDB would drop what stood there without a word, so the keyspace is not opened`,
      );
    logger.warn({ file, byte }, `${file}, byte ${byte}: ${why}${others}; it was left by the write that failed`);
  }
  return inLog.length > 0;
}
