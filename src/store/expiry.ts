/**
 * Active expiry, in bounded steps: finds keys that may be due, from the overlay's notes and the index on disk. On a
 * leader the writer looks at each key again and logs the deletions. A follower deletes no key. The follower drops the
 * index rows whose keys its leader has deleted or changed, as fast as the leader does. So neither the follower's disk
 * nor the node that it may become inherits a backlog.
 *
 * Rows of the index are dropped only after the log is durable: see due-index.ts.
 */
import { type Clock, type LogicalClock, sleep } from '../base/clock.js';
import {
  BLOCK_COMMANDS_MAX,
  DUE_SCAN_ROWS,
  EXPIRY_INTERVAL_MS,
  EXPIRY_LATE_MS,
  EXPIRY_PATIENCE_MS,
  EXPIRY_STEP_KEYS,
  SWEEP_IDLE_MS,
  SWEEP_INTERVAL_MS,
} from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import type { RepeatedLog } from '../base/repeated-log.js';
import { isUnreadable } from '../disk/level.js';
import type { DueRows } from '../keyspace/due-index.js';
import type { Keyspace } from '../keyspace/keyspace.js';
import { parseDueKey } from '../keyspace/record.js';
import type { Log } from '../log/log.js';
import { isExpired } from '../model/command.js';
import type { Space } from './space.js';
import type { Writer } from './writer.js';

/** The pause between two steps, for the writes that came meanwhile. */
const STEP_PAUSE_MS = 1;

/** The longest wait of a follower whose leader deletes nothing. */
const SWEEP_WAIT_MS_MAX = 10_000;

/** The pause before the next try after a disk could not be read. */
const UNREADABLE_RETRY_MS = 60_000;

export interface ExpiryOptions {
  readonly keyspace: Keyspace;
  readonly log: Pick<Log, 'durable'>;
  readonly clock: Clock;
  readonly logicalClock: LogicalClock;
  readonly logger: Logger;
  /** The disk. No key is deleted while the disk is full; expired keys are hidden all the same. */
  readonly space: Pick<Space, 'refusal' | 'whenRoom'>;
  /** Knows how late the deletions are. */
  readonly lateness: Lateness;
  /** Whether expired keys are deleted, which a test may switch off. They are hidden all the same. */
  readonly activeExpiry?: { readonly isOn: boolean } | undefined;
  readonly onFailure: (error: Error) => void;
}

/** The deletions of a leader: how many there were, and how late they are, by the oldest key that was due and is not deleted. */
export class Lateness {
  /** Expired keys that were deleted since the node started. */
  deletedKeys = 0;
  #ms = 0;
  #isWarned = false;
  readonly #log: RepeatedLog;

  constructor(log: RepeatedLog) {
    this.#log = log;
  }

  /** The lateness in milliseconds; 0 if no key waits. */
  get ms(): number {
    return this.#ms;
  }

