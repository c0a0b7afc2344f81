/** All questions, in the order in which `all` asks them. */
import type { Question } from '../question.js';
import { backup } from './backup.js';
import { catchUp } from './catch-up.js';
import { chain } from './chain.js';
import { cluster } from './cluster.js';
import { cpu } from './cpu.js';
import { failover } from './failover.js';
import { fanOut } from './fan-out.js';
import { firstImport } from './first-import.js';
import { fullResync } from './full-resync.js';
import { importKeys } from './import.js';
import { lag } from './lag.js';
import { large } from './large.js';
import { latency } from './latency.js';
import { levels } from './levels.js';
import { massDelete } from './mass-delete.js';
import { memory } from './memory.js';
import { micro } from './micro.js';
import { mixed } from './mixed.js';
import { read } from './read.js';
import { redis } from './redis.js';
import { restart } from './restart.js';
import { slowFollower } from './slow-follower.js';
import { sustained } from './sustained.js';
import { write } from './write.js';

export const QUESTIONS: readonly Question[] = [
  write,
  levels,
  lag,
  fullResync,
  catchUp,
  restart,
  cpu,
  read,
  fanOut,
  chain,
  mixed,
  large,
  memory,
  sustained,
  redis,
  importKeys,
  failover,
  cluster,
  backup,
  latency,
  massDelete,
  slowFollower,
  firstImport,
  micro,
];
