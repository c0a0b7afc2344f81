/**
 * The commands on nodes: status, roles, comparison, options. Each goes to the node that the client is connected to. See
 * `Commands` for the errors of every command.
 */
import { inspect } from 'node:util';
import { parseAddress } from '../base/address.js';
import { HeadwaterError } from '../base/errors.js';
import { COMPARE_TIMEOUT_MS } from '../base/limits.js';
import { checkOptionNames, optionNames } from '../base/option-names.js';
import type { ClusterSwitchReply, StatusCluster } from '../model/cluster.js';
import type { CompareReply, KeyspaceDigestReply } from '../model/comparison.js';
import type { FailoverReply, ForgetReply, PromoteReply } from '../model/leadership.js';
import type { MachineReport } from '../model/machine.js';
import type { NodeOption, OptionChange, OptionValue } from '../model/node-option.js';
import type { SlowLogReply } from '../model/slow-log.js';
import type { NodeStatus } from '../model/status.js';
import {
  CLUSTER_PAUSE,
  CLUSTER_RESUME,
  CLUSTER_STATUS,
  CLUSTER_SWITCH,
  COMPARE,
  DIGEST,
  DRAIN,
  FAILOVER,
  FOLLOW,
  FORGET,
  GET_OPTIONS,
  MACHINE,
  type Method,
  PROMOTE,
  SET_OPTIONS,
  SLOW_LOG,
  STATUS,
} from '../rpc/definitions.js';
import type { Caller } from './caller.js';
import type { Forms } from './codec.js';
import { Commands } from './commands.js';
import { checkCount, checkText } from './measure.js';
import type { Data } from './operations.js';
import { type CallTime, TIME, TIME_NAMES } from './options.js';
import { SideCall } from './side-call.js';
import { isOn } from './switch.js';

/** The options of `follow`. */
export interface FollowOptions extends CallTime {
  /** Lets the node discard data of its own that the other's history has no place for. False by default. */
  readonly acceptDataLoss?: boolean;
  /** Begins with a full resync, at any position. False by default. */
  readonly full?: boolean;
}

/** The options of `failover`. */
export interface FailoverOptions extends CallTime {
  /** The follower that leads then, by host:port or node ID. By default the follower that has the most. */
  readonly to?: string;
  /** Milliseconds that writes may wait until the follower is level. 5,000 by default. */
  readonly waitMs?: number;
}

/** The options of `compare`. */
export interface CompareOptions extends CallTime {
  /** Milliseconds that the leader waits for the last node. 300,000 by default. */
  readonly waitMs?: number;
}

/** Values by the names of options: bytes for a size, milliseconds for a time. */
export type OptionValues = Readonly<Record<string, OptionValue | undefined>>;

/** The options of `setOptions`. */
export interface ChangeOptions extends CallTime {
  /** Writes all that was set into the config file of the node too, so that a restart keeps it. False by default. */
  readonly keep?: boolean;
}

/** The options of `drain`. */
export interface DrainOptions extends CallTime {
  /** Takes the mark back. False by default. */
  readonly undo?: boolean;
}

/** The options of `clusterPause`. */
export interface ClusterPauseOptions extends CallTime {
  /** Ends the pause. False by default. */
  readonly undo?: boolean;
}

/** The options of `slowLog`. */
export interface SlowLogOptions extends CallTime {
  /** The most commands to return. 0, the default, returns all. */
  readonly count?: number;
  /** Empties the slow log. The result still has what was in it. False by default. */
  readonly reset?: boolean;
}

const SLOW_LOG_OPTIONS = optionNames<SlowLogOptions>({ ...TIME_NAMES, count: true, reset: true });
const DRAIN_OPTIONS = optionNames<DrainOptions>({ ...TIME_NAMES, undo: true });
const PAUSE_OPTIONS = optionNames<ClusterPauseOptions>({ ...TIME_NAMES, undo: true });
const CHANGE_OPTIONS = optionNames<ChangeOptions>({ ...TIME_NAMES, keep: true });
const FOLLOW_OPTIONS = optionNames<FollowOptions>({ ...TIME_NAMES, acceptDataLoss: true, full: true });
const FAILOVER_OPTIONS = optionNames<FailoverOptions>({ ...TIME_NAMES, to: true, waitMs: true });
const COMPARE_OPTIONS = optionNames<CompareOptions>({ ...TIME_NAMES, waitMs: true });

