/** The benchmarks by name: `npm run bench -- NAME [options]`. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { backup } from './backup.js';
import { failover } from './failover.js';
import { firstImport } from './first-import.js';
import { importKeys } from './import.js';
import { lag } from './lag.js';
import { latency } from './latency.js';
import { massDelete } from './mass-delete.js';
import { redis } from './redis.js';
import { restart } from './restart.js';
import { slowFollower } from './slow-follower.js';
import { write } from './write.js';

const program = new Command('bench').description('Headwater measured, beside Redis where it is installed');

program
  .command('write')
  .description('acknowledged SETs a second with a follower attached')
  .addOption(count('rounds', 'rounds that count', 5))
  .addOption(count('commands', 'commands a round', 300_000))
  .addOption(
    new Option('--in-flight <list>', 'commands in flight').argParser(parseCounts).default([50, 1000], '50,1000'),
  )
  .action(write);

program
  .command('redis')
  .description('SETs and GETs of redis-benchmark a second, at Headwater and at Redis')
  .addOption(count('rounds', 'rounds that count', 5))
  .addOption(count('commands', 'commands a round for each that is in the pipeline of a connection', 60_000))
  .addOption(new Option('--connections <list>', 'connections').argParser(parseCounts).default([1, 50], '1,50'))
  .addOption(
    new Option('--pipeline <list>', 'commands in the pipeline of a connection')
      .argParser(parseCounts)
      .default([1, 16, 100], '1,16,100'),
  )
  .action(redis);

program
  .command('lag')
  .description('how late a follower shows a write, and how long a write takes that waits for a follower')
  .addOption(new Option('--rates <list>', 'writes a second').argParser(parseCounts).default([1_000], '1000'))
  .addOption(count('seconds', 'of a round', 3))
  .addOption(count('rounds', 'rounds that count', 5))
  .action(lag);

program
  .command('restart')
  .description('milliseconds until a killed node serves again')
  .addOption(count('keys', 'keys in it', 1_000_000))
  .addOption(count('rounds', 'kills', 5))
  .action(restart);

program
  .command('import')
  .description('memory and event-loop delay of a leader under a large import')
  .addOption(count('keys', 'keys to import', 2_000_000))
  .addOption(count('rounds', 'fresh nodes', 3))
  .action(importKeys);

program
  .command('backup')
  .description('MB/s and memory of a backup to a file, and of a restore from it')
  .addOption(count('keys', 'keys in it', 5_000_000))
  .addOption(count('rounds', 'of both', 3))
  .action(backup);

program
  .command('latency')
  .description('how long writes take while a backup is made, and while the log is trimmed')
  .addOption(count('keys', 'keys in the node that is backed up', 5_000_000))
  .addOption(count('rate', 'writes a second', 5_000))
  .addOption(count('seconds', 'of a phase', 15))
  .addOption(count('rounds', 'pairs of phases', 5))
  .addOption(new Option('--only <what>', 'one of the two').choices(['backup', 'trim']))
  .action(latency);

program
  .command('mass-delete')
  .description('how long single writes wait while all keys are deleted and loaded again')
  .addOption(count('keys', 'keys that are loaded and deleted', 1_000_000))
  .addOption(count('rounds', 'times that they are deleted and loaded again', 2))
  .action(massDelete);

program
  .command('slow-follower')
  .description('memory of a leader while a follower of it stands still under full load')
  .addOption(count('seconds', 'for which it stands still', 30))
  .addOption(count('rounds', 'fresh nodes', 1))
  .action(slowFollower);

program
  .command('failover')
  .description('how long writes wait while the leadership moves')
  .addOption(count('rate', 'writes a second', 10_000))
  .addOption(count('rounds', 'failovers', 20))
  .action(failover);

program
  .command('first-import')
  .description('milliseconds until a fresh process has imported the client, beside ioredis')
  .addOption(count('rounds', 'processes for each', 15))
  .action(firstImport);

await program.parseAsync();

function count(name: string, description: string, preset: number): Option {
  return new Option(`--${name} <n>`, description).argParser(parseCount).default(preset);
}

function parseCounts(text: string): number[] {
  return text.split(',').map(parseCount);
}

function parseCount(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError(`Expected a whole number above 0, received ${JSON.stringify(text)}.`);
}
