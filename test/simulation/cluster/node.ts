/**
 * A node of the simulated cluster: the driver, the machine, the adapter of etcd and the term of the product, over a cheap
 * model of a log. A command is the fencing number that it was written under, so two logs are equal up to an offset if
 * their numbers are.
 */

import type { Clock } from '../../../src/base/clock.js';
import type { HeadwaterError } from '../../../src/base/errors.js';
import type { Logger } from '../../../src/base/logger.js';
import { Cluster, type ClusterParts, type ClusterStore } from '../../../src/cluster/cluster.js';
import { EtcdStore } from '../../../src/cluster/etcd-store.js';
import { leaseOf } from '../../../src/cluster/etcd-value.js';
import type { Call, Event } from '../../../src/cluster/messages.js';
import type { LeaderKey, View } from '../../../src/cluster/view.js';
import { LeadershipTerm } from '../../../src/store/leadership-term.js';
import type { Elected } from '../../../src/store/roles.js';
import { type MemoryEtcd, NAME } from './memory-etcd.js';
import type { ClusterNode, Setting } from './setting.js';
import { type ClientHost, SimulatedClient } from './simulated-client.js';
import { pair, type World } from './world.js';

interface Pending {
  readonly offset: number;
  readonly fence: number;
  readonly sinceMs: number;
}

/** A session with a silent follower ends after this time. */
const SESSION_MS = 5_000;

/** The time for which a write waits for a node without a session. */
const AWAY_MS = 100;

/** What a follower says to its leader about itself. */
interface Report {
  atMs: number;
  durableOffset: number;
  /** When the leader sent the last sign of life that the follower has got. */
  signMs: number;
}

/** What a leader sends to a follower. */
interface Sent {
  readonly fence: number;
  /** The last offset that both logs share. */
  readonly from: number;
  readonly commands: readonly number[];
  readonly signMs: number;
  readonly sentMs: number;
  /** Whether the leader may still answer writes. */
  readonly leads: boolean;
}

export class SimulatedNode implements ClusterNode {
  log: number[] = [];
  durableOffset = 0;
  /** Open findings of verify, and those that the machine knows. */
  findings = '';
  knownFindings = '';
  isDown = false;
  /** Whether a leader never ends its last writes when it has to stop. */
  diskHangs = false;
  diskHangsSinceMs = 0;
  /** Whether nothing becomes durable on this node any more, while it goes on speaking with others. */
  syncHangs = false;
  /** The last view that the node has got. */
  seen: View | undefined;
  /** Called right behind the next record of a leader, once. */
  stallBehindPublish = () => {};
  /** The fencing number of the leadership that it has, or had last. */
  fence = 0;
  /** How often etcd said that it does not know a lease. */
  heardUnknown = 0;
  readonly id: string;
  cluster!: Cluster;
  readonly #run: Setting;
  readonly #nodes: readonly SimulatedNode[];
  #term!: LeadershipTerm;
  readonly #rate: number;
  #life = 0;
  #pausedUntilMs = 0;
  #lagsUntilMs = 0;
  #clusterId = '';
  #leads = false;
  #isHeld = false;
  /** The lease that was renewed last. */
  #kept = 0n;
  #upstream: { nodeId: string; fence: number } | undefined;
  #pending: Pending[] = [];
  readonly #reports = new Map<string, Report>();
  /** The last that a leader sent. */
  #followed = { fence: 0, sentMs: 0 };
  #signMs = Number.NEGATIVE_INFINITY;
  /** The highest revision on the disk of this node. */
  #remembered = 0;

  /** @param nodes all nodes of the run. */
  constructor(id: string, run: Setting, nodes: readonly SimulatedNode[]) {
    this.#nodes = nodes;
    this.id = id;
    this.#run = run;
    this.#rate = run.world.between(0.995, 1.005);
    if (run.hasMoved) {
      // The cluster comes from another etcd, with higher fencing numbers.
      this.log = [50_000];
      this.durableOffset = 1;
      this.#clusterId = 'moved';
    }
    this.start();
  }

