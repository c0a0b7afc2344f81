/**
 * The addresses that a client is given: HOST:PORT, or `headwater://user:secret@HOST:PORT` with the user that the client
 * is, or the address of a cluster (cluster-address.ts). No message repeats a secret.
 */
import { inspect } from 'node:util';
import { parseAddress } from '../base/address.js';
import { HeadwaterError } from '../base/errors.js';
import { type ClusterAddress, isClusterAddress, readClusterAddress } from './cluster-address.js';
import type { Credentials } from './credentials.js';
import { type NodeUrl, readNodeUrl } from './tls/node-url.js';

/** Nodes, and the user that a client is there. */
export interface Destination {
  /** host:port each. Empty for a cluster, whose nodes are not known yet. */
  readonly seeds: readonly string[];
  /** Undefined if no address names a user. */
  readonly credentials: Credentials | undefined;
  /** The addresses without users, with all that they say of TLS. */
  readonly urls: readonly NodeUrl[];
  /** The cluster whose nodes are meant. Undefined for addresses of nodes. */
  readonly cluster: ClusterAddress | undefined;
}

const SCHEME = 'headwater://';

/** @throws HeadwaterError `invalid_argument` if a value is no address, also from a program without types. */
export function destinationOf(addresses: unknown): Destination {
  const texts: unknown = typeof addresses === 'string' ? splitAddresses(addresses) : addresses;
  if (!Array.isArray(texts) || texts.some((text) => typeof text !== 'string'))
    throw new HeadwaterError(
      'invalid_argument',
      `addresses: expected HOST:PORT as text, or a list of them, received ${inspect(addresses)}`,
    );
  if (texts.length === 0)
    throw new HeadwaterError('invalid_argument', 'addresses: expected at least one, received none');
  const cluster = texts.find(isClusterAddress);
  if (cluster !== undefined) return ofCluster(cluster, texts.length);
  const parsed = texts.map((text: string) => parse(text));
  const users = parsed.flatMap(({ credentials }) => credentials ?? []);
  const [first] = users;
  if (users.some(({ user, secret }) => user !== first?.user || secret !== first.secret))
    throw new HeadwaterError('invalid_argument', 'addresses: expected one user for all of them, received several');
  const urls = parsed.map(({ url }) => url);
  return { seeds: urls.map(({ plain }) => plain), credentials: first, urls, cluster: undefined };
}

/** The addresses of a text that has commas between them. The address of a cluster is one address. */
export function splitAddresses(text: string): string[] {
  return isClusterAddress(text) ? [text] : text.split(',');
}

function ofCluster(text: string, count: number): Destination {
  if (count > 1)
    throw new HeadwaterError(
      'invalid_argument',
      `addresses: expected the address of a cluster alone, received ${count} addresses`,
    );
  const cluster = readClusterAddress(text);
  return { seeds: [], credentials: undefined, urls: [cluster.nodes], cluster };
}

function parse(text: string): { readonly url: NodeUrl; readonly credentials: Credentials | undefined } {
  const { plain, tls } = readNodeUrl(text);
  const at = plain.lastIndexOf('@');
  const credentials = at < 0 ? undefined : credentialsIn(plain.slice(0, at));
  const url = { plain: plain.slice(at + 1), tls };
  parseAddress(url.plain);
  return { url, credentials };
}

/** Characters that a URL cannot have, such as `@`, are percent-encoded. */
function credentialsIn(text: string): Credentials {
  const colon = text.indexOf(':');
  try {
    if (colon > 0)
      return { user: decodeURIComponent(text.slice(0, colon)), secret: decodeURIComponent(text.slice(colon + 1)) };
  } catch {
    // Not percent-encoded: the message below says so.
  }
  throw new HeadwaterError(
    'invalid_argument',
    `addresses: expected ${SCHEME}USER:SECRET@HOST:PORT, received another form before the @. Write special characters as % and two hexadecimal digits`,
  );
}
