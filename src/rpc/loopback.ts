/**
 * Tells whether other machines reach a listening address. A name is looked up, since it may stand for loopback
 * addresses only.
 */
import { lookup } from 'node:dns/promises';
import { isLoopback, isLoopbackIp } from '../base/address.js';

type Lookup = (name: string) => Promise<ReadonlyArray<{ address: string }>>;

const system: Lookup = (name) => lookup(name, { all: true });

/** @returns false too if the name is not known. Binding to it then reports the reason. */
export async function isLoopbackOnly(host: string, lookUp = system): Promise<boolean> {
  if (isLoopback(host)) return true;
  if (host.startsWith('[')) return false;
  const found = await lookUp(host).catch(() => []);
  return found.length > 0 && found.every(({ address }) => isLoopbackIp(address));
}
