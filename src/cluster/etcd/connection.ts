/**
 * A connection to one member of etcd, and the calls over it. Each call says whether its request left this process, since
 * a request that did may have been carried out.
 */
import * as grpc from '@grpc/grpc-js';
import type { DialSettings } from '../../access/dial.js';
import { ETCD_MESSAGE_BYTES_MAX } from '../../base/limits.js';
import { connectTo } from '../../rpc/connection.js';
import type { EtcdCall } from './calls.js';
import { CallFailure } from './status.js';

const CHANNEL_OPTIONS: grpc.ChannelOptions = { 'grpc.max_receive_message_length': ETCD_MESSAGE_BYTES_MAX };

/** A call that runs. */
export interface RunningCall<Response> {
  /** Rejects with a CallFailure. */
  readonly answer: Promise<Response>;
  /** Whether the request may have left this process, while the call waits for its answer. */
  mayBeSent(): boolean;
  cancel(): void;
}

/** The receiver of a stream. */
export interface StreamReceiver<Response> {
  received(response: Response): void;
  /** Called once. */
  ended(failure: CallFailure): void;
}

export interface RunningStream<Request> {
  send(request: Request): void;
  cancel(): void;
}

/** The two kinds of calls of gRPC have these in common. */
interface Call {
  getPeer(): string;
  cancel(): void;
}

export class EtcdConnection {
  readonly address: string;
  readonly #client: grpc.Client;
  /** The name that a call has for its peer if the request was not sent. */
  readonly #target: string;

  readonly #heardBytes: () => number;
  #heard = false;

  constructor(address: string, settings: DialSettings) {
    this.address = address;
    const { client, heardBytes } = connectTo(address, CHANNEL_OPTIONS, settings);
    this.#client = client;
    this.#heardBytes = heardBytes;
    this.#target = this.#client.getChannel().getTarget();
  }

  /** Sends one request and takes one answer, also if the call is a stream. */
  ask<Request, Response>(
    call: EtcdCall<Request, Response>,
    request: Request,
    token: string | undefined,
  ): RunningCall<Response> {
    // gRPC may dial again for this call, and the count of bytes begins again then.
    this.#hasHeard();
    return call.isStream ? this.#askOnStream(call, request, token) : this.#askOnce(call, request, token);
  }

  stream<Request, Response>(
    { path, encode, decode }: EtcdCall<Request, Response>,
    token: string | undefined,
    receiver: StreamReceiver<Response>,
  ): RunningStream<Request> {
    const stream = this.#client.makeBidiStreamRequest(path, encode, decode, metadataOf(token));
    stream.on('data', (response: Response) => receiver.received(response));
    let hasEnded = false;
    const end = (error: Partial<grpc.StatusObject>) => {
      if (hasEnded) return;
      hasEnded = true;
      receiver.ended(this.#failureOf(stream, error));
    };
    stream.on('error', (error) => end(error as Partial<grpc.StatusObject>));
    stream.on('end', () => setImmediate(end, ENDED));
    return {
      send: (request) => {
        if (!hasEnded) stream.write(request);
      },
      cancel: () => stream.cancel(),
    };
  }

  /** Lets running calls end, and opens no others. */
  close(): void {
    this.#client.close();
  }

  #askOnce<Request, Response>(
    { path, encode, decode }: EtcdCall<Request, Response>,
    request: Request,
    token: string | undefined,
  ): RunningCall<Response> {
    const { promise, resolve, reject } = deferred<Response>();
    const call = this.#client.makeUnaryRequest(path, encode, decode, request, metadataOf(token), (error, response) => {
      if (error) reject(this.#failureOf(call, error));
      else resolve(response as Response);
    });
    return this.#running(call, promise);
  }

  #askOnStream<Request, Response>(
    call: EtcdCall<Request, Response>,
    request: Request,
    token: string | undefined,
  ): RunningCall<Response> {
    const { promise, resolve, reject } = deferred<Response>();
    const stream = this.#client.makeBidiStreamRequest(call.path, call.encode, call.decode, metadataOf(token));
    stream.on('data', resolve);
    stream.on('error', (error) => reject(this.#failureOf(stream, error as Partial<grpc.StatusObject>)));
    stream.on('end', () => setImmediate(() => reject(this.#failureOf(stream, ENDED))));
    stream.write(request);
    // etcd answers the request, and then ends the stream too.
    stream.end();
    return this.#running(stream, promise);
  }

  #running<Response>(call: Call, answer: Promise<Response>): RunningCall<Response> {
    // The caller may have stopped to wait.
    answer.catch(() => {});
    return { answer, mayBeSent: () => this.#hasHeard(), cancel: () => call.cancel() };
  }

  /**
   * gRPC sends no request before the member has sent its first bytes. A closed or broken connection may still have calls
   * under way, so a connection that has had bytes counts for good.
   */
  #hasHeard(): boolean {
    this.#heard ||= this.#heardBytes() > 0;
    return this.#heard;
  }

  /** A call that has ended has a peer if gRPC wrote the request to a connection. */
  #failureOf(call: Call, { code, details }: Partial<grpc.StatusObject>): CallFailure {
    return new CallFailure(code ?? grpc.status.UNKNOWN, details ?? '', call.getPeer() !== this.#target);
  }
}

const ENDED: Partial<grpc.StatusObject> = { code: grpc.status.UNAVAILABLE, details: 'the stream ended' };

/**
 * Metadata of each call. A member that has lost its leader refuses at once, instead of keeping the caller waiting.
 */
function metadataOf(token: string | undefined): grpc.Metadata {
  const metadata = new grpc.Metadata();
  metadata.set('hasleader', 'true');
  if (token !== undefined) metadata.set('token', token);
  return metadata;
}

function deferred<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
} {
  let resolve: (value: T) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<T>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  return { promise, resolve, reject };
}
