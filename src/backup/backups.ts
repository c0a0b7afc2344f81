/**
 * The backups that clients ask a node for, each under an ID. A call takes the next few chunks. The first
 * chunk that a call asks for acknowledges all chunks before. So the memory that a node keeps for a backup is
 * bounded without separate acknowledgements, and a call that broke can be repeated.
 *
 * While chunks are still to be made, the log is kept from the position of the backup on, and the snapshot is
 * held. Both are released when the last chunk is made, or when nobody has asked for a chunk within the lease.
 */

import { Worker } from 'node:worker_threads';
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import {
  BACKUP_LEASE_MS,
  BACKUP_LEFT_MS,
  BACKUP_MESSAGE_BYTES,
  BACKUP_WINDOW_BYTES,
  BACKUP_WINDOW_CHUNKS,
  BACKUPS_MAX,
} from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { RECORD_FORMAT } from '../keyspace/record.js';
import type { BackupHead, BackupRequest, BackupResponse } from '../model/backup.js';
import { formatPosition } from '../model/position.js';
import type { StoreData } from '../store/data.js';
import type { NodeIdentity } from '../store/node-identity.js';
import type { Snapshots } from '../store/snapshots.js';
import { COMPRESSION } from './format.js';
import { openSource } from './source.js';
import type { StartWorker } from './thread.js';
import type { WrittenChunk } from './writer.js';

/** The parts of the store that this file needs. */
export interface BackupsStore {
  readonly data: Pick<StoreData, 'log' | 'position'>;
  readonly snapshots: Pick<Snapshots, 'at' | 'keyspaceDirectory' | 'visitHere'>;
  readonly identity: Pick<NodeIdentity, 'clusterId' | 'nodeId'>;
}

export interface BackupsOptions {
  readonly store: BackupsStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Returns `count` unpredictable bytes. */
  randomBytes(count: number): Buffer;
  /** Starts the thread that reads the files. Tests replace it. */
  startWorker?: StartWorker;
}

/** The backups of a node for metrics. */
export interface BackupFigures {
  readonly running: number;
  readonly completed: number;
  /** The time at which the last one was complete, in milliseconds since the epoch. 0 before the first. */
  readonly completedMs: number;
}

export class Backups {
  readonly #options: BackupsOptions;
  readonly #running = new Map<string, RunningBackup>();
  /** Number of calls that are about to begin a backup. */
  #beginning = 0;
  #closed: HeadwaterError | undefined;
  #completed = 0;
  #completedMs = 0;

  constructor(options: BackupsOptions) {
    this.#options = options;
  }

