/** Metrics of the log, the commit path, the checkpoints and the databases. */
import type { DatabaseFigures, LevelFigures } from '../../disk/leveldb/figures.js';
import type { MetricFacts } from '../facts.js';
import {
  counter,
  counters,
  gauge,
  gauges,
  histogram,
  type Labelled,
  type MetricRow,
  orInfinite,
  secondsOf,
} from './row.js';

const LEVEL = ['database', 'level'];

export const LOG_ROWS: readonly MetricRow[] = [
  gauge('headwater_log_end_offset', 'offset of the last command', ({ status }) => status.offset),
  gauge('headwater_log_first_offset', 'first offset that the log still holds', ({ status }) => status.firstOffset),
  gauge('headwater_log_durable_offset', 'offset up to which the data survive a power cut', ({ status }) => {
    return status.durableOffset;
  }),
  gauge('headwater_log_size_bytes', 'size of the log', ({ status }) => status.logBytes),
  gauge('headwater_log_retention_bytes', 'size that the log is trimmed to, 0 without a bound', ({ status }) => {
    return status.logRetentionBytes;
  }),
  gauge('headwater_log_last_block_timestamp_seconds', 'time of the last block', ({ store }) => store.endTimeMs / 1_000),
  gauge(
    'headwater_log_append_bytes_per_second',
    'rate of appends over the last minute',
    ({ status }) => status.appendBytesPerSecond,
  ),
  gauge(
    'headwater_log_headroom_bytes',
    'bytes until a follower that goes away now would need a full resync',
    ({ headroom }) => orInfinite(headroom.leftBytes),
  ),
  gauge(
    'headwater_log_headroom_seconds',
    'time until a follower that goes away now would need a full resync, at the present rate',
    ({ headroom }) => orInfinite(secondsOf(headroom.ms)),
  ),
  histogram('headwater_block_size_bytes', 'sizes of committed blocks', ({ store }) => store.commits.blockBytes),
  histogram('headwater_block_commands', 'commands in committed blocks', ({ store }) => store.commits.blockCommands),
  histogram('headwater_commit_duration_seconds', 'time to append and apply blocks', ({ store }) => {
    return store.commits.commitSeconds;
  }),
  histogram('headwater_fsync_duration_seconds', 'time to sync the log', ({ store }) => store.commits.syncSeconds),
  gauge('headwater_write_queue_bytes', 'operations that wait for the writer', ({ store }) => store.queuedBytes),
  gauge('headwater_write_wait_seconds', 'time that the present block has waited for the disk', ({ status }) => {
    return secondsOf(status.writeWaitMs);
  }),
  gauge('headwater_write_wait_max_seconds', 'longest wait of a block for the disk', ({ status }) => {
    return secondsOf(status.writeWaitMaxMs);
  }),
  gauge('headwater_overlay_bytes', 'recent writes in memory that no checkpoint has written out', ({ store }) => {
    return store.overlayBytes;
  }),
  gauge('headwater_overlay_frozen_layers', 'parts of the overlay that wait for a checkpoint', ({ store }) => {
    return store.frozenLayers;
  }),
  histogram('headwater_checkpoint_duration_seconds', 'time to write out a part of the overlay', ({ store }) => {
    return store.commits.checkpointSeconds;
  }),
  gauge('headwater_checkpoint_running', '1 while a checkpoint is written', ({ store }) => store.checkpoints?.isRunning),
  gauge('headwater_checkpoint_offset', 'offset of the last checkpoint', ({ status }) => status.checkpointOffset),
  gauge(
    'headwater_checkpoint_last_timestamp_seconds',
    'time of the last checkpoint, or of the start before the first',
    ({ store }) => secondsOf(store.checkpoints?.lastMs),
  ),
  gauges(
    'headwater_leveldb_files',
    'table files',
    LEVEL,
    levels(({ files }) => files),
  ),
  gauges(
    'headwater_leveldb_size_bytes',
    'size of the table files',
    LEVEL,
    levels(({ bytes }) => bytes),
  ),
  counters(
    'headwater_leveldb_compaction_seconds_total',
    'time of compactions into the level',
    LEVEL,
    levels(({ compactionSeconds }) => compactionSeconds),
  ),
  counters(
    'headwater_leveldb_compaction_read_bytes_total',
    'bytes that compactions into the level have read',
    LEVEL,
    levels(({ compactionReadBytes }) => compactionReadBytes),
  ),
  counters(
    'headwater_leveldb_compaction_written_bytes_total',
    'bytes that compactions into the level have written',
    LEVEL,
    levels(({ compactionWrittenBytes }) => compactionWrittenBytes),
  ),
  gauge(
    'headwater_archive_offset',
    'offset up to which the archive has the log',
    ({ status }) => status.archive?.offset,
  ),
  gauge(
    'headwater_archive_age_seconds',
    'age of the oldest write that the archive lacks, 0 if it lacks none',
    ({ status, archiveLackingSinceMs, nowMs }) => {
      if (!status.archive) return undefined;
      return archiveLackingSinceMs === undefined ? 0 : Math.max(0, nowMs - archiveLackingSinceMs) / 1_000;
    },
  ),
  gauge(
    'headwater_backup_age_seconds',
    'age of the newest backup that lies beside the archive',
    ({ status }) => status.archive?.backupAgeSeconds,
  ),
  gauge('headwater_archive_failing', '1 while nothing can be archived', ({ status }) => {
    return status.archive && status.archive.error !== '';
  }),
  counter(
    'headwater_archive_missed_commands_total',
    'commands that were trimmed before they were archived',
    ({ status }) => {
      return status.archive?.missed;
    },
  ),
  gauge('headwater_backups_running', 'backups that are being read from this node', ({ backups }) => backups.running),
  counter(
    'headwater_backups_completed_total',
    'backups that were read to their end',
    ({ backups }) => backups.completed,
  ),
  gauge(
    'headwater_backup_last_completion_timestamp_seconds',
    'time at which a backup from this node was last complete, 0 before the first since the start',
    ({ backups }) => backups.completedMs / 1_000,
  ),
];

function levels(figure: (level: LevelFigures) => number) {
  return ({ store }: MetricFacts): Array<Labelled<number>> =>
    store.databases.flatMap(({ name, levels }: DatabaseFigures) =>
      levels.map((level): Labelled<number> => [[name, level.level], figure(level)]),
    );
}