  /** Whether the node cannot end its leadership, since its disk hangs. */
  get isStuck(): boolean {
    return !this.isDown && this.diskHangs && this.cluster.state.name === 'stopping';
  }

  /** Whether the node could lead, as far as its data are concerned. */
  get hasData(): boolean {
    return this.#clusterId !== '';
  }

  /** Whether a write could be answered now, or when a pause ends. */
  get mayAnswer(): boolean {
    const isHeld = this.#isHeld && this.#pending.length === 0;
    return !this.isDown && this.#leads && !isHeld && !this.#term.ended && this.leftMs > 0;
  }

  get leftMs(): number {
    return this.#term.untilMs - this.nowMs;
  }

  /** Whether a newer revision than this one is on the disk of this node. */
  remembers(revision: number): boolean {
    return this.#remembered > revision;
  }

  // ---- the client of etcd ----------------------------------------------------------

  get world(): World {
    return this.#run.world;
  }

  get etcd(): MemoryEtcd {
    return this.#run.etcd;
  }

  get requestMs(): number {
    return this.#run.timing.requestMs;
  }

  get nowMs(): number {
    return this.world.nowMs * this.#rate;
  }

  get reachesEtcd(): boolean {
    return this.etcd.isUp && !this.world.cut.has(this.id);
  }

  get watchLags(): boolean {
    return this.world.nowMs < this.#lagsUntilMs;
  }

  /** The member of etcd that serves the watch of this node falls behind. */
  lagFor(ms: number): void {
    this.#lagsUntilMs = this.world.nowMs + ms;
  }

