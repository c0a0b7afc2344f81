/** The decision about the certificate of a client, or its absence. All ports of a node decide the same. */
import type tls from 'node:tls';
import { HeadwaterError } from '../../base/errors.js';
import type { ClientCertificates } from './node-tls.js';

/** The reason why the node takes nothing from the client. Undefined if its certificate is good, or none is wanted. */
export function refusalOf(socket: tls.TLSSocket, clients: ClientCertificates): HeadwaterError | undefined {
  if (clients === 'off' || socket.authorized) return undefined;
  const isShown = socket.getPeerX509Certificate() !== undefined;
  if (!isShown && clients === 'optional') return undefined;
  const why = isShown
    ? whyRefused(socket.authorizationError)
    : 'this client has shown none. Use --tls-cert and --tls-key';
  return new HeadwaterError('unauthenticated', `the node takes clients with a certificate of its CA alone: ${why}`);
}

const OTHER_CA = 'no CA of the --tls-ca of the node has signed the certificate of the client';

const WHY: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'that of the client, or its CA, has expired',
  CERT_NOT_YET_VALID: 'that of the client is not valid yet. Check the clocks of both machines',
  CERT_REVOKED: 'that of the client is revoked',
  CRL_HAS_EXPIRED: 'the revocation list of the node has expired. Renew the file of --tls-crl',
  UNABLE_TO_GET_CRL: 'the revocation list of the node lacks the CA of the client',
  UNABLE_TO_GET_ISSUER_CERT: OTHER_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: OTHER_CA,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: OTHER_CA,
  SELF_SIGNED_CERT_IN_CHAIN: OTHER_CA,
  DEPTH_ZERO_SELF_SIGNED_CERT: OTHER_CA,
  INVALID_PURPOSE: 'that of the client is not for a client. Give it one with the usage clientAuth',
};

function whyRefused(code: Error | string | undefined): string {
  const text = String((code as NodeJS.ErrnoException | undefined)?.code ?? code);
  return WHY[text] ?? text;
}
