/**
 * The intake of a follower: everything that its upstream sends enters the store here. Blocks continue the log, and a
 * full resync replaces the data. A leader that asks its followers for the lost end of its log takes blocks the same way.
 */
import type { LogicalClock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import type { Logger } from '../base/logger.js';
import type { Files } from '../disk/files.js';
import type { OpenDatabase } from '../disk/level.js';
import type { Block } from '../log/block.js';
import type { Lineage, LineageRow } from '../model/lineage.js';
import type { LivePlace } from '../model/live-place.js';
import { formatPosition, type Position } from '../model/position.js';
import type { StoreData } from './data.js';
import type { Directory } from './directory.js';
import type { Lifecycle } from './lifecycle.js';
import type { NodeIdentity } from './node-identity.js';
import { verifyReceived } from './receive.js';
import { Replacement } from './replacement.js';
import type { Roles } from './roles.js';

export interface IntakeOptions {
  readonly files: Files;
  readonly openDatabase: OpenDatabase;
  randomBytes(count: number): Buffer;
  readonly logger: Logger;
  readonly data: StoreData;
  readonly roles: Roles;
  readonly identity: NodeIdentity;
  readonly lifecycle: Lifecycle;
  readonly directory: Directory;
  readonly clock: LogicalClock;
}

export class Intake {
  readonly #options: IntakeOptions;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /**
   * Takes blocks that continue the log, with the lineage rows that they begin.
   * @throws HeadwaterError if they may not enter; none of them has entered then.
   */
  async receive(blocks: readonly Block[], rows: readonly LineageRow[]): Promise<void> {
    const { data, roles, lifecycle } = this.#options;
    invariant(roles.role === 'follower' || roles.asking, 'a leader that leads does not receive');
    const generation = roles.asking ? data.generation : data.serving;
    verifyReceived(generation.log, blocks, rows);
    try {
      if (generation.incomplete) await generation.append(blocks, rows);
      else await generation.committer.commit(blocks, rows);
    } catch (error) {
      lifecycle.failed(error as Error);
      throw error;
    }
  }

  /**
   * Takes the time of an upstream with which a session has begun. That time may be behind this node's clock so far,
   * though not behind the last block.
   */
  setTime(timeMs: number): void {
    const { clock, data } = this.#options;
    clock.set(Math.max(timeMs, data.endTimeMs));
  }

  /**
   * Begins a generation beside the one in use, at a snapshot's position.
   * @param timeMs the time of the block that ends there, milliseconds since the epoch. A later time would make the next
   * block look like a clock set back.
   */
  async beginReplacement(position: Position, lineage: Lineage, timeMs: number): Promise<Replacement> {
    const directory = await this.#options.directory.generations.begin();
    return Replacement.create(directory, this.#options, { position, timeMs }, lineage);
  }

  /** Switches to a finished replacement, and to the cluster that its data belong to, and deletes the old data. */
  async adopt(replacement: Replacement, clusterId: string, live?: LivePlace): Promise<void> {
    const { data, identity, lifecycle, directory, logger } = this.#options;
    const reason = new HeadwaterError('unavailable', 'a full resync has replaced the data', {
      details: { reason: 'UPSTREAM_REPLACED' },
    });
    const exchange = async () => {
      await directory.generations.switchToNew();
      identity.records.replaced();
      await identity.join(clusterId);
    };
    await lifecycle.replace(reason, exchange, live);
    logger.info(
      { offset: replacement.end.offset },
      `the full resync is complete, now at ${formatPosition(data.position)}`,
    );
  }
}
