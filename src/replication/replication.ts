/**
 * A node's place among the others: the link to the node that it follows, if it
 * follows one, the feeds to those that follow it, and the changes from one
 * place to another. It knows neither gRPC nor who asks for a change.
 *
 * Changes are made one after another, and with the link stopped: nothing of an
 * upstream enters the store while its role changes.
 */
import type { Clock } from '../clock.js';
import { tooLarge } from '../commands/arguments.js';
import type { Limits } from '../commands/view.js';
import { HeadwaterError } from '../errors.js';
import type { LineageRow } from '../lineage.js';
import type { Logger } from '../logger.js';
import type { Message, Store } from '../store/store.js';
import { Acknowledgements } from './acknowledgements.js';
import type { DownChannel, UpChannel } from './channel.js';
import { Followers } from './followers.js';
import { Link } from './link.js';

export interface ReplicationOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Drawn at each start of the process. */
  readonly nonce: string;
  /** Silence for so long is a dead peer. */
  readonly timeoutMs: number;
  /** Between heartbeats and acknowledgements where nothing else is sent; several of them fit into the timeout. */
  readonly heartbeatIntervalMs?: number;
  /** As a leader, takes writes only while so many followers are within `maxLagMs`; 0, the default: always. */
  readonly minFollowers?: number;
  readonly maxLagMs?: number;
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
  readonly acknowledgements: Acknowledgements;
  readonly #options: ReplicationOptions;
  readonly #store: Store;
  #changing: Promise<unknown> = Promise.resolve();
  #closed = false;
  #published = 0;

  constructor(options: ReplicationOptions) {
    const { store } = options;
    this.#options = options;
    this.#store = store;
    this.acknowledgements = new Acknowledgements(options);
    const { acknowledgements } = this;
    const { heartbeatIntervalMs } = acknowledgements;
    this.link = new Link({ ...options, acknowledgements, heartbeatIntervalMs });
    this.followers = new Followers({
      ...options,
      acknowledgements,
      heartbeatIntervalMs,
      path: () => [...this.link.path, store.nodeId],
      publish: (message) => this.#publish(message),
      levelMs: () => (store.role === 'leader' ? store.nowMs() : this.link.levelMs),
    });
  }

  /** Takes up the role that the store was opened in. */
  start(options: FollowOptions = KEEP_DATA): void {
    if (this.#store.role === 'follower' && !this.#closed) this.link.start(this.#store.upstream, options);
  }

  /** Serves a follower until its session ends. */
  accept(channel: DownChannel): Promise<void> {
    return this.followers.accept(channel);
  }

  /**
   * Publishes a message to every node, at one place among the writes: a
   * follower sends it up to its leader first.
   * @returns the offset that it has where it is durable, else that it follows.
   * @throws HeadwaterError `too_large`; `unavailable` or `overloaded` where it was
   *   not published, `outcome_unknown` where that cannot be known.
   */
  async publish(message: Message): Promise<number> {
    const offset = await this.#publish(message);
    this.#published++;
    return offset;
  }

  /** Messages that clients have published through this node since it started. */
  get published(): number {
    return this.#published;
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

  /** Ends every session; the store has to be closed next. */
  async close(reason: HeadwaterError): Promise<void> {
    this.#closed = true;
    this.followers.close(reason);
    // A link that takes over a full resync may wait for a store that cannot be opened.
    this.#store.announceClose();
    await this.link.stop();
  }

  /** As the role is now: a node that is being promoted refuses, and the publisher asks again. */
  async #publish(message: Message): Promise<number> {
    checkMessage(message, this.#store.limits);
    return this.#store.role === 'leader' ? this.#store.publish(message) : this.link.publish(message);
  }

  /** Whatever becomes of `change`, a follower goes on following somebody. */
  #change<T>(change: () => Promise<T>, options = KEEP_DATA): Promise<T> {
    const done = this.#changing.then(async () => {
      await this.link.stop();
      try {
        return await change();
      } finally {
        this.start(options);
      }
    });
    this.#changing = done.catch(() => {});
    return done;
  }
}

/** A channel is bound as keys are, a message as values are. */
function checkMessage({ channel, data }: Message, { keyBytesMax, valueBytesMax }: Limits): void {
  if (channel.length > keyBytesMax) throw tooLarge('a channel', keyBytesMax, channel.length);
  if (data.length > valueBytesMax) throw tooLarge('a message', valueBytesMax, data.length);
}
