/**
 * How fast is the Redis protocol? redis-benchmark loads a Headwater leader with a follower, and a Redis master with a
 * replica and its AOF every second: SET and GET of 100 B over 100,000 keys. In one run, in turn, on the same machine.
 * All processes of both systems are up during all rounds, and redis-benchmark is the one client. A third server shows
 * the floor: what a program of Node reaches that only answers.
 */
import { redisVersion, type Server, Servers, start } from './processes.js';
import { printMachine, printTable, ratios, spread } from './report.js';
import { inTurn } from './rounds.js';

const KEYS = 100_000;
const VALUE_BYTES = 100;
const TESTS = ['SET', 'GET'] as const;

export interface RedisOptions {
  rounds: number;
  /** Commands a round for each that is in the pipeline of a connection. */
  commands: number;
  connections: number[];
  pipeline: number[];
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
  const [ours, theirs] = [await servers.headwaterPair(), await servers.redisPair()];
  const compared = [ours.leader, theirs.leader, await servers.socketFloor(VALUE_BYTES)];
  const rows: string[][] = [];
  for (const connections of options.connections) {
    for (const pipeline of options.pipeline)
      rows.push(...(await compare(compared, { connections, pipeline }, options)));
  }
  const head = [
    'connections',
    'pipeline',
    'command',
    'Headwater, commands/s',
    'Redis, commands/s',
    'ratio to Redis',
    'a server of Node that only answers, to Redis',
  ];
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

async function compare(compared: readonly Server[], load: Load, options: RedisOptions): Promise<string[][]> {
  const commands = options.commands * Math.min(load.pipeline, 10);
  const rates = await inTurn(compared, options.rounds, ({ port }) => measure(port, load, commands));
  return TESTS.map((test) => {
    const [ours = [], theirs = [], floor = []] = rates.map((of) => of.map((rate) => rate[test]));
    const { connections, pipeline } = load;
    const ratio = spread(ratios(ours, theirs), 2);
    // The whole table takes minutes.
    process.stderr.write(`${connections} connections, pipeline ${pipeline}, ${test}: ${ratio} of Redis\n`);
    return [
      `${connections}`,
      `${pipeline}`,
      test,
      spread(ours),
      spread(theirs),
      ratio,
      spread(ratios(floor, theirs), 2),
    ];
  });
}

async function measure(port: number, { connections, pipeline }: Load, commands: number): Promise<Rates> {
  const counts = ['-n', commands, '-c', connections, '-P', pipeline, '-d', VALUE_BYTES, '-r', KEYS].map(String);
  const { output } = start('redis-benchmark', ['-p', String(port), '-t', TESTS.join(','), ...counts, '--csv']);
  const text = await output;
  const rateOf = (test: string) => {
    const rate = new RegExp(`^"${test}","([0-9.]+)"`, 'm').exec(text)?.[1];
    if (rate === undefined) throw new Error(`redis-benchmark: expected a line for ${test}, received:\n${text}`);
    return Number(rate);
  };
  return { SET: rateOf('SET'), GET: rateOf('GET') };
}
