/**
 * The data in use: the log and the keyspace of the generation that is open, for all who read them. The life cycle
 * (lifecycle.ts) opens, closes and exchanges them. While nothing is open, the last known values are given, or the
 * reason is thrown.
 */
import type { Bell } from '../base/bell.js';
import type { HeadwaterError } from '../base/errors.js';
import type { Log } from '../log/log.js';
import type { Position } from '../model/position.js';
import { DurablePoint } from './durable-point.js';
import type { Generation } from './generation.js';
import type { GenerationStatus } from './generation-status.js';
import type { Lifecycle } from './lifecycle.js';

export class Data {
  /** Makes everything received so far durable; calls share an fsync. */
  readonly durablePoint = new DurablePoint(() => this.#makeDurable());
  readonly #lifecycle: Lifecycle;
  readonly #directory: () => string;

  /** @param directory returns the directory of the current generation. */
  constructor(lifecycle: Lifecycle, directory: () => string) {
    this.#lifecycle = lifecycle;
    this.#directory = directory;
  }

  /** The generation that is open. @throws the reason if nothing is open. */
  get generation(): Generation {
    return this.#lifecycle.generation;
  }

  /** The generation that reads are served from. @throws `notServing`. */
  get serving(): Generation {
    return this.#lifecycle.serving;
  }

  /** The log in use. A feed that holds it gets an error when the log closes. @throws the reason if nothing is open. */
  get log(): Log {
    return this.#lifecycle.generation.log;
  }

  /** The end of the log, as far as it is applied; the last known end while nothing is open. */
  get position(): Position {
    return this.#lifecycle.end.position;
  }

  /** The time of the last block, milliseconds since the epoch; the last known one while nothing is open. */
  get endTimeMs(): number {
    return this.#lifecycle.end.timeMs;
  }

  /** The progress of the data; the last known progress while nothing is open. */
  get progress(): GenerationStatus {
    return this.#lifecycle.standing;
  }

  /** Set if a lost log tail left a keyspace that only a full resync can help; undefined while nothing is open. */
  get incomplete(): HeadwaterError | undefined {
    return this.#lifecycle.incomplete;
  }

  /** Whether reads can be served now. */
  get isServing(): boolean {
    return this.#lifecycle.isServing;
  }

  /** The reason why reads cannot be served, with advice if the store cannot help itself. */
  get notServing(): HeadwaterError | undefined {
    return this.#lifecycle.notServing;
  }

  /** The directory of the log and the keyspace in use; the current one even while it cannot be opened. */
  get directory(): string {
    return this.#directory();
  }

  /** Rings when a role begins, also after the store was reopened; not when the log grows. */
  get changed(): Bell {
    return this.#lifecycle.changed;
  }

  /** Calls `listener` now, and at every change, with whether reads can be served. */
  onServing(listener: (serving: boolean) => void): void {
    this.#lifecycle.onServing(listener);
  }

  async #makeDurable(): Promise<number> {
    const { log } = this.serving;
    try {
      return await log.durable.reach();
    } catch (error) {
      // A failure on a log that is not in use any more loses nothing.
      if (this.isServing && this.serving.log === log) this.#lifecycle.failed(error as Error);
      throw error;
    }
  }
}
