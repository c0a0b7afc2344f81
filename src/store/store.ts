/**
 * The store: a data directory, the generation in use and the role. This file opens the directory, puts the parts
 * together, and closes them. Everything else is done by the parts, and each caller gets those that it needs:
 *
 *   writes      operations of clients, and everything that stands between two blocks
 *   data        the log and the keyspace in use, and whether they are served
 *   snapshots   frozen keyspaces
 *   intake      everything that the upstream sends
 *   roles       who leads, who follows whom, and the changes of that
 *   followers   the followers that this node knows
 *
 * The role decides which calls the parts take:
 *
 *   leader     writer and active expiry run; a history of its own is begun
 *   follower   the intake takes blocks and data from upstream; writes are refused
 */
import { LogicalClock } from '../base/clock.js';
import { HeadwaterError, shuttingDown } from '../base/errors.js';
import { RepeatedLog } from '../base/repeated-log.js';
import { assemble } from './assembly.js';
import { ClockWatch } from './clock-watch.js';
import type { DamageNotes } from './damage.js';
import type { StoreData } from './data.js';
import { Directory } from './directory.js';
import type { Lateness } from './expiry.js';
import { Gate } from './gate.js';
import { Intake } from './intake.js';
import { KnownFollowers } from './known-followers.js';
import { LeadershipTerm } from './leadership-term.js';
import type { Lifecycle } from './lifecycle.js';
import { LostWrites } from './lost-writes.js';
import { NodeIdentity } from './node-identity.js';
import type { RoleWanted } from './node-record.js';
import { RESERVED_FILE } from './reserved-file.js';
import { ReservedRecords } from './reserved-records.js';
import { Roles } from './roles.js';
import { Settings } from './settings.js';
import { Snapshots } from './snapshots.js';
import { Space } from './space.js';
import type { StoreOptions } from './store-options.js';
import { storeStatus } from './store-status.js';
import { Writes } from './writes.js';

interface Opened {
  readonly directory: Directory;
  readonly followers: KnownFollowers;
  readonly space: Space;
  readonly reserved: ReservedRecords;
  /** host:port that this node was started to follow, though it leads; else empty. */
  readonly ignoredUpstream: string;
}

export class Store {
  readonly identity: NodeIdentity;
  readonly data: StoreData;
  readonly roles: Roles;
  readonly writes: Writes;
  readonly snapshots: Snapshots;
  readonly intake: Intake;
  /** The followers that this node knows, connected or away. */
  readonly followers: KnownFollowers;
  /** The writes that a resync had no place for. */
  readonly lostWrites: LostWrites;
  /** Knows whether the disk has room. */
  readonly space: Space;
  /** The data on disk that could not be read lately. */
  readonly damage: DamageNotes;
  /** The log's clock. */
  readonly clock: LogicalClock;
  readonly settings: Settings;
  readonly #lifecycle: Lifecycle;
  readonly #lateness: Lateness;
  readonly #clockWatch: ClockWatch;
  readonly #gate: Gate;

  private constructor(options: StoreOptions, opened: Opened) {
    const { directory, followers, space } = opened;
    const clock = new LogicalClock(options.clock, { trusted: options.trustClock ?? false });
    const gate = new Gate(() => directory.node.record.handing_over === undefined);
    const settings = new Settings(options);
    const term = options.term ?? new LeadershipTerm(options.clock);
    const assembly = assemble(options, { ...opened, settings, logicalClock: clock, term });
    const { data, damage, lifecycle, tenures } = assembly;
    const identity = new NodeIdentity(directory.node, opened.reserved);
    const roles = new Roles({ ...options, ...opened, ...assembly, gate, term });
    this.identity = identity;
    this.data = data;
    this.roles = roles;
    this.writes = new Writes({ ...options, ...opened, ...assembly, space, clock, gate, roles, term });
    this.snapshots = new Snapshots(data, opened.reserved);
    this.intake = new Intake({ ...options, data, roles, identity, lifecycle, directory, clock });
    this.followers = followers;
    this.lostWrites = new LostWrites(directory.folder, options.logger, () => data.log);
    this.space = space;
    this.damage = damage;
    this.clock = clock;
    this.settings = settings;
    this.#lifecycle = lifecycle;
    this.#lateness = tenures.lateness;
    this.#gate = gate;
    this.#clockWatch = new ClockWatch({
      ...options,
      logicalClock: clock,
      leads: () => directory.node.record.role === 'leader',
    });
    if (directory.node.record.handing_over) gate.close();
  }

  /**
   * Opens a data directory in the role that it was left in, or in `role`. A leader that was promoted keeps its own
   * role, unless `role` overrules that or the node cannot lead.
   * @throws HeadwaterError if the directory cannot be used; it is unlocked then.
   */
  static async open(options: StoreOptions, role?: RoleWanted): Promise<Store> {
    const space = new Space(options);
    const directory = await space.whileOpening(() => Directory.open(options.directory, options));
    try {
      await space.begin();
      if (options.term) await directory.node.standBy();
      const ignored = role && (await directory.node.takeRole(role));
      const followers = new KnownFollowers(
        await directory.folder.read('followers.json'),
        RepeatedLog.of(options),
        (text) => directory.folder.replace('followers.json', text),
      );
      const reserved = new ReservedRecords(
        await directory.folder.read(RESERVED_FILE),
        RepeatedLog.of(options),
        (text) => directory.folder.replace(RESERVED_FILE, text),
      );
      await directory.generations.removeOthers();
      const ignoredUpstream = ignored !== undefined && role ? role.upstream : '';
      const start = async () => {
        const store = new Store(options, { directory, followers, space, reserved, ignoredUpstream });
        await space.whileOpening(() => store.#lifecycle.start());
        return store;
      };
      const store = await start().catch(async (error) => {
        if (ignored === undefined || !role || !cannotLead(error)) throw error;
        options.logger.warn({ ...role }, `following ${role.upstream} all the same: ${(error as Error).message}`);
        await directory.node.takeRole({ ...role, overrules: true });
        return start();
      });
      const { ignoredFollow } = store.roles;
      if (ignoredFollow !== '') options.logger.warn({ ...role }, ignoredFollow);
      space.start();
      store.#clockWatch.start();
      return store;
    } catch (error) {
      await directory.close();
      throw error;
    }
  }

  get status(): ReturnType<typeof storeStatus> {
    return storeStatus(this, { clockWatch: this.#clockWatch, lateness: this.#lateness });
  }

  /** Ends all waits for a store that cannot be opened. `close` has to follow. */
  announceClose(): void {
    this.#lifecycle.announceClose(shuttingDown());
  }

  /**
   * Closes the store. Running work is finished, and everything is durable. Everything is checkpointed too, unless that
   * takes longer than `checkpointMs`. The directory is unlocked.
   */
  async close({ checkpointMs }: { checkpointMs?: number } = {}): Promise<void> {
    const closed = this.#lifecycle.close(shuttingDown(), checkpointMs);
    // Writes that wait at the gate are refused now.
    this.#gate.open();
    await this.followers.settled();
    await this.identity.records.settled();
    await this.#clockWatch.close();
    await closed;
  }
}

/** Whether the data on the disk of a leader do not let it lead: it has to follow. */
function cannotLead(error: unknown): boolean {
  return HeadwaterError.is(error, 'corrupt') || HeadwaterError.is(error, 'keyspace_incomplete');
}
