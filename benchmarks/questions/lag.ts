/**
 * From the call of the writer to the event that a reader at the follower gets, at steady rates; and how long a single
 * write takes whose client waits until a follower has it. The reader at Redis's replica gets keyspace events, and the
 * writer calls WAIT.
 */
import { Redis } from 'ioredis';
import { loopback } from '../measure/floors.js';
import { drive, pause } from '../measure/loads.js';
import { inTurn } from '../measure/rounds.js';
import { median, percentile } from '../measure/statistics.js';
import { clientOf } from '../peers/headwater.js';
import { type Group, Servers } from '../peers/processes.js';
import { storeNames } from '../peers/store.js';
import { count, counts, question, type Run } from '../question.js';
import { type Floor, rowsOf } from '../report/report.js';

const VALUE = 'x'.repeat(100);
/** Keys are written again and again, so that nothing grows. */
const KEYS = 200_000;
const TICK_SECONDS = 0.001;
const WAIT_MS = 10_000;
const IN_FLIGHT = 1_000;

/** A leader with a follower, as their user meets them. */
interface System {
  readonly name: string;
  set(key: string): Promise<unknown>;
  /** Resolves when the follower has the write too. */
  setAtFollower(key: string): Promise<unknown>;
  /** Calls `onKey` with each key that is written, as the follower shows it. */
  read(onKey: (key: string) => void): Promise<() => void>;
  close(): Promise<unknown>;
}

export const lag = question({
  name: 'lag',
  sentence: 'How late does a follower show a write, and how long does a write take that waits for one?',
  options: {
    percent: counts('of the most that each system writes a second while a reader watches', [10, 50, 90]),
    rates: counts('writes a second, the same for both systems', [1_000]),
    seconds: count('of a round', 3, 10),
    rounds: count('rounds that count', 3, 5),
  },
  async measure({ percent, rates, seconds, rounds }, run) {
    await using servers = new Servers();
    const systems = [await headwater(await servers.headwaterGroup())];
    if (storeNames(run).includes('ioredis')) systems.push(await redis(await servers.redisGroup()));
    const most = await mostOf(systems, run);
    const loads = [
      ...rates.map((rate) => ({ what: `${rate} writes a second`, rateOf: (_i: number) => rate })),
      ...percent.map((part) => ({
        what: `${part} % of the most (${most.map((rate) => Math.round((rate * part) / 100)).join(' and ')}/s)`,
        rateOf: (i: number) => ((most[i] as number) * part) / 100,
      })),
    ];
    for (const { what, rateOf } of loads) {
      run.progress(what);
      const lags = await inTurn([...systems.entries()], { rounds }, ([i, system]) =>
        lagsOf(system, rateOf(i), seconds),
      );
      report(`${what}, until a reader at the follower sees them`, lags, run, await loopback());
    }
    run.progress('one write at a time');
    const waits = await inTurn(systems, { rounds }, (system) => waitsOf(system, seconds));
    report('one write at a time, until a follower has it', waits, run, await loopback());
    for (const system of systems) await system.close();
  },
});

/** With a reader at the follower, since that takes its part of the machine. */
async function mostOf(systems: readonly System[], run: Run): Promise<number[]> {
  run.progress('the most that each system writes');
  const rates = await inTurn(systems, { rounds: 3 }, async (system) => {
    let seen = 0;
    const stop = await system.read(() => seen++);
    const beganMs = performance.now();
    const { count: written } = await drive({ inFlight: IN_FLIGHT, seconds: 1.5 }, (i) => system.set(`key:${i % KEYS}`));
    // The reader's end counts: what it cannot follow is no rate for a lag.
    for (let last = -1; seen < written && last !== seen; last = seen) await pause(0.1);
    const perSecond = (written / (performance.now() - beganMs)) * 1_000;
    stop();
    return perSecond;
  });
  const most = rates.map(median);
  for (const [i, { name }] of systems.entries())
    run.note(`The most of ${name} with a reader at the follower: ${Math.round(most[i] as number)} writes/s.`);
  return most;
}

