/**
 * The gRPC server of a node. The server binds an address, sets every limit that grpc-js leaves open, and stops in
 * order. Health and reflection stand beside the node's own services. The services carry out the calls, and handler.ts
 * handles how they end.
 */
import type net from 'node:net';
import * as grpc from '@grpc/grpc-js';
import { formatAddress, parseAddress } from '../base/address.js';
import { systemClock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import {
  CONCURRENT_STREAMS_MAX,
  CONNECTION_IDLE_MS_MAX,
  DRAIN_MS_MAX,
  MESSAGE_BYTES_MAX,
  RECEIVING_BYTES_MAX,
  RECEIVING_NODES_BYTES_MAX,
  REPLYING_BYTES_MAX,
  SESSION_MEMORY_MB_MAX,
  STOP_HANG_UP_MS_MAX,
} from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { CallIntake, type MessageMemory } from './call-intake.js';
import { Calls, type CallsOptions } from './calls.js';
import type { Endpoint } from './handler.js';
import { Health } from './health.js';
import { addReflection } from './reflection.js';
import { ReplyMemory } from './reply-memory.js';
import { RequestMemory } from './request-memory.js';

export interface Service {
  /** The name with its package, such as `headwater.v1.KeyValueService`. */
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
  /**
   * True if the requests use the memory for those of clients. Requests of nodes and operators have memory of their own.
   */
  readonly isForClients?: true;
}

export interface RpcServerOptions extends CallsOptions {
  /** The host:port to listen on. Port 0 takes a free one. */
  readonly address: string;
  readonly services: readonly Service[];
  /** True if generic clients may ask for the list of services. */
  readonly reflection: boolean;
  /** The number of connections beyond which a new one is closed at once. Undefined for no bound. */
  readonly connectionsMax?: number | undefined;
}

/**
 * HTTP/2 keepalive is off. Once a stop has begun, its next ping would kill every call that is still being finished
 * (grpc-node 3068). The heartbeats of the replication and the deadlines of clients notice dead peers.
 */
const CHANNEL_OPTIONS: grpc.ServerOptions = {
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_concurrent_streams': CONCURRENT_STREAMS_MAX,
  'grpc.max_connection_idle_ms': CONNECTION_IDLE_MS_MAX,
  'grpc-node.max_session_memory': SESSION_MEMORY_MB_MAX,
  'grpc.enable_channelz': 0,
};

export class RpcServer {
  /** The host:port as it was configured, with the port that was taken. */
  readonly address: string;
  readonly #server: grpc.Server;
  readonly #calls: Calls;
  readonly #health: Health;
  #stopped: Promise<void> | undefined;

  private constructor(address: string, server: grpc.Server, calls: Calls, health: Health) {
    this.address = address;
    this.#server = server;
    this.#calls = calls;
    this.#health = health;
  }

  /**
   * Listens, and answers calls from then on. Health reports SERVING until `setServing` changes it.
   * @throws HeadwaterError `address_in_use`, or `invalid_argument` if the address does not belong to this machine.
   */
  static async bind(options: RpcServerOptions): Promise<RpcServer> {
    const { host } = parseAddress(options.address, { portZero: true });
    tameLogging(options.logger);
    const server = new grpc.Server({ ...CHANNEL_OPTIONS, interceptors: [receiver(options.services)] });
    const calls = new Calls(options);
    for (const { endpoints } of options.services) {
      for (const endpoint of endpoints) addEndpoint(server, endpoint, calls);
    }
    const health = Health.add(
      server,
      options.services.map(({ name }) => name),
    );
    if (options.reflection) addReflection(server);
    const port = await listen(server, options.address);
    boundConnections(server, options);
    return new RpcServer(formatAddress({ host, port }), server, calls, health);
  }

  /** Sets the state that the health service reports for the node and for each service. */
  setServing(serving: boolean): void {
    this.#health.set(serving && !this.#stopped);
  }

  /**
   * Takes no more calls, lets open calls finish, and closes. Pipelines and replication streams finish the work that
   * they have begun, and end with `shutting_down`.
   */
  stop({ graceMs = DRAIN_MS_MAX }: { graceMs?: number } = {}): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  async #stop(graceMs: number): Promise<void> {
    this.#health.set(false);
    this.#health.endWatches();
    this.#calls.stop();
    // Ends the calls that are still open after that time. `forceShutdown` would not: without channelz it knows no
    // connections.
    this.#server.drain(this.address, graceMs);
    await new Promise<void>((resolve) => {
      // To hang up, Node waits for the peer to hang up too. A peer that stands still never does.
      const late = setTimeout(resolve, graceMs + STOP_HANG_UP_MS_MAX);
      this.#server.tryShutdown(() => {
        clearTimeout(late);
        resolve();
      });
    });
    this.#server.forceShutdown();
  }
}

