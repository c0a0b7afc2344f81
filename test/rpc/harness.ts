/**
 * A server over a fake store on a free port of the loopback, and callers that
 * speak raw bytes, so that tests can say what no proper client would.
 */
import net from 'node:net';
import * as grpc from '@grpc/grpc-js';
import { type Clock, systemClock } from '../../src/base/clock.js';
import type { HeadwaterError } from '../../src/base/errors.js';
import { type Logger, silentLogger } from '../../src/base/logger.js';
import { Listener } from '../../src/listener/listener.js';
import type { Operation, Reply } from '../../src/model/operation.js';
import type { Position } from '../../src/model/position.js';
import type { CommandTap } from '../../src/pipeline/monitors.js';
import type { NodeGuarantees } from '../../src/pipeline/node-guarantees.js';
import type { SlowLog } from '../../src/pipeline/slow-log.js';
import { decodePipelineResponse, encodePipelineRequest } from '../../src/protobuf/pipeline.js';
import { type Method, PIPELINE } from '../../src/rpc/definitions.js';
import { keyValueService } from '../../src/rpc/key-value-service.js';

import { RpcServer, type RpcServerOptions, type Service } from '../../src/rpc/server.js';

import { fromStatus } from '../../src/rpc/status.js';
import type { FakeStore } from './fake-store.js';

/** A server behind a listener, as in a node. */
export class ListeningServer {
  readonly #server: RpcServer;
  readonly #listener: Listener;

  private constructor(server: RpcServer, listener: Listener) {
    this.#server = server;
    this.#listener = listener;
  }

  static async listen(options: RpcServerOptions, address = '127.0.0.1:0'): Promise<ListeningServer> {
    const server = new RpcServer(options);
    const { logger } = options;
    const listener = await Listener.listen({ address, grpc: server, redis: undefined, clock: systemClock, logger });
    return new ListeningServer(server, listener);
  }

  get address(): string {
    return this.#listener.address;
  }

  setServing(serving: boolean): void {
    this.#server.setServing(serving);
  }

  async stop(options?: { graceMs?: number }): Promise<void> {
    this.#listener.stop();
    await this.#server.stop(options);
    await this.#listener.close();
  }
}

export interface Served {
  readonly server: ListeningServer;
  readonly address: string;
  /** What the operator was told as an error. */
  readonly errors: string[];
  readonly fatal: Error[];
}

/** Of a node that is always fresh, and whose writes are appended and no more. */
const UNGUARDED: NodeGuarantees = {
  durability: {
    reach: async (_, { level }) => ({
      reached: level === 'appended',
      synced: false,
      followersAppended: 0,
      followersSynced: 0,
      unsyncedHere: false,
    }),
  },
  freshness: { refusal: undefined, whenFresh: async () => {} },
};

const servers = new Set<ListeningServer>();
const clients = new Set<{ close(): unknown }>();

/** For `afterEach`: everything that a test left open. */
export async function closeAll(): Promise<void> {
  for (const client of clients) await client.close();
  clients.clear();
  for (const server of servers) await server.stop({ graceMs: 0 });
  servers.clear();
}

/** Has `client` closed after the test. */
export function closing<C extends { close(): unknown }>(client: C): C {
  clients.add(client);
  return client;
}

