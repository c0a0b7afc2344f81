/**
 * Monitors: the commands of clients, shown as the node receives them, before it checks or carries them out. So a monitor
 * shows refused commands too.
 *
 * While no monitor is open, a message of a client costs one look at `isOpen`, however many commands it has. A monitor
 * never holds up a client: what it is too slow for is dropped and counted.
 */
import { Bell } from '../base/bell.js';
import { type Clock, sleep } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import {
  MONITOR_GATHER_MS,
  MONITOR_PARAMETER_BYTES_MAX,
  MONITOR_PARAMETERS_MAX,
  MONITOR_QUEUE_BYTES_MAX,
  MONITORS_MAX,
} from '../base/limits.js';
import { snakeCase } from '../base/snake-case.js';
import type { MonitoredCommand, MonitoredParameter, MonitorRequest, MonitorResponse } from '../model/monitor.js';
import type { DecodedOperation } from '../protobuf/pipeline.js';

/** A command by its kind, with its fields: an operation, or the request of another call of a client. */
type AskedFields = DecodedOperation | { readonly kind: string; readonly [field: string]: unknown };

/** A command of a Redis client: its words, the name first. */
export class AskedWords {
  readonly words: readonly Buffer[];
  /** The indexes of the words that are keys. */
  readonly keys: readonly number[];

  constructor(words: readonly Buffer[], keys: readonly number[]) {
    this.words = words;
    this.keys = keys;
  }
}

export type Asked = AskedFields | AskedWords;

/** The client of commands, and the time at which they were received. */
export type Origin = Pick<MonitoredCommand, 'client' | 'timeMs'>;

/** A receiver of all commands. Takes no longer than it must, since the client waits. */
export interface CommandWatcher {
  saw(commands: readonly Asked[], origin: Origin): void;
}

/** The receivers of commands pass them on here. */
export interface CommandTap {
  /** True while somebody listens. Nothing is passed on otherwise. */
  readonly isOpen: boolean;
  /** Passes on the commands of one message, in their order. */
  saw(call: { readonly peer: string }, commands: readonly Asked[]): void;
}

/** The tap of a server without monitors. */
export const NO_TAP: CommandTap = { isOpen: false, saw() {} };

