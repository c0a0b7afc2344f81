/**
 * A node of the simulated cluster: the machine of the product and its term, over a cheap model of a log. A command is
 * the fencing number that it was written under, so two logs are equal up to an offset if their numbers are.
 */

import { HeadwaterError } from '../../../src/base/errors.js';
import { Machine } from '../../../src/cluster/machine.js';
import type { Action, Call, CallKind, Event } from '../../../src/cluster/messages.js';
import type { View } from '../../../src/cluster/view.js';
import { LeadershipTerm } from '../../../src/store/leadership-term.js';
import type { Answer } from './memory-store.js';
import type { ClusterNode, Setting } from './setting.js';
import { pair } from './world.js';

interface Pending {
  readonly offset: number;
  readonly fence: number;
}

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
  /** Open findings of verify. */
  findings = '';
  isDown = false;
  /** The last view that the node has got. */
  seen: View | undefined;
  /** Called right behind the next record of a leader, once. */
  stallBehindPublish = () => {};
  /** The fencing number of the leadership that it has, or had last. */
  fence = 0;
  /** How often the store said that it does not know a lease. */
  heardUnknown = 0;
  readonly id: string;
  machine!: Machine;
  readonly #run: Setting;
  readonly #nodes: readonly SimulatedNode[];
  #term!: LeadershipTerm;
  readonly #rate: number;
  #life = 0;
  #pausedUntilMs = 0;
  #clusterId = '';
  #leads = false;
  #openingUntilMs = 0;
  #isHeld = false;
  #upstream: { nodeId: string; fence: number } | undefined;
  #pending: Pending[] = [];
  readonly #reports = new Map<string, Report>();
  /** The last that a leader sent. */
  #followed = { fence: 0, sentMs: 0 };
  #signMs = Number.NEGATIVE_INFINITY;
  /** The revision up to which the watch has delivered; undefined before the first read. */
  #watched: number | undefined;
  /** The highest revision that the node has ever seen; kept on its disk. */
  #revision = 0;
  #deliverMs = 0;

  /** @param nodes all nodes of the run. */
  constructor(id: string, run: Setting, nodes: readonly SimulatedNode[]) {
    this.#nodes = nodes;
    this.id = id;
    this.#run = run;
    this.#rate = run.world.between(0.995, 1.005);
    this.start();
  }

  /** Whether a write could be answered now, or when a pause ends. */
  get mayAnswer(): boolean {
    const isHeld = this.#isHeld && this.#pending.length === 0;
    return !this.isDown && this.#leads && !isHeld && !this.#term.ended && this.leftMs > 0;
  }

  get leftMs(): number {
    return this.#term.untilMs - this.#nowMs;
  }

  /** Whether everything that the node knows of the store is at least this new. */
  hasSeen(revision: number): boolean {
    return this.#revision > revision;
  }

  get #nowMs(): number {
    return this.#run.world.nowMs * this.#rate;
  }

  // ---- life ------------------------------------------------------------------------

  start(): void {
    const { world, timing, mode, failsafe } = this.#run;
    this.isDown = false;
    this.#life++;
    const clock = { monotonicMs: () => this.#nowMs };
    this.#term = LeadershipTerm.notBegun(clock);
    this.#term.onEnd = ({ message }) =>
      this.#later(world.between(0, 5), () => this.#handle({ kind: 'over', reason: message }));
    this.machine = new Machine({
      nodeId: this.id,
      address: `${this.id}:1`,
      timing,
      mode,
      failsafe,
      lagMax: 1_000_000,
      self: this.#self,
    });
    this.#leads = false;
    this.#watched = undefined;
    this.#upstream = undefined;
    this.#pending = [];
    this.#reports.clear();
    const tick = () => {
      this.#tick();
      this.#later(world.between(40, 60), tick);
    };
    this.#later(world.between(0, 50), tick);
    const pump = () => {
      this.#pump();
      this.#later(world.between(15, 40), pump);
    };
    this.#later(1, pump);
    const pull = () => {
      this.#pull();
      this.#later(world.between(40, 100), pull);
    };
    this.#later(world.between(0, 50), pull);
  }

  crash(): void {
    this.#run.world.note(`${this.id}: crashes`);
    this.isDown = true;
    this.#life++;
    this.log.length = this.durableOffset;
  }

  /** The process stands still, and its clock goes on. */
  pause(byMs: number): void {
    this.#run.world.note(`${this.id}: stands still for ${byMs.toFixed(0)} ms`);
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#run.world.nowMs + byMs);
  }

  get #self() {
    return {
      historyFence: this.log.at(-1) ?? 0,
      offset: this.log.length,
      durableOffset: this.durableOffset,
      clusterId: this.#clusterId,
      proposedClusterId: `c-${this.id}`,
      cannotLead: this.findings,
    };
  }

  /** Runs a task of this life, after the pause if the process stands still then. */
  #later(delayMs: number, task: () => void): void {
    const life = this.#life;
    const due = () => {
      if (life !== this.#life) return;
      const waitMs = this.#pausedUntilMs - this.#run.world.nowMs;
      if (waitMs > 0) this.#run.world.after(waitMs + this.#run.world.between(0, 2), due);
      else task();
    };
    this.#run.world.after(delayMs, due);
  }

  // ---- the machine -----------------------------------------------------------------

  #handle(event: Event): void {
    const { isPlanted, world } = this.#run;
    if (event.kind === 'view') {
      this.seen = event.view;
      if (isPlanted('nearer')) event = { ...event, view: turned(event.view) };
    }
    const before = this.machine.state.name;
    for (const action of this.machine.handle(event, this.#nowMs)) this.#do(action);
    if (before !== this.machine.state.name) world.note(`${this.id}: ${before} → ${this.machine.state.name}`);
  }

  #tick(): void {
    this.#handle({ kind: 'self', self: this.#self });
    if (this.machine.state.name === 'leading') this.#look();
    this.#handle({ kind: 'tick' });
    this.#settle();
  }

  #do(action: Action): void {
    const { world, checks } = this.#run;
    switch (action.kind) {
      case 'call':
        if (action.call.kind === 'campaign') checks.campaigns(this);
        return this.#call(action.call);
      case 'lead':
        return this.#open(action.fence, action.untilMs);
      case 'renew':
        this.#openingUntilMs = Math.max(this.#openingUntilMs, action.untilMs);
        return this.#term.renew(action.untilMs);
      case 'stop_leading':
        checks.stops(this, action.reason);
        this.#term.end(new HeadwaterError('unavailable', action.reason));
        this.#later(world.between(1, 30), () => {
          this.#pending = [];
          this.#isHeld = false;
          this.#handle({ kind: 'stopped' });
        });
        return;
      case 'follow':
        this.#leads = false;
        this.#upstream = action.leader;
        return;
      case 'hold':
        return this.#hold(action.nodeId, world.nowMs + 2_000);
      case 'release':
        this.#isHeld = false;
        return;
      case 'say':
        world.note(`${this.id}: says: ${action.message}`);
        if (action.message.includes('headwater cluster resume')) this.#run.askPerson();
    }
  }

  #open(fence: number, untilMs: number): void {
    const { world, checks } = this.#run;
    this.#openingUntilMs = untilMs;
    this.#later(world.between(5, 50), () => {
      const { state } = this.machine;
      if (state.name !== 'opening' || state.fence !== fence) return;
      this.fence = fence;
      this.#upstream = undefined;
      this.#term.begin(this.#openingUntilMs);
      if (this.#term.look()) return;
      this.#leads = true;
      this.#clusterId ||= this.seen?.clusterId || `c-${this.id}`;
      this.#reports.clear();
      checks.opens(this, fence);
      this.#handle({ kind: 'opened' });
    });
  }

  #hold(nodeId: string, untilMs: number): void {
    this.#isHeld = true;
    this.#later(20, () => {
      if (this.machine.state.name !== 'holding') return;
      const level = (this.#reports.get(nodeId)?.durableOffset ?? -1) >= this.log.length && this.#pending.length === 0;
      if (level) this.#handle({ kind: 'held' });
      else if (this.#run.world.nowMs > untilMs) this.#handle({ kind: 'hold_failed', reason: 'it is not level' });
      else this.#hold(nodeId, untilMs);
    });
  }

  // ---- the store -------------------------------------------------------------------

  #reaches(): boolean {
    return this.#run.store.isUp && !this.#run.world.cut.has(this.id);
  }

  #call(call: Call): void {
    const { world, store, timing } = this.#run;
    if (call.kind === 'publish' && this.machine.state.name === 'leading') {
      world.after(0, this.stallBehindPublish);
      this.stallBehindPublish = () => {};
    }
    const askedMs = this.#nowMs;
    const seen = this.#revision;
    let isOver = false;
    const end = (event: Event) => {
      if (isOver) return;
      isOver = true;
      this.#handle(event);
    };
    this.#later(timing.requestMs, () => {
      if (call.kind === 'keep_alive' && this.#run.isPlanted('an error is a loss'))
        end({ kind: 'lease_unknown', call: 'keep_alive', lease: call.lease });
      else end({ kind: 'failed', call: call.kind });
    });
    const life = this.#life;
    world.after(world.latencyMs(), () => {
      if (!this.#reaches()) return;
      const answer = store.answer(call);
      const { revision } = store.view;
      world.after(world.latencyMs(), () => {
        if (!this.#reaches() || life !== this.#life) return;
        this.#later(0, () => {
          if (isOver) return;
          if (revision < seen) {
            isOver = true;
            this.#handle({ kind: 'failed', call: call.kind });
            return this.#wentBack();
          }
          this.#answered(call, answer, askedMs, end);
        });
      });
    });
  }

  #wentBack(): void {
    this.#watched = undefined;
    this.#handle({ kind: 'store_changed', reason: 'its revision went back' });
  }

  accept(): void {
    this.#later(0, () => this.#handle({ kind: 'store_accepted' }));
  }

  #answered(call: Call, answer: Answer, askedMs: number, end: (event: Event) => void): void {
    const event = eventOf(call, answer, askedMs);
    if (!event) return;
    if (event.kind === 'lease_unknown') this.heardUnknown++;
    if (event.kind === 'view') {
      this.#watched ??= event.view.revision;
      this.#revision = Math.max(this.#revision, event.view.revision);
    }
    const late = this.#run.isPlanted('count from the answer');
    end(late && event.kind === 'published' ? { ...event, provesMs: this.#nowMs } : event);
  }

  /** Delivers what the watch has for this node, in order. */
  #pump(): void {
    const { world, store } = this.#run;
    if (this.#watched === undefined || !this.#reaches()) return;
    if (store.view.revision < this.#revision) return this.#wentBack();
    if (store.view.revision === this.#watched) return;
    const oldest = store.history[0] as View;
    const isWhole = oldest.revision <= this.#watched + 1;
    const next = isWhole ? store.history.slice(this.#watched - store.view.revision) : [store.view];
    for (const view of next) {
      this.#watched = view.revision;
      this.#deliverMs = Math.max(this.#deliverMs, world.nowMs + world.latencyMs());
      this.#later(this.#deliverMs - world.nowMs, () => {
        this.#revision = Math.max(this.#revision, view.revision);
        this.#handle({ kind: 'view', view, isWhole });
      });
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
    world.after(world.latencyMs(), () => leader.#later(0, () => leader.#serve(this, { log, durableOffset, signMs })));
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
    if (this.machine.state.name === 'leading') this.#look();
    this.#settle();
    const sent = {
      fence: this.fence,
      from: branch,
      commands: this.log.slice(branch),
      signMs: this.#nowMs,
      sentMs: world.nowMs,
    };
    const leads = this.#term.look() === undefined;
    world.after(world.latencyMs(), () => follower.#later(0, () => follower.#receive(this, { ...sent, leads })));
  }

  #receive(leader: SimulatedNode, { fence, from, commands, signMs, sentMs, leads }: Sent): void {
    if (this.#upstream?.nodeId !== leader.id || fence < this.#upstream.fence || from > this.log.length) return;
    this.#clusterId ||= leader.#clusterId;
    if (leads) {
      this.#handle({ kind: 'heard', fence });
      this.#signMs = signMs;
    }
    // Answers may overtake each other here. In a stream they do not.
    if (fence === this.#followed.fence && sentMs <= this.#followed.sentMs) return;
    this.#followed = { fence, sentMs };
    if (commands.length === 0 && from === this.log.length) return;
    this.log = [...this.log.slice(0, from), ...commands];
    this.durableOffset = Math.min(this.durableOffset, from);
    this.#sync();
  }

  #sync(): void {
    const { length } = this.log;
    const last = this.log.at(-1);
    this.#later(this.#run.world.between(0, 20), () => {
      if (this.log[length - 1] === last) this.durableOffset = Math.max(this.durableOffset, length);
    });
  }

  /** Looks at the followers: who is level, who is slow, and who has got the signs of life. */
  #look(): void {
    const { world, timing } = this.#run;
    const nodes = this.#nodes;
    const acknowledged = this.log.length - this.#pending.length;
    const level: string[] = [];
    const slow: string[] = [];
    for (const { id } of nodes) {
      if (id === this.id) continue;
      const report = this.#reports.get(id);
      if (!report || world.nowMs - report.atMs > timing.requestMs) slow.push(id);
      else if (report.durableOffset >= acknowledged) level.push(id);
    }
    this.#handle({ kind: 'followers', level, slow });
    const live = [...this.#reports].filter(([, { atMs }]) => world.nowMs - atMs < timing.requestMs);
    const signMs = Math.min(...live.map(([, report]) => report.signMs));
    if (live.length > 0) this.#handle({ kind: 'acknowledged', sentMs: signMs, nodes: live.map(([id]) => id) });
  }

  // ---- writes ----------------------------------------------------------------------

  /** A client writes. The commit path looks at the term before the append and before the answer. */
  write(): void {
    const { world } = this.#run;
    if (this.isDown || !this.#leads) return;
    this.#later(world.between(0, 3), () => {
      if (!this.#leads || this.#isHeld || this.machine.state.name === 'stopping' || this.#term.look()) return;
      this.log.push(this.fence);
      this.#pending.push({ offset: this.log.length, fence: this.fence });
      this.#sync();
      if (world.dice.chance(0.5)) this.#settle();
      else this.#later(world.between(0, 25), () => this.#settle());
    });
  }

  /** Answers the writes that are safe enough. */
  #settle(): void {
    const { mode, checks } = this.#run;
    while (this.#leads && this.#pending.length > 0) {
      const { offset, fence } = this.#pending[0] as Pending;
      const { required } = this.machine;
      const has = (id: string) => id === this.id || (this.#reports.get(id)?.durableOffset ?? 0) >= offset;
      if (mode === 'safe' && (this.durableOffset < offset || !required || ![...required].every(has))) return;
      if (this.#term.look()) return;
      this.#pending.shift();
      checks.answers(this, fence, offset);
    }
  }
}

function eventOf(call: Call, answer: Answer, askedMs: number): Event | undefined {
  if (answer.kind === 'unknown_lease') {
    const { kind } = call as { kind: CallKind };
    if (call.kind === 'keep_alive') return { kind: 'lease_unknown', call: 'keep_alive', lease: call.lease };
    if (call.kind === 'publish') return { kind: 'lease_unknown', call: 'publish', lease: call.record.lease };
    throw new Error(`${kind} has no lease`);
  }
  switch (call.kind) {
    case 'grant':
      return answer.kind === 'granted' ? { ...answer, askedMs } : undefined;
    case 'keep_alive':
      return answer.kind === 'alive' ? { kind: 'kept', lease: call.lease, ttlMs: answer.ttlMs, askedMs } : undefined;
    case 'read':
      return answer.kind === 'view' ? { kind: 'view', view: answer.view, isWhole: false } : undefined;
    case 'publish':
      return { kind: 'published', lease: call.record.lease, provesMs: call.provesMs };
    case 'campaign':
      return answer.kind === 'fence' ? { kind: 'campaigned', lease: call.key.lease, fence: answer.fence } : undefined;
    case 'move_leader':
      return answer.kind === 'done' ? { kind: 'moved', done: answer.done } : undefined;
    case 'resign':
      return { kind: 'resigned' };
    case 'set_sync':
      return answer.kind === 'revision'
        ? { kind: 'sync_set', nodes: call.nodes, revision: answer.revision }
        : undefined;
    case 'set_known':
      return { kind: 'known_set' };
    case 'forget_request':
      return { kind: 'request_forgotten' };
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
