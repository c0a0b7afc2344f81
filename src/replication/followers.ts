/**
 * The downstream side of a node: the set of feeds, one per connected follower.
 * It refuses a second live process under one node ID, which is what a copied
 * data directory looks like.
 */
import type { Clock } from '../clock.js';
import { HeadwaterError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { Store } from '../store/store.js';
import type { DigestReport, NodeName } from '../wire/up-frames.js';
import type { DownChannel } from './channel.js';
import { Feed } from './feed.js';
import { Reasons } from './reasons.js';

export interface FollowersOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timeoutMs: number;
  /** host:port at which this node listens. */
  address(): string;
  /** Node IDs from the leader down to this node. */
  path(): readonly string[];
  /** The leader's time at which this node was known to hold everything up to then. */
  levelMs(): number;
  /** A digest of a node below. */
  reported(report: DigestReport): void;
}

export class Followers {
  readonly #options: FollowersOptions;
  readonly #feeds = new Set<Feed>();
  readonly served = { full: 0, partial: 0 };
  /** Why, and what was refused. */
  readonly reasons = new Reasons();
  #closed: HeadwaterError | undefined;

  constructor(options: FollowersOptions) {
    this.#options = options;
  }

  /** Serves a follower until its session ends. */
  async accept(channel: DownChannel): Promise<void> {
    if (this.#closed) {
      channel.close(this.#closed);
      return;
    }
    const feed: Feed = new Feed({
      ...this.#options,
      channel,
      address: this.#options.address(),
      admit: (candidate) => this.#admit(candidate),
      resynced: (kind, reason) => {
        this.served[kind]++;
        this.reasons.count(kind, reason);
      },
      refused: (refusal) => this.reasons.refused(refusal),
    });
    this.#feeds.add(feed);
    try {
      await feed.run();
    } finally {
      this.#feeds.delete(feed);
    }
  }

  /** Those that have introduced themselves. */
  get status(): Array<Feed['status']> {
    return [...this.#feeds].map((feed) => feed.status).filter(({ nodeId }) => nodeId !== '');
  }

  /** Those that come by what is said between blocks from here on. */
  get names(): NodeName[] {
    return this.status
      .filter(({ state }) => state === 'snapshot' || state === 'streaming')
      .map(({ nodeId, address }) => ({ nodeId, address }));
  }

  close(reason: HeadwaterError): void {
    this.#closed = reason;
    for (const feed of this.#feeds) feed.close(reason);
  }

  #admit(candidate: Feed): HeadwaterError | undefined {
    for (const feed of this.#feeds) {
      if (feed === candidate || feed.nodeId !== candidate.nodeId) continue;
      if (feed.nonce !== candidate.nonce) {
        return new HeadwaterError(
          'resync_refused',
          `a node with the ID ${candidate.nodeId} is connected already, from ${feed.status.address || 'an unknown address'}: if these are two nodes, one data directory is a copy of the other's`,
          { details: { reason: 'DUPLICATE_NODE_ID' } },
        );
      }
      // The same process has dialled again: its old stream is dead, whether or not we have noticed.
      feed.close(new HeadwaterError('cancelled', 'the follower has connected again'));
    }
    return undefined;
  }
}
