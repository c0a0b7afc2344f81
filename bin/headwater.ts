/**
 * The command line: its global options, its commands (a group a file), and its end. headwater.cts starts it. Each
 * command loads the client, the node or the readers of a data directory when it runs, and bundle.mjs makes few files of
 * them all. So wrong usage costs 0.09 s, and a command to a node 0.14 s, of which Node itself takes 0.06 s
 * (test/cli/start.test.ts and test/layout.test.ts enforce it).
 */
import { Command, Option } from 'commander';
import { OPTIONS } from '../src/options.js';
import { VERSION } from '../src/version.js';
import { formatDuration, parseAddresses, parseInterval } from './arguments.js';
import { addBackupCommands } from './backup-commands.js';
import { addCheckCommands } from './check-commands.js';
import { addCompareCommand } from './compare-commands.js';
import { CALL_MS_MAX } from './connection.js';
import { addDataCommands } from './data-commands.js';
import { addIdCommands } from './id-commands.js';
import { addLiveCommands } from './live-commands.js';
import { addLogCommands } from './log-commands.js';
import { addNodeCommands } from './node-commands.js';
import { endWithReaders, report } from './output.js';
import { addServeCommand } from './serve.js';
import { addStreamCommands } from './stream-commands.js';
import { addTransferCommands } from './transfer.js';

const AFTER_HELP = `
Results go to stdout, everything else to stderr. Exit status:

  0  done
  1  no such key, or another negative answer
  2  wrong usage, or a file that cannot be opened
  3  the node refused or could not be reached, or the disk of an output is full

Put "--" before arguments that begin with "-": headwater set -- KEY -VALUE`;

function program(): Command {
  const headwater = new Command('headwater')
    .description('A persistent, log-structured, replicated key-value store.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .addOption(
      new Option('--connect <HOST:PORT,…>', 'the node to use; of several, the one that leads')
        .env('HEADWATER_CONNECT')
        .argParser(parseAddresses)
        .default([OPTIONS.listen.default], OPTIONS.listen.default),
    )
    .addOption(
      new Option(
        '--timeout <TIME>',
        `how long to wait for an answer (default: ${formatDuration(CALL_MS_MAX)}; 1h for digest)`,
      )
        .env('HEADWATER_TIMEOUT')
        .argParser(parseInterval),
    )
    .option('--json', 'print results as JSON, one object a line')
    .addHelpText('after', AFTER_HELP)
    .configureOutput({ outputError: (text, print) => print(shortened(text.replace(/^error: /, 'headwater: '))) })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help shows the usage)')
    .exitOverride();
  addServeCommand(headwater);
  addHelpCommand(headwater);
  addDataCommands(headwater);
  addStreamCommands(headwater);
  addTransferCommands(headwater);
  addBackupCommands(headwater);
  addNodeCommands(headwater);
  addLiveCommands(headwater);
  addCompareCommand(headwater);
  addLogCommands(headwater);
  addIdCommands(headwater);
  addCheckCommands(headwater);
  return headwater;
}

/** Shortens an argument that commander refuses and repeats whole: the argument may be a value of 100 KB. */
function shortened(text: string): string {
  return text.replace(/'([^']{100})[^']+'/g, "'$1…'");
}

/**
 * Adds a help command. Commander's own prints the whole help for an unknown command, without saying that it is unknown.
 */
function addHelpCommand(headwater: Command): void {
  headwater
    .command('help')
    .argument('[COMMAND...]')
    .description('print this help, or the help of a command')
    .action((names: string[]) => {
      let asked = headwater;
      for (const name of names) {
        const found = asked.commands.find((command) => command.name() === name);
        if (!found) headwater.error(`error: unknown command '${names.join(' ')}'`);
        asked = found;
      }
      asked.outputHelp();
    });
}

endWithReaders();
try {
  await program().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
