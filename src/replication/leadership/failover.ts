/**
 * Handing the leadership over, at the node that gives it: pause writes, wait
 * until the follower that is to lead holds everything, step down durably, and
 * ask it to lead. There are never two leaders, whatever is lost on the way:
 *
 *   until the step down    it may be given up at any time; nothing has changed
 *   not asked yet          it may be taken back: nobody can have acted on it
 *   asked, no answer       not known: keep asking; writes wait; a person may end it
 *   yes                    writers are sent to the new leader, and followers too
 *   no                     the other is bound to it: lead again, under a new history
 *   moved on               the history of the grant was led on elsewhere: follow
 *   undecided              the other cannot know yet: keep asking, as with no answer
 *
 * A node that restarts after the step down comes up in the third state.
 */
import { unlessAborted } from '../../base/abort.js';
import type { Clock } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { RepeatedLog } from '../../base/repeated-log.js';
import type { Store } from '../../store/store.js';
import type { FailoverReply } from '../../wire/admin.js';
import type { Moved } from '../../wire/down-frames.js';
import type { Feed } from '../downstream/feed.js';
import type { Followers } from '../downstream/followers.js';

export const HANDOVER_REFUSED = 'HANDOVER_REFUSED';

export interface FailoverOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly followers: Followers;
  /** host:port at which this node listens. */
  address(): string;
  /** Whether an address, host:port, is this node under another name, as far as that can be told at once. */
  isHere?(address: string): boolean;
  /** Runs a change of roles, one after another, with the link stopped; then the role is taken up. */
  change<T>(change: () => Promise<T>): Promise<T>;
}

/** The handing over in hand, for whoever waits for it. */
interface Attempt {
  readonly abort: AbortController;
  settle(outcome: Accepted | HeadwaterError): void;
}

/** The leader after the last handing over, and the followers that belong below it. */
interface HandedOver {
  readonly to: Omit<Moved, 'kind'>;
  /** Where the new leader took over. */
  readonly offset: number;
  /**
   * Node IDs. A follower that was told stays among them: its line may have been
   * dead by then. A person who puts it below this node takes it out.
   */
  readonly followers: Set<string>;
}

interface Accepted {
  /** When the new leader's answer was here, by the monotonic clock. */
  readonly acceptedMs: number;
  /** Followers that were told. */
  readonly moved: number;
}

export class Failover {
  readonly #options: FailoverOptions;
  readonly #store: Store;
  readonly #log: RepeatedLog;
  #attempt: Attempt | undefined;
  /** The grant in hand may have reached the node that it names. */
  #asked = true;
  #handedOver: HandedOver | undefined;

  constructor(options: FailoverOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#log = RepeatedLog.of(options);
  }

