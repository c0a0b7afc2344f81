/**
 * The driver of a node in a cluster: gives the machine its ticks and the node's state, and carries out its actions by
 * the store of the cluster and by the parts of the node.
 *
 * Changes of the role run one after another (`#changes`). Invariants:
 *   - `stopped` is said only when no term runs, even if the node was still beginning to lead when it had to stop.
 *   - A deadline that was renewed while the node began to lead counts when it leads.
 *   - Of several leaders to follow, the node follows the last.
 *   - A node that leaves asks for nothing any more.
 */
import type { Clock } from '../base/clock.js';
import { HeadwaterError, shuttingDown } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { RepeatedLog } from '../base/repeated-log.js';
import type { LeadershipTerm } from '../store/leadership-term.js';
import type { Elected } from '../store/roles.js';
import { Machine, type MachineOptions } from './machine.js';
import type { ClusterMemory } from './memory.js';
import type { Action, Call, Event, Self } from './messages.js';
import { type ClusterState, holdingOf } from './states.js';
import { TICK_MS } from './timing.js';
import type { LeaderKey, View } from './view.js';

/** The store of the cluster, as the driver needs it. */
export interface ClusterStore {
  /** The highest revision that was ever seen. */
  readonly seenRevision: number;
  begin(call: Call): void;
  /** Carries out the wish of a person. Rejects if the store does not answer: the wish may stand there all the same. */
  order(order: Order): Promise<void>;
  /** Ends the lease of a node that leaves, so that nobody waits for it. */
  endLease(lease: string): Promise<void>;
  close(): void;
}

/** The wish of a person, which stands in the store. */
export type Order =
  | { readonly kind: 'pause' }
  /** @param allowed the fencing number of the leader that may be replaced at once; 0 if none. */
  | { readonly kind: 'resume'; readonly allowed: number }
  /** @param fence the fencing number of the leader that is asked. */
  | { readonly kind: 'switch'; readonly to: string; readonly fence: number };

/** The parts of the node that a cluster moves. */
export interface ClusterParts {
  readonly self: Omit<Self, 'proposedClusterId'>;
  readonly term: Pick<LeadershipTerm, 'look' | 'renew' | 'end'>;
  /** The followers that have all writes durably, and those that are too slow to wait for. */
  readonly followers: Pick<Extract<Event, { kind: 'followers' }>, 'level' | 'slow'>;
  /** The time for which a block of writes has waited for the disk of this node; 0 if none waits. */
  readonly diskWaitMs: number;
  /** Begins a term and a history. Resolves when the history has begun durably. */
  lead(elected: Elected): Promise<void>;
  /** Resolves when all callers of an ended term have their answers. */
  settled(): Promise<void>;
  follow(leader: LeaderKey): Promise<void>;
  /** Lets writes wait, and resolves when the node has all of them. Rejects if that takes too long. */
  hold(nodeId: string, signal: AbortSignal): Promise<void>;
  /** Lets writes pass. */
  release(): void;
  /** Answers the writes that all required nodes have. Others may be required now. */
  answer(): void;
  /** Ends the changes of the role that wait for a store which cannot be opened. */
  close(): void;
}

export interface ClusterOptions extends Omit<MachineOptions, 'self'> {
  readonly parts: ClusterParts;
  readonly memory: Pick<ClusterMemory, 'proposedClusterId' | 'seenRevision'> & {
    /** Remembers a revision of the store. */
    saw(revision: number): Promise<void>;
  };
  readonly clock: Clock;
  readonly logger: Logger;
  openStore(seenRevision: number, onEvent: (event: Event) => void): ClusterStore;
}

