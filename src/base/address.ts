/**
 * The one grammar of HOST:PORT, for the command line, the configuration, calls and the wire. The host is a name, an
 * IPv4 address, or an IPv6 address in brackets. An address that passes in one place passes in all.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import path from 'node:path';
import { inspect } from 'node:util';
import { HeadwaterError } from './errors.js';

export interface Address {
  /** The host as it was written; an IPv6 address keeps its brackets. */
  readonly host: string;
  readonly port: number;
}

/** The options of `isAddress`. */
export interface AddressOptions {
  /** Whether port 0, which takes a free port, is accepted. */
  readonly portZero?: boolean;
}

const PORT_MAX = 65_535;
/** The limit of DNS for a whole name; a label may have 63 characters. */
const NAME_CHARACTERS_MAX = 253;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * @param text the address; a caller without types may pass any value.
 * @throws HeadwaterError `invalid_argument`; `field` names the value.
 */
export function parseAddress(text: unknown, { portZero = false }: AddressOptions = {}, field = ''): Address {
  const parsed = typeof text === 'string' ? addressOf(text, portZero ? 0 : 1) : undefined;
  if (parsed) return parsed;
  throw new HeadwaterError(
    'invalid_argument',
    `${field && `${field}: `}expected ${expectedAddress({ portZero })}, received ${shown(text)}`,
  );
}

function shown(value: unknown): string {
  if (typeof value !== 'string') return inspect(value, { depth: 0, maxStringLength: NAME_CHARACTERS_MAX });
  const text = withoutUser(value);
  const isLong = text.length > NAME_CHARACTERS_MAX;
  return `${JSON.stringify(text.slice(0, NAME_CHARACTERS_MAX))}${isLong ? '…' : ''}`;
}

/** The text of an address for a message: a part before `@` may have a secret. */
export function withoutUser(text: string): string {
  return text.slice(text.lastIndexOf('@') + 1);
}

/** The expected form in words, for a refusal. */
export function expectedAddress({ portZero = false }: AddressOptions = {}): string {
  return `HOST:PORT with a port from ${portZero ? 0 : 1} to ${PORT_MAX}, and an IPv6 address in brackets`;
}

/** Whether the text is an address, as `parseAddress` accepts it. */
export function isAddress(text: string, { portZero = false }: AddressOptions = {}): boolean {
  return addressOf(text, portZero ? 0 : 1) !== undefined;
}

export function formatAddress({ host, port }: Address): string {
  return `${host}:${port}`;
}

/** Whether an upstream is the place of an archive, a bucket or an absolute path, and no node. */
export function isArchivePlace(upstream: string): boolean {
  return /^s3:\/\//i.test(upstream) || path.isAbsolute(upstream);
}

/** Why a node that runs does not follow an archive, with the way to do it. */
export const FOLLOWS_NO_ARCHIVE =
  'A running node does not begin to follow an archive. Start one with "headwater serve --follow-archive PLACE", or with "headwater restore --follow PLACE"';

/**
 * The address of a node to follow.
 * @throws HeadwaterError `invalid_argument`, which says for the place of an archive how a node follows that.
 */
export function parseUpstream(text: unknown, field: string): Address {
  if (typeof text === 'string' && isArchivePlace(text))
    throw new HeadwaterError(
      'invalid_argument',
      `${field}: expected the HOST:PORT of a node, received the archive ${shown(text)}. ${FOLLOWS_NO_ARCHIVE}`,
    );
  return parseAddress(text, {}, field);
}

/** The host of an address that `parseAddress` accepted. */
export function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'));
}

function addressOf(text: string, portMin: number): Address | undefined {
  const colon = text.lastIndexOf(':');
  const [host, digits] = [text.slice(0, Math.max(0, colon)), text.slice(colon + 1)];
  const port = /^(?:0|[1-9]\d{0,4})$/.test(digits) ? Number(digits) : -1;
  if (port < portMin || port > PORT_MAX || !isHost(host)) return undefined;
  return { host, port };
}

function isHost(host: string): boolean {
  if (host.startsWith('[')) return host.endsWith(']') && isIPv6(host.slice(1, -1)) && !host.includes('%');
  if (host.length > NAME_CHARACTERS_MAX) return false;
  const labels = host.replace(/\.$/, '').split('.');
  // A resolver takes a name that ends in a number for an IPv4 address in short form: 10.1 for 10.0.0.1.
  if (/^\d+$/.test(labels.at(-1) ?? '')) return isIPv4(host);
  return labels.every((label) => LABEL.test(label));
}

// ---- hosts that are the same --------------------------------------------------

/** The one form of each host: names in lower case, IPv6 as short as possible, IPv4 within IPv6 as IPv4. */
export function plainHost(host: string): string {
  if (!host.startsWith('[')) return host.toLowerCase().replace(/\.$/, '');
  const { hostname } = new URL(`http://${host}`);
  const [, high, low] = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(hostname) ?? [];
  if (high === undefined || low === undefined) return hostname;
  const halves = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return halves.flatMap((half) => [half >> 8, half & 0xff]).join('.');
}

/** Whether a node that listens on `host` listens on every address of its machine. Nobody can dial such a host. */
export function isEverywhere(host: string): boolean {
  return ['0.0.0.0', '[::]'].includes(plainHost(host));
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether an IP address, without brackets, belongs to this machine alone. */
export function isLoopbackIp(ip: string): boolean {
  return LOOPBACK.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4');
}

/** Whether the host is loopback, as far as the text shows it: no name server is asked. */
export function isLoopback(host: string): boolean {
  const plain = plainHost(host);
  if (plain === 'localhost') return true;
  const ip = plain.replace(/^\[|\]$/g, '');
  return (isIPv4(ip) || isIPv6(ip)) && isLoopbackIp(ip);
}

/**
 * The host of a socket's other end, in the form of sockets and gRPC (`::ffff:10.0.0.9:51234`); undefined if `peer` has
 * no IP address.
 */
export function hostOfPeer(peer: string): string | undefined {
  const ip = peer.slice(0, Math.max(0, peer.lastIndexOf(':'))).replace(/^\[|\]$/g, '');
  if (isIPv4(ip)) return ip;
  const [, mapped] = MAPPED.exec(ip) ?? [];
  if (mapped !== undefined) return mapped;
  return isIPv6(ip) ? `[${ip}]` : undefined;
}
