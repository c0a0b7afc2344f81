/**
 * Server reflection: grpcurl, buf curl, Postman and similar tools learn the services from the server itself. The
 * descriptor set is read at the first request. Most nodes never receive one.
 */
import { readFile } from 'node:fs/promises';
import type * as grpc from '@grpc/grpc-js';
import { HeadwaterError } from '../base/errors.js';
import { packageFile } from '../base/package-root.js';
import { answerReflection, DescriptorSet } from '../protobuf/reflection.js';
import { toStatus } from './status.js';

const PATHS = ['v1', 'v1alpha'].map((version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`);

const DESCRIPTORS = 'proto/headwater.binpb';

/** The messages of both versions have the same fields. */
export function addReflection(server: grpc.Server): void {
  let set: Promise<DescriptorSet> | undefined;
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
      set ??= load();
      set.then(
        (loaded) => serve(call, loaded),
        (error) => call.emit('error', toStatus(error)),
      );
    };
    server.addService({ method }, { method: handle });
  }
}

function serve(call: grpc.ServerDuplexStream<Buffer, Buffer>, set: DescriptorSet): void {
  call.on('data', (request: Buffer) => {
    try {
      // A client that does not read its answers asks no more.
      if (call.write(answerReflection(request, set))) return;
      call.pause();
      call.once('drain', () => call.resume());
    } catch (error) {
      call.emit('error', toStatus(error));
    }
  });
  call.on('end', () => call.end());
}

async function load(): Promise<DescriptorSet> {
  try {
    return new DescriptorSet(await readFile(packageFile(DESCRIPTORS)));
  } catch (error) {
    const message = `the node cannot describe its services: ${DESCRIPTORS} cannot be read. Build the package with buf`;
    throw new HeadwaterError('unavailable', message, { cause: error });
  }
}
