/**
 * A gRPC duplex call as the Channel of feed and link. The channel encodes and decodes frames, and cuts large ones into
 * parts so that no message is large. While received frames wait, the channel stops reading. The reason of the end is
 * passed on in both directions.
 */
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { HeadwaterError, shuttingDown } from '../base/errors.js';
import { BLOCK_BYTES_CEILING, FRAME_BYTES_MAX, MESSAGE_BYTES_MAX, RECEIVE_QUEUE_BYTES_MAX } from '../base/limits.js';
import { SendWindow } from '../pipeline/send-window.js';
import type { Channel, DownChannel, UpChannel } from '../replication/channel.js';
import {
  type DownFrame,
  decodeDownFrame,
  decodeUpFrame,
  encodeDownFrame,
  encodeUpFrame,
  type UpFrame,
} from '../replication/frames.js';
import { Assembler, partsOf } from '../replication/parts.js';
import { Allowance } from './allowance.js';
import type { DuplexCall } from './handler.js';
import { fromStatus } from './status.js';

/** The functions of a call that a channel needs. */
interface Pipe {
  write(bytes: Buffer): void;
  /** Bytes that were written and are on their way. */
  readonly sending: { readonly bytes: number; below(bytes: number): Promise<void> };
  pause(): void;
  resume(): void;
  /** Ends both directions, in good order if there is no reason. */
  hangUp(reason: HeadwaterError | undefined): void;
  /** Bytes that have arrived, if the transport counts them itself. */
  readonly heardBytes?: number | undefined;
}

interface Codec<Out, In> {
  /**
   * Returns the messages of a frame, in order.
   * @param bytesMax the approximate size of one message, asked before each message.
   */
  encode(frame: Out, bytesMax: () => number): Iterable<Buffer>;
  /** Returns undefined while a frame is not complete. */
  decode(bytes: Buffer): In | undefined;
}

class PipeChannel<Out, In> implements Channel<Out, In> {
  readonly peerAddress: string | undefined;
  readonly #pipe: Pipe;
  readonly #codec: Codec<Out, In>;
  readonly #allowance = new Allowance();
  readonly #ended = new AbortController();
  #received: In[] = [];
  /** Bytes of the received frames, and of the frame that is not complete yet. */
  #receivedBytes = 0;
  /** Bytes of the incomplete frame. */
  #partBytes = 0;
  /** Bytes of all messages so far. */
  #messageBytes = 0;
  #paused = false;
  /** The last frame that had to wait, while it does. Frames that are sent meanwhile go behind it. */
  #sending: Promise<void> | undefined;
  #receiver: { resolve(frames: In[]): void; reject(error: unknown): void } | undefined;

  constructor(pipe: Pipe, codec: Codec<Out, In>, peerAddress?: string) {
    this.peerAddress = peerAddress;
    this.#pipe = pipe;
    this.#codec = codec;
  }

  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  get heardBytes(): number {
    return this.#pipe.heardBytes ?? this.#messageBytes;
  }

