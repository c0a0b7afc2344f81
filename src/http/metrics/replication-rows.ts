/** Metrics of the links to other nodes: the upstream of this node, its followers, and the resyncs of both. */
import { isArchivePlace } from '../../base/address.js';
import type { StatusFollower, StatusKnownFollower, StatusReasonCount, UpstreamState } from '../../model/status.js';
import type { MetricFacts } from '../facts.js';
import {
  type AllOf,
  counters,
  gauge,
  gauges,
  type Labelled,
  type MetricRow,
  orInfinite,
  secondsOf,
  states,
} from './row.js';

const UPSTREAM_STATES: AllOf<UpstreamState> = {
  connecting: true,
  handshake: true,
  waiting: true,
  loading: true,
  streaming: true,
  refused: true,
  stopped: true,
  disk_full: true,
};

const FOLLOWER = ['follower', 'address'];

export const REPLICATION_ROWS: readonly MetricRow[] = [
  states(
    'headwater_upstream_state',
    '1 for the present state of the link to the upstream',
    'state',
    UPSTREAM_STATES,
    (facts) => {
      return facts.status.upstream?.state;
    },
  ),
  gauge('headwater_upstream_lag_commands', 'commands that this follower lacks, while it knows', ({ status }) => {
    return status.upstream?.lagCommands;
  }),
  gauge(
    'headwater_upstream_lag_seconds',
    'age of the oldest write that this follower lacks, infinite if it was never level',
    ({ status }) => status.upstream && orInfinite(secondsOf(status.upstream.lagMs)),
  ),
  gauge(
    'headwater_upstream_is_archive',
    '1 if this follower follows an archive: its lag is then the age of the newest write here',
    ({ status }) => status.upstream && Number(isArchivePlace(status.upstream.address)),
  ),
  gauge('headwater_upstream_loaded_keys', 'keys loaded of the snapshot of a full resync', ({ status }) => {
    return status.upstream?.loadedKeys;
  }),
  gauge('headwater_upstream_snapshot_keys', 'about the number of keys of that snapshot', ({ status }) => {
    return status.upstream?.keysEstimate;
  }),
  gauge('headwater_cluster_leading', '1 while this node leads its cluster', ({ status: { cluster } }) => {
    return cluster && cluster.state === 'leading';
  }),
  gauge('headwater_cluster_has_leader', '1 while the cluster of this node has a leader', ({ status: { cluster } }) => {
    return cluster && cluster.leaderId !== '';
  }),
  gauge('headwater_cluster_needs_person', '1 while the cluster waits for a person to lead again', ({ status }) => {
    return status.cluster?.needsPerson;
  }),
  gauge('headwater_cluster_paused', '1 while no other node leads if the leader goes, by a pause', ({ status }) => {
    return status.cluster?.paused;
  }),
  gauge('headwater_cluster_fence', 'fencing number of the present leadership, or of the last one', ({ status }) => {
    return status.cluster?.fence;
  }),
  gauge('headwater_cluster_members', 'nodes of the cluster that are there now', ({ status }) => {
    return status.cluster?.members.length;
  }),
  gauge('headwater_cluster_may_lead', 'nodes of the cluster that may lead if the leader goes', ({ status }) => {
    return status.cluster?.members.filter(({ cannotLead }) => cannotLead === '').length;
  }),
  gauge(
    'headwater_cluster_lease_left_seconds',
    'time that this leader has until it stops, if nothing renews its lease',
    ({ status: { cluster } }) => (cluster?.state === 'leading' ? secondsOf(cluster.leftMs) : undefined),
  ),
  gauge('headwater_cluster_store_silent_seconds', 'time since the store of the cluster has answered', ({ status }) => {
    return secondsOf(status.cluster?.storeSilentMs);
  }),
  gauge('headwater_leader_links', 'links between this node and the leader, while it knows the leader', ({ status }) => {
    return status.leader?.linksAbove;
  }),
  counters(
    'headwater_resyncs_total',
    'resyncs of this node, and refusals that it received',
    ['kind', 'reason'],
    (facts) => {
      return reasons(facts.status.resyncReasons);
    },
  ),
  counters(
    'headwater_resyncs_served_total',
    'resyncs of followers, and refusals that they received',
    ['kind', 'reason'],
    (facts) => {
      return reasons(facts.status.resyncReasonsServed);
    },
  ),
  gauge('headwater_full_resyncs_sending', 'full resyncs that the node sends to followers', ({ status }) => {
    return status.fullResyncsSending;
  }),
  gauge('headwater_full_resyncs_waiting', 'followers that wait for a full resync from the node', ({ status }) => {
    return status.fullResyncsWaiting;
  }),
  gauge('headwater_followers_connected', 'followers with a link to this node', ({ status }) => {
    return status.followers.filter(({ via, state }) => via === '' && state !== 'ended').length;
  }),
  gauge('headwater_followers_below', 'followers at any depth', ({ status }) => status.followers.length),
  gauge('headwater_followers_known', 'followers that the node remembers, connected or not', ({ status }) => {
    return status.knownFollowers.length;
  }),
  gauge('headwater_followers_within_lag', 'followers at any depth within --max-lag', ({ status }) => {
    return status.followersWithinLag;
  }),
  gauge('headwater_followers_min', 'followers within --max-lag below which the leader refuses writes', ({ status }) => {
    return status.minFollowers;
  }),
  gauges(
    'headwater_follower_offset',
    'offset that the follower has acknowledged',
    FOLLOWER,
    followers(({ appendedOffset }) => appendedOffset),
  ),
  gauges(
    'headwater_follower_lag_commands',
    'commands that the follower has not acknowledged',
    FOLLOWER,
    followers(({ lagCommands }) => lagCommands),
  ),
  gauges(
    'headwater_follower_lag_seconds',
    'age of the oldest write that the follower has not acknowledged',
    FOLLOWER,
    followers(({ lagMs }) => secondsOf(lagMs)),
  ),
  gauges(
    'headwater_follower_silent_seconds',
    'time since the last report of the follower',
    FOLLOWER,
    followers(({ silentMs }) => secondsOf(silentMs)),
  ),
  gauges(
    'headwater_follower_connected',
    '1 if a known follower has a link to this node',
    FOLLOWER,
    known(({ connected }) => connected),
  ),
  gauges(
    'headwater_follower_headroom_bytes',
    'bytes until a known follower would need a full resync, 0 if its place in the log is lost',
    FOLLOWER,
    known(({ keepsPlace, leftBytes }) => (keepsPlace ? orInfinite(leftBytes) : 0)),
  ),
  gauges(
    'headwater_follower_headroom_seconds',
    'time until a known follower would need a full resync, at the present rate',
    FOLLOWER,
    known(({ keepsPlace, leftMs }) => (keepsPlace ? orInfinite(secondsOf(leftMs)) : 0)),
  ),
];

function reasons(counts: readonly StatusReasonCount[]): Array<Labelled<number>> {
  return counts.map(({ kind, reason, count }) => [[kind, reason], count]);
}

function followers(figure: (follower: StatusFollower) => number | undefined) {
  return ({ status }: MetricFacts) => once(status.followers, figure);
}

function known(figure: (follower: StatusKnownFollower) => number | boolean) {
  return ({ status }: MetricFacts) => once(status.knownFollowers, figure);
}

/** A follower that changes its link may be listed twice for a moment. Prometheus refuses a series that comes twice. */
function once<Follower extends { readonly nodeId: string; readonly address: string }, Value>(
  all: readonly Follower[],
  figure: (follower: Follower) => Value,
): Array<Labelled<Value>> {
  const rows = new Map<string, Labelled<Value>>();
  for (const one of all) rows.set(one.nodeId, [[one.nodeId, one.address], figure(one)]);
  return [...rows.values()];
}