/** The address of a server that accepts connections, and is no node by itself. */
export async function otherServer(greet: (socket: net.Socket) => void): Promise<string> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    greet(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing({
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}

export async function serve(
  store: FakeStore,
  options: {
    address?: string;
    services?: readonly Service[];
    reflection?: boolean;
    clock?: Clock;
    guarantees?: NodeGuarantees;
    tap?: CommandTap;
    slowLog?: SlowLog;
  } = {},
): Promise<Served> {
  const errors: string[] = [];
  const fatal: Error[] = [];
  const logger: Logger = { ...silentLogger, error: (_fields, message) => errors.push(message) };
  const server = await ListeningServer.listen(
    {
      services: [
        keyValueService(store, options.guarantees ?? UNGUARDED, {
          clock: options.clock,
          ...(options.tap && { tap: options.tap }),
          ...(options.slowLog && { slowLog: options.slowLog }),
        }),
        ...(options.services ?? []),
      ],
      reflection: options.reflection ?? false,
      logger,
      onFatal: (error) => fatal.push(error),
    },
    options.address,
  );
  servers.add(server);
  return { server, address: server.address, errors, fatal };
}

export function rawClient(address: string, options: grpc.ChannelOptions = {}): grpc.Client {
  return closing(
    new grpc.Client(address, grpc.credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1, ...options }),
  );
}

const asIs = (bytes: Buffer): Buffer => bytes;

/** A unary call with bytes as they are; rejects with the status as gRPC gives it. */
export function callBytes(
  client: grpc.Client,
  path: string,
  request: Buffer,
  options: grpc.CallOptions = {},
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, asIs, asIs, request, new grpc.Metadata(), options, (error, response) => {
      if (error) reject(error);
      else resolve(response as Buffer);
    });
  });
}

/** A unary call; rejects with the status as gRPC gives it. */
export async function call<Request, Response>(
  client: grpc.Client,
  method: Method<Request, Response>,
  request: Request,
): Promise<Response> {
  return method.response.decode(await callBytes(client, method.path, method.request.encode(request)));
}

/** A pipeline stream by hand. */
export class RawPipeline {
  readonly stream: grpc.ClientDuplexStream<Buffer, Buffer>;
  readonly replies: Reply[] = [];
  /** How many replies each message held. */
  readonly messages: number[] = [];
  /** The position that each message told. */
  readonly positions: Array<Position | undefined> = [];
  /** How the stream ended; undefined for well. */
  readonly ended: Promise<HeadwaterError | undefined>;

  constructor(client: grpc.Client) {
    this.stream = client.makeBidiStreamRequest(PIPELINE.path, asIs, asIs);
    this.ended = new Promise((resolve) => {
      let failure: HeadwaterError | undefined;
      this.stream.on('error', (error) => {
        failure = fromStatus(error);
      });
      this.stream.on('status', () => resolve(failure));
    });
  }

  listen(): this {
    this.stream.on('data', (bytes: Buffer) => this.#take(bytes));
    return this;
  }

  /** Takes the first message, and reads no more: gRPC's own client holds nothing up before it has begun to read. */
  listenOnce(): this {
    this.stream.once('data', (bytes: Buffer) => {
      this.stream.pause();
      this.#take(bytes);
    });
    return this;
  }

  #take(bytes: Buffer): void {
    const { replies, position } = decodePipelineResponse(bytes);
    this.positions.push(position);
    this.messages.push(replies.length);
    this.replies.push(...replies);
  }

  send(...operations: Operation[]): void {
    this.stream.write(encodePipelineRequest(operations.map((operation) => ({ operation }))));
  }

  async repliesUpTo(count: number): Promise<Reply[]> {
    await until(() => this.replies.length >= count, `${count} replies`);
    return this.replies;
  }
}

export const set = (key: string, value: string | Buffer): Operation => ({
  kind: 'set',
  key: Buffer.from(key),
  value: Buffer.from(value),
});
export const get = (key: string): Operation => ({ kind: 'get', key: Buffer.from(key) });

/** Far more than any condition needs, on a busy machine too. */
const PATIENCE_MS = 60_000;

/** Waits for a condition, not for a time. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A promise with its ends in the open. */
export function gate(): { promise: Promise<void>; open: () => void; fail: (error: Error) => void } {
  let open = () => {};
  let fail: (error: Error) => void = () => {};
  const promise = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
}

/** The parts of the replication service in a test where no follower repairs its data. */
export const NOTHING_TO_REPAIR = { checks: { blocks: nothing }, ranges: { fetch: nothing } };

async function* nothing(): AsyncGenerator<never> {}