  send(frame: Out): Promise<void> | undefined {
    if (this.#ended.signal.aborted) return undefined;
    const sending = this.#sending ? this.#sending.then(() => this.#write(frame)) : this.#write(frame);
    if (!sending) return undefined;
    this.#sending = sending;
    return sending.then(() => {
      if (this.#sending === sending) this.#sending = undefined;
    });
  }

  #write(frame: Out): Promise<void> | undefined {
    if (this.#ended.signal.aborted) return undefined;
    const messages = this.#codec.encode(frame, () => this.#allowance.bytes)[Symbol.iterator]();
    for (let next = messages.next(); !next.done; next = messages.next())
      if (!this.#writeOne(next.value)) return this.#writeRest(messages);
    return undefined;
  }

  /**
   * Writes each message when there is room for it. So a large frame is in memory once, and not once more in the
   * transport.
   */
  async #writeRest(messages: Iterator<Buffer>): Promise<void> {
    await this.#drainedOrEnded();
    for (let next = messages.next(); !next.done && !this.#ended.signal.aborted; next = messages.next())
      if (!this.#writeOne(next.value)) await this.#drainedOrEnded();
  }

  /** @returns false if the next message has to wait. */
  #writeOne(message: Buffer): boolean {
    this.#pipe.write(message);
    this.#allowance.sent(message.length);
    return this.#pipe.sending.bytes < 2 * this.#allowance.bytes;
  }

  receive(): Promise<In[]> {
    if (this.#received.length > 0) return Promise.resolve(this.#take());
    if (this.#ended.signal.aborted) return Promise.reject(this.#ended.signal.reason);
    return new Promise((resolve, reject) => {
      this.#receiver = { resolve, reject };
    });
  }

  close(reason?: HeadwaterError): void {
    if (this.#ended.signal.aborted) return;
    this.end(reason ?? new HeadwaterError('cancelled', 'this side ended the session'));
    this.#pipe.hangUp(reason);
  }

  /** Takes a message that has arrived. */
  data(bytes: Buffer): void {
    if (this.#ended.signal.aborted) return;
    this.#messageBytes += bytes.length;
    this.#receivedBytes += bytes.length;
    this.#partBytes += bytes.length;
    let frame: In | undefined;
    try {
      frame = this.#codec.decode(bytes);
    } catch (error) {
      this.close(HeadwaterError.from(error));
      return;
    }
    if (frame !== undefined) {
      this.#received.push(frame);
      this.#partBytes = 0;
    }
    // An incomplete frame is of no use to the receiver, and has to become complete.
    if (this.#received.length === 0) return;
    if (this.#receiver) {
      const { resolve } = this.#receiver;
      this.#receiver = undefined;
      // Frames that arrive later in this turn are delivered with this one.
      queueMicrotask(() => resolve(this.#take()));
    } else if (this.#receivedBytes > RECEIVE_QUEUE_BYTES_MAX && !this.#paused) {
      this.#paused = true;
      this.#pipe.pause();
    }
  }

  /** Ends the channel, after the peer has ended the call or the call broke. */
  end(reason: HeadwaterError): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort(reason);
    this.#receiver?.reject(reason);
    this.#receiver = undefined;
  }

  /**
   * Resolves when there is room again, or when the channel has ended. If the peer has stopped reading for good, nothing
   * drains any more.
   */
  async #drainedOrEnded(): Promise<void> {
    const beganMs = performance.now();
    await new Promise<void>((resolve) => {
      const done = () => {
        this.ended.removeEventListener('abort', done);
        resolve();
      };
      this.ended.addEventListener('abort', done, { once: true });
      void this.#pipe.sending.below(2 * this.#allowance.bytes).then(done);
    });
    this.#allowance.waited(performance.now() - beganMs);
  }

  #take(): In[] {
    const frames = this.#received;
    this.#received = [];
    this.#receivedBytes = this.#partBytes;
    if (this.#paused) {
      this.#paused = false;
      this.#pipe.resume();
    }
    return frames;
  }
}

const PEER_ENDED = 'the peer ended the session';

/**
 * The upstream's end of a call. `session` runs on the channel. The promise settles when the channel has ended, and
 * rejects with the reason if there is one.
 */
export async function serveDownChannel(
  stream: DuplexCall<Buffer, Buffer>,
  session: (channel: DownChannel) => Promise<void>,
): Promise<void> {
  let outcome: HeadwaterError | undefined;
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const pipe: Pipe = {
    write: (bytes) => void stream.write(bytes),
    sending: stream.sending,
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    hangUp: (reason) => {
      outcome = reason;
      finish();
    },
  };
  const assembler = new Assembler<UpFrame>(decodeUpFrame, MESSAGE_BYTES_MAX);
  const codec: Codec<DownFrame, UpFrame> = { encode: encodeInParts, decode: (bytes) => assembler.take(bytes) };
  const channel = new PipeChannel(pipe, codec, stream.call.peer);
  const ended = (reason: HeadwaterError) => {
    channel.end(reason);
    finish();
  };
  stream.call.onCancelled(() => ended(stream.call.cancelled ?? new HeadwaterError('unreachable', PEER_ENDED)));
  stream.call.onStopping(() => channel.close(shuttingDown()));
  stream.receive(
    (bytes) => {
      channel.data(bytes);
      // The channel bounds the frames that it keeps.
      stream.taken();
    },
    () => ended(new HeadwaterError('unreachable', PEER_ENDED)),
  );
  await Promise.all([session(channel), finished]);
  if (outcome) throw outcome;
}

/**
 * The follower's end of a call.
 * @param heardBytes the bytes that have arrived over the connection, which belongs to this call alone.
 */
export function upChannel(call: ClientDuplexStream<Buffer, Buffer>, heardBytes: () => number): UpChannel {
  // When the channel ends, it releases by itself those who wait for room.
  const sending = new SendWindow(call, { cancelled: undefined, onCancelled: () => {} });
  const pipe: Pipe = {
    write: (bytes) => void sending.write(bytes),
    sending,
    pause: () => call.pause(),
    resume: () => call.resume(),
    hangUp: () => call.cancel(),
    get heardBytes() {
      return heardBytes();
    },
  };
  const assembler = new Assembler<DownFrame>(decodeDownFrame, BLOCK_BYTES_CEILING + FRAME_BYTES_MAX);
  let takesParts = false;
  const codec: Codec<UpFrame, DownFrame> = {
    encode: (frame, bytesMax) => (takesParts ? encodeUpInParts(frame, bytesMax) : [encodeUpFrame(frame)]),
    decode: (bytes) => {
      const frame = assembler.take(bytes);
      if (frame?.kind === 'continue' || frame?.kind === 'fullResync') takesParts = frame.upstream.takesParts;
      return frame;
    },
  };
  const channel = new PipeChannel(pipe, codec);
  call.on('data', (bytes: Buffer) => channel.data(bytes));
  call.on('end', () => channel.end(new HeadwaterError('unreachable', PEER_ENDED)));
  call.on('error', (error: ServiceError) => channel.end(fromStatus(error)));
  return channel;
}

function* encodeInParts(frame: DownFrame, bytesMax: () => number): Generator<Buffer> {
  const bytes = encodeDownFrame(frame);
  if (bytes.length <= 2 * bytesMax()) yield bytes;
  else for (const part of partsOf(bytes, bytesMax)) yield encodeDownFrame(part);
}

function* encodeUpInParts(frame: UpFrame, bytesMax: () => number): Generator<Buffer> {
  const bytes = encodeUpFrame(frame);
  if (bytes.length <= 2 * bytesMax()) yield bytes;
  else for (const part of partsOf(bytes, bytesMax)) yield encodeUpFrame(part);
}
