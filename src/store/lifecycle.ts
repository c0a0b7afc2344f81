/**
 * The life cycle of a store: it opens the generation, exchanges it, and closes it, one change after another. stages.ts
 * has the stages; tenures.ts plays the role on top.
 *
 * After a failed write the generation is closed and reopened, with full recovery, and a leader begins another history.
 * Nothing that was in memory is trusted. Recovery may find that the log has lost a tail that the keyspace has effects
 * of. Such data can neither be served nor led from. The generation stays open for a full resync, and if the node leads,
 * a person has to name an upstream.
 */
import { doubledMs } from '../base/back-off.js';
import { type Clock, sleep } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { InvariantViolation } from '../base/invariant.js';
import { REOPEN_MS_MAX, REOPEN_MS_MIN, REOPENED_SOUND_MS } from '../base/limits.js';
import type { RepeatedLog } from '../base/repeated-log.js';
import { isOutOfSpace } from '../disk/files.js';
import type { LivePlace } from '../model/live-place.js';
import { formatPosition } from '../model/position.js';
import { withAdvice } from './advice.js';
import type { Changes } from './changes.js';
import type { DamageNotes } from './damage.js';
import type { StoreData } from './data.js';
import type { Directory } from './directory.js';
import type { FailedWrite } from './failed-write.js';
import type { Generation } from './generation.js';
import type { LeadershipRecord } from './leadership-record.js';
import type { LeadershipTerm } from './leadership-term.js';
import type { Opener } from './opener.js';
import type { Space } from './space.js';
import type { Stages } from './stages.js';
import type { Tenures } from './tenures.js';
import type { WriteWaits } from './write-waits.js';

export interface LifecycleOptions {
  readonly clock: Clock;
  /** The log of events over all openings: an opening that fails repeatedly reports the same each time. */
  readonly log: RepeatedLog;
  readonly directory: Directory;
  readonly space: Space;
  readonly damage: DamageNotes;
  readonly waits: WriteWaits;
  readonly stages: Stages;
  readonly data: StoreData;
  readonly changes: Changes;
  readonly tenures: Tenures;
  readonly leadership: LeadershipRecord;
  readonly term: LeadershipTerm;
  readonly opener: Opener;
  readonly failedWrite: FailedWrite;
  /** Called on a bug of our own: the process must not continue. */
  readonly onFatal: (error: Error) => void;
}

