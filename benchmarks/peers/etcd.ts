/** etcd through its own gRPC, with the one method that the benchmarks need. */
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { eventually } from '../waiting.js';

/** Found from the compiled file; the build copies no .proto. */
const PROTO = fileURLToPath(new URL('../../../benchmarks/peers/etcd.proto', import.meta.url));
const PUT = '/etcdserverpb.KV/Put';

export interface Etcd {
  /** Resolves when a quorum has synced the write. */
  put(key: string, value: string): Promise<void>;
  close(): void;
}

export async function etcdClient({ port }: { readonly port: number }): Promise<Etcd> {
  const root = await protobuf.load(PROTO);
  const [request, response] = ['PutRequest', 'PutResponse'].map((name) => root.lookupType(`etcdserverpb.${name}`)) as [
    protobuf.Type,
    protobuf.Type,
  ];
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  return {
    put: (key, value) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          PUT,
          (message: object) => Buffer.from(request.encode(message).finish()),
          (bytes: Buffer) => response.decode(bytes),
          { key: Buffer.from(key), value: Buffer.from(value) },
          (error) => (error ? reject(error) : resolve()),
        );
      }),
    close: () => client.close(),
  };
}

/** etcd logs its readiness in words that differ between versions, so a write that comes through is the check. */
export async function untilEtcdWrites(port: number): Promise<void> {
  const client = await etcdClient({ port });
  try {
    await eventually('etcd to take a write', async () => {
      await client.put('ready', '');
      return true;
    });
  } finally {
    client.close();
  }
}
