/**
 * A gRPC duplex call as the Channel that feed and link work with: encodes and
 * decodes frames, cuts large ones into parts so that no message is large, stops
 * reading while what was received waits, and passes the reason of the end on
 * in both directions.
 */
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { HeadwaterError, shuttingDown } from '../errors.js';
import { BLOCK_BYTES_CEILING, FRAME_BYTES_MAX, RECEIVE_QUEUE_BYTES_MAX } from '../limits.js';
import type { Channel, DownChannel, UpChannel } from '../replication/channel.js';
import { type DownFrame, decodeDownFrame, encodeDownFrame, type Part } from '../wire/down-frames.js';
import { decodeUpFrame, encodeUpFrame, type UpFrame } from '../wire/up-frames.js';
import type { DuplexCall } from './handler.js';
import { fromStatus } from './status.js';

/** One end of a call, as far as a channel needs it. */
interface Pipe {
  /** False where the next message has to wait for `drained`. */
  write(bytes: Buffer): boolean;
  drained(): Promise<void>;
  pause(): void;
  resume(): void;
  /** Ends both directions; without a reason, in good order. */
  hangUp(reason: HeadwaterError | undefined): void;
}

interface Codec<Out, In> {
  /** The bytes of a frame, in order, each small enough to be sent whole. */
  encode(frame: Out): Iterable<Buffer>;
  /** Undefined while a frame is not whole yet. */
  decode(bytes: Buffer): In | undefined;
}

class PipeChannel<Out, In> implements Channel<Out, In> {
  readonly peerAddress: string | undefined;
  readonly #pipe: Pipe;
  readonly #codec: Codec<Out, In>;
  readonly #ended = new AbortController();
  #received: In[] = [];
  #receivedBytes = 0;
  #paused = false;
  #receiver: { resolve(frames: In[]): void; reject(error: unknown): void } | undefined;

  constructor(pipe: Pipe, codec: Codec<Out, In>, peerAddress?: string) {
    this.peerAddress = peerAddress;
    this.#pipe = pipe;
    this.#codec = codec;
  }

  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  send(frame: Out): Promise<void> | undefined {
    if (this.#ended.signal.aborted) return undefined;
    let open = true;
    for (const bytes of this.#codec.encode(frame)) open = this.#pipe.write(bytes);
    return open ? undefined : this.#drainedOrEnded();
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

  /** A message has arrived. */
  data(bytes: Buffer): void {
    if (this.#ended.signal.aborted) return;
    let frame: In | undefined;
    try {
      frame = this.#codec.decode(bytes);
    } catch (error) {
      this.close(HeadwaterError.from(error));
      return;
    }
    if (frame === undefined) return;
    this.#received.push(frame);
    this.#receivedBytes += bytes.length;
    if (this.#receiver) {
      const { resolve } = this.#receiver;
      this.#receiver = undefined;
      // What else arrives in this turn goes along.
      queueMicrotask(() => resolve(this.#take()));
    } else if (this.#receivedBytes > RECEIVE_QUEUE_BYTES_MAX && !this.#paused) {
      this.#paused = true;
      this.#pipe.pause();
    }
  }

  /** The peer has ended the call, or it broke. */
  end(reason: HeadwaterError): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort(reason);
    this.#receiver?.reject(reason);
    this.#receiver = undefined;
  }

  /** Where the peer has stopped reading for good, nothing drains any more: whoever waits hears of the end. */
  #drainedOrEnded(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.ended.removeEventListener('abort', done);
        resolve();
      };
      this.ended.addEventListener('abort', done, { once: true });
      void this.#pipe.drained().then(done);
    });
  }

  #take(): In[] {
    const frames = this.#received;
    this.#received = [];
    this.#receivedBytes = 0;
    if (this.#paused) {
      this.#paused = false;
      this.#pipe.resume();
    }
    return frames;
  }
}

const PEER_ENDED = 'the peer ended the session';

/**
 * The upstream's end of a call. `session` runs on the channel; the promise
 * settles, with the reason where there is one, when the channel has ended.
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
    write: (bytes) => stream.write(bytes),
    drained: () => stream.drained(),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    hangUp: (reason) => {
      outcome = reason;
      finish();
    },
  };
  const codec: Codec<DownFrame, UpFrame> = { encode: encodeInParts, decode: decodeUpFrame };
  const channel = new PipeChannel(pipe, codec, stream.call.peer);
  const ended = (reason: HeadwaterError) => {
    channel.end(reason);
    finish();
  };
  stream.call.onCancelled(() => ended(stream.call.cancelled ?? new HeadwaterError('unreachable', PEER_ENDED)));
  stream.call.onStopping(() => channel.close(shuttingDown()));
  stream.receive(
    (bytes) => channel.data(bytes),
    () => ended(new HeadwaterError('unreachable', PEER_ENDED)),
  );
  await Promise.all([session(channel), finished]);
  if (outcome) throw outcome;
}

/** The follower's end of a call. */
export function upChannel(call: ClientDuplexStream<Buffer, Buffer>): UpChannel {
  const pipe: Pipe = {
    write: (bytes) => call.write(bytes),
    drained: () => new Promise((resolve) => call.once('drain', () => resolve())),
    pause: () => call.pause(),
    resume: () => call.resume(),
    hangUp: () => call.cancel(),
  };
  const codec: Codec<UpFrame, DownFrame> = { encode: (frame) => [encodeUpFrame(frame)], decode: assembler() };
  const channel = new PipeChannel(pipe, codec);
  call.on('data', (bytes: Buffer) => channel.data(bytes));
  call.on('end', () => channel.end(new HeadwaterError('unreachable', PEER_ENDED)));
  call.on('error', (error: ServiceError) => channel.end(fromStatus(error)));
  return channel;
}

function* encodeInParts(frame: DownFrame): Generator<Buffer> {
  const bytes = encodeDownFrame(frame);
  if (bytes.length <= 2 * FRAME_BYTES_MAX) {
    yield bytes;
    return;
  }
  for (let at = 0; at < bytes.length; at += FRAME_BYTES_MAX) {
    const data = bytes.subarray(at, at + FRAME_BYTES_MAX);
    yield encodeDownFrame({ kind: 'part', data, last: at + FRAME_BYTES_MAX >= bytes.length });
  }
}

/** Puts parts together; a frame counts only when it is whole. */
function assembler(): (bytes: Buffer) => DownFrame | undefined {
  let parts: Buffer[] = [];
  let size = 0;
  const whole = (frame: DownFrame | Part): DownFrame => {
    if (frame.kind !== 'part') return frame;
    throw new HeadwaterError('protocol_violation', 'a part inside a part');
  };
  return (bytes) => {
    const frame = decodeDownFrame(bytes);
    if (frame.kind !== 'part') {
      if (parts.length > 0)
        throw new HeadwaterError('protocol_violation', `a ${frame.kind} frame between the parts of another`);
      return frame;
    }
    parts.push(frame.data);
    size += frame.data.length;
    if (size > BLOCK_BYTES_CEILING + FRAME_BYTES_MAX)
      throw new HeadwaterError('protocol_violation', `a frame in parts of more than ${BLOCK_BYTES_CEILING} bytes`);
    if (!frame.last) return undefined;
    const joined = Buffer.concat(parts, size);
    parts = [];
    size = 0;
    return whole(decodeDownFrame(joined));
  };
}