function receiver(services: readonly Service[]): grpc.ServerInterceptor {
  const memory = (receivingBytes: number): MessageMemory => ({
    requests: new RequestMemory(systemClock, receivingBytes),
    replies: new ReplyMemory(systemClock, REPLYING_BYTES_MAX),
  });
  const ofClients = memory(RECEIVING_BYTES_MAX);
  const ofNodes = memory(RECEIVING_NODES_BYTES_MAX);
  const paths = new Set(
    services.flatMap(({ isForClients, endpoints }) => (isForClients ? endpoints : [])).map(({ path }) => path),
  );
  return ({ path }, call) => new CallIntake(call, paths.has(path) ? ofClients : ofNodes);
}

function addEndpoint(server: grpc.Server, endpoint: Endpoint, calls: Calls): void {
  const { path, requestStream, responseStream } = endpoint;
  const asIs = (bytes: Buffer) => bytes;
  const method = {
    path,
    requestStream,
    responseStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  server.addService({ method }, { method: endpoint.handle(calls) });
}

/** Brief reasons in place of grpc-js' long ones, by the system's own code. */
const BIND_FAILURES = [
  ['EADDRINUSE', 'another process listens there'],
  ['EADDRNOTAVAIL', 'this machine has no such address'],
  ['EACCES', 'this user has no permission to listen on that port'],
  ['ENOTFOUND', 'there is no host of that name'],
] as const;

function listen(server: grpc.Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, port) => {
      if (!error) return resolve(port);
      server.forceShutdown();
      const { message } = error;
      const inUse = message.includes('EADDRINUSE');
      const known = BIND_FAILURES.find(([code]) => message.includes(code));
      const why = known?.[1] ?? message;
      reject(
        new HeadwaterError(inUse ? 'address_in_use' : 'invalid_argument', `cannot listen on ${address}: ${why}`, {
          cause: error,
        }),
      );
    });
  });
}

/** grpc-js has no option for a bound, and keeps its listeners in a field of its own. */
function boundConnections(server: grpc.Server, { connectionsMax, logger }: RpcServerOptions): void {
  if (connectionsMax === undefined) return;
  const { http2Servers } = server as unknown as { http2Servers: ReadonlyMap<net.Server, unknown> };
  let dropped = 0;
  for (const listener of http2Servers.keys()) {
    listener.maxConnections = connectionsMax;
    listener.on('drop', () => {
      dropped++;
      const said = `a connection was closed: ${connectionsMax} are open, and the other descriptors are reserved for the files of the data. Raise the limit of open files (ulimit -n), or close connections`;
      logger[dropped === 1 ? 'warn' : 'debug']({ connections_max: connectionsMax, dropped }, said);
    });
  }
}

/** grpc-js prints to stderr by itself, for example after a failed bind. This sends all of that to the node's log. */
function tameLogging(logger: Logger): void {
  const debug = (...words: unknown[]) => logger.debug({}, `grpc: ${words.join(' ')}`);
  grpc.setLogger({ error: debug, info: debug, debug });
}
