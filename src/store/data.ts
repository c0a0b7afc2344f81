/**
 * The data in use: the log and the keyspace of the generation that is open, for all who read them. The life cycle
 * (lifecycle.ts) opens, closes and exchanges them. While nothing is open, the last known values are given, or the
 * reason is thrown.
 */
import { Bell } from '../base/bell.js';
import { HeadwaterError } from '../base/errors.js';
import type { Log } from '../log/log.js';
import type { Position } from '../model/position.js';
import { withAdvice } from './advice.js';
import type { Directory } from './directory.js';
import { DurablePoint } from './durable-point.js';
import type { Generation } from './generation.js';
import { type GenerationStatus, generationStatus } from './generation-status.js';
import type { StageName, Stages } from './stages.js';

export class StoreData {
  /** Makes everything received so far durable; calls share an fsync. */
  readonly durablePoint = new DurablePoint(() => this.#makeDurable());
  /** Rings when a role begins, also after the store was reopened; not when the log grows. */
  readonly changed = new Bell();
  readonly #stages: Stages;
  readonly #directory: Directory;
  readonly #failed: (error: Error) => void;

  /** @param failed handles a failed write. */
  constructor(stages: Stages, directory: Directory, failed: (error: Error) => void) {
    this.#stages = stages;
    this.#directory = directory;
    this.#failed = failed;
  }

  get stage(): StageName {
    return this.#stages.current.name;
  }

  /** The generation that is open. @throws the reason if nothing is open. */
  get generation(): Generation {
    const { generation } = this.#stages.current;
    if (!generation) throw this.#stages.reason;
    return generation;
  }

  /** The generation that reads are served from. @throws `notServing`. */
  get serving(): Generation {
    const stage = this.#stages.current;
    if (stage.name === 'serving') return stage.generation;
    const reason = this.notServing;
    if (reason) throw reason;
    return this.generation;
  }

  /** The log in use. A feed that holds it gets an error when the log closes. @throws the reason if nothing is open. */
  get log(): Log {
    return this.generation.log;
  }

  /** The end of the log, as far as it is applied; the last known end while nothing is open. */
  get position(): Position {
    const { generation } = this.#stages.current;
    return generation?.log.end ?? this.#stages.last.position;
  }

  /** The time of the last block, milliseconds since the epoch; the last known one while nothing is open. */
  get endTimeMs(): number {
    const { generation } = this.#stages.current;
    return generation?.log.lookup.endTimeMs ?? this.#stages.last.timeMs;
  }

  /** The progress of the data; the last known progress while nothing is open. */
  get progress(): GenerationStatus {
    const { generation } = this.#stages.current;
    return generation ? generationStatus(generation) : this.#stages.last;
  }

  /** Set if a lost log tail left a keyspace that only a full resync can help; undefined while nothing is open. */
  get incomplete(): HeadwaterError | undefined {
    return this.#stages.current.generation?.incomplete;
  }

  /** Whether reads can be served now. */
  get isServing(): boolean {
    return !this.#stages.reason && !this.incomplete;
  }

  /** The reason why reads cannot be served, with advice if the store cannot help itself. */
  get notServing(): HeadwaterError | undefined {
    const { reason, asking } = this.#stages;
    if (reason) return reason;
    const { incomplete } = this;
    if (!incomplete) return undefined;
    return new HeadwaterError('unavailable', withAdvice(incomplete, this.#directory.node.record, asking), {
      cause: incomplete,
    });
  }

  /** The directory of the log and the keyspace in use; the current one even while it cannot be opened. */
  get directory(): string {
    return this.#directory.generations.current;
  }

  /** Calls `listener` now, and at every change, with whether reads can be served. */
  onServing(listener: (serving: boolean) => void): void {
    let { isServing } = this;
    listener(isServing);
    this.#stages.onMove(() => {
      if (this.isServing === isServing) return;
      isServing = !isServing;
      listener(isServing);
    });
  }

  /**
   * Lets pending blocks enter the store while `work` waits for them, even if memory is full and the disk cannot be read
   * for a checkpoint.
   */
  async lettingThrough(work: () => Promise<void>): Promise<void> {
    const stopLetting = this.#stages.current.generation?.checkpointer.room.letThrough();
    try {
      await work();
    } finally {
      stopLetting?.();
    }
  }

  async #makeDurable(): Promise<number> {
    const { log } = this.serving;
    try {
      return await log.durable.reach();
    } catch (error) {
      // A failure on a log that is not in use any more loses nothing.
      if (this.isServing && this.serving.log === log) this.#failed(error as Error);
      throw error;
    }
  }
}
