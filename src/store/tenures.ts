/**
 * The tenures of a store, one after another (tenure.ts): which begins follows from the role and the stage. The writer of
 * a leader can be held between two blocks, or ended for good before a stop.
 */
import type { Clock, LogicalClock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import type { RepeatedLog } from '../base/repeated-log.js';
import type { Limits } from '../commands/view.js';
import type { Position } from '../model/position.js';
import type { StoreData } from './data.js';
import type { Directory } from './directory.js';
import { Lateness } from './expiry.js';
import type { LeadershipTerm } from './leadership-term.js';
import type { Space } from './space.js';
import type { Stages } from './stages.js';
import { Tenure, type TenureOptions } from './tenure.js';
import type { WriteWaits } from './write-waits.js';
import type { Writer } from './writer.js';

export interface TenuresOptions {
  readonly clock: Clock;
  readonly logicalClock: LogicalClock;
  readonly log: RepeatedLog;
  readonly limits: Limits;
  readonly space: Space;
  readonly waits: WriteWaits;
  readonly term: LeadershipTerm;
  readonly directory: Directory;
  readonly stages: Stages;
  readonly data: StoreData;
  readonly activeExpiry?: TenureOptions['activeExpiry'];
  readonly reserved?: TenureOptions['reserved'];
  /** Handles a failed write. */
  failed(error: Error): void;
}

export class Tenures {
  /** The lateness of a leader's deletion of expired keys. */
  readonly lateness: Lateness;
  readonly #options: TenuresOptions;
  /** The role that is played, or was last. */
  #tenure = new Tenure();
  /** Nothing is written once this aborts. */
  readonly #writesEnded = new AbortController();
  /** Ends the release of pending writes from a disk that cannot be read; `hold` sets it. */
  #stopLettingThrough = () => {};

  constructor(options: TenuresOptions) {
    this.#options = options;
    this.lateness = new Lateness(options.log);
    options.term.onEnd = (reason) => this.#termEnded(reason);
  }

  /** The writer; undefined on a follower, on a leader that may not lead, and while nothing is open. */
  get writer(): Writer | undefined {
    return this.#writesEnded.signal.aborted || this.#options.term.ended ? undefined : this.#tenure.writer;
  }

  /** Whether a leader plays its role, even if its writes have ended. */
  get leads(): boolean {
    return this.#tenure.writer !== undefined;
  }

  /** Aborts, with the reason, when the present tenure ends. To ask for it looks at the term of the leader, too. */
  get signal(): AbortSignal {
    this.#options.term.look();
    return this.#tenure.signal;
  }

  /** Plays the role over the generation that is open; plays none if nothing can be served. */
  begin(): void {
    const { data, directory, stages, logicalClock, log, term, failed } = this.#options;
    data.changed.ring();
    const { generation } = stages.current;
    if (!generation || generation.incomplete) return;
    const { role, superseded_by, clock_step } = directory.node.record;
    const options = {
      ...this.#options,
      logger: log,
      lateness: this.lateness,
      clockStep: clock_step,
      stepDone: () => directory.node.update({ clock_step: undefined }),
      onFailure: failed,
    };
    this.#tenure = new Tenure();
    if (role === 'follower' || superseded_by || stages.asking || term.ended) {
      this.#tenure.follow(generation, options);
    } else {
      logicalClock.lead();
      this.#tenure.lead(generation, options, this.#writesEnded.signal);
      const { writer } = this.#tenure;
      if (writer) this.#options.reserved?.mend((decide, bytes) => writer.decree(decide, bytes));
    }
  }

  /** @param reason the error of everything that waits in the writer; the running batch is finished. */
  async end(reason: HeadwaterError): Promise<void> {
    await this.#tenure.end(reason);
    this.#stopLettingThrough();
  }

  /** Ends a leader's tenure with its term: waiting writes are refused, and the node answers reads. */
  #termEnded(reason: HeadwaterError): void {
    if (!this.leads) return;
    this.#options.log.error({}, `this node leads no more: ${reason.message}`);
    void this.#options.data.lettingThrough(() => this.end(reason)).catch(this.#options.failed);
  }

  /** Ends the role once the pending writes are finished. */
  endSettled(reason: HeadwaterError): Promise<void> {
    return this.#options.data.lettingThrough(async () => {
      // The end of a term has closed the writer, if there was one.
      await this.#tenure.settled().catch(() => {});
      await this.end(reason);
    });
  }

  /** Resolves when the pending writes are finished. */
  settled(): Promise<void> {
    return this.#tenure.settled();
  }

  /**
   * Finishes the running batch and appends nothing after it until `release`, or until the role ends.
   * @returns the end of the log.
   */
  async hold(): Promise<Position> {
    const { writer } = this;
    if (!writer) throw new HeadwaterError('unavailable', 'this node takes no writes now. Try again later');
    const { generation } = this.#options.data;
    this.#stopLettingThrough();
    this.#stopLettingThrough = generation.checkpointer.room.letThrough();
    return this.#tenure.hold(writer, () => generation.log.end);
  }

  /** Lets the writer continue. */
  release(): void {
    this.#stopLettingThrough();
    this.#tenure.release();
  }

  /**
   * Makes a leader take no more writes and expire no more keys, even if it reopens; pending ones are finished.
   * @returns the end of the log.
   */
  async endWrites(reason: HeadwaterError): Promise<Position> {
    const { writer } = this;
    this.#writesEnded.abort(reason);
    await writer?.between(async () => {});
    return this.#options.data.serving.log.end;
  }
}
