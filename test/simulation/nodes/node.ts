import { HeadwaterError } from '../../../src/base/errors.js';
import { Freshness } from '../../../src/replication/progress/freshness.js';
import type { ReplicationOptions } from '../../../src/replication/replication.js';
import type { FsyncPolicy } from '../../../src/store/commit.js';
import type { RoleWanted } from '../../../src/store/node-record.js';
import type { Network } from '../../support/channel.js';
import type { TestClock } from '../../support/clock.js';
import { RecordingLogger, TestStore } from '../../support/store.js';
import { TestNode } from '../../support/world.js';
import { type History, Violation } from '../checks/history.js';
import type { Dice } from '../dice.js';
import type { Journal } from '../journal.js';
import { DIRECTORY, Machine } from './machine.js';
import { observed } from './observed.js';
import { ProcessClock } from './process-clock.js';
import { StoredBlocks } from './stored-blocks.js';

const TIMEOUT_MS = 5_000;
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
  readonly machine: Machine;
  readonly blocks = new StoredBlocks(() => (this.isServing ? this.store.data.log.durable.offset : undefined));
  readonly fsync: FsyncPolicy;
  readonly #budget: { overlayBytesMax: number; replayBytesMax: number };
  readonly #retention: { logRetentionBytes?: number; logRetentionPinBytes?: number };
  #clock: ProcessClock;
  #lives = 0;
  state: State = 'down';
  /** That of this life. */
  freshness!: Freshness;
  /** The node that it follows, or followed before it led. */
  followed = '';
  #onSaid: Array<{ pattern: RegExp; act: () => void }> = [];
  /** How often damage has raised the start of a log. */
  #raised = 0;

  constructor(simulation: Surroundings, name: string) {
    super(simulation, name, undefined as never, { timeoutMs: TIMEOUT_MS });
    this.#simulation = simulation;
    this.machine = new Machine(simulation);
    this.fsync = simulation.dice.pick(['always', 'everysec', 'everysec', 'never'] as const);
    const bytes = simulation.dice.pick([1_000, 4_000, 1_000_000]);
    this.#budget = { overlayBytesMax: bytes, replayBytesMax: bytes };
    this.#retention = simulation.dice.pick([{}, {}, RETENTION, { ...RETENTION, logRetentionPinBytes: 2_000 }]);
    this.#clock = new ProcessClock(simulation.clock, 0);
  }

  /** Names the log in use, over restarts. */
  get logName(): string {
    return `${this.machine.generation} ${this.#raised}`;
  }

  /** That of this life; its wall clock may be set. */
  get clock(): ProcessClock {
    return this.#clock;
  }

  get isServing(): boolean {
    return this.state === 'up' && this.store.data.isServing;
  }

  get leads(): boolean {
    return this.isServing && this.store.roles.role === 'leader';
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

  async start(role?: RoleWanted): Promise<void> {
    const { history, journal } = this.#simulation;
    const { disk, files } = this.machine;
    this.state = 'starting';
    this.#onSaid = [];
    const promoted = this.machine.isPromoted;
    const clock = new ProcessClock(this.#simulation.clock, this.#clock.jumpedMs);
    this.#clock = clock;
    this.#lives++;
    const logger = new RecordingLogger();
    logger.onLine = (level, message) => {
      if (message.includes('. The log now begins there,')) this.#raised++;
      if (/the known followers sent back [1-9]/.test(message)) journal.count('got back by asking');
      if (clock.dead) return;
      if (message.startsWith('the interrupted full resync keeps ')) journal.count('full resync interrupted');
      if (/a full resync that had resumed has failed: the snapshot .* is not complete/.test(message))
        journal.failed(new Violation(`a full resync that resumes proves itself: ${this.address}, ${message}`));
      journal.note(`${this.address} ${level}: ${message}`);
      this.#said(message);
    };
    try {
      this.test = await TestStore.open({
        directory: DIRECTORY,
        disk,
        clock,
        logger,
        files: files.of(clock),
        openDatabase: observed(disk.process(), this.blocks.observer(history, journal)),
        randomBytes: this.#simulation.dice.bytes,
        bootId: () => this.machine.bootId,
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
      journal.count('start option after a promotion');
      if (this.store.roles.role !== 'leader' && !this.store.data.incomplete)
        throw new Violation(
          `a start option does not undo a promotion: ${this.address} follows ${this.store.roles.upstream}`,
        );
    }
    if (this.store.roles.asking) journal.count('asked first');
    this.up();
    this.freshness = new Freshness({ store: this.store, link: this.link, clock, serveStaleReads: true });
  }

  /** The node that it follows is known at every moment, also between two looks. */
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
    if (this.isServing) this.blocks.noteDurable();
    this.#clock.die();
    this.machine.disk.crash();
    this.machine.disk.putBack();
    network.down(this.address);
    for (const line of network.lines) if (line.from === this.address || line.to === this.address) line.cut();
    this.state = 'down';
  }

  async powerCut(): Promise<void> {
    this.kill();
    this.blocks.powerCut();
    await this.machine.powerCut();
  }

  protected override replicationOptions(): Omit<ReplicationOptions, 'marks'> {
    const clock = this.#clock;
    const options = super.replicationOptions();
    return {
      ...options,
      clock,
      nonce: `${this.address} life ${this.#lives}`,
      random: this.#simulation.dice.random,
      load: busyBySpells(clock),
      // Every other life of a node is one of each kind.
      resyncFrom: this.#lives % 2 === 0 ? 'upstream' : 'nearest',
      dial: (address) => (clock.dead ? new Promise<never>(() => {}) : options.dial(address)),
    };
  }
}

/** A node that has time to spare for 100 ms, then none for 100 ms, so that its feeds send in both ways. */
function busyBySpells(clock: ProcessClock): ReplicationOptions['load'] {
  return {
    get isBusy() {
      return clock.monotonicMs() % 200 >= 100;
    },
  };
}
