/**
 * Addresses as people write them: host:port, the host a name, an IPv4 address
 * or an IPv6 address in brackets.
 */
import { HeadwaterError } from '../errors.js';

const PATTERN = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_.])?):(\d{1,5})$/;

export interface Address {
  /** IPv6 in brackets. */
  readonly host: string;
  readonly port: number;
}

/** @throws HeadwaterError `invalid_argument`. */
export function parseAddress(text: string): Address {
  const [, host, digits] = PATTERN.exec(text) ?? [];
  const port = Number(digits);
  if (host !== undefined && port <= 65_535) return { host, port };
  throw new HeadwaterError('invalid_argument', `expected an address as host:port, received ${JSON.stringify(text)}`);
}

export function formatAddress({ host, port }: Address): string {
  return `${host}:${port}`;
}
