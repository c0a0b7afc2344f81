/**
 * The gRPC server of a node. The listener of the node hands it connections that speak HTTP/2. The server sets every
 * limit that grpc-js leaves open, and stops in order. Health and reflection stand beside the node's own services. The
 * services carry out the calls, and handler.ts handles how they end.
 */
import type net from 'node:net';
import * as grpc from '@grpc/grpc-js';
import type { Access } from '../access/access.js';
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
import type { Tracing } from '../base/tracing.js';
import { ReplyMemory } from '../pipeline/reply-memory.js';
import { fixedShare, type RequestShare } from '../pipeline/request-budget.js';
import { RequestMemory } from '../pipeline/request-memory.js';
import { Admission } from './admission.js';
import { CallCounts, type MethodCounts } from './call-counts.js';
import { CallIntake, type Granting, type MessageMemory } from './call-intake.js';
import { Calls, type CallsOptions } from './calls.js';
import { type ConnectionPlace, placeOf, RefusedCall, setPlace, streamOf } from './connection-place.js';
import { methodName, PIPELINE } from './definitions.js';
import type { Endpoint } from './handler.js';
import { HEALTH_METHODS, Health } from './health.js';
import { boundMetadata, refusalOfMetadata } from './metadata-bound.js';
import type { OperationCounts } from './operation-counts.js';
import { addReflection } from './reflection.js';

export interface Service {
  /** The name with its package, such as `headwater.v1.KeyValueService`. */
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
  /**
   * True if the requests use the memory for those of clients. Requests of nodes and operators have memory of their own.
   */
  readonly isForClients?: true;
  /** The operations that arrive in pipelines, if the service has pipelines. */
  readonly counts?: OperationCounts;
}

export interface RpcServerOptions extends CallsOptions {
  readonly services: readonly Service[];
  /** True if generic clients may ask for the list of services. */
  readonly reflection: boolean;
  /** Decides who may call what. Everybody may call everything without it. */
  readonly access?: Access | undefined;
  /** Undefined for a server that makes no spans. */
  readonly tracing?: Tracing | undefined;
  /** The memory of the replies to clients, if other protocols share it. */
  readonly replies?: ReplyMemory | undefined;
  /** The memory of the requests of clients, if other protocols share it. */
  readonly requests?: RequestShare | undefined;
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

/** The figures of a server for metrics. */
export interface RpcFigures {
  readonly methods: readonly MethodCounts[];
  /** The operations in pipelines. Undefined for a server without pipelines. */
  readonly operations: OperationCounts | undefined;
  /** Bytes of requests that are being received or wait. */
  readonly requestBytes: number;
  /** Bytes of replies to nodes and operators. */
  readonly nodeReplyBytes: number;
}

type Injector = ReturnType<grpc.Server['createConnectionInjector']>;

export class RpcServer {
  readonly #server: grpc.Server;
  readonly #injector: Injector;
  readonly #calls: Calls;
  readonly #counts: CallCounts;
  readonly #operations: OperationCounts | undefined;
  readonly #memory: ReturnType<typeof memories>;
  readonly #health: Health;
  readonly #sockets = new Set<net.Socket>();
  #stopped: Promise<void> | undefined;
  /** Runs at a stop when the last connection is closed. */
  #allClosed = () => {};

