/**
 * Counts the keys when their number is not known. The causes are a crash in the middle of a flush, a repair, or a flush
 * that could not read the disk. A count reads every key, and finds what else only all records can tell
 * (`Keyspace.recount`). While the disk cannot be read, callers are refused with the reason, and counts take no more than
 * a tenth of the time.
 */
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { RECOUNT_PAUSE_FACTOR, RECOUNT_PAUSE_MS_MIN } from '../base/limits.js';
import { isUnreadable } from '../disk/level.js';
import type { Keyspace } from '../keyspace/keyspace.js';
import type { DamageNotes } from './damage.js';

const COUNT_LATER = 'the number of keys is unknown until all keys can be read';
const SIZES_AND_PRINTS_LATER =
  'checkpoints and reads take longer until all keys can be read, and the number of keys is right';

interface RecountOptions {
  readonly keyspace: Pick<Keyspace, 'recount' | 'isCountDue' | 'checkpoint'>;
  readonly clock: Clock;
  readonly damage: DamageNotes;
  /** Resolves when no flush is running. @throws if nothing is to be counted any more. */
  between(): Promise<void>;
  isClosed(): boolean;
  /** Called with an error of a count in the background that nobody waits for, unless the disk could not be read. */
  onFailure(error: Error): void;
}

export class Recount {
  readonly #options: RecountOptions;
  #running: Promise<void> | undefined;
  /** The reason why the last count or flush could not read the disk; undefined if it could. */
  #unreadable: HeadwaterError | undefined;
  /** The earliest time of the next count, by the monotonic clock, if the disk could not be read. */
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(options: RecountOptions) {
    this.#options = options;
  }

  /**
   * Counts the keys; calls during a count share it. @throws HeadwaterError `corrupt` or `io_error` if the disk cannot
   * be read.
   */
  run(): Promise<void> {
    const refusal = this.#refusal();
    if (refusal && !this.#running) return Promise.reject(refusal);
    this.#running ??= this.#count().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Begins a count in the background if the keyspace has something to find in all records. */
  beginIfDue(): void {
    const { keyspace, isClosed, onFailure } = this.#options;
    // A count that could not read the disk is begun again when somebody asks, or after a repair.
    if (!keyspace.isCountDue || this.#unreadable) return;
    void this.run().catch((error: Error) => {
      if (!isClosed() && !isUnreadable(error)) onFailure(error);
    });
  }

  /** Notes that a flush or a count could not read the disk. */
  hindered(error: HeadwaterError): void {
    const { keyspace, damage } = this.#options;
    this.#unreadable = error;
    damage.met('count', keyspace.checkpoint.keys === null ? COUNT_LATER : SIZES_AND_PRINTS_LATER, error);
  }

  /** Notes that records on disk were replaced: they may be readable now. */
  mended(): void {
    this.#notBeforeMs = Number.NEGATIVE_INFINITY;
    this.#unreadable = undefined;
  }

  /** Resolves when no count is running. */
  async settled(): Promise<void> {
    await this.#running?.catch(() => {});
  }

  async #count(): Promise<void> {
    const { keyspace, clock, damage, between, isClosed } = this.#options;
    await between();
    const beganMs = clock.monotonicMs();
    try {
      this.#unreadable = undefined;
      await keyspace.recount(isClosed);
      if (!this.#unreadable && !isClosed()) damage.passed('count');
    } catch (error) {
      if (isUnreadable(error) && !isClosed()) this.hindered(error);
      throw error;
    } finally {
      const endedMs = clock.monotonicMs();
      this.#notBeforeMs = endedMs + Math.max(RECOUNT_PAUSE_MS_MIN, RECOUNT_PAUSE_FACTOR * (endedMs - beganMs));
    }
  }

  #refusal(): HeadwaterError | undefined {
    const waitsMs = this.#notBeforeMs - this.#options.clock.monotonicMs();
    const error = this.#unreadable;
    if (!error || waitsMs <= 0) return undefined;
    const why = `the number of keys is unknown: ${error.message}. Ask again in ${Math.ceil(waitsMs / 1_000)} s, when the keys are counted`;
    return new HeadwaterError(error.code, why, { cause: error });
  }
}
