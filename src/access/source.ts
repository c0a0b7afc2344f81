/** The source of a connection, as bounds for one caller count it. */
import { hostOfPeer } from '../base/address.js';

const GROUPS = 8;
/** The groups of an IPv6 address that name a network. A machine may have all addresses of its network. */
const NETWORK_GROUPS = 4;

/**
 * The address without the port, and the network of an IPv6 address.
 * @param peer address:port of the other side.
 */
export function sourceOf(peer: string): string {
  const host = hostOfPeer(peer) ?? '';
  if (!host.startsWith('[')) return host;
  const [left = [], right = []] = host
    .slice(1, -1)
    .split('::')
    .map((part) => part.split(':').filter(Boolean));
  const zeros = Array.from({ length: Math.max(0, GROUPS - left.length - right.length) }, () => '0');
  return [...left, ...zeros, ...right].slice(0, NETWORK_GROUPS).join(':').toLowerCase();
}
