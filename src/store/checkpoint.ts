/**
 * Freezes the overlay and writes it out. A flush to S makes durable, in order: the log up to S, a mark of its begin,
 * the entries, the keyspace, the checkpoint record. The checkpointer is the only writer of records into the keyspace
 * database. So snapshots are taken and records repaired here as well, between two flushes.
 *
 * A flush that the disk has no room for does not begin. Requests for a snapshot are refused, and the layer stays in
 * memory, over its budget if need be. The excess is no more than the writes that were accepted before the node refused
 * writes.
 *
 * If a flush fails because the disk cannot be read (`io_error`), the checkpointer tries again, with growing pauses. To
 * reopen the store would not mend the disk. Until then requests for a snapshot are refused, and writes wait once memory
 * is full.
 */
import { doubledMs } from '../base/back-off.js';
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import {
  FLUSH_BYTES_FACTOR,
  FLUSH_RETRY_MS,
  FLUSH_SPARE_BYTES,
  FLUSH_UNREADABLE_MS_MAX,
  FLUSH_UNREADABLE_MS_MIN,
  FROZEN_LAYERS_MAX,
} from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { isUnreadable } from '../disk/level.js';
import type { Keyspace } from '../keyspace/keyspace.js';
import type { RangeWanted } from '../keyspace/laid-entries.js';
import type { KeyspaceSnapshot } from '../keyspace/snapshot.js';
import type { Log } from '../log/log.js';
import { CheckpointQueue } from './checkpoint-queue.js';
import { type CheckpointState, nextState } from './checkpoint-state.js';
import type { CommitFigures } from './commit-figures.js';
import type { DamageNotes } from './damage.js';
import { OverlayRoom } from './overlay-room.js';
import { Recount } from './recount.js';
import { type RangeSnapshot, SharedSnapshots, type SnapshotWish } from './shared-snapshots.js';
import type { Space } from './space.js';
import { Sweeper } from './sweeper.js';

export interface CheckpointBudget {
  readonly overlayBytesMax: number;
  readonly replayBytesMax: number;
}

const NO_CHECKPOINT =
  'no checkpoint can be made until this data can be read. The log keeps all writes, and a start replays them. Check the disk';

interface CheckpointerOptions {
  readonly log: Pick<Log, 'durable' | 'history'>;
  readonly keyspace: Keyspace;
  readonly budget: CheckpointBudget;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly damage: DamageNotes;
  readonly figures: Pick<CommitFigures, 'checkpointed'>;
  readonly space: Pick<Space, 'isWatched' | 'roomFor'>;
  /** Called once, with the reason for which the generation has to be reopened. */
  onFailure(error: Error): void;
}

/** Checkpoints since the data were opened. */
export interface CheckpointFigures {
  readonly count: number;
  /** The time of the last one, or of the opening before the first. Milliseconds since the epoch. */
  readonly lastMs: number;
  /** The time that the last one took. Undefined before the first. */
  readonly lastTookMs: number | undefined;
  readonly isRunning: boolean;
}

