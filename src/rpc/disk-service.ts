/** DiskService: what a node's disk holds, in files, checked and repaired. A stop ends what is under way with `shutting_down`. */
import type { BackupRequest, BackupResponse } from '../wire/backup.js';
import type { CheckRequest, FetchBlocksRequest, FetchBlocksResponse, RepairEvent, VerifyEvent } from '../wire/check.js';
import { endOf } from './calls.js';
import { BACKUP, DISK_SERVICE, FETCH_BLOCKS, REPAIR, VERIFY } from './definitions.js';
import { serverStream } from './handler.js';
import type { Service } from './server.js';

export interface BackupSource {
  /** The chunks from the one that is asked for on, as many as one call takes. */
  read(request: BackupRequest, signal: AbortSignal): AsyncIterable<BackupResponse>;
}

export interface CheckSource {
  verify(request: CheckRequest, signal: AbortSignal): AsyncIterable<VerifyEvent>;
  repair(request: CheckRequest, signal: AbortSignal): AsyncIterable<RepairEvent>;
  /** Of this node's log, each verified. */
  blocks(request: FetchBlocksRequest, signal: AbortSignal): AsyncIterable<FetchBlocksResponse>;
}

export function diskService(backups: BackupSource, checks: CheckSource): Service {
  return {
    name: DISK_SERVICE,
    endpoints: [
      serverStream(BACKUP, (request, call) => backups.read(request, endOf(call))),
      serverStream(VERIFY, (request, call) => checks.verify(request, endOf(call))),
      serverStream(REPAIR, (request, call) => checks.repair(request, endOf(call))),
      serverStream(FETCH_BLOCKS, (request, call) => checks.blocks(request, endOf(call))),
    ],
  };
}
