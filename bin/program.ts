/**
 * The tree of commands: the global options, and the commands, a group a file. The shell runs the same tree. Each
 * command loads the client, the node or the readers of a data directory when it runs, and bundle.mjs makes few files of
 * them all. So wrong usage costs 0.09 s, and a command to a node 0.14 s, of which Node itself takes 0.06 s
 * (test/cli/start.test.ts and test/layout.test.ts enforce it).
 */
import { Command, Option } from 'commander';
import { OPTIONS, variableOf } from '../src/options.js';
import { VERSION } from '../src/version.js';
import { addArchiveCommands } from './archive-commands.js';
import { formatDuration, parseAddresses, parseHost, parseInterval, parsePath, parsePort } from './arguments.js';
import { addBackupCommands } from './backup-commands.js';
import { addBenchCommand } from './bench-command.js';
import { addCertCommands } from './cert-commands.js';
import { addCheckCommands } from './check-commands.js';
import { addClusterCommands } from './cluster-commands.js';
import { addCompareCommand } from './compare-commands.js';
import { addCompletionCommands } from './completion-commands.js';
import { addConfigCommands } from './config-commands.js';
import { CALL_MS_MAX } from './connection.js';
import { addDataCommands } from './data-commands.js';
import { plural } from './figures.js';
import { hintOfCommand, hintOfExcess, namesOf } from './foreign-names.js';
import { addIdCommands } from './id-commands.js';
import { addLiveCommands } from './live-commands.js';
import { addLogCommands } from './log-commands.js';
import { addNodeCommands } from './node-commands.js';
import { place, prefix } from './output.js';
import { errorSign, plainly } from './report.js';
import { addServeCommand } from './serve.js';
import { addShellCommand } from './shell-command.js';
import { addStreamCommands } from './stream-commands.js';
import { addTransactCommand } from './transact-command.js';
import { addTransferCommands } from './transfer.js';
import { addUserCommands } from './user-commands.js';

const AFTER_HELP = `
Without a command, on a terminal, a shell begins: "headwater shell".

Results go to stdout, everything else to stderr. Exit status:

  0  done
  1  no such key, or another negative answer
  2  wrong usage. So is the name of a file or directory that is not there, cannot
     be opened, or belongs to something else
  3  the node refused or could not be reached; or a file or data directory is in
     use or damaged; or the disk of an output is full

Put "--" before arguments that begin with "-": headwater set -- KEY -VALUE`;

interface ProgramOptions {
  /** Leaves out the commands that need a process of their own. */
  readonly inShell?: boolean;
}

