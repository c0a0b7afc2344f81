/** A CA for tests, and the files of certificates that it signs. */
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import {
  type CertificatePair,
  type CertificateRequest,
  createAuthority,
  createCertificate,
  createRevocationList,
} from '../../bin/certificates.js';

const HOUR_MS = 3_600_000;

/** From an hour ago, so that clocks matter little. */
function validFor(hours: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - HOUR_MS), notAfter: new Date(Date.now() + hours * HOUR_MS) };
}

/** Over before now. */
export const EXPIRED = { notBefore: new Date(Date.now() - 48 * HOUR_MS), notAfter: new Date(Date.now() - HOUR_MS) };

export interface PemFiles {
  readonly cert: string;
  readonly key: string;
}

export class TestAuthority {
  readonly ca: string;
  readonly #directory: string;
  readonly #pair: CertificatePair;

  private constructor(directory: string, pair: CertificatePair) {
    this.#directory = directory;
    this.#pair = pair;
    this.ca = path.join(directory, 'ca.pem');
    writeFileSync(this.ca, pair.cert);
  }

  static async create(directory: string, name = 'test CA'): Promise<TestAuthority> {
    mkdirSync(directory, { recursive: true });
    return new TestAuthority(directory, await createAuthority(name, validFor(24 * 365)));
  }

  /** Writes the files NAME.pem and NAME-key.pem, also over older ones. */
  async issue(name: string, request: Partial<CertificateRequest> = {}): Promise<PemFiles> {
    const pair = await createCertificate(this.#pair, {
      name,
      names: ['localhost', '127.0.0.1'],
      usages: ['server', 'client'],
      ...validFor(24 * 365),
      ...request,
    });
    const files = {
      cert: path.join(this.#directory, `${name}.pem`),
      key: path.join(this.#directory, `${name}-key.pem`),
    };
    writeFileSync(files.key, pair.key);
    writeFileSync(files.cert, pair.cert);
    return files;
  }

  /** Makes a CA that may have others below it. */
  static async createRoot(directory: string): Promise<TestAuthority> {
    return new TestAuthority(directory, await createChained('root CA'));
  }

  /** Makes a CA below this one, whose certificates lead over it to this one. */
  async below(name: string): Promise<TestAuthority> {
    const directory = path.join(this.#directory, name);
    mkdirSync(directory, { recursive: true });
    return new TestAuthority(directory, await createChained(name, this.#pair));
  }

  /** Writes the revocation list. */
  async revoke(certificates: readonly string[]): Promise<string> {
    const file = path.join(this.#directory, 'crl.pem');
    writeFileSync(file, await createRevocationList(this.#pair, certificates, validFor(24)));
    return file;
  }
}

/** Makes a CA below another, or one that has others below itself. */
async function createChained(name: string, above?: CertificatePair): Promise<CertificatePair> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const { subtle } = webcrypto;
  const keys = await subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const aboveKey = above && PemConverter.decodeFirst(above.key);
  const cert = await X509CertificateGenerator.create(
    {
      subject: [{ CN: [name] }],
      issuer: above ? new X509Certificate(above.cert).subjectName : [{ CN: [name] }],
      ...validFor(24 * 365),
      publicKey: keys.publicKey,
      signingKey: aboveKey ? await subtle.importKey('pkcs8', aboveKey, algorithm, false, ['sign']) : keys.privateKey,
      signingAlgorithm: algorithm,
      serialNumber: randomBytes(8).toString('hex').replace(/^./, '4'),
      extensions: [
        new BasicConstraintsExtension(true, above ? 0 : 1, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ],
    },
    webcrypto,
  );
  const key = PemConverter.encode(await subtle.exportKey('pkcs8', keys.privateKey), PemConverter.PrivateKeyTag);
  return { cert: `${cert.toString('pem')}\n`, key: `${key}\n` };
}

/** The flags of a node. */
export function tlsFlags({ cert, key }: PemFiles, ca?: string): string[] {
  return ['--tls-cert', cert, '--tls-key', key, ...(ca === undefined ? [] : ['--tls-ca', ca])];
}
