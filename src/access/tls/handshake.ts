/** The handshake at the ports of a node, which the listener and the HTTP port have in common. */
import { constants } from 'node:crypto';
import type net from 'node:net';
import type tls from 'node:tls';
import { formatAddress } from '../../base/address.js';

/** The first byte of every TLS connection: a handshake record. No other protocol of the node begins with it. */
export const TLS_HANDSHAKE = 0x16;

/**
 * A client whose certificate is refused still gets its handshake, so that it reads the reason in its own protocol. Without
 * tickets each connection shows its certificate: a revoked one cannot resume an older session.
 */
export const SERVER_OPTIONS = {
  minVersion: 'TLSv1.2',
  rejectUnauthorized: false,
  secureOptions: constants.SSL_OP_NO_TICKET,
} as const satisfies tls.TlsOptions;

/** Both ends of a connection. TLS has a socket of its own, and both sockets have the same ends. */
export function endsOf({ remoteAddress, remotePort, localAddress, localPort }: net.Socket): string {
  const ends = [
    { host: remoteAddress ?? '', port: remotePort ?? 0 },
    { host: localAddress ?? '', port: localPort ?? 0 },
  ];
  return ends.map(formatAddress).join(' ');
}