/** The commands on nodes. `Client` has them too. */
export class Administration<Key = string, Value = Key, Input = Data> extends Commands<Key, Value, Input> {
  readonly #session: Caller;

  /** @internal */
  constructor(session: Caller, forms: Forms<Key, Value, Input>) {
    super(session, forms);
    this.#session = session;
  }

  /** The status of the node that the client is connected to, even if the node serves nothing. */
  async status(options: CallTime = {}): Promise<NodeStatus> {
    checkOptionNames(options, TIME);
    return this.#call(STATUS, undefined, options);
  }

  /**
   * The digest of the whole keyspace of the node that the client is connected to. Nodes with equal data at the same
   * offset have equal digests. The call reads everything.
   */
  async digest(options: CallTime = {}): Promise<KeyspaceDigestReply> {
    checkOptionNames(options, TIME);
    return this.#call(DIGEST, undefined, options);
  }

  /**
   * Makes the node that the client is connected to a follower of another, also over restarts. Resolves before there is
   * a session, whose state `status` shows.
   * @param address host:port.
   * @throws HeadwaterError `replication_loop` if the address is the node itself.
   */
  async follow(address: string, options: FollowOptions = {}): Promise<void> {
    checkOptionNames(options, FOLLOW_OPTIONS);
    const acceptDataLoss = isOn('acceptDataLoss', options.acceptDataLoss);
    const full = isOn('full', options.full);
    parseAddress(address);
    return this.#call(FOLLOW, { address, acceptDataLoss, full }, options);
  }

  /**
   * Makes the node that the client is connected to a leader, also over restarts. Resolves with the history that the
   * node leads.
   * @throws HeadwaterError `unavailable` if the node's data are not complete.
   */
  async promote(options: CallTime = {}): Promise<PromoteReply> {
    checkOptionNames(options, TIME);
    return this.#call(PROMOTE, undefined, options);
  }

  /**
   * Makes the leader that the client is connected to hand over to a follower, named by host:port or node ID. Without a
   * name, the follower that has the most. Resolves when the follower leads, with the time that writes waited.
   * @param options.timeoutMs the time that the call waits for its answer. By default `waitMs` more than other calls.
   * @throws HeadwaterError `failover_failed` if this node stays the leader, `outcome_unknown` if it has asked the
   * follower and keeps asking.
   */
  async failover(options: FailoverOptions = {}): Promise<FailoverReply> {
    checkOptionNames(options, FAILOVER_OPTIONS);
    const { to = '', waitMs = 0 } = options;
    checkCount('waitMs', waitMs);
    const timeoutMs = options.timeoutMs ?? waitMs + this.#session.settings.timeoutMs;
    return this.#call(FAILOVER, { to, timeoutMs: waitMs }, { ...options, timeoutMs });
  }

  /**
   * Makes the node that the client is connected to forget, durably, a follower that is away. The node then keeps none
   * of its log for the follower.
   * @param node the node ID of the follower, a beginning of it that no other has, or host:port.
   * @throws HeadwaterError `forget_refused` if this names no follower, several, or a connected one.
   */
  async forget(node: string, options: CallTime = {}): Promise<ForgetReply> {
    checkOptionNames(options, TIME);
    checkText('node', node);
    return this.#call(FORGET, node, options);
  }

  /**
   * The cluster of the node that the client is connected to: who leads, for how long, and who could lead next.
   * @throws HeadwaterError `invalid_argument` on a node without a cluster.
   */
  async clusterStatus(time: CallTime = {}): Promise<StatusCluster> {
    checkOptionNames(time, TIME);
    return this.#call(CLUSTER_STATUS, undefined, time);
  }

  /**
   * Pauses the cluster: nobody leads after the present leader, which leads on. `undo` ends the pause, and lets a failover
   * happen that waits for a person.
   */
  async clusterPause(options: ClusterPauseOptions = {}): Promise<void> {
    checkOptionNames(options, PAUSE_OPTIONS);
    return this.#call(isOn('undo', options.undo) ? CLUSTER_RESUME : CLUSTER_PAUSE, undefined, options);
  }

