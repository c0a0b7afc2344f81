/**
 * Remembers, over restarts, the known followers and how far they were. A leader
 * that may have lost its tail asks them, and the log is kept for them while
 * they are away. The registry saves when a follower comes or goes, and from
 * then on every few seconds.
 */
import { withoutUser } from '../../base/address.js';
import type { Clock } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import { KNOWN_FOLLOWERS_SAVE_MS } from '../../base/limits.js';
import type { Logger } from '../../base/logger.js';
import { RepeatedLog } from '../../base/repeated-log.js';
import type { StoreData } from '../../store/data.js';
import type { KnownFollower, KnownFollowers } from '../../store/known-followers.js';
import type { NodeReport } from '../frames.js';
import type { Feed } from './feed.js';
import type { Followers } from './followers.js';

/** The parts of the store that this file needs. */
export interface RegistryStore {
  readonly data: Pick<StoreData, 'isServing' | 'position'>;
  readonly followers: Pick<KnownFollowers, 'all' | 'forget' | 'note'>;
}

export interface FollowerRegistryOptions {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly followers: Followers;
  readonly acknowledgements: {
    /** The last report of each node below. */
    readonly below: readonly NodeReport[];
  };
  readonly link: {
    /** Node IDs from the leader down to this node's upstream. */
    readonly reports: { readonly path: readonly string[] };
  };
}

export class FollowerRegistry {
  readonly #options: FollowerRegistryOptions;
  readonly #log: RepeatedLog;
  #cancel = () => {};
  #closed = false;

  constructor(options: FollowerRegistryOptions) {
    this.#options = options;
    this.#log = RepeatedLog.of(options);
  }

  /** Saves what is known now, and again every few seconds. */
  go(left?: Feed): void {
    this.#cancel();
    if (this.#closed) return;
    this.#save(left).then(
      () => this.#log.ends(),
      ({ message }: Error) =>
        this.#log.warn({}, `the list of followers could not be saved: ${message}. The node will try again`),
    );
    this.#cancel = this.#options.clock.after(KNOWN_FOLLOWERS_SAVE_MS, () => this.go());
  }

  /** Saves for the last time. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#save().catch(() => {});
  }

  /**
   * Forgets a known follower that is away, for good: the log keeps nothing for
   * it.
   * @param name its node ID, a beginning of its node ID, or host:port.
   * @throws HeadwaterError `forget_refused` if the name fits none or several,
   *   or the follower is connected.
   */
  async forget(name: string): Promise<KnownFollower> {
    const { store, followers } = this.#options;
    const known = store.followers.all;
    const exactly = known.filter(({ nodeId, address }) => nodeId === name || address === name);
    const found = exactly.length > 0 ? exactly : known.filter(({ nodeId }) => name !== '' && nodeId.startsWith(name));
    const [follower, second] = found;
    if (!follower || second) {
      const listed = (second ? found : known).map(({ nodeId, address }) => `${address} (${nodeId})`).join(', ');
      throw refused(
        `expected the node ID of one known follower, its unique beginning, or HOST:PORT, received ${JSON.stringify(withoutUser(name))}, ${
          second ? `which fits ${found.length} followers` : 'which fits none'
        }: ${listed || 'none is known'}`,
      );
    }
    const { nodeId, address } = follower;
    if (followers.isConnected(nodeId))
      throw refused(
        `the follower ${address} (${nodeId}) is connected, and only a follower that is away can be forgotten. Stop it first, or let it follow another node`,
      );
    await store.followers.forget(nodeId);
    this.#options.logger.info(
      { node_id: nodeId, offset: follower.appendedOffset },
      `follower ${address} (${nodeId}) is forgotten: the log after offset ${follower.appendedOffset} is no longer kept for it`,
    );
    return follower;
  }

  #save(left?: Feed): Promise<void> {
    const { store, clock, followers } = this.#options;
    const feeds = left ? [...followers.following, left] : followers.following;
    const known = new Map(store.followers.all.map((one) => [one.nodeId, one]));
    const seen = feeds.filter(({ handshake }) => handshake?.address).map((feed) => this.#seen(feed, feed !== left));
    for (const { nodeId } of seen) known.delete(nodeId);
    return store.followers.note([...seen, ...this.#heardOf(known, clock.wallMs())]);
  }

  #seen(feed: Feed, connected: boolean): KnownFollower {
    const { nodeId, handshake, place } = feed;
    return {
      nodeId,
      address: handshake?.address ?? '',
      appendedOffset: place.offset,
      replicationId: place.replicationId,
      lastSeenMs: this.#options.clock.wallMs(),
      keepsPlace: !feed.hasMovedOn,
      connected,
    };
  }

  /**
   * Known followers that do not follow this node now, but whose offset it knows.
   * They stand further down and report, or they stand above and have everything
   * that this node has.
   */
  #heardOf(known: ReadonlyMap<string, KnownFollower>, lastSeenMs: number): KnownFollower[] {
    const { store, acknowledgements, link } = this.#options;
    const heard: KnownFollower[] = [];
    for (const { nodeId, appendedOffset, replicationId } of acknowledgements.below) {
      const one = known.get(nodeId);
      if (one && appendedOffset > 0)
        heard.push({ ...one, appendedOffset, replicationId, lastSeenMs, connected: false });
    }
    if (!store.data.isServing) return heard;
    const { offset, replicationId } = store.data.position;
    for (const nodeId of link.reports.path) {
      const one = known.get(nodeId);
      if (one) heard.push({ ...one, appendedOffset: offset, replicationId, lastSeenMs, connected: false });
    }
    return heard;
  }
}

function refused(message: string): HeadwaterError {
  return new HeadwaterError('forget_refused', message);
}
