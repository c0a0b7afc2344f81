/** The sections of INFO with counts since the node started. */
import type { StatusReasonCount } from '../../model/status.js';
import type { Fields, InfoFacts } from './facts.js';

/**
 * Hits and misses are those of reads that came through this port. Expired keys are those that this node deleted as a
 * leader. `sync_partial_err` counts followers that had to take a full resync though they held data, and those that were
 * refused.
 */
export function stats({ status, counts, topics }: InfoFacts): Fields {
  const { read, written } = counts.bytes;
  const rates = counts.kilobytesPerSecond;
  const errors = [...counts.errors.values()].reduce((sum, count) => sum + count, 0);
  return {
    total_connections_received: counts.connections,
    total_commands_processed: counts.commands,
    instantaneous_ops_per_sec: counts.commandsPerSecond,
    total_net_input_bytes: read,
    total_net_output_bytes: written,
    instantaneous_input_kbps: rates.read.toFixed(2),
    instantaneous_output_kbps: rates.written.toFixed(2),
    rejected_connections: status.connections?.refusedRedis ?? 0,
    headwater_closed_for_memory: counts.closedForMemory,
    sync_full: status.fullResyncsServed,
    sync_partial_ok: status.partialResyncsServed,
    sync_partial_err: status.resyncReasonsServed.filter(isFailure).reduce((sum, { count }) => sum + count, 0),
    expired_keys: status.expiredKeys - counts.keys.expiredBefore,
    evicted_keys: 0,
    evicted_clients: 0,
    keyspace_hits: counts.keys.hits,
    keyspace_misses: counts.keys.misses,
    pubsub_channels: topics.channels.size,
    pubsub_patterns: topics.patterns.size,
    pubsubshard_channels: topics.shardChannels.size,
    latest_fork_usec: 0,
    total_forks: 0,
    migrate_cached_sockets: 0,
    slave_expires_tracked_keys: 0,
    tracking_total_keys: 0,
    tracking_total_items: 0,
    tracking_total_prefixes: 0,
    unexpected_error_replies: 0,
    total_error_replies: errors,
  };
}

export function commandStats({ counts }: InfoFacts): Fields {
  return Object.fromEntries(
    counts.calls.named.map(([name, { calls, microseconds, rejected, failed }]) => [
      `cmdstat_${name}`,
      `calls=${calls},usec=${Math.round(microseconds)},usec_per_call=${(calls && microseconds / calls).toFixed(2)},rejected_calls=${rejected},failed_calls=${failed}`,
    ]),
  );
}

export function errorStats({ counts }: InfoFacts): Fields {
  return Object.fromEntries([...counts.errors].map(([word, count]) => [`errorstat_${word}`, `count=${count}`]));
}

function isFailure({ kind, reason }: StatusReasonCount): boolean {
  return kind === 'refused' || (kind === 'full' && reason !== 'EMPTY_FOLLOWER' && reason !== 'REQUESTED');
}
