/**
 * The node as a whole, for the commands of Redis that show it, change its role or end it. src/redis-door.ts implements
 * it.
 */

import type { NodeOption, OptionChange } from '../model/node-option.js';
import type { NodeStatus, StatusUpstream } from '../model/status.js';
import type { CheckpointFigures } from '../store/checkpoint.js';

/** The signs of life of the upstream. */
export interface LinkSilence {
  /** The time since the upstream was last heard. Undefined if it was not heard in this session. */
  readonly heardAgoMs: number | undefined;
  /** The time since the link went down. Undefined while the link is up, and if it never was. */
  readonly downMs: number | undefined;
}

/** The order to end a node. */
export interface ShutdownOrder {
  /** Does not wait for followers that are behind. */
  readonly now: boolean;
  /** Makes a checkpoint, so that the next start has nothing to replay. */
  readonly checkpoint: boolean;
}

export interface NodeControl {
  /** Has 40 hexadecimal characters, drawn at each start. */
  readonly runId: string;
  /** Never waits for the store. */
  status(): Promise<NodeStatus>;
  /** About the number of keys, cheaply, for a status that does not have the exact one. Never waits for long. */
  keysEstimate(): Promise<number>;

  /** The link of a follower to its upstream. Undefined on a leader. */
  readonly upstream: StatusUpstream | undefined;
  readonly silence: LinkSilence;
  /** Follows `address`, host:port. Resolves when this is durable. Data that conflict are never dropped for it. */
  follow(address: string): Promise<void>;
  /** Leads. Resolves when this is durable. */
  promote(): Promise<unknown>;
  /**
   * Hands the leadership over, to any follower if `to` is empty.
   * @param signal gives it up, unless the other node was asked already.
   */
  failover(order: { readonly to: string; readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<unknown>;

  /** Undefined while no data are open. */
  readonly checkpoints: CheckpointFigures | undefined;
  /** Makes a checkpoint of everything until now. */
  checkpoint(): Promise<void>;
  /** Whether expired keys are deleted. Readers never see them. */
  readonly activeExpiry: { isOn: boolean };
  /** Ends the process of the node. Undefined if the node runs in a program that ends it itself. */
  readonly shutDown: ((order: ShutdownOrder) => void) | undefined;
  /** The options of the node, some of which change while it runs. */
  readonly options: {
    get(): readonly NodeOption[];
    /** Changes all of them or none. `by` is the client. */
    set(changes: readonly OptionChange[], by: string): readonly NodeOption[];
    /** Writes what was set into the config file. */
    keep(): readonly NodeOption[];
  };
  /** Whether clients may use DEBUG. */
  readonly isDebugged: boolean;
}
