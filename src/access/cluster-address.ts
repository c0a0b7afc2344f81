/**
 * The address of a cluster, whose nodes a client finds in etcd: `headwater+etcd://USER@h1:2379,h2:2379/NAME`. The
 * parameters that begin with `etcd-` are for etcd, and all others for the nodes. No message repeats a password.
 */
import { formatAddress, parseAddress } from '../base/address.js';
import { HeadwaterError } from '../base/errors.js';
import type { TlsOptions } from './tls/client-tls.js';
import { type NodeUrl, readNodeUrl } from './tls/node-url.js';

/** A cluster in etcd, and the way to etcd. */
export interface ClusterAddress {
  /** The name of the cluster in etcd. */
  readonly name: string;
  /** The client addresses of etcd's members, host:port each. */
  readonly endpoints: readonly string[];
  /** The user of etcd; undefined for an etcd without users. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** The file that has the user and the password, USER:PASSWORD. */
  readonly credentialsFile: string | undefined;
  /** The TLS of etcd; undefined if the address says nothing of it. */
  readonly tls: boolean | TlsOptions | undefined;
  /** The TLS of the nodes, as for the addresses of nodes. */
  readonly nodes: NodeUrl;
}

/** The client port of etcd. */
const PORT_USUAL = 2379;
const NAME_CHARACTERS_MAX = 100;

const URL_FORM = /^headwater(s?)\+etcd(s?):\/\/([^/?#]*)\/([^/?#]+)\/?(?:\?([^#]*))?$/;
const EXPECTED = 'headwater+etcd://HOST:PORT,HOST:PORT/NAME';

const FILES = {
  'etcd-ca': 'ca',
  'etcd-cert': 'cert',
  'etcd-key': 'key',
  'etcd-server-name': 'serverName',
} as const;
const CREDENTIALS = 'etcd-credentials';

/** Whether the text is meant as the address of a cluster, whose commas separate the members of etcd. */
export function isClusterAddress(text: string): boolean {
  return /^headwaters?\+/i.test(text.trim());
}

/**
 * The address without its password, for messages and for the prompt of a shell. In an address that is malformed, all
 * between the user and the last @ may be the password.
 * @param text an address of any kind.
 */
export function shownAddress(text: string): string {
  const isWhole = URL_FORM.test(text.trim());
  const shown = isWhole ? text.replace(/\?.*$/, '') : text;
  const password = isWhole ? /(:\/\/[^@:/]*):[^/]*@/ : /^([a-z+-]*:\/+[^@:/]*|[^@:/]*):.*@/is;
  return shown.replace(password, '$1@').replace(/\?.*$/, '');
}

/** @throws HeadwaterError `invalid_argument`. The message has no password. */
export function readClusterAddress(text: string): ClusterAddress {
  const [, nodesSecure, etcdSecure, authority = '', name = '', query = ''] = URL_FORM.exec(text.trim()) ?? [];
  if (nodesSecure === undefined)
    throw invalid(`expected ${EXPECTED}, received ${JSON.stringify(shownAddress(text).slice(0, 200))}`);
  const at = authority.lastIndexOf('@');
  const parameters = new URLSearchParams(query);
  return {
    name: nameIn(name),
    endpoints: authority
      .slice(at + 1)
      .split(',')
      .map(endpointOf),
    ...(at < 0 ? { user: undefined, password: undefined } : userIn(authority.slice(0, at))),
    credentialsFile: parameters.get(CREDENTIALS) || undefined,
    tls: tlsIn(parameters, etcdSecure === 's'),
    nodes: nodesIn(parameters, nodesSecure),
  };
}

function nameIn(text: string): string {
  const name = decoded(text);
  if (name.length <= NAME_CHARACTERS_MAX && /^[^\s/]+$/.test(name)) return name;
  throw invalid(`expected the name of a cluster of at most ${NAME_CHARACTERS_MAX} characters without / and spaces`);
}

function endpointOf(text: string): string {
  const address = text.trim();
  const isWhole = /:\d+$/.test(address);
  return formatAddress(parseAddress(isWhole ? address : `${address}:${PORT_USUAL}`, {}, 'addresses: etcd'));
}

/** Characters that a URL cannot have, such as `@`, are percent-encoded. */
function userIn(text: string): Pick<ClusterAddress, 'user' | 'password'> {
  const colon = text.indexOf(':');
  const user = decoded(colon < 0 ? text : text.slice(0, colon));
  if (user === '') throw invalid(`expected a user of etcd before the @, received none`);
  return { user, password: colon < 0 ? undefined : decoded(text.slice(colon + 1)) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('expected special characters as % and two hexadecimal digits, received another % in the address');
  }
}

function tlsIn(parameters: URLSearchParams, isSecure: boolean): ClusterAddress['tls'] {
  const options = Object.entries(FILES).flatMap(([parameter, option]) => {
    const value = parameters.get(parameter);
    return value ? [[option, value] as const] : [];
  });
  if (options.length > 0) return Object.fromEntries(options);
  return isSecure ? true : undefined;
}

/** The parameters that are not for etcd are those of a node's address. */
function nodesIn(parameters: URLSearchParams, secure: string): NodeUrl {
  const rest = [...parameters].filter(([parameter]) => !parameter.startsWith('etcd-'));
  const unknown = [...parameters.keys()].find(
    (parameter) => parameter.startsWith('etcd-') && !(parameter in FILES) && parameter !== CREDENTIALS,
  );
  if (unknown !== undefined)
    throw invalid(
      `expected the parameters ${[...Object.keys(FILES), CREDENTIALS].join(', ')} for etcd, received ${JSON.stringify(unknown.slice(0, 100))}`,
    );
  return readNodeUrl(`headwater${secure}://cluster:1?${new URLSearchParams(rest)}`);
}

function invalid(message: string): HeadwaterError {
  return new HeadwaterError('invalid_argument', `addresses: ${message}`);
}
