/** Metrics of the node as a whole: its build and its role, and what keeps it from its work. */
import process from 'node:process';
import type { NodeStatus, StoreState } from '../../model/status.js';
import type { MetricFacts } from '../facts.js';
import { type AllOf, counter, gauge, gauges, type MetricRow, secondsOf, states } from './row.js';

const ROLES: AllOf<NodeStatus['role']> = { leader: true, follower: true };

const STORE_STATES: AllOf<StoreState> = {
  opening: true,
  serving: true,
  asking: true,
  incomplete: true,
  reopening: true,
  stuck: true,
  replacing: true,
  closing: true,
  closed: true,
};

export const NODE_ROWS: readonly MetricRow[] = [
  gauges('headwater_build_info', '1, with the versions as labels', ['version', 'node_version'], ({ status }) => [
    [[status.version, process.version], 1],
  ]),
  gauges(
    'headwater_node_info',
    '1, with the identity as labels',
    ['node_id', 'cluster_id', 'address'],
    ({ status }) => [[[status.nodeId, status.clusterId, status.address], 1]],
  ),
  states('headwater_role', '1 for the present role', 'role', ROLES, ({ status }) => status.role),
  states(
    'headwater_store_state',
    '1 for the present state of the store',
    'state',
    STORE_STATES,
    ({ status }) => status.storeState,
  ),
  gauge('headwater_ready', '1 if /readyz answers 200', ({ isReady }) => isReady),
  gauge('headwater_serving', '1 if the node answers reads', ({ status }) => status.unavailable === ''),
  gauge('headwater_epoch', 'times that a node has taken the lead in the history of the data', ({ status }) => {
    return status.lineage.at(-1)?.epoch ?? 0;
  }),
  gauge('headwater_uptime_seconds', 'time since the node started', ({ status }) => secondsOf(status.uptimeMs)),
  gauge(
    'headwater_keys',
    'about the number of keys: exact at a checkpoint, an estimate after it',
    ({ status }) => status.keys,
  ),
  gauges(
    'headwater_tls_certificate_expiry_timestamp_seconds',
    'time at which the first certificate in the file of that option ends, absent without TLS',
    ['option'],
    ({ certificates }) => firstEnds(certificates),
  ),
  gauge('headwater_disk_free_bytes', 'free space on the disk of --data', ({ status }) => status.diskFreeBytes),
  gauge('headwater_disk_free_min_bytes', 'free space below which the node refuses writes', ({ status }) => {
    return status.minFreeBytes;
  }),
  gauge('headwater_disk_full', '1 while the node refuses writes for want of space', ({ status }) => {
    return status.diskFull !== '';
  }),
  gauge('headwater_damaged', '1 if data on disk could not be read lately', ({ status }) => status.damage !== ''),
  counter('headwater_repairs_total', 'repairs of damaged data from the upstream', ({ status }) => status.repairs),
  counter(
    'headwater_digest_differences_total',
    'nodes that a comparison found to differ from this leader',
    ({ status }) => {
      return status.digestDifferences;
    },
  ),
  gauge(
    'headwater_lost_writes',
    'commands in lost-writes/, which wait for a person',
    ({ status }) => status.lostWrites,
  ),
  gauge(
    'headwater_superseded',
    '1 if a leader of a later epoch has taken over',
    ({ status }) => status.superseded !== '',
  ),
  gauge('headwater_clock_ahead_seconds', "time that the log's clock is ahead of this machine's", ({ status }) => {
    return secondsOf(status.clockAheadMs);
  }),
  gauge(
    'headwater_expiry_late_seconds',
    'age of the oldest expiry that the leader has not carried out',
    ({ status }) => {
      return secondsOf(status.expiryLateMs);
    },
  ),
];

function firstEnds(certificates: MetricFacts['certificates']): Array<[labels: [string], seconds: number]> {
  return [...new Set(certificates.map(({ name }) => name))].map((name) => {
    const ends = certificates.filter((one) => one.name === name).map(({ notAfterMs }) => notAfterMs);
    return [[`tls-${name}`], Math.min(...ends) / 1_000];
  });
}
