/** The part of a node's status that its store knows, without a wait for the store. */
import type { LogicalClock } from '../base/clock.js';
import type { ClockWatch } from './clock-watch.js';
import type { StoreData } from './data.js';
import type { Lateness } from './expiry.js';
import type { Roles } from './roles.js';
import type { Settings } from './settings.js';
import type { Space } from './space.js';
import type { StageName } from './stages.js';
import type { Writes } from './writes.js';

export interface StoreStatus {
  readonly storeState: StageName;
  /** The reason why reads cannot be served; empty if they are. */
  readonly unavailable: string;
  /** The reason why this node leads though it was started with --follow, and advice; else empty. */
  readonly ignoredFollow: string;
  /** The reason why this leader takes no writes since another one continues its history; else empty. */
  readonly superseded: string;
  /** The reason why this leader takes no writes while its followers are asked; else empty. */
  readonly askingFollowers: string;
  readonly fsync: string;
  /** The limits of the log in bytes and milliseconds; 0 if there is none. */
  readonly logRetentionBytes: number;
  readonly logRetentionMs: number;
  readonly logRetentionPinBytes: number;
  readonly diskFreeBytes: number | undefined;
  readonly minFreeBytes: number;
  /** The reason why a full disk takes no writes; empty if it does. */
  readonly diskFull: string;
  /** The reason why writes wait for the disk; empty if they do not. */
  readonly writeWait: string;
  readonly writeWaitMs: number;
  readonly writeWaitMaxMs: number;
  /** The disagreement between the log's clock and this machine's, in words; empty if they agree. */
  readonly clock: string;
  /** Milliseconds by which the log's clock is ahead of this machine's. */
  readonly clockAheadMs: number;
  /**
   * The time since the oldest key was due that this leader has not deleted, milliseconds; 0 if none waits, and on a
   * follower.
   */
  readonly expiryLateMs: number;
}

export interface StatusParts {
  readonly data: StoreData;
  readonly roles: Roles;
  readonly writes: Writes;
  readonly space: Space;
  readonly settings: Settings;
  readonly clock: LogicalClock;
  readonly clockWatch: ClockWatch;
  readonly lateness: Lateness;
}

export function storeStatus(parts: StatusParts): StoreStatus {
  const { data, roles, writes, settings, clock, clockWatch, lateness } = parts;
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
  };
}
