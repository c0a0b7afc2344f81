/** DiskService: what a node's disk holds, in files. A stop ends what is under way with `shutting_down`. */
import type { BackupRequest, BackupResponse } from '../wire/backup.js';
import { endOf } from './calls.js';
import { BACKUP, DISK_SERVICE } from './definitions.js';
import { serverStream } from './handler.js';
import type { Service } from './server.js';

export interface BackupSource {
  /** The chunks from the one that is asked for on, as many as one call takes. */
  read(request: BackupRequest, signal: AbortSignal): AsyncIterable<BackupResponse>;
}

export function diskService(backups: BackupSource): Service {
  return {
    name: DISK_SERVICE,
    endpoints: [serverStream(BACKUP, (request, call) => backups.read(request, endOf(call)))],
  };
}
