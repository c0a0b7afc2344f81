/**
 * The listener of a node: the one owner of its sockets. Each connection gets a place, or is closed. The first bytes tell
 * the protocol, and the socket goes to the receiver of that protocol with all its bytes. Every bound on connections is
 * here: in all, from one address, the time without a first byte and without a user, and the reserve for replication and
 * administration.
 *
 * Invariant: a socket is in `#connections` from its accept to its close, whoever has received it.
 */
import type net from 'node:net';
import { onSignIn } from '../access/peer.js';
import { TLS_HANDSHAKE } from '../access/tls/handshake.js';
import type { NodeTls } from '../access/tls/node-tls.js';
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { FIRST_BYTES_MS_MAX, REFUSED_HANG_UP_MS_MAX, SIGN_IN_MS_MAX } from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { RepeatedLog } from '../base/repeated-log.js';
import type { StatusConnections } from '../model/status.js';
import type { ConnectionPlace } from '../rpc/connection-place.js';
import { type Bound, bind } from './binding.js';
import { Connection } from './connection.js';
import { ConnectionCounts } from './connection-counts.js';
import { readingDirectly } from './direct-reads.js';
import { isHttpRequest, NO_PLAIN_HTTP, refuseHttp } from './http-refusal.js';
import { Places } from './places.js';
import { type Protocol, readFirst, readProtocol } from './protocol.js';
import { NO_PLACE, REDIS_IS_OFF, refuseRedis } from './redis-refusal.js';
import { type PlaceBounds, placeBounds, shortageInAll } from './shortage.js';
import { SilentConnections } from './silent-connections.js';
import { NO_TLS, NO_TLS_HERE, type Secured, TlsGate } from './tls-gate.js';

/** The receiver of connections that speak HTTP/2. The socket is paused, and has the first bytes in it again. */
export interface GrpcDoor {
  receive(socket: net.Socket, place: ConnectionPlace): void;
}

/**
 * The receiver of connections that speak the Redis protocol. The receiver listens to the data in the same turn, and gets
 * every byte. To answer a client that has shut down its side, the receiver sets `allowHalfOpen` and ends the socket. At
 * a stop the receiver ends its connections before the listener closes those that are left.
 */
export interface RedisDoor {
  receive(socket: net.Socket): void;
}

export interface ConnectionBounds {
  /** The connections that the node has descriptors for. Undefined for no bound. */
  readonly descriptorsFor?: number | undefined;
  /** The connections of clients. Undefined for no bound of its own. */
  readonly connectionsMax?: number | undefined;
  /** The connections of clients from one address. Undefined for no bound of its own. */
  readonly connectionsPerAddress?: number | undefined;
}

export interface ListenerOptions extends ConnectionBounds {
  /** The host:port for both protocols. Port 0 takes a free one. */
  readonly address: string;
  /** The host:port for the Redis protocol alone. */
  readonly redisAddress?: string | undefined;
  readonly grpc: GrpcDoor;
  /** Undefined if the Redis protocol is off. */
  readonly redis: RedisDoor | undefined;
  /** Whether a connection has to sign in, because the node has users. Never if undefined. */
  readonly needsUser?: (() => boolean) | undefined;
  /** Undefined for connections without TLS. */
  readonly tls?: NodeTls | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly #log: RepeatedLog;
  readonly #bound: Bound[] = [];
  /** The ends of the servers. A server ends once it has stopped and the last of its connections is closed. */
  readonly #ended: Promise<unknown>[] = [];
  readonly #connections = new Set<Connection>();
  readonly #counts = new ConnectionCounts();
  readonly #silent: SilentConnections<Connection>;
  /** Connections that have to sign in, and have not. */
  readonly #unsigned: SilentConnections<Connection>;
  readonly #places: Places<Connection>;
  readonly #tls: TlsGate | undefined;
  #isStopped = false;