  /** Answers the calls of the connections that it receives. Health reports SERVING until `setServing` changes it. */
  constructor(options: RpcServerOptions) {
    tameLogging(options.logger);
    const endpoints = options.services.flatMap((service) => service.endpoints);
    this.#counts = new CallCounts([...endpoints, ...HEALTH_METHODS]);
    this.#operations = options.services.find(({ counts }) => counts)?.counts;
    this.#memory = memories(options);
    const interceptors = [receiver(options, this.#memory, this.#counts)];
    this.#server = new grpc.Server({ ...CHANNEL_OPTIONS, interceptors });
    boundMetadata(this.#server);
    this.#injector = this.#server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
    this.#calls = new Calls(options);
    for (const endpoint of endpoints) addEndpoint(this.#server, endpoint, this.#calls);
    this.#health = Health.add(
      this.#server,
      options.services.map(({ name }) => name),
    );
    if (options.reflection) addReflection(this.#server);
  }

  /**
   * Takes a connection whose first bytes are HTTP/2's, and may have been read and put back.
   * @param place decides whether the connection may carry calls of clients. Without it, the connection may.
   */
  receive(socket: net.Socket, place?: ConnectionPlace): void {
    if (this.#stopped) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.#allClosed();
    });
    if (place) setPlace(socket, place);
    this.#injector.injectConnection(socket);
  }

  /** The calls by method since the server began, and the bytes of requests and replies in memory. */
  get figures(): RpcFigures {
    const { ofClients, ofNodes } = this.#memory;
    return {
      methods: this.#counts.called,
      operations: this.#operations,
      requestBytes: ofClients.requests.bytes + ofNodes.requests.bytes,
      nodeReplyBytes: ofNodes.replies.bytes,
    };
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
    // Ends the calls that are still open after that time.
    this.#injector.drain(graceMs);
    await this.#whenAllClosed(graceMs + STOP_HANG_UP_MS_MAX);
    this.#injector.destroy();
    this.#server.forceShutdown();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** To hang up, Node waits for the peer to hang up too. A peer that stands still never does. */
  #whenAllClosed(mostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const late = setTimeout(resolve, mostMs);
      this.#allClosed = () => {
        clearTimeout(late);
        resolve();
      };
      if (this.#sockets.size === 0) this.#allClosed();
    });
  }
}

/** Requests of nodes and operators have memory of their own. */
function memories({ replies, requests }: RpcServerOptions): { ofClients: MessageMemory; ofNodes: MessageMemory } {
  const memory = (share: RequestShare, shared?: ReplyMemory): MessageMemory => ({
    requests: new RequestMemory(systemClock, share),
    replies: shared ?? new ReplyMemory(systemClock, REPLYING_BYTES_MAX),
  });
  const ofClients = memory(requests ?? fixedShare(RECEIVING_BYTES_MAX), replies);
  return { ofClients, ofNodes: memory(fixedShare(RECEIVING_NODES_BYTES_MAX)) };
}

function receiver(
  { services, access, tracing }: RpcServerOptions,
  { ofClients, ofNodes }: ReturnType<typeof memories>,
  counts: CallCounts,
): grpc.ServerInterceptor {
  const paths = new Set(
    services.flatMap(({ isForClients, endpoints }) => (isForClients ? endpoints : [])).map(({ path }) => path),
  );
  const admission = access && new Admission(access);
  return (method, call) => {
    const { path } = method;
    counts.begin(path, streamOf(call));
    const tooLarge = refusalOfMetadata(call);
    if (tooLarge) return new RefusedCall(call, tooLarge);
    const place = placeOf(call);
    if (place?.refusal) return new RefusedCall(call, place.refusal);
    const grant = admission?.ask(method, call);
    if (grant instanceof HeadwaterError) return new RefusedCall(call, grant);
    if (admission && !grant) place?.probe();
    const isForClients = paths.has(path);
    // A connection that only tries secrets, or only asks for health while there are users, gives way to others.
    const known = () => {
      place?.signIn();
      if (!isForClients) place?.prove();
      // A client opens its pipeline before it does anything, and may want to administer the node only.
      else if (path !== PIPELINE.path) return place?.claim();
      return undefined;
    };
    const granting = whenKnown(grant, !admission || grant || !access?.needsUser ? known : () => undefined);
    if (granting instanceof HeadwaterError) return new RefusedCall(call, granting);
    const claims = path === PIPELINE.path && !place?.isForClient ? place : undefined;
    const metered = granting && { ...granting, isMetered: isForClients };
    const begin =
      tracing &&
      ((parent: string) => (tracing.isFull ? undefined : tracing.begin(methodName(path), { kind: 'server', parent })));
    return new CallIntake(call, isForClients ? ofClients : ofNodes, { place: claims, granting: metered, begin });
  };
}

/** Runs `known` once the rights of the caller are. A refusal that it returns refuses the call. */
function whenKnown(
  granting: Granting | undefined,
  known: () => HeadwaterError | undefined,
): Granting | HeadwaterError | undefined {
  if (!(granting?.grant instanceof Promise)) return known() ?? granting;
  const grant = granting.grant.then((one) => {
    const refusal = known();
    if (refusal) throw refusal;
    return one;
  });
  return { ...granting, grant };
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

/** grpc-js prints to stderr by itself, for example after a call that was ended. This sends all of that to the node's log. */
function tameLogging(logger: Logger): void {
  const debug = (...words: unknown[]) => logger.debug({}, `grpc: ${words.join(' ')}`);
  grpc.setLogger({ error: debug, info: debug, debug });
}
