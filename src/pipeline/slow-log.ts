/**
 * The slow log: the commands of clients that took long, over both protocols, with their beginnings and their clients.
 *
 * The time of a command runs from the moment at which the node takes up the message with it until the reply is on its
 * way. If the client sent commands before it that were not answered by then, the time runs from their answer. So the wait
 * in the queues of the node, for the disk and for the commands of other clients in the same block is in it. These waits
 * are not: for bytes of the client, for a client that does not read, for followers or the disk that the client itself
 * asked for (a durability, `WAIT`), and for a freshness.
 *
 * Commands of one client that are answered together share their time, by the sizes of their requests: a `SET` of 16 MiB
 * among small ones gets nearly all of it. A long pipeline of quick commands is not slow.
 *
 * The doors look at the clock once for a message and once for a flush of replies. They show commands to the slow log
 * only if the time of all of them together reaches the threshold.
 */
import { type Clock, systemClock } from '../base/clock.js';
import { Fifo } from '../base/fifo.js';
import { SLOW_ARGUMENT_BYTES_MAX, SLOW_ARGUMENTS_MAX, SLOW_LOG_BYTES_MAX } from '../base/limits.js';
import type { MonitoredParameter } from '../model/monitor.js';
import type { SlowCommand, SlowLogReply, SlowLogRequest } from '../model/slow-log.js';
import { type Asked, AskedWords, hasPlainValue, operationsOf, type ShownBounds, shownCommand } from './monitors.js';

/** The options of the node for its slow log. They change while the node runs. */
export interface SlowLogOptions {
  readonly slowLog: boolean;
  readonly slowLogMicroseconds: number;
  readonly slowLogLength: number;
}

/** The client of a command. */
export type SlowOrigin = Pick<SlowCommand, 'client' | 'clientName' | 'user'>;

/** The way in which a door shows its commands. */
export interface CommandLook<Command> {
  /** The size of the request, about. */
  bytesOf(command: Command): number;
  /** The command without secrets. Called for slow commands alone. Undefined if it is not to be recorded. */
  shown(command: Command): Asked | undefined;
}

const MICROSECONDS_PER_MS = 1_000;

/** The size of a request for its share of the time, beside its bytes. */
const REQUEST_COST_BYTES = 64;
/** The memory of an entry and of a word beside their bytes, about. */
const ENTRY_COST_BYTES = 400;
const WORD_COST_BYTES = 104;

interface Entry {
  readonly command: SlowCommand;
  readonly bytes: number;
}

export class SlowLog {
  readonly #clock: Clock;
  readonly #options: SlowLogOptions;
  /** The oldest first. */
  readonly #entries = new Fifo<Entry>();
  #bytes = 0;
  #nextId = 0;

