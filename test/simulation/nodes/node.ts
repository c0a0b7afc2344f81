/**
 * A node of a simulation: the production store and replication on a disk, files
 * and a clock of the simulation's. It lives many times; what an earlier life
 * left in hand never takes effect, and hears nothing any more.
 */
import { valueOfCheckedRow } from '../../../src/base/checked-row.js';
import { HeadwaterError } from '../../../src/base/errors.js';
import type { Block } from '../../../src/log/block.js';
import { blockKey } from '../../../src/log/rows.js';
import { Freshness } from '../../../src/replication/progress/freshness.js';
import type { ReplicationOptions } from '../../../src/replication/replication.js';
import type { FsyncPolicy } from '../../../src/store/commit.js';
import type { NodeRecord, RoleWanted } from '../../../src/store/directory.js';
import type { Network } from '../../support/channel.js';
import type { TestClock } from '../../support/clock.js';
import { MemoryDisk } from '../../support/database.js';
import { MemoryFiles } from '../../support/memory-files.js';
import { RecordingLogger, TestStore } from '../../support/store.js';
import { TestNode } from '../../support/world.js';
import { type History, keyOf, type Place, Violation } from '../checks/history.js';
import { delays } from '../delays.js';
import type { Dice } from '../dice.js';
import type { Journal } from '../journal.js';
import { type BlockObserver, observed } from './observed.js';
import { ProcessClock } from './process-clock.js';

const DIRECTORY = '/data';
const TIMEOUT_MS = 5_000;
/** What one deletion mark takes: some 10,000 times as long as in LevelDB, where there are so many times more. */
const MARK_MS = 2;
/** The longest that an operation of a disk takes. */
const OPERATION_MS_MAX = 0.3;
const RETENTION = { logRetentionBytes: 1_500 };

/** The parts of a simulation that its nodes use. */
interface Surroundings {
  readonly clock: TestClock;
  readonly dice: Dice;
  readonly history: History;
  readonly journal: Journal;
  readonly network: Network;
}

export type State = 'down' | 'starting' | 'up' | 'stopping';

export class SimulatedNode extends TestNode {
  readonly #simulation: Surroundings;
  readonly disk: MemoryDisk;
  readonly files: MemoryFiles;
  readonly fsync: FsyncPolicy;
  readonly #budget: { overlayBytesMax: number; replayBytesMax: number };
  readonly #retention: { logRetentionBytes?: number; logRetentionPinBytes?: number };
  #clock: ProcessClock;
  #lives = 0;
  /** Of its machine. */
  #boots = 1;
  /** Survives a power cut, as the node last said. */
  #durableOffset = 0;
  state: State = 'down';
  /** Of this life. */
  freshness!: Freshness;
  /** Blocks that are, or were, whole in a log here. */
  readonly stored = new Set<string>();
  /** Those of them that a power cut cannot have taken from the log that they were in. */
  readonly durable = new Set<string>();
  /** Stored since the last durable point began. */
  #unsynced: string[] = [];
  /** The node that it follows, or followed before it led. */
  followed = '';
  /** Grants that it was seen to have taken. */
  readonly grantsSeen = new Set<string>();
  #onSaid: Array<{ pattern: RegExp; act: () => void }> = [];
  /** Where it was last seen serving. */
  seen: Place | undefined;
  /** What a power cut since then could not take. */
  durableAtPowerCut: number | undefined;
  /** Where the followers that it remembered stood when it was last looked at, if the log was kept for them; by node ID. */
  places = new Map<string, number>();
  /** In which log: of another one nothing is promised. */
  placesIn = '';
  /** How often damage has raised the start of a log. */
  #raised = 0;
  /** A person said that data may go. */
  acceptedLoss = false;
  acceptedAtMs = Number.NEGATIVE_INFINITY;
  /** Since when it has waited below a follower, once nothing fails any more. */
  waitsSinceMs = 0;

