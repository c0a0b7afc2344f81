/**
 * Keeps the log to its maximal size and age. The oldest blocks are given up in the background, some at a time, so that
 * LevelDB's deletions never compete with writes. Blocks that a restart has to replay are never given up. Pinned blocks
 * are kept up to a size of their own. Beyond that size the pin is released, after a warning that names its holder; a
 * follower then needs a full resync.
 *
 * LevelDB gives space back by rewriting all data that share a file with deleted rows. A few deletions among new blocks
 * are enough to make it rewrite all that lies between. So LevelDB first writes new data to a file of its own. The log
 * may also exceed its size by a part of it, so that each trim is worth the rewriting.
 */
import { type Clock, sleep } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import {
  HEADROOM_WARNING_PART,
  RETENTION_INTERVAL_MS,
  RETENTION_PAUSE_MS,
  RETENTION_RECLAIM_BYTES,
  RETENTION_RECLAIM_BYTES_MAX,
  RETENTION_SLACK_BYTES_MAX,
  RETENTION_SLACK_MS_MAX,
  RETENTION_SLACK_PART,
  RETENTION_STEP_BYTES,
} from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { isUnreadable } from '../disk/level.js';
import type { Log } from '../log/log.js';
import type { Pin } from '../log/trimming.js';
import type { DamageNotes } from './damage.js';
import type { Settings } from './settings.js';

type RetainedLog = Pick<Log, 'base' | 'end' | 'lookup' | 'trimming'>;

export interface RetentionOptions {
  /** The limits of the log, which may change. */
  readonly settings: Pick<Settings, 'logPinBytesMax' | 'logRetentionBytes' | 'logRetentionMs'>;
  readonly log: RetainedLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly damage: DamageNotes;
  /** The time by the clock that blocks are written under, milliseconds since the epoch. */
  nowMs(): number;
  /** The offset up to which the keyspace on disk is complete. */
  checkpointOffset(): number;
  /** Makes a checkpoint of everything so far. */
  checkpoint(): Promise<void>;
  /** Whether the disk has room for the writes of a trim before it frees more. */
  hasRoom(): Promise<boolean>;
  onFailure(error: Error): void;
}

/** Runs until `signal` aborts. */
export async function retain(options: RetentionOptions, signal: AbortSignal): Promise<void> {
  await new Retention(options, signal).run();
}

class Retention {
  readonly #options: RetentionOptions;
  readonly #log: RetainedLog;
  readonly #signal: AbortSignal;
  readonly #warned = new WeakSet<Pin>();
  /** Bytes given up and not reclaimed. */
  #reclaimable = 0;
  /** Bytes to be reclaimed at a time. */
  #reclaimBytes = RETENTION_RECLAIM_BYTES;
  /** Bytes to give up and to reclaim at the last trim. */
  #lastDueBytes = 0;
  /** Whether an earlier life may have left space to reclaim too. */
  #mayBeMore = true;

  constructor(options: RetentionOptions, signal: AbortSignal) {
    this.#options = options;
    this.#log = options.log;
    this.#signal = signal;
  }

  /** The bytes by which the log may exceed its size. */
  get #slackBytes(): number {
    const part = (this.#options.settings.logRetentionBytes ?? Number.POSITIVE_INFINITY) * RETENTION_SLACK_PART;
    return Math.min(RETENTION_SLACK_BYTES_MAX, part);
  }

