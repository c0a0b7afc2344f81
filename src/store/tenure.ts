/**
 * One role, played over one generation, from its start until something ends it:
 * on a leader the writer and active expiry, on a follower the sweeping of its
 * index. Who plays it next begins another.
 */
import { eitherAborts } from '../abort.js';
import type { Clock, LogicalClock } from '../clock.js';
import type { Limits } from '../commands/view.js';
import type { HeadwaterError } from '../errors.js';
import { invariant } from '../invariant.js';
import type { Logger } from '../logger.js';
import type { Position } from '../position.js';
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
  lead({ log, keyspace, committer }: Generation, options: TenureOptions, writesEnded: AbortSignal): void {
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
    this.#background = expireAsLeader(this.#writer, { ...options, keyspace, log }, over);
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
