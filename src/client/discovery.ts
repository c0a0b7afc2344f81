/**
 * Finds the nodes of a cluster, the leader among them, and the distance of each. All requests go over connections of
 * their own.
 */

import type { DialSettings } from '../access/dial.js';
import { isArchivePlace } from '../base/address.js';
import { NEAREST_PROBE_MS } from '../base/limits.js';
import type { NodeStatus } from '../model/status.js';
import { STATUS } from '../rpc/definitions.js';
import { Connection, type ConnectionOwner } from './connection.js';

/** The number of rounds in which nodes are asked for their neighbours. Chains are seldom longer. */
const DISCOVERY_ROUNDS = 4;

/** Nothing is sent over a stream that only shows that the node is there. */
const NOBODY: ConnectionOwner = { answered: () => {}, moved: () => {}, closed: () => {}, saw: () => {} };

export interface Probed {
  readonly address: string;
  readonly roundTripMs: number;
  readonly status: NodeStatus;
}

/**
 * Returns every node that answers, each once.
 * @param rounds 1 asks only the given addresses, more ask their neighbours too.
 * @param except an address that is not asked.
 */
export async function discover(
  addresses: readonly string[],
  dial: DialSettings,
  rounds = DISCOVERY_ROUNDS,
  except?: string,
): Promise<Probed[]> {
  const asked = new Set<string>();
  if (except !== undefined) asked.add(except);
  const found = new Map<string, Probed>();
  let next: readonly string[] = addresses.filter((address) => address !== except);
  for (let round = 0; round < rounds && next.length > 0; round++) {
    for (const address of next) asked.add(address);
    const probed = (await Promise.all(next.map((address) => probe(address, dial)))).filter((one) => one !== undefined);
    for (const one of probed) if (!found.has(one.status.nodeId)) found.set(one.status.nodeId, one);
    const neighbours = probed.flatMap(({ status }) => [
      status.upstream?.address ?? '',
      ...status.followers.map(({ address }) => address),
    ]);
    // The upstream of a replica may be an archive.
    next = [...new Set(neighbours)].filter(
      (address) => address !== '' && !isArchivePlace(address) && !asked.has(address),
    );
  }
  return [...found.values()];
}

/** The node with the highest epoch among those that take writes. The others are former leaders. */
export function leaderAmong(nodes: readonly Probed[]): Probed | undefined {
  return nodes
    .filter(({ status }) => status.role === 'leader' && status.superseded === '' && status.unavailable === '')
    .reduce<Probed | undefined>((best, one) => (best && epochOf(best) >= epochOf(one) ? best : one), undefined);
}

/** The epoch of the history that the node lives in. */
export function epochOf({ status }: Probed): number {
  return status.lineage.at(-1)?.epoch ?? 0;
}

/** Whether the node lives in a later history that continues this one. */
export function continues({ status }: Probed, replicationId: string): boolean {
  return status.lineage.slice(0, -1).some((row) => row.replicationId === replicationId);
}

/** Asks a node twice over one connection and takes the better round trip. Undefined if the node cannot be reached. */
async function probe(address: string, dial: DialSettings): Promise<Probed | undefined> {
  const timeoutMs = NEAREST_PROBE_MS;
  try {
    const { signal } = new AbortController();
    const connection = await Connection.open(address, NOBODY, { timeoutMs, signal, dial });
    try {
      let roundTripMs = Number.POSITIVE_INFINITY;
      let status: NodeStatus | undefined;
      for (let i = 0; i < 2; i++) {
        const askedMs = performance.now();
        status = await connection.unary(STATUS, undefined, { timeoutMs });
        roundTripMs = Math.min(roundTripMs, performance.now() - askedMs);
      }
      return status && { address, roundTripMs, status };
    } finally {
      await connection.hangUp();
    }
  } catch {
    return undefined;
  }
}
