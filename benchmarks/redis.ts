/**
 * How fast is the Redis protocol? redis-benchmark loads a Headwater leader with a follower, and a Redis master with a
 * replica and its AOF every second: SET and GET of 100 B over 100,000 keys. In one run, in turn, on the same machine.
 * All processes of both systems are up during all rounds, and redis-benchmark is the one client.
 */
import { spawn } from 'node:child_process';
import { Redis } from 'ioredis';
import { redisVersion, type Server, Servers } from './processes.js';
import { printMachine, printTable, ratios, spread } from './report.js';
import { eventually } from './waiting.js';

const KEYS = 100_000;
const VALUE_BYTES = 100;
const TESTS = ['SET', 'GET'] as const;

/** The write that comes through is the check. */
const NOT_CHECKED = { enableReadyCheck: false };

export interface RedisOptions {
  rounds: number;
  /** Commands a round for each that is in the pipeline of a connection. */
  commands: number;
  connections: number[];
  pipeline: number[];
}

interface System {
  readonly name: string;
  readonly port: number;
}

/** Commands a second, by test. */
type Rates = Readonly<Record<(typeof TESTS)[number], number>>;

export async function redis(options: RedisOptions): Promise<void> {
  printMachine();
  const version = redisVersion();
  if (!version) {
    console.log('redis-server and redis-benchmark are not installed: nothing is measured');
    return;
  }
  console.log(`peer: Redis ${version}`);
  await using servers = new Servers();
  const systems = [await headwaterSystem(servers), await redisSystem(servers)];
  const rows: string[][] = [];
  for (const connections of options.connections) {
    for (const pipeline of options.pipeline) rows.push(...(await compare(systems, { connections, pipeline }, options)));
  }
  const head = ['connections', 'pipeline', 'command', 'Headwater, commands/s', 'Redis, commands/s', 'ratio to Redis'];
  printTable(
    `redis-benchmark, ${VALUE_BYTES} B over ${KEYS} keys, fsync everysec, 1 follower, ${options.rounds} rounds`,
    head,
    rows,
  );
}

interface Load {
  readonly connections: number;
  readonly pipeline: number;
}

async function compare(systems: readonly System[], load: Load, options: RedisOptions): Promise<string[][]> {
  const rates: Rates[][] = systems.map(() => []);
  // One round each that does not count: code gets compiled.
  for (let round = -1; round < options.rounds; round++) {
    for (const [i, { port }] of systems.entries()) {
      const result = await measure(port, load, options.commands * Math.min(load.pipeline, 50));
      if (round >= 0) (rates[i] as Rates[]).push(result);
    }
  }
  return TESTS.map((test) => {
    const [ours = [], theirs = []] = rates.map((of) => of.map((rate) => rate[test]));
    const { connections, pipeline } = load;
    return [`${connections}`, `${pipeline}`, test, spread(ours), spread(theirs), spread(ratios(ours, theirs), 2)];
  });
}

async function measure(port: number, { connections, pipeline }: Load, commands: number): Promise<Rates> {
  const counts = ['-n', commands, '-c', connections, '-P', pipeline, '-d', VALUE_BYTES, '-r', KEYS].map(String);
  const child = spawn('redis-benchmark', ['-p', String(port), '-t', TESTS.join(','), ...counts, '--csv'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await new Promise((resolve) => child.once('close', resolve));
  const rateOf = (test: string) => {
    const rate = new RegExp(`^"${test}","([0-9.]+)"`, 'm').exec(text)?.[1];
    if (rate === undefined) throw new Error(`redis-benchmark: expected a line for ${test}, received:\n${text}`);
    return Number(rate);
  };
  return { SET: rateOf('SET'), GET: rateOf('GET') };
}

async function headwaterSystem(servers: Servers): Promise<System> {
  const leader = await servers.headwater('leader');
  const follower = await servers.headwater('follower', ['--follow', `127.0.0.1:${leader.port}`]);
  await untilReplicated(leader, follower);
  return { name: 'Headwater', port: leader.port };
}

async function redisSystem(servers: Servers): Promise<System> {
  const aof = ['--appendonly', 'yes', '--appendfsync', 'everysec'];
  const master = await servers.redis('redis-master', aof);
  const replica = await servers.redis('redis-replica', [...aof, '--replicaof', `127.0.0.1 ${master.port}`]);
  await untilReplicated(master, replica);
  return { name: 'Redis', port: master.port };
}

async function untilReplicated(leader: Server, follower: Server): Promise<void> {
  const [from, to] = [new Redis(leader.port, NOT_CHECKED), new Redis(follower.port, NOT_CHECKED)];
  await from.set('replicated', '1');
  await eventually('the follower to have the write', async () => (await to.get('replicated')) === '1');
  from.disconnect();
  to.disconnect();
}