  constructor(simulation: Surroundings, name: string) {
    super(simulation, name, undefined as never, { timeoutMs: TIMEOUT_MS });
    this.#simulation = simulation;
    const delay = delays(simulation, OPERATION_MS_MAX);
    this.files = new MemoryFiles(delay);
    this.disk = new MemoryDisk({
      isFolder: (location) => this.files.isFolder(location),
      makeFolder: async (location) => this.files.makeFolder(location),
      delay,
      random: simulation.dice.random,
      walk: (marks) => new Promise((resolve) => void simulation.clock.after(marks * MARK_MS, resolve)),
    });
    this.fsync = simulation.dice.pick(['always', 'everysec', 'everysec', 'never'] as const);
    const bytes = simulation.dice.pick([1_000, 4_000, 1_000_000]);
    this.#budget = { overlayBytesMax: bytes, replayBytesMax: bytes };
    this.#retention = simulation.dice.pick([{}, {}, RETENTION, { ...RETENTION, logRetentionPinBytes: 2_000 }]);
    this.#clock = new ProcessClock(simulation.clock, 0);
  }

  /** Names the log in use, over restarts. */
  get logName(): string {
    return `${this.files.bytesOf(`${DIRECTORY}/CURRENT`)} ${this.#raised}`;
  }

  /** Of this life. */
  get clock(): TestClock {
    return this.#clock;
  }

  get isServing(): boolean {
    return this.state === 'up' && this.store.data.isServing;
  }

  get leads(): boolean {
    return this.isServing && this.store.roles.role === 'leader';
  }

  /** Notes what a power cut must not take any more. */
  promised(): void {
    this.#durableOffset = this.store.data.log.durable.offset;
  }

  /** Of the log that it was last seen with. */
  get durableOffset(): number {
    if (this.isServing) return this.store.data.log.durable.offset;
    return this.durableAtPowerCut ?? this.#durableOffset;
  }

  appended(key: string): void {
    this.stored.add(key);
    this.#unsynced.push(key);
  }

  /** A durable point begins. */
  syncing(): () => void {
    const covered = this.#unsynced;
    this.#unsynced = [];
    return () => {
      for (const key of covered) this.durable.add(key);
    };
  }