  /** Runs a task of a life, after the pause if the process stands still then. */
  later(delayMs: number, task: () => void, life = this.#life): void {
    const due = () => {
      if (life !== this.#life) return;
      const waitMs = this.#pausedUntilMs - this.world.nowMs;
      if (waitMs > 0) this.world.after(waitMs + this.world.between(0, 2), due);
      else task();
    };
    this.world.after(delayMs, due);
  }

  // ---- life ------------------------------------------------------------------------

  start(): void {
    const { world } = this;
    this.isDown = false;
    this.diskHangs = false;
    this.#life++;
    this.#leads = false;
    this.#isHeld = false;
    this.#upstream = undefined;
    this.#pending = [];
    this.#reports.clear();
    this.#term = LeadershipTerm.notBegun(this.#clock, 5_000);
    this.cluster = this.#openCluster();
    this.later(world.between(0, 50), () => this.cluster.start());
    const look = () => {
      if (this.cluster.state.name === 'leading') this.#look();
      this.#settle();
      if (this.isStuck && this.#run.isPlanted('a lease is kept while its leader stops'))
        this.etcd.keepAlive(this.#kept);
      this.later(world.between(40, 60), look);
    };
    this.later(world.between(0, 50), look);
    const pull = () => {
      this.#pull();
      this.later(world.between(40, 100), pull);
    };
    this.later(world.between(0, 50), pull);
  }

  crash(): void {
    this.world.note(`${this.id}: crashes`);
    this.isDown = true;
    this.#life++;
    this.log.length = this.durableOffset;
  }

  /** A person has repaired etcd, and starts a node that has refused it. */
  accept(): void {
    if (this.isDown || !/went back/.test(this.cluster.why)) return;
    this.crash();
    this.start();
  }

  /** The process stands still, and its clock goes on. */
  pause(byMs: number): void {
    this.world.note(`${this.id}: stands still for ${byMs.toFixed(0)} ms`);
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.world.nowMs + byMs);
  }

  // ---- the driver ------------------------------------------------------------------

  #openCluster(): Cluster {
    const { timing, mode, failsafe } = this.#run;
    const options = { nodeId: this.id, address: `${this.id}:1`, timing, mode, failsafe, lagMax: 1_000_000 };
    const logger = this.#logger;
    const clock = this.#clock;
    const memory = {
      proposedClusterId: `c-${this.id}`,
      seenRevision: this.#remembered,
      saw: async (revision: number) => {
        this.#remembered = Math.max(this.#remembered, revision);
      },
    };
    const openStore = (seenRevision: number, onEvent: (event: Event) => void) =>
      this.#openStore({ seenRevision, onEvent, logger, clock });
    return new Cluster({ ...options, parts: this.#parts, memory, clock, logger, openStore });
  }

  #openStore(of: { seenRevision: number; onEvent: (e: Event) => void; logger: Logger; clock: Clock }): ClusterStore {
    let keptAlive = '';
    const onEvent = (event: Event) => {
      const before = this.cluster.state.name;
      try {
        of.onEvent(this.#noted(event, keptAlive));
      } catch (error) {
        this.world.fail(error);
      }
      const { name } = this.cluster.state;
      if (before !== name) this.world.note(`${this.id}: ${before} → ${name}`);
    };
    const store = new EtcdStore({ ...of, onEvent, name: NAME, retryMs: 50, client: new SimulatedClient(this.#host) });
    const begin = (call: Call) => {
      if (call.kind === 'keep_alive') keptAlive = call.lease;
      if (call.kind === 'keep_alive') this.#kept = leaseOf(call.lease);
      if (call.kind === 'campaign') this.#run.checks.campaigns(this);
      if (call.kind === 'publish' && this.cluster.state.name === 'leading') {
        this.world.after(0, this.stallBehindPublish);
        this.stallBehindPublish = () => {};
      }
      store.begin(call);
    };
    return {
      get seenRevision() {
        return store.seenRevision;
      },
      begin,
      order: (order) => store.order(order),
      endLease: (lease) => store.endLease(lease),
      close: () => store.close(),
    };
  }

  /** Notes an event, and plants a bug in it. */
  #noted(event: Event, keptAlive: string): Event {
    const { isPlanted } = this.#run;
    if (event.kind === 'lease_unknown') this.heardUnknown++;
    if (event.kind === 'view') {
      this.seen = event.view;
      const view = isPlanted('nearer') ? turned(event.view) : event.view;
      return { ...event, view };
    }
    if (event.kind === 'published') {
      const provesMs = isPlanted('count from the answer') ? this.nowMs : event.provesMs;
      return { ...event, provesMs, fence: isPlanted('the lease is enough') ? this.fence : event.fence };
    }
    if (event.kind === 'failed' && event.call === 'keep_alive' && isPlanted('an error is a loss'))
      return { kind: 'lease_unknown', call: 'keep_alive', lease: keptAlive };
    return event;
  }

  /** The node for the client of this life. An answer that comes after a crash is for nobody. */
  get #host(): ClientHost {
    const { world, etcd, requestMs } = this;
    const life = this.#life;
    const nowMs = () => this.nowMs;
    const reachesEtcd = () => this.reachesEtcd;
    const watchLags = () => this.watchLags;
    return {
      world,
      etcd,
      requestMs,
      get nowMs() {
        return nowMs();
      },
      get reachesEtcd() {
        return reachesEtcd();
      },
      get watchLags() {
        return watchLags();
      },
      later: (delayMs, task) => this.later(delayMs, task, life),
    };
  }

  get #clock(): Clock {
    const life = this.#life;
    return {
      wallMs: () => this.nowMs,
      monotonicMs: () => this.nowMs,
      after: (delayMs, task) => {
        let isCancelled = false;
        const due = () => {
          if (!isCancelled) task();
        };
        this.later(delayMs, due, life);
        return () => {
          isCancelled = true;
        };
      },
    };
  }

  get #logger(): Logger {
    const say = (_: object, message: string) => {
      this.world.note(`${this.id}: says: ${message}`);
      if (message.includes('headwater cluster resume')) this.#run.askPerson();
    };
    return { debug: say, info: say, warn: say, error: say };
  }

  // ---- the parts that the driver moves ---------------------------------------------

  get #parts(): ClusterParts {
    const term = this.#term;
    const self = () => this.#self;
    const followers = () => this.#followers;
    const diskWaitMs = () => (this.diskHangs ? this.world.nowMs - this.diskHangsSinceMs : 0);
    return {
      get self() {
        return self();
      },
      get followers() {
        return followers();
      },
      get diskWaitMs() {
        return diskWaitMs();
      },
      term: {
        look: () => term.look(),
        renew: (untilMs) => term.renew(untilMs),
        end: (reason) => this.#end(reason),
      },
      lead: (elected) => this.#lead(elected),
      settled: () => this.#settled(),
      follow: (leader) => this.#follow(leader),
      hold: (nodeId, signal) => this.#hold(nodeId, signal),
      release: () => {
        this.#isHeld = false;
      },
      answer: () => {},
      close: () => {},
    };
  }

  get #self(): ClusterParts['self'] {
    const { log, durableOffset, findings: cannotLead } = this;
    this.knownFindings = cannotLead;
    const standing = { historyFence: log.at(-1) ?? 0, offset: log.length, durableOffset };
    return { ...standing, clusterId: this.#clusterId, cannotLead };
  }

  #end(reason: HeadwaterError): void {
    if (!this.#term.ended) this.#run.checks.stops(this, reason.message);
    this.#term.end(reason);
  }

  /** Resolves later in this life, or never. */
  #wait(fromMs: number, toMs: number): Promise<void> {
    return new Promise((resolve) =>
      this.later(this.world.between(fromMs, toMs), () => {
        this.world.turns();
        resolve();
      }),
    );
  }

