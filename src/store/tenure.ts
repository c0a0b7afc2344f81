/**
 * A tenure: one role, played over one generation, from its start until something ends it. A leader runs the writer and
 * active expiry; a follower sweeps its index. Each change of role begins another tenure.
 */
import { eitherAborts } from '../base/abort.js';
import type { Clock, LogicalClock } from '../base/clock.js';
import type { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import type { Logger } from '../base/logger.js';
import type { Limits } from '../commands/view.js';
import type { Position } from '../model/position.js';
import { moveExpiries } from './clock-step.js';
import { expireAsLeader, type Lateness, sweepAsFollower } from './expiry.js';
import type { Generation } from './generation.js';
import type { LeadershipTerm } from './leadership-term.js';
import type { ClockStep } from './node-record.js';
import type { ReservedRecords } from './reserved-records.js';
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
  /** The time for which a leader may lead. */
  readonly term: LeadershipTerm;
  /**
   * Set if the log's clock has gone back, and the expiry of keys has to follow; `stepDone` is called when all keys are
   * moved.
   */
  readonly clockStep: ClockStep | undefined;
  readonly stepDone: () => Promise<void>;
  /** The lateness of the deletion of expired keys. */
  readonly lateness: Lateness;
  /** Whether expired keys are deleted. They are unless this says no. */
  readonly activeExpiry?: { readonly isOn: boolean } | undefined;
  /** The records of the node itself, at the end of the log. */
  readonly reserved?: ReservedRecords | undefined;
  readonly onFailure: (error: Error) => void;
}

export class Tenure {
  readonly #over = new AbortController();
  #writer: Writer | undefined;
  #background: Promise<void> = Promise.resolve();
  /** Lets the writer continue if it is held between two blocks. */
  #hold = { over: true, letGo: () => {} };

  /** Aborts, with the reason, when the tenure ends. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** The writer of a leader, until the tenure has ended. */
  get writer(): Writer | undefined {
    return this.#writer;
  }

  /** @param writesEnded keys expire no more once this aborts. */
  lead(generation: Generation, options: TenureOptions, writesEnded: AbortSignal): void {
    const { log, keyspace, committer } = generation;
    const { logicalClock, limits, waits, term, reserved, onFailure } = options;
    const row = log.history.lineage.current;
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
      term,
      ...(reserved && { reserved: () => reserved.all }),
      onFailure,
    });
    const over = eitherAborts(this.signal, writesEnded);
    const expiring = expireAsLeader(this.#writer, { ...options, keyspace, log }, over);
    this.#background = Promise.all([expiring, followStep(this.#writer, generation, options, over)]).then(() => {});
  }

  follow({ log, keyspace }: Generation, options: TenureOptions): void {
    this.#background = sweepAsFollower({ ...options, keyspace, log }, this.signal);
  }

  /** Resolves when the pending writes are finished. */
  async settled(): Promise<void> {
    await this.#writer?.between(async () => {});
  }

  /**
   * Finishes the running batch and appends nothing after it until `release`, or until the end of the tenure.
   * @param end returns the end of the log at that time.
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

  /** @param reason the error of everything that waits in the writer; the running batch is finished. */
  async end(reason: HeadwaterError): Promise<void> {
    this.#over.abort(reason);
    const closed = this.#writer?.close(reason);
    this.release();
    await closed;
    this.#writer = undefined;
    await this.#background;
  }
}

/**
 * Moves the expiry of keys after a step of the clock. If that fails, they live too long, and nothing else is held up.
 */
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
      `keys expire too late until the next start of this leader: ${(error as Error).message}`,
    );
  }
}
