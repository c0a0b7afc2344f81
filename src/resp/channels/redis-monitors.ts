/**
 * The connections that have sent MONITOR. They receive the commands of all clients, each as a line in the form of Redis.
 * A command of gRPC is shown with the values of its fields, and with the names of those that need one.
 */
import { MONITOR_ARGUMENT_BYTES_MAX, MONITOR_ARGUMENTS_MAX, MONITORS_MAX } from '../../base/limits.js';
import type { MonitoredParameter } from '../../model/monitor.js';
import {
  type Asked,
  AskedWords,
  type CommandWatcher,
  hasPlainValue,
  isRefused,
  monitored,
  type Origin,
  operationsOf,
  tooManyMonitors,
} from '../../pipeline/monitors.js';
import type { Listener } from './listener.js';
import { Pushed } from './pushes.js';

/** Lines are sent when so many characters wait, and at the end of the turn. */
const LINES_LENGTH_MAX = 64 * 1024;

/** The tap of the node. */
interface Tap {
  open(watcher: CommandWatcher): () => void;
}

export class RedisMonitors implements CommandWatcher {
  readonly #tap: Tap;
  readonly #listeners = new Set<Listener>();
  #close: (() => void) | undefined;
  #lines = '';
  #willSend = false;

  constructor(tap: Tap) {
    this.#tap = tap;
  }

  /** @throws HeadwaterError `overloaded` if too many monitors are open. */
  add(listener: Listener): void {
    if (this.#listeners.size >= MONITORS_MAX) throw tooManyMonitors();
    this.#close ??= this.#tap.open(this);
    this.#listeners.add(listener);
    listener.isMonitor = true;
  }

  leave(listener: Listener): void {
    if (!this.#listeners.delete(listener)) return;
    listener.isMonitor = false;
    if (this.#listeners.size > 0) return;
    this.#close?.();
    this.#close = undefined;
    this.#lines = '';
  }

  saw(commands: readonly Asked[], origin: Origin): void {
    for (const command of commands) this.#add(command, origin);
    if (this.#willSend || this.#lines === '') return;
    this.#willSend = true;
    // Commands of other clients in this turn share the message.
    setImmediate(() => {
      this.#willSend = false;
      this.#send();
    });
  }

  #add(command: Asked, origin: Origin): void {
    if (isRefused(command)) return;
    this.#lines += lineOf(command, origin);
    for (const operation of operationsOf(command)) this.#add(operation, origin);
    if (this.#lines.length >= LINES_LENGTH_MAX) this.#send();
  }

  #send(): void {
    if (this.#lines === '') return;
    const message = new Pushed(Buffer.from(this.#lines, 'latin1'));
    this.#lines = '';
    for (const listener of this.#listeners) listener.pushes.send(message);
  }
}

function lineOf(command: Asked, origin: Origin): string {
  const { client, timeMs } = origin;
  const seconds = Math.floor(timeMs / 1_000);
  const microseconds = Math.floor((timeMs % 1_000) * 1_000);
  const words = command instanceof AskedWords ? wordsOf(command) : fieldsOf(command, origin);
  return `+${seconds}.${String(microseconds).padStart(6, '0')} [0 ${client}] ${words.join(' ')}\r\n`;
}

function wordsOf({ words }: AskedWords): string[] {
  const shown = words.slice(0, MONITOR_ARGUMENTS_MAX).map((word) => {
    const left = word.length - MONITOR_ARGUMENT_BYTES_MAX;
    return left <= 0 ? quoted(word) : cut(word.subarray(0, MONITOR_ARGUMENT_BYTES_MAX), `${left} more bytes`);
  });
  const left = words.length - shown.length;
  return left === 0 ? shown : [...shown, `"... (${left} more arguments)"`];
}

function fieldsOf(command: Asked, origin: Origin): string[] {
  const { name, parameters, omitted } = monitored(command, { ...origin, inTransaction: false });
  const words = [quoted(Buffer.from(name)), ...parameters.map(fieldText)];
  return omitted === 0 ? words : [...words, `"... (${omitted} more arguments)"`];
}

function fieldText({ name, data, bytes }: MonitoredParameter): string {
  const word = hasPlainValue(name) ? data : Buffer.concat([Buffer.from(`${name}=`), data]);
  const left = bytes - data.length;
  return left === 0 ? quoted(word) : cut(word, `${left} more bytes`);
}

function cut(word: Buffer, left: string): string {
  return `${quoted(word).slice(0, -1)}... (${left})"`;
}

const ESCAPED: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
};

/** Quotes like Redis: bytes beyond printable ASCII as `\xHH`. */
function quoted(word: Buffer): string {
  const text = word.toString('latin1');
  const escaped = text.replace(
    /[^ !#-[\]-~]/g,
    (one) => ESCAPED[one] ?? `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `"${escaped}"`;
}
