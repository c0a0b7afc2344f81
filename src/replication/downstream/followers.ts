/**
 * The followers of this node. Each has a feed, which serves its session. A node ID has one session at a time, and two
 * processes cannot share it. Other parts ask here which followers are connected, and in which state.
 */

import { withoutUser } from '../../base/address.js';
import { HeadwaterError } from '../../base/errors.js';
import { RESYNC_SOURCES_MAX } from '../../base/limits.js';
import { RepeatedLog } from '../../base/repeated-log.js';
import type { NodeName } from '../../model/comparison.js';
import type { Lineage } from '../../model/lineage.js';
import type { NodeBelow } from '../../model/status.js';
import type { DownChannel } from '../channel.js';
import { Reasons } from '../reasons.js';
import { Feed } from './feed.js';
import type { FeedNode } from './feed-node.js';
import type { FeedStateName } from './feed-state.js';
import type { FullResyncPlaces } from './full-resync-places.js';
import { tooOldFor } from './resync-answer.js';

export interface FollowersOptions extends FeedNode {
  /** host:port at which this node listens. */
  address(): string;
  readonly attendance: Attendance;
}

/** The parts that have to know which followers are there. */
export interface Attendance {
  /** Runs when a follower begins to be served. */
  arrived(feed: Feed): void;
  /** Runs when a follower that was served has disconnected. */
  left(feed: Feed): void;
}

export class Followers {
  readonly #options: FollowersOptions;
  readonly #feeds = new Set<Feed>();
  /** The log of all sessions, with node IDs as its subjects. */
  readonly #log: RepeatedLog;
  /** The places for followers that need a snapshot. */
  readonly fullResyncs: FullResyncPlaces;
  readonly served = { full: 0, partial: 0 };
  /** Counts of resyncs and refusals by reason. */
  readonly reasons = new Reasons();
  #closed: HeadwaterError | undefined;

  constructor(options: FollowersOptions) {
    this.#options = options;
    this.fullResyncs = options.fullResyncs;
    this.#log = RepeatedLog.of(options);
    const { records } = options.store.identity;
    records.onChange(() => this.#endOlder(records.size));
  }

  /** Serves a follower until its session ends. */
  async accept(channel: DownChannel): Promise<void> {
    if (this.#closed) {
      channel.close(this.#closed);
      return;
    }
    let served = false;
    const feed: Feed = new Feed({
      node: this.#options,
      log: this.#log,
      channel,
      address: this.#options.address(),
      admit: (candidate) => this.#admit(candidate),
      account: {
        resynced: (kind, { reason, message }) => {
          this.#log.ends(feed.nodeId);
          served = true;
          this.served[kind]++;
          this.#options.attendance.arrived(feed);
          const { nodeId, address } = feed.status;
          this.reasons.resynced({ kind, reason, message, nodeId, address, timeMs: this.#options.clock.wallMs() });
        },
        refused: (refusal) => this.reasons.refused(refusal),
      },
      sources: () => this.#sourcesFor(feed),
    });
    this.#feeds.add(feed);
    try {
      await feed.run();
    } finally {
      this.#feeds.delete(feed);
      if (served && !this.isConnected(feed.nodeId)) this.#options.attendance.left(feed);
    }
  }

  /** Whether there is a session with that node, in any state. */
  isConnected(nodeId: string): boolean {
    return [...this.#feeds].some((feed) => feed.nodeId === nodeId);
  }

  /** The status of each node that has introduced itself. */
  get status(): Array<NodeBelow<FeedStateName>> {
    return [...this.#feeds].map((feed) => feed.status).filter(({ nodeId }) => nodeId !== '');
  }

  /**
   * The follower that could lead in this node's place: the follower with that
   * address or node ID. Without a name, the follower with the highest appended
   * offset is chosen, and among equals the follower heard last.
   * @throws HeadwaterError `failover_failed`.
   */
  target(to: string): Feed {
    const streaming = this.following.filter(({ status }) => status.state === 'streaming');
    const names = streaming.map(({ status }) => `${status.address} (${status.nodeId})`).join(', ') || 'none';
    if (to === '') {
      const [best] = streaming.sort(
        ({ status: a }, { status: b }) => b.appendedOffset - a.appendedOffset || a.silentMs - b.silentMs,
      );
      if (best) return best;
      throw new HeadwaterError(
        'failover_failed',
        'there is no follower to hand over to: none has the state "streaming"',
      );
    }
    const chosen = streaming.find(({ status }) => status.address === to || status.nodeId === to);
    if (chosen) return chosen;
    throw new HeadwaterError(
      'failover_failed',
      `expected a follower whose state is "streaming", received ${withoutUser(to)}; streaming: ${names}`,
    );
  }

  /**
   * Tells every follower but the new leader itself that the leadership has moved.
   * @returns how many followers were told.
   */
  moved(to: { address: string; nodeId: string }): number {
    const others = this.following.filter(({ nodeId }) => nodeId !== to.nodeId);
    for (const feed of others) feed.moved(to);
    return others.length;
  }

  /** Feeds of nodes that follow this node and say at which address they listen. */
  get following(): Feed[] {
    return [...this.#feeds].filter(({ handshake }) => handshake?.address && !handshake.catchingUp);
  }

  /** Feeds of nodes that do not know all content up to that version, or have such a node below them. */
  olderThan(contentVersion: number): Feed[] {
    return this.following.filter((feed) => feed.contentVersion < contentVersion);
  }

  /** The lineages of connected nodes whose histories do not continue from here yet. */
  get lineages(): Lineage[] {
    return [...this.#feeds].flatMap(({ lineage }) => lineage ?? []);
  }

  /** Nodes that will receive messages and marks placed between blocks from here on. */
  get names(): NodeName[] {
    return this.status
      .filter(({ state }) => state === 'snapshot' || state === 'streaming')
      .map(({ nodeId, address }) => ({ nodeId, address }));
  }

  close(reason: HeadwaterError): void {
    this.#closed = reason;
    for (const feed of this.#feeds) feed.close(reason);
  }

  /** A follower that is too old may have come while the first user was on its way into the log. */
  #endOlder(users: number): void {
    for (const feed of this.#feeds) {
      const refusal = feed.handshake && tooOldFor(users, feed.handshake);
      if (refusal)
        feed.close(new HeadwaterError('resync_refused', refusal.message, { details: { reason: refusal.reason } }));
    }
  }

  /** The other followers that stream, those furthest along first. */
  #sourcesFor(asker: Feed): string[] {
    return this.following
      .filter((feed) => feed.nodeId !== asker.nodeId && feed.status.state === 'streaming')
      .sort(({ place: a }, { place: b }) => b.offset - a.offset)
      .slice(0, RESYNC_SOURCES_MAX)
      .map(({ status }) => status.address);
  }

  #admit(candidate: Feed): HeadwaterError | undefined {
    for (const feed of this.#feeds) {
      if (feed === candidate || feed.nodeId !== candidate.nodeId) continue;
      if (feed.handshake?.nonce !== candidate.handshake?.nonce) {
        return new HeadwaterError(
          'resync_refused',
          `a node with the ID ${candidate.nodeId} is connected already, from ${feed.status.address || 'an unknown address'}. If these are two nodes, one data directory is a copy of the other's: stop the copy, and run "headwater id renew --data DIR"`,
          { details: { reason: 'DUPLICATE_NODE_ID' } },
        );
      }
      // The same process has dialled again, so its old stream is dead, even if no error has shown yet.
      feed.close(new HeadwaterError('cancelled', 'the follower has connected again'));
    }
    return undefined;
  }
}
