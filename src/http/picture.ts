/**
 * The picture of a node that its status page shows, as it travels to the browser. The file imports nothing, so that the
 * script of the page is checked against the same types (page/tsconfig.json).
 */

/** How much a person should worry. The page shows it as a sign and a word, never by colour alone. */
export type Tone = 'good' | 'watch' | 'bad';

export interface Picture {
  /** The node's time, in milliseconds since the epoch. */
  readonly atMs: number;
  readonly node: PictureNode;
  /** The highest node that this node knows of, with all below. */
  readonly tree: TreeNode;
  /** Nodes that have no place in the tree, because the picture is bounded. */
  readonly nodesLeftOut: number;
  readonly log: PictureLog;
  readonly room: PictureRoom;
  readonly clients: PictureClients;
  /** Newest first. */
  readonly resyncs: readonly PictureResync[];
  /** The worst first. */
  readonly warnings: readonly PictureWarning[];
}

/** The node that shows the page. */
export interface PictureNode {
  readonly id: string;
  readonly address: string;
  readonly role: string;
  readonly tone: Tone;
  /** The state in a few words. */
  readonly state: string;
  readonly clusterId: string;
  readonly version: string;
  readonly epoch: number;
  readonly uptimeMs: number;
  /** The reason why /readyz answers 503. Empty if the node is ready. */
  readonly notReady: string;
  readonly memoryBytes: number;
  readonly eventLoopP99Ms: number;
}

/** A node of the tree. Null stands for a figure that nobody reports. */
export interface TreeNode {
  readonly id: string;
  /** The host:port, or the beginning of the ID. */
  readonly name: string;
  readonly role: 'leader' | 'follower' | 'between' | 'unknown';
  /** True for the node that shows the page. */
  readonly isSelf: boolean;
  readonly tone: Tone;
  readonly state: string;
  readonly offset: number | null;
  readonly lagCommands: number | null;
  readonly lagMs: number | null;
  /** The room until the node needs a full resync. */
  readonly headroomBytes: number | null;
  readonly headroomMs: number | null;
  /** The time at which a node that is away was last seen. */
  readonly lastSeenMs: number | null;
  readonly below: readonly TreeNode[];
}

export interface PictureLog {
  readonly offset: number;
  readonly firstOffset: number;
  readonly durableOffset: number;
  readonly checkpointOffset: number;
  readonly fsync: string;
  readonly bytes: number;
  /** 0 without a bound. */
  readonly retentionBytes: number;
  readonly retentionMs: number;
  /** Rates over the last minute. */
  readonly commandsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly keys: number | null;
  /** The bytes of recent writes in memory. */
  readonly overlayBytes: number;
  /** The last checkpoint, in milliseconds since the epoch. */
  readonly checkpointMs: number | null;
  readonly checkpointTookMs: number | null;
  readonly isCheckpointing: boolean;
  /** The time that the present block has waited for the disk. */
  readonly writeWaitMs: number;
}

/** Null stands for room without a bound. */
export interface PictureRoom {
  readonly diskFreeBytes: number | null;
  readonly diskFreeMinBytes: number;
  /** The room of a follower that goes away now. */
  readonly headroomBytes: number | null;
  readonly headroomMs: number | null;
  /** The follower that is nearest to losing its place. Empty without one. */
  readonly nearest: string;
  readonly nearestBytes: number | null;
  readonly nearestMs: number | null;
  readonly archive: PictureArchive | null;
}

export interface PictureArchive {
  readonly directory: string;
  readonly offset: number;
  /** The age of the oldest write that the archive lacks. */
  readonly ageMs: number;
}

export interface PictureClients {
  readonly grpc: number;
  readonly redis: number;
  /** Null without a bound. */
  readonly max: number | null;
  readonly refused: number;
  readonly subscribers: number;
  readonly watchers: number;
}

/** A resync, or the refusal of one. */
export interface PictureResync {
  readonly timeMs: number;
  /** True if this node was resynced by its upstream, false if it served a follower. */
  readonly isOwn: boolean;
  /** The other node. */
  readonly name: string;
  readonly kind: string;
  /** A name in UPPER_SNAKE. */
  readonly reason: string;
  readonly message: string;
}

export interface PictureWarning {
  /** The same for the same condition, so that the page announces it once. */
  readonly id: string;
  readonly tone: Exclude<Tone, 'good'>;
  readonly text: string;
  /** The commands that mend it, or show more of it. */
  readonly commands: readonly string[];
}
