/**
 * Messages that answer no request: those of subscriptions, and the lines of monitors. A client that asked for them has
 * to read them. The node closes a connection that leaves too many bytes unread, and counts it.
 *
 * A message is encoded once, and all connections that wait for it share its bytes. So the memory of all is the bytes of
 * the different messages, and a little for each wait. That memory has a bound too: beyond it the connections with the
 * most unread bytes are closed.
 */
import type { Clock } from '../../base/clock.js';
import { Fifo } from '../../base/fifo.js';
import {
  PUSHED_BYTES_MAX,
  PUSHED_LEFT_PART,
  PUSHED_SLOW_BYTES_MAX,
  PUSHED_SLOW_MS_MAX,
  PUSHED_TOTAL_BYTES_MAX,
  PUSHED_WRITE_COST_BYTES,
} from '../../base/limits.js';
import type { Logger } from '../../base/logger.js';
import { RepeatedLog } from '../../base/repeated-log.js';

/** The bytes of a message, shared by the connections that wait for it. */
export class Pushed {
  readonly bytes: Buffer;
  /** The number of waits for the message to leave. */
  waits = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

/** The connection that the messages leave by. */
export interface PushTarget {
  readonly peer: string;
  /** Sends a message, and calls `sent` when it has left. @returns the bytes on their way to the client, replies included. */
  push(message: Buffer, sent: () => void): number;
  drop(): void;
}

/** The memory of the messages to all connections. */
export class PushMemory {
  readonly #clock: Clock;
  readonly #log: RepeatedLog;
  readonly #bytesMax: number;
  readonly #open = new Set<Pushes>();
  #bytes = 0;
  #dropped = 0;

  constructor(
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
    bytesMax = PUSHED_TOTAL_BYTES_MAX,
  ) {
    this.#clock = clock;
    this.#log = RepeatedLog.of({ clock, logger });
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Connections that were closed because they read too slowly. */
  get dropped(): number {
    return this.#dropped;
  }

  open(target: PushTarget): Pushes {
    const pushes = new Pushes(this, target);
    this.#open.add(pushes);
    return pushes;
  }

  // ---- for the pushes of a connection ---------------------------------------------

  get nowMs(): number {
    return this.#clock.monotonicMs();
  }

  hold(message: Pushed): void {
    if (message.waits++ === 0) this.#bytes += message.bytes.length;
    this.#bytes += PUSHED_WRITE_COST_BYTES;
  }

  release(message: Pushed): void {
    if (--message.waits === 0) this.#bytes -= message.bytes.length;
    this.#bytes -= PUSHED_WRITE_COST_BYTES;
  }

  closed(pushes: Pushes): void {
    this.#open.delete(pushes);
  }

  drop(pushes: Pushes): void {
    this.#dropped++;
    const { peer, unreadBytes } = pushes;
    this.#log.warn(
      { address: peer },
      `a subscriber or monitor of the Redis protocol was closed: it left ${unreadBytes} bytes unread. Let it read faster, or subscribe to less`,
    );
    pushes.end();
  }

  /** Closes the connections with the most unread bytes if all hold too much. */
  keepBound(): void {
    if (this.#bytes <= this.#bytesMax) return;
    const slowest = [...this.#open].sort((one, other) => other.unreadBytes - one.unreadBytes);
    for (const pushes of slowest) {
      if (this.#bytes <= this.#bytesMax * PUSHED_LEFT_PART) return;
      this.drop(pushes);
    }
  }
}

/** The messages to one connection. */
export class Pushes {
  readonly #memory: PushMemory;
  readonly #target: PushTarget;
  readonly #unsent = new Fifo<Pushed>();
  #unreadBytes = 0;
  /** The time since which the connection leaves more unread than it should. */
  #slowSinceMs: number | undefined;
  #isOver = false;

  constructor(memory: PushMemory, target: PushTarget) {
    this.#memory = memory;
    this.#target = target;
  }

  get peer(): string {
    return this.#target.peer;
  }

  /** Bytes on their way to the client when the last message was sent, replies included. */
  get unreadBytes(): number {
    return this.#unreadBytes;
  }

  send(message: Pushed): void {
    if (this.#isOver) return;
    this.#memory.hold(message);
    this.#unsent.push(message);
    const size = message.bytes.length;
    this.#unreadBytes = this.#target.push(message.bytes, () => this.#sent());
    if (this.#unreadBytes > PUSHED_SLOW_BYTES_MAX) this.#judge(size);
    else this.#slowSinceMs = undefined;
    this.#memory.keepBound();
  }

  /** Forgets all messages that have not left, since the connection is closed. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#memory.closed(this);
    for (const message of this.#unsent.takeAll()) this.#memory.release(message);
  }

  /** Closes the connection at once. */
  end(): void {
    this.close();
    this.#target.drop();
  }

  #sent(): void {
    const message = this.#unsent.shift();
    if (message) this.#memory.release(message);
  }

  /** @param size the bytes of the last message, which may be as large as it likes if it is alone. */
  #judge(size: number): void {
    const { nowMs } = this.#memory;
    const before = this.#unreadBytes - size;
    if (before <= PUSHED_SLOW_BYTES_MAX || this.#slowSinceMs === undefined) this.#slowSinceMs = nowMs;
    const isSlow = nowMs - this.#slowSinceMs > PUSHED_SLOW_MS_MAX;
    if (isSlow || (before > 0 && this.#unreadBytes > PUSHED_BYTES_MAX)) this.#memory.drop(this);
  }
}
