/** The sections of INFO about the process: the server, its clients, its memory and its processor time. */
import os from 'node:os';
import process from 'node:process';
import { parseAddress } from '../../base/address.js';
import { VERSION } from '../../version.js';
import { REDIS_VERSION } from '../redis-version.js';
import type { Fields, InfoFacts } from './facts.js';

const DAY_S = 86_400;

/** The number that stands for no bound: the greatest of 32 bits. */
const CLIENTS_UNBOUNDED = 2 ** 32 - 1;

/** Redis counts time for its least recently used keys in seconds, in 24 bits. */
const LRU_CLOCK_MAX = 2 ** 24 - 1;

export function server({ status, control, wallMs }: InfoFacts): Fields {
  const seconds = Math.floor(status.uptimeMs / 1_000);
  return {
    redis_version: REDIS_VERSION,
    headwater_version: VERSION,
    redis_git_sha1: '00000000',
    redis_git_dirty: 0,
    redis_build_id: '0',
    redis_mode: 'standalone',
    os: `${os.type()} ${os.release()} ${os.machine()}`,
    arch_bits: 64,
    monotonic_clock: 'POSIX clock_gettime',
    multiplexing_api: 'libuv',
    node_version: process.versions.node,
    process_id: process.pid,
    process_supervised: 'no',
    run_id: control.runId,
    tcp_port: parseAddress(status.address).port,
    server_time_usec: wallMs * 1_000,
    uptime_in_seconds: seconds,
    uptime_in_days: Math.floor(seconds / DAY_S),
    hz: 10,
    configured_hz: 10,
    lru_clock: Math.floor(wallMs / 1_000) & LRU_CLOCK_MAX,
    executable: process.execPath,
    config_file: '',
    io_threads_active: 0,
  };
}

/** `connected_clients` are those of the Redis protocol. */
export function clients({ status, counts, clients: { blocked } }: InfoFacts): Fields {
  return {
    connected_clients: counts.openConnections,
    cluster_connections: 0,
    maxclients: status.connections?.clientsMax ?? CLIENTS_UNBOUNDED,
    blocked_clients: blocked,
    tracking_clients: 0,
    clients_in_timeout_table: 0,
    headwater_grpc_connections: status.connections?.grpc ?? 0,
  };
}

/** Memory as V8 and the system count it. */
interface MemoryFigures {
  readonly rss: number;
  readonly used: number;
  readonly active: number;
  readonly peak: number;
}

export function memoryFigures(): MemoryFigures {
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  const peak = Math.max(process.resourceUsage().maxRSS * 1_024, rss);
  return { rss, used: heapUsed + external, active: heapTotal + external, peak };
}

/** The memory that was used when the program was loaded. */
const STARTUP_BYTES = memoryFigures().used;

/** `used_memory` is the memory of values and objects, `used_memory_rss` all that the process occupies. */
export function memory({ status }: InfoFacts): Fields {
  const { rss, used, active, peak } = memoryFigures();
  const total = os.totalmem();
  return {
    used_memory: used,
    used_memory_human: humanBytes(used),
    used_memory_rss: rss,
    used_memory_rss_human: humanBytes(rss),
    used_memory_peak: peak,
    used_memory_peak_human: humanBytes(peak),
    used_memory_peak_perc: percent(used / peak),
    used_memory_startup: STARTUP_BYTES,
    allocator_allocated: used,
    allocator_active: active,
    allocator_resident: rss,
    total_system_memory: total,
    total_system_memory_human: humanBytes(total),
    used_memory_lua: 0,
    used_memory_lua_human: '0B',
    used_memory_scripts: 0,
    used_memory_scripts_human: '0B',
    number_of_cached_scripts: 0,
    number_of_functions: 0,
    number_of_libraries: 0,
    maxmemory: 0,
    maxmemory_human: '0B',
    maxmemory_policy: 'noeviction',
    mem_fragmentation_ratio: (rss / used).toFixed(2),
    mem_fragmentation_bytes: rss - used,
    mem_not_counted_for_evict: 0,
    mem_replication_backlog: 0,
    mem_clients_slaves: 0,
    mem_aof_buffer: 0,
    mem_allocator: 'v8',
    active_defrag_running: 0,
    lazyfree_pending_objects: 0,
    lazyfreed_objects: 0,
    headwater_log_bytes: status.logBytes,
  };
}

export function cpu(): Fields {
  const { user, system } = process.cpuUsage();
  return {
    used_cpu_sys: seconds(system),
    used_cpu_user: seconds(user),
    used_cpu_sys_children: '0.000000',
    used_cpu_user_children: '0.000000',
  };
}

function seconds(microseconds: number): string {
  return (microseconds / 1e6).toFixed(6);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}

const UNITS = ['K', 'M', 'G', 'T', 'P'];

/** A size as Redis writes it: 512B, 1.50K. */
function humanBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes}B`;
  const power = Math.min(UNITS.length, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1_024 ** power).toFixed(2)}${UNITS[power - 1]}`;
}
