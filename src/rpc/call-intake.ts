/**
 * The receiving end of one call. A gRPC frame begins with a flag and the length of the request in four bytes. The
 * intake reads the size of each request from there and claims room for it. Until there is room, HTTP/2's flow
 * control holds the rest back. So a client's bytes stay with the client, except for one window of its stream.
 *
 * A pause of the stream alone would not last, since gRPC resumes a stream for each message that its reader asks for. So
 * `startRead` waits too.
 */
import http2, { type ServerHttp2Stream } from 'node:http2';
import * as grpc from '@grpc/grpc-js';
import type { Grant } from '../access/grant.js';
import type { Usage } from '../access/usage.js';
import type { HeadwaterError } from '../base/errors.js';
import { MESSAGE_BYTES_MAX, RECEIVING_STALL_MS_MAX, REVOKED_MS_MAX } from '../base/limits.js';
import type { TraceSpan } from '../base/tracing.js';

import type { ConnectionBytes } from '../pipeline/connection-bytes.js';
import type { ReplyMemory } from '../pipeline/reply-memory.js';
import type { Replier, ReplyShare } from '../pipeline/reply-share.js';
import { Claim, type Claimant, type RequestMemory } from '../pipeline/request-memory.js';
import { statusSent } from './call-counts.js';
import { type ConnectionPlace, namesOf, peerOf } from './connection-place.js';
import { toStatus } from './status.js';

const HEAD_BYTES = 5;

/** The intakes by the metadata of their calls. Handlers receive the metadata, and nothing else that identifies the call. */
const intakes = new WeakMap<object, CallIntake>();

type NextCall = ConstructorParameters<typeof grpc.ServerInterceptingCall>[0];
type Listener = Parameters<grpc.ServerInterceptingCall['start']>[0];

/** The parts of a call of gRPC, which offers no other access to the bytes that it has received. */
interface Internals {
  readonly stream: ServerHttp2Stream;
  /**
   * Makes messages of the parts that arrive. The decoder keeps the parts of a message until the next message begins,
   * beside the message. A pipeline that is idle would keep them for ever, and no account has them.
   */
  readonly decoder: { readPartialMessage: readonly Buffer[] };
}

/** The rights of a caller, or the promise of them. */
export interface Granting {
  readonly grant: Grant | Promise<Grant>;
  /** Whether the call is a stream, which may be open for long. */
  readonly isForStream: boolean;
  /** Whether the limits of the user hold for the call. They do not hold up replication and administration. */
  readonly isMetered?: boolean;
}

/** The memory that all calls of one kind share for their requests and replies. */
export interface MessageMemory {
  readonly requests: RequestMemory;
  readonly replies: ReplyMemory;
}

/** The source of a call. */
export interface CallSource {
  /** The address:port of the client. */
  readonly peer: string;
  /** The names in its certificate. */
  readonly names: readonly string[];
  /** The name of the span of the call. Undefined for a call that came without one, and on a node that does not trace. */
  readonly traceparent: string | undefined;
}

export interface IntakeOptions {
  /** The place of the connection, if the call has to ask for one before its commands are carried out. */
  readonly place?: ConnectionPlace | undefined;
  /** The rights of the caller, or the promise of them. Nothing of the request is read before. */
  readonly granting?: Granting | undefined;
  /** Begins the span of the call, below the one with this name. Undefined on a node that does not trace. */
  readonly begin?: ((traceparent: string) => TraceSpan | undefined) | undefined;
}

export class CallIntake extends grpc.ServerInterceptingCall implements Replier {
  readonly connection: ConnectionBytes;
  readonly place: ConnectionPlace | undefined;
  /** The replies of the call. */
  readonly share: ReplyShare;
  /** The rights of the caller. Undefined if nobody asks for them. */
  grant: Grant | undefined;
  readonly #isMetered: boolean;
  #forget = () => {};
  readonly #stream: ServerHttp2Stream;
  readonly #memory: RequestMemory;
  readonly #claimant: Claimant;
  /** Requests that have begun and were not taken, in order. */
  #claims: Claim[] = [];
  /** The number of these requests that have no room yet. While there are any, nothing is read. */
  #heldUp = 0;
  /** The number of requests that the handler has received and not taken. */
  #delivered = 0;
  #inHandBytes = 0;
  #isClosed = false;
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #headBytes = 0;
  /** Bytes still missing of the request that is being received. */
  #leftBytes = 0;
  /** True if gRPC has asked for a message that has not come. */
  #isAsked = false;
  #isPutOff = false;
  #isOver = false;
  readonly #granting: Granting | undefined;
  readonly #beginSpan: IntakeOptions['begin'];
  /** The span of the call at this node. Undefined for a call that came without one. */
  #span: TraceSpan | undefined;
  #onRefused: ((reason: HeadwaterError) => void) | undefined;

