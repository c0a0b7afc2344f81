/**
 * The certificates of a node: loaded at the start, and again when their files change or on SIGHUP. New connections use
 * the new ones, and open connections stay. Files that cannot be used change nothing: the node goes on with those that it
 * has, and the log says why. The end of a certificate is announced in time.
 */
import { type Stats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import tls from 'node:tls';
import type { Clock } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import { TLS_EXPIRY_WARNED_DAYS, TLS_LOOK_MS, TLS_WARN_AGAIN_MS } from '../../base/limits.js';
import type { Logger } from '../../base/logger.js';
import type { DialTls } from '../dial.js';
import { contextOptions, type LoadedCertificate, type LoadedTls, loadTls, type TlsFiles } from './certificates.js';
import { SERVER_OPTIONS } from './handshake.js';
import { RevocationLists } from './revocation-list.js';

const DAY_MS = 24 * 3_600_000;

/** Whether clients show certificates: all of them, those that have one, or none. */
export type ClientCertificates = 'required' | 'optional' | 'off';

export interface NodeTlsOptions {
  readonly files: TlsFiles;
  readonly clients: ClientCertificates;
  /** The name that the certificates of other nodes must have. Undefined for the host of their addresses. */
  readonly serverName: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class NodeTls {
  readonly clients: ClientCertificates;
  readonly #options: NodeTlsOptions;
  readonly #servers = new Set<(options: tls.SecureContextOptions) => void>();
  #onRevoked: () => void = () => {};
  #loaded: LoadedTls;
  #revoked: RevocationLists;
  #context: tls.SecureContext;
  /** The state of the files when they were last loaded, or last refused. */
  #seen = '';
  #warnedMs: number | undefined;
  #cancel: () => void = () => {};

  /** @throws HeadwaterError `invalid_argument` if a file is not what it should be. */
  constructor(options: NodeTlsOptions) {
    this.#options = options;
    this.clients = options.clients;
    // A file that changes behind this is loaded by the first look.
    this.#seen = filesOf(options)
      .map((file) => stateOf(file && statSync(file, { throwIfNoEntry: false })))
      .join('\n');
    this.#loaded = loadOfNode(options.files);
    this.#revoked = revokedIn(this.#loaded);
    this.#context = tls.createSecureContext(contextOptions(this.#loaded.pem));
  }

  /** Watches the files until `stop`. */
  async start(): Promise<void> {
    await this.#look();
  }

  stop(): void {
    this.#cancel();
    this.#cancel = () => {};
    this.#servers.clear();
  }

  /** The certificates for connections that the node makes. */
  get dial(): DialTls {
    const context = () => this.#context;
    return {
      get context() {
        return context();
      },
      serverName: this.#options.serverName,
    };
  }

  get certificates(): readonly LoadedCertificate[] {
    return this.#loaded.certificates;
  }

  /** Gives a server its certificates, now and after each change. */
  serve(server: (options: tls.SecureContextOptions) => void): void {
    this.#servers.add(server);
    server(serverOptions(this.#loaded));
  }

  /** Whether a revocation list has the certificate of the client, or one between it and its CA. */
  isRevoked(socket: tls.TLSSocket): boolean {
    if (this.#revoked.size === 0) return false;
    return chainOf(socket).some(({ raw }) => this.#revoked.has(raw));
  }

  /** Calls the listener when open connections may have a certificate that is revoked now. */
  onRevoked(listener: () => void): void {
    this.#onRevoked = listener;
  }

  /** Loads the files again, whether they have changed or not. */
  async reload(): Promise<void> {
    this.#take(await this.#state());
  }

  #lookLater(): void {
    this.#cancel = this.#options.clock.after(TLS_LOOK_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    const state = await this.#state();
    if (state !== this.#seen) this.#take(state);
    this.#warnOfExpiry();
    this.#lookLater();
  }

  #take(state: string): void {
    const { files, logger } = this.#options;
    this.#seen = state;
    try {
      const loaded = loadOfNode(files);
      this.#revoked = revokedIn(loaded);
      this.#loaded = loaded;
      this.#context = tls.createSecureContext(contextOptions(loaded.pem));
      for (const server of this.#servers) server(serverOptions(loaded));
      this.#warnedMs = undefined;
      if (this.#revoked.size > 0) this.#onRevoked();
      logger.info({ event: 'tls' }, `the certificates were loaded again: ${shown(loaded.certificates)}`);
    } catch (failure) {
      const { message } = HeadwaterError.from(failure);
      logger.error(
        { event: 'tls' },
        `the certificates could not be loaded again: ${message}. The node continues with those that it has`,
      );
    }
  }

  /** The modification time, size and number of each file: a link that names another file now is a change too. */
  async #state(): Promise<string> {
    const found = filesOf(this.#options).map(async (file) => file && stat(file).catch(() => undefined));
    return (await Promise.all(found)).map(stateOf).join('\n');
  }

  #warnOfExpiry(): void {
    const { clock, logger } = this.#options;
    const nowMs = clock.wallMs();
    if (this.#warnedMs !== undefined && nowMs - this.#warnedMs < TLS_WARN_AGAIN_MS) return;
    for (const { name, subject, notAfterMs } of this.certificates) {
      const leftMs = notAfterMs - nowMs;
      if (leftMs > TLS_EXPIRY_WARNED_DAYS * DAY_MS) continue;
      this.#warnedMs = nowMs;
      const fields = { event: 'tls', file: this.#options.files[name], not_after: new Date(notAfterMs).toISOString() };
      const what = `the certificate ${subject} (${optionName(name)})`;
      const mend = 'Put a new one in its place: the node loads it without a restart';
      if (leftMs <= 0) logger.error(fields, `${what} has expired at ${fields.not_after}: peers refuse it. ${mend}`);
      else
        logger.warn(fields, `${what} expires in ${Math.ceil(leftMs / DAY_MS)} days, at ${fields.not_after}. ${mend}`);
    }
  }
}

/** The certificates that the client has shown, its own first, up to the CA that the node trusts. */
function chainOf(socket: tls.TLSSocket): tls.DetailedPeerCertificate[] {
  const chain: tls.DetailedPeerCertificate[] = [];
  // Undefined in a socket that is closed, and empty if the client has shown none. A CA is its own issuer.
  let next: Partial<tls.DetailedPeerCertificate> | undefined = socket.getPeerCertificate(true);
  while (next?.raw && !chain.includes(next as tls.DetailedPeerCertificate)) {
    chain.push(next as tls.DetailedPeerCertificate);
    next = next.issuerCertificate;
  }
  return chain;
}

function filesOf({ files }: NodeTlsOptions): ReadonlyArray<string | undefined> {
  return Object.values(files as Record<string, string | undefined>);
}

function stateOf(found: Stats | '' | undefined): string {
  return found ? `${found.mtimeMs} ${found.size} ${found.ino}` : 'none';
}

function serverOptions({ pem }: LoadedTls): tls.SecureContextOptions {
  const { secureOptions } = SERVER_OPTIONS;
  return { ...contextOptions(pem), secureOptions };
}

/** @throws HeadwaterError `invalid_argument` if a list is damaged. */
function revokedIn({ pem: { crl } }: LoadedTls): RevocationLists {
  try {
    return new RevocationLists(crl ?? Buffer.alloc(0));
  } catch (error) {
    throw new HeadwaterError('invalid_argument', `tls-crl: ${(error as Error).message}`, { cause: error });
  }
}

/** @throws HeadwaterError as `loadTls`, and for the certificate of a client: every client would refuse the node. */
function loadOfNode(files: TlsFiles): LoadedTls {
  const loaded = loadTls(files, optionName);
  const own = loaded.certificates.find(({ name }) => name === 'cert');
  if (own && !own.isForServers)
    throw new HeadwaterError(
      'invalid_argument',
      `${optionName('cert')} (${files.cert}): expected a certificate with the usage serverAuth, received that of a client, ${own.subject}. Give the node one of its own`,
    );
  return loaded;
}

function optionName(name: keyof TlsFiles): string {
  return `tls-${name}`;
}

function shown(certificates: readonly LoadedCertificate[]): string {
  return certificates
    .filter(({ name }) => name === 'cert')
    .slice(0, 1)
    .map(({ subject, notAfterMs }) => `${subject}, valid until ${new Date(notAfterMs).toISOString()}`)
    .join('; ');
}
