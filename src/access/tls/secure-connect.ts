/**
 * The dialling side of a TLS connection: the handshake, the check of the node's certificate, and the reasons of failures
 * in plain words. The check of the name is never off.
 */
import net from 'node:net';
import tls from 'node:tls';
import { hostOf } from '../../base/address.js';
import type { DialTls } from '../dial.js';

/** The beginning of each reason, by which rpc/status.ts finds it in the text of gRPC. */
export const TLS_FAILED = 'TLS failed: ';

/**
 * Resolves with the secure socket when the node has shown a certificate that this side trusts.
 * @param address host:port. The certificate must be for this host, unless `serverName` is given.
 */
export function secureConnect(
  socket: net.Socket,
  address: string,
  { context, serverName }: DialTls,
): Promise<tls.TLSSocket> {
  const host = serverName ?? hostOf(address).replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const secure = tls.connect({
      socket,
      secureContext: context,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['h2'],
      host,
      // The extension has no place for an IP address. Node checks the address in the certificate all the same.
      ...(net.isIP(host) === 0 && { servername: host }),
    });
    const failed = (error: Error) => reject(new Error(`${TLS_FAILED}${handshakeFailure(error, host)}`));
    secure.once('error', failed);
    secure.once('secureConnect', () => {
      secure.off('error', failed);
      resolve(secure);
    });
  });
}

const NO_TRUST =
  'no CA that this side trusts has signed the certificate of the node. Name the file of its CA with --tls-ca';

/** Reasons by the codes of OpenSSL and Node. */
const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the certificate of the node, or of its CA, has expired. Give the node a new one',
  CERT_NOT_YET_VALID: 'the certificate of the node is not valid yet. Check the clocks of both machines',
  CERT_REVOKED: 'the certificate of the node is revoked. Give the node a new one',
  CRL_HAS_EXPIRED: 'the revocation list of this side has expired. Renew the file of --tls-crl',
  UNABLE_TO_GET_CRL: 'the revocation list of this side lacks the CA of the node. Renew the file of --tls-crl',
  UNABLE_TO_GET_ISSUER_CERT: NO_TRUST,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NO_TRUST,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NO_TRUST,
  SELF_SIGNED_CERT_IN_CHAIN: NO_TRUST,
  DEPTH_ZERO_SELF_SIGNED_CERT: NO_TRUST,
  CERT_SIGNATURE_FAILURE: NO_TRUST,
  INVALID_PURPOSE: 'the certificate of the node is not for a server. Give the node one with the usage serverAuth',
  ERR_SSL_WRONG_VERSION_NUMBER:
    'the node answers without TLS. Use headwater:// and no --tls option, or give the node --tls-cert and --tls-key',
  ERR_SSL_PACKET_LENGTH_TOO_LONG:
    'the node answers without TLS. Use headwater:// and no --tls option, or give the node --tls-cert and --tls-key',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'the two sides share no version of TLS: expected 1.2 or 1.3',
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'the process that listens there speaks TLS, but no gRPC',
  ECONNRESET: 'the node closed the connection during the handshake. Look at its log',
};

function handshakeFailure(error: NodeJS.ErrnoException, host: string): string {
  const { code = '' } = error;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return wrongName(error, host);
  return REASONS[code] ?? error.message.trim();
}

function wrongName(error: Error, host: string): string {
  const { subjectaltname = 'no name' } = (error as Error & { cert?: tls.PeerCertificate }).cert ?? {};
  return `the certificate of the node is for another name: expected ${host}, received ${subjectaltname}. Use an address that the certificate names, or --tls-server-name`;
}
