/**
 * `config`: the config file of a node. `check` finds its mistakes, `print` shows the values in force and their places, and
 * `example` is a file to begin with. None of them talks to a node.
 */
import type { Command } from 'commander';
import { explainForeignFlags } from './config/foreign-options.js';
import type { PrintOptions } from './config/report.js';
import { UsageError } from './output.js';
import { addServeOptions, CLIENT_OPTIONS, refuseClientOptions } from './serve-options.js';

const AFTER_PRINT = `
Flags, environment variables and the config file are those of "serve"
(headwater help serve). The output is a config file with the options of such
a node.`;

export function addConfigCommands(program: Command): void {
  const config = program
    .command('config')
    .description('commands on the options of a node and on its config file')
    .helpCommand(false);
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

function fileToCheck(given: string | undefined): string {
  const file = given ?? process.env.HEADWATER_CONFIG;
  if (file) return file;
  throw new UsageError('config check: expected the name of a file, received none');
}