  private constructor(options: ListenerOptions) {
    const { clock } = options;
    this.#options = options;
    this.#log = RepeatedLog.of(options);
    this.#silent = new SilentConnections(clock, FIRST_BYTES_MS_MAX, (connection) => connection.drop());
    this.#unsigned = new SilentConnections(clock, SIGN_IN_MS_MAX, (connection) => {
      // A probe stays, and yields its place.
      if (connection.isProbe) this.#unsigned.add(connection);
      else connection.drop();
    });
    this.#places = new Places(boundsOf(options), this.#silent, this.#unsigned);
    this.#tls = options.tls && new TlsGate(options.tls);
    options.tls?.onRevoked(() => this.#endRevoked());
  }

  /**
   * Listens, and hands connections to their receivers from then on.
   * @throws HeadwaterError `address_in_use`, or `invalid_argument` if an address does not belong to this machine.
   */
  static async listen(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    try {
      await listener.#bind(options.address);
      if (options.redisAddress !== undefined) await listener.#bind(options.redisAddress, 'redis');
    } catch (failure) {
      await listener.close();
      throw failure;
    }
    return listener;
  }

  /** The host:port for both protocols as it was configured, with the port that was taken. */
  get address(): string {
    return this.#bound[0]?.address ?? '';
  }

  /** The host:port for the Redis protocol alone, with the port that was taken. Empty if there is none. */
  get redisAddress(): string {
    return this.#bound[1]?.address ?? '';
  }

  get status(): StatusConnections {
    const { clientsMax, reserved } = this.#places.bounds;
    return { ...this.#counts.status, clientsMax: Number.isFinite(clientsMax) ? clientsMax : undefined, reserved };
  }

  /** Takes other bounds on connections of clients. Connections that are open stay. */
  bound(bounds: ConnectionBounds): void {
    this.#places.bounds = boundsOf(bounds);
  }

  /** Accepts no more connections, and closes those that have no receiver yet. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    for (const { servers } of this.#bound) for (const server of servers) server.close();
    for (const connection of this.#connections) if (connection.stage === 'silent') connection.close();
  }

  /** Stops, and closes every connection that a receiver has left open. Resolves when all are closed. */
  async close(): Promise<void> {
    this.stop();
    for (const connection of this.#connections) connection.close();
    await Promise.all(this.#ended);
  }

  async #bind(address: string, only?: Protocol): Promise<void> {
    const bound = await bind(address, (socket) => this.#accept(socket, only));
    this.#bound.push(bound);
    for (const server of bound.servers) {
      this.#ended.push(new Promise((resolve) => server.once('close', resolve)));
      server.on('error', (error) => this.#log.warn({ address }, `a connection was not accepted: ${error.message}`));
    }
  }

  #accept(socket: net.Socket, only: Protocol | undefined): void {
    // The close of a socket follows its error, and says all that matters here.
    socket.on('error', () => {});
    const connection = new Connection(socket);
    this.#connections.add(connection);
    this.#counts.opened();
    socket.once('close', () => this.#closed(connection));
    if (this.#isStopped) return connection.close();
    if (!this.#places.open(connection)) {
      this.#log.warn({ connections: this.#counts.all }, shortageInAll(this.#places.bounds).message);
      return connection.drop();
    }
    this.#silent.add(connection);
    readFirst(socket, (first) => {
      const isTls = first[0] === TLS_HANDSHAKE;
      if (isTls && this.#tls) return this.#secure(connection, this.#tls, only);
      if (isTls) this.#refuse(connection, new HeadwaterError('unreachable', NO_TLS_HERE));
      else if (this.#tls) this.#refusePlain(connection, first);
      readProtocol(socket, isTls ? 'redis' : only, (protocol) => this.#heard(connection, protocol));
    });
  }

  #secure(connection: Connection, gate: TlsGate, only: Protocol | undefined): void {
    gate.secure(connection.socket, {
      secured: ({ socket, protocol, refusal }: Secured) => {
        // The close of the connection beneath follows.
        socket.on('error', () => {});
        connection.socket = socket;
        if (refusal) this.#refuse(connection, refusal);
        readProtocol(socket, only ?? protocol, (heard) => this.#heard(connection, heard));
      },
      failed: (reason) => this.#log.warn({}, `a TLS handshake of ${connection.host} failed: ${reason}`),
    });
  }

  /** A new revocation list ends the open connections of the certificates on it. */
  #endRevoked(): void {
    for (const connection of this.#connections) {
      if (!this.#tls?.isRevoked(connection.socket)) continue;
      this.#log.warn({}, `a connection of ${connection.host} was closed: the certificate of the client is revoked`);
      connection.close();
    }
  }

  #refusePlain(connection: Connection, first: Buffer): void {
    connection.isHttp = isHttpRequest(first);
    this.#refuse(connection, new HeadwaterError('unreachable', connection.isHttp ? NO_PLAIN_HTTP : NO_TLS));
  }

  /** Lets the client read the reason in its own protocol, and hang up. */
  #refuse(connection: Connection, refusal: HeadwaterError): void {
    connection.refusal = refusal;
    this.#log.warn({}, `a connection of ${connection.host} was refused: ${refusal.message}`);
  }

  #heard(connection: Connection, protocol: Protocol): void {
    const { socket } = connection;
    // A stop, or a connection that needed the place, may have closed the socket in this turn.
    if (socket.destroyed || !this.#silent.delete(connection)) return;
    connection.stage = protocol;
    this.#counts.heard(protocol);
    const needsUser = !connection.refusal && this.#options.needsUser?.();
    if (needsUser) this.#unsigned.add(connection);
    if (protocol === 'redis') return this.#receiveRedis(connection);
    if (connection.refusal) this.#hangUpLater(connection);
    this.#options.grpc.receive(socket, this.#placeOf(connection));
  }

  #hangUpLater(connection: Connection): void {
    this.#countRefused(connection);
    connection.socket.once(
      'close',
      this.#options.clock.after(REFUSED_HANG_UP_MS_MAX, () => connection.close()),
    );
  }

  #receiveRedis(connection: Connection): void {
    const { redis, clock } = this.#options;
    const refuse = (line: string) => {
      this.#countRefused(connection);
      refuseRedis(connection.socket, line, clock);
    };
    if (connection.refusal && connection.isHttp) {
      this.#countRefused(connection);
      return refuseHttp(connection.socket, connection.refusal.message, clock);
    }
    if (connection.refusal) return refuse(`ERR ${connection.refusal.message}`);
    if (!redis) return refuse(REDIS_IS_OFF);
    const shortage = this.#claim(connection);
    if (shortage) return refuse(NO_PLACE);
    // The read that brought the first bytes still belongs to the accepted socket.
    process.nextTick(() => this.#handToRedis(connection, redis));
  }

  #handToRedis(connection: Connection, redis: RedisDoor): void {
    if (connection.socket.destroyed) return;
    const socket = readingDirectly(connection.socket);
    if (socket !== connection.socket) {
      // The close of the accepted socket follows.
      socket.on('error', () => {});
      connection.socket = socket;
    }
    // The bytes flow at the end of this turn, when the door listens.
    socket.resume();
    onSignIn(socket, () => this.#unsigned.delete(connection));
    redis.receive(socket);
  }

  #placeOf(connection: Connection): ConnectionPlace {
    const places = this.#places;
    return {
      get isForClient() {
        return places.isForClient(connection);
      },
      refusal: connection.refusal,
      signIn: () => void this.#unsigned.delete(connection),
      probe: () => {
        connection.isProbe = true;
      },
      claim: () => {
        const shortage = this.#claim(connection);
        if (shortage) this.#countRefused(connection);
        return shortage;
      },
      prove: () => places.prove(connection),
    };
  }

  #claim(connection: Connection): HeadwaterError | undefined {
    const shortage = this.#places.claim(connection);
    if (shortage) this.#log.warn({ connections: this.#counts.all }, shortage.message);
    return shortage;
  }

  #countRefused(connection: Connection): void {
    if (connection.isRefused) return;
    connection.isRefused = true;
    this.#counts.refused(connection.stage);
  }

  #closed(connection: Connection): void {
    this.#connections.delete(connection);
    this.#silent.delete(connection);
    this.#unsigned.delete(connection);
    this.#places.release(connection);
    if (connection.isDropped) this.#countRefused(connection);
    this.#counts.closed(connection.stage);
  }
}

function boundsOf({ descriptorsFor, connectionsPerAddress, connectionsMax }: ConnectionBounds): PlaceBounds {
  return placeBounds(descriptorsFor, connectionsPerAddress, connectionsMax);
}
