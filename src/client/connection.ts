/**
 * One pipeline stream to one node, and the calls beside it. Knows which
 * commands are unanswered, in order; what becomes of them when the stream
 * breaks is up to its owner.
 */
import * as grpc from '@grpc/grpc-js';
import { HeadwaterError } from '../errors.js';
import { Fifo } from '../fifo.js';
import type { Guarantees } from '../guarantees.js';
import { HANG_UP_MS_MAX, MESSAGE_BYTES_MAX, SENDING_BYTES_MAX } from '../limits.js';
import type { Reply } from '../operation.js';
import type { Position } from '../position.js';
import { CONNECTION_OPTIONS } from '../rpc/connection-options.js';
import { type Method, PIPELINE } from '../rpc/definitions.js';
import { fromStatus } from '../rpc/status.js';
import { guaranteesMetadata } from '../wire/guarantees.js';
import { decodePipelineResponse, encodePipelineRequest } from '../wire/pipeline.js';
import { DurabilityNotReached } from './guarantees.js';
import type { CallOptions } from './options.js';
import type { Pending } from './pending.js';

export interface ConnectionOwner {
  /** Before the replies that came with it are handed out. */
  saw(position: Position): void;
  /** In the order in which they were sent. */
  answered(connection: Connection, pending: Pending, reply: Reply): void;
  /** There is room for more, or nothing is unanswered any more. */
  moved(connection: Connection): void;
  /** `unanswered` is in order. */
  closed(connection: Connection, reason: HeadwaterError, unanswered: Pending[]): void;
}

interface Batch {
  readonly commands: readonly Pending[];
  /** Before this, commands have been answered. */
  next: number;
  readonly sentMs: number;
}

const CHANNEL_OPTIONS: grpc.ChannelOptions = {
  ...CONNECTION_OPTIONS,
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
};

export class Connection {
  readonly address: string;
  readonly #client: grpc.Client;
  readonly #stream: grpc.ClientDuplexStream<Buffer, Buffer>;
  readonly #owner: ConnectionOwner;
  readonly #batches = new Fifo<Batch>();
  #sendingBytes = 0;
  #receivedMs = 0;
  #closed = false;
  #failure: HeadwaterError | undefined;

  private constructor(
    address: string,
    client: grpc.Client,
    stream: grpc.ClientDuplexStream<Buffer, Buffer>,
    owner: ConnectionOwner,
  ) {
    this.address = address;
    this.#client = client;
    this.#stream = stream;
    this.#owner = owner;
  }

  /**
   * Resolves when the node has accepted the stream.
   * @throws HeadwaterError `unreachable`, or what the node says.
   */
  static open(
    address: string,
    owner: ConnectionOwner,
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<Connection> {
    const client = new grpc.Client(address, grpc.credentials.createInsecure(), CHANNEL_OPTIONS);
    const stream = client.makeBidiStreamRequest(PIPELINE.path, PIPELINE.request.encode, PIPELINE.response.decode);
    const connection = new Connection(address, client, stream, owner);
    return new Promise((resolve, reject) => {
      const settled = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', aborted);
        stream.off('error', refused);
      };
      const fail = (error: HeadwaterError) => {
        settled();
        connection.#closed = true;
        stream.cancel();
        client.close();
        const message = error.message.includes(address) ? error.message : `${address}: ${error.message}`;
        reject(new HeadwaterError(error.code, message, { cause: error, details: { ...error.details, address } }));
      };
      const timer = setTimeout(
        () => fail(new HeadwaterError('unreachable', `no answer within ${timeoutMs} ms`)),
        timeoutMs,
      );
      const aborted = () => fail(HeadwaterError.from(signal.reason));
      const refused = (error: Error) => fail(fromStatus(error));
      // One that stays: a failure after the end has nobody to go to, and must not end the process.
      stream.on('error', () => {});
      stream.once('error', refused);
      signal.addEventListener('abort', aborted);
      stream.once('metadata', () => {
        settled();
        connection.#listen();
        resolve(connection);
      });
    });
  }

  get full(): boolean {
    return this.#sendingBytes >= SENDING_BYTES_MAX;
  }

  /** Whether everything that was sent has been answered. */
  get idle(): boolean {
    return this.#batches.length === 0;
  }

