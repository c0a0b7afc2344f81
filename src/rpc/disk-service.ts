/**
 * DiskService: the data on a node's disk, in files and by key ranges, checked and repaired. A stop ends open calls with
 * `shutting_down`.
 */
import type { BackupRequest, BackupResponse } from '../model/backup.js';
import type { CheckRequest, RepairEvent, VerifyEvent } from '../model/check.js';
import type { KeyRange, RangeDigest, RangeDigestsRequest, RepairRangesResponse } from '../model/key-range.js';
import { endOf } from './calls.js';
import { BACKUP, DISK_SERVICE, RANGE_DIGESTS, REPAIR, REPAIR_RANGES, VERIFY } from './definitions.js';
import { serverStream } from './handler.js';
import type { Service } from './server.js';

export interface BackupSource {
  /** Returns the chunks from the requested one on, as many as one call takes. */
  read(request: BackupRequest, signal: AbortSignal): AsyncIterable<BackupResponse>;
}

export interface CheckSource {
  verify(request: CheckRequest, signal: AbortSignal): AsyncIterable<VerifyEvent>;
  repair(request: CheckRequest, signal: AbortSignal): AsyncIterable<RepairEvent>;
}

export interface RangeSource {
  /** Returns the digests of the pieces of all ranges, in order, some at a time. */
  digests(request: RangeDigestsRequest, signal: AbortSignal): AsyncIterable<readonly RangeDigest[]>;
}

export interface RangeRepair {
  /** Replaces these ranges with the upstream's data. Yields each step that is done. */
  repair(ranges: readonly KeyRange[], signal: AbortSignal): AsyncIterable<RepairRangesResponse>;
}

export interface DiskParts {
  readonly backups: BackupSource;
  readonly checks: CheckSource;
  readonly ranges: RangeSource;
  readonly repairs: RangeRepair;
}

export function diskService({ backups, checks, ranges, repairs }: DiskParts): Service {
  return {
    name: DISK_SERVICE,
    endpoints: [
      serverStream(BACKUP, (request, call) => backups.read(request, endOf(call))),
      serverStream(RANGE_DIGESTS, (request, call) => ranges.digests(request, endOf(call))),
      serverStream(REPAIR_RANGES, (request, call) => repairs.repair(request, endOf(call))),
      serverStream(VERIFY, (request, call) => checks.verify(request, endOf(call))),
      serverStream(REPAIR, (request, call) => checks.repair(request, endOf(call))),
    ],
  };
}
