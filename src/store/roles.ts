/**
 * The role of the node, and its changes: who leads, who follows whom, and what a leader still waits for. Every change is
 * durable before it is answered.
 *
 * A leader that may have lost its tail is `asking` at first: it receives as a follower does, until `promote`. A leader
 * that is `supersededBy` another takes no writes. A follower that is `handingOver` was the leader until now.
 */
import { isArchivePlace } from '../base/address.js';
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import type { LineageRow } from '../model/lineage.js';
import type { LivePlace } from '../model/live-place.js';
import type { Changes } from './changes.js';
import type { StoreData } from './data.js';
import type { Directory } from './directory.js';
import type { Gate } from './gate.js';
import { GrantBook } from './grants.js';
import type { LeadershipRecord } from './leadership-record.js';
import type { LeadershipTerm } from './leadership-term.js';
import type { Lifecycle } from './lifecycle.js';
import type { HandingOver, NodeFile, NodeRecord, Role, SupersededBy } from './node-record.js';
import { readOnlyFollower, superseded } from './refusals.js';
import type { Stages } from './stages.js';
import type { Tenures } from './tenures.js';

/** Fields that a change of roles by a person, or a promotion, resets. */
const SETTLED = { handing_over: undefined, superseded_by: undefined } as const;

/** A leader that steps down is no longer the one that was promoted. */
const STEPPED_DOWN = { role: 'follower', promoted: undefined, clock_step: undefined, ...SETTLED } as const;

export interface RolesOptions {
  readonly directory: Directory;
  readonly stages: Stages;
  readonly data: StoreData;
  readonly changes: Changes;
  readonly tenures: Tenures;
  readonly term: LeadershipTerm;
  readonly leadership: LeadershipRecord;
  readonly lifecycle: Lifecycle;
  readonly gate: Gate;
  randomBytes(count: number): Buffer;
  /** host:port that this node was started to follow, though it leads; else empty. */
  readonly ignoredUpstream: string;
}

/** A leadership that the store of a cluster has given. */
export interface Elected {
  /** The fencing number: the epoch of the new history is at least this one. */
  readonly fence: number;
  /** The deadline of the term, by the monotonic clock. */
  readonly untilMs: number;
}

/** The circumstances of a promotion. */
export interface Promotion {
  /** The grant by which a former leader has handed over; taken from then on. */
  readonly grant?: string;
  /** An epoch that others have begun already, as far as this node knows. */
  readonly above?: number;
  /** The end of the messages of a leader that has handed over. */
  readonly follows?: LivePlace | undefined;
  /** The leadership that a cluster has given to this node. */
  readonly elected?: Elected;
}

export class Roles {
  /** The offers of leadership, and this node's answers to them. */
  readonly grants: GrantBook;
  readonly #options: RolesOptions;
  readonly #node: NodeFile;
  readonly #stages: Stages;
  readonly #changes: Changes;
  readonly #tenures: Tenures;
  readonly #gate: Gate;

  constructor(options: RolesOptions) {
    this.grants = new GrantBook(options.directory.node, options.randomBytes);
    this.#options = options;
    this.#node = options.directory.node;
    this.#stages = options.stages;
    this.#changes = options.changes;
    this.#tenures = options.tenures;
    this.#gate = options.gate;
  }

  get role(): Role {
    return this.#node.record.role;
  }

  /** host:port of the node that this one follows; empty on a leader. */
  get upstream(): string {
    return this.#node.record.upstream;
  }

  /** The reason why this node leads though it was started with --follow, and advice; else empty. */
  get ignoredFollow(): string {
    const upstream = this.#options.ignoredUpstream;
    if (upstream === '' || (this.role === 'follower' && !this.handingOver)) return '';
    const option = isArchivePlace(upstream) ? '--follow-archive' : '--follow';
    return `${option} ${upstream} is ignored: ${this.#node.whyNotFollowing(upstream)}`;
  }

  /** The node to which this node, the leader until now, hands over, while it does not know whether that one leads. */
  get handingOver(): HandingOver | undefined {
    return this.#node.record.handing_over;
  }

  /** The leader that continues the history of this one, which therefore takes no writes. */
  get supersededBy(): SupersededBy | undefined {
    return this.#node.record.superseded_by;
  }

  /** Whether this leader does not lead yet, because its followers may have writes that its log has lost. */
  get asking(): boolean {
    return this.#stages.asking;
  }

  /**
   * Aborts, with the reason, when the present tenure of the role ends: another role is taken, or everything is closed
   * or reopened.
   */
  get tenure(): AbortSignal {
    return this.#tenures.signal;
  }

  /** Calls `listener` when a leader that led asks its followers before it leads again. */
  onAsking(listener: () => void): void {
    this.#options.lifecycle.onAsking(listener);
  }

