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
import { whenUnused } from '../base/disuse.js';
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import {
  FLUSH_BYTES_FACTOR,
  FLUSH_RETRY_MS,
  FLUSH_SPARE_BYTES,
  FLUSH_UNREADABLE_MS_MAX,
  FLUSH_UNREADABLE_MS_MIN,
  FREEING_BYTES,
  FROZEN_LAYERS_MAX,
  SNAPSHOT_SHARE_MS,
  SNAPSHOT_UNREAD_MS_MAX,
} from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { isUnreadable } from '../disk/level.js';
import type { Keyspace } from '../keyspace/keyspace.js';
import { type KeyspaceSnapshot, unreadTooLong } from '../keyspace/snapshot.js';
import type { Log } from '../log/log.js';
import type { Damage } from './damage.js';
import { Recount } from './recount.js';
import type { Space } from './space.js';

export interface CheckpointBudget {
  readonly overlayBytesMax: number;
  readonly replayBytesMax: number;
}

/** The number of records of earlier epochs that one step after a flush deletes. */
const SWEEP_STEP = 2_000;

const NO_CHECKPOINT =
  'no checkpoint can be made until this data can be read. The log keeps all writes, and a start replays them. Check the disk';

interface Request {
  /** The offset up to which the keyspace on disk must be complete. */
  readonly offset: number;
  /** Whether requests that come soon afterwards may take the same snapshot. */
  readonly share: boolean;
  resolve(snapshot: KeyspaceSnapshot): void;
  reject(error: Error): void;
}

/** A visit: work that has the keyspace on disk for itself. */
interface Visit {
  /** The offset at which the keyspace on disk must be exactly. */
  readonly offset: number;
  run(): Promise<void>;
  reject(error: Error): void;
}

export class Checkpointer {
  readonly #log: Log;
  readonly #keyspace: Keyspace;
  readonly #budget: CheckpointBudget;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #damage: Damage;
  readonly #space: Pick<Space, 'isWatched' | 'roomFor'>;
  readonly #onFailure: (error: Error) => void;
  readonly #requests: Request[] = [];
  /** Visits by their offsets, each of which ends a layer. */
  readonly #visits: Visit[] = [];
  readonly #waitingForRoom: Array<() => void> = [];
  readonly #snapshots = new Map<KeyspaceSnapshot, number>();
  /** Snapshots from before a change to the keyspace on disk, which are not shared any more. */
  readonly #outdated = new WeakSet<KeyspaceSnapshot>();
  /** Aborts at the close, for visitors. */
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  readonly #recount: Recount;
  #compacting = false;
  /** The flush that is running. */
  #flushing: { readonly offset: number; readonly sinceMs: number; step: string } | undefined;
  /** The reason why the oldest layer is not written out for now: the disk has no room for it. */
  #held: HeadwaterError | undefined;
  /**
   * The reason why the oldest layer could not be written out: the disk cannot be read. No flush begins before the
   * retry.
   */
  #hindered: HeadwaterError | undefined;
  #hinderedInARow = 0;
  /** Recovery is over. Until then a flush that fails keeps the store from opening. */
  #isStarted = false;
  /** The number of callers that want pending writes to finish even while the disk cannot be read. */
  #letThrough = 0;
  #cancelRetry = () => {};
  #closed: HeadwaterError | undefined;
  #failure: Error | undefined;

