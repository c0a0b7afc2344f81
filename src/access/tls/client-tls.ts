/**
 * The certificates of a client. Each is a PEM text, or the path of a file. The files are looked at before each dial, so
 * a client that runs for months takes new certificates by itself.
 */
import { statSync } from 'node:fs';
import tls from 'node:tls';
import { HeadwaterError } from '../../base/errors.js';
import { checkOptionNames, optionNames } from '../../base/option-names.js';
import { shownValue } from '../../base/shown-value.js';
import type { DialTls } from '../dial.js';
import { checkTls, contextOptions, type LoadedTls, readTls, type TlsFileName, type TlsFiles } from './certificates.js';

/** The certificates of a client, and those that it trusts. Each is PEM text or bytes, or the path of a PEM file. */
export interface TlsOptions {
  /** The CAs that may have signed the certificate of a node. By default, the CAs of the system have. */
  readonly ca?: string | Uint8Array | undefined;
  /** The certificate of the client, for nodes that want one. None by default. */
  readonly cert?: string | Uint8Array | undefined;
  /** The private key of the certificate. */
  readonly key?: string | Uint8Array | undefined;
  /** The name that the certificate of each node must have. The host of its address by default. */
  readonly serverName?: string | undefined;
}

const NAMES = optionNames<TlsOptions>({ ca: true, cert: true, key: true, serverName: true });

/**
 * The certificates for each dial. Undefined for connections without TLS.
 * @throws HeadwaterError `invalid_argument` if an option is unknown, or a certificate is none.
 */
export function clientTls(tlsOption: boolean | TlsOptions | undefined): DialTls | undefined {
  if (tlsOption === undefined || tlsOption === false) return undefined;
  if (tlsOption !== true && (typeof tlsOption !== 'object' || tlsOption === null))
    throw new HeadwaterError(
      'invalid_argument',
      `tls: expected true, false or { ca, cert, key, serverName }, received ${shownValue(tlsOption)}`,
    );
  return new ClientTls(tlsOption === true ? {} : tlsOption);
}

class ClientTls implements DialTls {
  readonly serverName: string | undefined;
  readonly #options: TlsOptions;
  readonly #files: TlsFiles;
  #seen: string;
  #context: tls.SecureContext;

  constructor(options: TlsOptions) {
    checkOptionNames(options, NAMES, 'tls.');
    const { ca, cert, key, serverName } = options;
    if (serverName !== undefined && (typeof serverName !== 'string' || serverName === ''))
      throw new HeadwaterError(
        'invalid_argument',
        `tls.serverName: expected a name, received ${shownValue(serverName)}`,
      );
    this.serverName = serverName;
    this.#options = options;
    this.#files = { ca: fileOf(ca), cert: fileOf(cert), key: fileOf(key) };
    this.#seen = stateOf(this.#files);
    this.#context = this.#load();
  }

  get context(): tls.SecureContext {
    const state = stateOf(this.#files);
    if (state === this.#seen) return this.#context;
    try {
      this.#context = this.#load();
      this.#seen = state;
    } catch {
      // A program may have exchanged one of the two files alone so far. The next dial looks again.
    }
    return this.#context;
  }

  #load(): tls.SecureContext {
    const pem = readTls(this.#files, optionName);
    const given = ['ca', 'cert', 'key'] as const;
    const texts = given.flatMap((name) => {
      const value = this.#options[name];
      return value === undefined || this.#files[name] !== undefined ? [] : [[name, bytesOf(name, value)] as const];
    });
    const all: LoadedTls['pem'] = { ...pem, ...Object.fromEntries(texts) };
    return tls.createSecureContext(contextOptions(checkTls(all, optionName).pem));
  }
}

function optionName(name: TlsFileName): string {
  return `tls.${name}`;
}

/** A text with a PEM header is the certificate itself, and any other text is a path. */
function fileOf(value: string | Uint8Array | undefined): string | undefined {
  return typeof value === 'string' && !value.includes('-----BEGIN') ? value : undefined;
}

function bytesOf(name: TlsFileName, value: unknown): Buffer {
  if (typeof value === 'string') return Buffer.from(value);
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  throw new HeadwaterError(
    'invalid_argument',
    `${optionName(name)}: expected PEM as text or bytes, or the path of a file, received ${shownValue(value)}`,
  );
}

function stateOf(files: TlsFiles): string {
  return Object.values(files as Record<string, string | undefined>)
    .map((file) => {
      if (file === undefined) return '';
      const found = statSync(file, { throwIfNoEntry: false });
      return found ? `${found.mtimeMs} ${found.size} ${found.ino}` : 'none';
    })
    .join('\n');
}
