/** All metrics of a node, in the order of the text. The table of README.md is made from these rows. */
import { CLIENT_ROWS } from './client-rows.js';
import { LOG_ROWS } from './log-rows.js';
import { NODE_ROWS } from './node-rows.js';
import { PROCESS_ROWS } from './process-rows.js';
import { REPLICATION_ROWS } from './replication-rows.js';
import type { MetricRow } from './row.js';

export const METRICS: readonly MetricRow[] = [
  ...NODE_ROWS,
  ...LOG_ROWS,
  ...REPLICATION_ROWS,
  ...CLIENT_ROWS,
  ...PROCESS_ROWS,
];
