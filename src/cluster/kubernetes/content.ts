/**
 * The content of a cluster's Lease. The annotation `headwater/cluster` has all of it as JSON, and is all that Headwater
 * reads. The fields of `spec` are for people and for other programs: the holder, and how often it changed.
 *
 * The content is a view whose leases never end: it does not tell the time. Each node judges by the changes that it sees
 * itself whether a lease lives (lease-store.ts). The revision counts the writes, and is 0 before the first.
 *
 * While the nodes of a cluster are upgraded, two versions write one object:
 *   - A field that was added later has a value here for objects that an earlier version wrote. That value means what the
 *     earlier version did. A field that every version writes has none: without it, nobody wrote the object.
 *   - Each object keeps the fields that this version does not know, as long as this node does not make the object again.
 */
import type { LastLeader, LeaderKey, Member, PastLeadership, SwitchRequest, SyncKey, View } from '../view.js';
import type { LeaseObject } from './api.js';
import { KubernetesFailure } from './errors.js';

export const ANNOTATION = 'headwater/cluster';

type Kind = 'text' | 'number' | 'boolean' | 'texts';
/** The kind of each field, and the value of a field that an earlier version has not written. */
type Fields<T> = { readonly [Name in keyof T]-?: Kind | readonly [Kind, T[Name]] };

const LEADER: Fields<LeaderKey> = {
  nodeId: 'text',
  address: 'text',
  lease: 'text',
  fence: 'number',
  ttlMs: 'number',
  reason: 'text',
};
const LAST: Fields<LastLeader> = { nodeId: 'text', fence: 'number', ttlMs: 'number' };
const SYNC: Fields<SyncKey> = { nodes: 'texts', revision: 'number' };
const REQUEST: Fields<SwitchRequest> = { to: 'text', fence: ['number', 0], revision: 'number' };
const MEMBER: Fields<Member> = {
  nodeId: 'text',
  address: 'text',
  lease: 'text',
  historyFence: 'number',
  offset: 'number',
  durableOffset: 'number',
  cannotLead: 'text',
  round: 'number',
  revision: 'number',
};
const LEADERSHIP: Fields<PastLeadership> = {
  fence: 'number',
  nodeId: 'text',
  address: 'text',
  reason: 'text',
  timeMs: 'number',
  endedMs: 'number',
};
const TOP = {
  clusterId: 'text',
  revision: 'number',
  resigned: 'number',
  isResignedInOrder: ['boolean', false],
  known: 'texts',
  isPaused: 'boolean',
  allowed: 'number',
} as const;

/** @throws KubernetesFailure `protocol_violation` if Headwater has not written the Lease. */
export function contentOf(lease: LeaseObject): View {
  const text = lease.metadata.annotations?.[ANNOTATION];
  if (text === undefined) throw notReadable(lease, `expected the annotation ${ANNOTATION}, received none`);
  const refuse = (expected: string): never => {
    throw notReadable(lease, `expected ${expected} in the annotation ${ANNOTATION}, received ${text.slice(0, 200)}`);
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    refuse('JSON');
  }
  const read = <T>(from: unknown, name: string, fields: Fields<T>): T => fieldsIn(from, name, fields, refuse);
  const given = Object(value) as Record<string, unknown>;
  const part = <T>(name: string, fields: Fields<T>): T | undefined =>
    given[name] === undefined ? undefined : read(given[name], name, fields);
  if (!Array.isArray(given.members)) refuse('a list of members');
  return {
    ...read<Pick<View, keyof typeof TOP>>(given, 'cluster', TOP),
    leader: part('leader', LEADER),
    last: part('last', LAST),
    sync: part('sync', SYNC),
    request: part('request', REQUEST),
    // A node of an earlier version writes none.
    history: listOf(given.history).map((one) => read(one, 'history', LEADERSHIP)),
    members: (given.members as unknown[]).map((member) => read(member, 'members', MEMBER)),
  };
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function fieldsIn<T>(from: unknown, name: string, fields: Fields<T>, refuse: (expected: string) => never): T {
  const given = Object(from) as Record<string, unknown>;
  const found = Object.entries(fields as Record<string, Kind | readonly [Kind, unknown]>).map(([field, of]) => {
    const [kind, missing] = typeof of === 'string' ? [of] : of;
    const value = given[field] ?? missing;
    if (!isOfKind(value, kind)) refuse(`${kind} as ${name}.${field}`);
    return [field, value];
  });
  return { ...given, ...Object.fromEntries(found) } as T;
}

function isOfKind(value: unknown, kind: Kind): boolean {
  if (kind === 'texts') return Array.isArray(value) && value.every((each) => typeof each === 'string');
  return typeof value === (kind === 'text' ? 'string' : kind);
}

/** The Lease with another content. @param wallMs the time for people: nobody decides by it. */
export function leaseWith(lease: LeaseObject, view: View, wallMs: number): LeaseObject {
  const { leader } = view;
  const time = `${new Date(wallMs).toISOString().slice(0, -1)}000Z`;
  const isNew = leader !== undefined && leader.fence === view.revision;
  return {
    ...lease,
    metadata: {
      ...lease.metadata,
      annotations: { ...lease.metadata.annotations, [ANNOTATION]: JSON.stringify(view) },
    },
    spec: {
      ...lease.spec,
      holderIdentity: leader?.nodeId ?? '',
      ...(leader && { leaseDurationSeconds: Math.ceil(leader.ttlMs / 1_000) }),
      ...(isNew && { acquireTime: time, leaseTransitions: (lease.spec?.leaseTransitions ?? 0) + 1 }),
      renewTime: time,
    },
  };
}

function notReadable({ metadata }: LeaseObject, expected: string): KubernetesFailure {
  return new KubernetesFailure(
    'protocol_violation',
    `the Lease ${metadata.namespace}/${metadata.name} was not written by Headwater: ${expected}. Give the cluster another name, or delete the Lease`,
  );
}