  /**
   * Makes the leader of a cluster, which the client is connected to, give the leadership to another node. Resolves when
   * that node takes writes.
   * @param to host:port or the node ID. Empty for the node that has the most.
   * @throws HeadwaterError `failover_failed` if this node stays the leader.
   */
  async clusterSwitch(to = '', time: CallTime = {}): Promise<ClusterSwitchReply> {
    checkOptionNames(time, TIME);
    if (to !== '') checkText('to', to);
    return this.#call(CLUSTER_SWITCH, to, time);
  }

  /**
   * Makes the leader compare the keyspaces of all connected nodes at one offset.
   * @throws HeadwaterError `read_only_follower` by a node that does not lead.
   */
  async compare(options: CompareOptions = {}): Promise<CompareReply> {
    checkOptionNames(options, COMPARE_OPTIONS);
    const waitMs = options.waitMs ?? COMPARE_TIMEOUT_MS;
    checkCount('waitMs', waitMs);
    // The call outlasts the leader's wait, since the reply names the nodes that did not answer in time.
    const timeoutMs = options.timeoutMs ?? waitMs + this.#session.settings.timeoutMs;
    return this.#call(COMPARE, { timeoutMs: waitMs }, { ...options, timeoutMs });
  }

  /** The machine and the process of the node that the client is connected to. */
  async machine(time: CallTime = {}): Promise<MachineReport> {
    checkOptionNames(time, TIME);
    return this.#call(MACHINE, undefined, time);
  }

  /**
   * Marks the node that the client is connected to as one that is about to be stopped: it says that it is not ready, and
   * takes over no leadership. All calls are still served. `undo` takes the mark back, as a restart does.
   */
  async drain(options: DrainOptions = {}): Promise<void> {
    checkOptionNames(options, DRAIN_OPTIONS);
    return this.#call(DRAIN, !isOn('undo', options.undo), options);
  }

  /**
   * The commands of clients that took long at the node that the client is connected to, the newest first. The node
   * records what its options `slow-log`, `slow-log-microseconds` and `slow-log-length` say.
   *
   *     const { commands } = await db.slowLog({ count: 10 });
   *     for (const { durationUs, words } of commands) console.log(durationUs, words.join(' '));
   */
  async slowLog(options: SlowLogOptions = {}): Promise<SlowLogReply> {
    checkOptionNames(options, SLOW_LOG_OPTIONS);
    const { count = 0, reset, ...time } = options;
    checkCount('count', count);
    return this.#call(SLOW_LOG, { count, reset: isOn('reset', reset) }, time);
  }

  /** The options of the node that the client is connected to: all, or those of these names, such as `min-followers`. */
  async options(names: readonly string[] = [], time: CallTime = {}): Promise<readonly NodeOption[]> {
    checkOptionNames(time, TIME);
    return this.#call(GET_OPTIONS, names, time);
  }

  /**
   * Sets options of that node, all or none, until it stops: `{ 'min-followers': 1, 'max-lag': 5_000 }`. `undefined` takes
   * back what was set. Resolves with the options as they are then.
   * @throws HeadwaterError `invalid_argument` for an unknown option, one that needs a restart, or a wrong value.
   */
  async setOptions(values: OptionValues, options: ChangeOptions = {}): Promise<readonly NodeOption[]> {
    checkOptionNames(options, CHANGE_OPTIONS);
    return this.#call(SET_OPTIONS, { changes: changesOf(values), keep: isOn('keep', options.keep) }, options);
  }

  async #call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: CallTime,
  ): Promise<Response> {
    return new SideCall(this.#session, options).unary(method, request);
  }
}

/** @throws HeadwaterError `invalid_argument` for a value that no option has, also from a program without types. */
function changesOf(values: OptionValues): OptionChange[] {
  return Object.entries(values).map(([name, value]) => {
    if (value === undefined || typeof value === 'string' || typeof value === 'boolean') return { name, value };
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return { name, value };
    throw new HeadwaterError(
      'invalid_argument',
      `${name}: expected a whole number from 0 on, text, true or false, received ${inspect(value)}`,
    );
  });
}