  /** @param guarantees what the message asks beside its operations. */
  send(commands: readonly Pending[], nowMs: number, guarantees?: Guarantees): void {
    const message = encodePipelineRequest(commands, guarantees);
    if (message.length > MESSAGE_BYTES_MAX) {
      const error = new HeadwaterError(
        'too_large',
        `a command: expected at most ${MESSAGE_BYTES_MAX} bytes, received ${message.length}`,
      );
      for (const command of commands) command.reject(error);
      return;
    }
    for (const command of commands) command.sent = true;
    this.#batches.push({ commands, next: 0, sentMs: nowMs });
    this.#sendingBytes += message.length;
    this.#stream.write(message, () => {
      const wasFull = this.full;
      this.#sendingBytes -= message.length;
      if (wasFull && !this.full) this.#owner.moved(this);
    });
  }

  /** Gives up what was asked before `askedBeforeMs`; a node that said nothing in all that time is taken for dead. */
  expire(askedBeforeMs: number, reason: HeadwaterError): void {
    for (let i = 0; i < this.#batches.length; i++) {
      const batch = this.#batches.at(i) as Batch;
      if (batch.sentMs >= askedBeforeMs) return;
      for (const command of batch.commands) if (command.askedMs < askedBeforeMs) command.giveUp(reason);
      if (this.#receivedMs < batch.sentMs) {
        this.break(new HeadwaterError('unreachable', `${this.address}: ${reason.message}`));
        return;
      }
    }
  }

  /** Ends the stream in good order; call when idle. */
  async hangUp(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#stream.cancel(), HANG_UP_MS_MAX);
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#stream.once('end', done);
      this.#stream.once('error', done);
      this.#stream.end();
    });
    this.#client.close();
  }

  break(reason: HeadwaterError): void {
    this.#stream.cancel();
    this.#close(reason);
  }

  unary<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: Pick<CallOptions, 'signal'> & { timeoutMs: number; guarantees?: Guarantees | undefined },
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      const { encode } = method.request;
      const deadline = Date.now() + options.timeoutMs;
      const done = (error: grpc.ServiceError | null, response: Response | undefined) => {
        options.signal?.removeEventListener('abort', cancel);
        if (error) reject(fromStatus(error));
        else resolve(response as Response);
      };
      const call = this.#client.makeUnaryRequest(
        method.path,
        encode,
        method.response.decode,
        request,
        metadataOf(options.guarantees),
        { deadline },
        done,
      );
      const cancel = () => call.cancel();
      if (options.signal?.aborted) cancel();
      options.signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  /** Leaving the loop cancels the call. */
  async *serverStream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    {
      signal,
      timeoutMs,
      guarantees,
    }: Pick<CallOptions, 'signal' | 'timeoutMs'> & { guarantees?: Guarantees | undefined } = {},
  ): AsyncGenerator<Response> {
    const { encode } = method.request;
    const { decode } = method.response;
    const metadata = metadataOf(guarantees);
    const deadline = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
    const stream = this.#client.makeServerStreamRequest(method.path, encode, decode, request, metadata, deadline);
    // The end by `cancel` comes as an error when nobody listens any more.
    stream.on('error', () => {});
    const cancel = () => stream.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      if (signal?.aborted) cancel();
      for await (const response of stream) yield response as Response;
    } catch (error) {
      throw fromStatus(error as Error);
    } finally {
      signal?.removeEventListener('abort', cancel);
      stream.cancel();
    }
  }

  #listen(): void {
    const stream = this.#stream;
    stream.on('data', (message: Buffer) => this.#receive(message));
    stream.on('error', (error) => {
      this.#failure ??= fromStatus(error);
      // What was received before it comes out of the stream before its end.
      setImmediate(() => this.#close(this.#failure as HeadwaterError));
    });
    stream.on('end', () =>
      this.#close(this.#failure ?? new HeadwaterError('unreachable', `${this.address} ended the stream`)),
    );
  }

  #receive(message: Buffer): void {
    this.#receivedMs = performance.now();
    let replies: Reply[];
    let missed: DurabilityNotReached | undefined;
    try {
      const response = decodePipelineResponse(message);
      replies = response.replies;
      if (response.position) this.#owner.saw(response.position);
      if (response.reached && !response.reached.reached) missed = new DurabilityNotReached(response.reached);
    } catch (error) {
      this.break(HeadwaterError.from(error));
      return;
    }
    for (const reply of replies) {
      const batch = this.#batches.at(0);
      if (!batch) {
        this.break(new HeadwaterError('protocol_violation', `${this.address} sent more replies than it was asked for`));
        return;
      }
      const command = batch.commands[batch.next++] as Pending;
      const isMissed = missed && command.writes && reply.kind !== 'error';
      this.#owner.answered(this, command, isMissed ? { kind: 'error', error: missed as HeadwaterError } : reply);
      if (batch.next === batch.commands.length) this.#batches.shift();
    }
    if (this.idle) this.#owner.moved(this);
  }

  #close(reason: HeadwaterError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#client.close();
    const unanswered: Pending[] = [];
    for (const { commands, next } of this.#batches.takeAll()) unanswered.push(...commands.slice(next));
    this.#owner.closed(this, reason, unanswered);
  }
}

function metadataOf(guarantees: Guarantees | undefined): grpc.Metadata {
  const metadata = new grpc.Metadata();
  if (guarantees) for (const [name, value] of guaranteesMetadata(guarantees)) metadata.set(name, value);
  return metadata;
}
