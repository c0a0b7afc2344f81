/**
 * How many SETs a second does a Node program get acknowledged, with a follower
 * attached? 100 B values over 100,000 keys, fsync every second, against Redis
 * with its AOF every second and a replica, through ioredis with automatic
 * pipelining: in one run, in turn, on the same machine. All processes of both
 * systems are up during all rounds; this process is the one client.
 */
import { Redis } from 'ioredis';
import { Client } from '../src/client/index.js';
import { redisVersion, Servers } from './processes.js';
import { printMachine, printTable, ratios, spread } from './report.js';
import { inTurn } from './rounds.js';
import { eventually } from './waiting.js';

const KEYS = 100_000;
const VALUE = 'x'.repeat(100);

/** The wait is itself what is measured. */
const CLOSELY = { everyMs: 1 };

interface Round {
  /** Acknowledged commands a second. */
  readonly perSecond: number;
  /** From the last acknowledgement until the follower holds it. */
  readonly followerBehindMs: number;
}

interface System {
  readonly name: string;
  round(commands: number, inFlight: number): Promise<Round>;
  close(): Promise<void>;
}

export interface WriteOptions {
  rounds: number;
  commands: number;
  inFlight: number[];
}

export async function write(options: WriteOptions): Promise<void> {
  printMachine();
  await using servers = new Servers();
  const version = redisVersion();
  if (version) console.log(`peer: Redis ${version}`);
  else console.log('redis-server is not installed: Headwater alone');
  const systems = [await headwaterSystem(servers), ...(version ? [await redisSystem(servers)] : [])];
  const rows: string[][] = [];
  for (const inFlight of options.inFlight) rows.push(...(await compare(systems, inFlight, options)));
  for (const system of systems) await system.close();
  const head = ['in flight', 'system', 'acknowledged SETs/s', 'follower behind, ms', 'ratio to Redis'];
  printTable(
    `SET of 100 B over ${KEYS} keys, fsync everysec, 1 follower, ${options.rounds} rounds of ${options.commands}`,
    head,
    rows,
  );
}

async function compare(
  systems: readonly System[],
  inFlight: number,
  { rounds, commands }: WriteOptions,
): Promise<string[][]> {
  const results = await inTurn(systems, rounds, (system) => system.round(commands, inFlight));
  const rates = results.map((of) => of.map(({ perSecond }) => perSecond));
  return systems.map(({ name }, i) => [
    String(inFlight),
    name,
    spread(rates[i] as number[]),
    spread(
      (results[i] as Round[]).map(({ followerBehindMs }) => followerBehindMs),
      1,
    ),
    i === 0 && rates[1] ? `${spread(ratios(rates[0] as number[], rates[1]), 2)}` : '',
  ]);
}

/** `inFlight` loops, each asking again as soon as it is answered. */
async function drive(commands: number, inFlight: number, set: (key: string) => Promise<unknown>): Promise<number> {
  let issued = 0;
  let random = 123_456_789;
  const loop = async () => {
    while (issued < commands) {
      issued++;
      random ^= random << 13;
      random ^= random >>> 17;
      random ^= random << 5;
      await set(`key:${(random >>> 0) % KEYS}`);
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: inFlight }, loop));
  return (commands / (performance.now() - began)) * 1000;
}

async function headwaterSystem(servers: Servers): Promise<System> {
  const { leader, follower } = await servers.headwaterPair();
  const client = await Client.connect(`127.0.0.1:${leader.port}`);
  const watcher = await Client.connect(`127.0.0.1:${follower.port}`);
  return {
    name: 'Headwater',
    async round(commands, inFlight) {
      const perSecond = await drive(commands, inFlight, (key) => client.set(key, VALUE));
      const ended = performance.now();
      const { offset } = await client.status();
      await eventually('the follower to be level', async () => (await watcher.status()).offset >= offset, CLOSELY);
      return { perSecond, followerBehindMs: performance.now() - ended };
    },
    async close() {
      await client.close();
      await watcher.close();
    },
  };
}

async function redisSystem(servers: Servers): Promise<System> {
  const { leader, follower } = await servers.redisPair();
  const client = new Redis(leader.port, { enableAutoPipelining: true });
  const watcher = new Redis(follower.port);
  const offsetOf = async (node: Redis, field: string) =>
    Number(new RegExp(`${field}:(\\d+)`).exec(await node.info('replication'))?.[1]);
  return {
    name: 'Redis',
    async round(commands, inFlight) {
      const perSecond = await drive(commands, inFlight, (key) => client.set(key, VALUE));
      const ended = performance.now();
      const offset = await offsetOf(client, 'master_repl_offset');
      await eventually(
        'the replica to be level',
        async () => (await offsetOf(watcher, 'slave_repl_offset')) >= offset,
        CLOSELY,
      );
      return { perSecond, followerBehindMs: performance.now() - ended };
    },
    async close() {
      client.disconnect();
      watcher.disconnect();
    },
  };
}
