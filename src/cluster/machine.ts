/**
 * The machine of a node in a cluster: pure, without a clock, a timer or I/O of its own. Events go in with the monotonic
 * time, actions come out. cluster.ts carries them out, and the simulation does.
 *
 * The rules that keep two nodes from leading at one time:
 *   - A leader's deadline counts from before its lease was renewed (lease.ts), and the commit path looks at it.
 *   - An error of the store means that the lease could not be renewed, and never that the lease is lost.
 *   - An unknown lease, and a leader key that is not this node's, end the leadership at once.
 *   - A node runs only when the leader key is gone, and the last leader has been silent for longer than it can lead
 *     (election.ts), or has said that it stopped.
 */
import { CallsInHand } from './calls-in-hand.js';
import { type ClusterMode, type Obstacle, whyNotRun, whyNotSwitch } from './election.js';
import { Hearing } from './hearing.js';
import { KnownNodes } from './known-nodes.js';
import { LastStop } from './last-stop.js';
import { Membership } from './membership.js';
import type { Action, Call, CallKind, Event, Self } from './messages.js';
import { type ClusterState, holdingOf, moved } from './states.js';
import { SyncSet } from './sync-set.js';
import type { Timing } from './timing.js';
import type { LeaderKey, Reason, SwitchRequest, View } from './view.js';

export interface MachineOptions {
  readonly nodeId: string;
  readonly address: string;
  readonly timing: Timing;
  readonly mode: ClusterMode;
  readonly failsafe: boolean;
  /** The most commands that a leader of the mode `available` may lack. */
  readonly lagMax: number;
  readonly self: Self;
}

const NO_OBSTACLE: Obstacle = { why: '', needsPerson: false };
const EARLIER_LIFE: Obstacle = {
  why: 'the leader key is on a lease of an earlier life of this node, which has to end first',
  needsPerson: false,
};

const KEY_DELETED = 'the leader key was deleted from the store';

/** Events that only end their call, or only tell the time. */
const NOTHING_MORE = { tick: () => {}, resigned: () => {}, known_set: () => {}, request_forgotten: () => {} };

type Handlers = { readonly [K in Event['kind']]: (event: Extract<Event, { kind: K }>) => void };

export class Machine {
  readonly #options: MachineOptions;
  #self: Self;
  #state: ClusterState = { name: 'joining' };
  #view: View | undefined;
  readonly membership: Membership;
  readonly #calls: CallsInHand;
  #actions: Action[] = [];
  #nowMs = 0;
  readonly hearing = new Hearing();
  /** The end of this node's leadership, by the monotonic clock. */
  #deadlineMs = 0;
  /** When this node won the leader key last, by the monotonic clock. */
  #wonMs = 0;
  readonly #lastStop = new LastStop();
  readonly #known = new KnownNodes();
  #obstacle: Obstacle = NO_OBSTACLE;
  /** The revision of the wish for another leader that was refused last. */
  #refusedRequest = 0;
  /** Why the store is refused, until the node is started again; else empty. */
  #refused = '';
  readonly #sync = new SyncSet();

  constructor(options: MachineOptions) {
    this.#options = options;
    this.#self = options.self;
    this.membership = new Membership(options);
    this.#calls = new CallsInHand(options.timing.requestMs / 4);
  }

  get state(): ClusterState {
    return this.#state;
  }

  /** Why this node does not lead, or does not run. */
  get why(): string {
    return this.#refused || this.#obstacle.why;
  }

  /** Whether nobody leads now, and a person can end that. */
  get needsPerson(): boolean {
    return this.#view !== undefined && !this.#view.leader && (this.#view.isPaused || this.#obstacle.needsPerson);
  }

  /** The content of the store, as of the last view. */
  get view(): View | undefined {
    return this.#view;
  }

  /** The nodes that must have a write durably before it is answered; undefined if none may be answered. */
  get required(): ReadonlySet<string> | undefined {
    return this.#options.mode === 'safe' ? this.#sync.required : new Set();
  }

