/**
 * Opens the current generation, with full recovery. Data that cannot be opened are replaced by a substitute if the
 * store may repair itself: it serves nothing, and a full resync follows (Generation.standIn).
 */
import type { LogicalClock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import type { RepeatedLog } from '../base/repeated-log.js';
import { keepBlocks } from '../log/block-file.js';
import type { Log } from '../log/log.js';
import { type LivePlace, NOWHERE } from '../model/live-place.js';
import { withRemedy } from './advice.js';
import type { DamageNotes } from './damage.js';
import type { Directory } from './directory.js';
import type { FailedWrite } from './failed-write.js';
import { Generation, type GenerationOptions } from './generation.js';

export interface OpenerOptions extends Omit<GenerationOptions, 'quarantine' | 'logger' | 'onFailure'> {
  readonly log: RepeatedLog;
  readonly logicalClock: LogicalClock;
  readonly damage: DamageNotes;
  readonly directory: Directory;
  readonly failedWrite: FailedWrite;
  /** Whether a follower whose data cannot be opened gets a copy from its upstream without a person's word. */
  readonly autoRepair: boolean;
  /** Called when another log is in use, before anything has been trimmed from it. */
  opened(log: Log): void;
  /** Handles a failed write to the generation. */
  failed(error: Error): void;
}

export class Opener {
  readonly #options: OpenerOptions;
  /** The end of the ring of live messages that was open last: the next one begins there. */
  #live: LivePlace = NOWHERE;

  constructor(options: OpenerOptions) {
    this.#options = options;
  }

  /**
   * @param starting whether this is the first opening in this life.
   * @throws HeadwaterError `corrupt`, with advice if the store does not repair the data itself.
   */
  async open({ starting }: { starting: boolean }): Promise<Generation> {
    const { failedWrite } = this.#options;
    if (starting) await failedWrite.load();
    const generation = await this.#openWhole({ starting }).catch((error: unknown) => this.#standIn(error, starting));
    generation.log.interludes.begin(this.#live);
    this.#options.opened(generation.log);
    return generation;
  }

  /** Begins the next ring of live messages at `place`; where the last one ended if undefined. */
  continueFrom(place: LivePlace | undefined): void {
    this.#live = place ?? this.#live;
  }

  async #openWhole({ starting }: { starting: boolean }): Promise<Generation> {
    const { directory, failedWrite } = this.#options;
    // Databases that are opened again, or that have ever held anything, are not made again.
    const mustExist = !starting || directory.wasUsed;
    const generation = await Generation.open(directory.generations.current, this.#generationOptions, {
      afterFailedWrite: failedWrite.isSet,
      mustExist,
      ...(starting && { cleanStop: await directory.cleanStop() }),
      writing: () => directory.forgetCleanStop(),
    });
    // A file that stays is removed by the next opening.
    await failedWrite.forget().catch(() => {});
    return generation;
  }

  async #standIn(error: unknown, starting: boolean): Promise<Generation> {
    const { directory, damage, failedWrite, autoRepair, log } = this.#options;
    if (!HeadwaterError.is(error, 'corrupt')) throw error;
    const follows = directory.node.record.role === 'follower';
    if (!follows || !(autoRepair || damage.mayStandIn))
      throw follows || starting ? withRemedy(error, directory.node.record) : error;
    log.error({ error: error.message }, `the data cannot be opened: ${error.message}`);
    const place = {
      directory: directory.generations.current,
      aside: await directory.generations.aside(),
      afterFailedWrite: failedWrite.isSet,
    };
    return await Generation.standIn(place, error, this.#generationOptions);
  }

  get #generationOptions(): GenerationOptions {
    const { log, failed } = this.#options;
    return {
      ...this.#options,
      logger: log,
      quarantine: (blocks, fromOffset) => this.#quarantine(blocks, fromOffset),
      onFailure: failed,
    };
  }

  async #quarantine(blocks: AsyncIterable<Buffer>, fromOffset: number): Promise<void> {
    const { files, directory } = this.#options;
    await keepBlocks(files, await directory.folder.directory('damaged'), `log-from-${fromOffset}`, blocks);
  }
}
