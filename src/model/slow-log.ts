/** The slow log of a node, as it is read. */

/** The request for the slow log. */
export interface SlowLogRequest {
  /** The most commands to return. 0 for all. */
  readonly count: number;
  /** Empties the slow log. The reply still has what was in it. */
  readonly reset: boolean;
}

/** A command that took long. */
export interface SlowCommand {
  /** The number of the command in the slow log since the node started, from 0. */
  readonly id: number;
  /** The time at which the node answered the command, in milliseconds since the epoch. */
  readonly timeMs: number;
  /** The time that the node took for the command, in microseconds. */
  readonly durationUs: number;
  /** The address and port of the client, or of the follower that forwarded the write of one. */
  readonly client: string;
  /** The name that a client of the Redis protocol gave itself. Empty if it gave none. */
  readonly clientName: string;
  /** The user. Empty for a client of gRPC that is no user, and `default` for one of the Redis protocol. */
  readonly user: string;
  /** The beginning of the command, its name first. */
  readonly words: readonly Buffer[];
}

/** The slow log. */
export interface SlowLogReply {
  /** The commands, the newest first. */
  readonly commands: readonly SlowCommand[];
  /** The number of commands that were in the slow log. */
  readonly length: number;
  /** The time from which on a command is recorded, in microseconds. Undefined if the node records none. */
  readonly thresholdUs: number | undefined;
}
