/** Whether a directory may be opened as a node's, or restored into. Nothing is written before that is known. */
import { HeadwaterError } from '../base/errors.js';
import { isSystemError, systemReason } from '../base/system-errors.js';
import { unknownFormat } from '../base/unknown-format.js';
import type { Folder } from './folder.js';
import { Generations } from './generations.js';
import { NodeFile } from './node-record.js';

export const FORMAT = 'format';
export const FORMAT_TEXT = 'headwater data directory, format 1\n';
const FORMAT_PATTERN = /^headwater data directory, format (\d+)\n$/;

/** Only there while a restore is not done. */
export const RESTORING = 'restoring';
export const RESTORING_TEXT = 'headwater restore, not done\n';

const OWN_NAMES =
  /^(format|lock|node\.json|CURRENT|owner|followers\.json|life\.json|clean-stop\.json|write-failed|ballast|damaged|lost-writes|gen-\d{6}|.*\.new)$/;

/** @throws HeadwaterError `foreign_directory`, `unknown_format` or `restore_unfinished`. */
export async function refuseForeign(folder: Folder): Promise<void> {
  const names = await namesIn(folder);
  if (!names) return;
  await refuseUnfinishedRestore(folder);
  const { path } = folder;
  if (names.includes(FORMAT)) return refuseOtherFormat(folder);
  const foreign = names.find((name) => !OWN_NAMES.test(name));
  if (foreign !== undefined) {
    throw new HeadwaterError(
      'foreign_directory',
      `${path} is not empty and not Headwater's (it holds ${JSON.stringify(foreign)}). Nothing was changed. Use an empty directory`,
    );
  }
}

async function refuseOtherFormat(folder: Folder): Promise<void> {
  const { path } = folder;
  const format = FORMAT_PATTERN.exec((await folder.read(FORMAT)) ?? '')?.[1];
  if (format === '1') return;
  if (format) throw unknownFormat({ subject: path, name: 'directory format', found: format, read: [1] });
  throw new HeadwaterError(
    'foreign_directory',
    `${path}/format is not Headwater's: expected ${JSON.stringify(FORMAT_TEXT)}, received another text`,
  );
}

export async function isRestoring(folder: Folder): Promise<boolean> {
  return (await folder.read(RESTORING)) === RESTORING_TEXT;
}

/** @throws HeadwaterError `restore_unfinished`. */
export async function refuseUnfinishedRestore(folder: Folder): Promise<void> {
  if (!(await isRestoring(folder))) return;
  const { path } = folder;
  throw new HeadwaterError(
    'restore_unfinished',
    `${path} holds an unfinished restore. Run "headwater restore FILE --data ${path}" again`,
  );
}

/** @throws HeadwaterError `foreign_directory` unless the directory is absent, empty, or left by a restore. */
export async function refuseUnlessRestorable(folder: Folder): Promise<void> {
  const names = (await namesIn(folder)) ?? [];
  if (await isRestoring(folder)) return;
  // A restore that was killed as it began, or that failed, leaves these at the most.
  const found = names.find((name) => name !== `${RESTORING}.new` && name !== 'lock');
  if (found === undefined) return;
  throw new HeadwaterError(
    'foreign_directory',
    `${folder.path} is not empty (it holds ${JSON.stringify(found)}). Nothing was changed. Restore into an empty or a new directory`,
  );
}

/**
 * Refuses a directory in which a file is missing that cannot be a leftover of a first start. A first start makes the
 * files in a fixed order, the first generation last, so it may leave some of them if it is cut. Any other missing file
 * must not be made again, because data would be taken for leftovers.
 * @throws HeadwaterError `corrupt`.
 */
export async function refuseIncomplete(folder: Folder): Promise<void> {
  const [node, current] = [await NodeFile.read(folder), await Generations.read(folder)];
  const generations = await Generations.names(folder);
  const missing = (what: string) =>
    new HeadwaterError(
      'corrupt',
      `${folder.path}/${what} is missing, but ${[...generations, 'CURRENT'][0]} exists. Nothing was changed. Put the file back, or restore a backup`,
    );
  if (!node && (current || generations.length > 0)) throw missing('node.json');
  if (!current && generations.length > 0) throw missing('CURRENT');
  // The cluster ID is noted once the databases of the first generation are on disk.
  const fresh = !current || (current.isFirst && generations.length === 0 && node?.record.cluster_id === '');
  if (!fresh && !generations.includes(current.name)) throw missing(current.name);
}

/** Returns the names in a directory; undefined if it is absent. @throws HeadwaterError `foreign_directory`. */
async function namesIn(folder: Folder): Promise<string[] | undefined> {
  try {
    return await folder.list();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new HeadwaterError('foreign_directory', `${folder.path} cannot be read: ${systemReason(error)}`, {
      cause: error,
    });
  }
}

/** @throws HeadwaterError `foreign_directory` if the directory of a stopped node is none. */
export async function refuseAbsent(folder: Folder): Promise<void> {
  const refusal = (why: string, cause?: unknown) =>
    new HeadwaterError('foreign_directory', `${folder.path} ${why}`, { cause });
  // A restore that was cut short is refused by its own name, later.
  const found = await Promise.all(['CURRENT', RESTORING].map((name) => folder.has(name))).catch((error: unknown) => {
    if (!isSystemError(error)) throw error;
    const what = error.code === 'ENOTDIR' ? 'is no data directory' : 'cannot be read';
    throw refusal(`${what}: ${systemReason(error)}`, error);
  });
  if (found.includes(true)) return;
  const why = (await namesIn(folder)) ? 'there is no file CURRENT' : 'there is no such directory';
  throw refusal(`is no data directory: ${why}`);
}
