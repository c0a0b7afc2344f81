/**
 * The bounds on the metadata of a call. gRPC decodes all metadata before anybody may refuse the call, and has no option
 * for their size on a server. So HTTP/2 gets a hard bound, and calls above a lower one are refused by name.
 */
import type * as grpc from '@grpc/grpc-js';
import { HeadwaterError } from '../base/errors.js';
import { METADATA_BYTES_HARD_MAX, METADATA_BYTES_MAX } from '../base/limits.js';

type NextCall = ConstructorParameters<typeof grpc.ServerInterceptingCall>[0];

/** The cost of an entry beside its name and value, by RFC 9113, section 6.5.2. */
const ENTRY_BYTES = 32;

/** The settings of HTTP/2 that a server sends to each client. gRPC makes them, and has no option for this one. */
interface Settled {
  readonly commonServerOptions: { settings?: { maxConcurrentStreams?: number; maxHeaderListSize?: number } };
}

/** Makes HTTP/2 end calls with more metadata than the hard bound. */
export function boundMetadata(server: grpc.Server): void {
  const { commonServerOptions: options } = server as unknown as Settled;
  options.settings = { ...options.settings, maxHeaderListSize: METADATA_BYTES_HARD_MAX };
}

/** @returns why a call may not begin, if it has too much metadata. */
export function refusalOfMetadata(call: NextCall): HeadwaterError | undefined {
  const bytes = sizeOf(metadataOf(call));
  if (bytes <= METADATA_BYTES_MAX) return undefined;
  return new HeadwaterError(
    'too_large',
    `metadata: expected at most ${METADATA_BYTES_MAX} bytes, received ${bytes}. Send less metadata with the call`,
  );
}

/** gRPC offers no other access to the metadata of a call before it begins. */
export function metadataOf(call: NextCall): Pick<grpc.Metadata, 'get' | 'toHttp2Headers'> {
  return (call as unknown as { metadata: grpc.Metadata }).metadata;
}

function sizeOf(metadata: Pick<grpc.Metadata, 'toHttp2Headers'>): number {
  let bytes = 0;
  for (const [name, values] of Object.entries(metadata.toHttp2Headers()))
    for (const value of [values ?? []].flat()) bytes += name.length + String(value).length + ENTRY_BYTES;
  return bytes;
}
