/**
 * A connection to a node, for one caller: a gRPC client with a count of the bytes that arrive. A message reaches the
 * caller only when it is complete. Over a slow link, the bytes of a large message are the only sign of life for many
 * seconds.
 */
import type { Socket } from 'node:net';
import * as grpc from '@grpc/grpc-js';
import { CONNECTION_OPTIONS } from './connection-options.js';

export interface GrpcConnection {
  readonly client: grpc.Client;
  /** Bytes that have arrived so far. */
  heardBytes(): number;
}

/**
 * Dials when the first call is made.
 * @param address host:port.
 */
export function connectTo(address: string, options: grpc.ChannelOptions): GrpcConnection {
  const credentials = grpc.credentials.createInsecure();
  let socket: Socket | undefined;
  observeSocket(credentials, (connected) => {
    socket = connected;
  });
  const client = new grpc.Client(address, credentials, { ...CONNECTION_OPTIONS, ...options });
  return { client, heardBytes: () => socket?.bytesRead ?? 0 };
}

/** Observes the socket through the credentials, which see it before HTTP/2 takes it. */
function observeSocket(credentials: grpc.ChannelCredentials, connected: (socket: Socket) => void): void {
  const create = credentials._createSecureConnector.bind(credentials);
  credentials._createSecureConnector = (target, options, callCredentials) => {
    const connector = create(target, options, callCredentials);
    const connect = connector.connect.bind(connector);
    connector.connect = (socket) => {
      connected(socket);
      return connect(socket);
    };
    return connector;
  };
}