  async #lead({ fence, untilMs }: Elected): Promise<void> {
    await this.#wait(5, 50);
    if (this.world.dice.chance(0.02)) throw new Error('the disk is full');
    this.#upstream = undefined;
    this.#pending = [];
    this.#term.begin(untilMs);
    await this.#wait(0, 20);
    if (this.#term.look()) return;
    this.fence = fence;
    this.#leads = true;
    this.#clusterId ||= this.seen?.clusterId || `c-${this.id}`;
    this.#reports.clear();
    this.#run.checks.opens(this, fence);
  }

  async #settled(): Promise<void> {
    if (this.diskHangs) await new Promise(() => {});
    await this.#wait(1, this.world.dice.chance(0.05) ? 2 * this.#run.timing.ttlMs : 30);
    this.#pending = [];
    this.#leads = false;
  }

  async #follow(leader: LeaderKey): Promise<void> {
    await this.#wait(0, 20);
    if (this.world.dice.chance(0.05)) throw new Error('no route');
    this.#leads = false;
    this.#upstream = leader;
  }

  async #hold(nodeId: string, signal: AbortSignal): Promise<void> {
    this.#isHeld = true;
    const untilMs = this.world.nowMs + 2_000;
    const isLevel = () => (this.#reports.get(nodeId)?.durableOffset ?? -1) >= this.log.length;
    while (!signal.aborted && !(isLevel() && this.#pending.length === 0)) {
      await this.#wait(20, 20);
      if (this.world.nowMs > untilMs) throw new Error('it is not level');
    }
  }

  // ---- replication -----------------------------------------------------------------

  /** Asks the leader for what is missing here. */
  #pull(): void {
    const { world } = this.#run;
    const nodes = this.#nodes;
    const upstream = this.#upstream;
    const leader = nodes.find(({ id }) => id === upstream?.nodeId);
    if (!upstream || !leader || leader.isDown || world.cut.has(pair(this.id, leader.id))) return;
    const log = [...this.log];
    const { durableOffset } = this;
    const signMs = this.#signMs;
    world.after(world.latencyMs(), () => leader.later(0, () => leader.#serve(this, { log, durableOffset, signMs })));
  }

  #serve(
    follower: SimulatedNode,
    { log, durableOffset, signMs }: { log: number[]; durableOffset: number; signMs: number },
  ): void {
    const { world } = this.#run;
    if (!this.#leads || this.isDown || world.cut.has(pair(this.id, follower.id))) return;
    let branch = 0;
    while (branch < log.length && log[branch] === this.log[branch]) branch++;
    this.#reports.set(follower.id, { atMs: world.nowMs, durableOffset: Math.min(branch, durableOffset), signMs });
    if (this.cluster.state.name === 'leading') this.#look();
    this.#settle();
    const sent = {
      fence: this.fence,
      from: branch,
      commands: this.log.slice(branch),
      signMs: this.nowMs,
      sentMs: world.nowMs,
    };
    const leads = this.#term.look() === undefined;
    world.after(world.latencyMs(), () => follower.later(0, () => follower.#receive(this, { ...sent, leads })));
  }

  #receive(leader: SimulatedNode, { fence, from, commands, signMs, sentMs, leads }: Sent): void {
    if (this.#upstream?.nodeId !== leader.id || fence < this.#upstream.fence || from > this.log.length) return;
    this.#clusterId ||= leader.#clusterId;
    if (leads) {
      this.cluster.heard(fence);
      this.#signMs = signMs;
    }
    // Answers may overtake each other here, also those of an earlier leadership. In a stream they do not.
    const { fence: last, sentMs: lastMs } = this.#followed;
    if (fence < last || (fence === last && sentMs <= lastMs)) return;
    this.#followed = { fence, sentMs };
    if (commands.length === 0 && from === this.log.length) return;
    this.log = [...this.log.slice(0, from), ...commands];
    this.durableOffset = Math.min(this.durableOffset, from);
    this.#sync();
  }

  #sync(): void {
    const { length } = this.log;
    const last = this.log.at(-1);
    this.later(this.#run.world.between(0, 20), () => {
      if (this.syncHangs) return;
      if (this.log[length - 1] === last) this.durableOffset = Math.max(this.durableOffset, length);
    });
  }

  /** The followers that are level, and those that are slow, as the product counts them (required-nodes.ts). */
  get #followers() {
    const { world, timing } = this.#run;
    const acknowledged = this.log.length - this.#pending.length;
    const oldest = this.#pending[0];
    const level: string[] = [];
    const slow: string[] = [];
    for (const { id } of this.#nodes) {
      if (id === this.id) continue;
      const report = this.#reports.get(id);
      const isHere = report !== undefined && world.nowMs - report.atMs <= SESSION_MS;
      const durableOffset = isHere ? report.durableOffset : -1;
      if (durableOffset >= acknowledged) level.push(id);
      if (!oldest || durableOffset >= oldest.offset) continue;
      if (world.nowMs - oldest.sinceMs >= (isHere ? timing.requestMs : AWAY_MS)) slow.push(id);
    }
    return { level, slow };
  }

  /** Tells the machine which nodes have got the signs of life. */
  #look(): void {
    const { world, timing } = this.#run;
    const live = [...this.#reports].filter(([, { atMs }]) => world.nowMs - atMs < timing.requestMs);
    const signMs = Math.min(...live.map(([, report]) => report.signMs));
    if (live.length === 0) return;
    this.cluster.acknowledged(
      signMs,
      live.map(([id]) => id),
    );
  }

  // ---- writes ----------------------------------------------------------------------

  /** A client writes. The commit path looks at the term before the append and before the answer. */
  write(): void {
    const { world } = this.#run;
    if (this.isDown || !this.#leads) return;
    this.later(world.between(0, 3), () => {
      if (!this.#leads || this.#isHeld || this.#term.look()) return;
      this.log.push(this.fence);
      this.#pending.push({ offset: this.log.length, fence: this.fence, sinceMs: world.nowMs });
      this.#sync();
      if (world.dice.chance(0.5)) this.#settle();
      else this.later(world.between(0, 25), () => this.#settle());
    });
  }

  /** Answers the writes that are safe enough. */
  #settle(): void {
    const { mode, checks } = this.#run;
    while (this.#leads && this.#pending.length > 0) {
      const { offset, fence } = this.#pending[0] as Pending;
      const { required } = this.cluster;
      const has = (id: string) => id === this.id || (this.#reports.get(id)?.durableOffset ?? 0) >= offset;
      if (mode === 'safe' && (this.durableOffset < offset || !required || ![...required].every(has))) return;
      if (this.#term.look()) return;
      this.#pending.shift();
      checks.answers(this, fence, offset);
    }
  }
}

/** A planted bug: the nearest node is taken for the furthest. */
function turned(view: View): View {
  const members = view.members.map((member) => ({
    ...member,
    historyFence: -member.historyFence,
    offset: -member.offset,
  }));
  return { ...view, members };
}
