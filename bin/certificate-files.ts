/** The files of `cert create`. A certificate that exists is replaced only if the user wants that, and the CA never. */
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import path from 'node:path';
import { isAddress } from '../src/base/address.js';
import { isSystemError, systemReason } from '../src/base/system-errors.js';
import type { CertificatePair } from './certificates.js';
import { FileError, Output, statusOfSystem, UsageError } from './output.js';

const DAY_MS = 86_400_000;
/** A CA outlives the certificates that it signs. */
const CA_DAYS = 3_650;
/** The clocks of two machines differ, and a new certificate is to count at once. */
const CLOCK_DIFFERENCE_MS = 3_600_000;

const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

export interface CertOptions {
  readonly node?: string;
  readonly client?: string;
  readonly hosts?: string;
  readonly days: number;
  readonly force?: boolean;
}

interface Made {
  readonly directory: string;
  /** The names of the files, without the directory. */
  readonly files: readonly string[];
  readonly node: string | undefined;
  readonly client: string | undefined;
  readonly hosts: readonly string[];
  readonly notAfter: Date;
}

export async function createFiles(directory: string, options: CertOptions, json: boolean): Promise<void> {
  const wanted = wantedOf(options);
  const made = await inDirectory(directory, () => create(directory, wanted, options));
  const { files, hosts, notAfter } = made;
  await new Output({ json }).result({ directory, files, hosts, not_after: notAfter.toISOString() }, textOf(made));
}

interface Wanted {
  readonly node: string | undefined;
  readonly client: string | undefined;
}

/** @throws UsageError if a name is none. */
function wantedOf({ node, client, hosts, days }: CertOptions): Wanted {
  const both = node === undefined && client === undefined;
  const wanted = { node: both ? 'node' : node, client: both ? 'client' : client };
  for (const [option, name] of Object.entries(wanted))
    if (name !== undefined && (!FILE_NAME.test(name) || name === 'ca'))
      throw new UsageError(
        `cert create: --${option}: expected a name of letters, digits and . - _ other than ca, received ${JSON.stringify(name)}`,
      );
  if (wanted.node === wanted.client)
    throw new UsageError(`cert create: expected two names in --node and --client, received ${wanted.node} twice`);
  if (hosts !== undefined && wanted.node === undefined)
    throw new UsageError('cert create: expected --node beside --hosts, received --client alone');
  const wrong = hostsOf(hosts ?? '').find(
    (host) => !isAddress(`${isIPv6(host) ? `[${host}]` : host.replace(/^\*\./, '')}:1`),
  );
  if (hosts !== undefined && wrong !== undefined)
    throw new UsageError(
      `cert create: --hosts: expected host names and IP addresses, received ${JSON.stringify(wrong)}`,
    );
  if (days === 0) throw new UsageError('cert create: --days: expected 1 or more, received 0');
  return wanted;
}

async function create(
  directory: string,
  { node, client }: Wanted,
  { hosts: given, days, force }: CertOptions,
): Promise<Made> {
  const { createAuthority, createCertificate } = await import('./certificates.js');
  const hosts = node === undefined ? [] : given === undefined ? hostsHere() : hostsOf(given);
  const names = [node, client].filter((name) => name !== undefined);
  if (!force) for (const name of names) await refuseExisting(path.join(directory, `${name}.pem`));
  await mkdir(directory, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const files: string[] = [];
  const save = async (name: string, { cert, key }: CertificatePair) => {
    for (const [file, text, mode] of [
      [`${name}-key.pem`, key, 0o600],
      [`${name}.pem`, cert, 0o644],
    ] as const) {
      const where = path.join(directory, file);
      await writeFile(where, text, { mode });
      await chmod(where, mode);
      files.push(file);
    }
  };
  let authority = await authorityIn(directory);
  if (!authority) {
    authority = await createAuthority(`Headwater trial CA of ${hostname()}`, validFor(CA_DAYS));
    await save('ca', authority);
  }
  const validity = validFor(days);
  if (node !== undefined) {
    const request = { name: node, names: hosts, usages: ['server', 'client'] as const, ...validity };
    await save(node, await createCertificate(authority, request));
  }
  if (client !== undefined)
    await save(
      client,
      await createCertificate(authority, { name: client, names: [], usages: ['client'], ...validity }),
    );
  return { directory, files, node, client, hosts, notAfter: validity.notAfter };
}

function validFor(days: number): { notBefore: Date; notAfter: Date } {
  const nowMs = Date.now();
  return { notBefore: new Date(nowMs - CLOCK_DIFFERENCE_MS), notAfter: new Date(nowMs + days * DAY_MS) };
}

/** The names by which other machines may reach this one. */
function hostsHere(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((some) => some ?? []);
  // An address with a zone means something on this machine alone.
  const ips = addresses.filter(({ scopeid }) => !scopeid).map(({ address }) => address);
  return [...new Set(['localhost', hostname(), '127.0.0.1', '::1', ...ips])];
}

function hostsOf(list: string): string[] {
  return list.split(',').map((host) => host.trim().replace(/^\[|\]$/g, ''));
}

async function refuseExisting(file: string): Promise<void> {
  const isThere = await stat(file).then(
    () => true,
    () => false,
  );
  if (isThere)
    throw new UsageError(`cert create: ${file} exists: expected a new name in --node or --client, or --force`);
}

/** The CA of the directory. Undefined if there is none. */
async function authorityIn(directory: string): Promise<CertificatePair | undefined> {
  const [cert, key] = await Promise.all(
    ['ca.pem', 'ca-key.pem'].map((file) =>
      readFile(path.join(directory, file), 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      }),
    ),
  );
  if (cert !== undefined && key !== undefined) return { cert, key };
  if (cert === undefined && key === undefined) return undefined;
  const [there, lacking] = key === undefined ? ['ca.pem', 'ca-key.pem'] : ['ca-key.pem', 'ca.pem'];
  throw new UsageError(`cert create: ${directory}: expected ${lacking} beside ${there}, received ${there} alone`);
}

async function inDirectory<Result>(directory: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new FileError(`${directory}: ${systemReason(error)}`, { status: statusOfSystem(error), cause: error });
  }
}

function textOf({ directory, files, node, client, hosts, notAfter }: Made): string {
  const at = (file: string) => path.join(directory, file);
  const lines = [`made in ${directory}, valid until ${notAfter.toISOString().slice(0, 10)}: ${files.join(' ')}`];
  if (node !== undefined)
    lines.push(
      `${node}.pem is for ${hosts.join(', ')}`,
      '',
      'A node with TLS, for clients and followers that have a certificate of this CA:',
      `  headwater serve --tls-cert ${at(`${node}.pem`)} --tls-key ${at(`${node}-key.pem`)} --tls-ca ${at('ca.pem')}`,
    );
  if (client !== undefined)
    lines.push(
      '',
      'A client of such a node:',
      `  export HEADWATER_TLS_CA=${at('ca.pem')} HEADWATER_TLS_CERT=${at(`${client}.pem`)} HEADWATER_TLS_KEY=${at(`${client}-key.pem`)}`,
      '  headwater status',
    );
  return lines.join('\n');
}