export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #stages: Stages;
  readonly #data: StoreData;
  readonly #changes: Changes;
  readonly #tenures: Tenures;
  readonly #log: RepeatedLog;
  #closed: Promise<void> | undefined;
  /** When a failed store was last open again, by the monotonic clock, and how often it has failed soon after that. */
  #reopenedMs = Number.NEGATIVE_INFINITY;
  #failuresInARow = 0;
  #onAsking = () => {};

  constructor(options: LifecycleOptions) {
    this.#options = options;
    this.#stages = options.stages;
    this.#data = options.data;
    this.#changes = options.changes;
    this.#tenures = options.tenures;
    this.#log = options.log;
  }

  /** Calls `listener` when a leader that led has to ask, because it was reopened and its log may have lost its end. */
  onAsking(listener: () => void): void {
    this.#onAsking = listener;
  }

  /**
   * Opens for the first time.
   * @throws HeadwaterError, `keyspace_incomplete` on a leader that has nobody to ask; nothing is open then.
   */
  async start(): Promise<void> {
    try {
      await this.#open({ starting: true });
    } catch (error) {
      const reason = new HeadwaterError('unavailable', 'the store did not open');
      await this.#tenures.end(reason);
      await this.#abandonOpening(reason);
      throw error;
    }
  }

  /**
   * Reopens a leader that asked while its keyspace was ahead of its log, with the blocks that it has received. The node
   * leads if these blocks were all that it lacked. Otherwise it waits until a person names an upstream.
   */
  async reopen(): Promise<void> {
    await this.#changes.runUnlessClosing(async () => {
      this.#stages.stopAsking();
      await this.#reopen(
        new HeadwaterError(
          'unavailable',
          'this leader reopens its data with the log blocks that its followers sent back. Try again later',
        ),
      );
    });
  }

  /**
   * Closes the generation, lets `exchange` name another one, and opens that.
   * @param live the place among live messages up to which the upstream of the other generation has sent them.
   * @throws the failure; the generation that is current by then is open all the same.
   */
  replace(reason: HeadwaterError, exchange: () => Promise<void>, live?: LivePlace): Promise<void> {
    const { directory, damage, opener, failedWrite } = this.#options;
    return this.#changes.runUnlessClosing(async () => {
      try {
        this.#stages.leave('replacing', reason);
        await this.#closeGeneration(reason);
        await exchange();
        // No write to the other generation has failed.
        await failedWrite.forget();
        opener.continueFrom(live);
        damage.forget();
        await this.#open();
      } catch (error) {
        await this.#reopen(reason);
        // An unfinished generation would take space from the next attempt.
        if (isOutOfSpace(error)) await directory.generations.removeOthers().catch(() => {});
        throw error;
      }
      await directory.generations.removeOthers();
    });
  }

  /**
   * Announces the close, after which nothing but `close` changes the store. A store that cannot be opened is not tried
   * again, and waits for it reject with `reason`.
   */
  announceClose(reason: HeadwaterError): void {
    this.#changes.announceClose(reason);
    this.#stages.current.generation?.checkpointer.room.letThrough();
  }

  /**
   * Closes the store: running work is finished, and everything is checkpointed and durable. A second call waits for the
   * first.
   * @param checkpointMs the longest time for the checkpoint, milliseconds. Without the checkpoint, the next start
   * replays more of the log.
   */
  close(reason: HeadwaterError, checkpointMs = Number.POSITIVE_INFINITY): Promise<void> {
    this.announceClose(reason);
    this.#closed ??= this.#changes.run(async () => {
      const { directory, space, waits } = this.#options;
      this.#tenures.release();
      if (this.#data.isServing) await this.#lastCheckpoint(reason, checkpointMs);
      try {
        await this.#closeForGood(reason);
      } catch (error) {
        // The next start finds the state by recovery, as after a crash.
        if (!isOutOfSpace(error)) throw error;
        this.#log.error({}, `the disk is full, so the stop is not clean: ${(error as Error).message}`);
      } finally {
        this.#stages.leave('closed', reason);
        waits.close();
        await space.close();
        await directory.close();
      }
    });
    return this.#closed;
  }

  async #lastCheckpoint(reason: HeadwaterError, checkpointMs: number): Promise<void> {
    const cancel = this.#options.clock.after(checkpointMs, () => this.#giveUpCheckpoint(reason, checkpointMs));
    await this.#tenures.settled().catch(() => {});
    await this.#stages.current.generation?.checkpointer.checkpoint().catch(() => {});
    cancel();
  }

  /** Gives up the checkpoint of the stop. Writes that wait for room in memory need not wait for it any more. */
  #giveUpCheckpoint(reason: HeadwaterError, afterMs: number): void {
    const { keyspace, log, checkpointer } = this.#data.generation;
    const { offset } = keyspace.checkpoint.position;
    this.#log.warn(
      { checkpoint_offset: offset, offset: log.end.offset },
      `the last checkpoint is not complete after ${(afterMs / 1_000).toFixed(1)} s: the next start replays the log from offset ${offset + 1}. For a faster start, raise --shutdown-timeout`,
    );
    checkpointer.close(reason).catch(() => {});
  }

  async #closeForGood(reason: HeadwaterError): Promise<void> {
    const { directory, leadership } = this.#options;
    const serving = this.#data.isServing ? this.#data.generation : undefined;
    const ledWell = serving !== undefined && this.#tenures.leads;
    this.#stages.leave('closing', reason);
    await this.#closeGeneration(reason);
    if (!serving?.endedDurable) return;
    await directory.noteCleanStop().catch((error: Error) =>
      // The next start then checks the files without a note, as after a crash.
      this.#log.warn({}, `the ends of the log files cannot be recorded: ${error.message}`),
    );
    if (ledWell) await leadership.endedClean();
  }

  /**
   * @param options.asked whether the leader asked already before it reopened, so that it need not begin to.
   * @throws HeadwaterError `keyspace_incomplete` on a leader that is starting and has nobody to ask. A running leader
   * stays up so that a person can name an upstream.
   */
  async #open({ starting = false, asked = this.#stages.asking } = {}): Promise<void> {
    const generation = await this.#options.opener.open({ starting });
    this.#stages.hold(generation);
    const asks = generation.incomplete
      ? this.#openIncomplete(generation, generation.incomplete, { starting })
      : await this.#openWhole(generation, { starting });
    // If this opening fails, the next one does not find the loss again: recovery has cut the end of the log.
    this.#stages.ask(asks);
    if (generation.checkpointer.failure) throw generation.checkpointer.failure;
    this.#stages.open(generation, { asks });
    this.#tenures.begin();
    if (asks && !asked && !starting) this.#onAsking();
  }

  /** Opens a generation whose keyspace is ahead of its log. @returns whether the leader asks its followers. */
  #openIncomplete(
    { log, keyspaceOffset }: Generation,
    incomplete: HeadwaterError,
    { starting }: { starting: boolean },
  ): boolean {
    const { directory, leadership } = this.#options;
    const node = directory.node.record;
    const leads = this.#leads;
    // The known followers may have the blocks that the log has lost.
    const asks = starting ? leads && leadership.hasKnownFollowers : this.#stages.asking;
    const message = withAdvice(incomplete, node, asks);
    if (starting && leads && !asks) throw new HeadwaterError('keyspace_incomplete', message, { cause: incomplete });
    this.#log.error({ role: node.role, offset: log.end.offset, keyspace_offset: keyspaceOffset }, message);
    return asks;
  }

  /** Begins the role of a generation that is whole. @returns whether the leader asks its followers. */
  async #openWhole(generation: Generation, { starting }: { starting: boolean }): Promise<boolean> {
    const { directory, leadership } = this.#options;
    const { asking } = this.#stages;
    if (!this.#leads) {
      await generation.log.history.forgetUnused();
      return asking;
    }
    const isInDoubt = starting || generation.mayHaveLostTail;
    const asks = asking || (isInDoubt && (await leadership.shouldAsk(generation, { starting })));
    if (!directory.node.record.superseded_by && !asks) await leadership.begin(generation);
    return asks;
  }

  /** Whether this node has the role of the leader, and may lead. */
  get #leads(): boolean {
    return this.#options.directory.node.record.role === 'leader' && this.#options.term.look() === undefined;
  }

  async #closeGeneration(reason: HeadwaterError): Promise<void> {
    await this.#tenures.end(reason);
    const last = this.#data.progress;
    const { generation } = this.#stages.current;
    this.#options.opener.continueFrom(generation?.log.interludes.place);
    try {
      await generation?.close(reason);
    } finally {
      this.#stages.drop(last);
    }
  }

  /** Closes a generation whose opening has failed. */
  async #abandonOpening(reason: HeadwaterError): Promise<void> {
    await this.#stages.current.generation?.close(reason).catch(() => {});
    this.#stages.drop();
  }

  /** Handles a failed write: everything open is closed, and reopened until that works. */
  failed(error: Error): void {
    if (this.#changes.closing.aborted || this.#stages.reason) return;
    const { clock, failedWrite, onFatal } = this.#options;
    if (error instanceof InvariantViolation || !(error instanceof HeadwaterError)) {
      onFatal(error);
      return;
    }
    const reason = new HeadwaterError('unavailable', `the store is reopening after a failure: ${error.message}`, {
      cause: error,
    });
    // Another history of this leader would have a fencing number that nobody has given.
    if (this.#options.term.isElected) this.#options.term.end(reason);
    this.#stages.leave('reopening', reason);
    failedWrite.met(error);
    const soon = clock.monotonicMs() - this.#reopenedMs < REOPENED_SOUND_MS;
    this.#failuresInARow = soon ? this.#failuresInARow + 1 : 0;
    const said = `${error.message}. The store takes no more writes and opens again`;
    // A failure after a sound while is logged again, with all that follows from it.
    if (!soon) this.#log.ends();
    this.#log.error({ error: error.message, in_a_row: this.#failuresInARow }, said);
    void this.#changes.run(() => this.#reopen(reason, this.#failuresInARow)).catch(onFatal);
  }

  /** @param failures the number of failures in a row before this one. */
  async #reopen(reason: HeadwaterError, failures = 0): Promise<void> {
    const { clock, space, failedWrite } = this.#options;
    this.#stages.leave('reopening', reason);
    // The note is written beside the close, which ends all other writes.
    const noting = failedWrite.save();
    await this.#closeGeneration(reason).catch((error: Error) =>
      this.#log.warn({ error: error.message }, `closing the store after a failure failed: ${error.message}`),
    );
    // The room is made only now, since nothing that was open may use it.
    await space.met(reason);
    const noted = noting.then((done) => done || failedWrite.save());
    const signal = this.#changes.closing;
    if (failures > 0) await sleep(clock, pauseMs(failures), signal);
    await noted;
    const asked = this.#stages.asking;
    for (let attempt = 1; !signal.aborted; attempt++) {
      if (await this.#tryOpen(reason, attempt, asked)) return;
      await sleep(clock, pauseMs(attempt), signal);
    }
  }

  /** @returns whether there is nothing more to try. */
  async #tryOpen(reason: HeadwaterError, attempt: number, asked: boolean): Promise<boolean> {
    const { clock, space, onFatal } = this.#options;
    try {
      await this.#open({ asked });
      this.#reopenedMs = clock.monotonicMs();
      const { isServing, position } = this.#data;
      if (isServing) this.#log.warn({ attempt }, `the store is open again, at ${formatPosition(position)}`);
      return true;
    } catch (error) {
      if (error instanceof InvariantViolation) {
        onFatal(error);
        return true;
      }
      await space.met(error);
      const why = `the store cannot be opened: ${(error as Error).message}. The node will try again`;
      this.#log.error({ attempt }, why);
      const { details } = reason;
      const stuck = new HeadwaterError('unavailable', `${reason.message}; ${why}`, { cause: error, details });
      this.#stages.leave('stuck', stuck);
      await this.#abandonOpening(reason);
      return false;
    }
  }
}

/** The pause before the store is opened again after so many failures in a row, milliseconds. */
function pauseMs(times: number): number {
  return doubledMs(REOPEN_MS_MIN, times - 1, REOPEN_MS_MAX);
}
