/**
 * Clocks that are wrong, and many keys that expire at once, over random runs.
 * HEADWATER_SEEDS sets another number of runs, HEADWATER_SEED repeats one.
 */
import assert from 'node:assert/strict';
import { LogicalClock } from '../../src/clock.js';
import { DueIndex } from '../../src/keyspace/due-index.js';
import { DUE_SCAN_ROWS, EXPIRY_STEP_KEYS } from '../../src/limits.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { Violation } from './history.js';
import { TimeRun } from './time.js';

const ONE = process.env.HEADWATER_SEED;
const SEEDS = ONE === undefined ? Math.min(Number(process.env.HEADWATER_SEEDS ?? 30), 1_000) : 1;
const FIRST_SEED = Number(ONE ?? 1);
const SEEDS_TO_FIND = 200;

afterEach(removeTemporaryDirectories);

interface Planted {
  readonly name: string;
  readonly found: RegExp;
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

  it(`keeps every invariant in ${SEEDS} runs`, async () => {
    const counts: Record<string, number> = {};
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      const run = new TimeRun(seed);
      await run.run();
      for (const [kind, count] of Object.entries(run.counts)) counts[kind] = (counts[kind] ?? 0) + count;
    }
    if (SEEDS < 30) return;
    for (const kind of ['many keys', 'power cut', 'start in 1970', 'start a year ahead', 'time to live refused'])
      assert((counts[kind] ?? 0) >= 5, `${kind}: ${counts[kind]} times`);
  });

  for (const { name, found, plant } of PLANTED) {
    it(`finds ${name}`, async () => {
      const undo = plant();
      try {
        assert.match((await firstViolation()) ?? 'nothing', found);
      } finally {
        undo();
      }
    });
  }
});

async function firstViolation(): Promise<string | undefined> {
  for (let seed = 1; seed <= SEEDS_TO_FIND; seed++) {
    const run = new TimeRun(seed);
    elapsed = () => run.elapsedMs;
    try {
      await run.run();
    } catch (error) {
      if (error instanceof Violation) return error.message;
      throw error;
    }
  }
  return undefined;
}