  /** @param options whose values may change. */
  constructor(clock: Clock, options: SlowLogOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** The time now, for the doors. */
  get nowMs(): number {
    return this.#clock.monotonicMs();
  }

  /** Commands that were recorded since the node started. */
  get recorded(): number {
    return this.#nextId;
  }

  /** The commands that are in the slow log. */
  get length(): number {
    this.#trim();
    return this.#entries.length;
  }

  /** Whether commands that took so long together are worth a look. */
  isSlow(ms: number): boolean {
    const { slowLog, slowLogMicroseconds } = this.#options;
    return slowLog && ms * MICROSECONDS_PER_MS >= slowLogMicroseconds;
  }

  /** Records the slow ones among commands of one client that were answered together, and took so long. */
  answered<Command>(
    commands: readonly Command[],
    ms: number,
    { bytesOf, shown }: CommandLook<Command>,
    origin: () => SlowOrigin,
  ): void {
    if (!this.isSlow(ms)) return;
    let bytes = 0;
    let largest = 0;
    for (const command of commands) {
      const own = REQUEST_COST_BYTES + bytesOf(command);
      bytes += own;
      if (own > largest) largest = own;
    }
    const msPerByte = ms / bytes;
    if (!this.isSlow(largest * msPerByte)) return;
    const timeMs = this.#clock.wallMs();
    for (const command of commands) {
      const ownMs = (REQUEST_COST_BYTES + bytesOf(command)) * msPerByte;
      const asked = this.isSlow(ownMs) ? shown(command) : undefined;
      if (asked) this.#add(wordsOf(asked), { timeMs, durationUs: Math.round(ownMs * MICROSECONDS_PER_MS) }, origin());
    }
  }

  /** Reads the slow log, and empties it if that is asked for. */
  read({ count, reset }: SlowLogRequest): SlowLogReply {
    const { length } = this;
    const first = count === 0 ? 0 : Math.max(0, length - count);
    const commands: SlowCommand[] = [];
    for (let at = length - 1; at >= first; at--) commands.push((this.#entries.at(at) as Entry).command);
    if (reset) this.reset();
    const { slowLog, slowLogMicroseconds } = this.#options;
    return { commands, length, thresholdUs: slowLog ? slowLogMicroseconds : undefined };
  }

  /** Empties the slow log. The numbers of later commands go on. */
  reset(): void {
    this.#entries.takeAll();
    this.#bytes = 0;
  }

  #add(shown: readonly Buffer[], times: Pick<SlowCommand, 'timeMs' | 'durationUs'>, origin: SlowOrigin): void {
    const wordBytes = shown.reduce((sum, word) => sum + word.length, 0);
    const words = copiesOf(shown, wordBytes);
    const nameBytes = 2 * (origin.clientName.length + origin.user.length);
    const bytes = ENTRY_COST_BYTES + words.length * WORD_COST_BYTES + wordBytes + nameBytes;
    this.#entries.push({ command: { id: this.#nextId++, ...times, ...origin, words }, bytes });
    this.#bytes += bytes;
    this.#trim();
  }

  /** Drops the oldest entries beyond the bounds. */
  #trim(): void {
    while (this.#entries.length > this.#options.slowLogLength || this.#bytes > SLOW_LOG_BYTES_MAX)
      this.#bytes -= (this.#entries.shift() as Entry).bytes;
  }
}

/** The slow log of a server that has none. */
export function noSlowLog(clock: Clock = systemClock): SlowLog {
  return new SlowLog(clock, { slowLog: false, slowLogMicroseconds: 0, slowLogLength: 0 });
}

/** The beginning of a word, and the size of the whole word. */
interface Word {
  readonly beginning: Buffer;
  readonly bytes: number;
}

const GRPC_BOUNDS: ShownBounds = { parameters: SLOW_ARGUMENTS_MAX, parameterBytes: SLOW_ARGUMENT_BYTES_MAX };

/** The beginning of a command, cut as Redis cuts it. The words may be views of a message. */
function wordsOf(asked: Asked): Buffer[] {
  if (asked instanceof AskedWords) {
    const { words } = asked;
    return withinBounds(words.slice(0, SLOW_ARGUMENTS_MAX).map(wholeWord), words.length);
  }
  const { words, count: ownCount } = fieldsOf(asked);
  let count = ownCount;
  const operations = operationsOf(asked);
  // Not more than is shown: a transaction may have thousands.
  for (const [at, operation] of operations.entries()) {
    if (words.length >= SLOW_ARGUMENTS_MAX) {
      const rest = Buffer.from(`... (${operations.length - at} more operations)`);
      return [...words.slice(0, SLOW_ARGUMENTS_MAX - 1).map(shortened), rest];
    }
    const fields = fieldsOf(operation);
    words.push(...fields.words);
    count += fields.count;
  }
  return withinBounds(words, count);
}

/**
 * A command of gRPC: its name, and the values of its fields, with the names of those that need one.
 * @returns at least as many words as are shown, and the count of all.
 */
function fieldsOf(asked: Asked): { readonly words: Word[]; readonly count: number } {
  const { name, parameters, omitted } = shownCommand(asked, GRPC_BOUNDS);
  const words = [wholeWord(Buffer.from(name)), ...parameters.map(wordOf)];
  return { words, count: words.length + omitted };
}

function wordOf({ name, data, bytes }: MonitoredParameter): Word {
  if (hasPlainValue(name)) return { beginning: data, bytes };
  const label = Buffer.from(`${name}=`);
  return { beginning: Buffer.concat([label, data]), bytes: label.length + bytes };
}

function wholeWord(word: Buffer): Word {
  return { beginning: word, bytes: word.length };
}

/** @param count of all words, those that are not here too. */
function withinBounds(words: readonly Word[], count: number): Buffer[] {
  if (count <= SLOW_ARGUMENTS_MAX) return words.map(shortened);
  const shown = words.slice(0, SLOW_ARGUMENTS_MAX - 1).map(shortened);
  return [...shown, Buffer.from(`... (${count - shown.length} more arguments)`)];
}

function shortened({ beginning, bytes }: Word): Buffer {
  const shown = beginning.subarray(0, SLOW_ARGUMENT_BYTES_MAX);
  if (shown.length === bytes) return shown;
  return Buffer.concat([shown, Buffer.from(`... (${bytes - shown.length} more bytes)`)]);
}

/**
 * Copies of words in one piece of memory of their own. A view would hold a message of the client, and a small buffer by
 * itself would hold 8 KiB: Node cuts those from a pool.
 */
function copiesOf(words: readonly Buffer[], bytes: number): Buffer[] {
  const memory = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  return words.map((word) => {
    const start = at;
    at += word.copy(memory, start);
    return memory.subarray(start, at);
  });
}
