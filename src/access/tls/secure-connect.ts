/**
 * The dialling side of a TLS connection: the handshake, the check of the node's certificate, and the reasons of failures
 * in plain words. The check of the name is never off.
 */
import net from 'node:net';
import tls from 'node:tls';
import { hostOf } from '../../base/address.js';
import type { DialTls, PeerWords } from '../dial.js';

/** The beginning of each reason, by which rpc/status.ts finds it in the text of gRPC. */
export const TLS_FAILED = 'TLS failed: ';

/**
 * Resolves with the secure socket when the node has shown a certificate that this side trusts.
 * @param address host:port. The certificate must be for this host, unless `serverName` is given.
 */
export function secureConnect(
  socket: net.Socket,
  address: string,
  { context, serverName, words = NODE }: DialTls,
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
    const failed = (error: Error) => reject(new Error(`${TLS_FAILED}${handshakeFailure(error, host, words)}`));
    secure.once('error', failed);
    secure.once('secureConnect', () => {
      secure.off('error', failed);
      resolve(secure);
    });
  });
}

const NODE: PeerWords = {
  peer: 'the node',
  otherCa: 'Name the file of its CA with --tls-ca',
  otherName: 'Use an address that the certificate names, or --tls-server-name',
  noTls: 'Use headwater:// and no --tls option, or give the node --tls-cert and --tls-key',
  hungUp: 'Look at its log',
};

const noTrust = ({ peer, otherCa }: PeerWords) =>
  `no CA that this side trusts has signed the certificate of ${peer}. ${otherCa}`;
const withoutTls = ({ peer, noTls }: PeerWords) => `${peer} answers without TLS. ${noTls}`;

/** Reasons by the codes of OpenSSL and Node. */
const REASONS: Readonly<Record<string, (words: PeerWords) => string>> = {
  CERT_HAS_EXPIRED: ({ peer }) => `the certificate of ${peer}, or of its CA, has expired. Give ${peer} a new one`,
  CERT_NOT_YET_VALID: ({ peer }) => `the certificate of ${peer} is not valid yet. Check the clocks of both machines`,
  CERT_REVOKED: ({ peer }) => `the certificate of ${peer} is revoked. Give ${peer} a new one`,
  CRL_HAS_EXPIRED: () => 'the revocation list of this side has expired. Renew the file of --tls-crl',
  UNABLE_TO_GET_CRL: ({ peer }) =>
    `the revocation list of this side lacks the CA of ${peer}. Renew the file of --tls-crl`,
  UNABLE_TO_GET_ISSUER_CERT: noTrust,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: noTrust,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: noTrust,
  SELF_SIGNED_CERT_IN_CHAIN: noTrust,
  DEPTH_ZERO_SELF_SIGNED_CERT: noTrust,
  CERT_SIGNATURE_FAILURE: noTrust,
  INVALID_PURPOSE: ({ peer }) =>
    `the certificate of ${peer} is not for a server. Give ${peer} one with the usage serverAuth`,
  ERR_SSL_WRONG_VERSION_NUMBER: withoutTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: withoutTls,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: () => 'the two sides share no version of TLS: expected 1.2 or 1.3',
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: () => 'the process that listens there speaks TLS, but no gRPC',
  ECONNRESET: ({ peer, hungUp }) => `${peer} closed the connection during the handshake. ${hungUp}`,
};

function handshakeFailure(error: NodeJS.ErrnoException, host: string, words: PeerWords): string {
  const { code = '' } = error;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return wrongName(error, host, words);
  return REASONS[code]?.(words) ?? error.message.trim();
}

function wrongName(error: Error, host: string, { peer, otherName }: PeerWords): string {
  const { subjectaltname = 'no name' } = (error as Error & { cert?: tls.PeerCertificate }).cert ?? {};
  return `the certificate of ${peer} is for another name: expected ${host}, received ${subjectaltname}. ${otherName}`;
}
