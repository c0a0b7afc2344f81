/**
 * The room on the disk of the data directory. Below a floor the node takes no writes. Reads, replication to others and
 * all work that frees space continue. The space below the floor serves to reopen the store and to write out the
 * overlay. The node checks the free space once a second, more often under many writes, and before large work. A little
 * above the floor the node accepts writes again.
 *
 * The disk may be full even so: other processes write to it too, and quotas do not show. Opening LevelDB needs room
 * then, which the ballast has kept. The ballast is a file of meaningless bytes, deleted as soon as a write has met a
 * full disk. From then on the node takes no writes until the ballast stands again. That proves that there is room,
 * whatever the file system reports.
 */
import path from 'node:path';
import { Bell } from '../base/bell.js';
import { type Clock, sleep } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import {
  BALLAST_BYTES,
  BALLAST_DELAY_MS,
  BALLAST_PAUSE_MS,
  BALLAST_PIECE_BYTES,
  BALLAST_RETRY_MS,
  FLUSH_BYTES_FACTOR,
  FLUSH_SPARE_BYTES,
  FREE_BYTES_RESUME_PART,
  FROZEN_LAYERS_MAX,
  OPENING_BYTES,
  SPACE_LOOK_BYTES_MIN,
  SPACE_LOOK_MS,
} from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { RepeatedLog } from '../base/repeated-log.js';
import { type Files, isOutOfSpace } from '../disk/files.js';

const BALLAST = 'ballast';
const ASIDE = `${BALLAST}.new`;

export interface SpaceOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The data directory. */
  readonly directory: string;
  /** The floor in bytes, below which no writes are taken; undefined to switch the checks off. */
  readonly minFreeBytes?: number | undefined;
  readonly ballastBytes?: number | undefined;
  randomBytes(count: number): Buffer;
}

/** The room on the disk, for status. */
export interface SpaceStatus {
  /** Free bytes at the last check; undefined if the file system does not tell, or the checks are off. */
  readonly freeBytes: number | undefined;
  /** The floor in bytes; 0 if the checks are off. */
  readonly minFreeBytes: number;
  /** The reason why no writes are taken; empty if they are. */
  readonly full: string;
}

/** The bytes that are needed to reopen the store and to write out all that may be in memory. */
export function leastFreeBytes({
  overlayBytesMax,
  replayBytesMax,
}: {
  readonly overlayBytesMax: number;
  readonly replayBytesMax: number;
}): number {
  const layersBytes = (1 + FROZEN_LAYERS_MAX) * Math.min(overlayBytesMax, replayBytesMax);
  return OPENING_BYTES + FLUSH_SPARE_BYTES + FLUSH_BYTES_FACTOR * layersBytes;
}

export class Space {
  readonly #options: SpaceOptions;
  readonly #log: RepeatedLog;
  readonly #ballastBytes: number;
  /** Whether the free space is checked. */
  readonly isWatched: boolean;
  #minFreeBytes: number;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #looking: Promise<void> | undefined;
  /** Free bytes at the last check. */
  #freeBytes: number | undefined;
  /** Bytes written since then, as far as they are known here; beyond `#lookAfterBytes` the next check is due. */
  #writtenBytes = 0;
  #lookAfterBytes = Number.POSITIVE_INFINITY;
  #refusal: HeadwaterError | undefined;
  /** Whether a write has met a full disk; set until the ballast stands again. */
  #hasMet = false;
  #hasBallast = false;
  /** Aborts the making of the ballast. */
  #making: AbortController | undefined;
  #restoring: Promise<void> | undefined;
  #ballastDueMs = Number.NEGATIVE_INFINITY;
  readonly #changed = new Bell();

  constructor(options: SpaceOptions) {
    this.#options = options;
    this.#log = RepeatedLog.of(options);
    this.isWatched = options.minFreeBytes !== undefined;
    this.#minFreeBytes = options.minFreeBytes ?? 0;
    this.#ballastBytes = options.ballastBytes ?? BALLAST_BYTES;
  }

  get status(): SpaceStatus {
    return {
      freeBytes: this.#freeBytes,
      minFreeBytes: this.#minFreeBytes,
      full: this.#refusal?.message ?? '',
    };
  }

  /** The reason why no writes are taken; undefined if they are. */
  get refusal(): HeadwaterError | undefined {
    return this.#refusal;
  }

