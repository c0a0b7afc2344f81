/**
 * A node's place among the others: the link to the node that it follows, if it
 * follows one, the feeds to those that follow it, and the changes from one
 * place to another. It knows neither gRPC nor who asks for a change.
 *
 * Changes are made one after another, and with the link stopped: nothing of an
 * upstream enters the store while its role changes.
 */
import type { Clock } from '../clock.js';
import { HeadwaterError } from '../errors.js';
import type { LineageRow } from '../lineage.js';
import type { Logger } from '../logger.js';
import type { Store } from '../store/store.js';
import type { DownChannel, UpChannel } from './channel.js';
import { Comparisons } from './comparison.js';
import { Followers } from './followers.js';
import { Headroom } from './headroom.js';
import { Link } from './link.js';

export interface ReplicationOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Drawn at each start of the process. */
  readonly nonce: string;
  /** Silence for so long is a dead peer. */
  readonly timeoutMs: number;
  /** Between 0 and 1, for jitter. */
  random(): number;
  /** host:port at which this node listens. */
  address(): string;
  /** @throws HeadwaterError `unreachable`. */
  dial(address: string): Promise<UpChannel>;
}

export interface FollowOptions {
  /** This node's own data may go where the upstream's history has no place for them. */
  readonly acceptDataLoss: boolean;
}

const KEEP_DATA: FollowOptions = { acceptDataLoss: false };

export class Replication {
  readonly link: Link;
  readonly followers: Followers;
  readonly comparisons: Comparisons;
  readonly headroom: Headroom;
  readonly #options: ReplicationOptions;
  readonly #store: Store;
  #changing: Promise<unknown> = Promise.resolve();

  constructor(options: ReplicationOptions) {
    const { store } = options;
    this.#options = options;
    this.#store = store;
    this.comparisons = new Comparisons({
      ...options,
      below: () => this.followers.names,
      send: (report) => this.link.send(report),
    });
    this.headroom = new Headroom({ ...options, followers: () => this.followers.status });
    this.link = new Link({
      ...options,
      marked: (markId) => this.comparisons.marked(markId),
      unable: (markId, why) => this.comparisons.unable(markId, why),
    });
    this.followers = new Followers({
      ...options,
      path: () => [...this.link.path, store.nodeId],
      reported: (report) => this.comparisons.reported(report),
      levelMs: () => (store.role === 'leader' ? store.nowMs() : this.link.levelMs),
    });
  }

  /** Takes up the role that the store was opened in. */
  start(options: FollowOptions = KEEP_DATA): void {
    this.headroom.start();
    this.#startLink(options);
  }

  #startLink(options: FollowOptions): void {
    if (this.#store.role === 'follower') this.link.start(this.#store.upstream, options);
  }

  /** Serves a follower until its session ends. */
  accept(channel: DownChannel): Promise<void> {
    return this.followers.accept(channel);
  }

  /**
   * Becomes, and stays over restarts, a follower of `upstream`, host:port.
   * @throws HeadwaterError `replication_loop` where that is this node itself.
   */
  async follow(upstream: string, options: FollowOptions = KEEP_DATA): Promise<void> {
    const address = this.#options.address();
    if (upstream === address) {
      throw new HeadwaterError(
        'replication_loop',
        `a node cannot follow itself: this is ${address}, and it was told to follow ${upstream}`,
      );
    }
    await this.#change(async () => {
      await this.#store.follow(upstream);
      this.#options.logger.info({ upstream }, `following ${upstream}`);
    }, options);
  }

  /** Stops following and leads, also over restarts; a leader goes on under the history that it has. */
  promote(): Promise<LineageRow> {
    return this.#change(() => this.#store.promote());
  }

  /** Ends every session. */
  async close(reason: HeadwaterError): Promise<void> {
    this.headroom.stop();
    this.followers.close(reason);
    await this.link.stop();
  }

  /** Whatever becomes of `change`, a follower goes on following somebody. */
  #change<T>(change: () => Promise<T>, options = KEEP_DATA): Promise<T> {
    const done = this.#changing.then(async () => {
      await this.link.stop();
      try {
        return await change();
      } finally {
        this.#startLink(options);
      }
    });
    this.#changing = done.catch(() => {});
    return done;
  }
}
