/**
 * TLS in front of the protocols: each connection makes its handshake here, and the negotiated protocol (ALPN) decides.
 * `h2` goes to the gRPC server, and a client that negotiates nothing speaks the Redis protocol. A client whose certificate
 * is refused still gets its handshake, so that it reads the reason in its own protocol, as does a client without TLS.
 */
import type net from 'node:net';
import tls from 'node:tls';
import { identityOf, setPeer } from '../access/peer.js';
import { refusalOf } from '../access/tls/client-certificate.js';
import { endsOf, SERVER_OPTIONS } from '../access/tls/handshake.js';
import type { NodeTls } from '../access/tls/node-tls.js';
import type { HeadwaterError } from '../base/errors.js';
import type { Protocol } from './protocol.js';

export interface Secured {
  readonly socket: tls.TLSSocket;
  readonly protocol: Protocol;
  /** The reason why the connection is of no use to its client. */
  readonly refusal: HeadwaterError | undefined;
}

/** The receiver of a connection: one of the two is called, unless the connection closes first. */
export interface Securing {
  secured(connection: Secured): void;
  failed(reason: string): void;
}

export class TlsGate {
  readonly #tls: Pick<NodeTls, 'clients' | 'isRevoked'>;
  readonly #server: tls.Server;
  /** The connections whose handshake goes on, by both of their ends. */
  readonly #securing = new Map<string, Securing>();

  constructor(nodeTls: Pick<NodeTls, 'clients' | 'serve' | 'isRevoked'>) {
    this.#tls = nodeTls;
    this.#server = tls.createServer({
      ...SERVER_OPTIONS,
      ALPNProtocols: ['h2'],
      requestCert: nodeTls.clients !== 'off',
    });
    nodeTls.serve((context) => this.#server.setSecureContext(context));
    this.#server.on('secureConnection', (socket) => this.#secured(socket));
    this.#server.on('tlsClientError', (error, socket) => this.#take(socket)?.failed(reasonOf(error)));
  }

  /** Begins the handshake. The first bytes may have been read and put back. */
  secure(socket: net.Socket, securing: Securing): void {
    const ends = endsOf(socket);
    this.#securing.set(ends, securing);
    socket.once('close', () => {
      if (this.#securing.get(ends) === securing) this.#securing.delete(ends);
    });
    this.#server.emit('connection', socket);
  }

  /** Whether the certificate of an open connection was revoked since its handshake. */
  isRevoked(socket: net.Socket): boolean {
    return socket instanceof tls.TLSSocket && this.#tls.isRevoked(socket);
  }

  #secured(socket: tls.TLSSocket): void {
    const securing = this.#take(socket);
    // The client has gone meanwhile.
    if (!securing) return void socket.destroy();
    const refusal = refusalOf(socket, this.#tls.clients);
    if (!refusal && socket.authorized) setPeer(socket, identityOf(socket.getPeerCertificate()));
    securing.secured({ socket, protocol: socket.alpnProtocol === 'h2' ? 'grpc' : 'redis', refusal });
  }

  #take(socket: net.Socket): Securing | undefined {
    const ends = endsOf(socket);
    const securing = this.#securing.get(ends);
    this.#securing.delete(ends);
    return securing;
  }
}

/** The sentence for a client that begins without TLS. */
export const NO_TLS = 'this address takes TLS alone. Use headwaters:// or --tls-ca (Redis clients: --tls, rediss://)';

/** The sentence for a client that begins with TLS at a node that has none. */
export const NO_TLS_HERE =
  'this address speaks no TLS. Use headwater:// without --tls options, or give the node --tls-cert and --tls-key';

function reasonOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ERR_SSL_NO_SHARED_CIPHER':
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ERR_SSL_VERSION_TOO_LOW':
      return 'the client and the node share no version of TLS: expected 1.2 or 1.3';
    case 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA':
    case 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN':
    case 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE':
      return 'the client does not trust the certificate of the node';
    case 'ERR_SSL_NO_APPLICATION_PROTOCOL':
      return 'the client wants another protocol than gRPC and that of Redis';
    case 'ECONNRESET':
      return 'the client closed the connection';
    default:
      return error.message.trim();
  }
}
