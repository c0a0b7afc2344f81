/**
 * When the overlay is frozen and written out, and the order in which that is
 * durable: the log up to S; a mark that a flush to S has begun; the entries;
 * the keyspace; the checkpoint record. It is the only writer of records into
 * the keyspace database, so it is also where snapshots are taken, and records
 * repaired: between two flushes.
 *
 * A flush that the disk has no room for is not begun: who asked for a snapshot
 * is refused, and what is in memory stays there, over its budget where it must
 * be, which is no more than what had been taken before writes were refused.
 *
 * A flush for which the disk cannot be read (`io_error`) is tried again, ever
 * more slowly: opening the store anew would not mend the disk. Until then who
 * asks for a snapshot is refused, and writes wait once memory is full.
 */
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

/** Records of earlier epochs deleted after each flush, in one step. */
const SWEEP_STEP = 2_000;

const NO_CHECKPOINT =
  'no checkpoint can be made until it can be read: the log keeps all writes, and a start replays them. Look at the disk';

interface Request {
  /** The keyspace on disk must hold everything up to here. */
  readonly offset: number;
  /** Others who come soon may take the same. */
  readonly share: boolean;
  resolve(snapshot: KeyspaceSnapshot): void;
  reject(error: Error): void;
}

/** Somebody who wants the keyspace on disk for himself. */
interface Visit {
  /** The keyspace on disk must be of here exactly. */
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
  /** By their offsets, each of which ends a layer. */
  readonly #visits: Visit[] = [];
  readonly #waitingForRoom: Array<() => void> = [];
  readonly #snapshots = new Map<KeyspaceSnapshot, number>();
  /** Those from before a change to what is on disk, which nobody else is to share. */
  readonly #outdated = new WeakSet<KeyspaceSnapshot>();
  /** Aborts at the close, for visitors. */
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  readonly #recount: Recount;
  #compacting = false;
  /** The flush in hand. */
  #flushing: { readonly offset: number; readonly sinceMs: number; step: string } | undefined;
  /** Why the oldest layer is not written out for now: the disk has no room for it. */
  #held: HeadwaterError | undefined;
  /** Why it could not be written out: the disk cannot be read. It is not tried before the retry. */
  #hindered: HeadwaterError | undefined;
  #hinderedInARow = 0;
  /** Recovery is over. Until then a flush that fails keeps the store from opening. */
  #isStarted = false;
  /** How many want the writes in hand to be finished, however long the disk cannot be read. */
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

