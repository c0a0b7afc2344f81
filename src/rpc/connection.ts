/**
 * A connection to a node, for one caller: a gRPC client with a count of the bytes that arrive. A message reaches the
 * caller only when it is complete. Over a slow link, the bytes of a large message are the only sign of life for many
 * seconds.
 */
import type { Socket } from 'node:net';
import * as grpc from '@grpc/grpc-js';
import { AUTHORIZATION } from '../access/credentials.js';
import { type DialSettings, PLAIN } from '../access/dial.js';
import { secureConnect } from '../access/tls/secure-connect.js';
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
export function connectTo(
  address: string,
  options: grpc.ChannelOptions,
  settings: DialSettings = PLAIN,
): GrpcConnection {
  let socket: Socket | undefined;
  const credentials = credentialsOf(address, settings, (connected) => {
    socket = connected;
  });
  const { authorization } = settings;
  const interceptors = authorization ? [showingUser(authorization)] : [];
  const client = new grpc.Client(address, credentials, { ...CONNECTION_OPTIONS, ...options, interceptors });
  return { client, heardBytes: () => socket?.bytesRead ?? 0 };
}

/** Credentials see the socket before HTTP/2 takes it. They count its bytes, and make the handshake of TLS. */
function credentialsOf(
  address: string,
  { tls }: DialSettings,
  connected: (socket: Socket) => void,
): grpc.ChannelCredentials {
  const credentials = grpc.credentials.createInsecure();
  const create = credentials._createSecureConnector.bind(credentials);
  credentials._isSecure = () => tls !== undefined;
  credentials._createSecureConnector = (target, options, callCredentials) => {
    const connector = create(target, options, callCredentials);
    const connect = connector.connect.bind(connector);
    connector.connect = async (socket) => {
      connected(socket);
      return tls ? { socket: await secureConnect(socket, address, tls), secure: true } : connect(socket);
    };
    return connector;
  };
  return credentials;
}

/** Adds the user to the metadata of each call. gRPC's own way refuses a connection without TLS. */
function showingUser(authorization: () => string | undefined): grpc.Interceptor {
  return (options, nextCall) =>
    new grpc.InterceptingCall(nextCall(options), {
      start: (metadata, listener, next) => {
        const text = authorization();
        if (text !== undefined) metadata.set(AUTHORIZATION, text);
        next(metadata, listener);
      },
    });
}
