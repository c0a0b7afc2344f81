/** The archives of a node: the same log in several places, each at its own pace. An archive that fails delays no other. */
import type { StatusArchive } from '../model/status.js';
import { Archiver, type ArchiverOptions } from './archiver.js';
import type { Place } from './place.js';

export class Archives {
  readonly #archivers: readonly Archiver[];

  /** @param places one at least. */
  constructor(places: readonly Place[], archiverOf: (place: Place) => ArchiverOptions) {
    this.#archivers = places.map((place) => new Archiver(archiverOf(place)));
  }

  /** The status of the archive that is furthest behind: one that fails before all others. */
  get status(): StatusArchive | undefined {
    return this.#archivers
      .map(({ status }) => status)
      .toSorted((a, b) => Number(a.error === '') - Number(b.error === '') || a.offset - b.offset)
      .at(0);
  }

  /** The time of the oldest write that one of the archives lacks. Undefined if none is known. */
  get lackingSinceMs(): number | undefined {
    const times = this.#archivers.flatMap(({ lackingSinceMs }) => lackingSinceMs ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  start(): void {
    for (const archiver of this.#archivers) archiver.start();
  }

  /** Closes the current stretch of each with all that is in the log. */
  async close(): Promise<void> {
    await Promise.all(this.#archivers.map((archiver) => archiver.close()));
  }
}
