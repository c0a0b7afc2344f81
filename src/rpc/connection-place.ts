/**
 * The place of a connection among all connections of the node, as its calls see it. A connection that found no place for
 * a client carries the calls of replication and administration only.
 */
import http2, { type ServerHttp2Stream } from 'node:http2';
import type net from 'node:net';
import * as grpc from '@grpc/grpc-js';
import { peerOf as identityOf } from '../access/peer.js';
import type { HeadwaterError } from '../base/errors.js';
import { toStatus } from './status.js';

/** The place of one connection, which the listener gives it. */
export interface ConnectionPlace {
  /** True if the connection has a place for a client. */
  readonly isForClient: boolean;
  /** The reason why every call of the connection is refused: the client has not met what TLS demands. */
  readonly refusal: HeadwaterError | undefined;
  /** Notes that the user of the connection is known, or that everybody may do everything. */
  signIn(): void;
  /** Notes that the connection is of use without a user: it asks for the health of the node. */
  probe(): void;
  /** Asks for a place for a client. Returns the reason if there is none. */
  claim(): HeadwaterError | undefined;
  /** Notes that the connection carries calls of replication or administration. */
  prove(): void;
}

type NextCall = ConstructorParameters<typeof grpc.ServerInterceptingCall>[0];
type Listener = Parameters<grpc.ServerInterceptingCall['start']>[0];

const PLACE = Symbol('place');

interface Placed {
  [PLACE]?: ConnectionPlace;
}

export function setPlace(socket: net.Socket, place: ConnectionPlace): void {
  (socket as Placed)[PLACE] = place;
}

/** The place of the connection that carries a call. Undefined if the connection has none, or is closed. */
export function placeOf(call: NextCall): ConnectionPlace | undefined {
  const { session } = streamOf(call);
  // HTTP/2 shows the socket of a session through a proxy, so that a map by socket would not find it.
  return session && !session.destroyed ? (session.socket as Placed | undefined)?.[PLACE] : undefined;
}

/** gRPC offers no other access to the connection of a call. */
export function streamOf(call: NextCall): ServerHttp2Stream {
  return (call as unknown as { stream: ServerHttp2Stream }).stream;
}

/** The address:port of the client of a call. */
export function peerOf({ session }: ServerHttp2Stream): string {
  const socket = session && !session.destroyed ? session.socket : undefined;
  return `${socket?.remoteAddress ?? 'unknown'}:${socket?.remotePort ?? 0}`;
}

/** The names in the certificate of the client of a call. */
export function namesOf({ session }: ServerHttp2Stream): readonly string[] {
  const socket = session && !session.destroyed ? session.socket : undefined;
  return (socket && identityOf(socket)?.names) ?? [];
}

/** A call that is refused before its handler sees it. */
export class RefusedCall extends grpc.ServerInterceptingCall {
  readonly #stream: ServerHttp2Stream;
  readonly #reason: HeadwaterError;

  constructor(next: NextCall, reason: HeadwaterError) {
    super(next);
    this.#stream = streamOf(next);
    this.#reason = reason;
  }

  override start(_listener: Listener): void {
    this.sendStatus(toStatus(this.#reason));
    // Bytes of the request would come in for as long as the client sends them.
    this.#stream.close(http2.constants.NGHTTP2_NO_ERROR);
  }
}