  /** Why nothing is written out any more: the generation has to be opened anew. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** After every commit: freezes the overlay when it is over its budget. */
  afterCommit(): void {
    const { active } = this.#keyspace;
    if (active.bytes < this.#budget.overlayBytesMax && active.logBytes < this.#budget.replayBytesMax) return;
    if (this.#keyspace.frozenLayers >= FROZEN_LAYERS_MAX) return;
    this.#keyspace.freeze();
    this.#kick();
  }

  /** What a committer awaits first: undefined unless the overlay is full and its flush is behind. */
  room(): Promise<void> | undefined {
    const { active, frozenLayers } = this.#keyspace;
    if (frozenLayers < FROZEN_LAYERS_MAX || active.bytes < this.#budget.overlayBytesMax) return undefined;
    // Nothing will make room any more; the store is about to be closed or opened anew.
    if (this.#closed || this.#failure) return undefined;
    // It may take long, and nothing else would be done meanwhile.
    if (this.#held || (this.#hindered && this.#letThrough > 0)) return undefined;
    return new Promise((resolve) => this.#waitingForRoom.push(resolve));
  }

  /**
   * The role is about to change, or the store to close: writes that were taken
   * wait no more for a disk that cannot be read. Memory holds them over its budget.
   * @returns what ends that.
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

  /** The work that room has to wait for, in words. */
  get progress(): string {
    const full = `${(this.#keyspace.overlayBytes / 2 ** 20).toFixed(0)} MiB of writes are in memory, and a checkpoint has to make room`;
    if (this.#hindered) return `${full}; ${noCheckpoint(this.#hindered)}`;
    if (!this.#flushing) return `${full}; none is being written yet`;
    const { offset, sinceMs, step } = this.#flushing;
    const seconds = ((this.#clock.monotonicMs() - sinceMs) / 1_000).toFixed(1);
    return `${full}; the one at offset ${offset} was begun ${seconds} s ago and ${step}`;
  }

  /** Everything applied so far is on disk as a checkpoint when it resolves. */
  async checkpoint(): Promise<void> {
    const snapshot = await this.snapshotAt();
    await snapshot.release();
  }

  /**
   * The keyspace at an offset that is no earlier than the end of the log now.
   * @param options.share take one that is up to a second older, if there is one
   *   that is not before `notBefore`, an offset.
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

  /**
   * The keyspace at the last block applied in this turn, exactly: what is
   * applied afterwards is not in it.
   */
  snapshotHere(): Promise<KeyspaceSnapshot> {
    if (this.#hindered) return Promise.reject(this.#hindered);
    // Its own layer ends here; flushed in turn, each leaves a checkpoint at its end, where requests are answered.
    this.#keyspace.freeze();
    return this.snapshotAt();
  }

  /**
   * Runs `visit` when the keyspace on disk is exactly that of the last block
   * applied in this turn; it may change records there. Nothing is written out
   * before it is done: it has to be short, and to end when its signal aborts.
   * What it rejects with goes to the caller; that a write failed is everybody's business.
   */
  visitHere<T>(visit: (keyspace: Keyspace, closing: AbortSignal) => Promise<T>): Promise<T> {
    const ended = this.#closed ?? this.#failure ?? this.#hindered;
    if (ended) return Promise.reject(ended);
    // Its own layer ends here, as for a snapshot.
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

  /** The number of keys now, exactly, expired ones that are not deleted yet included. */
  async size(): Promise<number> {
    for (;;) {
      const snapshot = await this.snapshotAt();
      await snapshot.release();
      // A snapshot that somebody still holds may be from before a recount.
      const { position, keys } = this.#keyspace.checkpoint;
      if (position.offset === snapshot.position.offset && keys !== null) return keys;
      if (snapshot.keys !== undefined) return snapshot.keys;
      await this.#recount.run();
    }
  }

  /** Recovery is over. Restores what a crash in the middle of a flush left unknown. */
  start(): void {
    this.#isStarted = true;
    if (this.#keyspace.isCounted) return;
    void this.#recount.run().catch((error: Error) => {
      if (!this.#closed && !isUnreadable(error)) this.#onFailure(error);
    });
  }

  /**
   * Readers of snapshots hear `reason`. A flush in hand ends after its chunk,
   * which is as if the process had died there: replay makes it whole. A
   * compaction is not waited for; closing the database does.
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

  /** A count must begin where the deltas begin. */
  async #betweenFlushes(): Promise<void> {
    while (this.#running) await this.#running;
    if (this.#closed) throw this.#closed;
  }

  #kick(): void {
    if (this.#closed || this.#failure || this.#hindered) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // Something may have been frozen or asked for in the turn in which the loop ended.
      if (this.#hasWork && !this.#held) this.#kick();
    });
  }

  get #hasWork(): boolean {
    return this.#keyspace.frozenLayers > 0 || this.#requests.length > 0 || this.#visits.length > 0;
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        this.#answerRequests();
        if (this.#closed) return;
        if (await this.#letVisitorIn()) continue;
        if (this.#keyspace.frozenLayers === 0) {
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
      // Flushes and snapshots go before: nobody waits for what a clear has hidden to be deleted.
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

  /** The layer stays in memory; nothing of it was lost. Those who wait for room go on waiting. */
  #hinder(error: HeadwaterError): void {
    this.#flushing = undefined;
    this.#hindered = error;
    this.#damage.met('checkpoint', NO_CHECKPOINT, error);
    if (this.#letThrough > 0) this.#releaseWaiting();
    for (const request of this.#requests.splice(0)) request.reject(error);
    for (const visit of this.#visits.splice(0)) visit.reject(error);
    const pauseMs = Math.min(FLUSH_UNREADABLE_MS_MIN * 2 ** this.#hinderedInARow++, FLUSH_UNREADABLE_MS_MAX);
    this.#cancelRetry();
    this.#cancelRetry = this.#clock.after(pauseMs, () => {
      this.#hindered = undefined;
      this.#kick();
    });
  }

  /** Whether the oldest layer may be written out; where not, those who ask for that are refused, and it is tried again later. */
  async #hasRoom(): Promise<boolean> {
    const bytes = FLUSH_BYTES_FACTOR * this.#keyspace.oldestFrozenBytes + FLUSH_SPARE_BYTES;
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

  /** Of what a clear has hidden: where the disk cannot give it, it takes up space, and no more. */
  async #sweep(): Promise<number> {
    if (this.#space.isWatched && (await this.#space.roomFor(FREEING_BYTES, 'a sweep'))) return 0;
    try {
      const swept = await this.#keyspace.sweep(SWEEP_STEP);
      this.#damage.passed('sweep');
      return swept;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      if (!this.#closed) this.#damage.met('sweep', 'the space of cleared keys is not free yet', error);
      return 0;
    }
  }

  /**
   * Beside the flushes, which would have to wait for seconds, and one piece at
   * a time. Where it fails nothing is lost: LevelDB comes to it by itself.
   */
  #compact(): void {
    if (this.#compacting || this.#closed || !this.#keyspace.isToCompact) return;
    this.#compacting = true;
    void this.#keyspace
      .compact()
      .catch((error: Error) => {
        if (this.#closed) return;
        this.#logger.warn({ error: error.message }, `the space of deleted keys is not free yet: ${error.message}`);
      })
      .finally(() => {
        this.#compacting = false;
        this.#compact();
      });
  }

  async #flushOldest(): Promise<void> {
    const position = this.#keyspace.oldestFrozen;
    if (!position) return;
    const began = this.#clock.monotonicMs();
    this.#flushing = { offset: position.offset, sinceMs: began, step: 'waits for the log to be synced' };
    await this.#log.durable();
    this.#flushing.step = 'is being written to the keyspace';
    const { rows } = this.#log.lineage.upTo(position.offset);
    const unreadable = await this.#keyspace.flush(rows, () => this.#closed !== undefined);
    // What it says of the rest of the disk is not known: who counts anew hears of it.
    if (unreadable) this.#recount.hindered(unreadable);
    if (this.#keyspace.checkpoint.position.offset < position.offset) return;
    // It was met before the store was opened anew perhaps.
    this.#damage.passed('checkpoint');
    if (this.#keyspace.checkpoint.keys !== null) this.#damage.passed('count');
    this.#hinderedInARow = 0;
    const tookMs = Math.round(this.#clock.monotonicMs() - began);
    this.#logger.debug(
      { offset: position.offset, took_ms: tookMs },
      `checkpoint at offset ${position.offset} in ${tookMs} ms`,
    );
  }

  /** The next one, if it is his turn. */
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

  /** @param options.keep for as long as it is shared: those who come by then find it, however soon the first is done. */
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
