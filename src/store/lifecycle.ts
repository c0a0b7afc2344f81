/**
 * The life cycle of a store: which generation is open, and which role is played on top of it (tenure.ts). The life
 * cycle opens, closes and switches, one change after another.
 *
 * After a failed write the generation is closed and reopened, with full recovery, and a leader begins another history.
 * Nothing that was in memory is trusted. Recovery may find that the log has lost a tail that the keyspace has effects
 * of. Such data can neither be served nor led from. The generation stays open for a full resync, and if the node leads,
 * a person has to name an upstream.
 */
import { doubledMs } from '../base/back-off.js';
import { Bell } from '../base/bell.js';
import { CLOCK_SET_MS, type Clock, type LogicalClock, sleep } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { InvariantViolation } from '../base/invariant.js';
import { CLOCK_GAP_MS, REOPEN_MS_MAX, REOPEN_MS_MIN, REOPENED_SOUND_MS } from '../base/limits.js';
import { RepeatedLog } from '../base/repeated-log.js';
import type { Limits } from '../commands/view.js';
import { isOutOfSpace } from '../disk/files.js';
import { keepBlocks } from '../log/block-file.js';
import type { Log } from '../log/log.js';
import { type LivePlace, NOWHERE } from '../model/live-place.js';
import { formatPosition, type Position } from '../model/position.js';
import { Damage } from './damage.js';
import type { Directory, HandingOver, NodeRecord, SupersededBy } from './directory.js';
import { Lateness } from './expiry.js';
import { Generation, type GenerationOptions } from './generation.js';
import { type GenerationStatus, generationStatus, NOTHING } from './generation-status.js';
import { LifeNote } from './life.js';
import { Tenure } from './tenure.js';
import { WriteWaits } from './write-waits.js';
import type { Writer } from './writer.js';

export interface LifecycleOptions extends Omit<GenerationOptions, 'quarantine' | 'damage' | 'waits' | 'onFailure'> {
  readonly directory: Directory;
  readonly limits: Limits;
  randomBytes(count: number): Buffer;
  /** The ID of the machine's start; undefined if the machine does not tell. */
  readonly bootId: () => string | undefined;
  /** Whether there is any follower that a leader could ask for writes that its log may have lost. */
  readonly hasKnownFollowers: () => boolean;
  /** Called when another log is in use, before anything has been trimmed from it. */
  readonly opened: (log: Log) => void;
  /** Whether a follower whose data cannot be opened gets a copy from its upstream without a person's word. */
  readonly autoRepair: boolean;
  /** Whether a leader sets the log's clock back if that is ahead of the machine's. */
  readonly trustClock: boolean;
  /** Called on a bug of our own: the process must not continue. */
  readonly onFatal: (error: Error) => void;
}

/** Fields that a change of roles by a person, or a promotion, resets. */
const SETTLED = { handing_over: undefined, superseded_by: undefined } as const;

/** A leader that steps down is no longer the one that was promoted. */
const STEPPED_DOWN = { role: 'follower', promoted: undefined, clock_step: undefined, ...SETTLED } as const;

