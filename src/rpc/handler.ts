/**
 * The one wrapper around every handler. grpc-js leaves the caller hanging, or ends the process, when an async handler
 * rejects. If a stream is written faster than it is read, grpc-js buffers without bound. When the other side is gone,
 * grpc-js does not report it. With this wrapper a rejection becomes a status, writes wait for room, and a handler sees
 * the end of its call. Malformed messages are INVALID_ARGUMENT.
 */
import * as grpc from '@grpc/grpc-js';
import { systemClock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { SIGN_OF_LIFE, SignsOfLife } from '../base/signs-of-life.js';
import type { Codec } from '../model/codec.js';
import { SendWindow, whenRoomForMessage } from '../pipeline/send-window.js';
import type { Call, Calls } from './calls.js';
import type { Method } from './definitions.js';
import type { OpenStreams } from './open-streams.js';
import { toStatus } from './status.js';

const EMPTY = Buffer.alloc(0);

/** A method with its handler, ready for a server. */
export interface Endpoint {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  handle(calls: Calls): grpc.UntypedHandleCall;
}

export function unary<Request, Response>(
  method: Method<Request, Response>,
  serve: (request: Request, call: Call) => Promise<Response>,
): Endpoint {
  async function answer(bytes: Buffer, call: Call): Promise<Buffer> {
    const { usage } = call.intake;
    const request = method.request.decode(bytes);
    const refusal = usage?.take(operationsIn(request), bytes.length);
    if (refusal) throw refusal;
    const response = method.response.encode(await serve(request, call));
    usage?.spend(0, response.length);
    return response;
  }
  return endpoint(
    method,
    (calls) => (surface: grpc.ServerUnaryCall<Buffer, Buffer>, respond: grpc.sendUnaryData<Buffer>) => {
      const call = calls.begin(method.path, surface);
      call.intake.served();
      const done = (status: Partial<grpc.StatusObject> | null, response?: Buffer) => {
        call.end();
        respond(status, response, trailersOf(call));
      };
      answer(surface.request, call).then(
        (response) => done(null, response),
        (failure) => {
          call.report(failure);
          done(toStatus(failure));
        },
      );
    },
  );
}

/** The operations that a call counts as, by the limits of its user. */
function operationsIn(request: unknown): number {
  const { operations } = (request ?? {}) as { readonly operations?: unknown };
  return Array.isArray(operations) ? Math.max(1, operations.length) : 1;
}

function trailersOf({ trailers }: Call): grpc.Metadata | undefined {
  if (!trailers) return undefined;
  const metadata = new grpc.Metadata();
  for (const [name, value] of trailers) metadata.set(name, value);
  return metadata;
}

/**
 * Makes an endpoint whose handler yields its messages one at a time. The next message is not requested before there is
 * room for it. While one takes long, empty messages show that the node works on it.
 */
export function serverStream<Request, Response>(
  method: Method<Request, Response>,
  serve: (request: Request, call: Call) => AsyncIterable<Response>,
): Endpoint {
  async function run(surface: grpc.ServerWritableStream<Buffer, Buffer>, call: Call): Promise<void> {
    const { share, usage } = call.intake;
    const refusal = usage?.take(1, surface.request.length);
    if (refusal) throw refusal;
    const sending = new SendWindow(surface, call, share, usage);
    const request = method.request.decode(surface.request);
    // The stream may be long, and its request is not needed any more.
    surface.request = EMPTY;
    call.intake.taken();
    if (share) await whenRoomForMessage(share, sending, call.signal);
    const responses = new SignsOfLife(serve(request, call), systemClock);
    for await (const response of responses) {
      // Nothing is being made now, and a stream that waits for events needs no memory.
      share?.making(0);
      const bytes = response === SIGN_OF_LIFE ? EMPTY : method.response.encode(response);
      if (!sending.write(bytes)) await sending.drained();
      if (usage?.isMetered) await usage.whenPaid(call.signal);
      if (share) await whenRoomForMessage(share, sending, call.signal);
      if (call.cancelled) return;
    }
  }
  return endpoint(method, (calls) => (surface: grpc.ServerWritableStream<Buffer, Buffer>) => {
    const call = calls.begin(method.path, surface);
    settle(surface, call, run(surface, call));
  });
}

/**
 * Makes an endpoint whose handler returns a promise. When the promise settles, the call ends, well or with a status.
 */
export function duplex<Request, Response>(
  method: Method<Request, Response>,
  serve: (stream: DuplexCall<Request, Response>) => Promise<void>,
): Endpoint {
  return endpoint(method, (calls) => (surface: grpc.ServerDuplexStream<Buffer, Buffer>) => {
    const call = calls.begin(method.path, surface);
    settle(surface, call, runDuplex(surface, call, { method, serve, openStreams: calls.openStreams }));
  });
}

async function runDuplex<Request, Response>(
  surface: grpc.ServerDuplexStream<Buffer, Buffer>,
  call: Call,
  options: {
    readonly method: Method<Request, Response>;
    readonly openStreams: OpenStreams;
    serve(stream: DuplexCall<Request, Response>): Promise<void>;
  },
): Promise<void> {
  const { method, openStreams, serve } = options;
  const { connection = call } = call.intake;
  openStreams.open(connection);
  try {
    // The headers tell clients that the stream is open, before they send anything.
    surface.sendMetadata(new grpc.Metadata());
    const stream = new DuplexCall(surface, call, method);
    await Promise.race([stream.broken, callAsync(() => serve(stream))]);
  } finally {
    openStreams.close(connection);
  }
}

export class DuplexCall<Request, Response> {
  readonly call: Call;
  /** Rejects if a handler of messages throws. */
  readonly broken: Promise<never>;
  readonly #surface: grpc.ServerDuplexStream<Buffer, Buffer>;
  readonly #request: Codec<Request>;
  readonly #response: Codec<Response>;
  readonly #sending: SendWindow;
  #break!: (failure: unknown) => void;

  constructor(
    surface: grpc.ServerDuplexStream<Buffer, Buffer>,
    call: Call,
    codecs: { request: Codec<Request>; response: Codec<Response> },
  ) {
    this.call = call;
    this.#surface = surface;
    this.#request = codecs.request;
    this.#response = codecs.response;
    this.#sending = new SendWindow(surface, call, call.intake.share, call.intake.usage);
    this.broken = new Promise((_, reject) => {
      this.#break = reject;
    });
    readOneAhead(surface);
    this.onRefused(this.#break);
  }

  /** Runs `task` if there is no memory for the next message. Without a task the stream breaks. */
  onRefused(task: (reason: HeadwaterError) => void): void {
    this.call.intake.onRefused(task);
  }

  /** Notes that the messages received so far are gone, or are counted elsewhere. */
  taken(): void {
    this.call.intake.taken();
  }

  /** `onMessage` receives every message in order. `onEnd` runs when the client has sent its last. */
  receive(onMessage: (message: Request) => void, onEnd: () => void): void {
    this.#surface.on('data', (bytes: Buffer) => {
      try {
        onMessage(this.#request.decode(bytes));
      } catch (failure) {
        this.#surface.pause();
        this.#break(failure);
      }
    });
    this.#surface.once('end', onEnd);
  }

  /** Stops reading. HTTP/2's flow control keeps unread messages with the client. */
  pause(): void {
    this.#surface.pause();
  }

  resume(): void {
    this.#surface.resume();
  }

  /** @returns false if the next message has to wait for `drained`. */
  write(message: Response): boolean {
    return this.#sending.write(this.#response.encode(message));
  }

  drained(): Promise<void> {
    return this.#sending.drained();
  }

  /** Bytes on their way, for callers that keep them below a bound of their own. */
  get sending(): Pick<SendWindow, 'bytes' | 'below'> {
    return this.#sending;
  }
}

/**
 * grpc-js makes its streams read sixteen messages ahead, even while they are paused. With messages of 36 MiB that would
 * be half a gigabyte a stream.
 */
function readOneAhead(stream: object): void {
  (stream as { _readableState: { highWaterMark: number } })._readableState.highWaterMark = 1;
}

async function callAsync<T>(task: () => Promise<T>): Promise<T> {
  return task();
}

function settle(
  surface: grpc.ServerWritableStream<Buffer, Buffer> | grpc.ServerDuplexStream<Buffer, Buffer>,
  call: Call,
  running: Promise<void>,
): void {
  running.then(
    () => {
      if (!call.cancelled) surface.end();
      call.end();
    },
    (failure) => {
      // The failure of a cancelled handler goes to nobody.
      if (!call.cancelled) surface.emit('error', toStatus(failure));
      if (failure !== call.cancelled) call.report(failure);
      const reason = HeadwaterError.from(failure);
      call.cancel(reason);
      call.end();
    },
  );
}

function endpoint(
  {
    path,
    requestStream,
    responseStream,
  }:
    | Method<never, never>
    | Method<unknown, unknown>
    | { path: string; requestStream: boolean; responseStream: boolean },
  handle: (calls: Calls) => unknown,
): Endpoint {
  return { path, requestStream, responseStream, handle: handle as Endpoint['handle'] };
}
