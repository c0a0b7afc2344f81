/** The methods of the protocol, from the descriptors that the package has. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import protobuf from 'protobufjs';

const PROTO = path.join(import.meta.dirname, '../../proto/headwater/v1');

export interface DescribedMethod {
  readonly service: string;
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

function methodsOf(): DescribedMethod[] {
  const root = new protobuf.Root();
  for (const name of readdirSync(PROTO)) protobuf.parse(readFileSync(path.join(PROTO, name), 'utf8'), root);
  const v1 = root.lookup('headwater.v1') as protobuf.Namespace;
  return v1.nestedArray.flatMap((one) =>
    one instanceof protobuf.Service
      ? one.methodsArray.map(({ name, requestStream = false, responseStream = false }) => ({
          service: one.name,
          path: `/headwater.v1.${one.name}/${name}`,
          requestStream,
          responseStream,
        }))
      : [],
  );
}

export const DESCRIPTORS = { methods: methodsOf() };
