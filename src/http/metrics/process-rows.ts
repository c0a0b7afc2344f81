/** Metrics of the process, under the names that clients of Prometheus share. */
import process from 'node:process';
import { counter, gauge, gauges, histogram, type MetricRow } from './row.js';

const MICROSECONDS = 1e6;

export const PROCESS_ROWS: readonly MetricRow[] = [
  counter(
    'process_cpu_user_seconds_total',
    'processor time of the program',
    ({ process: { cpu } }) => cpu.user / MICROSECONDS,
  ),
  counter('process_cpu_system_seconds_total', 'processor time of the system for it', ({ process: { cpu } }) => {
    return cpu.system / MICROSECONDS;
  }),
  counter('process_cpu_seconds_total', 'processor time of both', ({ process: { cpu } }) => {
    return (cpu.user + cpu.system) / MICROSECONDS;
  }),
  gauge('process_start_time_seconds', 'time at which the process started', (facts) => facts.process.startedS),
  gauge('process_resident_memory_bytes', 'resident memory', ({ process: { memory } }) => memory.rss),
  gauge('process_open_fds', 'open file descriptors', (facts) => facts.process.descriptors),
  gauge('process_max_fds', 'limit of open file descriptors', (facts) => facts.process.descriptorsMax),
  gauge('nodejs_heap_size_total_bytes', 'heap that V8 has reserved', ({ process: { memory } }) => memory.heapTotal),
  gauge('nodejs_heap_size_used_bytes', 'heap that is in use', ({ process: { memory } }) => memory.heapUsed),
  gauge('nodejs_external_memory_bytes', 'memory of buffers and add-ons', ({ process: { memory } }) => memory.external),
  gauges('nodejs_version_info', '1, with the version of Node.js as label', ['version'], () => [[[process.version], 1]]),
  histogram('headwater_event_loop_delay_seconds', 'delays of the event loop', (facts) => facts.eventLoopSeconds),
];
