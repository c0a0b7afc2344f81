/**
 * A connection that receives messages which answer no request: those of its subscriptions, or the lines of a monitor.
 * The commands that such a connection may use are fewer.
 */
import { PUSHED_JOINED_BYTES_MAX } from '../../base/limits.js';
import type { RespVersion } from '../codec/reply-writer.js';
import { transactionAborted } from '../replies/refusal.js';
import { Pushed, type Pushes } from './pushes.js';

/** A channel or a pattern, with its subscribers in the order in which they came. */
export interface Topic {
  readonly name: Buffer;
  readonly listeners: Set<Listener>;
}

/** A connection that speaks one version of the protocol at a time. */
interface Speaker {
  readonly out: { readonly version: RespVersion };
}

/** The three kinds of subscriptions. */
export type SubscriptionKind = 'channels' | 'patterns' | 'shardChannels';

/** The commands that a subscriber that speaks RESP2 may use. */
const WHILE_SUBSCRIBED: ReadonlySet<string> = new Set(
  'ping subscribe unsubscribe psubscribe punsubscribe ssubscribe sunsubscribe quit reset'.split(' '),
);

export class Listener {
  readonly channels = new Set<Topic>();
  readonly patterns = new Set<Topic>();
  readonly shardChannels = new Set<Topic>();
  /** The memory of the subscriptions, about. */
  subscribedBytes = 0;
  isMonitor = false;
  readonly pushes: Pushes;
  /** Ends all subscriptions and the monitor. */
  readonly leave: () => void;
  readonly #session: Speaker;
  /** Messages of this turn. */
  #parts: Pushed[] = [];
  #partsBytes = 0;

  constructor(session: Speaker, pushes: Pushes, leave: () => void) {
    this.#session = session;
    this.pushes = pushes;
    this.leave = leave;
  }

  get version(): RespVersion {
    return this.#session.out.version;
  }

  /** The subscriptions as Redis counts them: those of shard channels apart. */
  count(kind: SubscriptionKind): number {
    return kind === 'shardChannels' ? this.shardChannels.size : this.channels.size + this.patterns.size;
  }

  get isSubscribed(): boolean {
    return this.channels.size + this.patterns.size + this.shardChannels.size > 0;
  }

  /**
   * The sentence that refuses a command to this connection, undefined if the command is allowed.
   * @param name in lower case, of a subcommand with its command.
   */
  refusalOf(name: string, flags: readonly string[]): string | undefined {
    // Replies and messages look alike in RESP2.
    if (this.version === 2 && this.isSubscribed && !WHILE_SUBSCRIBED.has(name)) {
      const sentence = `ERR Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`;
      return name === 'exec' ? transactionAborted(sentence) : sentence;
    }
    if (!this.isMonitor) return undefined;
    const isAboutKeys = flags.includes('readonly') || flags.includes('write') || name.endsWith('publish');
    return isAboutKeys ? "ERR Replica can't interact with the keyspace" : undefined;
  }

  /**
   * Gathers a message. Sends the messages before it, if they are many.
   * @returns true if the message is the first since the last `send`.
   */
  add(message: Pushed, join: Join): boolean {
    const size = message.bytes.length;
    if (this.#partsBytes + size > PUSHED_JOINED_BYTES_MAX) this.send(join);
    this.#partsBytes += size;
    return this.#parts.push(message) === 1;
  }

  /** Sends what was gathered. */
  send(join: Join = joinShared()): void {
    const parts = this.#parts;
    if (parts.length === 0) return;
    this.#parts = [];
    this.#partsBytes = 0;
    this.pushes.send(parts.length === 1 ? (parts[0] as Pushed) : join(parts));
  }
}

/** Makes one message of several. */
export type Join = (parts: readonly Pushed[]) => Pushed;

/** Connections that receive the same messages share one buffer. */
export function joinShared(): Join {
  let last: { readonly parts: readonly Pushed[]; readonly joined: Pushed } | undefined;
  return (parts) => {
    if (last && isSame(last.parts, parts)) return last.joined;
    last = { parts, joined: new Pushed(Buffer.concat(parts.map(({ bytes }) => bytes))) };
    return last.joined;
  };
}

function isSame(some: readonly Pushed[], others: readonly Pushed[]): boolean {
  return some.length === others.length && some.every((one, i) => one === others[i]);
}
