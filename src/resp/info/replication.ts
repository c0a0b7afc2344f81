/**
 * The section of INFO about replication, as Sentinel and exporters read it. Offsets count commands, not bytes. The log on
 * disk is the backlog.
 */
import { isArchivePlace, parseAddress, plainHost } from '../../base/address.js';
import type { FollowerState, NodeStatus, StatusFollower, StatusUpstream, UpstreamState } from '../../model/status.js';
import type { Fields, InfoFacts } from './facts.js';
import { type Master, masterOf } from './place.js';

const NO_ID = '0'.repeat(40);

/** A node whose disk is full stays connected, and serves what it has. */
const UP: ReadonlySet<UpstreamState> = new Set(['streaming', 'disk_full']);

const SLAVE_STATES: { readonly [State in FollowerState]?: string } = {
  streaming: 'online',
  catching_up: 'online',
  snapshot: 'send_bulk',
};

const FAILOVER_STATES = { '': 'no-failover', pausing: 'waiting-for-sync' } as const;

export function replication(facts: InfoFacts): Fields {
  const { status } = facts;
  const listed = listedFollowers(status);
  const master = masterOf(status);
  return {
    ...(master ? slaveOf(master, facts) : { role: 'master' }),
    connected_slaves: listed.length,
    ...Object.fromEntries(listed.map((one, index) => [`slave${index}`, slave(one)])),
    master_failover_state:
      FAILOVER_STATES[status.failoverState as keyof typeof FAILOVER_STATES] ?? 'failover-in-progress',
    ...histories(status),
    ...backlog(status),
  };
}

/** The connected followers that another node can reach. The followers below them are listed by these. */
export function listedFollowers({ followers }: NodeStatus): StatusFollower[] {
  return followers.filter(({ via, address, state }) => via === '' && address !== '' && state !== 'ended');
}

/** Whether a follower follows the log. */
export function isOnline({ state }: StatusFollower): boolean {
  return SLAVE_STATES[state] === 'online';
}

/** A host without the brackets of IPv6, and a port. An archive has its name as host, and the port 0; so has nobody. */
export function endpointOf(address: string): { readonly host: string; readonly port: number } {
  if (address === '' || isArchivePlace(address)) return { host: address, port: 0 };
  const { host, port } = parseAddress(address);
  return { host: plainHost(host).replace(/^\[(.*)\]$/, '$1'), port };
}

/** Whether the link to the master carries writes. */
function isUp({ state }: Master): boolean {
  return UP.has(state);
}

function slaveOf(master: Master, { status, control }: InfoFacts): Fields {
  const { host, port } = endpointOf(master.address);
  const { heardAgoMs, downMs } = control.silence;
  const { link } = master;
  return {
    role: 'slave',
    master_host: host,
    master_port: port,
    master_link_status: isUp(master) ? 'up' : 'down',
    master_last_io_seconds_ago: wholeSeconds(isUp(master) ? heardAgoMs : undefined),
    master_sync_in_progress: master.state === 'loading' ? 1 : 0,
    slave_read_repl_offset: status.offset,
    slave_repl_offset: status.offset,
    ...(link?.state === 'loading' ? loading(link, heardAgoMs) : {}),
    ...(isUp(master) ? {} : { master_link_down_since_seconds: wholeSeconds(downMs) }),
    slave_priority: 100,
    slave_read_only: 1,
    replica_announced: 1,
  };
}

/** A snapshot is counted in keys, about as many as the upstream said. */
function loading({ loadedKeys, keysEstimate }: StatusUpstream, heardAgoMs: number | undefined): Fields {
  const share = keysEstimate === 0 ? 0 : Math.min(1, loadedKeys / keysEstimate);
  return {
    master_sync_total_bytes: -1,
    master_sync_read_bytes: -1,
    master_sync_left_bytes: -1,
    master_sync_perc: (share * 100).toFixed(2),
    master_sync_last_io_seconds_ago: wholeSeconds(heardAgoMs),
  };
}

function slave({ address, state, appendedOffset, silentMs }: StatusFollower): string {
  const { host, port } = endpointOf(address);
  const lag = Math.round(silentMs / 1_000);
  return `ip=${host},port=${port},state=${SLAVE_STATES[state] ?? 'wait_bgsave'},offset=${appendedOffset},lag=${lag}`;
}

function histories({ replicationId, offset, lineage }: NodeStatus): Fields {
  const [before, current] = lineage.length > 1 ? lineage.slice(-2) : [];
  return {
    master_replid: replicationId || NO_ID,
    master_replid2: before?.replicationId ?? NO_ID,
    master_repl_offset: offset,
    second_repl_offset: current?.firstOffset ?? -1,
  };
}

function backlog({ offset, firstOffset, logRetentionBytes }: NodeStatus): Fields {
  return {
    repl_backlog_active: 1,
    repl_backlog_size: logRetentionBytes,
    repl_backlog_first_byte_offset: firstOffset,
    repl_backlog_histlen: Math.max(0, offset - firstOffset + 1),
  };
}

/** Redis shows -1 for a time that is not known. */
function wholeSeconds(ms: number | undefined): number {
  return ms === undefined ? -1 : Math.floor(ms / 1_000);
}