  /**
   * Becomes, durably, a follower of `upstream`; pending writes are finished first.
   * @param upstream host:port; empty on a node of a cluster that has no leader yet.
   * @throws HeadwaterError `unavailable` while the store cannot be opened: nobody knows for how long.
   */
  async follow(upstream: string): Promise<void> {
    const { data } = this.#options;
    try {
      this.#refuseWhileStuck();
      await this.#changes.runUnlessClosing(async () => {
        await this.#tenures.endSettled(readOnlyFollower(upstream, this.#options.term));
        await this.#playing(async () => {
          await this.#node.update({ ...STEPPED_DOWN, upstream });
          this.#stages.stopAsking();
          if (data.isServing) await data.log.history.forgetUnused();
        });
      });
    } finally {
      // A node of a cluster that follows nobody yet keeps the writes that wait, for as long as the cluster lets it.
      if (upstream !== '') this.#gate.openIfSettled();
    }
  }

  /**
   * Steps down, durably, in favour of a follower that holds all that this node has. The writes are paused, and stay so
   * until the node knows which node leads: `handedOver`, `promote` or `follow`.
   */
  async handOver(to: HandingOver): Promise<void> {
    const { data } = this.#options;
    const reason = new HeadwaterError('unavailable', `the leadership is being handed over to ${to.address}`);
    await this.#changes.run(async () => {
      const { log } = data.serving;
      if (log.end.offset !== to.offset || !this.#tenures.leads)
        throw new HeadwaterError('unavailable', `the store has changed since offset ${to.offset}`);
      await log.durable.reach();
      await this.#tenures.end(reason);
      await this.#playing(async () => {
        await this.#node.update({ ...STEPPED_DOWN, upstream: to.address, handing_over: to });
        await log.history.forgetUnused();
      });
    });
  }

  /**
   * Ends the hand-over when the other node leads. From now on this node is durably its follower, and sends writers
   * there.
   */
  async handedOver(): Promise<void> {
    // The gate opens before the change is on disk. After a crash in between, this node would ask again and get the same
    // answer.
    this.#gate.open();
    await this.#node.update({ handing_over: undefined });
  }

  /** Takes no more writes, durably, until a person has said `promote` or `follow`. */
  async supersede(by: SupersededBy): Promise<void> {
    await this.#changes.run(async () => {
      await this.#tenures.endSettled(superseded(by));
      await this.#playing(async () => {
        await this.#node.update({ superseded_by: by });
        this.#stages.stopAsking();
      });
    });
  }

  /**
   * Leads, durably, from here on: under a new history, or, on a node that leads already, under the one that it has
   * begun. Nothing may be received any more.
   * @throws HeadwaterError if the data are not whole; the role stays as it was then.
   */
  async promote(promotion: Promotion = {}): Promise<LineageRow> {
    try {
      const { grant, elected } = promotion;
      const grants = grant === undefined ? {} : { grants: this.grants.with(grant) };
      const promoted = this.role === 'follower' || this.supersededBy ? { promoted: true as const } : {};
      // The tenure of an ended term may not have come to its end yet.
      const begins = elected && (this.#options.term.ended || !this.#tenures.leads);
      if (promoted.promoted || this.asking || begins) await this.#lead({ ...grants, ...promoted }, promotion);
    } finally {
      this.#gate.openIfSettled();
    }
    const { current } = this.#options.data.log.history.lineage;
    invariant(current, 'a leader has a history');
    return current;
  }

  /**
   * Reopens after asking, if the keyspace was ahead of the log. The node leads if the log has got back all that it had
   * lost.
   */
  async reopen(): Promise<void> {
    await this.#options.lifecycle.reopen();
  }

  /**
   * Makes a follower, or a leader that may not lead, durably the leader of a history of its own. The last block is in
   * the log, and the link is stopped.
   * @param change other fields of node.json to change with it.
   */
  async #lead(change: Partial<NodeRecord>, { above = 0, follows, elected }: Promotion): Promise<void> {
    const { data, leadership, lifecycle, term } = this.#options;
    this.#refuseWhileStuck();
    await this.#changes.runUnlessClosing(async () => {
      const generation = data.serving;
      if (elected) this.#refuseLower(elected.fence);
      await this.#tenures.end(new HeadwaterError('unavailable', 'the node is being promoted'));
      if (elected) term.begin(elected.untilMs);
      try {
        // The history comes first. If the role does not reach the disk after it, the history is forgotten, since
        // nothing was logged under it.
        await leadership.begin(generation, Math.max(above, (elected?.fence ?? 0) - 1), follows);
        await this.#node.update({ role: 'leader', upstream: '', ...SETTLED, ...change });
        this.#stages.stopAsking();
        // Readers of the log may have waited for the promotion.
        generation.log.readers.wake();
      } catch (error) {
        // The content of the disk is not known: reopening shows it.
        lifecycle.failed(HeadwaterError.from(error));
        throw error;
      }
      this.#tenures.begin();
    });
  }

  /** @throws HeadwaterError `protocol_violation` unless the number is above all epochs of the data. */
  #refuseLower(fence: number): void {
    const { epoch } = this.#options.data.log.history.lineage;
    if (fence > epoch) return;
    throw new HeadwaterError(
      'protocol_violation',
      `the store of the cluster gave the fencing number ${fence}, expected one above ${epoch}, the epoch of this node's data. The store went back: restore its newest state`,
    );
  }

  /** Makes a change, and plays the role that the node has after it, even if the change fails. */
  async #playing(change: () => Promise<void>): Promise<void> {
    try {
      await change();
    } finally {
      this.#tenures.begin();
    }
  }

  /** @throws HeadwaterError `unavailable` while the store cannot be opened: nobody knows for how long. */
  #refuseWhileStuck(): void {
    const { name } = this.#stages.current;
    if (name === 'stuck') throw this.#stages.reason;
  }
}