  /**
   * Hands over to the follower with this address or node ID, or to the one that
   * has the most; resolves when it leads.
   * @throws HeadwaterError `failover_failed` where nothing has changed, or this
   *   node leads again; `outcome_unknown` where it goes on asking.
   */
  async run({ to, timeoutMs }: { to: string; timeoutMs: number }): Promise<FailoverReply> {
    if (this.#attempt) throw failed('another failover is under way');
    this.#checkLeads();
    const abort = new AbortController();
    const outcome = new Promise<Accepted | HeadwaterError>((resolve) => {
      this.#attempt = { abort, settle: resolve };
    });
    const late = () => abort.abort(failed(`not done within ${timeoutMs} ms`));
    const cancel = this.#options.clock.after(timeoutMs, late);
    try {
      const { target, beganMs, offset } = await this.#stepDown(to, abort.signal);
      abort.signal.addEventListener('abort', () => void this.#outOfTime(target), { once: true });
      if (abort.signal.aborted) void this.#outOfTime(target);
      const ended = await outcome;
      if (ended instanceof HeadwaterError) throw ended;
      return {
        oldLeader: this.#options.address(),
        newLeader: target.address,
        newLeaderId: target.nodeId,
        pauseMs: ended.acceptedMs - beganMs,
        followersMoved: ended.moved,
        offset,
      };
    } finally {
      cancel();
      this.#attempt = undefined;
    }
  }

  /** A person is about to give this node another place: nobody waits any longer for a follower to be level. */
  giveUp(): void {
    if (!this.#store.handingOver) this.#attempt?.abort.abort(failed('a person has decided otherwise meanwhile'));
  }

  /** A person has given this node another place: what was begun is over, however it would have ended. */
  overtaken(): void {
    if (this.#store.handingOver) return;
    this.#attempt?.settle(failed('a person has told this node whom to follow, or to lead, meanwhile'));
  }

  /** The node ends: what has not been decided is given up, or stays as it is on disk. */
  close(reason: HeadwaterError): void {
    this.#attempt?.abort.abort(reason);
  }

  // ---- what the link says ------------------------------------------------------

  /** From now on the upstream may hear whom this node hands over to. */
  introducing(): void {
    this.#asked = true;
  }

  /**
   * The upstream serves this node: the leadership is there, or has moved on.
   * @param follows host:port of the node that the upstream follows itself; empty if it leads.
   */
  async accepted(follows: string): Promise<void> {
    const to = this.#store.handingOver;
    if (!to) return;
    const acceptedMs = this.#options.clock.monotonicMs();
    await this.#store.handedOver();
    const leader = { address: to.address, nodeId: to.node_id };
    const all = [...this.#store.knownFollowers, ...this.#options.followers.following];
    const followers = new Set(all.map(({ nodeId }) => nodeId));
    followers.delete(to.node_id);
    this.#handedOver = { to: leader, offset: to.offset, followers };
    const moved = this.#options.followers.moved(leader);
    if (follows !== '') {
      this.#movedOn(to.address, follows);
      return;
    }
    this.#options.logger.info(
      { leader: to.address, offset: to.offset },
      `handed over to ${to.address} at offset ${to.offset}; other followers that were told: ${moved}`,
    );
    this.#attempt?.settle({ acceptedMs, moved });
  }

  /** Somebody has made another node lead since this one stepped down. */
  #movedOn(asked: string, follows: string): void {
    const what = `${asked} was to lead, and follows ${follows}: the leadership has moved on, and this node follows ${asked}`;
    this.#options.logger.warn({ asked, follows }, what);
    this.#attempt?.settle(failed(what));
  }

  /**
   * A follower is served: one that comes back of itself is told where to go, if
   * it was away when the others were told or its line was dead. Not one that has
   * lived on elsewhere: a person has put it here since.
   */
  arrived(follower: Feed): void {
    const { nodeId, came, cameByOrder } = follower;
    const last = this.#handedOver;
    if (cameByOrder) last?.followers.delete(nodeId);
    if (!last || !this.#followsOn(last) || !came || came.offset > last.offset) return;
    if (this.#store.lineage.replicationIdAt(came.offset) !== came.replicationId) return;
    if (last.followers.has(nodeId)) void this.#sendOn(follower, last);
  }

  /**
   * One that goes on from here has its place in this log, and the new leader's
   * may not reach back to it: it is sent on once it has all that was handed over.
   */
  async #sendOn(follower: Feed, last: HandedOver): Promise<void> {
    try {
      if (follower.status.state === 'streaming' && (follower.came?.offset ?? 0) < last.offset)
        await follower.whenReached(last.offset);
    } catch {
      // It was gone before that, and may come again.
      return;
    }
    if (this.#handedOver === last && this.#followsOn(last)) follower.moved(last.to);
  }

  /** Whether this node follows the one that it has handed over to. */
  #followsOn({ to }: HandedOver): boolean {
    const { role, upstream, handingOver } = this.#store;
    return role === 'follower' && !handingOver && upstream === to.address;
  }

  /** The node that was to lead has bound itself not to. */
  refused(message: string): void {
    const to = this.#store.handingOver;
    if (to) void this.#takeBack(to.grant, `${to.address} refused: ${message}`);
  }

  // ---- the stages --------------------------------------------------------------

  #checkLeads(): void {
    const { role, upstream, handingOver, asking, supersededBy } = this.#store;
    if (handingOver) throw failed(`this node is handing over to ${handingOver.address} already`);
    if (role === 'follower') {
      throw new HeadwaterError('failover_failed', `this node does not lead: it follows ${upstream}`, {
        details: { leader: upstream },
      });
    }
    if (asking) throw failed('this node does not lead yet: it asks its followers for what it may have lost');
    if (supersededBy) throw failed('this node takes no writes: another leader has superseded it');
  }

  /** @throws HeadwaterError; writes are taken again then. */
  #stepDown(
    to: string,
    signal: AbortSignal,
  ): Promise<{ target: { address: string; nodeId: string }; beganMs: number; offset: number }> {
    return this.#options.change(async () => {
      this.#checkLeads();
      const feed = this.#options.followers.target(to);
      const { nodeId, address } = feed.status;
      // Asking there would be asking itself, for ever, while writes wait.
      if (address === this.#options.address() || this.#options.isHere?.(address))
        throw failed(
          `the follower ${nodeId} says that it listens on ${address}, which is this node itself; nothing has changed`,
        );
      const beganMs = this.#options.clock.monotonicMs();
      try {
        const offset = await this.#untilLevel(feed, signal);
        signal.throwIfAborted();
        this.#asked = false;
        await this.#store.handOver({ grant: this.#store.newGrant(), node_id: nodeId, address, offset });
        this.#options.logger.info({ to: address, offset }, `stepped down at offset ${offset} in favour of ${address}`);
        return { target: { address, nodeId }, beganMs, offset };
      } catch (error) {
        this.#store.resumeWrites();
        const cause = HeadwaterError.from(error);
        throw new HeadwaterError(
          'failover_failed',
          `not handed over to ${address}: ${cause.message}; nothing has changed`,
          {
            cause,
          },
        );
      }
    });
  }

  async #untilLevel(feed: Feed, signal: AbortSignal): Promise<number> {
    const end = await unlessAborted(this.#store.pauseWrites(), signal);
    await feed.whenAppended(end, signal);
    return end.offset;
  }

  /** Nobody has heard of it: it is taken back. Else it goes on, and who waits for it is told so. */
  async #outOfTime(target: { address: string }): Promise<void> {
    const grant = this.#store.handingOver?.grant;
    if (grant === undefined) return;
    // A session that waits for its answer is left alone.
    if (!this.#asked) await this.#takeBack(grant, `${target.address} could not be reached`, { unlessAsked: true });
    if (this.#store.handingOver?.grant !== grant) return;
    this.#attempt?.settle(
      new HeadwaterError(
        'outcome_unknown',
        `${target.address} was asked to lead and has not answered: this node goes on asking, and writes wait. "promote" takes the leadership back at once; do that only where ${target.address} is known not to lead`,
      ),
    );
  }

  /** Leads again, under a new history. */
  async #takeBack(grant: string, why: string, { unlessAsked } = { unlessAsked: false }): Promise<void> {
    try {
      await this.#options.change(async () => {
        if (this.#store.handingOver?.grant !== grant || (unlessAsked && this.#asked)) return;
        await this.#store.promote();
        this.#options.logger.warn({}, `the leadership was not handed over: ${why}; this node leads again`);
        this.#attempt?.settle(failed(`not handed over: ${why}; this node leads again`));
      });
    } catch (error) {
      this.#log.error({}, `the leadership could not be taken back: ${(error as Error).message}`);
    }
  }
}

function failed(message: string): HeadwaterError {
  return new HeadwaterError('failover_failed', message);
}