export class Monitors implements CommandTap {
  readonly #clock: Clock;
  readonly #open = new Set<CommandWatcher>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isOpen(): boolean {
    return this.#open.size > 0;
  }

  saw({ peer: client }: { readonly peer: string }, commands: readonly Asked[]): void {
    const origin = { client, timeMs: this.#clock.wallMs() };
    for (const watcher of this.#open) watcher.saw(commands, origin);
  }

  /**
   * Passes all commands on from now on. The returned function ends that.
   * @throws HeadwaterError `overloaded` if too many monitors are open.
   */
  open(watcher: CommandWatcher): () => void {
    if (this.#open.size >= MONITORS_MAX) throw tooManyMonitors();
    this.#open.add(watcher);
    return () => this.#open.delete(watcher);
  }

  /**
   * Yields the commands from now on, until `signal` aborts. The first message comes at once, and has none.
   * @throws HeadwaterError `overloaded` if too many monitors are open.
   */
  async *monitor({ prefix }: MonitorRequest, signal: AbortSignal): AsyncGenerator<MonitorResponse> {
    const monitor = new Monitor(prefix);
    const close = this.open(monitor);
    try {
      yield { commands: [], missed: 0 };
      for (;;) {
        const { rings } = monitor.bell;
        if (monitor.hasAny) yield monitor.take();
        else await monitor.bell.rungAfter(rings, signal);
        // Commands that come in the next moments share a message.
        await sleep(this.#clock, MONITOR_GATHER_MS, signal);
        if (signal.aborted) throw signal.reason;
      }
    } finally {
      close();
    }
  }
}

export function tooManyMonitors(): HeadwaterError {
  return new HeadwaterError(
    'overloaded',
    `expected at most ${MONITORS_MAX} monitors, received another. End one of them`,
  );
}

type ShownCommand = Pick<MonitoredCommand, 'name' | 'parameters' | 'omitted'>;
type Seen = Pick<MonitoredCommand, 'client' | 'timeMs' | 'inTransaction'>;

/** A monitor with the commands that wait for it, at most MONITOR_QUEUE_BYTES_MAX bytes of them. */
class Monitor implements CommandWatcher {
  readonly bell = new Bell();
  readonly #prefix: Buffer;
  #commands: MonitoredCommand[] = [];
  #bytes = 0;
  #missed = 0;

  constructor(prefix: Buffer) {
    this.#prefix = prefix;
  }

  get hasAny(): boolean {
    return this.#commands.length > 0 || this.#missed > 0;
  }

  take(): MonitorResponse {
    const taken = { commands: this.#commands, missed: this.#missed };
    this.#commands = [];
    this.#bytes = 0;
    this.#missed = 0;
    return taken;
  }

  saw(commands: readonly Asked[], origin: Origin): void {
    for (const command of commands) this.#add(command, { ...origin, inTransaction: false });
    this.bell.ring();
  }

  /** The operations of a transaction follow it, each as a command. */
  #add(command: Asked, seen: Seen): void {
    if (isRefused(command) || !this.#shows(command)) return;
    if (this.#bytes >= MONITOR_QUEUE_BYTES_MAX) this.#missed++;
    else this.#push(monitored(command, seen));
    for (const operation of operationsOf(command)) this.#add(operation, { ...seen, inTransaction: true });
  }

  #push(command: MonitoredCommand): void {
    this.#commands.push(command);
    this.#bytes += command.parameters.reduce(
      (bytes, { data }) => bytes + data.length + PARAMETER_COST_BYTES,
      COMMAND_COST_BYTES,
    );
  }

  /** Whether a key of the command begins with the prefix. A transaction is shown if one of its operations is. */
  #shows(command: Asked): boolean {
    const prefix = this.#prefix;
    if (prefix.length === 0) return true;
    const isUnder = (key: unknown) => Buffer.isBuffer(key) && key.subarray(0, prefix.length).equals(prefix);
    if (command instanceof AskedWords) return command.keys.some((at) => isUnder(command.words[at]));
    const { key, newKey, keys } = command as { key?: unknown; newKey?: unknown; keys?: unknown };
    if (isUnder(key) || isUnder(newKey) || (Array.isArray(keys) && keys.some(isUnder))) return true;
    return operationsOf(command).some((operation) => this.#shows(operation));
  }
}

/** The memory of a command and of a parameter beside their bytes, about. */
const COMMAND_COST_BYTES = 200;
const PARAMETER_COST_BYTES = 100;

/** How much of a command is shown. */
export interface ShownBounds {
  readonly parameters: number;
  readonly parameterBytes: number;
}

const MONITOR_BOUNDS: ShownBounds = {
  parameters: MONITOR_PARAMETERS_MAX,
  parameterBytes: MONITOR_PARAMETER_BYTES_MAX,
};

/** A command as a monitor shows it. */
export function monitored(command: Asked, seen: Seen): MonitoredCommand {
  return { ...seen, ...shownCommand(command, MONITOR_BOUNDS) };
}

/** A command by its name and parameters, which are copies. */
export function shownCommand(command: Asked, bounds: ShownBounds): ShownCommand {
  if (command instanceof AskedWords) return wordsOf(command, bounds);
  return { name: snakeCase(command.kind), ...parametersOf(command, bounds) };
}

/** Tells whether the command could not even be read. */
export function isRefused(command: Asked): boolean {
  return !(command instanceof AskedWords) && command.kind === 'error';
}

function wordsOf({ words, keys }: AskedWords, bounds: ShownBounds): ShownCommand {
  const shown = words.slice(1, bounds.parameters + 1);
  const parameters = shown.map((word, i) => parameterOf(keys.includes(i + 1) ? 'key' : 'argument', word, bounds));
  const name = (words[0] as Buffer).toString('latin1').toLowerCase();
  return { name, parameters, omitted: words.length - 1 - shown.length };
}

export function operationsOf(command: Asked): readonly Asked[] {
  if (command instanceof AskedWords) return [];
  return command.kind === 'transact' ? (command.operations as readonly Asked[]) : [];
}

/** Parameters whose place says what they are. */
const PLAIN: ReadonlySet<string> = new Set(
  'key keys new_key value pattern patterns channel channels data prefix'.split(' '),
);

/** Tells whether a line shows the value of a parameter of this name without the name. */
export function hasPlainValue(name: string): boolean {
  return PLAIN.has(name);
}

/** Fields that are shown elsewhere, and the guarantees, which most commands have beside them and not in them. */
const NO_PARAMETERS: ReadonlySet<string> = new Set(['kind', 'operations', 'guarantees']);

function parametersOf(command: AskedFields, bounds: ShownBounds): Pick<ShownCommand, 'parameters' | 'omitted'> {
  const parameters: MonitoredParameter[] = [];
  let omitted = 0;
  for (const [name, value] of Object.entries(command)) {
    if (NO_PARAMETERS.has(name)) continue;
    for (const one of Array.isArray(value) ? value : [value]) {
      // A switch that is off is as good as absent.
      if (one === undefined || one === false) continue;
      if (parameters.length === bounds.parameters) omitted++;
      else parameters.push(parameterOf(snakeCase(name), one, bounds));
    }
  }
  return { parameters, omitted };
}

function parameterOf(name: string, value: unknown, { parameterBytes }: ShownBounds): MonitoredParameter {
  const data = Buffer.isBuffer(value) ? value : Buffer.from(textOf(value, parameterBytes));
  // A copy: a view would hold the whole message of the client in memory.
  return { name, data: Buffer.from(data.subarray(0, parameterBytes)), bytes: data.length };
}

/** A number, a switch, or an object of a few fields, such as an expiry, a position or a condition. */
function textOf(value: unknown, bytesMax: number): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([name, field]) => `${snakeCase(name)}=${fieldText(field, bytesMax)}`)
    .join(' ');
}

function fieldText(field: unknown, bytesMax: number): string {
  if (Buffer.isBuffer(field)) return JSON.stringify(field.toString('utf8', 0, bytesMax));
  return typeof field === 'object' && field !== null ? `{${textOf(field, bytesMax)}}` : String(field);
}
