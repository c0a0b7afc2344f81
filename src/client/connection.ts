/**
 * A pipeline stream to one node, and the calls beside it. The connection knows which commands are unanswered, in order.
 * If the stream breaks, the owner decides what becomes of them.
 */
import * as grpc from '@grpc/grpc-js';
import type { DialSettings } from '../access/dial.js';
import { HeadwaterError } from '../base/errors.js';
import { Fifo } from '../base/fifo.js';
import { HANG_UP_MS_MAX, MESSAGE_BYTES_MAX, SENDING_BYTES_MAX, STREAM_SILENCE_MS_MAX } from '../base/limits.js';
import { SIGN_OF_LIFE } from '../base/signs-of-life.js';
import { notReached } from '../model/durability.js';
import type { Guarantees } from '../model/guarantees.js';
import { guaranteesMetadata } from '../model/guarantees.js';
import type { Reply } from '../model/operation.js';
import type { Position } from '../model/position.js';
import { decodePipelineResponse, encodePipelineRequest } from '../protobuf/pipeline.js';
import { connectTo, type GrpcConnection as RpcConnection } from '../rpc/connection.js';
import { type Method, PIPELINE } from '../rpc/definitions.js';
import { fromStatus } from '../rpc/status.js';
import { cancelled } from './failures.js';
import type { CallTime } from './options.js';
import type { PendingCommand } from './pending-command.js';
import { SignsOfLife } from './signs-of-life.js';
import { tracesOf } from './traced-command.js';

export interface ConnectionOwner {
  /**
   * Called before the replies that came with the position are handed out.
   * @param wrote returns true if one of the replies is to a write that was done.
   */
  saw(position: Position, wrote: () => boolean): void;
  /** Called in the order in which the commands were sent. */
  answered(connection: Connection, pending: PendingCommand, reply: Reply): void;
  /** Called when there is room for more, or when nothing is unanswered any more. */
  moved(connection: Connection): void;
  /** Called with the unanswered commands in order. */
  closed(connection: Connection, reason: HeadwaterError, unanswered: PendingCommand[]): void;
}

interface Batch {
  /** The count of the connection's batches before this one. */
  readonly number: number;
  readonly commands: readonly PendingCommand[];
  /** The index of the first unanswered command. */
  next: number;
  readonly sentMs: number;
  /**
   * The earliest time at which one of the commands was asked. Long before `sentMs` for a batch that was sent before.
   */
  readonly askedMs: number;
}

/** A call beside the pipeline. */
interface Beside {
  /** The time that the call waits for an answer. A stream waits so long for its next item. */
  readonly timeoutMs: number;
}

/** The parts of a call beside its request. */
interface Headers {
  readonly guarantees?: Guarantees | undefined;
  /** The name of the span in which the call is made. */
  readonly traceparent?: string | undefined;
}

const CHANNEL_OPTIONS: grpc.ChannelOptions = {
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
};

export class Connection {
  readonly address: string;
  readonly #client: grpc.Client;
  readonly #receivedBytes: () => number;
  readonly #stream: grpc.ClientDuplexStream<Buffer, Buffer>;
  readonly #owner: ConnectionOwner;
  readonly #batches = new Fifo<Batch>();
  /** The number of batches so far. */
  #sent = 0;
  #sendingBytes = 0;
  /**
   * The command whose reply comes next, by its batch and its place there. `heardBytes` is the count at the time when
   * the command was first seen in this place.
   */
  #first = { number: -1, next: 0, heardBytes: 0 };
  readonly #signs: SignsOfLife;
  readonly #beside = new Set<Beside>();
  /** The history that the node lived in at its last answer. */
  #history: string | undefined;
  #wasSilent = false;
  #closed = false;
  #failure: HeadwaterError | undefined;

