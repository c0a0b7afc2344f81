/** The section of INFO about what Redis does not have. `headwater status` explains the same names. */
import type { Fields, InfoFacts } from './facts.js';

export function headwater({ status }: InfoFacts): Fields {
  const { upstream, leader, headroom } = status;
  return {
    headwater_node_id: status.nodeId,
    headwater_cluster_id: status.clusterId,
    headwater_address: status.address,
    headwater_epoch: status.lineage.at(-1)?.epoch ?? 0,
    headwater_store_state: status.storeState,
    headwater_unavailable: plain(status.unavailable),
    headwater_first_offset: status.firstOffset,
    headwater_checkpoint_offset: status.checkpointOffset,
    headwater_durable_offset: status.durableOffset,
    headwater_keys_at_checkpoint: status.keysAtCheckpoint,
    headwater_fsync: status.fsync,
    headwater_leader: leader?.address ?? '',
    headwater_upstream_state: upstream?.state ?? '',
    headwater_upstream_error: plain(upstream?.error ?? ''),
    headwater_upstream_lag_commands: upstream?.lagCommands ?? -1,
    headwater_upstream_lag_ms: upstream?.lagMs ?? -1,
    headwater_full_resyncs: status.fullResyncs,
    headwater_partial_resyncs: status.partialResyncs,
    headwater_superseded: plain(status.superseded),
    headwater_lost_writes: status.lostWrites,
    headwater_lost_writes_files: status.lostWritesFiles.length,
    headwater_followers_within_lag: status.followersWithinLag,
    headwater_headroom_left_bytes: headroom?.leftBytes ?? -1,
    headwater_disk_free_bytes: status.diskFreeBytes ?? -1,
    headwater_disk_full: plain(status.diskFull),
    headwater_write_wait: plain(status.writeWait),
    headwater_damage: plain(status.damage),
    headwater_clock_ahead_ms: status.clockAheadMs,
    headwater_expiry_late_ms: status.expiryLateMs,
    headwater_event_loop_delay_p99_ms: status.eventLoopDelayP99Ms.toFixed(3),
    headwater_published_messages: status.publishedMessages,
    headwater_missed_messages: status.missedMessages,
  };
}

/** A text in one line. Clients take a comma with an equals sign behind it for a list of fields. */
function plain(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('=', ' ');
}
