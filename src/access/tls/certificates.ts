/**
 * Certificates from PEM files, checked before they are used: a file that cannot be read, a key that belongs to another
 * certificate, and text that is none are refused by the name of the option, so that a bad file changes nothing.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { HeadwaterError } from '../../base/errors.js';
import { systemReason } from '../../base/system-errors.js';

/** PEM files by their paths. */
export interface TlsFiles {
  /** The certificate of this side, and the certificates between it and the CA. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The CAs that this side trusts. Without it, those of the system. */
  readonly ca?: string | undefined;
  /** The revocation lists of these CAs. */
  readonly crl?: string | undefined;
}

export type TlsFileName = keyof TlsFiles;

/** A certificate of a file, and its end. */
export interface LoadedCertificate {
  readonly name: 'cert' | 'ca';
  readonly subject: string;
  readonly notAfterMs: number;
  /** False if its usages say that no server shows it. */
  readonly isForServers: boolean;
}

export interface LoadedTls {
  readonly pem: Readonly<Partial<Record<TlsFileName, Buffer>>>;
  readonly certificates: readonly LoadedCertificate[];
}

/** The words of an option in refusals. */
export type NameOption = (name: TlsFileName) => string;

/** @throws HeadwaterError `invalid_argument` that names the option and the file. */
export function loadTls(files: TlsFiles, nameOf: NameOption): LoadedTls {
  return checkTls(readTls(files, nameOf), (name) => `${nameOf(name)} (${files[name]})`);
}

/** The bytes of the files, without a check. @throws as `loadTls`, for a file that cannot be read. */
export function readTls(files: TlsFiles, nameOf: NameOption): LoadedTls['pem'] {
  const pem: Partial<Record<TlsFileName, Buffer>> = {};
  for (const name of ['cert', 'key', 'ca', 'crl'] as const) {
    const file = files[name];
    if (file !== undefined) pem[name] = read(file, nameOf(name));
  }
  return pem;
}

/** @throws HeadwaterError `invalid_argument` if the texts are not what they should be, or do not belong together. */
export function checkTls(pem: LoadedTls['pem'], nameOf: NameOption): LoadedTls {
  if ((pem.cert === undefined) !== (pem.key === undefined)) {
    const [given, lacking] = pem.cert === undefined ? (['key', 'cert'] as const) : (['cert', 'key'] as const);
    throw invalid(`${nameOf(given)}: expected a certificate and its key, received no ${lacking}`);
  }
  const own = pem.cert ? certificatesIn(pem.cert, nameOf('cert')) : [];
  const trusted = pem.ca ? certificatesIn(pem.ca, nameOf('ca')) : [];
  const [first] = own;
  if (first && pem.key && !first.checkPrivateKey(privateKeyIn(pem.key, nameOf('key'))))
    throw invalid(
      `${nameOf('key')}: expected the key of the certificate ${inLine(first.subject)}, received another. Give both files of one certificate`,
    );
  try {
    tls.createSecureContext(contextOptions(pem));
  } catch (error) {
    throw invalid(`${nameOf(pem.crl ? 'crl' : 'cert')}: ${(error as Error).message}`, error);
  }
  const named = (name: 'cert' | 'ca', all: readonly X509Certificate[]) =>
    all.map(({ subject, validTo, keyUsage }) => ({
      name,
      subject: inLine(subject),
      notAfterMs: Date.parse(validTo),
      isForServers: (keyUsage ?? SERVER_USAGES).some((usage) => SERVER_USAGES.includes(usage)),
    }));
  return { pem, certificates: [...named('cert', own), ...named('ca', trusted)] };
}

/** The extended usages serverAuth and any, by their numbers. */
const SERVER_USAGES: readonly string[] = ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0'];

/** TLS of either side, with the versions that are still safe. */
export function contextOptions({ cert, key, ca, crl }: LoadedTls['pem']): tls.SecureContextOptions {
  return {
    minVersion: 'TLSv1.2',
    ...(cert && { cert }),
    ...(key && { key }),
    ...(ca && { ca }),
    ...(crl && { crl: listsIn(crl) }),
  };
}

const LIST = /-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----/g;

/** The revocation lists of a file, one by one: Node reads only the first of a text. Another text goes as it is, and fails. */
function listsIn(pem: Buffer): Array<string | Buffer> {
  return pem.toString('latin1').match(LIST) ?? [pem];
}

function read(file: string, option: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw invalid(`${option}: expected a PEM file, received ${file}: ${systemReason(error)}`, error);
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function certificatesIn(pem: Buffer, option: string): X509Certificate[] {
  const texts = pem.toString('latin1').match(CERTIFICATE) ?? [];
  if (texts.length === 0)
    throw invalid(`${option}: expected a certificate in PEM (-----BEGIN CERTIFICATE-----), received none`);
  try {
    return texts.map((text) => new X509Certificate(text));
  } catch (error) {
    throw invalid(`${option}: expected a certificate in PEM, received one that is damaged`, error);
  }
}

function privateKeyIn(pem: Buffer, option: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const isLocked = /ENCRYPTED/.test(pem.toString('latin1'));
    const received = isLocked ? 'one with a passphrase. Remove it: openssl pkey -in FILE -out NEW' : 'something else';
    throw invalid(`${option}: expected a private key in PEM, received ${received}`, error);
  }
}

/** Node puts each part of a name on a line of its own. */
function inLine(subject: string): string {
  return subject.replaceAll('\n', ', ');
}

function invalid(message: string, cause?: unknown): HeadwaterError {
  return new HeadwaterError('invalid_argument', message, { cause });
}
