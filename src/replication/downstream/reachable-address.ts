/**
 * The address at which a follower can be reached: the address that it
 * announces. A wildcard address ("everywhere") is no place to go to, so the
 * host that the session came from replaces it and the port stays. Other nodes
 * are sent to this address. A leader that hands over, or asks for its lost
 * tail, dials it too.
 */
import { hostOf, hostOfPeer, isAddress, isEverywhere } from '../../base/address.js';

/**
 * @param address host:port as the follower announces it.
 * @param peer address:port of the other end of its connection; undefined if
 *   that is not known.
 */
export function reachableAddress(address: string, peer: string | undefined): string {
  if (!isAddress(address) || !isEverywhere(hostOf(address))) return address;
  const host = hostOfPeer(peer ?? '');
  return host === undefined ? address : `${host}${address.slice(hostOf(address).length)}`;
}
