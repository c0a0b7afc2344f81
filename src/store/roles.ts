/**
 * The role of the node, and its changes: who leads, who follows whom, and what a leader still waits for. Every change is
 * durable before it is answered.
 *
 * A leader that may have lost its tail is `asking` at first: it receives as a follower does, until `promote`. A leader
 * that is `supersededBy` another takes no writes. A follower that is `handingOver` was the leader until now.
 */
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import type { LineageRow } from '../model/lineage.js';
import type { LivePlace } from '../model/live-place.js';
import type { Directory, HandingOver, Role, SupersededBy } from './directory.js';
import type { Gate } from './gate.js';
import { GrantBook } from './grants.js';
import type { Lifecycle } from './lifecycle.js';
import { readOnlyFollower, superseded } from './refusals.js';

export interface RolesOptions {
  readonly directory: Directory;
  readonly lifecycle: Lifecycle;
  readonly gate: Gate;
  randomBytes(count: number): Buffer;
  /** host:port that this node was started to follow, though it leads; else empty. */
  readonly ignoredUpstream: string;
}

/** The circumstances of a promotion. */
export interface Promotion {
  /** The grant by which a former leader has handed over; taken from then on. */
  readonly grant?: string;
  /** An epoch that others have begun already, as far as this node knows. */
  readonly above?: number;
  /** The end of the messages of a leader that has handed over. */
  readonly follows?: LivePlace | undefined;
}

export class Roles {
  /** The offers of leadership, and this node's answers to them. */
  readonly grants: GrantBook;
  readonly #directory: Directory;
  readonly #lifecycle: Lifecycle;
  readonly #gate: Gate;
  readonly #ignoredUpstream: string;

  constructor({ directory, lifecycle, gate, randomBytes, ignoredUpstream }: RolesOptions) {
    this.grants = new GrantBook(directory, randomBytes);
    this.#directory = directory;
    this.#lifecycle = lifecycle;
    this.#gate = gate;
    this.#ignoredUpstream = ignoredUpstream;
  }

  get role(): Role {
    return this.#directory.node.role;
  }

  /** host:port of the node that this one follows; empty on a leader. */
  get upstream(): string {
    return this.#directory.node.upstream;
  }

  /** The reason why this node leads though it was started with --follow, and advice; else empty. */
  get ignoredFollow(): string {
    const upstream = this.#ignoredUpstream;
    if (upstream === '' || (this.role === 'follower' && !this.handingOver)) return '';
    return `--follow ${upstream} is ignored: ${this.#directory.whyNotFollowing(upstream)}`;
  }

  /** The node to which this node, the leader until now, hands over, while it does not know whether that one leads. */
  get handingOver(): HandingOver | undefined {
    return this.#directory.node.handing_over;
  }

  /** The leader that continues the history of this one, which therefore takes no writes. */
  get supersededBy(): SupersededBy | undefined {
    return this.#directory.node.superseded_by;
  }

  /** Whether this leader does not lead yet, because its followers may have writes that its log has lost. */
  get asking(): boolean {
    return this.#lifecycle.asking;
  }

  /**
   * Aborts, with the reason, when the present tenure of the role ends: another role is taken, or everything is closed
   * or reopened.
   */
  get tenure(): AbortSignal {
    return this.#lifecycle.tenure;
  }

  /** Calls `listener` when a leader that led asks its followers before it leads again. */
  onAsking(listener: () => void): void {
    this.#lifecycle.onAsking(listener);
  }

  /** Becomes, durably, a follower of `upstream`; pending writes are finished first. */
  async follow(upstream: string): Promise<void> {
    try {
      await this.#lifecycle.follow(upstream, readOnlyFollower(upstream));
    } finally {
      this.#gate.openIfSettled();
    }
  }

  /**
   * Steps down, durably, in favour of a follower that holds all that this node has. The writes are paused, and stay so
   * until the node knows which node leads: `handedOver`, `promote` or `follow`.
   */
  async handOver(to: HandingOver): Promise<void> {
    const reason = new HeadwaterError('unavailable', `the leadership is being handed over to ${to.address}`);
    await this.#lifecycle.handOver(to, reason);
  }

  /**
   * Ends the hand-over when the other node leads. From now on this node is durably its follower, and sends writers
   * there.
   */
  async handedOver(): Promise<void> {
    // The gate opens before the change is on disk. After a crash in between, this node would ask again and get the same
    // answer.
    this.#gate.open();
    await this.#directory.update({ handing_over: undefined });
  }

  /** Takes no more writes, durably, until a person has said `promote` or `follow`. */
  async supersede(by: SupersededBy): Promise<void> {
    await this.#lifecycle.supersede(by, superseded(by));
  }

  /**
   * Leads, durably, from here on: under a new history, or, on a node that leads already, under the one that it has
   * begun. Nothing may be received any more.
   * @throws HeadwaterError if the data are not whole; the role stays as it was then.
   */
  async promote({ grant, above = 0, follows }: Promotion = {}): Promise<LineageRow> {
    try {
      const grants = grant === undefined ? {} : { grants: this.grants.with(grant) };
      const promoted = this.role === 'follower' || this.supersededBy ? { promoted: true as const } : {};
      if (promoted.promoted || this.asking) await this.#lifecycle.lead({ ...grants, ...promoted }, above, follows);
    } finally {
      this.#gate.openIfSettled();
    }
    const { current } = this.#lifecycle.generation.log.history.lineage;
    invariant(current, 'a leader has a history');
    return current;
  }

  /**
   * Reopens after asking, if the keyspace was ahead of the log. The node leads if the log has got back all that it had
   * lost.
   */
  async openAnew(): Promise<void> {
    await this.#lifecycle.openAnew();
  }
}