  /** Backups that callers read now, and those that callers have read to their end since the node started. */
  get figures(): BackupFigures {
    return { running: this.#running.size, completed: this.#completed, completedMs: this.#completedMs };
  }

  /**
   * Yields the chunks from the requested one on, as many as one call takes. A request for the chunk behind
   * the last yields nothing and ends the backup.
   * @throws HeadwaterError `backup_lost` if the node does not know the backup, `overloaded` if no further
   *   backup can begin.
   */
  async *read(request: BackupRequest, signal: AbortSignal): AsyncGenerator<BackupResponse> {
    if (this.#closed) throw this.#closed;
    const backup = request.backupId === '' ? await this.#begin(request) : this.#known(request.backupId);
    // A caller that left before it received the ID cannot continue the backup.
    if (request.backupId === '' && signal.aborted) await backup.end(HeadwaterError.from(signal.reason));
    yield* backup.read(request.chunk, signal, () => this.#complete());
  }

  /** Ends all backups with `reason`. */
  async close(reason: HeadwaterError): Promise<void> {
    this.#closed = reason;
    for (const backup of this.#running.values()) await backup.end(reason);
  }

  #complete(): void {
    this.#completed++;
    this.#completedMs = this.#options.clock.wallMs();
  }

  async #begin({ chunk }: BackupRequest): Promise<RunningBackup> {
    if (chunk !== 0)
      throw new HeadwaterError('invalid_argument', `a new backup begins with chunk 0, received ${chunk}`);
    const { store, clock, logger, randomBytes, startWorker = (program) => new Worker(program) } = this.#options;
    this.#beginning++;
    try {
      if (this.#running.size + this.#beginning > BACKUPS_MAX) await this.#makeRoom();
      const id = randomBytes(16).toString('hex');
      const backup = await RunningBackup.begin(id, { store, clock, logger, startWorker }, () =>
        this.#running.delete(id),
      );
      if (this.#closed) await backup.end(this.#closed);
      else this.#running.set(id, backup);
      return backup;
    } finally {
      this.#beginning--;
    }
  }

  /**
   * Ends the backup that has stood still for longest. So a client that is killed and begins again need not
   * wait for the leases of its old backups.
   */
  async #makeRoom(): Promise<void> {
    const [left] = [...this.#running.values()].sort((a, b) => b.stillForMs - a.stillForMs);
    if (!left || left.stillForMs < BACKUP_LEFT_MS)
      throw new HeadwaterError(
        'overloaded',
        `expected at most ${BACKUPS_MAX} backups at a time, received one more. Try again when one of them has ended`,
      );
    await left.giveUp('the caller stopped reading, and a new backup needs the place');
  }

  #known(id: string): RunningBackup {
    const backup = this.#running.get(id);
    if (backup) return backup;
    throw new HeadwaterError(
      'backup_lost',
      `this node knows no backup ${JSON.stringify(id.slice(0, 32))}: the node has restarted, or reopened its store, or the caller stopped reading. Begin the backup again`,
    );
  }
}

interface Surroundings {
  readonly store: BackupsStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly startWorker: StartWorker;
}

class RunningBackup {
  readonly id: string;
  readonly #options: Surroundings;
  readonly #chunks: AsyncGenerator<WrittenChunk>;
  readonly #onEnd: () => void;
  /** Chunks that are made and not known to have arrived. The first has the number `#arrived`. */
  #kept: WrittenChunk[] = [];
  #arrived = 0;
  /** The number of all chunks. Undefined while more are to be made. */
  #count: number | undefined;
  /** The chain of promises that makes chunks one after another, whichever call asks. */
  #making: Promise<void> = Promise.resolve();
  /** Releases the pin on the log and the source of the chunks. */
  readonly #letGo: () => Promise<void>;
  /** Aborts the current call when another call takes its place. */
  #reader = new AbortController();
  #cancelLease = () => {};
  /** The monotonic time at which a caller last took something, milliseconds. */
  #takenMs: number;
  #failure: HeadwaterError | undefined;

  private constructor(
    id: string,
    options: Surroundings,
    chunks: AsyncGenerator<WrittenChunk>,
    letGo: () => Promise<void>,
    onEnd: () => void,
  ) {
    this.id = id;
    this.#options = options;
    this.#chunks = chunks;
    this.#letGo = once(letGo);
    this.#onEnd = onEnd;
    this.#takenMs = options.clock.monotonicMs();
  }

  static async begin(id: string, options: Surroundings, onEnd: () => void): Promise<RunningBackup> {
    const { store, clock, logger, startWorker } = options;
    const source = await openSource(store, { clock, startWorker });
    const { log } = store.data;
    const { position } = source;
    const pin = log.trimming.pin(position.offset, `backup ${id.slice(0, 8)}`);
    const letGo = async () => {
      log.trimming.unpin(pin);
      await source.release();
    };
    try {
      const head: BackupHead = {
        position,
        timeMs: await log.lookup.timeAt(position.offset),
        lineage: log.history.lineage.upTo(position.offset).rows,
        clusterId: store.identity.clusterId,
        nodeId: store.identity.nodeId,
        madeMs: clock.wallMs(),
        keysEstimate: source.keys ?? 0,
        compression: COMPRESSION,
        recordFormat: RECORD_FORMAT,
      };
      logger.info({ backup: id, offset: position.offset }, `a backup at ${formatPosition(position)} begins`);
      return new RunningBackup(id, options, source.chunks(head), letGo, onEnd);
    } catch (error) {
      await letGo();
      throw error;
    }
  }

  /**
   * Time since a caller last took something, milliseconds. The caller is gone, or has stopped in the middle
   * of a call.
   */
  get stillForMs(): number {
    return this.#options.clock.monotonicMs() - this.#takenMs;
  }

  /** @param why the reason for the end. A caller that asks for more receives it. */
  async giveUp(why: string): Promise<void> {
    this.#options.logger.warn({ backup: this.id }, `the node cancelled a backup: ${why}`);
    await this.end(this.#lost(why));
  }

  async *read(from: number, signal: AbortSignal, complete: () => void): AsyncGenerator<BackupResponse> {
    this.#reader.abort(new HeadwaterError('cancelled', 'another call continues this backup'));
    const reader = new AbortController();
    this.#reader = reader;
    this.#lease();
    const over = AbortSignal.any([signal, reader.signal]);
    try {
      this.#hasArrived(from);
      let bytes = 0;
      for (let number = from; number < from + BACKUP_WINDOW_CHUNKS && bytes < BACKUP_WINDOW_BYTES; number++) {
        const chunk = await this.#chunk(number);
        if (over.aborted) throw over.reason;
        if (!chunk) break;
        bytes += chunk.bytes.length;
        for (const response of this.#responses(number, chunk)) {
          this.#lease();
          yield response;
          if (over.aborted) throw over.reason;
        }
      }
    } finally {
      if (this.#reader === reader) this.#lease();
    }
    if (from !== this.#count) return;
    complete();
    await this.end(this.#lost('the client has received all of it'));
  }

  async end(reason: HeadwaterError): Promise<void> {
    if (this.#failure) return;
    this.#failure = reason;
    this.#onEnd();
    this.#cancelLease();
    this.#reader.abort(reason);
    this.#kept = [];
    // The release ends the reader of the snapshot, and a read in progress ends with the snapshot.
    await this.#letGo();
    await this.#making.catch(() => {});
    await this.#chunks.return(undefined);
  }

  /**
   * Drops the chunks that have arrived.
   * @throws HeadwaterError `invalid_argument`.
   */
  #hasArrived(from: number): void {
    const made = this.#arrived + this.#kept.length;
    if (from < this.#arrived || from > made)
      throw new HeadwaterError(
        'invalid_argument',
        `chunk: expected a chunk from ${this.#arrived} to ${made}, received ${from}`,
      );
    this.#kept.splice(0, from - this.#arrived);
    this.#arrived = from;
  }

  /** Returns undefined behind the last chunk. */
  async #chunk(number: number): Promise<WrittenChunk | undefined> {
    while (number >= this.#arrived + this.#kept.length && this.#count === undefined) {
      if (this.#failure) throw this.#failure;
      this.#making = this.#making.then(() => this.#makeNext(number));
      await this.#making;
    }
    if (this.#failure) throw this.#failure;
    return this.#kept[number - this.#arrived];
  }

  /** Makes the next chunk, unless chunk `number` has been made by now. */
  async #makeNext(number: number): Promise<void> {
    if (this.#failure || this.#count !== undefined || number < this.#arrived + this.#kept.length) return;
    try {
      const { value, done } = await this.#chunks.next();
      invariant(!done, 'no chunk is made after the last one');
      this.#kept.push(value);
      if (!value.last) return;
      this.#count = this.#arrived + this.#kept.length;
      this.#options.logger.info({ backup: this.id, keys: value.keys }, `a backup of ${value.keys} keys is complete`);
      await this.#letGo();
    } catch (error) {
      // The reader fails because the backup has ended.
      if (this.#failure) return;
      const failure = HeadwaterError.from(error);
      this.#options.logger.error({ backup: this.id, error: failure.message }, `a backup failed: ${failure.message}`);
      this.#failure = failure;
      this.#onEnd();
      await this.#letGo();
    }
  }

  *#responses(number: number, { bytes, keys, last }: WrittenChunk): Generator<BackupResponse> {
    for (let at = 0; at < bytes.length; at += BACKUP_MESSAGE_BYTES) {
      const part = bytes.subarray(at, at + BACKUP_MESSAGE_BYTES);
      const more = at + part.length < bytes.length;
      yield { backupId: this.id, chunk: number, bytes: part, more, last, keys };
    }
  }

  #lease(): void {
    if (this.#failure) return;
    const { clock } = this.#options;
    this.#takenMs = clock.monotonicMs();
    this.#cancelLease();
    this.#cancelLease = clock.after(BACKUP_LEASE_MS, () => {
      void this.giveUp(`the caller read nothing for ${BACKUP_LEASE_MS / 1_000} s`);
    });
  }

  #lost(why: string): HeadwaterError {
    return new HeadwaterError('backup_lost', `the backup ${this.id} has ended: ${why}. Begin a new backup`);
  }
}

function once(task: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= task();
    return done;
  };
}
