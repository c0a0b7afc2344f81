/** All questions, in the order in which `all` asks them. */
import type { Question } from '../question.js';
import { backup } from './backup.js';
import { catchUp } from './catch-up.js';
import { cpu } from './cpu.js';
import { failover } from './failover.js';
import { firstImport } from './first-import.js';
import { fullResync } from './full-resync.js';
import { importKeys } from './import.js';
import { lag } from './lag.js';
import { latency } from './latency.js';
import { massDelete } from './mass-delete.js';
import { redis } from './redis.js';
import { restart } from './restart.js';
import { slowFollower } from './slow-follower.js';
import { write } from './write.js';

export const QUESTIONS: readonly Question[] = [
  write,
  lag,
  fullResync,
  catchUp,
  restart,
  cpu,
  redis,
  importKeys,
  failover,
  backup,
  latency,
  massDelete,
  slowFollower,
  firstImport,
];