export class Lifecycle {
  /** Damage to the data in use. */
  readonly damage: Damage;
  readonly waits: WriteWaits;
  /** The lateness of a leader's deletion of expired keys. */
  readonly lateness: Lateness;
  /** Rings when a role begins, also after the store was reopened. */
  readonly changed = new Bell();
  readonly #options: LifecycleOptions;
  readonly #clock: Clock;
  readonly #logicalClock: LogicalClock;
  /**
   * The log of events of this store over all its openings: an opening that fails repeatedly reports the same each time.
   */
  readonly #log: RepeatedLog;
  readonly #directory: Directory;
  #generation: Generation | undefined;
  /** The role that is played, or was last. */
  #tenure = new Tenure();
  /** Nothing is written once this aborts. */
  readonly #writesEnded = new AbortController();
  /** The reason why nothing can be done for now; undefined while the generation is open. */
  #unavailable: HeadwaterError | undefined = new HeadwaterError('unavailable', 'the store is opening');
  /** Changes of the open generation run one after another. */
  #changing: Promise<void> = Promise.resolve();
  /** Aborts with the reason once the close has been announced. */
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;
  /** When a failed store was last open again, by the monotonic clock, and how often it has failed soon after that. */
  #reopenedMs = Number.NEGATIVE_INFINITY;
  #failuresInARow = 0;
  /** Whether reopening has failed: it is tried again and again. */
  #stuck = false;
  /** The end of the ring of live messages that was open last: the next one begins there. */
  #live: LivePlace = NOWHERE;
  #onServing: (serving: boolean) => void = () => {};
  /** Set on a leader that does not lead yet, because others may have writes that its log has lost. */
  #asking = false;
  #onAsking = () => {};
  /** Whether a write has failed, in this life or before it, and nothing was open since. */
  #writeFailed = false;
  /** Ends the release of pending writes from a disk that cannot be read; `hold` sets it. */
  #stopLettingThrough = () => {};
  readonly #life: LifeNote;
  /** The status of the generation that was closed last. */
  #last = NOTHING;

