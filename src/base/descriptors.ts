/**
 * The number of files and connections that the process may have open, compared with the needs of a node. A process with
 * too few to start at all has been refused before this file is loaded: bin/entry.ts.
 */
import { readFileSync } from 'node:fs';
import { CONNECTIONS_EXPECTED, DESCRIPTORS_WANTED } from './limits.js';
import type { Logger } from './logger.js';

/**
 * The soft limit, which Node has raised to the hard one. Undefined if the system does not tell, or there is no limit.
 */
export function openFilesMax(): number | undefined {
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return limit === undefined ? undefined : Number(limit);
  } catch {
    return undefined;
  }
}

/** Warns the operator: descriptors that suffice for a start may not suffice for more data and more clients. */
export function warnOfFewDescriptors(logger: Logger, limit = openFilesMax()): void {
  if (limit === undefined || limit >= DESCRIPTORS_WANTED) return;
  logger.warn(
    { open_files_max: limit, open_files_wanted: DESCRIPTORS_WANTED },
    `the limit of open files (ulimit -n) is low: expected at least ${DESCRIPTORS_WANTED}, received ${limit}. Raise it before the data or the number of clients grow`,
  );
}

/**
 * The number of connections that leaves enough descriptors for the databases; undefined if there is no limit. Without a
 * descriptor LevelDB cannot begin its next file, and the store has to be reopened.
 */
export function connectionsMax(limit = openFilesMax()): number | undefined {
  if (limit === undefined) return undefined;
  const besides = DESCRIPTORS_WANTED - CONNECTIONS_EXPECTED;
  return limit >= DESCRIPTORS_WANTED ? limit - besides : Math.floor(limit / 3);
}