export class Cluster {
  readonly #options: ClusterOptions;
  readonly #parts: ClusterParts;
  readonly #log: RepeatedLog;
  readonly #machine: Machine;
  readonly #store: ClusterStore;
  readonly #events: Event[] = [];
  #isHandling = false;
  #isClosed = false;
  #cancelTick: () => void = () => {};
  #changes: Promise<void> = Promise.resolve();
  /** The latest deadline of the present leadership. */
  #untilMs = 0;
  #hold: AbortController | undefined;
  /** The fencing number of the leader that the node follows, or is about to. */
  #followed = 0;
  /** The time before which a node that could not follow does not try again. */
  #followAgainMs = Number.NEGATIVE_INFINITY;
  /** Called with the outcome of the switch that a person wants. */
  #switched: ((failure: string) => void) | undefined;
  /** Called when the store has answered that this node leads no more, or has not. */
  #resigned: (() => void) | undefined;
  #isLeaving = false;
  #hasLeft = false;
  #rememberedMs = Number.NEGATIVE_INFINITY;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#parts = options.parts;
    this.#log = RepeatedLog.of(options);
    this.#machine = new Machine({ ...options, self: this.#self });
    this.#store = options.openStore(options.memory.seenRevision, (event) => this.#handle(event));
  }

  get state(): ClusterState {
    return this.#machine.state;
  }

  /** Why this node does not lead, or does not run. */
  get why(): string {
    return this.#machine.why;
  }

  /** Whether nobody leads now, and a person can end that. */
  get needsPerson(): boolean {
    return this.#machine.needsPerson;
  }

  /** The nodes that must have a write durably before it is answered; undefined if none may be answered. */
  get required(): ReadonlySet<string> | undefined {
    return this.#machine.required;
  }

  /** The content of the store, as of the last view; undefined before the first. */
  get view(): View | undefined {
    return this.#machine.view;
  }

  /** When something of the last leader was heard, by the monotonic clock. */
  get heardMs(): number {
    return this.#machine.hearing.heardMs;
  }

  /** The end of this node's leadership, by the monotonic clock. */
  get deadlineMs(): number {
    return this.#untilMs;
  }

  start(): void {
    this.#tick();
  }

  /**
   * Something of a leader came over the replication stream.
   * @returns whether this node knows no later leader, and does not ask to lead while it hears that one.
   */
  heard(fence: number): boolean {
    this.#handle({ kind: 'heard', fence });
    const { name } = this.state;
    return (
      (this.view?.last?.fence ?? 0) <= fence && (name === 'joining' || name === 'following' || name === 'electing')
    );
  }

  /** For `--failsafe`: these nodes have acknowledged a sign of life that this leader sent at `sentMs`. */
  acknowledged(sentMs: number, nodes: readonly string[]): void {
    this.#handle({ kind: 'acknowledged', sentMs, nodes });
  }

  /** Carries out the wish of a person. @throws HeadwaterError `unavailable` if the store does not answer. */
  async order(order: Order): Promise<void> {
    await this.#store.order(order).catch((error: Error) => {
      throw new HeadwaterError('unavailable', `the store of the cluster did not answer: ${error.message}`, {
        cause: error,
      });
    });
  }

  /**
   * Gives the leadership of this node to another one. Resolves when that node has the leader key.
   * @throws HeadwaterError `failover_failed` if this node stays the leader, or has stopped; `unavailable`.
   */
  async switchTo(nodeId: string): Promise<void> {
    if (this.#switched)
      throw new HeadwaterError('failover_failed', 'a switch is under way already. Wait until it has ended');
    const { state } = this;
    if (state.name !== 'leading')
      throw new HeadwaterError('failover_failed', `expected a leader, received a node that is ${state.name}`);
    const ended = new Promise<string>((resolve) => {
      this.#switched = resolve;
    });
    try {
      await this.order({ kind: 'switch', to: nodeId, fence: state.fence });
      const failure = await ended;
      if (failure === '') return;
      throw new HeadwaterError('failover_failed', `the leadership was not given to ${nodeId}: ${failure}`);
    } finally {
      this.#switched = undefined;
    }
  }

  /**
   * Leaves the cluster before a stop: a leader says in the store that it leads no more, and the lease ends, so that
   * nobody waits for it. `close` has to follow.
   */
  async leave(withinMs: number): Promise<void> {
    const resigned = new Promise<void>((resolve) => {
      this.#resigned = resolve;
    });
    this.#isLeaving = true;
    const isHolding = holdingOf(this.state) !== undefined || this.state.name === 'stopping';
    this.#handle({ kind: 'self', self: this.#self });
    this.#handle({ kind: 'over', reason: 'the node is being stopped', isInOrder: true });
    let cancel = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(withinMs, resolve);
    });
    if (isHolding) await Promise.race([resigned, late]);
    const { lease } = this.#machine.membership;
    this.#hasLeft = true;
    const ended = lease === undefined ? Promise.resolve() : this.#store.endLease(lease).catch(() => {});
    await Promise.race([ended, late]);
    cancel();
  }

  /** Ends the term of a leader, and leaves the leader key to its lease. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#switched?.('the node is being stopped');
    this.#cancelTick();
    this.#store.close();
    this.#hold?.abort();
    this.#parts.term.end(shuttingDown());
    this.#parts.close();
    await this.#changes;
    // A history may have begun meanwhile, and its term with it.
    this.#parts.term.end(shuttingDown());
  }

  get #self(): Self {
    const self = { ...this.#parts.self, proposedClusterId: this.#options.memory.proposedClusterId };
    return this.#isLeaving ? { ...self, cannotLead: 'this node is being stopped' } : self;
  }

  #tick(): void {
    if (this.#isClosed) return;
    this.#cancelTick = this.#options.clock.after(TICK_MS, () => this.#tick());
    this.#handle({ kind: 'self', self: this.#self });
    if (this.state.name === 'leading') {
      this.#handle({ kind: 'followers', ...this.#parts.followers });
      const reason = this.#parts.term.look()?.message ?? this.#standstill;
      if (reason !== undefined) this.#handle({ kind: 'over', reason });
    }
    this.#handle({ kind: 'tick' });
    this.#followAgain();
    this.#remember();
  }

  /** A leader whose disk stands still keeps its lease, and answers nobody. Another node could. */
  get #standstill(): string | undefined {
    const { ttlMs } = this.#options.timing;
    if (this.#parts.diskWaitMs <= ttlMs) return undefined;
    return `a write has waited longer than ${ttlMs / 1_000} s for the disk of this node`;
  }

  /** Each revision costs a sync of the disk, so a node remembers one in a while. */
  #remember(): void {
    const { clock, memory, timing } = this.#options;
    if (clock.monotonicMs() - this.#rememberedMs < timing.keepAliveMs) return;
    this.#rememberedMs = clock.monotonicMs();
    void memory
      .saw(this.#store.seenRevision)
      .catch((error: Error) =>
        this.#log.warn({}, `the revision of the store of the cluster is not on the disk: ${error.message}`),
      );
  }

  /** An action may lead to an event at once: the machine has one after the other. */
  #handle(event: Event): void {
    if (this.#isClosed) return;
    this.#events.push(event);
    if (this.#isHandling) return;
    this.#isHandling = true;
    try {
      for (let next = this.#events.shift(); next; next = this.#events.shift()) this.#take(next);
    } finally {
      this.#isHandling = false;
    }
  }

  #take(event: Event): void {
    for (const action of this.#machine.handle(event, this.#options.clock.monotonicMs())) this.#do(action);
    this.#parts.answer();
    const isResigned = event.kind === 'resigned' || (event.kind === 'failed' && event.call === 'resign');
    if (isResigned) this.#resigned?.();
  }

  #do(action: Action): void {
    switch (action.kind) {
      case 'call':
        return this.#hasLeft ? undefined : this.#store.begin(action.call);
      case 'lead':
        this.#untilMs = action.untilMs;
        return this.#lead(action.fence);
      case 'renew':
        this.#untilMs = Math.max(this.#untilMs, action.untilMs);
        return this.#parts.term.renew(action.untilMs);
      case 'stop_leading':
        return this.#stop(action.reason);
      case 'follow':
        return this.#follow(action.leader);
      case 'hold':
        return this.#holdFor(action.nodeId);
      case 'release':
        return this.#release();
      case 'switch_ended':
        return this.#switched?.(action.failure);
      case 'say':
        return this.#log[action.level]({}, action.message, 'the cluster');
    }
  }

  #change(change: () => Promise<void>): void {
    this.#changes = this.#changes.then(async () => {
      if (!this.#isClosed) await change();
    });
  }

  #lead(fence: number): void {
    const isWanted = () => this.state.name === 'opening' && this.state.fence === fence;
    this.#change(async () => {
      if (!isWanted()) return;
      try {
        await this.#parts.lead({ fence, untilMs: this.#untilMs });
      } catch (error) {
        this.#handle({ kind: 'over', reason: `this node could not begin to lead: ${(error as Error).message}` });
        return;
      }
      if (!isWanted()) return;
      this.#followed = 0;
      this.#parts.term.renew(this.#untilMs);
      this.#handle({ kind: 'opened' });
    });
  }

  /** The term ends now. A history that is about to begin has a term too, which ends when it has begun. */
  #stop(message: string): void {
    const reason = new HeadwaterError(
      'unavailable',
      `this leader has stopped: ${message}. Try again when the cluster has a leader`,
    );
    this.#log.warn({}, `this leader has stopped: ${message}`, 'the cluster');
    this.#parts.term.end(reason);
    this.#hold?.abort();
    this.#change(async () => {
      this.#parts.term.end(reason);
      this.#release();
      await this.#settled();
      this.#handle({ kind: 'stopped' });
    });
  }

  /**
   * Resolves when the callers of the leader have their answers. Whatever fails here, no term runs. A disk that hangs may
   * never let them go: nothing depends on this node then, and a person has to know.
   */
  async #settled(): Promise<void> {
    const { ttlMs } = this.#options.timing;
    const message = `the last writes of this leader have not ended within ${ttlMs / 1_000} s, so this node takes no part in its cluster. Another node leads. If the disk of this node does not come back, end the process`;
    const cancel = this.#options.clock.after(ttlMs, () => this.#log.error({}, message, 'the cluster'));
    await this.#parts.settled().catch((error: Error) => this.#log.error({}, error.message, 'the cluster'));
    cancel();
  }

  #follow(leader: LeaderKey): void {
    this.#followed = leader.fence;
    this.#change(async () => {
      if (this.state.name !== 'following' || this.state.leader.fence !== leader.fence) return;
      try {
        await this.#parts.follow(leader);
      } catch (error) {
        this.#log.warn({}, `this node could not follow ${leader.address}: ${(error as Error).message}`, 'the cluster');
        if (this.#followed === leader.fence) this.#followed = 0;
        this.#followAgainMs = this.#options.clock.monotonicMs() + this.#options.timing.requestMs;
      }
    });
  }

  #followAgain(): void {
    const { state } = this;
    if (state.name !== 'following' || this.#followed === state.leader.fence) return;
    if (this.#options.clock.monotonicMs() >= this.#followAgainMs) this.#follow(state.leader);
  }

  #holdFor(nodeId: string): void {
    const hold = new AbortController();
    this.#hold = hold;
    void this.#parts.hold(nodeId, hold.signal).then(
      () => !hold.signal.aborted && this.#handle({ kind: 'held' }),
      (error: Error) => !hold.signal.aborted && this.#handle({ kind: 'hold_failed', reason: error.message }),
    );
  }

  #release(): void {
    this.#hold?.abort();
    this.#hold = undefined;
    this.#parts.release();
  }
}
