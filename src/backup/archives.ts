/**
 * The archives of a node: the same log in several places, each at its own pace. An archive that fails delays no other.
 * The places are asked now and then how old the newest backup in them is.
 */
import { firstOf, unlessAborted } from '../base/abort.js';
import { type Clock, sleep } from '../base/clock.js';
import { shuttingDown } from '../base/errors.js';
import { ARCHIVE_LATE_INTERVALS, BACKUPS_LOOK_MS } from '../base/limits.js';
import type { StatusArchive } from '../model/status.js';
import { Archiver, type ArchiverOptions } from './archiver.js';
import type { Place } from './place.js';
import { newestMadeMs } from './stored-backups.js';

export interface ArchivesOptions extends Omit<ArchiverOptions, 'place'> {
  /** The places, at least one. */
  readonly places: readonly Place[];
  /** Ends the requests to buckets. */
  readonly requests: AbortController;
}

export class Archives {
  readonly #options: ArchivesOptions;
  readonly #clock: Clock;
  readonly #archivers: readonly Archiver[];
  readonly #stop = new AbortController();
  #looking: Promise<void> | undefined;
  /** The time at which the newest backup in the places was made. Undefined if none is known. */
  #backupMs: number | undefined;

  constructor(options: ArchivesOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#archivers = options.places.map(
      (place) =>
        new Archiver({
          ...options,
          place,
          get intervalMs() {
            return options.intervalMs;
          },
        }),
    );
  }

  /** The status of the archive that is furthest behind: one that fails before all others. */
  get status(): StatusArchive | undefined {
    const status = this.#worst();
    return status && { ...status, late: this.#whyLate(status) };
  }

  #worst(): StatusArchive | undefined {
    const [worst] = this.#archivers
      .map(({ status }) => status)
      .toSorted((a, b) => Number(a.error === '') - Number(b.error === '') || a.offset - b.offset);
    if (!worst) return undefined;
    const { lackingSinceMs } = this;
    const ageOf = (ms: number) => Math.max(0, this.#clock.wallMs() - ms) / 1_000;
    return {
      ...worst,
      ageSeconds: lackingSinceMs === undefined ? 0 : ageOf(lackingSinceMs),
      backupAgeSeconds: this.#backupMs === undefined ? undefined : ageOf(this.#backupMs),
    };
  }

  /** The time of the oldest write that one of the archives lacks. Undefined if none is known. */
  get lackingSinceMs(): number | undefined {
    const times = this.#archivers.flatMap(({ lackingSinceMs }) => lackingSinceMs ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** The reason why the archive is too far behind. Undefined while it lacks no write for three intervals. */
  get whyLate(): string | undefined {
    const status = this.#worst();
    return status && this.#whyLate(status);
  }

  #whyLate(status: StatusArchive): string | undefined {
    const [seconds, most] = [status.ageSeconds ?? 0, (ARCHIVE_LATE_INTERVALS * this.#options.intervalMs) / 1_000];
    if (seconds <= most) return undefined;
    const because = status.error === '' ? '' : `: ${status.error}`;
    return `the archive ${status.directory} is late: expected the writes of at most ${most} s to be missing (three times --archive-interval), found ${Math.round(seconds)} s${because}`;
  }

  start(): void {
    for (const archiver of this.#archivers) archiver.start();
    this.#looking ??= this.#look();
  }

  /**
   * Closes the current stretch of each with all that is in the log.
   * @param withinMs the time for requests to buckets: one that does not answer must not hold up the stop of the node.
   */
  async close(withinMs: number): Promise<void> {
    this.#stop.abort();
    const { requests } = this.#options;
    const closing = Promise.all([...this.#archivers.map((archiver) => archiver.close()), this.#looking]);
    const cancel = this.#clock.after(withinMs, () => requests.abort(shuttingDown()));
    try {
      await unlessAborted(closing, requests.signal).catch((error) => {
        if (!requests.signal.aborted) throw error;
      });
    } finally {
      cancel();
    }
  }

  async #look(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      for (const place of this.#options.places) {
        // The archiver of a place reports why the place cannot be used.
        const madeMs = await newestMadeMs(place).catch(() => undefined);
        if (madeMs !== undefined) this.#backupMs = Math.max(this.#backupMs ?? 0, madeMs);
      }
      await firstOf(signal, (over) => [sleep(this.#clock, BACKUPS_LOOK_MS, over)]);
    }
  }
}