  /** Takes another floor, and checks the disk against it. Does nothing if the checks are off. */
  keepFree(minFreeBytes: number): void {
    if (!this.isWatched || minFreeBytes === this.#minFreeBytes) return;
    this.#minFreeBytes = minFreeBytes;
    void this.look();
  }

  /** Returns `refusal` for a writer of so many bytes, which count until the next check. */
  refusalOf(bytes: number): HeadwaterError | undefined {
    this.#writtenBytes += bytes;
    if (this.#writtenBytes > this.#lookAfterBytes) void this.look();
    return this.#refusal;
  }

  /** Says why work of so many bytes should not begin; undefined if it may. Checks the disk first. */
  async roomFor(bytes: number, work: string): Promise<HeadwaterError | undefined> {
    if (!this.isWatched) return undefined;
    await this.look();
    const free = this.#freeBytes;
    // After a write has met a full disk, the file system's report is not the whole truth.
    const isTrusted = !this.#hasMet || (free !== undefined && free < this.#neededBytes);
    if (isTrusted && (free === undefined || free >= bytes)) return undefined;
    return this.#error(`there is no room for ${work}`, bytes);
  }

  /**
   * Resolves when writes are taken.
   * @throws the reason of `signal`.
   */
  async whenRoom(signal: AbortSignal): Promise<void> {
    while (this.#refusal && !signal.aborted) await this.#changed.rungAfter(this.#changed.rings, signal);
    if (signal.aborted) throw signal.reason;
  }

  /** Makes the first check; the directory is this process's own from now on. */
  async begin(): Promise<void> {
    const { files, directory } = this.#options;
    if (!this.isWatched) return;
    this.#hasBallast = (await files.list(directory)).includes(BALLAST);
    // The making of a ballast may have been cut short.
    await files.remove(path.join(directory, ASIDE));
    await this.look();
  }

  /** Checks once a second, and makes the ballast if there is room, until `close`. */
  start(): void {
    if (!this.isWatched) return;
    this.#ballastDueMs = Math.max(this.#ballastDueMs, this.#options.clock.monotonicMs() + BALLAST_DELAY_MS);
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Checks the disk; calls during a check share it. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /**
   * Notes a failure. If the disk was full, no writes are taken from here on. The space of the ballast is free for
   * opening when the promise resolves.
   */
  async met(error: unknown): Promise<void> {
    if (!isOutOfSpace(error)) return;
    this.#making?.abort();
    await this.#restoring;
    if (this.isWatched) {
      this.#hasMet = true;
      this.#ballastDueMs = this.#options.clock.monotonicMs() + SPACE_LOOK_MS;
      await this.look();
    }
    await this.#giveUpBallast();
  }

  /**
   * Opens with the space of the ballast if the disk has no room otherwise.
   * @throws HeadwaterError `disk_full` if that space is not enough either.
   */
  async whileOpening<T>(open: () => Promise<T>): Promise<T> {
    try {
      return await open().catch(async (error: unknown) => {
        if (!isOutOfSpace(error)) throw error;
        await this.met(error);
        return open();
      });
    } catch (error) {
      if (!isOutOfSpace(error)) throw error;
      throw await this.#notOpened(error as Error);
    }
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.look();
      this.#restoring = this.#restoreBallast();
      await this.#restoring;
      await sleep(clock, SPACE_LOOK_MS, signal);
    }
  }

  async #look(): Promise<void> {
    if (!this.isWatched) return;
    const { files, directory } = this.#options;
    this.#writtenBytes = 0;
    this.#lookAfterBytes = Number.POSITIVE_INFINITY;
    this.#freeBytes = await files.freeBytes(directory).catch(() => undefined);
    this.#judge();
    if (this.#refusal || this.#freeBytes === undefined) return;
    // LevelDB writes a few times the bytes that it gets, so the next check comes long before the floor is reached.
    this.#lookAfterBytes = Math.max(SPACE_LOOK_BYTES_MIN, (this.#freeBytes - this.#minFreeBytes) / 4);
  }

  /** The free bytes from which on writes are taken again. */
  get #resumeBytes(): number {
    return Math.ceil(this.#minFreeBytes * (1 + FREE_BYTES_RESUME_PART));
  }

  /** The free bytes that are needed before writes are taken, including a ballast that has to be made. */
  get #neededBytes(): number {
    return this.#resumeBytes + (this.#hasMet ? this.#ballastBytes : 0);
  }

  #judge(): void {
    const free = this.#freeBytes ?? Number.POSITIVE_INFINITY;
    const before = this.#refusal;
    const isFull = this.#hasMet || free < (before ? this.#resumeBytes : this.#minFreeBytes);
    const fields = { free_bytes: this.#freeBytes, needed_bytes: this.#neededBytes };
    if (isFull) {
      this.#refusal = this.#error('this node takes no writes', this.#neededBytes);
      if (!before) this.#log.error(fields, `${this.#refusal.message}. Reads continue`, 'room');
    } else if (before) {
      this.#refusal = undefined;
      this.#log.warn(fields, `the disk has room again, ${formatBytes(free)} free: this node takes writes`, 'room');
      this.#changed.ring();
    }
  }

  #error(what: string, neededBytes: number, cause?: unknown): HeadwaterError {
    const { directory } = this.#options;
    const free = this.#freeBytes;
    const known = free === undefined ? 'free space is unknown' : `${formatBytes(free)} are free`;
    const but =
      this.#hasMet && (free === undefined || free >= neededBytes) ? ', but a write failed for lack of space' : '';
    const message = `the disk of ${directory} is full: ${what} until ${formatBytes(neededBytes)} are free; ${known}${but}`;
    const details = { directory, neededBytes, ...(free !== undefined && { freeBytes: free }) };
    return new HeadwaterError('disk_full', message, { cause, details });
  }

  async #notOpened(cause: Error): Promise<HeadwaterError> {
    const { files, directory } = this.#options;
    this.#freeBytes = await files.freeBytes(directory).catch(() => undefined);
    return this.#error(`the data cannot be opened (${cause.message})`, OPENING_BYTES, cause);
  }

