/**
 * The lock of a data directory: LevelDB's lock on `lock/LOCK`, which the system releases when the process dies. A node
 * holds it through an empty database in `lock/`. A reader takes the same lock through a link in a directory of its own,
 * since opening `lock/` would write to it.
 *
 * The system's lock belongs to a process: closing any descriptor of the file releases it. So a process keeps a list of
 * the locations that it has locked.
 */
import { realpathSync } from 'node:fs';
import { access, constants, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { HeadwaterError } from '../base/errors.js';
import { type Database, type DatabaseOptions, type OpenDatabase, openLevel } from '../disk/level.js';

const EMPTY: DatabaseOptions = {
  writeBufferBytes: 64 * 1024,
  fileBytes: 1024 * 1024,
  cacheBytes: 0,
  compression: false,
};

export interface Lock {
  close(): Promise<void>;
}

/** Locations that this process has locked. */
const held = new Set<string>();

/** @throws HeadwaterError `directory_locked`. */
export async function lockForWriting(location: string, openDatabase: OpenDatabase): Promise<Lock> {
  refuseHeld(location);
  return await holding(location, await openDatabase(location, EMPTY));
}

/**
 * Locks a location without changing it.
 * @param unlocked called with the reason if there is no lock: nobody can write there by this path, but perhaps by
 * another.
 * @throws HeadwaterError `directory_locked`.
 */
export async function lockForReading(location: string, unlocked: (why: string) => void): Promise<Lock> {
  const file = path.join(location, 'LOCK');
  try {
    await access(file, constants.R_OK | constants.W_OK);
  } catch (error) {
    // If there is no lock file, no process holds it.
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') unlocked(message);
    return { close: async () => {} };
  }
  refuseHeld(location);
  const aside = await mkdtemp(path.join(tmpdir(), 'headwater-lock-'));
  const remove = () => rm(aside, { recursive: true, force: true });
  try {
    await symlink(path.resolve(file), path.join(aside, 'LOCK'));
    return await holding(location, await openLevel(aside, EMPTY), remove);
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Synchronous, since the duration of a start must not depend on the other nodes of this process (simulation). */
function refuseHeld(location: string): void {
  if (held.size > 0 && held.has(realNow(location)))
    throw new HeadwaterError('directory_locked', `${location} is in use by this process`);
}

/** The real path of the location, or the location itself if nothing is there. */
function realNow(location: string): string {
  try {
    return realpathSync.native(location);
  } catch {
    return location;
  }
}

async function holding(location: string, database: Database, released = async () => {}): Promise<Lock> {
  // A database without files takes no lock of the system.
  const real = database.hasFiles ? await realpath(location).catch(() => undefined) : undefined;
  if (real !== undefined) held.add(real);
  return {
    async close() {
      if (real !== undefined) held.delete(real);
      await database.close();
      await released();
    },
  };
}