  constructor(options: LifecycleOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#logicalClock = options.logicalClock;
    this.#log = RepeatedLog.of(options);
    this.damage = new Damage(this.#log);
    this.waits = new WriteWaits(options.clock, this.#log);
    this.lateness = new Lateness(this.#log);
    this.#directory = options.directory;
    this.#life = new LifeNote(options.directory, options.bootId);
  }

  /** @throws the reason if nothing is open. */
  get generation(): Generation {
    if (!this.#generation) throw this.#unavailable ?? new HeadwaterError('unavailable', 'the store is not open');
    return this.#generation;
  }

  /** @throws `notServing`. */
  get serving(): Generation {
    const reason = this.notServing;
    if (reason) throw reason;
    return this.generation;
  }

  /** Whether a leader has opened its data and does not lead yet: it receives blocks from others, as a follower does. */
  get asking(): boolean {
    return this.#asking;
  }

  /** The writer; undefined on a follower, on a leader that may not lead, and while nothing is open. */
  get writer(): Writer | undefined {
    return this.#writesEnded.signal.aborted ? undefined : this.#tenure.writer;
  }

  /**
   * The end of the log, as far as it is applied, and the time of its last block. While nothing is open, these are the
   * last known values.
   */
  get end(): { position: Position; timeMs: number } {
    const log = this.#generation?.log;
    return log ? { position: log.end, timeMs: log.lookup.endTimeMs } : this.#last;
  }

  /** The progress of the data; the last known progress while nothing is open. */
  get standing(): GenerationStatus {
    return this.#generation ? generationStatus(this.#generation) : this.#last;
  }

  /** Set if a lost log tail left a keyspace that only a full resync can help; undefined while nothing is open. */
  get incomplete(): HeadwaterError | undefined {
    return this.#generation?.incomplete;
  }

  /** The reason why nothing is served, with advice if the store cannot help itself. */
  get notServing(): HeadwaterError | undefined {
    if (this.#unavailable) return this.#unavailable;
    const { incomplete } = this;
    return incomplete && new HeadwaterError('unavailable', this.#withAdvice(incomplete), { cause: incomplete });
  }

  get isServing(): boolean {
    return !this.#unavailable && !this.incomplete;
  }

  /** Aborts, with the reason, when the present tenure of the role ends. */
  get tenure(): AbortSignal {
    return this.#tenure.signal;
  }

  /** Calls `listener` now, and at every change, with whether reads can be served. */
  onServing(listener: (serving: boolean) => void): void {
    this.#onServing = listener;
    listener(this.isServing);
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
      await this.#tenure.end(reason);
      await this.#generation?.close(reason).catch(() => {});
      throw error;
    }
  }

  /**
   * Becomes, durably, a follower of `upstream`; pending writes are finished first.
   * @param reason the error of writes that come too late.
   * @throws HeadwaterError `unavailable` while the store cannot be opened: nobody knows for how long.
   */
  async follow(upstream: string, reason: HeadwaterError): Promise<void> {
    if (this.#stuck && this.#unavailable) throw this.#unavailable;
    await this.#changeUnlessClosing(async () => {
      await this.#endSettled(reason);
      try {
        await this.#directory.update({ ...STEPPED_DOWN, upstream });
        this.#asking = false;
        if (this.isServing) await this.generation.log.history.forgetUnused();
      } finally {
        this.#startRole();
      }
    });
  }

  /**
   * Finishes the running batch and appends nothing after it until `release`, or until the role ends.
   * @returns the end of the log.
   */
  async hold(): Promise<Position> {
    const { writer } = this;
    if (!writer) throw new HeadwaterError('unavailable', 'this node is not taking writes');
    this.#stopLettingThrough();
    this.#stopLettingThrough = this.generation.checkpointer.letThrough();
    return this.#tenure.hold(writer, () => this.generation.log.end);
  }

  release(): void {
    this.#stopLettingThrough();
    this.#tenure.release();
  }

  /**
   * Makes a leader whose writer is held step down, durably, to follow the node that it hands over to. Everything that
   * it has is durable before.
   * @param reason the error of everything that waits in the writer.
   */
  handOver(to: HandingOver, reason: HeadwaterError): Promise<void> {
    return this.#change(async () => {
      const { log } = this.serving;
      if (log.end.offset !== to.offset || !this.#tenure.writer)
        throw new HeadwaterError('unavailable', `the store has changed since offset ${to.offset}`);
      await log.durable.reach();
      await this.#tenure.end(reason);
      this.#stopLettingThrough();
      try {
        await this.#directory.update({ ...STEPPED_DOWN, upstream: to.address, handing_over: to });
        await log.history.forgetUnused();
      } finally {
        this.#startRole();
      }
    });
  }

  /** Makes a leader take no more writes, durably, because another node continues its history. */
  supersede(by: SupersededBy, reason: HeadwaterError): Promise<void> {
    return this.#change(async () => {
      await this.#endSettled(reason);
      try {
        await this.#directory.update({ superseded_by: by });
        this.#asking = false;
      } finally {
        this.#startRole();
      }
    });
  }

  /**
   * Makes a follower, or a leader that may not lead, durably the leader of a history of its own. The last block is in
   * the log, and the link is stopped.
   * @param change other fields of node.json to change with it.
   * @param above an epoch that others have begun already, as far as this node knows.
   * @param follows the end of the messages of a leader that has handed over.
   * @throws HeadwaterError if the data are not whole, or the disk fails.
   */
  async lead(change: Partial<NodeRecord> = {}, above = 0, follows?: LivePlace): Promise<void> {
    if (this.#stuck && this.#unavailable) throw this.#unavailable;
    await this.#changeUnlessClosing(async () => {
      const generation = this.serving;
      await this.#tenure.end(new HeadwaterError('unavailable', 'the node is being promoted'));
      try {
        // The history comes first. If the role does not reach the disk after it, the history is forgotten, since
        // nothing was logged under it.
        await this.#lead(generation, above, follows);
        await this.#directory.update({ role: 'leader', upstream: '', ...SETTLED, ...change });
        this.#asking = false;
        // Readers of the log may have waited for the promotion.
        generation.log.readers.wake();
      } catch (error) {
        // The content of the disk is not known: reopening shows it.
        this.failed(HeadwaterError.from(error));
        throw error;
      }
      this.#startRole();
    });
  }