export class Checkpointer {
  readonly #options: CheckpointerOptions;
  readonly #keyspace: Keyspace;
  readonly #queue = new CheckpointQueue();
  /** The room in memory for writes, which flushes make. */
  readonly room: OverlayRoom;
  readonly #snapshots: SharedSnapshots;
  readonly #recount: Recount;
  readonly #sweeper: Sweeper;
  #state: CheckpointState = { name: 'ready' };
  /** Aborts at the close, for visitors. */
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  /** The reading of the keys' prints. */
  #loading: Promise<void> = Promise.resolve();
  /** Tries in a row that failed because the disk could not be read. */
  #unreadableInARow = 0;
  /** Recovery is over. Until then a flush that fails keeps the store from opening. */
  #isStarted = false;
  #cancelRetry = () => {};
  #made: Omit<CheckpointFigures, 'isRunning'>;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    this.#keyspace = options.keyspace;
    this.room = new OverlayRoom({
      overlay: this.#keyspace.overlay,
      layerBytesMax: options.budget.overlayBytesMax,
      state: () => this.#state,
    });
    this.#made = { count: 0, lastMs: options.clock.wallMs(), lastTookMs: undefined };
    this.#snapshots = new SharedSnapshots(options.keyspace, options.clock);
    const isClosed = () => this.#isClosed;
    this.#sweeper = new Sweeper({ ...options, isClosed });
    this.#recount = new Recount({ ...options, between: () => this.#betweenFlushes(), isClosed });
  }

  get figures(): CheckpointFigures {
    return { ...this.#made, isRunning: this.#state.name === 'flushing' };
  }

  /** The reason why nothing is written out any more: the generation has to be reopened. */
  get failure(): Error | undefined {
    const state = this.#state;
    if (state.name === 'closed') return state.failure;
    return state.name === 'failed' ? state.why : undefined;
  }

  /** Freezes the overlay if it is over its budget; called after every commit. */
  afterCommit(): void {
    const { active, frozenLayers } = this.#keyspace.overlay;
    if (active.bytes < this.#options.budget.overlayBytesMax && active.logBytes < this.#options.budget.replayBytesMax)
      return;
    if (frozenLayers >= FROZEN_LAYERS_MAX) return;
    this.#keyspace.freeze();
    this.#kick();
  }

  /** A description of the work that `room` waits for. */
  get progress(): string {
    const full = `${(this.#keyspace.overlay.bytes / 2 ** 20).toFixed(0)} MiB of writes are in memory, and writes wait until a checkpoint has freed some`;
    const state = this.#state;
    if (state.name === 'unreadable') return `${full}; ${noCheckpoint(state.why)}`;
    if (state.name !== 'flushing') return `${full}; no checkpoint is running yet`;
    const { offset, sinceMs, step } = state;
    const seconds = ((this.#options.clock.monotonicMs() - sinceMs) / 1_000).toFixed(1);
    return `${full}; the checkpoint at offset ${offset} began ${seconds} s ago and ${step}`;
  }

  /** Makes a checkpoint of everything applied so far, complete on disk when the promise resolves. */
  async checkpoint(): Promise<void> {
    const snapshot = await this.snapshotAt();
    await snapshot.release();
  }

  /**
   * Returns the keyspace at an offset that is no earlier than the end of the log now.
   * @param wish allows an older snapshot.
   */
  snapshotAt(wish: SnapshotWish = { share: false }): Promise<KeyspaceSnapshot> {
    const ended = this.#ended;
    if (ended) return Promise.reject(ended);
    const open = this.#snapshots.find(wish);
    if (open) return Promise.resolve(open);
    if (this.#state.name === 'unreadable') return Promise.reject(this.#state.why);
    return new Promise((resolve, reject) => {
      this.#queue.request({ offset: this.#keyspace.applied.offset, share: wish.share, resolve, reject });
      this.#kick();
    });
  }

  /**
   * Returns a range of the keyspace at an offset that is no earlier than the end of the log now. If memory holds little
   * of the range, no checkpoint is made. The caller reads no other range of the snapshot.
   */
  async rangeAt(wanted: RangeWanted, now: () => number): Promise<RangeSnapshot> {
    const isOver = () => this.#ended !== undefined;
    const range = await this.#snapshots.takeRange(wanted, { isOver, now });
    return range ?? { snapshot: await this.snapshotAt(), nowMs: now() };
  }

  /** Returns the keyspace at exactly the last block applied in this turn, without later blocks. */
  snapshotHere(): Promise<KeyspaceSnapshot> {
    if (this.#state.name === 'unreadable') return Promise.reject(this.#state.why);
    // The layer of this block ends here. Layers are flushed in turn, and each leaves a checkpoint at its end. Requests
    // are answered there.
    this.#keyspace.freeze();
    return this.snapshotAt();
  }

  /**
   * Runs `visit` when the keyspace on disk is exactly that of the last block applied in this turn. The visit may change
   * records there. No flush begins before the visit is done, so it has to be short, and to end when its signal aborts.
   * The caller gets the error of a failed visit. A failed write in it (`store_latched`) also fails the checkpointer.
   */
  visitHere<T>(visit: (keyspace: Keyspace, closing: AbortSignal) => Promise<T>): Promise<T> {
    const ended = this.#ended;
    if (ended) return Promise.reject(ended);
    if (this.#state.name === 'unreadable') return Promise.reject(this.#state.why);
    // The layer of this block ends here, as for a snapshot.
    this.#keyspace.freeze();
    return new Promise((resolve, reject) => {
      const run = async () => {
        try {
          resolve(await visit(this.#keyspace, this.#closing.signal));
        } catch (error) {
          reject(error);
          if (HeadwaterError.is(error, 'store_latched')) throw error;
        }
      };
      this.#queue.visit({ offset: this.#keyspace.applied.offset, run, reject });
      this.#kick();
    });
  }

  /** Returns the exact number of keys now, including expired ones that are not deleted yet. */
  async size(): Promise<number> {
    for (;;) {
      const snapshot = await this.snapshotAt();
      await snapshot.release();
      // A snapshot that another reader still holds may be from before a recount.
      const { position, keys } = this.#keyspace.checkpoint;
      if (position.offset === snapshot.position.offset && keys !== null) return keys;
      if (snapshot.keys !== undefined) return snapshot.keys;
      await this.#recount.run();
    }
  }

  /**
   * Begins normal operation after recovery. The prints of the keys are read in the background. If a crash in the middle
   * of a flush left the number of keys unknown, a recount begins.
   */
  start(): void {
    this.#isStarted = true;
    // A flush that recovery has begun has begun this too.
    if (!this.#running) this.#loadPrints();
    this.#recount.beginIfDue();
  }

  /**
   * Ends everything: readers of snapshots get `reason`. A running flush ends after its chunk, which is as if the
   * process had died there: replay makes it whole. A compaction is not awaited here, since closing the database awaits
   * it.
   */
  async close(reason: HeadwaterError): Promise<void> {
    this.#to({ name: 'closed', why: reason, failure: this.failure });
    this.#closing.abort(reason);
    this.#cancelRetry();
    this.#queue.refuse(reason);
    this.room.release();
    await this.#snapshots.close(reason);
    await this.#running;
    await this.#recount.settled();
    await this.#loading;
  }

  /** Waits for a moment without a flush: a count must begin where the deltas begin. */
  async #betweenFlushes(): Promise<void> {
    while (this.#running) await this.#running;
    if (this.#state.name === 'closed') throw this.#state.why;
  }

  /** Has the prints of the keys read, if that was not done yet. Flushes do not wait for it. */
  #loadPrints(): void {
    const done = () => {
      if (this.#isStarted && !this.#isClosed) this.#recount.beginIfDue();
    };
    this.#loading = this.#keyspace.indexes.prints
      .load(() => this.#isClosed)
      .then(done, (error: Error) => {
        // The next flush tries again.
        if (!this.#ended && this.#state.name !== 'unreadable' && !isUnreadable(error)) this.#fail(error);
      });
  }

  get #isClosed(): boolean {
    return this.#state.name === 'closed';
  }

  /** The reason why no caller gets anything any more. */
  get #ended(): Error | undefined {
    const state = this.#state;
    return state.name === 'closed' || state.name === 'failed' ? state.why : undefined;
  }

  #to(next: CheckpointState): void {
    this.#state = nextState(this.#state, next);
    this.room.releaseIfThere();
  }

  #kick(): void {
    if (this.#ended || this.#state.name === 'unreadable') return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // A layer may have been frozen, or a request made, in the turn in which the loop ended.
      if (this.#hasWork && this.#state.name !== 'no_room') this.#kick();
    });
  }

  get #hasWork(): boolean {
    return this.#keyspace.overlay.frozenLayers > 0 || !this.#queue.isEmpty;
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        this.#answerRequests();
        if (this.#isClosed) return;
        if (await this.#letVisitorIn()) continue;
        if (this.#keyspace.overlay.frozenLayers === 0) {
          if (!this.#queue.hasRequests) break;
          this.#keyspace.freeze();
        }
        if (this.#options.space.isWatched && !(await this.#hasRoom())) return;
        await this.#flushOldest();
        this.room.release();
        // Under load there is always another flush to come.
        this.#sweeper.compact();
      }
      // Flushes and snapshots come first, since nobody waits until the records that a clear has hidden are deleted.
      while (!this.#isClosed && !this.#hasWork && (await this.#sweeper.step()) > 0);
      this.#sweeper.compact();
    } catch (error) {
      if (this.#isClosed) return;
      if (this.#isStarted && HeadwaterError.is(error, 'io_error')) this.#tryLater(error);
      else this.#fail(error as Error);
    }
  }

  #fail(why: Error): void {
    this.#to({ name: 'failed', why });
    this.#queue.refuse(why);
    this.room.release();
    this.#options.onFailure(why);
  }

  /**
   * Keeps the layer in memory after a failed read, so nothing of it is lost. Committers that wait for room keep
   * waiting.
   */
  #tryLater(why: HeadwaterError): void {
    const { damage, clock } = this.#options;
    this.#to({ name: 'unreadable', why });
    damage.met('checkpoint', NO_CHECKPOINT, why);
    this.room.releaseFromUnreadable();
    this.#queue.refuse(why);
    const pauseMs = doubledMs(FLUSH_UNREADABLE_MS_MIN, this.#unreadableInARow++, FLUSH_UNREADABLE_MS_MAX);
    this.#cancelRetry();
    this.#cancelRetry = clock.after(pauseMs, () => {
      this.#to({ name: 'ready' });
      this.#kick();
    });
  }

  /**
   * Whether the disk has room to write out the oldest layer. If not, requests and visits are refused, and the
   * checkpointer tries again later.
   */
  async #hasRoom(): Promise<boolean> {
    const { space, logger, clock } = this.#options;
    const bytes = FLUSH_BYTES_FACTOR * (this.#keyspace.overlay.oldest?.layer.bytes ?? 0) + FLUSH_SPARE_BYTES;
    const why = await space.roomFor(bytes, 'a checkpoint');
    if (this.#isClosed) return false;
    if (!why) {
      if (this.#state.name === 'no_room') this.#to({ name: 'ready' });
      return true;
    }
    if (this.#state.name !== 'no_room') logger.warn({ bytes }, why.message);
    this.#to({ name: 'no_room', why });
    this.#queue.refuse(why);
    this.room.release();
    this.#cancelRetry();
    this.#cancelRetry = clock.after(FLUSH_RETRY_MS, () => this.#kick());
    return false;
  }

  async #flushOldest(): Promise<void> {
    const position = this.#keyspace.overlay.oldest?.position;
    if (!position || this.#isClosed) return;
    const { log, clock, damage, figures, logger } = this.#options;
    const { offset } = position;
    const sinceMs = clock.monotonicMs();
    const flushing = { name: 'flushing', offset, sinceMs } as const;
    this.#to({ ...flushing, step: 'waits for the log to be synced', share: 0 });
    this.#loadPrints();
    await log.durable.reach();
    const written = (share: number) => {
      if (!this.#isClosed) this.#to({ ...flushing, step: 'is being written to the keyspace', share });
      return !this.#isClosed;
    };
    written(0);
    const { rows } = log.history.lineage.upTo(offset);
    const unreadable = await this.#keyspace.flush(rows, written);
    if (!this.#isClosed) this.#to({ name: 'ready' });
    // The rest of the disk may be unreadable as well: callers that wait for a recount get the error.
    if (unreadable) this.#recount.hindered(unreadable);
    if (this.#keyspace.checkpoint.position.offset < offset) return;
    // The store may have met the damage before it was reopened.
    damage.passed('checkpoint');
    if (!this.#keyspace.isCountDue) damage.passed('count');
    this.#unreadableInARow = 0;
    const tookMs = Math.round(clock.monotonicMs() - sinceMs);
    figures.checkpointed(tookMs);
    if (this.#isStarted) this.#recount.beginIfDue();
    this.#made = { count: this.#made.count + 1, lastMs: clock.wallMs(), lastTookMs: tookMs };
    logger.debug({ offset, took_ms: tookMs }, `checkpoint at offset ${offset} in ${tookMs} ms`);
  }

  /** Runs the next visit, if the keyspace on disk has reached its offset. */
  async #letVisitorIn(): Promise<boolean> {
    const next = this.#queue.takeVisit(this.#keyspace.checkpoint.position.offset);
    if (!next) return false;
    try {
      await next.run();
    } finally {
      this.#snapshots.outdate();
      this.#recount.mended();
    }
    return true;
  }

  #answerRequests(): void {
    const ready = this.#queue.takeRequests(this.#keyspace.checkpoint.position.offset);
    if (ready.length === 0) return;
    const snapshot = this.#snapshots.take({ keep: ready.some(({ share }) => share) });
    for (const request of ready) request.resolve(snapshot.share());
    void snapshot.release();
  }
}

function noCheckpoint({ message }: HeadwaterError): string {
  return `${message}; ${NO_CHECKPOINT}`;
}
