/**
 * The time that each test file takes, in the processes that run the tests. A
 * root hook: mocha calls it in every one of them, and the reporter beside it
 * (slowest-files.ts) prints the sums.
 *
 * Wall time alone says little on a machine that does other things as well, so
 * that the processors' time is noted beside it: this process's, and that of the
 * nodes and commands that it started and saw end.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import type { Context } from 'mocha';

/** A file of lines of JSON; the reporter names it before the first process starts. */
export const FILE_TIMES = 'HEADWATER_FILE_TIMES';

export interface FileTime {
  readonly file: string;
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Linux counts the processors' time of other processes in these. */
const CLOCK_TICK_MS = 10;

let last = { wallMs: performance.now(), cpuMs: cpuMs() };
let file = '';

export const mochaHooks = {
  /** All since the test before belongs to this one's file: its share of loading, and `before` hooks too. */
  afterEach(this: Context): void {
    file = this.currentTest?.file ?? file;
    note();
  },
  /** The end of a file, or of the last one if all run in one process. */
  afterAll(): void {
    note();
  },
};

function note(): void {
  const now = { wallMs: performance.now(), cpuMs: cpuMs() };
  const time: FileTime = { file, wallMs: now.wallMs - last.wallMs, cpuMs: now.cpuMs - last.cpuMs };
  last = now;
  const notes = process.env[FILE_TIMES];
  if (notes && file) appendFileSync(notes, `${JSON.stringify(time)}\n`);
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000 + cpuMsOfEnded();
}

/** Of the processes that this one has started and that have ended; 0 if the system does not tell. */
function cpuMsOfEnded(): number {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    // The fields begin behind the name, which may itself hold spaces and brackets.
    const [cutime, cstime] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(13, 15);
    return (Number(cutime) + Number(cstime)) * CLOCK_TICK_MS;
  } catch {
    return 0;
  }
}