  /** Every block that is put into the log of this node is part of the history. */
  #observer(): BlockObserver {
    const { history, journal } = this.#simulation;
    return {
      appending: (block) => journal.checked(() => void history.add(block)),
      appended: (block) => this.appended(keyOf(block.position)),
      syncing: () => this.syncing(),
      synced: (block) => void this.durable.add(keyOf(block.position)),
    };
  }

  jumpWall(byMs: number): void {
    this.#clock.jumpedMs += byMs;
  }

  /** How it is started by a unit that always says whom to follow. */
  get unit(): RoleWanted | undefined {
    return this.address === 'n0' ? undefined : { role: 'follower', upstream: 'n0' };
  }

  /** Does something once, as soon as this life of the node has said that. */
  onSaid(pattern: RegExp, act: () => void): void {
    this.#onSaid.push({ pattern, act });
  }

  #said(message: string): void {
    const found = this.#onSaid.filter(({ pattern }) => pattern.test(message));
    this.#onSaid = this.#onSaid.filter((one) => !found.includes(one));
    for (const { act } of found) act();
  }

  /** Whether the disk says that it leads because it was promoted. */
  #isPromoted(): boolean {
    const { role, promoted, superseded_by } = JSON.parse(
      this.files.bytesOf(`${DIRECTORY}/node.json`)?.toString() ?? '{}',
    ) as Partial<NodeRecord>;
    return role === 'leader' && promoted === true && superseded_by === undefined;
  }

  async start(role?: RoleWanted): Promise<void> {
    this.state = 'starting';
    this.#onSaid = [];
    const promoted = this.#isPromoted();
    const clock = new ProcessClock(this.#simulation.clock, this.#clock.jumpedMs);
    this.#clock = clock;
    this.#lives++;
    const logger = new RecordingLogger();
    logger.onLine = (level, message) => {
      if (message.includes('; it begins there now,')) this.#raised++;
      if (/asked the known followers: [1-9]/.test(message)) this.#simulation.journal.count('got back by asking');
      if (clock.dead) return;
      this.#simulation.journal.note(`${this.address} ${level}: ${message}`);
      this.#said(message);
    };
    try {
      this.test = await TestStore.open({
        directory: DIRECTORY,
        disk: this.disk,
        clock,
        logger,
        files: this.files.of(clock),
        openDatabase: observed(this.disk.process(), this.#observer()),
        randomBytes: this.#simulation.dice.bytes,
        bootId: () => `boot ${this.#boots}`,
        fsync: this.fsync,
        budget: this.#budget,
        ...this.#retention,
        ...(role && { role }),
      });
    } catch (error) {
      this.state = 'down';
      throw error;
    }
    this.state = 'up';
    this.#watchRole();
    if (role && promoted) {
      this.#simulation.journal.count('start option after a promotion');
      if (this.store.roles.role !== 'leader' && !this.store.data.incomplete)
        throw new Violation(
          `a start option does not undo a promotion: ${this.address} follows ${this.store.roles.upstream}`,
        );
    }
    if (this.store.roles.asking) this.#simulation.journal.count('asked first');
    this.up();
    this.freshness = new Freshness({ store: this.store, link: this.link, clock, serveStaleReads: true });
  }

  /** Whom it follows is known at every moment, also between two looks. */
  #watchRole(): void {
    const { store } = this;
    if (store.roles.role === 'follower') this.followed = store.roles.upstream;
    const follow = store.roles.follow.bind(store.roles);
    store.roles.follow = async (upstream) => {
      await follow(upstream);
      this.followed = upstream;
    };
  }

  /** As node.ts stops, waiting for followers first. */
  async stop(shutdownTimeoutMs = 0): Promise<void> {
    this.state = 'stopping';
    const { replication } = this;
    this.freshness.end(new HeadwaterError('shutting_down', 'the node is shutting down'));
    await replication.drain(shutdownTimeoutMs);
    // It was killed meanwhile, and may live again.
    if (this.state !== 'stopping' || this.replication !== replication) return;
    await this.down();
    this.#clock.dead = true;
    this.state = 'down';
  }

  override kill(): void {
    const { network } = this.#simulation;
    if (this.isServing) this.promised();
    this.#clock.die();
    this.disk.crash();
    this.disk.putBack();
    network.down(this.address);
    for (const line of network.lines) if (line.from === this.address || line.to === this.address) line.cut();
    this.state = 'down';
  }

  async powerCut(): Promise<void> {
    this.kill();
    this.durableAtPowerCut = Math.min(this.#durableOffset, this.durableAtPowerCut ?? Number.POSITIVE_INFINITY);
    const keeps = () => this.#simulation.dice.random() < 0.5;
    this.files.powerCut(keeps);
    await this.disk.powerCut();
    this.#boots++;
  }

  /** Blocks kept in a folder of the data directory, as they lie there. */
  kept(folder: 'lost-writes' | 'damaged'): Buffer[] {
    const blocks: Buffer[] = [];
    for (const [name, bytes] of this.files.contents(`${DIRECTORY}/${folder}`)) {
      if (!name.endsWith('.blocks')) continue;
      for (let at = 0; at < bytes.length; ) {
        const end = at + 4 + bytes.readUInt32BE(at);
        blocks.push(bytes.subarray(at + 4, end));
        at = end;
      }
    }
    return blocks;
  }

  /** The offset whose effects a flush that the crash cut short may have left in the keyspace of that log. */
  async flushingTo(log: string): Promise<number> {
    const key = Buffer.from('mflushing');
    const row = await this.disk.raw(log.replace(/\/log$/, '/keyspace')).get(key);
    return row ? Number(valueOfCheckedRow(key, row)) : 0;
  }

  /** Puts a block in the place of the one that ends there, while nobody looks. */
  async forge(location: string, block: Block): Promise<void> {
    await this.disk.raw(location).put(blockKey(block.lastOffset), block.bytes);
    this.disk.journal(location)?.wrote([[blockKey(block.lastOffset).toString('latin1'), block.bytes]], {
      sync: true,
      random: 1,
    });
  }

  protected override replicationOptions(): Omit<ReplicationOptions, 'marks'> {
    const clock = this.#clock;
    const options = super.replicationOptions();
    return {
      ...options,
      clock,
      nonce: `${this.address} life ${this.#lives}`,
      random: this.#simulation.dice.random,
      dial: (address) => (clock.dead ? new Promise<never>(() => {}) : options.dial(address)),
    };
  }
}