  constructor(next: NextCall, { requests, replies }: MessageMemory, { place, granting, begin }: IntakeOptions = {}) {
    super(next);
    this.#beginSpan = begin;
    this.place = place;
    this.#granting = granting;
    this.#isMetered = granting?.isMetered ?? false;
    this.#memory = requests;
    const { stream, decoder } = next as unknown as Internals;
    this.#stream = stream;
    const session = this.#stream.session ?? this;
    this.connection = requests.connection(session);
    const { connection } = this;
    this.#claimant = {
      connection,
      admitted: () => this.#admitted(),
      refused: (reason) => this.#refused(reason),
    };
    this.share = replies.open(session, this);
    this.#stream.prependListener('data', (bytes: Buffer) => this.#arrived(bytes));
    // This listener runs behind that of gRPC.
    this.#stream.on('data', () => {
      if (this.#headBytes === 0 && !this.#isOver) decoder.readPartialMessage = [];
    });
    this.#stream.once('close', () => this.#close());
  }

  /** Returns the intake of the call that has this metadata. */
  static of(metadata: object): CallIntake | undefined {
    return intakes.get(metadata);
  }

  override start(listener: Listener): void {
    super.start({
      onReceiveMetadata: (metadata) => {
        intakes.set(metadata, this);
        const granting = this.#granting?.grant;
        if (!(granting instanceof Promise)) {
          if (granting) this.#take(granting);
          if (!this.#isOver) this.#received(metadata, listener);
          return;
        }
        granting.then(
          (grant) => {
            if (this.#stream.destroyed) return;
            this.#take(grant);
            if (!this.#isOver) this.#received(metadata, listener);
          },
          (reason: HeadwaterError) => this.#revoked(reason),
        );
      },
      onReceiveMessage: (message) => {
        this.#isAsked = false;
        this.#delivered++;
        listener.onReceiveMessage(message);
      },
      onReceiveHalfClose: () => listener.onReceiveHalfClose(),
      onCancel: () => listener.onCancel(),
    });
  }

  /** Goes on with a call whose caller may make it. Nobody else gets a span, or could fill the traces of the owner. */
  #received(metadata: grpc.Metadata, listener: Listener): void {
    const [traceparent] = this.#beginSpan ? metadata.get('traceparent') : [];
    if (typeof traceparent === 'string') this.#span = this.#beginSpan?.(traceparent);
    listener.onReceiveMetadata(metadata);
  }

  override startRead(): void {
    this.#isAsked = true;
    if (this.#heldUp > 0) this.#isPutOff = true;
    else super.startRead();
  }

  /** Passes refusals to `task`, which ends the call. Without a task, a refusal ends the call at once. */
  onRefused(task: (reason: HeadwaterError) => void): void {
    this.#onRefused = task;
  }

  /** Notes that the handler has the whole request, and sees to its end. */
  served(): void {
    for (const claim of this.#claims) claim.isServed = true;
  }

  /** Counts the bytes that the handler has received and not answered, beside those of messages that are not taken. */
  inHand(bytes: number): void {
    const change = bytes - this.#inHandBytes;
    // Nobody waits for the answers any more.
    if (change === 0 || this.#isClosed) return;
    this.#inHandBytes = bytes;
    this.#memory.inHand(this.connection, change);
  }

  /** Notes that the messages that the handler has received are gone, or counted elsewhere. */
  taken(): void {
    while (this.#delivered > 0) {
      // The count changes before the release, since others that get the room may cause this to be called again.
      this.#delivered--;
      const claim = this.#claims.shift();
      // The close of the stream has released all claims.
      if (claim) this.#memory.release(claim);
    }
  }

  #admitted(): void {
    this.#heldUp--;
    if (this.#heldUp > 0 || this.#isOver) return;
    if (this.#isPutOff) {
      this.#isPutOff = false;
      super.startRead();
    } else if (this.#isAsked) this.#stream.resume();
  }

  #refused(reason: HeadwaterError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#onRefused) this.#onRefused(reason);
    else this.sendStatus(toStatus(reason));
    // The received bytes of the request stay in memory until its stream is closed, whether or not the client closes it.
    if (this.#stream.writableEnded) this.#stream.close(http2.constants.NGHTTP2_NO_ERROR);
    else setTimeout(() => this.#stream.close(http2.constants.NGHTTP2_CANCEL), RECEIVING_STALL_MS_MAX).unref();
  }

  /** Takes the rights of the caller. A stream ends with them. A short call that has begun is answered. */
  #take(grant: Grant): void {
    this.grant = grant;
    if (this.#granting?.isForStream) this.#forget = grant.onEnd((reason) => this.#revoked(reason));
  }

  /** Ends the call, because its user may not do this any more: in good order if that is soon done. */
  #revoked(reason: HeadwaterError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#onRefused) this.#onRefused(reason);
    else this.sendStatus(toStatus(reason));
    setTimeout(() => this.#stream.close(http2.constants.NGHTTP2_CANCEL), REVOKED_MS_MAX).unref();
  }

  /** The limits of the caller. Undefined for a call that has none. */
  get usage(): Usage | undefined {
    return this.#isMetered ? this.grant?.usage : undefined;
  }

  /** The address:port of the client, the names in its certificate, and the name of the span of the call. */
  get caller(): CallSource {
    const traceparent = this.#span?.traceparent;
    return { peer: peerOf(this.#stream), names: namesOf(this.#stream), traceparent };
  }

  get connectionBytes(): number {
    return this.#stream.session?.socket?.bytesWritten ?? 0;
  }

  /** Resets the stream. The client reads nothing, so an error with a message would wait behind the replies. */
  end(_reason: HeadwaterError): void {
    this.#isOver = true;
    this.#stream.close(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  #arrived(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && !this.#isOver; ) {
      const inHead = this.#headBytes < HEAD_BYTES;
      const count = Math.min(bytes.length - at, inHead ? HEAD_BYTES - this.#headBytes : this.#leftBytes);
      if (inHead) {
        bytes.copy(this.#head, this.#headBytes, at, at + count);
        this.#headBytes += count;
        if (this.#headBytes === HEAD_BYTES) this.#begin();
      } else {
        this.#leftBytes -= count;
        (this.#claims.at(-1) as Claim).receivedBytes += count;
      }
      at += count;
      if (this.#headBytes === HEAD_BYTES && this.#leftBytes === 0) this.#headBytes = 0;
    }
  }

  /** Begins a request, whose size is now known. */
  #begin(): void {
    const isCompressed = this.#head.readUInt8(0) !== 0;
    this.#leftBytes = this.#head.readUInt32BE(1);
    // gRPC itself refuses a larger request. A compressed one may become as large as the largest.
    const bytes = isCompressed ? MESSAGE_BYTES_MAX : Math.min(this.#leftBytes, MESSAGE_BYTES_MAX);
    const claim = new Claim(this.#claimant, bytes);
    this.#claims.push(claim);
    if (this.#memory.claim(claim) || this.#isOver) return;
    this.#heldUp++;
    this.#stream.pause();
  }

  #close(): void {
    this.#isOver = true;
    this.#span?.end(failureOf(this.#stream));
    this.#forget();
    for (const claim of this.#claims.splice(0)) this.#memory.release(claim);
    this.inHand(0);
    this.#isClosed = true;
    this.share.close();
  }
}

/** The name of the status that a call ended with. Undefined for a call that ended well. */
function failureOf(stream: ServerHttp2Stream): string | undefined {
  const code = statusSent(stream);
  return code === grpc.status.OK ? undefined : grpc.status[code];
}