  /** @param nowMs by the monotonic clock. */
  handle(event: Event, nowMs: number): readonly Action[] {
    this.#actions = [];
    this.#nowMs = nowMs;
    this.#stopIfOverdue();
    this.#calls.ended(event);
    (this.#handlers[event.kind] as (event: Event) => void)(event);
    this.#proceed();
    return this.#actions;
  }

  readonly #handlers: Handlers = {
    ...NOTHING_MORE,
    self: ({ self }) => {
      this.#self = self;
    },
    view: (seen) => this.#saw(seen),
    granted: (granted) => this.membership.granted(granted),
    kept: (kept) => this.membership.kept(kept),
    lease_unknown: ({ lease }) => {
      this.membership.lost(lease);
      if (holdingOf(this.#state)?.lease === lease) this.#stop('the store does not know the lease of this leader');
    },
    published: (published) => this.#published(published),
    campaigned: ({ lease, fence }) => {
      if (fence !== undefined) this.#won(lease, fence);
      // The leader key was won too late, or not at all.
      if (this.#state.name === 'campaigning') this.#lostCampaign();
    },
    moved: ({ done }) => {
      if (this.#state.name !== 'moving') return;
      if (done) this.#switched(this.#state.request.to);
      else this.#stop('the store did not move the leader key: the key, or the lease of the target, has changed');
    },
    sync_set: ({ nodes, revision }) => {
      if (revision !== undefined) this.#sync.saw({ nodes, revision });
    },
    failed: ({ call }) => this.#failed(call),
    store_changed: ({ reason }) => this.#refuse(reason),
    heard: ({ fence }) => {
      if (fence >= (this.#view?.last?.fence ?? 0)) this.hearing.heardMs = this.#nowMs;
    },
    acknowledged: ({ sentMs, nodes }) => this.#acknowledged(sentMs, nodes),
    opened: () => {
      if (this.#state.name === 'opening') this.#to({ ...this.#state, name: 'leading' });
    },
    over: ({ reason, isInOrder = false }) => this.#stop(reason, isInOrder),
    stopped: () => this.#stopped(),
    held: () => this.#held(),
    hold_failed: ({ reason }) => this.#holdFailed(reason),
    followers: (followers) => this.#adjustSync(followers),
  };

  #saw({ view, isWhole, wallMs }: Extract<Event, { kind: 'view' }>): void {
    const before = this.#view;
    if (this.#refused !== '' || (before && view.revision < before.revision)) return;
    if (this.#self.clusterId !== '' && view.clusterId !== '' && view.clusterId !== this.#self.clusterId)
      return this.#refuse(
        `the store belongs to the cluster ${view.clusterId}, and this node has data of the cluster ${this.#self.clusterId}. Start the node with the name of its own cluster. To let it join this one, start it with an empty data directory`,
      );
    this.#view = view;
    this.hearing.saw(before, view, isWhole, { nowMs: this.#nowMs, wallMs });
    const own = holdingOf(this.#state);
    if (own) this.#sawAsHolder(own.fence, view);
    else if (this.#state.name !== 'campaigning' && this.#state.name !== 'stopping') this.#place(view);
  }

  #sawAsHolder(fence: number, view: View): void {
    if (view.revision < fence) return;
    if (view.leader?.fence !== fence) {
      const state = this.#state;
      // A view of the move may come before the answer.
      if (state.name === 'moving' && view.leader?.nodeId === state.request.to) return this.#switched(state.request.to);
      return this.#stop(view.leader ? `${view.leader.nodeId} holds the leader key` : KEY_DELETED);
    }
    if (this.#calls.has('set_sync')) return;
    this.#sync.saw(view.sync);
  }

  /** The leader key may be gone while its lease lives, and the watch may say so late: then the record proves nothing. */
  #published({ lease, provesMs, revision, fence }: Extract<Event, { kind: 'published' }>): void {
    const own = holdingOf(this.#state);
    if (!this.membership.proven(lease, provesMs) || own?.lease !== lease) return;
    if (revision >= own.fence && fence !== own.fence)
      return this.#stop(fence === 0 ? KEY_DELETED : `the leader key has the fencing number ${fence} now`);
    this.#extend(this.membership.untilMs);
  }

  /** Takes the place that the store shows, on a node that does not lead. */
  #place(view: View): void {
    const { leader } = view;
    const state = this.#state;
    if (!leader) {
      if (state.name !== 'electing') this.#to({ name: 'electing', sinceMs: this.#nowMs });
      return;
    }
    // The answer of a campaign was lost, or a leader has moved the key here.
    if (leader.lease === this.membership.lease) return this.#won(leader.lease, leader.fence);
    if (leader.nodeId === this.#options.nodeId) return this.#sawEarlierLife(leader.fence);
    if (state.name === 'following' && state.leader.fence === leader.fence) return;
    this.#to({ name: 'following', leader });
    this.#obstacle = { why: `${leader.nodeId} leads`, needsPerson: false };
    this.#act({ kind: 'follow', leader });
  }

  /** The key stands until its lease ends. Nobody renews that lease. */
  #sawEarlierLife(fence: number): void {
    this.#obstacle = EARLIER_LIFE;
    if (fence === this.#lastStop.fence) this.#call(this.#lastStop.resignation(fence));
  }

  /** A leader leads on until its deadline, and calls the store no more. */
  #refuse(reason: string): void {
    if (this.#refused === '') this.#say('error', `the store of the cluster is refused: ${reason}`);
    this.#refused = reason;
    if (!holdingOf(this.#state) && this.#state.name !== 'stopping' && this.#state.name !== 'refused')
      this.#to({ name: 'refused', reason });
  }

  /** The key may be this node's own, from a leadership that it could not begin. A view of the meantime counts now. */
  #lostCampaign(): void {
    if (this.#state.name === 'campaigning') this.#to({ name: 'electing', sinceMs: this.#state.sinceMs });
    this.#calls.failed('campaign', this.#nowMs);
    this.#call({ kind: 'read' });
    if (this.#state.name === 'electing' && this.#view?.leader) this.#place(this.#view);
  }

  #won(lease: string, fence: number): void {
    if (holdingOf(this.#state)?.fence === fence || this.#refused !== '') return;
    const untilMs = this.membership.lease === lease ? this.membership.untilMs : 0;
    const isOld = fence <= this.#lastStop.fence || untilMs <= this.#nowMs;
    if (isOld || holdingOf(this.#state) || this.#state.name === 'stopping')
      return void this.#call(this.#lastStop.resignation(fence));
    if (fence <= this.#self.historyFence)
      return this.#refuse(
        `the fencing number ${fence} is not above ${this.#self.historyFence}, which the data of this node have. The revision of the store went back`,
      );
    this.#sync.begin(this.#view?.sync);
    this.#known.begin();
    this.#to({ name: 'opening', fence, lease });
    this.#act({ kind: 'lead', fence, untilMs });
  }

  /** Ends a leadership whose deadline has passed, even if the commit path has not looked yet. */
  #stopIfOverdue(): void {
    const own = holdingOf(this.#state);
    if (own && !(this.#deadlineMs > this.#nowMs)) this.#stop('the lease of this leader was not renewed in time');
    const { ttlMs } = this.#options.timing;
    if (this.#state.name === 'opening' && this.#nowMs - this.#wonMs > ttlMs)
      this.#stop(`this node could not begin to lead within ${ttlMs} ms. Is its disk in order?`);
  }

  #extend(untilMs: number): void {
    if (untilMs <= this.#deadlineMs) return;
    this.#deadlineMs = untilMs;
    this.#act({ kind: 'renew', untilMs });
  }

  /** The node that a person wanted has the leader key. */
  #switched(to: string): void {
    this.#act({ kind: 'switch_ended', failure: '' });
    this.#stop(`the leadership was moved to ${to}`);
  }

  #stop(reason: string, isInOrder = false): void {
    const own = holdingOf(this.#state);
    if (!own) return;
    this.#lastStop.note(own.fence, isInOrder);
    this.#obstacle = { why: reason, needsPerson: false };
    // A wish may be on its way: this leader carries it out no more.
    this.#act({ kind: 'switch_ended', failure: reason });
    this.#to({ name: 'stopping', fence: own.fence });
    this.#act({ kind: 'stop_leading', reason });
  }

  #stopped(): void {
    if (this.#state.name !== 'stopping') return;
    if (this.#refused !== '') return this.#to({ name: 'refused', reason: this.#refused });
    this.#call(this.#lastStop.resignation(this.#state.fence));
    this.#to({ name: 'joining' });
  }

  #failed(call: CallKind): void {
    this.#calls.failed(call, this.#nowMs);
    if (call === 'publish') this.membership.recordFailed();
    // The key may have been moved, or may be moved yet: this node does not lead on under this number.
    if (call === 'move_leader') this.#stop('the store did not say whether the leadership was moved');
    if (call === 'campaign') this.#lostCampaign();
  }

  #acknowledged(sentMs: number, nodes: readonly string[]): void {
    if (!this.#options.failsafe || !holdingOf(this.#state) || !this.#view) return;
    const { ttlMs, marginMs } = this.#options.timing;
    if (this.#known.areAllIn(nodes, this.#view, this.#options.nodeId)) this.#extend(sentMs + ttlMs - marginMs);
  }

  #held(): void {
    if (this.#state.name !== 'holding') return;
    const { fence, lease, request } = this.#state;
    const target = this.#view?.members.find(({ nodeId }) => nodeId === request.to);
    if (!target) return this.#holdFailed('the target is not in the cluster any more');
    const key = keyOf(target, this.#options, 'planned');
    if (!this.#call({ kind: 'move_leader', fence, key })) return this.#holdFailed('the last move failed a moment ago');
    this.#to({ name: 'moving', fence, lease, request });
  }

  #holdFailed(reason: string): void {
    if (this.#state.name !== 'holding') return;
    const { request, ...held } = this.#state;
    this.#to({ ...held, name: 'leading' });
    this.#act({ kind: 'release' });
    this.#refuseSwitch(held.fence, request, reason);
  }

  #adjustSync(followers: { level: readonly string[]; slow: readonly string[] }): void {
    if (this.#options.mode !== 'safe' || this.#state.name !== 'leading' || this.#calls.has('set_sync')) return;
    const nodes = this.#sync.wanted(this.#options.nodeId, followers, this.#view?.members ?? []);
    if (!nodes) return;
    const expected = { fence: this.#state.fence, expectedRevision: this.#sync.revision };
    if (this.#call({ kind: 'set_sync', nodes, ...expected })) this.#sync.attempt(nodes);
  }

  /** Begins all calls that are due. */
  #proceed(): void {
    if (this.#refused !== '') return;
    if (!this.#view) this.#call({ kind: 'read' });
    else if (this.#state.name === 'joining') this.#place(this.#view);
    // The lease of a leader that hangs while it stops has to end: it holds the leader key.
    if (this.#state.name !== 'stopping')
      this.membership.proceed(this.#nowMs, this.#view, this.#self, (call) => this.#call(call));
    if (this.#state.name === 'electing') this.#run(this.#state.sinceMs);
    if (this.#state.name !== 'leading') return;
    const { fence } = this.#state;
    const nodes = this.#view && this.#known.wantedIn(this.#view, this.#options.failsafe);
    if (nodes && this.#call({ kind: 'set_known', fence, nodes })) this.#known.introduce(nodes);
    this.#obeyRequest(this.#state);
  }

  #run(sinceMs: number): void {
    const view = this.#view;
    const { lease, untilMs } = this.membership;
    if (!view || !lease || untilMs <= this.#nowMs || this.#calls.has('campaign')) return;
    const seen = { hearing: this.hearing, view, sinceMs, self: this.#self, nowMs: this.#nowMs };
    const { why, needsPerson } = whyNotRun({ ...this.#options, ...seen }) ?? NO_OBSTACLE;
    if (why !== '' && plain(why) !== plain(this.#obstacle.why)) this.#say('warn', `the cluster has no leader: ${why}`);
    this.#obstacle = { why, needsPerson };
    if (why !== '') return;
    if (this.#call(campaignOf(this.#options, view, this.#self, lease))) this.#to({ name: 'campaigning', sinceMs });
  }

  #obeyRequest({ fence, lease }: { fence: number; lease: string }): void {
    const request = this.#view?.request;
    if (!request || this.#calls.has('forget_request')) return;
    const { nodeId, mode } = this.#options;
    const isMeant = request.fence === fence;
    const why = isMeant
      ? whyNotSwitch(request.to, this.#view?.members ?? [], nodeId, this.#sync.required, mode)
      : 'an earlier leader was asked for it';
    if (why !== '' || request.revision === this.#refusedRequest) return this.#refuseSwitch(fence, request, why);
    this.#to({ name: 'holding', fence, lease, request });
    this.#act({ kind: 'hold', nodeId: request.to });
  }

  /** The view may show the wish for a while yet, and it is refused once only. */
  #refuseSwitch(fence: number, { to, revision, fence: asked }: SwitchRequest, failure: string): void {
    if (revision !== this.#refusedRequest) {
      this.#say('error', `the leader was not moved to ${to}: ${failure}`);
      // Behind a wish of an earlier leadership, a later wish may be on its way to this leader.
      if (asked === fence) this.#act({ kind: 'switch_ended', failure });
    }
    this.#refusedRequest = revision;
    this.#call({ kind: 'forget_request', fence, revision });
  }

  /** Begins a call, unless one of its kind runs or has just failed. @returns whether it has begun. */
  #call(call: Call): boolean {
    if (!this.#calls.begin(call.kind, this.#nowMs)) return false;
    this.#act({ kind: 'call', call });
    return true;
  }

  #to(state: ClusterState): void {
    this.#state = moved(this.#state, state);
    if (state.name !== 'opening') return;
    this.#deadlineMs = this.membership.untilMs;
    this.#wonMs = this.#nowMs;
  }

  #act(action: Action): void {
    this.#actions.push(action);
  }

  #say(level: 'info' | 'warn' | 'error', message: string): void {
    this.#act({ kind: 'say', level, message });
  }
}

/** The call by which a node asks for the leader key. */
function campaignOf({ nodeId, address, timing, mode }: MachineOptions, view: View, self: Self, lease: string): Call {
  const isPlanned = view.isResignedInOrder && view.resigned === view.last?.fence;
  const reason = !view.last ? 'first' : isPlanned ? 'planned' : 'automatic';
  const key = keyOf({ nodeId, address, lease }, { timing }, reason);
  const expected = { lastFence: view.last?.fence ?? 0, syncRevision: view.sync?.revision ?? 0 };
  const sync = mode === 'safe' && !view.sync ? [nodeId] : undefined;
  const clusterId = self.clusterId || self.proposedClusterId;
  return { kind: 'campaign', clusterId, fenceBase: self.historyFence, key, expected, sync };
}

function keyOf(
  { nodeId, address, lease }: Pick<LeaderKey, 'nodeId' | 'address' | 'lease'>,
  { timing: { ttlMs } }: Pick<MachineOptions, 'timing'>,
  reason: Reason,
): Omit<LeaderKey, 'fence'> {
  return { nodeId, address, lease, ttlMs, reason };
}

/** A reason without its numbers, which change from look to look. */
function plain(why: string): string {
  return why.replace(/\d+/g, '');
}
