/**
 * The hand-over of the leadership, at the node that gives it. The giver pauses
 * writes and waits until the follower that is to lead holds everything. Then it
 * steps down durably, and asks that follower to lead. There are never two
 * leaders, whatever messages are lost:
 *
 *   until the step down    the hand-over can be given up: nothing has changed
 *   not asked yet          it can be taken back: nobody can have acted on it
 *   asked, no answer       unknown: the giver keeps asking, writes wait, a person may end it
 *   yes                    writers and followers are sent to the new leader
 *   no                     the other never acts on it: the giver leads again, under a new history
 *   moved on               the granted history was led on elsewhere: the giver follows
 *   undecided              the other cannot know yet: the giver keeps asking
 *
 * A giver that restarts after the step down begins in the third state. The
 * states have their names in failover-state.ts.
 */

import { unlessAborted } from '../../base/abort.js';
import type { Clock } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { RepeatedLog } from '../../base/repeated-log.js';
import type { FailoverReply } from '../../model/leadership.js';
import type { StoreData } from '../../store/data.js';
import type { KnownFollowers } from '../../store/known-followers.js';
import type { Roles } from '../../store/roles.js';
import type { Writes } from '../../store/writes.js';
import type { Feed } from '../downstream/feed.js';
import type { Followers } from '../downstream/followers.js';
import type { Moved } from '../frames.js';

import { type Accepted, type Attempt, FailoverState, type FailoverStateName } from './failover-state.js';
import type { RoleChanges } from './role-changes.js';

/** The parts of the store that this file needs. */
export interface FailoverStore {
  readonly data: Pick<StoreData, 'log'>;
  readonly roles: Roles;
  readonly writes: Pick<Writes, 'pause' | 'resume'>;
  readonly followers: Pick<KnownFollowers, 'all'>;
}

export const HANDOVER_REFUSED = 'HANDOVER_REFUSED';

export interface FailoverOptions {
  readonly store: FailoverStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ends: { readonly followers: Followers };
  readonly changes: Pick<RoleChanges, 'run'>;
  /** host:port at which this node listens. */
  address(): string;
  /** Whether an address, host:port, is this node under another name, as far as that can be known at once. */
  isHere?(address: string): boolean;
}

/** A request for a hand-over. */
export interface FailoverOrder {
  /** An address or a node ID. Empty for the follower with the highest appended offset. */
  readonly to: string;
  readonly timeoutMs: number;
  /** Gives the hand-over up, unless the other node was asked already. */
  readonly signal?: AbortSignal | undefined;
}

/** The leader after the last hand-over, and the followers that belong below it. */
interface HandedOver {
  readonly to: Omit<Moved, 'kind'>;
  /** The offset at which the new leader took over. */
  readonly offset: number;
  /**
   * Node IDs. A follower that was sent on stays in the set, since its line may
   * have been dead by then. If a person puts a follower below this node, it
   * leaves the set.
   */
  readonly followers: Set<string>;
}

export class Failover {
  readonly #options: FailoverOptions;
  readonly #store: FailoverStore;
  readonly #log: RepeatedLog;
  readonly #state = new FailoverState();
  #handedOver: HandedOver | undefined;