  private constructor(
    address: string,
    { client, heardBytes }: RpcConnection,
    stream: grpc.ClientDuplexStream<Buffer, Buffer>,
    owner: ConnectionOwner,
  ) {
    this.address = address;
    this.#client = client;
    this.#receivedBytes = heardBytes;
    this.#signs = new SignsOfLife(heardBytes);
    this.#stream = stream;
    this.#owner = owner;
  }

  /**
   * Resolves when the node has accepted the stream.
   * @throws HeadwaterError `unreachable`, or the node's refusal.
   */
  static open(
    address: string,
    owner: ConnectionOwner,
    { timeoutMs, signal, dial }: { timeoutMs: number; signal: AbortSignal; dial: DialSettings },
  ): Promise<Connection> {
    const rpc = connectTo(address, CHANNEL_OPTIONS, dial);
    const { client } = rpc;
    const stream = client.makeBidiStreamRequest(PIPELINE.path, PIPELINE.request.encode, PIPELINE.response.decode);
    const connection = new Connection(address, rpc, stream, owner);
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
      // This listener stays. A failure after the end has no receiver, and must not end the process.
      stream.on('error', () => {});
      stream.once('error', refused);
      signal.addEventListener('abort', aborted);
      stream.once('metadata', () => {
        settled();
        connection.#listen();
        resolve(connection);
      });
      if (signal.aborted) aborted();
    });
  }

  get full(): boolean {
    return this.#sendingBytes >= SENDING_BYTES_MAX;
  }

  /** True if everything that was sent has been answered. */
  get idle(): boolean {
    return this.#batches.length === 0;
  }

  /** The replication ID of the history that the node lived in at its last answer. Undefined before the first. */
  get history(): string | undefined {
    return this.#history;
  }

  /** True if the connection was given up because the node was silent. */
  get wasSilent(): boolean {
    return this.#wasSilent;
  }

  /** How long the node has sent nothing, though commands are on their way. */
  silentMs(nowMs: number): number {
    const first = this.#batches.at(0);
    return first ? nowMs - Math.max(first.sentMs, this.#signs.heardMs) : 0;
  }

  /**
   * @param guarantees apply to all operations of the message.
   * @param isTraced true if commands may have spans.
   */
  send(commands: readonly PendingCommand[], nowMs: number, guarantees?: Guarantees, isTraced = false): void {
    const message = encodePipelineRequest(commands, guarantees, isTraced ? tracesOf(commands) : undefined);
    if (message.length > MESSAGE_BYTES_MAX) {
      const error = new HeadwaterError(
        'too_large',
        `a command: expected at most ${MESSAGE_BYTES_MAX} bytes, received ${message.length}`,
      );
      for (const command of commands) command.reject(error);
      return;
    }
    let askedMs = nowMs;
    for (const command of commands) {
      command.place = 'sent';
      if (command.askedMs < askedMs) askedMs = command.askedMs;
    }
    this.#batches.push({ number: this.#sent++, commands, next: 0, sentMs: nowMs, askedMs });
    this.#sendingBytes += message.length;
    this.#stream.write(message, () => {
      const wasFull = this.full;
      this.#sendingBytes -= message.length;
      if (wasFull && !this.full) this.#owner.moved(this);
    });
  }

  /**
   * Gives up the late commands that have no time of their own. The others have timers. A node counts as dead if it is
   * silent for longer than every open command and call waits. The extra time of a large command is for bytes that move,
   * and does not count for this silence.
   * @param timeoutMs the time of a small command.
   */
  expire(nowMs: number, timeoutMs: number): void {
    this.#signs.notice(nowMs);
    const arrivedBytes = this.#arrivedBytes();
    const beforeMs = nowMs - timeoutMs;
    for (let i = 0; i < this.#batches.length; i++) {
      const { askedMs, commands, next } = this.#batches.at(i) as Batch;
      if (askedMs >= beforeMs) continue;
      for (let at = next; at < commands.length; at++) {
        const command = commands[at] as PendingCommand;
        // Replies come in order, so the arriving bytes belong to the first command.
        const isFirst = i === 0 && at === next;
        command.expire(nowMs, timeoutMs, isFirst ? command.bytes + arrivedBytes : command.bytes);
      }
    }
    const silentMs = this.silentMs(nowMs);
    if (silentMs < timeoutMs || silentMs < this.#longestMs()) return;
    this.#breakAsSilent(silentMs);
  }

  /**
   * The approximate received bytes of the next reply. They are the bytes for the pipeline since its command was first
   * seen to be the next.
   */
  #arrivedBytes(): number {
    const { number, next } = this.#batches.at(0) ?? { number: -1, next: 0 };
    const heardBytes = this.#signs.pipelineBytes;
    if (number !== this.#first.number || next !== this.#first.next) this.#first = { number, next, heardBytes };
    // A half-received message of a stream counts until it is complete.
    return Math.min(MESSAGE_BYTES_MAX, Math.max(0, heardBytes - this.#first.heardBytes));
  }

  /** The longest time of an open command or call that has a time of its own. */
  #longestMs(): number {
    let longestMs = 0;
    for (const { timeoutMs } of this.#beside) longestMs = Math.max(longestMs, timeoutMs);
    for (let i = 0; i < this.#batches.length; i++)
      for (const { settled, timeoutMs } of (this.#batches.at(i) as Batch).commands)
        if (!settled && timeoutMs > longestMs) longestMs = timeoutMs;
    return longestMs;
  }

  /** Ends the stream in good order. To be called when idle. */
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
    options: Pick<CallTime, 'signal'> & { timeoutMs: number } & Headers,
  ): Promise<Response> {
    const { signal, timeoutMs } = options;
    const beside: Beside = { timeoutMs };
    return new Promise((resolve, reject) => {
      const done = (error: grpc.ServiceError | null, response: Response | undefined) => {
        signal?.removeEventListener('abort', cancel);
        this.#beside.delete(beside);
        if (error) return reject(signal?.aborted ? cancelled(signal) : fromStatus(error));
        this.#signs.heard();
        resolve(response as Response);
      };
      const call = this.#client.makeUnaryRequest(
        method.path,
        method.request.encode,
        this.#signs.countedBeside(method.response.decode),
        request,
        metadataOf(options),
        { deadline: Date.now() + timeoutMs },
        done,
      );
      this.#beside.add(beside);
      const cancel = () => call.cancel();
      if (signal?.aborted) cancel();
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  /**
   * Calls a server stream. Leaving the loop cancels the call.
   * @param options.silenceMs the longest time without a sign of life while the caller waits for the next item.
   * @throws HeadwaterError `deadline_exceeded` after such a silence, or the node's refusal.
   */
  async *serverStream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    { signal, silenceMs, ...headers }: Pick<CallTime, 'signal'> & { silenceMs: number } & Headers,
  ): AsyncGenerator<Response> {
    const { encode } = method.request;
    // An empty message shows that the node works on the next item.
    const decode = this.#signs.countedBeside((bytes) =>
      bytes.length === 0 ? SIGN_OF_LIFE : method.response.decode(bytes),
    );
    const stream = this.#client.makeServerStreamRequest(method.path, encode, decode, request, metadataOf(headers));
    // After `cancel`, the end arrives as an error when nobody listens any more.
    stream.on('error', () => {});
    const cancel = () => stream.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    const beside: Beside = { timeoutMs: silenceMs };
    this.#beside.add(beside);
    const silence = new Silence(silenceMs, this.#receivedBytes, cancel);
    try {
      if (signal?.aborted) cancel();
      silence.begin();
      for await (const response of stream) {
        this.#signs.heard();
        silence.end();
        if (response !== SIGN_OF_LIFE) yield response as Response;
        silence.begin();
      }
    } catch (error) {
      if (signal?.aborted) throw cancelled(signal);
      if (silence.isOver) this.#hadSilentStream(silenceMs);
      throw silence.isOver
        ? new HeadwaterError('deadline_exceeded', `${this.address}: no answer within ${silenceMs} ms`)
        : fromStatus(error as Error);
    } finally {
      silence.end();
      this.#beside.delete(beside);
      signal?.removeEventListener('abort', cancel);
      stream.cancel();
    }
  }

  /**
   * Gives up the connection to a node that let a stream wait for so long, and sent nothing else either. The next stream
   * would go to the same node. Commands and other calls have times of their own, so their node is not given up here.
   */
  #hadSilentStream(silentMs: number): void {
    if (silentMs < STREAM_SILENCE_MS_MAX || !this.idle || this.#longestMs() > silentMs) return;
    this.#breakAsSilent(silentMs);
  }

  #breakAsSilent(silentMs: number): void {
    this.#wasSilent = true;
    this.break(
      new HeadwaterError('unreachable', `${this.address}: the node was silent for ${Math.round(silentMs)} ms`),
    );
  }

  #listen(): void {
    const stream = this.#stream;
    stream.on('data', (message: Buffer) => this.#receive(message));
    stream.on('error', (error) => {
      this.#failure ??= fromStatus(error);
      // Messages received before the error come out of the stream before its end.
      setImmediate(() => this.#close(this.#failure as HeadwaterError));
    });
    stream.on('end', () =>
      this.#close(this.#failure ?? new HeadwaterError('unreachable', `${this.address} ended the stream`)),
    );
  }

  #receive(message: Buffer): void {
    this.#signs.heard();
    let replies: Reply[];
    let missed: HeadwaterError | undefined;
    try {
      const response = decodePipelineResponse(message);
      replies = response.replies;
      this.#history = response.position?.replicationId ?? this.#history;
      if (response.position) this.#owner.saw(response.position, () => wrote(replies, this.#batches));
      if (response.reached && !response.reached.reached) missed = notReached(response.reached);
    } catch (error) {
      this.break(HeadwaterError.from(error));
      return;
    }
    for (const reply of replies) {
      const batch = this.#batches.at(0);
      if (!batch) {
        this.break(
          new HeadwaterError('protocol_violation', `${this.address} sent more replies than there were commands`),
        );
        return;
      }
      const command = batch.commands[batch.next++] as PendingCommand;
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
    const unanswered: PendingCommand[] = [];
    for (const { commands, next } of this.#batches.takeAll()) unanswered.push(...commands.slice(next));
    this.#owner.closed(this, reason, unanswered);
  }
}

/** True if one of the replies, which belong to the first unanswered commands, is to a write that was done. */
function wrote(replies: readonly Reply[], batches: Fifo<Batch>): boolean {
  let next = 0;
  for (let i = 0; i < batches.length && next < replies.length; i++) {
    const { commands, next: at } = batches.at(i) as Batch;
    for (const { writes } of commands.slice(at, at + replies.length - next))
      if (replies[next++]?.kind !== 'error' && writes) return true;
  }
  return false;
}

/** Runs `over` if nothing ends the silence in time, and no byte arrives meanwhile. */
class Silence {
  isOver = false;
  readonly #ms: number;
  readonly #heardBytes: () => number;
  readonly #over: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number, heardBytes: () => number, over: () => void) {
    this.#ms = ms;
    this.#heardBytes = heardBytes;
    this.#over = over;
  }

  begin(): void {
    const heardBytes = this.#heardBytes();
    this.#timer = setTimeout(() => {
      if (this.#heardBytes() !== heardBytes) return this.begin();
      this.isOver = true;
      this.#over();
    }, this.#ms);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

function metadataOf({ guarantees, traceparent }: Headers): grpc.Metadata {
  const metadata = new grpc.Metadata();
  if (traceparent) metadata.set('traceparent', traceparent);
  if (guarantees) for (const [name, value] of guaranteesMetadata(guarantees)) metadata.set(name, value);
  return metadata;
}
