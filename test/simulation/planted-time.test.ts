/** The simulation of time finds each of these bugs. */
import assert from 'node:assert/strict';
import { LogicalClock } from '../../src/base/clock.js';
import { DUE_SCAN_ROWS, EXPIRY_STEP_KEYS } from '../../src/base/limits.js';
import { DueIndex } from '../../src/keyspace/due-index.js';
import { firstViolation } from './planted/hunt.js';
import { inFirstPart } from './seeds.js';
import { type TimeFactors, TimeRun } from './time/run.js';

interface Planted {
  readonly name: string;
  readonly found: RegExp;
  /** Events that happen more often in the runs that look for it. */
  readonly factors?: TimeFactors;
  plant(): () => void;
}

const PLANTED: readonly Planted[] = [
  {
    name: 'a clock that is read once a process',
    found: /no key goes earlier|keys go within|is right once|follows that of the machine|is taken while/,
    plant() {
      const { now } = LogicalClock.prototype;
      const first = new WeakMap<LogicalClock, { ms: number; atMs: number }>();
      LogicalClock.prototype.now = function (this: LogicalClock) {
        const known = first.get(this) ?? { ms: now.call(this), atMs: elapsed() };
        first.set(this, known);
        return Math.floor(known.ms + elapsed() - known.atMs);
      };
      return () => {
        LogicalClock.prototype.now = now;
      };
    },
  },
  {
    name: 'a follower that sweeps 200 rows each ten seconds',
    found: /a follower drops the rows of deleted keys/,
    plant() {
      const { scan } = DueIndex.prototype;
      const last = new WeakMap<DueIndex, number>();
      DueIndex.prototype.scan = async function (this: DueIndex, nowMs, limit, from) {
        if (limit !== EXPIRY_STEP_KEYS) return scan.call(this, nowMs, limit, from);
        const isTime = nowMs - (last.get(this) ?? 0) >= 10_000;
        if (isTime) last.set(this, nowMs);
        const scanned = await scan.call(this, isTime ? nowMs : 0, 200, undefined);
        return { ...scanned, next: undefined };
      };
      return () => {
        DueIndex.prototype.scan = scan;
      };
    },
  },
  {
    name: 'rows that are dropped before the deletion of their keys is durable',
    factors: { 'power cut while keys go': 10 },
    found: /expired keys are deleted/,
    plant() {
      const { scan, drop } = DueIndex.prototype;
      DueIndex.prototype.scan = async function (this: DueIndex, nowMs, limit, from) {
        const scanned = await scan.call(this, nowMs, limit, from);
        if (limit === DUE_SCAN_ROWS) await drop.call(this, scanned, scanned.rows);
        return scanned;
      };
      return () => {
        DueIndex.prototype.scan = scan;
      };
    },
  },
];

/** Set by the run that is under way: the planted clock goes on by it. */
let elapsed: () => number = () => 0;

describe('a simulation of time', function () {
  this.timeout(0);
  before(inFirstPart);

  for (const { name, found, plant, factors } of PLANTED) {
    it(`finds ${name}`, async () => {
      const undo = plant();
      try {
        const violation = await firstViolation(found, (seed) => {
          const run = new TimeRun(seed, factors);
          elapsed = () => run.elapsedMs;
          return run.run();
        });
        assert.match(violation, found);
      } finally {
        undo();
      }
    });
  }
});