  constructor(options: FailoverOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#log = RepeatedLog.of(options);
    if (this.#store.roles.handingOver) this.#state.to({ name: 'asking', attempt: undefined });
  }

  get stateName(): FailoverStateName {
    return this.#state.name;
  }

  /**
   * Hands over to the follower with this address or node ID. Without a name, the
   * follower with the highest appended offset is chosen. Resolves when it leads.
   * @throws HeadwaterError `failover_failed` if nothing has changed, this node
   *   leads again, or the leadership has moved on; `outcome_unknown` while this
   *   node keeps asking.
   */
  async run({ to, timeoutMs, signal }: FailoverOrder): Promise<FailoverReply> {
    if (this.#state.attempt) throw failed('another failover is running. Try again when it has ended');
    this.#checkLeads();
    const abort = new AbortController();
    let settle: Attempt['settle'] = () => {};
    const outcome = new Promise<Accepted | HeadwaterError>((resolve) => {
      settle = resolve;
    });
    const attempt = { abort, settle };
    this.#state.to({ name: 'pausing', attempt });
    const late = failed(`the hand-over was not complete within ${timeoutMs} ms`);
    const cancel = this.#options.clock.after(timeoutMs, () => abort.abort(late));
    const aborted = () => abort.abort(failed('a client has cancelled this failover'));
    signal?.addEventListener('abort', aborted, { once: true });
    try {
      const { target, beganMs, offset } = await this.#stepDown(to, abort.signal);
      const ended = () => {
        const { reason } = abort.signal;
        const why = reason === late ? `${target.address} could not be reached` : (reason as Error).message;
        void this.#withdraw(target, why);
      };
      abort.signal.addEventListener('abort', ended, { once: true });
      if (abort.signal.aborted) ended();
      const reached = await outcome;
      if (reached instanceof HeadwaterError) throw reached;
      return {
        oldLeader: this.#options.address(),
        newLeader: target.address,
        newLeaderId: target.nodeId,
        pauseMs: reached.acceptedMs - beganMs,
        followersMoved: reached.moved,
        offset,
      };
    } finally {
      cancel();
      signal?.removeEventListener('abort', aborted);
      this.#state.leave(attempt);
    }
  }

  /** Ends the wait for a follower to be level, since a person is about to give this node another place. */
  giveUp(): void {
    if (!this.#store.roles.handingOver)
      this.#state.attempt?.abort.abort(
        failed('this failover was cancelled: the node was given a "promote" or "follow"'),
      );
  }

  /** Settles the attempt, in whatever stage it is, since a person has given this node another place. */
  overtaken(): void {
    if (this.#store.roles.handingOver) return;
    const { attempt } = this.#state;
    const error = failed('this failover was cancelled: the node was given a "promote" or "follow"');
    attempt?.settle(error);
    attempt?.abort.abort(error);
    this.#state.end();
  }

  /** Ends the attempt at a stop: an undecided attempt is given up, or stays as it is on disk. */
  close(reason: HeadwaterError): void {
    this.#state.attempt?.abort.abort(reason);
  }

  // ---- events of the link --------------------------------------------------------

  /** The upstream may read from now on to whom this node hands over. */
  introducing(): void {
    if (this.#store.roles.handingOver) this.#state.to({ name: 'asking', attempt: this.#state.attempt });
  }

  /**
   * Completes the hand-over, since the upstream serves this node. The upstream
   * leads, or the leadership has moved on.
   * @param follows host:port of the node that the upstream follows itself;
   *   empty if it leads.
   */
  async accepted(follows: string): Promise<void> {
    const to = this.#store.roles.handingOver;
    if (!to) return;
    const acceptedMs = this.#options.clock.monotonicMs();
    await this.#store.roles.handedOver();
    const { attempt } = this.#state;
    this.#state.end();
    const leader = { address: to.address, nodeId: to.node_id };
    const { followers } = this.#options.ends;
    const all = [...this.#store.followers.all, ...followers.following];
    const others = new Set(all.map(({ nodeId }) => nodeId));
    others.delete(to.node_id);
    this.#handedOver = { to: leader, offset: to.offset, followers: others };
    const moved = followers.moved(leader);
    if (follows !== '') {
      this.#movedOn(to.address, follows, attempt);
      return;
    }
    this.#options.logger.info(
      { leader: to.address, offset: to.offset },
      `handed over to ${to.address} at offset ${to.offset}; ${moved} other followers move to it`,
    );
    attempt?.settle({ acceptedMs, moved });
  }

  /** Another node was made to lead since this one stepped down. */
  #movedOn(asked: string, follows: string, attempt: Attempt | undefined): void {
    const what = `expected ${asked} to lead, but it follows ${follows}: the leadership has moved on. This node follows ${asked}`;
    this.#options.logger.warn({ asked, follows }, what);
    attempt?.settle(failed(what));
  }

  /**
   * A follower is served. If it was away when the others were sent on, or its
   * line was dead, it is sent on now. A follower that has lived on elsewhere
   * stays, since a person has put it here.
   */
  arrived(follower: Feed): void {
    const { nodeId, handshake } = follower;
    const last = this.#handedOver;
    if (handshake?.byOrder) last?.followers.delete(nodeId);
    const came = handshake?.position;
    if (!last || !this.#followsOn(last) || !came || came.offset > last.offset) return;
    if (this.#store.data.log.history.lineage.replicationIdAt(came.offset) !== came.replicationId) return;
    if (last.followers.has(nodeId)) void this.#sendOn(follower, last);
  }

  /**
   * Sends a follower on to the new leader. A follower that streams from here has
   * its place in this log, and the new leader's log may not reach back to it. So
   * it first gets everything that was handed over.
   */
  async #sendOn(follower: Feed, last: HandedOver): Promise<void> {
    try {
      if (follower.status.state === 'streaming' && (follower.handshake?.position.offset ?? 0) < last.offset)
        await follower.whenReached(last.offset);
    } catch {
      // The session ended before that. The follower may come again.
      return;
    }
    if (this.#handedOver === last && this.#followsOn(last)) follower.moved(last.to);
  }

  /** Whether this node follows the node that it handed over to. */
  #followsOn({ to }: HandedOver): boolean {
    const { role, upstream, handingOver } = this.#store.roles;
    return role === 'follower' && !handingOver && upstream === to.address;
  }

  /** Leads again, since the node that was to lead has bound itself never to act on the grant. */
  refused(message: string): void {
    const to = this.#store.roles.handingOver;
    if (to) void this.#takeBack(to.grant, `${to.address} refused with "${message}"`);
  }

  // ---- the stages --------------------------------------------------------------

  #checkLeads(): void {
    const { role, upstream, handingOver, asking, supersededBy } = this.#store.roles;
    if (handingOver) throw failed(`this node is handing over to ${handingOver.address} already`);
    if (role === 'follower') {
      throw new HeadwaterError(
        'failover_failed',
        `this node does not lead: it follows ${upstream}. Send "failover" to the leader`,
        {
          details: { leader: upstream },
        },
      );
    }
    if (asking) throw failed('this node does not lead yet: it asks its followers for commands that it may have lost');
    if (supersededBy) throw failed('this node takes no writes: another leader has superseded it');
  }

  /** @throws HeadwaterError `failover_failed`. Writes are accepted again then, unless the role has changed. */
  #stepDown(
    to: string,
    signal: AbortSignal,
  ): Promise<{ target: { address: string; nodeId: string }; beganMs: number; offset: number }> {
    return this.#options.changes.run(async () => {
      signal.throwIfAborted();
      this.#checkLeads();
      const feed = this.#options.ends.followers.target(to);
      const { nodeId, address } = feed.status;
      // This node would ask itself, without an end, while writes wait.
      if (address === this.#options.address() || this.#options.isHere?.(address))
        throw failed(
          `the follower ${nodeId} reports the address ${address}, which is the address of this node. Nothing has changed`,
        );
      const beganMs = this.#options.clock.monotonicMs();
      try {
        const offset = await this.#untilLevel(feed, signal);
        signal.throwIfAborted();
        await this.#store.roles.handOver({ grant: this.#store.roles.grants.draw(), node_id: nodeId, address, offset });
        this.#state.to({ name: 'stepped_down', attempt: this.#state.attempt });
        this.#options.logger.info(
          { to: address, offset },
          `this node stopped leading at offset ${offset} and offers the leadership to ${address}`,
        );
        return { target: { address, nodeId }, beganMs, offset };
      } catch (error) {
        this.#store.writes.resume();
        const cause = HeadwaterError.from(error);
        throw new HeadwaterError(
          'failover_failed',
          `the leadership was not handed over to ${address}: ${cause.message}. Nothing has changed`,
          {
            cause,
          },
        );
      }
    });
  }

