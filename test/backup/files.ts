/** Backup files as bytes: made of a store, and restored to a disk in memory. */

import { randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { Backups } from '../../src/backup/backups.js';
import { type Restored, type RestoreOptions, restore } from '../../src/backup/restore.js';
import { systemFiles } from '../../src/disk/files.js';
import type { BackupHead } from '../../src/model/backup.js';
import { ORIGIN } from '../../src/model/position.js';
import type { MemoryDisk } from '../support/database.js';
import type { TestStore } from '../support/store.js';

export function startWorker(program: URL): Worker {
  return new Worker(new URL('../support/worker.mjs', import.meta.url), { workerData: program.href });
}

/** Of no backup in particular. */
export const HEAD: BackupHead = {
  position: ORIGIN,
  timeMs: 1,
  lineage: [],
  clusterId: 'c',
  nodeId: 'n',
  madeMs: 2,
  keysEstimate: 3,
  compression: 'lz4',
  recordFormat: 1,
};

const UNENDING = new AbortController().signal;

export function backupsOf({ store, clock, logger }: TestStore): Backups {
  return new Backups({ store, clock, logger, randomBytes, startWorker });
}

/** Of all that the store holds. @param afterFirst awaited when its position is settled. */
export async function backupOf(test: TestStore, afterFirst: () => Promise<void> = async () => {}): Promise<Buffer> {
  const backups = backupsOf(test);
  const parts: Buffer[] = [];
  for (let backupId = '', chunk = 0, last = false; !last; )
    for await (const response of backups.read({ backupId, chunk }, UNENDING)) {
      parts.push(Buffer.from(response.bytes));
      if (parts.length === 1) await afterFirst();
      backupId = response.backupId;
      if (!response.more) chunk = response.chunk + 1;
      last = response.last;
    }
  return Buffer.concat(parts);
}

/** The bytes in pieces of so many. */
export async function* inPieces(bytes: Buffer, size = 100): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export function restoreTo(
  { disk, directory }: { disk: MemoryDisk; directory: string },
  file: Buffer,
  options: Partial<RestoreOptions> = {},
): Promise<Restored> {
  return restore({
    directory,
    source: inPieces(file),
    files: systemFiles,
    openDatabase: disk.open,
    randomBytes,
    ...options,
  });
}
