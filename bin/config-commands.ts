/**
 * `config`: the options of a node. `check` finds the mistakes of a config file, `print` shows the values that it gives and
 * their places, and `example` is a file to begin with. None of these talks to a node. `get`, `set` and `reset` do: they
 * show and change the options of a running node.
 */
import type { Command } from 'commander';
import { gathered, offering } from './arguments.js';
import { explainForeignFlags } from './config/foreign-options.js';
import type { PrintOptions } from './config/report.js';
import { onNode } from './connection.js';
import { UsageError } from './output.js';
import { addServeOptions, CLIENT_OPTIONS, refuseClientOptions, SERVE_ROWS } from './serve-options.js';

const AFTER_PRINT = `
Flags, environment variables and the config file are those of "serve"
(headwater help serve). The output is a config file with the options of such
a node.`;

export function addConfigCommands(program: Command): void {
  const config = program
    .command('config')
    .description('commands on the options of a node: of one that runs, and in a config file')
    .helpCommand(false);
  addLiveCommands(config);
  config
    .command('check')
    .argument('[FILE]', 'the config file (default: that of HEADWATER_CONFIG)')
    .summary('find all mistakes of a config file')
    .description('find all mistakes of a config file. The exit status is 1 if there are any')
    .action(async (file: string | undefined, _: object, command: Command) => {
      refuseClientOptions(command, CLIENT_OPTIONS);
      const { json = false } = command.optsWithGlobals<PrintOptions>();
      const { checkFile } = await import('./late-commands.js');
      process.exitCode = await checkFile(fileToCheck(file), json);
    });
  const print = config
    .command('print')
    .description('print the options that "serve" would have with these flags, this environment and this file')
    .option('--origin', 'print beside each value where it comes from')
    .option('--given', 'print only the options that somebody gave');
  addServeOptions(print);
  explainForeignFlags(print);
  for (const option of print.options) if (!['origin', 'given', 'config'].includes(option.name())) option.hideHelp();
  print.addHelpText('after', AFTER_PRINT).action(async (_: object, command: Command) => {
    refuseClientOptions(command, CLIENT_OPTIONS);
    const { printConfig } = await import('./late-commands.js');
    await printConfig(command, command.optsWithGlobals<PrintOptions>());
  });
  config
    .command('example')
    .summary('print a config file with every option, its meaning and its default')
    .description(
      'print a config file with every option, its meaning and its default: headwater config example > headwater.toml',
    )
    .action(async (_: object, command: Command) => {
      refuseClientOptions(command, [...CLIENT_OPTIONS, 'json']);
      const { printExample } = await import('./late-commands.js');
      await printExample();
    });
}

/** The names that Tab offers. */
const NAMES = SERVE_ROWS.map(({ name }) => name);
const LIVE_NAMES = SERVE_ROWS.filter(({ live }) => live).map(({ name }) => name);

function addLiveCommands(config: Command): void {
  config
    .command('get')
    .argument('[NAME...]', 'the names of options (default: all)', offering(NAMES, gathered(String)))
    .summary('print the options of a running node')
    .description(
      'print the options of a running node, with the origin of each value and whether it changes at run time',
    )
    .action(
      onNode(async (session, names: string[]) => {
        const { getOptions } = await import('./late-commands.js');
        return getOptions(session, names);
      }),
    );
  config
    .command('set')
    .argument('<NAME>', 'the name of an option', offering(LIVE_NAMES, String))
    .argument('[VALUE...]', 'the new value, as in a config file; the names and values of others change together')
    .usage('[options] <NAME> <VALUE> [MORE...]')
    .summary('change options of a running node')
    .description('change options of a running node until it stops. An option that needs a restart is refused')
    .option('--keep', 'also write all that was set into the config file of the node, so that a restart keeps it')
    .action(async (name: string, more: string[], options: { keep?: boolean }, command: Command) => {
      const { setOptions, valuesOf } = await import('./late-commands.js');
      await onNode(setOptions)(valuesOf([name, ...more]), options, command);
    });
  config
    .command('reset')
    .argument('<NAME...>', 'the names of options', offering(LIVE_NAMES, gathered(String)))
    .description(
      'take back what "config set" or a Redis client has set: the file, the environment or the flag counts again',
    )
    .action(async (names: string[], _: object, command: Command) => {
      const { setOptions, takenBack } = await import('./late-commands.js');
      await onNode(setOptions)(takenBack(names), {}, command);
    });
}

function fileToCheck(given: string | undefined): string {
  const file = given ?? process.env.HEADWATER_CONFIG;
  if (file) return file;
  throw new UsageError('config check: expected the name of a file, received none');
}
