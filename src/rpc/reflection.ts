/**
 * Server reflection: grpcurl, Postman and similar tools learn the services from the server itself. The .proto files and
 * their parser are loaded at the first request. Most nodes never receive one, and loading costs 20 MB and a tenth of a
 * second.
 */
import type * as grpc from '@grpc/grpc-js';
import { HeadwaterError } from '../base/errors.js';
import { packageFile } from '../base/package-root.js';
import { toStatus } from './status.js';

const PROTO_FILES = ['kv', 'stream', 'admin', 'replication', 'disk', 'backup', 'error'].map(
  (name) => `headwater/v1/${name}.proto`,
);
const PATHS = ['v1', 'v1alpha'].map((version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`);

type Stream = grpc.ServerDuplexStream<unknown, unknown>;

/** A method that the library would have added to a server itself. */
interface Method {
  readonly definition: grpc.MethodDefinition<unknown, unknown>;
  handle(stream: Stream): void;
}

export function addReflection(server: grpc.Server): void {
  let methods: Promise<Map<string, Method>> | undefined;
  const asIs = (bytes: Buffer) => bytes;
  for (const path of PATHS) {
    const method = {
      path,
      requestStream: true,
      responseStream: true,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    };
    const handle = (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
      methods ??= load();
      methods.then(
        (loaded) => (loaded.get(path) as Method).handle(decoding(call, (loaded.get(path) as Method).definition)),
        (error) => call.emit('error', toStatus(error)),
      );
    };
    server.addService({ method }, { method: handle });
  }
}

async function load(): Promise<Map<string, Method>> {
  const [{ ReflectionService }, protoLoader] = await Promise.all([
    import('@grpc/reflection'),
    import('@grpc/proto-loader'),
  ]);
  const options = { includeDirs: [packageFile('proto')], longs: String };
  const methods = new Map<string, Method>();
  // Takes the methods that the library adds, in the place of a server.
  const catcher = {
    addService(service: grpc.ServiceDefinition, handlers: Record<string, Method['handle']>) {
      for (const [name, definition] of Object.entries(service)) {
        methods.set(definition.path, { definition, handle: handlers[name] as Method['handle'] });
      }
    },
  };
  new ReflectionService(protoLoader.loadSync(PROTO_FILES, options)).addToServer(catcher as unknown as grpc.Server);
  return methods;
}

/** The part of a call that the library's handlers use, with messages instead of bytes. */
function decoding(call: grpc.ServerDuplexStream<Buffer, Buffer>, definition: Method['definition']): Stream {
  const decoded = (listener: (message: unknown) => void) => (bytes: Buffer) => {
    try {
      listener(definition.requestDeserialize(bytes));
    } catch (error) {
      const malformed = `a reflection request cannot be read: ${(error as Error).message}`;
      call.emit('error', toStatus(new HeadwaterError('invalid_argument', malformed, { cause: error })));
    }
  };
  const stream = {
    on(event: string, listener: (message?: unknown) => void) {
      call.on(event, event === 'data' ? decoded(listener) : listener);
      return stream;
    },
    write: (message: unknown) => call.write(definition.responseSerialize(message)),
    end: () => call.end(),
  };
  return stream as unknown as Stream;
}
