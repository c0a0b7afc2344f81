/**
 * Changes of this node's role, or of its upstream. They run one after another,
 * and with the link stopped. So nothing of an upstream enters the store while
 * the role changes. After each change, the node takes up the resulting role.
 */
import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import { RepeatedLog } from '../../base/repeated-log.js';
import type { StoreData } from '../../store/data.js';
import type { Intake } from '../../store/intake.js';
import type { KnownFollowers } from '../../store/known-followers.js';
import type { NodeIdentity } from '../../store/node-identity.js';
import type { Roles } from '../../store/roles.js';
import type { Writes } from '../../store/writes.js';
import type { UpChannel } from '../channel.js';
import type { Ends } from '../node-place.js';
import { NO_ORDERS, type Orders } from '../upstream/link.js';
import { TailRecovery } from './tail-recovery.js';

/** The parts of the store that this file needs. */
export interface RoleChangesStore {
  readonly data: Pick<StoreData, 'generation' | 'incomplete' | 'lettingThrough' | 'log' | 'position'>;
  readonly roles: Roles;
  readonly writes: Pick<Writes, 'asksUntil' | 'pause' | 'refusal' | 'resume'>;
  readonly intake: Pick<Intake, 'receive'>;
  readonly followers: Pick<KnownFollowers, 'all'>;
  readonly identity: Pick<NodeIdentity, 'clusterId' | 'join' | 'nodeId'>;
}

export interface RoleChangesOptions {
  readonly store: RoleChangesStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nonce: string;
  /** Milliseconds for which a leader that may have lost its tail waits for its followers. */
  readonly askFollowersMs: number;
  readonly ends: Pick<Ends, 'link'>;
  /** host:port at which this node listens. */
  address(): string;
  /** @throws HeadwaterError `unreachable`. */
  dial(address: string): Promise<UpChannel>;
}

export class RoleChanges {
  readonly #options: RoleChangesOptions;
  readonly #store: RoleChangesStore;
  /** The same log serves all attempts, since a store that opens again and again asks each time. */
  readonly #askingLog: RepeatedLog;
  #tailRecovery: TailRecovery | undefined;
  #closed = false;
  #changing: Promise<unknown> = Promise.resolve();

  constructor(options: RoleChangesOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#askingLog = RepeatedLog.of(options);
  }

  /** Takes up the role that the store was opened in. */
  start(orders: Orders): void {
    this.#store.roles.onAsking(() => void this.run(async () => {}));
    this.#takeUp(orders);
  }

  /**
   * Runs a change of roles with the link stopped. If the change fails, a follower
   * still goes on following its upstream.
   * @param orders a person's orders for the upstream after the change. If left
   *   out, the pending orders stay.
   */
  run<T>(change: () => Promise<T>, orders?: Orders): Promise<T> {
    const { link } = this.#options.ends;
    const done = this.#changing.then(async () => {
      await this.#store.data.lettingThrough(async () => {
        await link.stop({ keepsLoad: true });
        await this.#tailRecovery?.stop();
      });
      let next = this.#store.roles.role === 'follower' ? link.orders : NO_ORDERS;
      this.#tailRecovery = undefined;
      try {
        const changed = await change();
        next = orders ?? next;
        return changed;
      } finally {
        // A part of the data of a former upstream is of no use to a node that leads.
        if (this.#store.roles.role !== 'follower') await link.stop();
        this.#takeUp(next);
      }
    });
    this.#changing = done.catch(() => {});
    return done;
  }

  /** Resolves when the changes so far are done. */
  async settled(): Promise<void> {
    await this.#changing;
  }

  /** Takes up no role any more. */
  announceClose(): void {
    this.#closed = true;
  }

  /** Resolves when the changes so far are done, and nothing of them enters the store. */
  async close(): Promise<void> {
    await this.#tailRecovery?.stop();
    await this.#changing;
  }

  #takeUp(orders: Orders): void {
    if (this.#closed) return;
    const { role, upstream } = this.#store.roles;
    // A node of a cluster that has no leader waits for one.
    if (role === 'follower' && upstream !== '') this.#options.ends.link.start(upstream, orders);
    else if (this.#store.roles.asking) void this.#askFirst();
  }

  /** Gets back the tail that followers have, and then leads, unless the role changes meanwhile. */
  async #askFirst(): Promise<void> {
    const { clock, askFollowersMs } = this.#options;
    const recovery = new TailRecovery({ ...this.#options, logger: this.#askingLog });
    this.#tailRecovery = recovery;
    this.#store.writes.asksUntil(clock.wallMs() + askFollowersMs);
    try {
      const superseded = await recovery.run(askFollowersMs);
      if (this.#tailRecovery !== recovery || this.#closed) return;
      await this.run(async () => {
        if (!this.#store.roles.asking) return;
        if (superseded) await this.#store.roles.supersede(superseded);
        else if (this.#store.data.incomplete) await this.#store.roles.reopen();
        else await this.#store.roles.promote();
      });
    } catch (error) {
      this.#askingLog.error({}, `taking the leadership after asking the followers failed: ${(error as Error).message}`);
    }
  }
}
