/**
 * The keys of a cluster in etcd, all under `/headwater/<NAME>/`, and how a view is made of them:
 *
 *   leader        the leader, on its lease. The revision of the last change, plus the base, is the fencing number
 *   last          the last leader, changed with `leader` in one transaction, so its revision gives the same number
 *   resigned      the fencing number of the last leader that said that it has stopped, and whether a person stopped its node
 *   sync          the nodes that a leader in safe mode waits for
 *   members/<ID>  the record of a node, on its lease
 *   members-known the nodes that may lead with --failsafe
 *   cluster-id    the ID that the first leader gave to the cluster, and the base of the fencing numbers
 *   request       a person's wish for another leader, and the fencing number of the leader that was asked
 *   paused        exists while the cluster is paused
 *   history       the last leaderships, changed with `leader` in one transaction
 *   allowed       the fencing number of the leader that a person allows to be replaced at once
 *
 * A value is JSON. The lease and the revision of a key are etcd's own, and not in the value.
 */
import { HeadwaterError } from '../base/errors.js';
import type { EtcdEntry } from './etcd/model.js';
import { leadershipsOf } from './etcd-leaderships.js';
import { Value } from './etcd-value.js';
import type { LeaderKey, Member, MemberRecord, Reason, SwitchRequest, View } from './view.js';

export interface ClusterKeys {
  readonly prefix: string;
  readonly leader: string;
  readonly last: string;
  readonly resigned: string;
  readonly sync: string;
  readonly known: string;
  readonly clusterId: string;
  readonly request: string;
  readonly paused: string;
  readonly allowed: string;
  readonly history: string;
  member(nodeId: string): string;
}

/** The characters that a name may have: with a slash, the keys of one cluster could be those of another. */
const NAME = /^[A-Za-z0-9._-]{1,100}$/;

/** @throws HeadwaterError `invalid_argument` */
export function clusterKeys(name: string): ClusterKeys {
  if (!NAME.test(name))
    throw new HeadwaterError(
      'invalid_argument',
      `the name of a cluster: expected 1 to 100 letters, digits, dots, dashes and underscores, received ${JSON.stringify(name)}`,
    );
  const prefix = `/headwater/${name}/`;
  return {
    prefix,
    leader: `${prefix}leader`,
    last: `${prefix}last`,
    resigned: `${prefix}resigned`,
    sync: `${prefix}sync`,
    known: `${prefix}members-known`,
    clusterId: `${prefix}cluster-id`,
    request: `${prefix}request`,
    paused: `${prefix}paused`,
    allowed: `${prefix}allowed`,
    history: `${prefix}history`,
    member: (nodeId) => `${prefix}members/${nodeId}`,
  };
}

export function leaderValue({ nodeId, address, ttlMs, reason }: Omit<LeaderKey, 'fence' | 'lease'>): string {
  return JSON.stringify({ node_id: nodeId, address, ttl_ms: ttlMs, reason });
}

export function memberValue(record: MemberRecord): string {
  const { nodeId, address, historyFence, offset, durableOffset, cannotLead, round } = record;
  return JSON.stringify({
    node_id: nodeId,
    address,
    history_fence: historyFence,
    offset,
    durable_offset: durableOffset,
    cannot_lead: cannotLead,
    round,
  });
}

/** The base of the fencing numbers. */
export function fenceBaseOf(keys: ClusterKeys, entries: ReadonlyMap<string, EtcdEntry>): number {
  const entry = entries.get(keys.clusterId);
  return entry ? new Value(entry).number('fence_base') : 0;
}

/**
 * The view of a state of etcd.
 * @param entries all keys of the cluster by name.
 * @param ignored called with an error for each key that nobody decides by, or that people write, and that is not readable.
 *   Such a key counts as missing, so that it blinds no node.
 * @throws HeadwaterError `protocol_violation` if another value is not what Headwater writes.
 */
export function viewOf(
  keys: ClusterKeys,
  entries: ReadonlyMap<string, EtcdEntry>,
  revision: bigint,
  ignored: (error: Error) => void,
): View {
  const field = <T>(key: string, take: (value: Value) => T): T | undefined => {
    const entry = entries.get(key);
    return entry && take(new Value(entry));
  };
  const unlessWrong = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      ignored(error as Error);
      return undefined;
    }
  };
  const base = fenceBaseOf(keys, entries);
  const history = entries.get(keys.history);
  const ofMembers = keys.member('');
  return {
    clusterId: field(keys.clusterId, (value) => value.text('cluster_id')) ?? '',
    revision: base + Number(revision),
    leader: field(keys.leader, (value) => leaderOf(value, base)),
    last: field(keys.last, (value) => ({
      nodeId: value.text('node_id'),
      fence: base + value.revision,
      ttlMs: value.number('ttl_ms'),
    })),
    resigned: field(keys.resigned, (value) => value.number('fence')) ?? 0,
    isResignedInOrder: field(keys.resigned, (value) => value.is('in_order')) ?? false,
    sync: field(keys.sync, (value) => ({ nodes: value.texts('nodes'), revision: value.revision })),
    members: [...entries.values()]
      .filter(({ key }) => key.startsWith(ofMembers))
      .map((entry) => memberOf(new Value(entry))),
    known: field(keys.known, (value) => value.texts('nodes')) ?? [],
    isPaused: entries.has(keys.paused),
    request: unlessWrong(() => field(keys.request, requestOf)),
    allowed: unlessWrong(() => field(keys.allowed, (value) => value.number('fence'))) ?? 0,
    history: unlessWrong(() => history && leadershipsOf(history, base)) ?? [],
  };
}

function leaderOf(value: Value, base: number): LeaderKey {
  return {
    nodeId: value.text('node_id'),
    address: value.text('address'),
    lease: value.lease,
    fence: base + value.revision,
    ttlMs: value.number('ttl_ms'),
    reason: value.text('reason') as Reason,
  };
}

function requestOf(value: Value): SwitchRequest {
  return { to: value.text('to'), fence: value.numberOr('fence', 0), revision: value.revision };
}

function memberOf(value: Value): Member {
  return {
    nodeId: value.text('node_id'),
    address: value.text('address'),
    lease: value.lease,
    historyFence: value.number('history_fence'),
    offset: value.number('offset'),
    durableOffset: value.number('durable_offset'),
    cannotLead: value.text('cannot_lead'),
    round: value.number('round'),
    revision: value.revision,
  };
}
