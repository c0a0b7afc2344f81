/**
 * The socket of one Redis client: the bytes that leave, their back-pressure and their memory, and the end of the
 * connection. The session decides what is written.
 */
import type net from 'node:net';
import { formatAddress } from '../../base/address.js';
import type { Clock } from '../../base/clock.js';
import { REFUSED_HANG_UP_MS_MAX, REPLY_MESSAGE_BYTES_TARGET } from '../../base/limits.js';
import type { ReplyMemory } from '../../pipeline/reply-memory.js';
import type { ReplyShare } from '../../pipeline/reply-share.js';
import { SendWindow, whenRoomForMessage } from '../../pipeline/send-window.js';
import { ReplyWriter, type RespVersion } from '../codec/reply-writer.js';
import type { DoorCounts } from '../info/door-counts.js';
import { ClientCall } from './client-call.js';
import type { JointFlushes } from './joint-flushes.js';

/** The parts of the door that a connection needs. */
export interface ConnectionOptions {
  readonly clock: Clock;
  readonly replies: Pick<ReplyMemory, 'open'>;
  readonly counts: Pick<DoorCounts, 'keys'>;
  /** The flushes of all connections. */
  readonly flushes: JointFlushes;
  /** Logs an unforeseen failure for the operator. */
  report(failure: unknown): void;
}

/** A connection in figures. */
export interface ConnectionFigures {
  /** The host:port of the node that the client has connected to. */
  readonly local: string;
  readonly version: RespVersion;
  /** The number of the socket in this process. -1 if the platform does not tell. */
  readonly descriptor: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** Bytes of a request that is not complete. */
  readonly heldBytes: number;
  /** Bytes of replies that wait for the client to read. */
  readonly waitingBytes: number;
}

export class RedisConnection {
  readonly socket: net.Socket;
  readonly call: ClientCall;
  readonly out: ReplyWriter;
  readonly sending: SendWindow;
  readonly share: ReplyShare;
  readonly #local: string;
  readonly #clock: Clock;
  readonly #flushes: JointFlushes;
  /** True once no more replies can be written. */
  #isEnding = false;
  #isGathering = false;
  /** Bytes on their way that answer no request. */
  #pushedBytes = 0;
  /** Such messages that wait for the end of a reply. */
  #held: Array<[message: Buffer, sent: () => void]> = [];
  #heldBytes = 0;
  /** True while memory is taken for a reply that is not written yet. */
  #hasReserved = false;

  constructor(socket: net.Socket, { clock, replies, report, counts, flushes }: ConnectionOptions) {
    const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket;
    this.socket = socket;
    this.#clock = clock;
    this.#flushes = flushes;
    this.out = new ReplyWriter(counts.keys);
    this.call = new ClientCall(formatAddress({ host: remoteAddress, port: remotePort }), report);
    this.#local = formatAddress({ host: localAddress, port: localPort });
    this.share = replies.open(socket, {
      get connectionBytes() {
        return socket.bytesWritten;
      },
      // The client reads nothing, so an error would wait behind the replies.
      end: () => this.drop(),
    });
    this.sending = new SendWindow(socket, this.call, this.share);
    // The client may shut down its side, and still wants the answers.
    socket.allowHalfOpen = true;
    socket.once('close', () => this.#closed());
  }

  figures(heldBytes: number): ConnectionFigures {
    const { socket, out } = this;
    const { _handle: handle } = socket as { readonly _handle?: { readonly fd?: number } | null };
    return {
      local: this.#local,
      version: out.version,
      descriptor: handle?.fd ?? -1,
      receivedBytes: socket.bytesRead,
      sentBytes: socket.bytesWritten,
      heldBytes,
      waitingBytes: out.bytes + socket.writableLength,
    };
  }

  /** Sends what was written in one write. @returns false if the next replies have to wait for `drained`. */
  flush(): boolean {
    const { socket, out, sending } = this;
    if (out.bytes === 0) return true;
    if (this.#hasReserved) this.#release();
    const parts = out.take();
    if (this.#isEnding) return true;
    if (parts.length === 1) return sending.write(parts[0] as Buffer);
    socket.cork();
    let hasRoom = true;
    for (const part of parts) hasRoom = sending.write(part);
    socket.uncork();
    return hasRoom;
  }

  /** Sends what was written at the end of this turn, behind the work of other connections. */
  flushLater(): void {
    if (this.out.bytes > 0) this.#flushes.add(this);
  }

  /** Sends all that is written in this turn of the event loop together. */
  gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    this.socket.cork();
    process.nextTick(() => {
      this.#isGathering = false;
      this.socket.uncork();
    });
  }

  /** Sends much that was written. @returns false if the reply to a command that runs alone has to wait for `roomForPart`. */
  hasRoomForPart(): boolean {
    // Replies of commands that answer at once share a write.
    const isSmall = this.out.bytes < REPLY_MESSAGE_BYTES_TARGET;
    return (isSmall || this.flush()) && this.share.hasRoom(REPLY_MESSAGE_BYTES_TARGET);
  }

  /**
   * Sends what was written, and resolves when there is memory for a reply, or for a further part of a long one: the
   * client has read enough, and so have the others.
   * @throws the reason if the client is gone.
   */
  async roomForPart(): Promise<void> {
    const { call, share, sending } = this;
    if (!this.flush()) await sending.drained();
    await whenRoomForMessage(share, sending, call.signal);
    this.#hasReserved = true;
    if (call.cancelled) throw call.cancelled;
  }

  /**
   * Sends a message that answers no request, behind the replies that were written. Calls `sent` when it has left.
   * @param options.isHeld keeps the message until `pushHeld`.
   * @returns the bytes on their way.
   */
  push(message: Buffer, sent: () => void, options: { readonly isHeld: boolean }): number {
    if (options.isHeld) {
      this.#held.push([message, sent]);
      this.#heldBytes += message.length;
    } else this.#push(message, sent);
    return this.#heldBytes + this.#pushedBytes + this.sending.bytes;
  }

  /** Sends the messages that were held. */
  pushHeld(): void {
    if (this.#held.length === 0) return;
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const [message, sent] of held) this.#push(message, sent);
  }

  #push(message: Buffer, sent: () => void): void {
    if (this.#isEnding) return sent();
    this.gather();
    this.flush();
    this.#pushedBytes += message.length;
    this.sending.usage?.spend(0, message.length);
    this.socket.write(message, () => {
      this.#pushedBytes -= message.length;
      sent();
    });
  }

  /** Gives up the memory that was taken for a reply. The bytes of the reply count from now on. */
  #release(): void {
    this.#hasReserved = false;
    this.share.making(0);
  }

  /**
   * Sends what was written, and closes. Bytes that the client still sends are dropped. A client that has been
   * sent all and does not close its side is cut off after REFUSED_HANG_UP_MS_MAX.
   */
  finish(): void {
    if (this.#isEnding) return;
    this.flush();
    this.#isEnding = true;
    this.socket.resume();
    // A close at once would reset the connection if bytes come in, and the client might lose the last replies.
    this.socket.end(() => {
      const cancel = this.#clock.after(REFUSED_HANG_UP_MS_MAX, () => this.drop());
      this.socket.once('close', cancel);
    });
  }

  /** Closes at once. */
  drop(): void {
    this.#isEnding = true;
    this.socket.destroy();
  }

  #closed(): void {
    this.#isEnding = true;
    this.call.cancel();
    this.share.close();
  }
}
