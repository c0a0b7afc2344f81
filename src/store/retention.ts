/**
 * Keeps the log to the size that it may have: the oldest blocks are given up
 * in the background, some at a time, so that LevelDB's deletions never compete
 * with writes. Nothing is given up that a restart has to replay, or that a
 * reader has pinned, up to a size of its own: past that the reader is let go,
 * after a warning that names it. A follower has a full resync before it then.
 */
import { type Clock, sleep } from '../clock.js';
import { HeadwaterError } from '../errors.js';
import { HEADROOM_WARNING_PART, RETENTION_INTERVAL_MS, RETENTION_PAUSE_MS, RETENTION_STEP_BYTES } from '../limits.js';
import type { Log, Pin } from '../log/log.js';
import type { Logger } from '../logger.js';
import type { Damage } from './damage.js';

export interface RetentionOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly damage: Damage;
  /** Bytes of blocks that are kept, at least. */
  readonly retentionBytes: number;
  /** Bytes of blocks that are kept for readers that have pinned them; at least as many. */
  readonly pinBytes: number;
  /** Where the keyspace on disk is complete. */
  checkpointOffset(): number;
  /** Makes a checkpoint of everything so far. */
  checkpoint(): Promise<void>;
  /** Whether the disk has room for what trimming writes before it frees more. */
  hasRoom(): Promise<boolean>;
  onFailure(error: Error): void;
}

/** Runs until `signal` aborts. */
export async function retain(options: RetentionOptions, signal: AbortSignal): Promise<void> {
  const { clock, damage, onFailure } = options;
  const warned = new WeakSet<Pin>();
  for (;;) {
    await sleep(clock, RETENTION_INTERVAL_MS, signal);
    if (signal.aborted) return;
    try {
      if (!(await options.hasRoom())) continue;
      letGo(options, warned);
      await trimToSize(options, signal);
      damage.passed('trim');
    } catch (error) {
      if (signal.aborted) return;
      if (!HeadwaterError.is(error, 'corrupt')) {
        onFailure(error as Error);
        return;
      }
      // When the log has grown it is trimmed to another block; the next open raises the start past the damage.
      damage.met('trim', 'the log is longer than it may be until then', error);
    }
  }
}

/** The readers that are so far behind that the log would grow for ever. */
function letGo({ log, logger, pinBytes }: RetentionOptions, warned: WeakSet<Pin>): void {
  const { end } = log;
  const behind = (pin: Pin) => `${log.bytesBetween(pin.offset, end.offset)} bytes behind the end of the log`;
  const limit = `--log-retention-pin-bytes ${pinBytes}`;
  for (const pin of log.pinsBefore(log.offsetBefore(pinBytes))) {
    log.unpin(pin);
    const message = `${pin.holder} is let go at offset ${pin.offset}, ${behind(pin)}: what it has not read is not kept any more (${limit}); a follower needs a full resync then`;
    logger.error({ holder: pin.holder, offset: pin.offset }, message);
  }
  for (const pin of log.pinsBefore(log.offsetBefore(pinBytes * (1 - HEADROOM_WARNING_PART)))) {
    if (warned.has(pin)) continue;
    warned.add(pin);
    const message = `${pin.holder} keeps the log from being trimmed: it stands at offset ${pin.offset}, ${behind(pin)}; it is let go when it is further behind than ${limit}`;
    logger.warn({ holder: pin.holder, offset: pin.offset }, message);
  }
}

async function trimToSize(options: RetentionOptions, signal: AbortSignal): Promise<void> {
  const { log, clock, retentionBytes } = options;
  const wanted = log.offsetBefore(retentionBytes);
  if (wanted <= log.base.offset) return;
  // Where the log may be smaller than what a restart may replay, a checkpoint is due before.
  if (options.checkpointOffset() < wanted) await options.checkpoint();
  const through = Math.min(wanted, options.checkpointOffset());
  let stepBytes = RETENTION_STEP_BYTES;
  while (!signal.aborted && log.base.offset < through) {
    const before = log.base.offset;
    const step = Math.min(through, log.offsetBehind(stepBytes));
    try {
      await log.trim(step);
      stepBytes = RETENTION_STEP_BYTES;
    } catch (error) {
      if (step === through || !HeadwaterError.is(error, 'corrupt')) throw error;
      // No log can begin at a damaged block: past it, another one can.
      stepBytes *= 2;
      continue;
    }
    // A block larger than a step goes in one piece.
    if (log.base.offset === before) await log.trim(through);
    if (log.base.offset === before) return;
    await sleep(clock, RETENTION_PAUSE_MS, signal);
  }
}
