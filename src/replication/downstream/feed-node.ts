/** The node that feeds belong to, as far as a feed needs it. */
import type { Clock, LogicalClock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import type { LoopLoad } from '../../base/loop-load.js';
import type { LineageRow } from '../../model/lineage.js';
import type { StoreData } from '../../store/data.js';
import type { NodeIdentity } from '../../store/node-identity.js';
import type { Roles } from '../../store/roles.js';
import type { Snapshots } from '../../store/snapshots.js';
import type { Message } from '../../store/writes.js';
import type { Handshake } from '../frames.js';
import type { Marks } from '../marks.js';
import type { Acknowledgements } from '../progress/acknowledgements.js';
import type { WriteTraces } from '../write-traces.js';
import type { FullResyncPlaces } from './full-resync-places.js';

/** The parts of the store that this file needs. */
export interface FeedNodeStore {
  readonly data: Pick<StoreData, 'isServing' | 'log' | 'notServing' | 'position'>;
  readonly roles: Pick<Roles, 'asking' | 'role' | 'upstream'>;
  readonly snapshots: Pick<Snapshots, 'at'>;
  readonly clock: Pick<LogicalClock, 'now'>;
  readonly identity: Pick<NodeIdentity, 'clusterId' | 'nodeId' | 'records'>;
}

export interface FeedNode {
  readonly store: FeedNodeStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A follower that is silent for longer than this counts as dead. */
  readonly timeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** Takes the follower's reports, and knows which acknowledgements are awaited. */
  readonly acknowledgements: Acknowledgements;
  readonly place: TreePlace;
  readonly leadership: Greeter;
  readonly marks: Marks;
  /** The places for followers that need a snapshot. */
  readonly fullResyncs: FullResyncPlaces;
  readonly load: Pick<LoopLoad, 'isBusy'>;
  /** Undefined on a node that does not trace. */
  readonly traced?: { readonly writes: Pick<WriteTraces, 'onAppended'> } | undefined;
}

/** The node's place in the tree. */
export interface TreePlace {
  /** Node IDs from the leader down to this node. */
  readonly path: readonly string[];
  /** The node that leads the tree; undefined if that is unknown. */
  readonly leader: { readonly address: string } | undefined;
  /** The leader's time up to which this node is known to hold every write; 0 if that is unknown. */
  readonly levelMs: number;
  /** The epoch of the leader's history; 0 if the leader takes no writes, or this node does not know. */
  readonly epoch: number;
  /** The history that the leader has begun right behind the end of this node's log. */
  readonly nextHistory: LineageRow | undefined;
  /**
   * Passes a message on towards the leader.
   * @returns the message's own offset if it is durable, else the offset that it
   *   follows.
   */
  publish(message: Message): Promise<number>;
}

/** The judge of what a handshake means for the leadership. */
export interface Greeter {
  /** Resolves with a refusal if the follower is not to be served. */
  greeted(handshake: Handshake): Promise<{ readonly reason: string; readonly message: string } | undefined>;
}
