/**
 * Where a follower can be reached: where it says that it listens, unless that is
 * "everywhere", which is no place to go to; then the host that its session came
 * from, with its port. Others are sent to this address, and a leader that hands
 * over or asks for what it has lost goes there itself.
 */
import { hostOf, hostOfPeer, isAddress, isEverywhere } from '../../base/address.js';

/**
 * @param address host:port as the follower announces it.
 * @param peer address:port of the other end of its connection; undefined where that is not known.
 */
export function reachableAddress(address: string, peer: string | undefined): string {
  if (!isAddress(address) || !isEverywhere(hostOf(address))) return address;
  const host = hostOfPeer(peer ?? '');
  return host === undefined ? address : `${host}${address.slice(hostOf(address).length)}`;
}
