/**
 * The standard health service (grpc.health.v1), for the node as a whole and for each of its services. A watch is a
 * stream without an end, for which a stop must not wait.
 *
 * The library for this service costs each node 70 ms of CPU time at its start and 6 MB, since it compiles a .proto file.
 * The tests hold this service against the library.
 */
import * as grpc from '@grpc/grpc-js';
import {
  decodeHealthRequest,
  encodeHealthList,
  encodeHealthStatus,
  HEALTH,
  type HealthStatus,
} from '../protobuf/health.js';
import { toStatus } from './status.js';

const HEALTH_SERVICE = 'grpc.health.v1.Health';

/** The methods of the service, for those who count calls. */
export const HEALTH_METHODS = ['Check', 'Watch', 'List'].map((name) => ({
  path: `/${HEALTH_SERVICE}/${name}`,
  requestStream: false,
  responseStream: name === 'Watch',
}));

type Check = grpc.ServerUnaryCall<Buffer, Buffer>;
type Respond = grpc.sendUnaryData<Buffer>;
type Watch = grpc.ServerWritableStream<Buffer, Buffer>;

export class Health {
  /** The names of the services. The empty name is the node as a whole. */
  readonly #services: ReadonlySet<string>;
  /** The node and its services serve together. */
  #status: HealthStatus = HEALTH.serving;
  /** The open watches with the service that each asks for. */
  readonly #watches = new Map<Watch, string>();

  private constructor(services: readonly string[]) {
    this.#services = new Set(['', ...services]);
  }

  static add(server: grpc.Server, services: readonly string[]): Health {
    const health = new Health(services);
    server.addService(
      { check: method('Check'), watch: method('Watch', true), list: method('List') },
      {
        check: ({ request }: Check, respond: Respond) => health.#check(request, respond),
        watch: (call: Watch) => health.#watch(call),
        list: (_: Check, respond: Respond) => respond(null, encodeHealthList(health.#services, health.#status)),
      },
    );
    return health;
  }

  set(serving: boolean): void {
    const status = serving ? HEALTH.serving : HEALTH.notServing;
    if (status === this.#status) return;
    this.#status = status;
    for (const [watch, service] of this.#watches)
      if (this.#services.has(service)) watch.write(encodeHealthStatus(status));
  }

  /** Ends the watches after their last message, which reports NOT_SERVING. */
  endWatches(): void {
    for (const watch of this.#watches.keys()) watch.end();
  }

  #check(request: Buffer, respond: Respond): void {
    try {
      const service = decodeHealthRequest(request);
      if (this.#services.has(service)) return respond(null, encodeHealthStatus(this.#status));
      const known = [...this.#services].filter((name) => name !== '').join(', ');
      const details = `expected one of the services ${known}, or none, received ${JSON.stringify(service.slice(0, 100))}`;
      respond({ code: grpc.status.NOT_FOUND, details });
    } catch (error) {
      respond(toStatus(error));
    }
  }

  /** An unknown service has a status of its own, and the watch stays open. */
  #watch(call: Watch): void {
    let service: string;
    try {
      service = decodeHealthRequest(call.request);
    } catch (error) {
      call.emit('error', toStatus(error));
      return;
    }
    this.#watches.set(call, service);
    call.once('close', () => this.#watches.delete(call));
    call.once('cancelled', () => this.#watches.delete(call));
    call.write(encodeHealthStatus(this.#services.has(service) ? this.#status : HEALTH.serviceUnknown));
  }
}

function method(name: string, responseStream = false): grpc.MethodDefinition<Buffer, Buffer> {
  const asIs = (bytes: Buffer) => bytes;
  return {
    path: `/${HEALTH_SERVICE}/${name}`,
    requestStream: false,
    responseStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}
