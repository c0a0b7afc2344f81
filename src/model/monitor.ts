/** The commands that a node receives, as a monitor shows them. */

/** The request of a monitor. */
export interface MonitorRequest {
  /** Shows only commands that name a key with this beginning. Empty for all commands. */
  readonly prefix: Buffer;
}

/** A parameter of a monitored command. */
export interface MonitoredParameter {
  /** The name of the field, such as `key`, `value` or `ttl_ms`. */
  readonly name: string;
  /** The beginning of the parameter: keys and values as they are, everything else as text. */
  readonly data: Buffer;
  /** The size of the whole parameter in bytes. */
  readonly bytes: number;
}

/** A command as the node received it. */
export interface MonitoredCommand {
  /** The time at which the node received the command, in milliseconds since the epoch. */
  readonly timeMs: number;
  /** The address and port of the client. */
  readonly client: string;
  /** The name of the operation or call in snake case, such as `set` or `multi_get`. */
  readonly name: string;
  /** The parameters, in the order of the fields. */
  readonly parameters: readonly MonitoredParameter[];
  /** The parameters that were left out, because the command has too many. */
  readonly omitted: number;
  /** True for an operation of the `transact` before it. */
  readonly inTransaction: boolean;
}

/** The commands that a node received since its last message to the monitor. */
export interface MonitorResponse {
  /** The commands, in the order in which the node received them. */
  readonly commands: readonly MonitoredCommand[];
  /** The commands behind these that the monitor was too slow for. */
  readonly missed: number;
}
