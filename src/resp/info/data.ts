/** The sections of INFO about the data on disk and the keys. */
import type { StoreState } from '../../model/status.js';
import type { Fields, InfoFacts } from './facts.js';

/** States in which reads are refused for a while, and clients should wait. */
const LOADING: ReadonlySet<StoreState> = new Set(['opening', 'reopening', 'replacing']);

/**
 * The checkpoint stands for the RDB file, and the log for the append-only file. A change is a command of the log. Child
 * processes do not exist.
 */
export function persistence({ status, control, wallMs }: InfoFacts): Fields {
  const { storeState, unavailable, offset, checkpointOffset, durableOffset, fsync, logBytes, diskFull } = status;
  const { count = 0, lastMs = wallMs, lastTookMs, isRunning = false } = control.checkpoints ?? {};
  const isWell = unavailable === '' && diskFull === '';
  const tookSeconds = lastTookMs === undefined ? -1 : Math.round(lastTookMs / 1_000);
  return {
    loading: unavailable !== '' && LOADING.has(storeState) ? 1 : 0,
    async_loading: status.upstream?.state === 'loading' ? 1 : 0,
    current_cow_peak: 0,
    current_cow_size: 0,
    current_cow_size_age: 0,
    current_fork_perc: '0.00',
    current_save_keys_processed: 0,
    current_save_keys_total: 0,
    rdb_changes_since_last_save: Math.max(0, offset - checkpointOffset),
    rdb_bgsave_in_progress: isRunning ? 1 : 0,
    rdb_last_save_time: Math.floor(lastMs / 1_000),
    rdb_last_bgsave_status: isWell ? 'ok' : 'err',
    rdb_last_bgsave_time_sec: tookSeconds,
    rdb_current_bgsave_time_sec: isRunning ? 0 : -1,
    rdb_saves: count,
    rdb_last_cow_size: 0,
    aof_enabled: 1,
    aof_rewrite_in_progress: 0,
    aof_rewrite_scheduled: 0,
    aof_last_rewrite_time_sec: -1,
    aof_current_rewrite_time_sec: -1,
    aof_last_bgrewrite_status: 'ok',
    aof_rewrites: 0,
    aof_last_write_status: isWell ? 'ok' : 'err',
    aof_last_cow_size: 0,
    module_fork_in_progress: 0,
    module_fork_last_cow_size: 0,
    aof_current_size: logBytes,
    aof_base_size: 0,
    aof_pending_rewrite: 0,
    aof_buffer_length: 0,
    aof_pending_bio_fsync: fsync !== 'always' && durableOffset < offset ? 1 : 0,
    aof_delayed_fsync: 0,
  };
}

/**
 * The number of keys is exact while few were changed since the checkpoint. Otherwise a sample of the changed keys tells
 * about how many of them are new. DBSIZE is always exact. A node does not count the keys that expire, so both figures
 * about them are 0.
 */
export function keyspace({ keys }: InfoFacts): Fields {
  return keys > 0 ? { db0: `keys=${keys},expires=0,avg_ttl=0` } : {};
}
