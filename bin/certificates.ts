/**
 * Certificates for trying TLS out: a CA, and certificates of nodes and clients that it signs. `cert create` writes them
 * as files. A production uses the CA that it has.
 */
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type GeneralNameType,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
  X509CrlReason,
} from '@peculiar/x509';

const { subtle } = webcrypto;

/** The elliptic curve that every TLS library knows, and the fastest in a handshake. */
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A certificate and its key, as PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** The span in which a certificate counts. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface CertificateRequest extends Validity {
  /** The common name, for people. */
  readonly name: string;
  /** Host names, IP addresses and URIs that the certificate is for. */
  readonly names: readonly string[];
  readonly usages: ReadonlyArray<'server' | 'client'>;
  /** In hexadecimal. By default a random one. */
  readonly serialNumber?: string;
}

/** Makes a CA that signs certificates for no CAs below it. */
export async function createAuthority(name: string, { notBefore, notAfter }: Validity): Promise<CertificatePair> {
  const keys = await subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const cert = await X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: [name] }],
      notBefore,
      notAfter,
      keys,
      serialNumber: randomSerialNumber(),
      signingAlgorithm: ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { cert: `${cert.toString('pem')}\n`, key: await keyPem(keys.privateKey) };
}

/** Makes a certificate that the CA signs. */
export async function createCertificate(
  authority: CertificatePair,
  { name, names, usages, notBefore, notAfter, serialNumber = randomSerialNumber() }: CertificateRequest,
): Promise<CertificatePair> {
  const keys = await subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const issuer = new X509Certificate(authority.cert);
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension(
      usages.map((usage) => (usage === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth)),
    ),
    await AuthorityKeyIdentifierExtension.create(issuer, false, webcrypto),
  ];
  if (names.length > 0)
    extensions.push(new SubjectAlternativeNameExtension(names.map((one) => ({ type: kindOf(one), value: one }))));
  const cert = await X509CertificateGenerator.create(
    {
      subject: [{ CN: [name] }],
      issuer: issuer.subjectName,
      notBefore,
      notAfter,
      publicKey: keys.publicKey,
      signingKey: await signingKey(authority.key),
      serialNumber,
      signingAlgorithm: ALGORITHM,
      extensions,
    },
    webcrypto,
  );
  return { cert: `${cert.toString('pem')}\n`, key: await keyPem(keys.privateKey) };
}

/** Makes the revocation list of a CA, as PEM. */
export async function createRevocationList(
  authority: CertificatePair,
  revoked: readonly string[],
  { notBefore, notAfter }: Validity,
): Promise<string> {
  const crl = await X509CrlGenerator.create(
    {
      issuer: new X509Certificate(authority.cert).subjectName,
      thisUpdate: notBefore,
      nextUpdate: notAfter,
      signingKey: await signingKey(authority.key),
      signingAlgorithm: ALGORITHM,
      entries: revoked.map((cert) => ({
        serialNumber: new X509Certificate(cert).serialNumber,
        revocationDate: notBefore,
        reason: X509CrlReason.cessationOfOperation,
      })),
    },
    webcrypto,
  );
  // The label of RFC 7468. OpenSSL knows no other.
  return `${PemConverter.encode(crl.rawData, 'X509 CRL')}\n`;
}

function kindOf(name: string): GeneralNameType {
  if (name.includes('://')) return 'url';
  if (name.includes('@')) return 'email';
  return isIP(name) === 0 ? 'dns' : 'ip';
}

/** A positive number of 16 bytes, which no two certificates share. */
function randomSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await subtle.exportKey('pkcs8', key), PemConverter.PrivateKeyTag)}\n`;
}

function signingKey(pem: string): Promise<webcrypto.CryptoKey> {
  return subtle.importKey('pkcs8', PemConverter.decodeFirst(pem), ALGORITHM, false, ['sign']);
}
