/** The commands that a node receives, as a client follows them. */
import { checkOptionNames, optionNames } from '../base/option-names.js';
import type { MonitoredCommand } from '../model/monitor.js';
import { MONITOR } from '../rpc/definitions.js';
import { type Caller, endOf } from './caller.js';
import { toBuffer } from './measure.js';
import type { Data } from './operations.js';
import { type CallTime, TIME_NAMES } from './options.js';
import { SideCall } from './side-call.js';

/**
 * The options of `monitor`. `signal` ends the loop. `timeoutMs` is the longest time without a sign of
 * life of the node.
 */
export interface MonitorOptions extends CallTime {
  /** Shows only commands that name a key with this beginning. All commands by default. */
  readonly prefix?: Data | undefined;
}

/** A command that the node received. */
export interface CommandSeen extends MonitoredCommand {
  /** Tells the kinds of items apart. */
  readonly kind: 'command';
}

/** Commands that the monitor was too slow for. */
export interface CommandsMissed {
  /** Tells the kinds of items apart. */
  readonly kind: 'missed';
  /** The number of commands. */
  readonly count: number;
}

/** An item of `monitor`: a command, or the number of commands that were missed in its place. */
export type MonitorItem = CommandSeen | CommandsMissed;

const MONITOR_OPTIONS = optionNames<MonitorOptions>({ ...TIME_NAMES, prefix: true });

/** If the connection breaks, the loop ends with an error: nobody knows what came meanwhile. */
export async function* monitor(session: Caller, asked: MonitorOptions): AsyncGenerator<MonitorItem> {
  checkOptionNames(asked, MONITOR_OPTIONS);
  const { prefix = '', signal, ...options } = asked;
  const request = { prefix: toBuffer('prefix', prefix) };
  try {
    const call = new SideCall(session, { ...options, signal: endOf(session, signal) });
    for await (const { commands, missed } of call.stream(MONITOR, request)) {
      for (const command of commands) yield { kind: 'command', ...command };
      if (missed > 0) yield { kind: 'missed', count: missed };
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}
