/**
 * One role, played over one generation, from its start until something ends it:
 * on a leader the writer and active expiry, on a follower the sweeping of its
 * index. Who plays it next begins another.
 */
import { eitherAborts } from '../base/abort.js';
import type { Clock, LogicalClock } from '../base/clock.js';
import type { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import type { Logger } from '../base/logger.js';
import type { Limits } from '../commands/view.js';
import type { Position } from '../model/position.js';
import { moveExpiries } from './clock-step.js';
import type { ClockStep } from './directory.js';
import { expireAsLeader, type Lateness, sweepAsFollower } from './expiry.js';
import type { Generation } from './generation.js';
import type { Space } from './space.js';
import type { WriteWaits } from './write-waits.js';
import { Writer } from './writer.js';

export interface TenureOptions {
  readonly clock: Clock;
  readonly logicalClock: LogicalClock;
  readonly logger: Logger;
  readonly limits: Limits;
  readonly space: Space;
  readonly waits: WriteWaits;
  /** Set if the log's clock has gone back, and keys have to follow; `stepDone` is called when all have. */
  readonly clockStep: ClockStep | undefined;
  readonly stepDone: () => Promise<void>;
  /** Of the deletion of expired keys. */
  readonly lateness: Lateness;
  readonly onFailure: (error: Error) => void;
}

export class Tenure {
  readonly #over = new AbortController();
  #writer: Writer | undefined;
  #background: Promise<void> = Promise.resolve();
  /** Lets the writer go on where it is held between two blocks. */
  #hold = { over: true, letGo: () => {} };

  /** Aborts, with the reason, when it ends. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** On a leader, until it has ended. */
  get writer(): Writer | undefined {
    return this.#writer;
  }

  /** @param writesEnded keys expire no more from then on. */
  lead(generation: Generation, options: TenureOptions, writesEnded: AbortSignal): void {
    const { log, keyspace, committer } = generation;
    const { logicalClock, limits, waits, onFailure } = options;
    const row = log.lineage.current;
    invariant(row, 'a leader has a history');
    const { replicationId } = row;
    this.#writer = new Writer({
      log,
      keyspace,
      committer,
      clock: logicalClock,
      limits,
      waits,
      replicationId,
      onFailure,
    });
    const over = eitherAborts(this.signal, writesEnded);
    const expiring = expireAsLeader(this.#writer, { ...options, keyspace, log }, over);
    this.#background = Promise.all([expiring, followStep(this.#writer, generation, options, over)]).then(() => {});
  }

  follow({ log, keyspace }: Generation, options: TenureOptions): void {
    this.#background = sweepAsFollower({ ...options, keyspace, log }, this.signal);
  }

  /** Resolves when the writes in hand are finished. */
  async settled(): Promise<void> {
    await this.#writer?.between(async () => {});
  }

  /**
   * Finishes the batch in hand and appends nothing after it until `release`, or
   * until the end.
   * @param end where the log ends then.
   */
  hold(writer: Writer, end: () => Position): Promise<Position> {
    const hold = { over: false, letGo: () => {} };
    this.#hold = hold;
    return new Promise((resolve, reject) => {
      const held = async () => {
        if (hold.over) return;
        resolve(end());
        await new Promise<void>((release) => {
          hold.letGo = release;
        });
      };
      writer.between(held).catch(reject);
    });
  }

  release(): void {
    this.#hold.over = true;
    this.#hold.letGo();
  }

  /** @param reason what hears whatever waits in the writer; the batch in hand is finished. */
  async end(reason: HeadwaterError): Promise<void> {
    this.#over.abort(reason);
    const closed = this.#writer?.close(reason);
    this.release();
    await closed;
    this.#writer = undefined;
    await this.#background;
  }
}

/** Keys follow a step of the clock. If they cannot, they live too long, and nothing else is held up. */
async function followStep(
  writer: Writer,
  { keyspace, checkpointer }: Generation,
  { clockStep: step, stepDone: done, logger }: TenureOptions,
  signal: AbortSignal,
): Promise<void> {
  if (!step) return;
  try {
    await moveExpiries(writer, { keyspace, checkpointer, logger, step, done }, signal);
  } catch (error) {
    if (signal.aborted) return;
    logger.error(
      { by_ms: step.by_ms },
      `keys that expire live too long until the next start of this leader: ${(error as Error).message}`,
    );
  }
}
