/** One run: nodes, a store, clients and faults; then a time without faults, in which a leader has to come back. */
import type { ClusterMode } from '../../../src/cluster/election.js';
import { type Timing, timingOf } from '../../../src/cluster/timing.js';
import { Violation } from '../checks/history.js';
import { Checks } from './checks.js';
import { FAULTS, hangDisk } from './faults.js';
import { MemoryEtcd } from './memory-etcd.js';
import { SimulatedNode } from './node.js';
import type { Planted, Setting } from './setting.js';
import { World } from './world.js';

/** In a run with disks that hang, the disk of the leader does before each so many faults. */
const HANG_EVERY = 7;

export class ClusterRun implements Setting {
  readonly world: World;
  readonly etcd: MemoryEtcd;
  readonly nodes: SimulatedNode[] = [];
  readonly checks: Checks;
  readonly timing: Timing;
  readonly mode: ClusterMode;
  readonly failsafe: boolean;
  readonly hasMoved: boolean;
  readonly #seed: number;
  readonly #planted: Planted | undefined;
  #personComes = false;
  /** Whether disks of leaders hang in this run. */
  readonly #hangs: boolean;

  constructor(seed: number, planted?: Planted) {
    this.#seed = seed;
    this.#planted = planted;
    this.#hangs = seed % 4 === 0;
    this.world = new World(seed);
    const { dice } = this.world;
    this.timing = timingOf(dice.pick([3_000, 5_000, 10_000, 20_000]));
    this.mode = dice.pick(['available', 'safe'] as const);
    this.failsafe = dice.chance(0.3);
    this.hasMoved = dice.chance(0.2);
    this.etcd = new MemoryEtcd(this.world);
    this.checks = new Checks(this.world, this.etcd, this.mode, this.nodes);
    const count = dice.pick([1, 2, 3, 3, 3, 5]);
    for (let i = 0; i < count; i++) this.nodes.push(new SimulatedNode(`n${i}`, this, this.nodes));
  }

  readonly isPlanted = (planted: Planted): boolean => this.#planted === planted;

  /** A node says that it needs a person: one comes. */
  askPerson(): void {
    if (this.#personComes) return;
    this.#personComes = true;
    this.world.after(this.world.between(500, 3_000), () => {
      this.#personComes = false;
      this.etcd.set('paused', undefined);
      this.etcd.set('allowed', { fence: this.etcd.view.last?.fence ?? 0 });
    });
  }

  async run(): Promise<void> {
    const { world } = this;
    try {
      const events = 20 + Math.floor(world.dice.random() * 20);
      for (let i = 0; i < events; i++) {
        if (this.#hangs && i % HANG_EVERY === 0) hangDisk(this);
        await this.#pass(world.between(0, this.timing.ttlMs * 0.8));
        if (!world.dice.chance(0.2)) world.dice.pick(FAULTS)(this);
      }
      await this.#heal();
    } catch (error) {
      if (error instanceof Violation)
        throw new Violation(`${error.message} (seed ${this.#seed})\n${world.trace.slice(-80).join('\n')}`);
      throw error;
    }
  }

  /** Time passes, and clients write at every node. */
  async #pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      for (const node of this.nodes) if (this.world.dice.chance(0.2)) node.write();
      await this.world.pass(Math.min(50, left));
    }
  }

  /** A disk that hangs stays as it is, if another node may lead without it. */
  #healDisks(): void {
    const others = this.nodes.some((node) => !node.isStuck && node.hasData);
    const stays = this.mode === 'available' && !this.failsafe && others;
    for (const node of this.nodes) {
      if (!node.diskHangs || (stays && node.isStuck)) continue;
      if (node.isStuck) node.crash();
      node.diskHangs = false;
    }
  }

  /**
   * A follower syncs nothing any more, and continues to speak with its leader, who has to answer without it. Not the node
   * that is about to lead by the wish of a person: a disk that hangs would not have let it begin.
   */
  #hangFollower(): void {
    const { leader: holder, request } = this.etcd.view;
    const leader = this.nodes.find(({ id, mayAnswer }) => mayAnswer && id === holder?.nodeId);
    const follower = this.nodes.find((node) => node !== leader && node.id !== request?.to);
    if (leader?.cluster.state.name !== 'leading' || !follower || this.mode !== 'safe' || !this.#hangs) return;
    this.world.note(`${follower.id}: its disk hangs`);
    follower.syncHangs = true;
    follower.findings = 'this node waits for its disk';
    this.etcd.set('request', undefined);
  }

  async #heal(): Promise<void> {
    const { world, etcd } = this;
    world.note('nothing fails any more');
    world.isHealed = true;
    world.cut.clear();
    etcd.isUp = true;
    etcd.repair();
    this.#healDisks();
    for (const node of this.nodes) {
      node.findings = '';
      node.stallBehindPublish = () => {};
      if (node.isDown) node.start();
      node.accept();
    }
    this.#hangFollower();
    etcd.set('paused', undefined);
    // Paused processes run again, an earlier lease ends, the old leader is silent, and a person may be needed.
    await this.#pass(5 * this.timing.ttlMs + 15_000);
    const before = this.checks.answered;
    await this.#pass(this.timing.ttlMs);
    if (this.checks.answered > before) return;
    const states = this.nodes.map(({ id, cluster }) => `${id} ${cluster.state.name} (${cluster.why})`).join(', ');
    throw new Violation(`a leader comes back when nothing fails: ${states}`);
  }
}