async function headwater({ leader, followers }: Group): Promise<System> {
  const writer = await clientOf(leader);
  const reader = await clientOf(followers[0] as (typeof followers)[number]);
  return {
    name: 'Headwater',
    set: (key) => writer.set(key, VALUE),
    setAtFollower: (key) => writer.set(key, VALUE, { durability: { level: 'followers', followers: 1 } }),
    async read(onKey) {
      const over = new AbortController();
      const events = reader.watch({ prefix: 'key:', signal: over.signal });
      // The first item says that the node has begun to send.
      await events.next();
      void (async () => {
        for await (const event of events) if (event.kind === 'put') onKey(event.key);
      })().catch(() => {});
      return () => over.abort();
    },
    close: () => Promise.all([writer.close(), reader.close()]),
  };
}

async function redis({ leader, followers }: Group): Promise<System> {
  const writer = new Redis(leader.port, { enableAutoPipelining: true });
  const reader = new Redis(followers[0]?.port as number);
  const single = new Redis(leader.port);
  await reader.config('SET', 'notify-keyspace-events', 'E$');
  let seen = (_key: string) => {};
  reader.on('message', (_channel: string, key: string) => seen(key));
  await reader.subscribe('__keyevent@0__:set');
  return {
    name: 'Redis',
    set: (key) => writer.set(key, VALUE),
    setAtFollower: (key) => Promise.all([single.set(key, VALUE), single.wait(1, WAIT_MS)]),
    async read(onKey) {
      seen = onKey;
      return () => {
        seen = () => {};
      };
    },
    close: () => Promise.all([writer, single, reader].map((client) => client.quit())),
  };
}

/** @returns how long each write took to be seen, milliseconds. */
async function lagsOf(system: System, rate: number, seconds: number): Promise<number[]> {
  const lags: number[] = [];
  const issuedMs = new Map<string, number>();
  const stop = await system.read((key) => {
    const ms = issuedMs.get(key);
    if (ms === undefined) return;
    issuedMs.delete(key);
    lags.push(performance.now() - ms);
  });
  const beganMs = performance.now();
  const all = Math.floor(rate * seconds);
  for (let next = 0; next < all; ) {
    for (; next < all && beganMs + (next / rate) * 1_000 <= performance.now(); next++) {
      const key = `key:${next % KEYS}`;
      // A key that was not seen yet would be taken for its next write.
      if (issuedMs.has(key)) throw new Error(`${key} was not seen within ${KEYS} writes`);
      issuedMs.set(key, performance.now());
      void system.set(key);
    }
    await pause(TICK_SECONDS);
  }
  for (let ticks = 0; issuedMs.size > 0; ticks++) {
    if (ticks > WAIT_MS) throw new Error(`${issuedMs.size} of ${all} writes were not seen in ${WAIT_MS} ms`);
    await pause(TICK_SECONDS);
  }
  stop();
  return lags;
}

/** @returns how long each write took to be at the follower, milliseconds. */
async function waitsOf(system: System, seconds: number): Promise<number[]> {
  const waits: number[] = [];
  await drive({ inFlight: 1, seconds }, async (i) => {
    const beganMs = performance.now();
    await system.setAtFollower(`key:${i % KEYS}`);
    waits.push(performance.now() - beganMs);
  });
  return waits;
}

function report(what: string, [ours = [], theirs = []]: number[][][], run: Run, floor: Floor): void {
  for (const part of [0.5, 0.99, 0.999]) {
    const at = (rounds: number[][]) => rounds.map((times) => percentile(times, part));
    const peers = [{ name: 'Redis', values: at(theirs) }];
    run.add(
      rowsOf(
        { figure: `${what}: p${part * 100}`, unit: 'ms', better: 'less', floor: part === 0.5 ? floor : undefined },
        at(ours),
        peers,
      ),
    );
  }
}