  async #giveUpBallast(): Promise<void> {
    const { files, directory } = this.#options;
    try {
      if (!(await files.list(directory)).includes(BALLAST)) return;
      await files.remove(path.join(directory, BALLAST));
      this.#hasBallast = false;
      this.#log.warn(
        { directory },
        `${directory}/${BALLAST} was deleted, so that the store can open again on the full disk`,
      );
      await files.syncDirectory(directory);
    } catch (error) {
      this.#log.warn({ directory }, `${directory}/${BALLAST} cannot be deleted: ${(error as Error).message}`);
    }
  }

  async #restoreBallast(): Promise<void> {
    const { clock, files, directory } = this.#options;
    const free = this.#freeBytes ?? Number.POSITIVE_INFINITY;
    if (this.#hasBallast || clock.monotonicMs() < this.#ballastDueMs) return;
    if (free < this.#resumeBytes + this.#ballastBytes) return;
    const making = new AbortController();
    this.#making = making;
    try {
      await this.#makeBallast(making.signal);
      this.#hasBallast = true;
      this.#hasMet = false;
    } catch {
      // A missing ballast costs no data. While writes are refused for it, status reports that.
      this.#ballastDueMs = clock.monotonicMs() + BALLAST_RETRY_MS;
      await files.remove(path.join(directory, ASIDE)).catch(() => {});
      // The ballast was to be given up while it got its name.
      if (making.signal.aborted) await files.remove(path.join(directory, BALLAST)).catch(() => {});
    } finally {
      this.#making = undefined;
    }
    await this.look();
  }

  /** Makes the ballast of bytes that no file system compresses. Under its final name it is whole, and on disk. */
  async #makeBallast(signal: AbortSignal): Promise<void> {
    const { clock, files, directory, randomBytes } = this.#options;
    const piece = randomBytes(Math.min(BALLAST_PIECE_BYTES, this.#ballastBytes));
    const ended = AbortSignal.any([signal, this.#stop.signal]);
    const writer = await files.create(path.join(directory, ASIDE));
    try {
      for (let left = this.#ballastBytes; left > 0; left -= piece.length) {
        ended.throwIfAborted();
        await writer.append(piece.subarray(0, left));
        await writer.sync();
        await sleep(clock, BALLAST_PAUSE_MS, ended);
      }
    } finally {
      await writer.close();
    }
    signal.throwIfAborted();
    await files.rename(path.join(directory, ASIDE), path.join(directory, BALLAST));
    await files.syncDirectory(directory);
    signal.throwIfAborted();
  }
}

const MiB = 1024 * 1024;

function formatBytes(bytes: number): string {
  return `${(bytes / MiB).toFixed(1)} MiB`;
}
