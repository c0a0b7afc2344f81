/**
 * The begin of a leadership: a new history, durable before the first write under it. A leader that may have lost its
 * tail asks its known followers first.
 */
import { CLOCK_SET_MS, type Clock, type LogicalClock } from '../base/clock.js';
import { CLOCK_GAP_MS } from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import type { Log } from '../log/log.js';
import type { LivePlace } from '../model/live-place.js';
import type { Directory } from './directory.js';
import type { Generation } from './generation.js';
import { LifeNote } from './life.js';

export interface LeadershipRecordOptions {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly logicalClock: LogicalClock;
  readonly log: Logger;
  randomBytes(count: number): Buffer;
  /** The ID of the machine's start; undefined if the machine does not tell. */
  bootId(): string | undefined;
  /** Whether there is any follower that a leader could ask for writes that its log may have lost. */
  hasKnownFollowers(): boolean;
  /** Whether a leader sets the log's clock back if that is ahead of the machine's. */
  readonly trustClock: boolean;
}

export class LeadershipRecord {
  readonly #options: LeadershipRecordOptions;
  readonly #life: LifeNote;

  constructor(options: LeadershipRecordOptions) {
    this.#options = options;
    this.#life = new LifeNote(options.directory.folder, options.bootId);
  }

  /** Whether there is any follower that a leader could ask for writes that its log may have lost. */
  get hasKnownFollowers(): boolean {
    return this.#options.hasKnownFollowers();
  }

  /**
   * Whether a leader has to ask. The operating system has everything that this process had appended, unless the disk
   * changed it. For an earlier life that is not certain.
   */
  async shouldAsk({ mayHaveLostTail }: Generation, { starting }: { starting: boolean }): Promise<boolean> {
    if (!this.hasKnownFollowers) return false;
    return mayHaveLostTail || (starting && (await this.#life.mayHaveLostTail()));
  }

  /**
   * Begins a history of its own, durably.
   * @param heardOf an epoch that others have begun already, as far as this node knows.
   * @param follows the end of the messages of a leader that has handed over.
   */
  async begin({ log }: Generation, heardOf = 0, follows?: LivePlace): Promise<void> {
    const { directory, randomBytes, log: logger } = this.#options;
    await this.#life.note({ clean: false });
    if (directory.node.record.cluster_id === '')
      await directory.node.update({ cluster_id: randomBytes(16).toString('hex') });
    const { superseded_by, handing_over } = directory.node.record;
    // The node that was to lead may have taken the next epoch: the epoch of this one has to be above that.
    const granted = handing_over ? log.history.lineage.epoch + 1 : 0;
    const above = Math.max(superseded_by?.epoch ?? 0, granted, heardOf);
    const row = await log.history.begin(randomBytes(20).toString('hex'), above, follows);
    await this.#stepClock(log);
    logger.info(
      { replication_id: row.replicationId, epoch: row.epoch },
      `leading from offset ${row.firstOffset} under the new history ${row.replicationId}`,
    );
  }

  /** Notes, durably, that a leadership has ended with a durable point. */
  endedClean(): Promise<void> {
    return this.#life.note({ clean: true });
  }

  /** Sets the log's clock back, if a person has asked for that and no block has been logged with the new time yet. */
  async #stepClock(log: Log): Promise<void> {
    const { directory, clock, logicalClock, trustClock, log: logger } = this.#options;
    const noted = directory.node.record.clock_step;
    const isLogged = noted !== undefined && noted.up_to < log.end.offset;
    const wallMs = clock.wallMs();
    const byMs = Math.round(log.lookup.endTimeMs - wallMs);
    if (isLogged || !(noted || trustClock) || byMs <= CLOCK_GAP_MS || wallMs < CLOCK_SET_MS) return;
    await directory.node.update({ clock_step: { up_to: log.end.offset, by_ms: byMs } });
    logicalClock.stepBack();
    logger.warn(
      { by_ms: byMs },
      `the log's time goes back by ${Math.round(byMs / 1_000)} s, to ${new Date(wallMs).toISOString()}, with the next write. Keys keep their remaining time to live`,
    );
  }
}
