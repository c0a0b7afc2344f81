/**
 * The standard health service (grpc.health.v1), for the node as a whole and for each of its services. A watch is a
 * stream without an end, for which a stop must not wait.
 */
import type * as grpc from '@grpc/grpc-js';
import type { HealthImplementation } from 'grpc-health-check';

/** A call of the health service that stays open until one side ends it. */
interface Watch {
  end(): void;
  once(event: 'close' | 'cancelled', listener: () => void): unknown;
}

export class Health {
  readonly #implementation: HealthImplementation;
  readonly #names: readonly string[];
  readonly #watches: Set<Watch>;

  private constructor(implementation: HealthImplementation, names: readonly string[], watches: Set<Watch>) {
    this.#implementation = implementation;
    this.#names = names;
    this.#watches = watches;
  }

  /**
   * The library is loaded here and not with the file, because it reads a .proto file. Clients need not wait for that.
   */
  static async add(server: grpc.Server, services: readonly string[]): Promise<Health> {
    const { HealthImplementation } = await import('grpc-health-check');
    const names = ['', ...services];
    const implementation = new HealthImplementation(
      Object.fromEntries(names.map((name) => [name, 'SERVING' as const])),
    );
    const watches = new Set<Watch>();
    implementation.addToServer({
      addService: (definition, handlers) => {
        const { watch, ...others } = handlers;
        server.addService(definition as grpc.ServiceDefinition, {
          ...others,
          watch: tracked(watch as WatchHandler, watches),
        });
      },
    });
    return new Health(implementation, names, watches);
  }

  set(serving: boolean): void {
    for (const name of this.#names) this.#implementation.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  }

  /** Ends the watches after their last message, which reports NOT_SERVING. */
  endWatches(): void {
    for (const watch of this.#watches) watch.end();
  }
}

type WatchHandler = (call: Watch) => void;

function tracked(handler: WatchHandler, watches: Set<Watch>): grpc.UntypedHandleCall {
  return ((call: Watch) => {
    watches.add(call);
    call.once('close', () => watches.delete(call));
    call.once('cancelled', () => watches.delete(call));
    handler(call);
  }) as unknown as grpc.UntypedHandleCall;
}