  constructor(options: {
    log: Log;
    keyspace: Keyspace;
    budget: CheckpointBudget;
    clock: Clock;
    logger: Logger;
    damage: Damage;
    space: Pick<Space, 'isWatched' | 'roomFor'>;
    onFailure: (error: Error) => void;
  }) {
    this.#log = options.log;
    this.#keyspace = options.keyspace;
    this.#budget = options.budget;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#damage = options.damage;
    this.#space = options.space;
    this.#onFailure = options.onFailure;
    this.#recount = new Recount({
      ...options,
      between: () => this.#betweenFlushes(),
      isClosed: () => this.#closed !== undefined,
    });
  }

  /** The reason why nothing is written out any more: the generation has to be reopened. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Freezes the overlay if it is over its budget; called after every commit. */
  afterCommit(): void {
    const { active, frozenLayers } = this.#keyspace.overlay;
    if (active.bytes < this.#budget.overlayBytesMax && active.logBytes < this.#budget.replayBytesMax) return;
    if (frozenLayers >= FROZEN_LAYERS_MAX) return;
    this.#keyspace.freeze();
    this.#kick();
  }

  /** The promise that a committer awaits first; undefined unless the overlay is full and its flush is behind. */
  room(): Promise<void> | undefined {
    const { active, frozenLayers } = this.#keyspace.overlay;
    if (frozenLayers < FROZEN_LAYERS_MAX || active.bytes < this.#budget.overlayBytesMax) return undefined;
    // Nothing will make room any more, since the store is about to be closed or reopened.
    if (this.#closed || this.#failure) return undefined;
    // The wait could be long, and would block everything else.
    if (this.#held || (this.#hindered && this.#letThrough > 0)) return undefined;
    return new Promise((resolve) => this.#waitingForRoom.push(resolve));
  }

  /**
   * Lets accepted writes through a disk that cannot be read, since the role is about to change or the store to close.
   * Memory holds these writes over its budget.
   * @returns a function that ends this.
   */
  letThrough(): () => void {
    this.#letThrough++;
    if (this.#hindered) this.#releaseWaiting();
    let isOver = false;
    return () => {
      if (!isOver) this.#letThrough--;
      isOver = true;
    };
  }

  /** A description of the work that `room` waits for. */
  get progress(): string {
    const full = `${(this.#keyspace.overlay.bytes / 2 ** 20).toFixed(0)} MiB of writes are in memory, and writes wait until a checkpoint has freed some`;
    if (this.#hindered) return `${full}; ${noCheckpoint(this.#hindered)}`;
    if (!this.#flushing) return `${full}; no checkpoint is running yet`;
    const { offset, sinceMs, step } = this.#flushing;
    const seconds = ((this.#clock.monotonicMs() - sinceMs) / 1_000).toFixed(1);
    return `${full}; the checkpoint at offset ${offset} began ${seconds} s ago and ${step}`;
  }

  /** Makes a checkpoint of everything applied so far, complete on disk when the promise resolves. */
  async checkpoint(): Promise<void> {
    const snapshot = await this.snapshotAt();
    await snapshot.release();
  }

  /**
   * Returns the keyspace at an offset that is no earlier than the end of the log now.
   * @param options.share allows a snapshot that is up to a second older, if there is one that is not before
   * `notBefore`, an offset.
   */
  snapshotAt(
    options: { readonly share: boolean; readonly notBefore?: number } = { share: false },
  ): Promise<KeyspaceSnapshot> {
    const ended = this.#closed ?? this.#failure;
    if (ended) return Promise.reject(ended);
    const { share, notBefore = 0 } = options;
    const hindered = this.#hindered;
    const now = this.#clock.monotonicMs();
    for (const [snapshot, takenAt] of this.#snapshots) {
      if (this.#outdated.has(snapshot)) continue;
      const { offset } = snapshot.position;
      const level = offset >= this.#keyspace.applied.offset;
      if (level || (share && offset >= notBefore && now - takenAt <= SNAPSHOT_SHARE_MS))
        return Promise.resolve(snapshot.share());
    }
    if (hindered) return Promise.reject(hindered);
    return new Promise((resolve, reject) => {
      this.#requests.push({ offset: this.#keyspace.applied.offset, share, resolve, reject });
      this.#kick();
    });
  }

  /** Returns the keyspace at exactly the last block applied in this turn, without later blocks. */
  snapshotHere(): Promise<KeyspaceSnapshot> {
    if (this.#hindered) return Promise.reject(this.#hindered);
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
    const ended = this.#closed ?? this.#failure ?? this.#hindered;
    if (ended) return Promise.reject(ended);
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
      this.#visits.push({ offset: this.#keyspace.applied.offset, run, reject });
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
   * Begins normal operation after recovery. If a crash in the middle of a flush left the number of keys unknown, a
   * recount begins.
   */
  start(): void {
    this.#isStarted = true;
    if (this.#keyspace.isCounted) return;
    void this.#recount.run().catch((error: Error) => {
      if (!this.#closed && !isUnreadable(error)) this.#onFailure(error);
    });
  }

  /**
   * Ends everything: readers of snapshots get `reason`. A running flush ends after its chunk, which is as if the
   * process had died there: replay makes it whole. A compaction is not awaited here, since closing the database awaits
   * it.
   */
  async close(reason: HeadwaterError): Promise<void> {
    this.#closed = reason;
    this.#closing.abort(reason);
    this.#cancelRetry();
    for (const request of this.#requests.splice(0)) request.reject(reason);
    for (const visit of this.#visits.splice(0)) visit.reject(reason);
    this.#releaseWaiting();
    for (const snapshot of this.#snapshots.keys()) await snapshot.close(reason);
    await this.#running;
    await this.#recount.settled();
  }

  /** Waits for a moment without a flush: a count must begin where the deltas begin. */
  async #betweenFlushes(): Promise<void> {
    while (this.#running) await this.#running;
    if (this.#closed) throw this.#closed;
  }

  #kick(): void {
    if (this.#closed || this.#failure || this.#hindered) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // A layer may have been frozen, or a request made, in the turn in which the loop ended.
      if (this.#hasWork && !this.#held) this.#kick();
    });
  }

  get #hasWork(): boolean {
    return this.#keyspace.overlay.frozenLayers > 0 || this.#requests.length > 0 || this.#visits.length > 0;
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        this.#answerRequests();
        if (this.#closed) return;
        if (await this.#letVisitorIn()) continue;
        if (this.#keyspace.overlay.frozenLayers === 0) {
          if (this.#requests.length === 0) break;
          this.#keyspace.freeze();
        }
        if (this.#space.isWatched && !(await this.#hasRoom())) return;
        await this.#flushOldest();
        this.#flushing = undefined;
        this.#releaseWaiting();
        // Under load there is always another flush to come.
        this.#compact();
      }
      // Flushes and snapshots come first, since nobody waits until the records that a clear has hidden are deleted.
      while (!this.#closed && !this.#hasWork && (await this.#sweep()) > 0);
      this.#compact();
    } catch (error) {
      if (this.#closed) return;
      if (this.#isStarted && HeadwaterError.is(error, 'io_error')) return this.#hinder(error);
      this.#failure = error as Error;
      for (const request of this.#requests.splice(0)) request.reject(this.#failure);
      for (const visit of this.#visits.splice(0)) visit.reject(this.#failure);
      this.#releaseWaiting();
      this.#onFailure(this.#failure);
    }
  }

  /**
   * Keeps the layer in memory after a failed read, so nothing of it is lost. Committers that wait for room keep
   * waiting.
   */
  #hinder(error: HeadwaterError): void {
    this.#flushing = undefined;
    this.#hindered = error;
    this.#damage.met('checkpoint', NO_CHECKPOINT, error);
    if (this.#letThrough > 0) this.#releaseWaiting();
    for (const request of this.#requests.splice(0)) request.reject(error);
    for (const visit of this.#visits.splice(0)) visit.reject(error);
    const pauseMs = doubledMs(FLUSH_UNREADABLE_MS_MIN, this.#hinderedInARow++, FLUSH_UNREADABLE_MS_MAX);
    this.#cancelRetry();
    this.#cancelRetry = this.#clock.after(pauseMs, () => {
      this.#hindered = undefined;
      this.#kick();
    });
  }

  /**
   * Whether the disk has room to write out the oldest layer. If not, requests and visits are refused, and the
   * checkpointer tries again later.
   */
  async #hasRoom(): Promise<boolean> {
    const bytes = FLUSH_BYTES_FACTOR * (this.#keyspace.overlay.oldest?.layer.bytes ?? 0) + FLUSH_SPARE_BYTES;
    const refusal = await this.#space.roomFor(bytes, 'a checkpoint');
    if (!refusal || this.#closed) {
      this.#held = undefined;
      return !this.#closed;
    }
    if (!this.#held) this.#logger.warn({ bytes }, refusal.message);
    this.#held = refusal;
    for (const request of this.#requests.splice(0)) request.reject(refusal);
    for (const visit of this.#visits.splice(0)) visit.reject(refusal);
    this.#releaseWaiting();
    this.#cancelRetry();
    this.#cancelRetry = this.#clock.after(FLUSH_RETRY_MS, () => this.#kick());
    return false;
  }

  /**
   * Deletes some records that a clear has hidden. If the disk cannot read them, they take up space and do no other
   * harm.
   */
  async #sweep(): Promise<number> {
    if (this.#space.isWatched && (await this.#space.roomFor(FREEING_BYTES, 'a sweep'))) return 0;
    try {
      const swept = await this.#keyspace.sweep.step(SWEEP_STEP);
      this.#damage.passed('sweep');
      return swept;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      if (!this.#closed) this.#damage.met('sweep', 'the disk space of deleted keys is not free yet', error);
      return 0;
    }
  }

  /**
   * Compacts one piece at a time, beside the flushes, which would otherwise wait for seconds. A failure loses nothing:
   * LevelDB compacts later by itself.
   */
  #compact(): void {
    if (this.#compacting || this.#closed || !this.#keyspace.sweep.isToCompact) return;
    this.#compacting = true;
    void this.#keyspace.sweep
      .compact()
      .catch((error: Error) => {
        if (this.#closed) return;
        this.#logger.warn({ error: error.message }, `the disk space of deleted keys is not free yet: ${error.message}`);
      })
      .finally(() => {
        this.#compacting = false;
        this.#compact();
      });
  }

  async #flushOldest(): Promise<void> {
    const position = this.#keyspace.overlay.oldest?.position;
    if (!position) return;
    const began = this.#clock.monotonicMs();
    this.#flushing = { offset: position.offset, sinceMs: began, step: 'waits for the log to be synced' };
    await this.#log.durable.reach();
    this.#flushing.step = 'is being written to the keyspace';
    const { rows } = this.#log.history.lineage.upTo(position.offset);
    const unreadable = await this.#keyspace.flush(rows, () => this.#closed !== undefined);
    // The rest of the disk may be unreadable as well: callers that wait for a recount get the error.
    if (unreadable) this.#recount.hindered(unreadable);
    if (this.#keyspace.checkpoint.position.offset < position.offset) return;
    // The store may have met the damage before it was reopened.
    this.#damage.passed('checkpoint');
    if (this.#keyspace.checkpoint.keys !== null) this.#damage.passed('count');
    this.#hinderedInARow = 0;
    const tookMs = Math.round(this.#clock.monotonicMs() - began);
    this.#logger.debug(
      { offset: position.offset, took_ms: tookMs },
      `checkpoint at offset ${position.offset} in ${tookMs} ms`,
    );
  }

  /** Runs the next visit, if the keyspace on disk has reached its offset. */
  async #letVisitorIn(): Promise<boolean> {
    const { offset } = this.#keyspace.checkpoint.position;
    const [next] = this.#visits;
    if (!next || next.offset > offset) return false;
    invariant(next.offset === offset, `a visit at ${next.offset} while the keyspace on disk is at ${offset}`);
    this.#visits.shift();
    try {
      await next.run();
    } finally {
      for (const snapshot of this.#snapshots.keys()) this.#outdated.add(snapshot);
      this.#recount.mended();
    }
    return true;
  }

  #answerRequests(): void {
    const { offset } = this.#keyspace.checkpoint.position;
    const ready = this.#requests.filter((request) => request.offset <= offset);
    if (ready.length === 0) return;
    this.#requests.splice(0, this.#requests.length, ...this.#requests.filter((request) => request.offset > offset));
    const snapshot = this.#takeSnapshot({ keep: ready.some(({ share }) => share) });
    for (const request of ready) request.resolve(snapshot.share());
    void snapshot.release();
  }

  /**
   * @param options.keep holds the snapshot for as long as it is shared. Later requests then find it even if the first
   * reader is done early.
   */
  #takeSnapshot({ keep }: { keep: boolean }): KeyspaceSnapshot {
    const snapshot = this.#keyspace.snapshot(() => {
      this.#snapshots.delete(snapshot);
      stopWatching();
      cancelKeeping();
    });
    const cancelKeeping = keep ? this.#clock.after(SNAPSHOT_SHARE_MS, () => void snapshot.release()) : () => {};
    if (keep) snapshot.share();
    const reads = () => snapshot.reads;
    const stopWatching = whenUnused(this.#clock, SNAPSHOT_UNREAD_MS_MAX, reads, () => {
      void snapshot.close(unreadTooLong());
    });
    this.#snapshots.set(snapshot, this.#clock.monotonicMs());
    return snapshot;
  }

  #releaseWaiting(): void {
    for (const resolve of this.#waitingForRoom.splice(0)) resolve();
  }
}

function noCheckpoint({ message }: HeadwaterError): string {
  return `${message}; ${NO_CHECKPOINT}`;
}