  async #untilLevel(feed: Feed, signal: AbortSignal): Promise<number> {
    const end = await unlessAborted(this.#store.writes.pause(), signal);
    await feed.whenAppended(end, signal);
    return end.offset;
  }

  /**
   * Takes the hand-over back if no node can know of it. Else the hand-over goes
   * on, and the caller of `run` gets `outcome_unknown`.
   * @param why the hand-over ends: the time is over, or a person has given it up.
   */
  async #withdraw(target: { address: string }, why: string): Promise<void> {
    const grant = this.#store.roles.handingOver?.grant;
    if (grant === undefined) return;
    // A session that already waits for its answer is left alone.
    if (this.#state.name === 'stepped_down') await this.#takeBack(grant, why, { unlessAsked: true });
    if (this.#store.roles.handingOver?.grant !== grant) return;
    this.#state.attempt?.settle(
      new HeadwaterError(
        'outcome_unknown',
        `${target.address} was asked to lead and has not answered. This node keeps asking, and writes wait. If you know that ${target.address} does not lead, "promote" this node to take the leadership back`,
      ),
    );
  }

  /** Leads again, under a new history. */
  async #takeBack(grant: string, why: string, { unlessAsked } = { unlessAsked: false }): Promise<void> {
    try {
      await this.#options.changes.run(async () => {
        if (this.#store.roles.handingOver?.grant !== grant) return;
        if (unlessAsked && this.#state.name !== 'stepped_down') return;
        await this.#store.roles.promote();
        this.#options.logger.warn({}, `the leadership was not handed over: ${why}. This node leads again`);
        this.#state.attempt?.settle(failed(`the leadership was not handed over: ${why}. This node leads again`));
        this.#state.end();
      });
    } catch (error) {
      this.#log.error({}, `the leadership could not be taken back: ${(error as Error).message}`);
    }
  }
}

function failed(message: string): HeadwaterError {
  return new HeadwaterError('failover_failed', message);
}
