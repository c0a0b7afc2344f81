/** The part of a node's status that its store knows, without a wait for the store. */
import type { LogicalClock } from '../base/clock.js';
import type { NodeStatus } from '../model/status.js';
import type { ClockWatch } from './clock-watch.js';
import type { StoreData } from './data.js';
import type { Lateness } from './expiry.js';
import type { Roles } from './roles.js';
import type { Settings } from './settings.js';
import type { Space } from './space.js';
import type { Writes } from './writes.js';

export interface StatusParts {
  readonly data: StoreData;
  readonly roles: Roles;
  readonly writes: Writes;
  readonly space: Space;
  readonly settings: Settings;
  readonly clock: LogicalClock;
}

interface HiddenParts {
  readonly clockWatch: ClockWatch;
  readonly lateness: Lateness;
}

/** @returns fields of `NodeStatus`, which explains them. */
export function storeStatus(parts: StatusParts, { clockWatch, lateness }: HiddenParts) {
  const { data, roles, writes, settings, clock } = parts;
  const space = parts.space.status;
  const refusal = writes.refusal?.message ?? '';
  return {
    storeState: data.stage,
    unavailable: data.notServing?.message ?? '',
    ignoredFollow: roles.ignoredFollow,
    superseded: roles.supersededBy ? refusal : '',
    askingFollowers: roles.asking ? refusal : '',
    fsync: settings.fsync,
    logRetentionBytes: settings.logRetentionBytes ?? 0,
    logRetentionMs: settings.logRetentionMs ?? 0,
    logRetentionPinBytes: settings.logPinBytesMax ?? 0,
    diskFreeBytes: space.freeBytes,
    minFreeBytes: space.minFreeBytes,
    diskFull: space.full,
    writeWait: writes.waits.message,
    writeWaitMs: writes.waits.currentMs,
    writeWaitMaxMs: writes.waits.longestMs,
    clock: clockWatch.finding?.message ?? '',
    clockAheadMs: clock.aheadMs,
    expiryLateMs: lateness.ms,
    expiredKeys: lateness.deletedKeys,
    draining: settings.maintenance.isDraining,
  } satisfies Partial<NodeStatus>;
}
