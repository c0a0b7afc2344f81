/**
 * The change of a cluster's Lease that each call of the machine, and each wish of a person, makes. Pure: the store
 * (lease-store.ts) writes the change if nobody else has written meanwhile, and else asks again.
 *
 * A change whose answer was lost may be asked for again. The answer is then that of the first time.
 */
import type { Order } from './cluster.js';
import { leadershipOf, withBegun, withEnded } from './leaderships.js';
import type { Call, CallKind, Event } from './messages.js';
import type { LeaderKey, Member, PastLeadership, View } from './view.js';

/** About 4 KB. Each renewal of each node writes the whole Lease, the leaderships in it too. */
const LEADERSHIPS_MAX = 20;

/** The change, and its answer once it stands. Without a change, the answer is the one of the content as it is. */
export interface Decision {
  /** The number that the revision of the write is above; the revision before it, if that is higher. */
  readonly base?: number;
  /** @param revision of the write. */
  readonly change?: (revision: number) => Partial<View>;
  readonly answer: (revision: number) => Event;
}

/** Whether a lease lives, as far as this node has seen its changes. */
export type Lives = (lease: string) => boolean;

type CallOf<K extends CallKind> = Extract<Call, { readonly kind: K }>;

/** The calls that change the content. */
export type Change = Exclude<Call, { readonly kind: 'grant' | 'keep_alive' | 'read' }>;

/** @param wallMs the time for the history. */
export function decide(call: Change, view: View, lives: Lives, wallMs: number): Decision {
  switch (call.kind) {
    case 'publish':
      return publish(call, view, lives);
    case 'campaign':
      return campaign(call, view, lives, wallMs);
    case 'move_leader':
      return move(call, view, lives, wallMs);
    case 'resign':
      return resign(call, view, wallMs);
    case 'set_sync':
      return setSync(call, view);
    case 'set_known':
      return ofHolder(call.fence, view, { known: call.nodes }, { kind: 'known_set' });
    case 'forget_request':
      return forgetRequest(call, view);
  }
}

/** The wish of a person stands in the content until a leader has seen it. */
export function ordered(order: Order, revision: number): Partial<View> {
  switch (order.kind) {
    case 'pause':
      return { isPaused: true };
    case 'resume':
      return { isPaused: false, allowed: order.allowed };
    case 'switch':
      return { request: { to: order.to, fence: order.fence, revision } };
  }
}

/** The content without a lease: its record is gone, and the leader key that was on it. */
export function withoutLease(lease: string, { members, leader }: View): Partial<View> {
  return {
    members: members.filter((member) => member.lease !== lease),
    leader: leader?.lease === lease ? undefined : leader,
  };
}

/** Records of ended leases go, but the last leader's: the others count from its last change. */
function publish({ record, provesMs }: CallOf<'publish'>, view: View, lives: Lives): Decision {
  const stays = (member: Member) =>
    member.nodeId !== record.nodeId && (lives(member.lease) || member.nodeId === view.last?.nodeId);
  return {
    change: (revision) => ({ members: [...view.members.filter(stays), { ...record, revision }] }),
    answer: (revision) => ({
      kind: 'published',
      lease: record.lease,
      provesMs,
      revision,
      fence: view.leader?.fence ?? 0,
    }),
  };
}

function campaign(
  { key, expected, clusterId, fenceBase, sync }: CallOf<'campaign'>,
  view: View,
  lives: Lives,
  wallMs: number,
): Decision {
  const { leader } = view;
  const answer = (fence: number | undefined): Decision['answer'] => {
    return () => ({ kind: 'campaigned', lease: key.lease, fence });
  };
  if (leader?.lease === key.lease) return { answer: answer(leader.fence) };
  const isExpected =
    (view.last?.fence ?? 0) === expected.lastFence && (view.sync?.revision ?? 0) === expected.syncRevision;
  if ((leader && lives(leader.lease)) || !isExpected || !hasLease(view, key.lease))
    return { answer: answer(undefined) };
  return {
    ...(view.clusterId === '' && { base: fenceBase }),
    change: (fence) => ({
      clusterId: view.clusterId || clusterId,
      leader: { ...key, fence },
      last: { nodeId: key.nodeId, fence, ttlMs: key.ttlMs },
      history: begun(view.history, key, fence, wallMs),
      ...(sync && { sync: { nodes: sync, revision: fence } }),
    }),
    answer: (fence) => answer(fence)(fence),
  };
}

function move({ fence, key }: CallOf<'move_leader'>, view: View, lives: Lives, wallMs: number): Decision {
  const answer = (done: boolean) => (): Event => ({ kind: 'moved', done });
  const { leader } = view;
  if (leader?.lease === key.lease && leader.fence > fence) return { answer: answer(true) };
  if (leader?.fence !== fence || !hasLease(view, key.lease) || !lives(key.lease)) return { answer: answer(false) };
  return {
    change: (revision) => ({
      leader: { ...key, fence: revision },
      last: { nodeId: key.nodeId, fence: revision, ttlMs: key.ttlMs },
      history: begun(withEnded(view.history, fence, wallMs), key, revision, wallMs),
      request: undefined,
    }),
    answer: answer(true),
  };
}

function resign({ fence, isInOrder }: CallOf<'resign'>, view: View, wallMs: number): Decision {
  const history = withEnded(view.history, fence, wallMs);
  const change = { leader: undefined, resigned: fence, isResignedInOrder: isInOrder, history };
  return ofHolder(fence, view, change, { kind: 'resigned' });
}

function begun(
  history: readonly PastLeadership[],
  key: Omit<LeaderKey, 'fence'>,
  fence: number,
  timeMs: number,
): readonly PastLeadership[] {
  return withBegun(history, leadershipOf(key, fence, timeMs), LEADERSHIPS_MAX);
}

function setSync({ fence, nodes, expectedRevision }: CallOf<'set_sync'>, view: View): Decision {
  const answer = (revision: number | undefined) => (): Event => ({ kind: 'sync_set', nodes, revision });
  if (view.leader?.fence !== fence) return { answer: answer(undefined) };
  const { revision = 0, nodes: present = [] } = view.sync ?? {};
  // Only the holder writes the set, so a later one that is the same was this call's.
  if (revision > expectedRevision && present.join() === nodes.join()) return { answer: answer(revision) };
  if (revision !== expectedRevision) return { answer: answer(undefined) };
  return {
    change: (written) => ({ sync: { nodes, revision: written } }),
    answer: (written) => answer(written)(),
  };
}

function forgetRequest({ fence, revision }: CallOf<'forget_request'>, view: View): Decision {
  const event: Event = { kind: 'request_forgotten' };
  if (view.request?.revision !== revision) return { answer: () => event };
  return ofHolder(fence, view, { request: undefined }, event);
}

/** A change that the holder of a fencing number alone may make. Others get the same answer, and nothing changes. */
function ofHolder(fence: number, view: View, change: Partial<View>, event: Event): Decision {
  if (view.leader?.fence !== fence) return { answer: () => event };
  return { change: () => change, answer: () => event };
}

function hasLease({ members }: View, lease: string): boolean {
  return members.some((member) => member.lease === lease);
}
