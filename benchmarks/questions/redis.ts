/**
 * redis-benchmark loads a Headwater leader with a follower, and a Redis master with a replica. All processes of both
 * systems are up during all rounds. The floor is a server of Node that only answers.
 */
import { inTurn } from '../measure/rounds.js';
import { median } from '../measure/statistics.js';
import { Servers, start } from '../peers/processes.js';
import { hasProgram, missing } from '../peers/versions.js';
import { count, counts, question } from '../question.js';
import { rowsOf } from '../report/report.js';

const KEYS = 100_000;
const VALUE_BYTES = 100;
const TESTS = ['SET', 'GET'] as const;

export const redis = question({
  name: 'redis',
  sentence: 'How fast is the Redis protocol under redis-benchmark?',
  options: {
    connections: counts('connections', [1, 50]),
    pipeline: counts('commands in the pipeline of a connection', [1, 16, 100]),
    // Each test takes seconds. A shorter one is mostly the warming up of the node, and the flush of the test before it.
    commands: count('commands a round for each that is in the pipeline of a connection, up to 10', 100_000, 200_000),
    rounds: count('rounds that count', 3, 5),
  },
  async measure(options, run) {
    for (const program of ['redis-server', 'redis-benchmark'])
      if (!hasProgram(program)) return run.note(missing(program));
    await using servers = new Servers();
    const [ours, theirs] = [await servers.headwaterGroup(), await servers.redisGroup()];
    const compared = [ours.leader, theirs.leader, await servers.socketFloor(VALUE_BYTES)];
    for (const connections of options.connections) {
      for (const pipeline of options.pipeline) {
        run.progress(`${connections} connections, pipeline ${pipeline}`);
        const commands = options.commands * Math.min(pipeline, 10);
        const rates = await inTurn(compared, options, ({ port }) => measure(port, connections, pipeline, commands));
        for (const test of TESTS) {
          const [own = [], peer = [], floor = []] = rates.map((of) => of.map((rate) => rate[test]));
          const figure = {
            figure: `${test}, ${connections} connections, pipeline ${pipeline}`,
            unit: 'commands/s',
            better: 'more' as const,
            floor: { name: '/s, Node answering alone', value: median(floor) },
          };
          run.add(rowsOf(figure, own, [{ name: 'Redis', values: peer }]));
        }
      }
    }
  },
});

/** Commands a second, by test. */
type Rates = Readonly<Record<(typeof TESTS)[number], number>>;

async function measure(port: number, connections: number, pipeline: number, commands: number): Promise<Rates> {
  const flags = ['-n', commands, '-c', connections, '-P', pipeline, '-d', VALUE_BYTES, '-r', KEYS].map(String);
  const { output } = start('redis-benchmark', ['-p', String(port), '-t', TESTS.join(','), ...flags, '--csv']);
  const text = await output;
  const rateOf = (test: string) => {
    const rate = new RegExp(`^"${test}","([0-9.]+)"`, 'm').exec(text)?.[1];
    if (rate === undefined) throw new Error(`redis-benchmark: expected a line for ${test}, received:\n${text}`);
    return Number(rate);
  };
  return { SET: rateOf('SET'), GET: rateOf('GET') };
}
