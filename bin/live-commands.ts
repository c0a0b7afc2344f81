/**
 * The commands for a look at a node that runs: `top`, `latency`, `slowlog` and `monitor`. Each loads its view when it runs.
 */
import { type Command, Option } from 'commander';
import { parseInterval, parseLimit, parseText } from './arguments.js';
import { late } from './late-action.js';

export function addLiveCommands(program: Command): void {
  program.commandsGroup('Live views:');
  program
    .command('top')
    .summary('show the whole tree of nodes, again and again, until Ctrl-C or q')
    .description(
      'show the whole tree of nodes, again and again, until Ctrl-C or q: roles, lag, rates, headroom, resyncs. Begin at any node: the command finds the leader, and asks every node below. Into a pipe, and with --json, each look is a line. --timeout limits how long a node may take to answer (default: 2s)',
    )
    .addOption(new Option('--every <TIME>', 'how often to look').argParser(parseInterval).default(1_000, '1s'))
    .option('--once', 'look once, print the table, and end')
    .action(late(({ top }) => top));
  program
    .command('latency')
    .summary('measure the time of round trips to the node, until Ctrl-C or q')
    .description(
      'measure the time of round trips to the node, by pings one after another, until Ctrl-C or q. The delay of the event loop and the wait of writes for the disk are what the node itself measures. On a terminal the figures are redrawn, into a pipe each line has the figures since the start',
    )
    .addOption(new Option('--every <TIME>', 'the time between two pings').argParser(parseInterval).default(10, '10ms'))
    .option('--for <TIME>', 'end after this time', parseInterval)
    .option(
      '--history [TIME]',
      'print a line for each window of this time, with its own figures (15s without TIME)',
      parseInterval,
    )
    .action(late(({ latency }) => latency));
  program
    .command('slowlog')
    .summary('print the commands of clients that took long, the newest first')
    .description(
      'print the commands of clients that took long at the node, over both protocols, the newest first: time, duration, client, command. Long words are cut. "config set slow-log-microseconds N" changes what is slow: 10,000 by default. Waits that the client itself asks for, such as a durability, do not count',
    )
    .addOption(new Option('--count <N>', 'print at most so many').argParser(parseLimit).default(10))
    .option('--reset', 'empty the slow log too')
    .action(late(({ slowlog }) => slowlog));
  program
    .command('monitor')
    .summary('print the commands of all clients as the node receives them, until Ctrl-C')
    .description(
      'print the commands of all clients as the node receives them, until Ctrl-C: time, client, command. Long keys and values are cut. The node never waits for a monitor: commands that the monitor is too slow for are counted',
    )
    .option('--prefix <P>', 'print only commands that name a key with this beginning', parseText)
    .action(late(({ monitor }) => monitor));
}
