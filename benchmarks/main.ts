/** The benchmarks by name: `npm run bench -- NAME [options]`. */
import { Command } from 'commander';
import { importKeys } from './import.js';
import { restart } from './restart.js';
import { write } from './write.js';

const program = new Command('bench').description('Headwater measured, beside Redis where it is installed');

const list = (text: string) => text.split(',').map(Number);

program
  .command('write')
  .description('acknowledged SETs a second with a follower attached')
  .option('--rounds <n>', 'rounds that count', Number, 5)
  .option('--commands <n>', 'commands a round', Number, 300_000)
  .option('--in-flight <list>', 'commands in flight', list, [50, 1000])
  .action(write);

program
  .command('restart')
  .description('milliseconds until a killed node serves again')
  .option('--keys <n>', 'keys in it', Number, 1_000_000)
  .option('--rounds <n>', 'kills', Number, 5)
  .action(restart);

program
  .command('import')
  .description('memory and event-loop delay of a leader under a large import')
  .option('--keys <n>', 'keys to import', Number, 2_000_000)
  .option('--rounds <n>', 'fresh nodes', Number, 3)
  .action(importKeys);

await program.parseAsync();
