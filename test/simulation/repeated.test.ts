/**
 * A seed repeats a run exactly, whatever else its process has done and does: real
 * time, real input and output, garbage, and what earlier tests left behind. So
 * nothing in a run may wait for any of these.
 */
import assert from 'node:assert/strict';
import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openLevel } from '../../src/disk/level.js';
import { lockForWriting } from '../../src/store/lock.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { EVENTS } from './events/events.js';
import { run } from './run.js';
import { Seeds } from './seeds.js';
import { Simulation } from './simulation.js';
import { TimeRun } from './time/run.js';

const SEEDS = new Seeds(5, 10);
/** Watching every promise of a run makes it slow. */
const SEEDS_WATCHED = new Seeds(2, 4);

const GARBAGE_BYTES = 64 * 1024;
const THIS_FILE = fileURLToPath(import.meta.url);

/** Begun and ended in the turn of the event loop, in the order in which the program asked for it. */
const OWN_ORDER: ReadonlySet<string> = new Set(['PROMISE', 'Microtask', 'TickObject', 'Immediate']);

/** A run, and what it has noted. */
type Traced = (seed: number) => { run(): Promise<unknown>; readonly trace: readonly string[] };

function tracedRun(seed: number): ReturnType<Traced> {
  const simulation = new Simulation(seed);
  return { run: () => run(simulation, EVENTS), trace: simulation.journal.trace };
}

const RUNS: ReadonlyArray<{ readonly name: string; readonly traced: Traced }> = [
  { name: 'a simulation', traced: tracedRun },
  { name: 'a simulation of time', traced: (seed) => new TimeRun(seed) },
];

afterEach(removeTemporaryDirectories);

for (const { name, traced } of RUNS)
  describe(name, function () {
    this.timeout(0);

    it('is repeated exactly by its seed, whatever else the process does', async () => {
      await SEEDS.each(async (seed) => {
        const alone = traced(seed);
        await alone.run();
        const disturbed = traced(seed);
        await disturbing(() => disturbed.run());
        assert.equal(firstDifference(alone.trace, disturbed.trace), undefined, `seed ${seed}`);
      });
    });

    it('asks for nothing real', async () => {
      await SEEDS_WATCHED.each(async (seed) => {
        const asked = await disturbing(() => realThings(() => traced(seed).run()));
        assert.deepEqual(asked, [], `seed ${seed}`);
      });
    });
  });

/** Where two traces part, with the lines before it; undefined if they are equal. */
function firstDifference(one: readonly string[], other: readonly string[]): string | undefined {
  const length = Math.max(one.length, other.length);
  const at = Array.from({ length }, (_, i) => i).find((i) => one[i] !== other[i]);
  if (at === undefined) return undefined;
  return [...one.slice(Math.max(0, at - 5), at), `alone: ${one[at]}`, `disturbed: ${other[at]}`].join('\n');
}

/** Meanwhile a real data directory is locked, files are read, timers run out, and garbage is made. */
async function disturbing<T>(work: () => Promise<T>): Promise<T> {
  const lock = await lockForWriting(path.join(await temporaryDirectory(), 'lock'), openLevel);
  let isOver = false;
  const read = async () => {
    while (!isOver) {
      await readFile(THIS_FILE);
      // Reads without a pause would take as much of the machine as the run.
      await pause(1);
    }
  };
  const garbage: Buffer[] = [];
  const timer = setInterval(() => {
    garbage.push(Buffer.alloc(GARBAGE_BYTES));
    if (garbage.length > 100) garbage.length = 0;
  });
  const reading = read();
  try {
    return await work();
  } finally {
    isOver = true;
    clearInterval(timer);
    await reading;
    await lock.close();
  }
}

/** @returns where `work` has asked for something whose time or value the machine decides. */
async function realThings(work: () => Promise<unknown>): Promise<string[]> {
  const asked = new Set<string>();
  const inside = new AsyncLocalStorage<true>();
  const note = (what: string) => {
    if (inside.getStore()) asked.add(`${what}${new Error().stack?.split('\n').slice(3).join('\n')}`);
  };
  const hook = createHook({ init: (_, type) => (OWN_ORDER.has(type) ? undefined : note(type)) });
  const undo = [noting(performance, 'now', note), noting(Date, 'now', note), noting(Math, 'random', note)];
  hook.enable();
  try {
    await inside.run(true, work);
  } finally {
    hook.disable();
    for (const one of undo) one();
  }
  return [...asked];
}

function noting<K extends string>(object: Record<K, () => number>, name: K, note: (what: string) => void): () => void {
  const own = object[name];
  object[name] = function (this: unknown) {
    note(name);
    return own.call(this);
  };
  return () => {
    object[name] = own;
  };
}