  /** The number of keys that one step deletes. */
  get stepKeys(): number {
    const doublings = Math.floor(this.#ms / EXPIRY_PATIENCE_MS);
    return Math.min(EXPIRY_STEP_KEYS * 2 ** Math.min(doublings, 10), BLOCK_COMMANDS_MAX);
  }

  /** @param sinceMs when the oldest waiting key was due, milliseconds since the epoch; undefined if none waits. */
  note(nowMs: number, sinceMs: number | undefined): void {
    this.#ms = sinceMs === undefined ? 0 : Math.max(0, nowMs - sinceMs);
    const isLate = this.#ms > EXPIRY_LATE_MS;
    if (isLate && !this.#isWarned)
      this.#log.warn(
        { late_ms: this.#ms },
        `expired keys are deleted ${Math.round(this.#ms / 1000)} s late. Expired keys are hidden, but still need disk space, and writes wait for their deletion`,
        'lateness',
      );
    if (!isLate && this.#isWarned) this.#log.info({}, 'expired keys are deleted in time again', 'lateness');
    this.#isWarned = isLate;
  }
}

/** Runs until `signal` aborts. */
export async function expireAsLeader(writer: Writer, options: ExpiryOptions, signal: AbortSignal): Promise<void> {
  const { keyspace, logicalClock, lateness } = options;
  await repeatedly(options, signal, async () => {
    if (options.activeExpiry?.isOn === false) return EXPIRY_INTERVAL_MS;
    const nowMs = logicalClock.now();
    const { keys, sinceMs, isFull } = keyspace.overlay.takeDue(nowMs, lateness.stepKeys);
    if (keys.length > 0) lateness.deletedKeys += await writer.expire(keys);
    const scanned = await keyspace.indexes.due.scan(nowMs, DUE_SCAN_ROWS);
    if (signal.aborted) return 0;
    lateness.note(nowMs, earliest(sinceMs, scanned.rows[0]));
    if (scanned.rows.length > 0) await expireRows(writer, scanned, options, signal);
    const isMore = isFull || scanned.next !== undefined;
    if (isMore || keys.length + scanned.rows.length >= EXPIRY_STEP_KEYS) return STEP_PAUSE_MS;
    compact(options);
    return EXPIRY_INTERVAL_MS;
  });
  lateness.note(0, undefined);
}

async function expireRows(
  writer: Writer,
  scanned: DueRows,
  { keyspace, log, clock, lateness }: ExpiryOptions,
  signal: AbortSignal,
): Promise<void> {
  const { rows } = scanned;
  for (let at = 0; at < rows.length; ) {
    const step = rows.slice(at, at + lateness.stepKeys);
    at += step.length;
    // A row of an epoch that a `clear` has ended names no key. A row of a later epoch belongs to a running flush.
    const due = step.map(parseDueKey).filter(({ epoch }) => epoch >= keyspace.checkpoint.epoch);
    if (due.length > 0) lateness.deletedKeys += await writer.expire(due.map(({ key }) => key));
    if (at < rows.length) await sleep(clock, STEP_PAUSE_MS, signal);
    if (signal.aborted) return;
  }
  await log.durable.reach();
  await keyspace.indexes.due.drop(scanned, rows);
}

/** Runs until `signal` aborts. */
export async function sweepAsFollower(options: ExpiryOptions, signal: AbortSignal): Promise<void> {
  let waitMs = SWEEP_INTERVAL_MS;
  /** The row at which the scan behind the first rows continues. */
  let further: Buffer | undefined;
  await sleep(options.clock, SWEEP_INTERVAL_MS, signal);
  await repeatedly(options, signal, async () => {
    const front = await sweepOnce(options, undefined);
    if (front.rows === 0) {
      compact(options);
      return SWEEP_IDLE_MS;
    }
    // The leader deletes in the order of the index. Rows that it cannot delete may stand before others.
    if (further === undefined || (front.next && Buffer.compare(further, front.next) < 0)) further = front.next;
    const behind = isMostlyDropped(front) || !further ? undefined : await sweepOnce(options, further);
    if (behind) further = behind.next;
    const dropped = front.dropped + (behind?.dropped ?? 0);
    waitMs = dropped > 0 ? SWEEP_INTERVAL_MS : Math.min(2 * waitMs, SWEEP_WAIT_MS_MAX);
    return isMostlyDropped(behind ?? front) ? STEP_PAUSE_MS : waitMs;
  });
}

interface Swept {
  readonly rows: number;
  readonly dropped: number;
  readonly next: Buffer | undefined;
}

/** Whether more droppable rows are likely to follow. */
function isMostlyDropped({ rows, dropped, next }: Swept): boolean {
  return next !== undefined && 2 * dropped >= rows;
}

/** Looks at some rows, and drops those whose keys the leader has deleted or changed. */
async function sweepOnce({ keyspace, log, logicalClock }: ExpiryOptions, from: Buffer | undefined): Promise<Swept> {
  const nowMs = logicalClock.now();
  const scanned = await keyspace.indexes.due.scan(nowMs, EXPIRY_STEP_KEYS, from);
  const { rows, next } = scanned;
  const { entries, damaged } = await keyspace.read(
    rows.map((row) => parseDueKey(row).key),
    { needsValue: () => false },
  );
  const isStillDue = (i: number) => {
    const entry = entries[i];
    // The content of a damaged record is not known: its row stays.
    return entry ? isExpired(entry.expiresAtMs, nowMs) : damaged?.has(i) === true;
  };
  const dealtWith = rows.filter((_, i) => !isStillDue(i));
  if (dealtWith.length > 0) await log.durable.reach();
  await keyspace.indexes.due.drop(scanned, dealtWith);
  return { rows: rows.length, dropped: dealtWith.length, next };
}

/** Compacts beside everything else; no caller waits for it. */
function compact({ keyspace, logger }: ExpiryOptions): void {
  keyspace.indexes.due.compact().catch((error: Error) => {
    // The database was closed meanwhile, or cannot compact: LevelDB compacts later by itself.
    logger.debug({ error: error.message }, `the disk space of expired keys is not free yet: ${error.message}`);
  });
}

function earliest(sinceMs: number | undefined, row: Buffer | undefined): number | undefined {
  if (!row) return sinceMs;
  return Math.min(sinceMs ?? Number.POSITIVE_INFINITY, parseDueKey(row).dueMs);
}

/**
 * Repeats `step` until `signal` aborts. An unreadable part of the index holds up expiry, and nothing else: to reopen
 * the store would not mend it. A failed write goes to the store by `onFailure`.
 * @param step does some of the work; resolves with the milliseconds to wait before the next.
 */
async function repeatedly(
  { clock, logger, space, onFailure }: ExpiryOptions,
  signal: AbortSignal,
  step: () => Promise<number>,
): Promise<void> {
  while (!signal.aborted) {
    let waitMs: number;
    try {
      if (space.refusal) await space.whenRoom(signal);
      waitMs = await step();
    } catch (error) {
      if (signal.aborted) return;
      if (!isUnreadable(error)) return onFailure(error as Error);
      logger.error(
        { error: error.message },
        `expired keys cannot be deleted: ${error.message}. The node will try again`,
      );
      waitMs = UNREADABLE_RETRY_MS;
    }
    await sleep(clock, waitMs, signal);
  }
}
