/** `bench`: loads a node, and says how fast it answered and what its OK meant. The load itself is loaded when it runs. */
import { type Command, Option } from 'commander';
import { parseCount, parseInterval, parseSize } from './arguments.js';
import { withDurability } from './guarantee-options.js';
import { late } from './late-action.js';

const AFTER_HELP = `
Tests:

  ping   no data
  set    new values of keys at random
  get    the same keys, which are written first
  incr   counters at random
  mixed  gets and sets by --ratio

Each request is timed from the call to its answer. The time in the queue of the client
is included: more requests in flight mean a higher rate, and longer times.

All keys begin with bench: and a number of this run. The command deletes them at the
end, and at Ctrl-C, unless --keep is given.`;

export function addBenchCommand(program: Command): void {
  const command = program
    .command('bench')
    .summary('load a node, and print its throughput, its latencies and the durability of its answers')
    .description(
      'load a node, and print a table: requests a second, and the latencies that 50, 99 and 99.9 % of the requests did not exceed. A text below the table says how durable an answered write was. Errors are counted, and make the exit status 3',
    )
    .addOption(counted('-n, --requests <N>', 'the requests of each test', 100_000))
    .addOption(counted('-c, --clients <N>', 'the connections', 4))
    .addOption(counted('--in-flight <N>', 'the requests of each connection that wait for an answer at a time', 64))
    .addOption(new Option('-d, --value-size <SIZE>', 'the size of a value').argParser(parseSize).default(100, '100'))
    .addOption(
      new Option(
        '--keys <N>',
        'the keys that the requests choose from at random (default: 100000, or --requests if that is less)',
      ).argParser(parseCount),
    )
    .option('--tests <LIST>', 'the tests, with commas between them (default: ping,set,get,incr,mixed)')
    .option('--ratio <SETS:GETS>', 'the sets and gets of the test mixed (default: 1:10)')
    .option('--for <TIME>', 'end each test after this time, instead of --requests', parseInterval)
    .option('--keep', 'leave the keys in the store')
    .addHelpText('after', AFTER_HELP);
  withDurability(command).action(late(({ bench }) => bench));
}

function counted(flags: string, description: string, preset: number): Option {
  return new Option(flags, description).argParser(parseCount).default(preset, String(preset));
}
