/**
 * Folders under a person's home, for that person alone. Node's recursive mkdir never ends on a file system that creates no
 * directories at all, such as /proc.
 */
import { existsSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/**
 * Headwater's folder of a kind, by the XDG specification, which says that a relative path is invalid.
 * @param variable the environment variable of the kind. @param usual the place under the home without it.
 * @returns undefined for a user without a home, as a container may have.
 */
export function privateFolder(
  env: NodeJS.ProcessEnv,
  variable: 'XDG_CACHE_HOME' | 'XDG_STATE_HOME',
  usual: string,
): string | undefined {
  const set = env[variable];
  if (set && path.isAbsolute(set)) return path.join(set, 'headwater');
  const home = homeOf();
  return home && path.join(home, usual, 'headwater');
}

/** An empty HOME is no home: a path below it would be one below the current directory. */
function homeOf(): string | undefined {
  try {
    const home = os.homedir();
    return path.isAbsolute(home) ? home : undefined;
  } catch {
    return undefined;
  }
}

/** Makes a folder and those above it. Another process may make them at the same time. */
export function makePrivateFolder(folder: string): void {
  if (existsSync(folder)) return;
  makePrivateFolder(path.dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!existsSync(folder)) throw error;
  }
}
