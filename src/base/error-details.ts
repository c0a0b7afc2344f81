/**
 * The details of an error: facts for programs, by the code of the error. Numbers are numbers. A fact that a node sends
 * and this version does not know is text, under the name that it came with.
 */

/** Facts of any kind. */
export type AnyDetails = Readonly<Record<string, string | number | boolean | undefined>>;

/** Facts that an error of every code may have. */
export type CommonDetails = {
  /** The index of the operation of a transaction that the error is about. */
  readonly operation?: number | undefined;
};

/** The durability that a write has reached. */
export type DurabilityReached = {
  /** Whether the wanted durability is reached. */
  readonly reached: boolean;
  /** Whether the write would survive a power cut of this node. */
  readonly synced: boolean;
  /** The number of followers that have the write in their logs. */
  readonly followersAppended: number;
  /** The number of followers at which the write would survive a power cut. */
  readonly followersSynced: number;
  /** Whether this node runs under `--fsync never`: its own disk does not count for `followers_synced`. */
  readonly unsyncedHere: boolean;
};

/**
 * The facts of the codes that have some of their own. These mean the same everywhere: `address`, `nodeId` and `epoch`
 * are those of the other node, and `leader` is the host:port of the leader, or of a node nearer to it. `replicationId`
 * and `offset` are a position, and `askedOffset` is the one that the call asked for. `directory`, `file` and `key` say
 * where, `base64` is a value that is nowhere else, and `neededBytes` and `freeBytes` are room there. `followers` are
 * near enough, `minFollowers` have to be, and `maxLagMs` is the lag that is near enough. `stalenessMs` is the age of the
 * data, and `maxStalenessMs` the age that the call allows. `cause` and `reason` are words for programs.
 */
export interface DetailsByCode {
  /** `cause` is `RESULT` if the arguments are small enough, but the value that they would make is too large. */
  readonly too_large: CommonDetails & { readonly cause?: string | undefined };
  /**
   * `leader` is the upstream of the follower, host:port: the leader, or a node nearer to it. In a cluster, `cause` is
   * `ELECTED` if the cluster has made `leader` the leader, and `NO_LEADER` if it has none now.
   */
  readonly read_only_follower: CommonDetails & {
    readonly leader?: string | undefined;
    readonly cause?: string | undefined;
  };
  /** The number of followers that are near enough, the number that is needed, and the lag that is near enough. */
  readonly too_few_followers: CommonDetails & {
    readonly followers?: number | undefined;
    readonly minFollowers?: number | undefined;
    readonly maxLagMs?: number | undefined;
  };
  /**
   * `cause` says why, in these cases: `NOT_FRESH` (not as fresh as the call asked), `STALE` (the node serves no stale
   * reads), `CLOCK_IN_DOUBT`. `askedOffset` and `offset` are the position that was asked for and the node's own.
   */
  readonly unavailable: CommonDetails & {
    readonly cause?: string | undefined;
    readonly reason?: string | undefined;
    readonly leader?: string | undefined;
    readonly askedOffset?: number | undefined;
    readonly offset?: number | undefined;
    readonly maxStalenessMs?: number | undefined;
    readonly stalenessMs?: number | undefined;
    readonly directory?: string | undefined;
    readonly neededBytes?: number | undefined;
    readonly freeBytes?: number | undefined;
  };
  /** The directory, the free bytes that a write needs there, and the bytes that were found free. */
  readonly disk_full: CommonDetails & {
    readonly directory?: string | undefined;
    readonly neededBytes?: number | undefined;
    readonly freeBytes?: number | undefined;
  };
  /** `reason` is the code of the failure that hides the outcome. The failure itself is the `cause` of the error. */
  readonly outcome_unknown: CommonDetails & { readonly reason?: string | undefined };
  /** The durability of the write at the time when the wait ended. */
  readonly durability_not_reached: CommonDetails & DurabilityReached;
  /** The facts of a limit of a user, if that is the reason. */
  readonly overloaded: CommonDetails & {
    /** The limit: `ops-per-second`, `bytes-per-second` or `max-connections`. */
    readonly limit?: string | undefined;
    /** The user that has the limit. */
    readonly user?: string | undefined;
    /** The milliseconds until another request of the user passes. */
    readonly retryAfterMs?: number | undefined;
  };
  /** The position that the data left. */
  readonly lost_branch: CommonDetails & {
    readonly replicationId?: string | undefined;
    readonly offset?: number | undefined;
  };
  /** The node that leads the later history: its ID, its address (empty if unknown) and the epoch of the history. */
  readonly superseded: CommonDetails & {
    readonly nodeId?: string | undefined;
    readonly address?: string | undefined;
    readonly epoch?: number | undefined;
  };
  /** `address` is the node that was asked. `leader` is the address of the leader, if the leader cannot be reached. */
  readonly unreachable: CommonDetails & {
    readonly address?: string | undefined;
    readonly leader?: string | undefined;
  };
  /**
   * `key` is the key whose value the codec of the client cannot decode. `base64` is that value, if the command has deleted
   * the key.
   */
  readonly wrong_type: CommonDetails & {
    readonly key?: string | undefined;
    /** The channel of a message that the codec of the client cannot decode. */
    readonly channel?: string | undefined;
    readonly base64?: string | undefined;
  };
  /** `leader` is the last leader that a node named. */
  readonly no_leader: CommonDetails & { readonly leader?: string | undefined };
  /** `leader` is the node that leads instead. */
  readonly failover_failed: CommonDetails & { readonly leader?: string | undefined };
  /** `file` is the file whose bytes are not those that were written. */
  readonly corrupt: CommonDetails & { readonly file?: string | undefined };
  /** The values of both sides, as `status` shows them. */
  readonly resync_refused: AnyDetails;
}