/** A new tree of commands. */
export function program({ inShell = false }: ProgramOptions = {}): Command {
  const headwater = new Command('headwater')
    .description('A persistent, log-structured, replicated key-value store.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .helpCommand(false)
    .addHelpText('after', AFTER_HELP)
    .configureOutput({
      outputError: (text, print) => print(shortened(plainly(text).replace(/^error: /, prefix() || errorSign()))),
      // With --json, the report of the error is all that stderr gets.
      writeErr: (text) => void (place.json || process.stderr.write(text)),
    })
    .configureHelp({ showGlobalOptions: true })
    .allowExcessArguments()
    .hook('preAction', (_, command) => refuseExcess(command))
    .showHelpAfterError(inShell ? '(help COMMAND shows the usage)' : '(--help shows the usage)')
    .exitOverride();
  addGlobalOptions(headwater);
  if (!inShell) addServeCommand(headwater);
  if (!inShell) addShellCommand(headwater, program);
  addHelpCommand(headwater);
  addDataCommands(headwater);
  addTransactCommand(headwater);
  addStreamCommands(headwater);
  addTransferCommands(headwater);
  addBackupCommands(headwater);
  addArchiveCommands(headwater);
  addNodeCommands(headwater);
  addClusterCommands(headwater);
  addConfigCommands(headwater);
  addCompareCommand(headwater);
  addLogCommands(headwater);
  addIdCommands(headwater);
  addCheckCommands(headwater);
  addUserCommands(headwater);
  if (!inShell) addCertCommands(headwater);
  addLiveCommands(headwater);
  addBenchCommand(headwater);
  if (!inShell) addCompletionCommands(headwater, program);
  for (const group of [headwater, ...headwater.commands.filter(({ commands }) => commands.length > 0)])
    group.on('command:*', (words: string[]) => refuseCommand(group, words));
  return headwater;
}

function addGlobalOptions(headwater: Command): void {
  headwater
    .addOption(
      new Option(
        '--connect <HOST:PORT,…>',
        'the node to use; of several, or of a cluster (headwater+etcd://HOST:PORT,…/NAME), the one that leads',
      )
        .env('HEADWATER_CONNECT')
        .argParser(parseAddresses)
        .default([OPTIONS.listen.default], OPTIONS.listen.default),
    )
    .addOption(
      new Option('-h, --host <HOST>', 'the host of the node; the port is that of HEADWATER_CONNECT, or 7420').argParser(
        parseHost,
      ),
    )
    .addOption(
      new Option(
        '-p, --port <PORT>',
        'the port of the node; the host is that of HEADWATER_CONNECT, or 127.0.0.1',
      ).argParser(parsePort),
    )
    .addOption(
      new Option(
        '--timeout <TIME>',
        `how long to wait for an answer (default: ${formatDuration(CALL_MS_MAX)}; 1h for digest)`,
      )
        .env('HEADWATER_TIMEOUT')
        .argParser(parseInterval),
    )
    .addOption(
      new Option('--tls', 'connect with TLS, and trust the CAs of the system; the next four imply it').env(
        'HEADWATER_TLS',
      ),
    )
    .addOption(fileOption('--tls-ca <FILE>', 'the PEM file with the CA of the nodes'))
    .addOption(fileOption('--tls-cert <FILE>', 'the PEM file with the certificate of this client, if nodes want one'))
    .addOption(fileOption('--tls-key <FILE>', 'the PEM file with the key of --tls-cert'))
    .addOption(
      new Option(
        '--tls-server-name <NAME>',
        'the name that the certificate of each node must have (default: the host of its address)',
      ).env('HEADWATER_TLS_SERVER_NAME'),
    )
    .addOption(
      new Option(
        '--credentials <FILE>',
        'a file with USER:SECRET, the user of this program (default: that in HEADWATER_CREDENTIALS or in HEADWATER_CONNECT)',
      )
        .env('HEADWATER_CREDENTIALS_FILE')
        .argParser(parsePath),
    )
    .option('--json', 'print results and errors as JSON, one object a line');
}

function fileOption(flags: string, description: string): Option {
  return new Option(flags, description).env(variableOf(/--([a-z-]+)/.exec(flags)?.[1] ?? '')).argParser(parsePath);
}

/**
 * Shortens an argument that commander refuses and repeats whole: the argument may be a value of 100 KB. An address in the
 * place of a command may have a secret in it.
 */
function shortened(text: string): string {
  return text.replace(/(headwaters?:\/\/)[^\s'"]*@/gi, '$1…@').replace(/'([^']{100})[^']+'/g, "'$1…'");
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
        const found = asked.commands.find((command) => command.name() === name.toLowerCase());
        if (!found) refuseCommand(asked, names.slice(names.indexOf(name)));
        asked = found;
      }
      asked.outputHelp();
    });
}

/** Refuses a command that the group does not have, and names the one that is meant. */
function refuseCommand(group: Command, words: readonly string[]): never {
  const path = group.parent ? `${group.name()} ` : '';
  const hint = hintOfCommand(words, namesOf(group));
  group.error(`error: unknown command '${path}${words[0]}'${hint === undefined ? '' : `\n(${hint})`}`);
}

/** Refuses arguments that are too many. Commander's own refusal cannot say what they are here. */
function refuseExcess(command: Command): void {
  const { args, registeredArguments: declared } = command;
  if (declared.at(-1)?.variadic || args.length <= declared.length) return;
  const hint = hintOfExcess(command.name(), args.slice(declared.length));
  const expected = `Expected ${plural(declared.length, 'argument')}, received ${args.length}`;
  command.error(
    `error: too many arguments for '${command.name()}'. ${expected}${hint === undefined ? '' : `\n(${hint})`}`,
  );
}
