/**
 * The table of all events of a run. A new kind of event is a function in a file of
 * this folder, and a row here; it shifts all draws behind it, and so every run.
 */
import { BUSY_UPSTREAM } from './busy-upstream.js';
import {
  burst,
  compare,
  publish,
  publishLive,
  publishOverBrokenLink,
  readAfterComingBack,
  readByToken,
  readOn,
  readWithin,
  write,
  writeAtFollower,
  writeAtStaleLeader,
  writeSafely,
} from './client-events.js';
import { checkpoint, forge, forget, inspect, trim } from './disk-events.js';
import type { Event } from './event.js';
import { HANDOVERS } from './handovers.js';
import { INTERRUPTED_RESYNC } from './interrupted-resyncs.js';
import { KEY_READS } from './key-reads.js';
import { LOST_FILES } from './lost-files.js';
import { LOST_WRITES } from './lost-writes.js';
import { MASS_DELETE } from './mass-deletes.js';
import { cut, hold, release } from './network-events.js';
import { crash, jumpWall, powerCut, start, stop } from './process-events.js';
import { failOver, follow, promote } from './role-events.js';
import { SLOW_LINES } from './slow-lines.js';
import { SESSION_READS, UNKNOWN_HISTORY } from './waiting-reads.js';

export const EVENTS: readonly Event[] = [
  { name: 'write', weight: 40, run: write },
  { name: 'burst of writes', weight: 8, run: burst },
  { name: 'write at a stale leader', weight: 8, run: writeAtStaleLeader },
  { name: 'write at a follower', weight: 2, run: writeAtFollower },
  { name: 'write that is to be safe', weight: 8, run: writeSafely },
  { name: 'durable publish', weight: 5, run: publish },
  { name: 'live publish', weight: 4, run: publishLive },
  { name: 'live publishes over a link that breaks', weight: 5, run: publishOverBrokenLink },
  { name: 'watch', weight: 6, run: (simulation) => readOn(simulation, 'watch') },
  { name: 'subscribe', weight: 6, run: (simulation) => readOn(simulation, 'subscribe') },
  MASS_DELETE,
  KEY_READS,
  { name: 'read by token', weight: 5, run: readByToken },
  { name: 'read within a bound', weight: 4, run: readWithin },
  { name: 'read right after coming back', weight: 3, run: readAfterComingBack },
  SESSION_READS,
  UNKNOWN_HISTORY,
  { name: 'compare', weight: 3, run: compare },
  { name: 'cut', weight: 5, run: cut },
  { name: 'hold', weight: 5, run: hold },
  { name: 'release', weight: 7, run: release },
  { name: 'stop', weight: 3, run: stop },
  { name: 'crash', weight: 4, run: crash },
  { name: 'power cut', weight: 3, run: powerCut },
  { name: 'start', weight: 16, run: start },
  { name: 'promote', weight: 5, run: promote },
  { name: 'fail over', weight: 5, run: failOver },
  { name: 'follow', weight: 10, run: follow },
  { name: 'trim', weight: 4, run: trim },
  { name: 'forget', weight: 2, run: forget },
  { name: 'checkpoint', weight: 4, run: checkpoint },
  { name: 'inspect', weight: 4, run: inspect },
  { name: 'wall clock jump', weight: 2, run: jumpWall },
  LOST_FILES,
  { name: 'forged block', weight: 2, run: forge },
  ...SLOW_LINES,
  ...HANDOVERS,
  ...LOST_WRITES,
  BUSY_UPSTREAM,
  INTERRUPTED_RESYNC,
];