  async run(): Promise<void> {
    const { clock, damage, onFailure } = this.#options;
    for (;;) {
      await sleep(clock, RETENTION_INTERVAL_MS, this.#signal);
      if (this.#signal.aborted) return;
      try {
        if (!(await this.#options.hasRoom())) continue;
        this.#letGo();
        await this.#trim();
        damage.passed('trim');
      } catch (error) {
        if (this.#signal.aborted) return;
        if (!isUnreadable(error)) {
          onFailure(error as Error);
          return;
        }
        // When the log has grown it is trimmed to another block; the next open raises the start past the damage.
        damage.met('trim', 'the log exceeds its limit until then', error);
      }
    }
  }

  /** Releases pins that are so far behind that the log would grow without bound. */
  #letGo(): void {
    const log = this.#log;
    const { logger, settings } = this.#options;
    const pinBytes = settings.logPinBytesMax as number;
    const behind = (pin: Pin) =>
      `${log.lookup.bytesBetween(pin.offset, log.end.offset)} bytes behind the end of the log`;
    const limit = `--log-retention-pin-bytes ${pinBytes}`;
    for (const pin of log.trimming.pinsBefore(log.trimming.offsetBefore(pinBytes))) {
      log.trimming.unpin(pin);
      if (pin.letGo?.() === false) continue;
      const message = `the log is no longer kept for ${pin.holder} at offset ${pin.offset}, ${behind(pin)} (${limit}). A follower will need a full resync, an archive has a gap`;
      logger.error({ holder: pin.holder, offset: pin.offset }, message);
    }
    for (const pin of log.trimming.pinsBefore(log.trimming.offsetBefore(pinBytes * (1 - HEADROOM_WARNING_PART)))) {
      if (pin.letGo || this.#warned.has(pin)) continue;
      this.#warned.add(pin);
      const message = `${pin.holder} keeps the log from being trimmed: it is at offset ${pin.offset}, ${behind(pin)}. The limit is ${limit}`;
      logger.warn({ holder: pin.holder, offset: pin.offset }, message);
    }
  }

  async #trim(): Promise<void> {
    const log = this.#log;
    const wanted = await this.#due();
    if (wanted <= log.base.offset) return;
    // If the log may be smaller than a restart may replay, a checkpoint is due first.
    if (this.#options.checkpointOffset() < wanted) await this.#options.checkpoint();
    const through = Math.min(wanted, this.#options.checkpointOffset());
    const bytes = this.#reclaimable + log.lookup.bytesBetween(log.base.offset, through);
    this.#keepUpWith(bytes);
    const isMuch = bytes >= Math.min(this.#slackBytes, RETENTION_STEP_BYTES);
    let isSettled = !isMuch;
    let stepBytes = RETENTION_STEP_BYTES;
    while (!this.#signal.aborted && log.base.offset < through) {
      const before = log.base.offset;
      const step = Math.min(through, log.trimming.offsetBehind(stepBytes));
      if (!isSettled) await log.trimming.settle();
      isSettled = true;
      try {
        await this.#giveUp(step);
        stepBytes = RETENTION_STEP_BYTES;
      } catch (error) {
        if (step === through || !HeadwaterError.is(error, 'corrupt')) throw error;
        // No log can begin at a damaged block; a larger step may end at a whole one.
        stepBytes *= 2;
        continue;
      }
      // A block larger than a step goes in one piece.
      if (log.base.offset === before) await this.#giveUp(through);
      if (log.base.offset === before) break;
      if (this.#reclaimable >= this.#reclaimBytes) {
        await this.#reclaim();
        isSettled = false;
      }
      await sleep(this.#options.clock, RETENTION_PAUSE_MS, this.#signal);
    }
    const isLeft = this.#mayBeMore || (isMuch && this.#reclaimable > 0);
    if (isLeft && !this.#signal.aborted) await this.#reclaim();
  }

  /**
   * Adapts the bytes to be reclaimed at a time. Under full load LevelDB may take longer to reclaim than the node takes
   * to write as much: it then reclaims more at a time.
   */
  #keepUpWith(dueBytes: number): void {
    const bytes = this.#reclaimBytes;
    if (dueBytes < bytes) this.#reclaimBytes = Math.max(RETENTION_RECLAIM_BYTES, bytes / 2);
    else if (dueBytes > this.#lastDueBytes) this.#reclaimBytes = Math.min(RETENTION_RECLAIM_BYTES_MAX, bytes * 2);
    this.#lastDueBytes = dueBytes;
  }

  /** The offset up to which the log has to go now, by its size or its age, as far as it is not pinned. */
  async #due(): Promise<number> {
    const log = this.#log;
    const { logRetentionBytes: bytes } = this.#options.settings;
    const pinned = Math.min(log.trimming.pinnedOffset, log.end.offset);
    if (pinned <= log.base.offset) return log.base.offset;
    const bySize = bytes === undefined ? log.base.offset : Math.min(pinned, log.trimming.offsetBefore(bytes));
    const byAge = await this.#dueByAge(pinned);
    if (byAge >= bySize) return byAge;
    return log.lookup.bytesBetween(log.base.offset, bySize) >= this.#slackBytes ? bySize : byAge;
  }

  async #dueByAge(pinned: number): Promise<number> {
    const log = this.#log;
    const { nowMs, settings } = this.#options;
    const { logRetentionMs: ms } = settings;
    if (ms === undefined) return log.base.offset;
    const from = nowMs() - ms;
    const slackMs = Math.min(RETENTION_SLACK_MS_MAX, ms * RETENTION_SLACK_PART);
    const oldestMs = await log.trimming.oldestTimeMs();
    if (oldestMs === undefined || oldestMs >= from - slackMs) return log.base.offset;
    return log.trimming.offsetWrittenBefore(from, pinned);
  }

  async #giveUp(through: number): Promise<void> {
    const log = this.#log;
    const from = log.base.offset;
    const bytes = log.lookup.bytesBetween(from, through);
    if ((await log.trimming.trim(through)) > from) this.#reclaimable += bytes;
  }

  async #reclaim(): Promise<void> {
    this.#reclaimable = 0;
    this.#mayBeMore = false;
    await this.#log.trimming.reclaim();
  }
}
