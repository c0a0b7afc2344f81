/**
 * How many files and connections the process may have open, held against what a
 * node needs of them. Fewer than it needs to start at all are refused before
 * this file is loaded: bin/headwater.cts.
 */
import { readFileSync } from 'node:fs';
import { CONNECTIONS_EXPECTED, DESCRIPTORS_WANTED } from './limits.js';
import type { Logger } from './logger.js';

/** Node has raised it as far as it may. Undefined if the system does not tell, or there is no limit. */
function openFilesMax(): number | undefined {
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return limit === undefined ? undefined : Number(limit);
  } catch {
    return undefined;
  }
}

/** Enough for a start need not be enough for more data and more clients. */
export function warnOfFewDescriptors(logger: Logger, limit = openFilesMax()): void {
  if (limit === undefined || limit >= DESCRIPTORS_WANTED) return;
  logger.warn(
    { open_files_max: limit, open_files_wanted: DESCRIPTORS_WANTED },
    `the limit of open files (ulimit -n) is low: expected at least ${DESCRIPTORS_WANTED}, received ${limit}; raise it before data and clients grow`,
  );
}

/**
 * How many connections leave enough for the databases: without a descriptor
 * LevelDB cannot begin its next file, and the store has to open again. Undefined
 * if there is no limit.
 */
export function connectionsMax(limit = openFilesMax()): number | undefined {
  if (limit === undefined) return undefined;
  const besides = DESCRIPTORS_WANTED - CONNECTIONS_EXPECTED;
  return limit >= DESCRIPTORS_WANTED ? limit - besides : Math.floor(limit / 3);
}
