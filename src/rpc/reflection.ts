/**
 * Server reflection: grpcurl, Postman and the like learn the services from the
 * server itself, which reads the .proto files of the package.
 */
import type * as grpc from '@grpc/grpc-js';
import { packageFile } from '../package-root.js';

const PROTO_FILES = ['kv', 'admin', 'replication'].map((name) => `headwater/v1/${name}.proto`);

/** Loaded here, not with the file: parsing takes a while, and clients need none of it. */
export async function addReflection(server: grpc.Server): Promise<void> {
  const [{ ReflectionService }, protoLoader] = await Promise.all([import('@grpc/reflection'), import('@grpc/proto-loader')]);
  const definition = protoLoader.loadSync(PROTO_FILES, { includeDirs: [packageFile('proto')], longs: String });
  new ReflectionService(definition).addToServer(server);
}
