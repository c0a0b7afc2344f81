/**
 * The driver of a node in a cluster: gives the machine its ticks and the node's state, and carries out its actions by
 * the store of the cluster and by the parts of the node.
 *
 * Changes of the role run one after another (`#changes`). Invariants:
 *   - `stopped` is said only when no term runs, even if the node was still beginning to lead when it had to stop.
 *   - A deadline that was renewed while the node began to lead counts when it leads.
 *   - Of several leaders to follow, the node follows the last.
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
import type { ClusterState } from './states.js';
import { TICK_MS } from './timing.js';
import type { LeaderKey } from './view.js';

/** The store of the cluster, as the driver needs it. */
export interface ClusterStore {
  /** The highest revision that was ever seen. */
  readonly seenRevision: number;
  begin(call: Call): void;
  close(): void;
}

/** The parts of the node that a cluster moves. */
export interface ClusterParts {
  readonly self: Omit<Self, 'proposedClusterId'>;
  readonly term: Pick<LeadershipTerm, 'look' | 'renew' | 'end'>;
  /** The followers that have all writes durably, and those that are too slow to wait for. */
  readonly followers: Pick<Extract<Event, { kind: 'followers' }>, 'level' | 'slow'>;
  /** Begins a term and a history. Resolves when the history has begun durably. */
  lead(elected: Elected): Promise<void>;
  /** Resolves when all callers of an ended term have their answers. */
  settled(): Promise<void>;
  follow(leader: LeaderKey): Promise<void>;
  /** Lets writes wait, and resolves when the node has all of them. Rejects if that takes too long. */
  hold(nodeId: string, signal: AbortSignal): Promise<void>;
  /** Lets writes pass. */
  release(): void;
}

export interface ClusterOptions extends Omit<MachineOptions, 'self'> {
  readonly parts: ClusterParts;
  readonly memory: Pick<ClusterMemory, 'proposedClusterId' | 'seenRevision' | 'saw'>;
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

  /** The nodes that must have a write durably before it is answered; undefined if none may be answered. */
  get required(): ReadonlySet<string> | undefined {
    return this.#machine.required;
  }

  start(): void {
    this.#tick();
  }

  /** Something of a leader came over the replication stream. */
  heard(fence: number): void {
    this.#handle({ kind: 'heard', fence });
  }

  /** For `--failsafe`: these nodes have acknowledged a sign of life that this leader sent at `sentMs`. */
  acknowledged(sentMs: number, nodes: readonly string[]): void {
    this.#handle({ kind: 'acknowledged', sentMs, nodes });
  }

  /** Ends the term of a leader, and leaves the leader key to its lease. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTick();
    this.#store.close();
    this.#hold?.abort();
    this.#parts.term.end(shuttingDown());
    await this.#changes;
    // A history may have begun meanwhile, and its term with it.
    this.#parts.term.end(shuttingDown());
  }

  get #self(): Self {
    return { ...this.#parts.self, proposedClusterId: this.#options.memory.proposedClusterId };
  }

  #tick(): void {
    if (this.#isClosed) return;
    this.#cancelTick = this.#options.clock.after(TICK_MS, () => this.#tick());
    this.#handle({ kind: 'self', self: this.#self });
    if (this.state.name === 'leading') {
      this.#handle({ kind: 'followers', ...this.#parts.followers });
      const ended = this.#parts.term.look();
      if (ended) this.#handle({ kind: 'over', reason: ended.message });
    }
    this.#handle({ kind: 'tick' });
    this.#followAgain();
    this.#remember();
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
      for (let next = this.#events.shift(); next; next = this.#events.shift())
        for (const action of this.#machine.handle(next, this.#options.clock.monotonicMs())) this.#do(action);
    } finally {
      this.#isHandling = false;
    }
  }

  #do(action: Action): void {
    switch (action.kind) {
      case 'call':
        return this.#store.begin(action.call);
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
    const reason = new HeadwaterError('unavailable', `this leader has stopped: ${message}`);
    this.#log.warn({}, reason.message, 'the cluster');
    this.#parts.term.end(reason);
    this.#hold?.abort();
    this.#change(async () => {
      this.#parts.term.end(reason);
      this.#release();
      // Whatever fails here, no term runs.
      await this.#parts.settled().catch((error: Error) => this.#log.error({}, error.message, 'the cluster'));
      this.#handle({ kind: 'stopped' });
    });
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
