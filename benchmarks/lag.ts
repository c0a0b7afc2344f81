/**
 * How late does a follower show a write? From the call of the writer to the event that a reader at the follower gets, at
 * steady rates. And how long does a single write take whose client waits until a follower has it? Beside a Redis master
 * with a replica: the reader there gets keyspace events, and the writer calls WAIT.
 */
import { Redis } from 'ioredis';
import { Client } from '../src/client/index.js';
import { type Pair, redisVersion, Servers } from './processes.js';
import { percentile, printMachine, printTable, ratios, spread } from './report.js';
import { inTurn } from './rounds.js';

const VALUE = 'x'.repeat(100);
/** Keys are written again and again, so that nothing grows. */
const KEYS = 10_000;
const TICK_MS = 1;
const WAIT_MS = 10_000;

export interface LagOptions {
  readonly rates: number[];
  readonly seconds: number;
  readonly rounds: number;
}

/** A leader with a follower, as their user meets them. */
interface System {
  set(key: string): Promise<unknown>;
  /** Resolves when the follower has the write too. */
  setAtFollower(key: string): Promise<unknown>;
  /** Calls `onKey` with each key that is written, as the follower shows it. */
  read(onKey: (key: string) => void): Promise<() => void>;
  close(): Promise<unknown>;
}

export async function lag(options: LagOptions): Promise<void> {
  printMachine();
  await using servers = new Servers();
  const version = redisVersion();
  console.log(version ? `peer: Redis ${version}` : 'redis-server is not installed: Headwater is measured alone');
  const systems: System[] = [await headwater(await servers.headwaterPair())];
  if (version) systems.push(await redis(await servers.redisPair()));
  try {
    await compare(systems, options);
  } finally {
    for (const system of systems) await system.close();
  }
}

async function compare(systems: readonly System[], { rates, seconds, rounds }: LagOptions): Promise<void> {
  const rows: string[][] = [];
  for (const rate of rates) {
    const lags = await inTurn(systems, rounds, (system) => lagsOf(system, rate, seconds));
    rows.push(...rowsOf(`${rate} writes a second, until a reader at the follower sees them`, lags));
  }
  const waits = await inTurn(systems, rounds, (system) => waitsOf(system, seconds));
  rows.push(...rowsOf('one write at a time, until a follower has it', waits));
  printTable(
    `writes of ${VALUE.length} B, 1 follower, ${rounds} rounds of ${seconds} s`,
    ['', '', 'Headwater, ms', 'Redis, ms', 'ratio to Redis'],
    rows,
  );
}

async function headwater({ leader, follower }: Pair): Promise<System> {
  const writer = await Client.connect(`127.0.0.1:${leader.port}`);
  const reader = await Client.connect(`127.0.0.1:${follower.port}`);
  return {
    set: (key) => writer.set(key, VALUE),
    setAtFollower: (key) => writer.set(key, VALUE, { durability: { level: 'followers', followers: 1 } }),
    async read(onKey) {
      const over = new AbortController();
      const events = reader.watch({ prefix: 'key:', signal: over.signal });
      // The first item says that the node has begun to tell.
      await events.next();
      void (async () => {
        for await (const event of events) if (event.kind === 'put') onKey(event.key);
      })().catch(() => {});
      return () => over.abort();
    },
    close: () => Promise.all([writer.close(), reader.close()]),
  };
}

async function redis({ leader, follower }: Pair): Promise<System> {
  const writer = new Redis(leader.port);
  const reader = new Redis(follower.port);
  await reader.config('SET', 'notify-keyspace-events', 'E$');
  let told = (_key: string) => {};
  reader.on('message', (_channel: string, key: string) => told(key));
  await reader.subscribe('__keyevent@0__:set');
  return {
    set: (key) => writer.set(key, VALUE),
    setAtFollower: (key) => Promise.all([writer.set(key, VALUE), writer.wait(1, WAIT_MS)]),
    async read(onKey) {
      told = onKey;
      return () => {
        told = () => {};
      };
    },
    close: () => Promise.all([writer.quit(), reader.quit()]),
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
  const count = rate * seconds;
  for (let next = 0; next < count; ) {
    for (; next < count && beganMs + (next / rate) * 1_000 <= performance.now(); next++) {
      const key = `key:${next % KEYS}`;
      // A key that was not seen yet would be taken for its next write.
      if (issuedMs.has(key)) throw new Error(`${key} was not seen within ${KEYS} writes`);
      issuedMs.set(key, performance.now());
      void system.set(key);
    }
    await pause(TICK_MS);
  }
  for (let ticks = 0; issuedMs.size > 0; ticks++) {
    if (ticks * TICK_MS > WAIT_MS)
      throw new Error(`${issuedMs.size} of ${count} writes were not seen in ${WAIT_MS} ms`);
    await pause(TICK_MS);
  }
  stop();
  return lags;
}

/** @returns how long each write took to be at the follower, milliseconds. */
async function waitsOf(system: System, seconds: number): Promise<number[]> {
  const waits: number[] = [];
  const endMs = performance.now() + seconds * 1_000;
  for (let beganMs = performance.now(); beganMs < endMs; beganMs = performance.now()) {
    await system.setAtFollower(`key:${waits.length % KEYS}`);
    waits.push(performance.now() - beganMs);
  }
  return waits;
}

function rowsOf(what: string, [ours = [], theirs = []]: number[][][]): string[][] {
  return [0.5, 0.99].map((part, i) => {
    const at = (rounds: number[][]) => rounds.map((times) => percentile(times, part));
    const peer = theirs.length > 0 ? [spread(at(theirs), 2), spread(ratios(at(ours), at(theirs)), 1)] : ['', ''];
    return [i === 0 ? what : '', `p${part * 100}`, spread(at(ours), 2), ...peer];
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