  /**
   * Reopens a leader that asked while its keyspace was ahead of its log, with the blocks that it has received. The node
   * leads if these blocks were all that it lacked. Otherwise it waits until a person names an upstream.
   */
  async openAnew(): Promise<void> {
    await this.#changeUnlessClosing(async () => {
      this.#asking = false;
      await this.#reopen(new HeadwaterError('unavailable', 'the store is opening with what its followers have sent'));
    });
  }

  /**
   * Closes the generation, lets `exchange` name another one, and opens that.
   * @param live the place among live messages up to which the upstream of the other generation has sent them.
   * @throws the failure; the generation that is current by then is open all the same.
   */
  replace(reason: HeadwaterError, exchange: () => Promise<void>, live?: LivePlace): Promise<void> {
    return this.#changeUnlessClosing(async () => {
      try {
        await this.#close(reason);
        await exchange();
        // No write to the other generation has failed.
        if (this.#writeFailed) await this.#directory.forgetWriteFailed();
        this.#writeFailed = false;
        this.#live = live ?? this.#live;
        this.damage.forget();
        await this.#open();
      } catch (error) {
        await this.#reopen(reason);
        // An unfinished generation would take space from the next attempt.
        if (isOutOfSpace(error)) await this.#directory.removeOtherGenerations().catch(() => {});
        throw error;
      }
      await this.#directory.removeOtherGenerations();
    });
  }

  /**
   * Makes a leader take no more writes and expire no more keys, even if it reopens; pending ones are finished.
   * @returns the end of the log.
   */
  async endWrites(reason: HeadwaterError): Promise<Position> {
    const { writer } = this;
    this.#writesEnded.abort(reason);
    await writer?.between(async () => {});
    return this.serving.log.end;
  }

  /**
   * Announces the close, after which nothing but `close` changes the store. A store that cannot be opened is not tried
   * again, and waits for it reject with `reason`.
   */
  announceClose(reason: HeadwaterError): void {
    this.#closing.abort(reason);
    this.#generation?.checkpointer.letThrough();
  }

  /** Keeps blocks that are committed during `work` from waiting for a checkpoint that the disk cannot be read for. */
  async lettingThrough(work: () => Promise<void>): Promise<void> {
    const stopLetting = this.#generation?.checkpointer.letThrough();
    try {
      await work();
    } finally {
      stopLetting?.();
    }
  }

  /**
   * Closes the store: running work is finished, and everything is checkpointed and durable. A second call waits for the
   * first.
   * @param checkpointMs the longest time for the checkpoint, milliseconds. Without the checkpoint, the next start
   * replays more of the log.
   */
  close(reason: HeadwaterError, checkpointMs = Number.POSITIVE_INFINITY): Promise<void> {
    this.announceClose(reason);
    this.#closed ??= this.#change(async () => {
      this.release();
      const ledWell = this.isServing && this.#tenure.writer !== undefined;
      const serving = this.isServing ? this.#generation : undefined;
      if (this.isServing) {
        const cancel = this.#clock.after(checkpointMs, () => this.#giveUpCheckpoint(reason, checkpointMs));
        await this.#tenure.settled().catch(() => {});
        await this.#generation?.checkpointer.checkpoint().catch(() => {});
        cancel();
      }
      try {
        await this.#close(reason);
        if (serving?.endedDurable) {
          await this.#directory.noteCleanStop().catch((error: Error) =>
            // The next start then checks the files without a note, as after a crash.
            this.#log.warn({}, `the ends of the log files cannot be noted: ${error.message}`),
          );
          if (ledWell) await this.#life.note({ clean: true });
        }
      } catch (error) {
        // The next start finds the state by recovery, as after a crash.
        if (!isOutOfSpace(error)) throw error;
        this.#log.error({}, `the disk is full, the stop is not in good order: ${(error as Error).message}`);
      } finally {
        this.waits.close();
        await this.#options.space.close();
        await this.#directory.close();
      }
    });
    return this.#closed;
  }

  /** Gives up the checkpoint of the stop. Writes that wait for room in memory need not wait for it any more. */
  #giveUpCheckpoint(reason: HeadwaterError, afterMs: number): void {
    const { keyspace, log, checkpointer } = this.generation;
    const { offset } = keyspace.checkpoint.position;
    this.#log.warn(
      { checkpoint_offset: offset, offset: log.end.offset },
      `the checkpoint of the stop is not done after ${(afterMs / 1_000).toFixed(1)} s: the next start replays the log from offset ${offset + 1}; give --shutdown-timeout more time if a start has to be faster`,
    );
    checkpointer.close(reason).catch(() => {});
  }

  /**
   * @throws HeadwaterError `keyspace_incomplete` on a leader that is starting and has nobody to ask. A running leader
   * stays up so that a person can name an upstream.
   */
  async #open({ starting } = { starting: false }): Promise<void> {
    const asked = this.#asking;
    const generation = await this.#openGeneration({ starting });
    this.#generation = generation;
    generation.log.interludes.begin(this.#live);
    this.#options.opened(generation.log);
    const { incomplete } = generation;
    if (incomplete) {
      const leads = this.#directory.node.role === 'leader';
      // The known followers may have the blocks that the log has lost.
      if (starting) this.#asking = leads && this.#options.hasKnownFollowers();
      const message = this.#withAdvice(incomplete);
      if (starting && leads && !this.#asking)
        throw new HeadwaterError('keyspace_incomplete', message, { cause: incomplete });
      const { offset } = generation.log.end;
      this.#log.error({ role: this.#directory.node.role, offset, keyspace_offset: generation.keyspaceOffset }, message);
    } else if (this.#directory.node.role === 'leader') {
      if (starting || generation.mayHaveLostTail) this.#asking ||= await this.#shouldAsk(generation, { starting });
      if (!this.#directory.node.superseded_by && !this.#asking) await this.#lead(generation);
    } else {
      await generation.log.history.forgetUnused();
    }
    if (generation.checkpointer.failure) throw generation.checkpointer.failure;
    this.#unavailable = undefined;
    this.#startRole();
    this.#onServing(this.isServing);
    if (this.#asking && !asked && !starting) this.#onAsking();
  }

  /**
   * Whether a leader has to ask. The operating system has everything that this process had appended, unless the disk
   * changed it. For an earlier life that is not certain.
   */
  async #shouldAsk({ mayHaveLostTail }: Generation, { starting }: { starting: boolean }): Promise<boolean> {
    if (!this.#options.hasKnownFollowers()) return false;
    return mayHaveLostTail || (starting && (await this.#life.mayHaveLostTail()));
  }

  /** @throws HeadwaterError `corrupt`, with advice if the store does not repair the data itself. */
  async #openGeneration({ starting }: { starting: boolean }): Promise<Generation> {
    const directory = this.#directory.currentGeneration;
    const options = {
      ...this.#options,
      logger: this.#log,
      logicalClock: this.#logicalClock,
      damage: this.damage,
      waits: this.waits,
      quarantine: (blocks: AsyncIterable<Buffer>, fromOffset: number) => this.#quarantine(blocks, fromOffset),
      onFailure: (error: Error) => this.failed(error),
    };
    try {
      if (starting) this.#writeFailed = await this.#directory.hasFailedWrite();
      // Databases that are opened again, or that have ever held anything, are not made again.
      const mustExist = !starting || this.#directory.wasUsed;
      const generation = await Generation.open(directory, options, {
        afterFailedWrite: this.#writeFailed,
        mustExist,
        ...(starting && { cleanStop: await this.#directory.cleanStop() }),
        writing: () => this.#directory.forgetCleanStop(),
      });
      // A file that stays is removed by the next opening.
      if (this.#writeFailed) await this.#directory.forgetWriteFailed().catch(() => {});
      this.#writeFailed = false;
      return generation;
    } catch (error) {
      if (!HeadwaterError.is(error, 'corrupt')) throw error;
      const follows = this.#directory.node.role === 'follower';
      if (!follows || !(this.#options.autoRepair || this.damage.mayStandIn))
        throw follows || starting ? this.#withRemedy(error) : error;
      this.#log.error({ error: error.message }, `the data cannot be opened: ${error.message}`);
      const place = { directory, aside: await this.#directory.aside(), afterFailedWrite: this.#writeFailed };
      return await Generation.standIn(place, error, options);
    }
  }

  #withRemedy(error: HeadwaterError): HeadwaterError {
    const { role, upstream } = this.#directory.node;
    const remedy =
      role === 'follower'
        ? `this follower can get everything anew from ${upstream}: start it with --auto-repair, or, where it is running, say "repair"`
        : 'this node leads, and nobody else can say what stood there: let a node that is whole lead ("promote") and start this one with --follow HOST:PORT --auto-repair, or restore a backup into an empty directory';
    return new HeadwaterError('corrupt', `${error.message}. ${remedy}`, { cause: error.cause ?? error });
  }

  async #lead({ log }: Generation, heardOf = 0, follows?: LivePlace): Promise<void> {
    await this.#life.note({ clean: false });
    if (this.#directory.node.cluster_id === '')
      await this.#directory.update({ cluster_id: this.#options.randomBytes(16).toString('hex') });
    const { superseded_by, handing_over } = this.#directory.node;
    // The node that was to lead may have taken the next epoch: the epoch of this one has to be above that.
    const granted = handing_over ? log.history.lineage.epoch + 1 : 0;
    const above = Math.max(superseded_by?.epoch ?? 0, granted, heardOf);
    const row = await log.history.begin(this.#options.randomBytes(20).toString('hex'), above, follows);
    await this.#stepClock(log);
    this.#log.info(
      { replication_id: row.replicationId, epoch: row.epoch },
      `leading from offset ${row.firstOffset} under the new history ${row.replicationId}`,
    );
  }

  /** Sets the log's clock back, if a person has asked for that and no block has been logged with the new time yet. */
  async #stepClock(log: Log): Promise<void> {
    const noted = this.#directory.node.clock_step;
    const isLogged = noted !== undefined && noted.up_to < log.end.offset;
    const wallMs = this.#clock.wallMs();
    const byMs = Math.round(log.lookup.endTimeMs - wallMs);
    if (isLogged || !(noted || this.#options.trustClock) || byMs <= CLOCK_GAP_MS || wallMs < CLOCK_SET_MS) return;
    await this.#directory.update({ clock_step: { up_to: log.end.offset, by_ms: byMs } });
    this.#logicalClock.stepBack();
    this.#log.warn(
      { by_ms: byMs },
      `the log's time goes back by ${Math.round(byMs / 1_000)} s, to ${new Date(wallMs).toISOString()}, with the next write; keys keep their remaining time to live`,
    );
  }

  /** Ends the role once the pending writes are finished. */
  #endSettled(reason: HeadwaterError): Promise<void> {
    return this.lettingThrough(async () => {
      await this.#tenure.settled();
      await this.#tenure.end(reason);
    });
  }

  #startRole(): void {
    this.changed.ring();
    const generation = this.#generation;
    if (!generation || generation.incomplete) return;
    const { role, superseded_by } = this.#directory.node;
    const { lateness, waits } = this;
    const options = {
      ...this.#options,
      logger: this.#log,
      lateness,
      waits,
      clockStep: this.#directory.node.clock_step,
      stepDone: () => this.#directory.update({ clock_step: undefined }),
      onFailure: (error: Error) => this.failed(error),
    };
    this.#tenure = new Tenure();
    if (role === 'follower' || superseded_by || this.#asking) {
      this.#tenure.follow(generation, options);
    } else {
      this.#logicalClock.lead();
      this.#tenure.lead(generation, options, this.#writesEnded.signal);
    }
  }

  async #close(reason: HeadwaterError): Promise<void> {
    this.#unavailable = reason;
    this.#onServing(false);
    await this.#tenure.end(reason);
    this.#last = this.standing;
    this.#live = this.#generation?.log.interludes.place ?? this.#live;
    try {
      await this.#generation?.close(reason);
    } finally {
      this.#generation = undefined;
    }
  }

  /** Handles a failed write: everything open is closed, and reopened until that works. */
  failed(error: Error): void {
    if (this.#closing.signal.aborted || this.#unavailable) return;
    if (error instanceof InvariantViolation || !(error instanceof HeadwaterError)) {
      this.#options.onFatal(error);
      return;
    }
    const reason = new HeadwaterError('unavailable', `the store is reopening after a failure: ${error.message}`, {
      cause: error,
    });
    this.#unavailable = reason;
    this.#writeFailed ||= error.code === 'store_latched';
    const soon = this.#clock.monotonicMs() - this.#reopenedMs < REOPENED_SOUND_MS;
    this.#failuresInARow = soon ? this.#failuresInARow + 1 : 0;
    const said = `${error.message}; no more writes on this handle, the store is opened anew`;
    // A failure after a sound while is logged again, with all that follows from it.
    if (!soon) this.#log.ends();
    this.#log.error({ error: error.message, in_a_row: this.#failuresInARow }, said);
    void this.#change(() => this.#reopen(reason, this.#failuresInARow)).catch(this.#options.onFatal);
  }

  /** @param failures the number of failures in a row before this one. */
  async #reopen(reason: HeadwaterError, failures = 0): Promise<void> {
    // The note is written beside the close, which ends all other writes.
    const noting = this.#noteWriteFailed();
    await this.#close(reason).catch((error: Error) =>
      this.#log.warn({ error: error.message }, `closing after a failure: ${error.message}`),
    );
    const { space } = this.#options;
    // The room is made only now, since nothing that was open may use it.
    await space.met(reason);
    const noted = noting.then((done) => done || this.#noteWriteFailed());
    const { signal } = this.#closing;
    if (failures > 0) await sleep(this.#clock, pauseMs(failures), signal);
    await noted;
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        await this.#open();
        this.#stuck = false;
        this.#reopenedMs = this.#clock.monotonicMs();
        if (this.isServing)
          this.#log.warn({ attempt }, `the store is open again, at ${formatPosition(this.end.position)}`);
        return;
      } catch (error) {
        if (error instanceof InvariantViolation) return this.#options.onFatal(error);
        await space.met(error);
        const why = `the store cannot be opened: ${(error as Error).message}; trying again`;
        this.#log.error({ attempt }, why);
        this.#stuck = true;
        const { details } = reason;
        this.#unavailable = new HeadwaterError('unavailable', `${reason.message}; ${why}`, { cause: error, details });
        await this.#generation?.close(reason).catch(() => {});
        this.#generation = undefined;
        await sleep(this.#clock, pauseMs(attempt), signal);
      }
    }
  }

  /**
   * Notes the failed write for the next life, since this one may be killed before it has reopened. @returns false if
   * there was no room.
   */
  #noteWriteFailed(): Promise<boolean> {
    if (!this.#writeFailed) return Promise.resolve(true);
    return this.#directory.noteWriteFailed().then(
      () => true,
      () => false,
    );
  }

  async #changeUnlessClosing(work: () => Promise<void>): Promise<void> {
    const { signal } = this.#closing;
    if (signal.aborted) throw signal.reason;
    await this.#change(work);
  }

  #change(work: () => Promise<void>): Promise<void> {
    const done = this.#changing.then(work);
    this.#changing = done.catch(() => {});
    return done;
  }

  /** Adds advice to a keyspace that is ahead of its log: the missing commands have to come from elsewhere. */
  #withAdvice(incomplete: HeadwaterError): string {
    if (this.#directory.node.role === 'follower') return `${incomplete.message}; nothing is served until a full resync`;
    if (this.#asking) return `${incomplete.message}; this leader asks its known followers for what is missing`;
    return `${incomplete.message}; this node neither serves nor leads until it has followed a node that has the data: "follow HOST:PORT", or "serve --follow HOST:PORT" to start it; add --accept-data-loss if no node has all of them`;
  }

  async #quarantine(blocks: AsyncIterable<Buffer>, fromOffset: number): Promise<void> {
    await keepBlocks(this.#options.files, await this.#directory.beside('damaged'), `log-from-${fromOffset}`, blocks);
  }
}

/** The pause before the store is opened again after so many failures in a row, milliseconds. */
function pauseMs(times: number): number {
  return doubledMs(REOPEN_MS_MIN, times - 1, REOPEN_MS_MAX);
}
