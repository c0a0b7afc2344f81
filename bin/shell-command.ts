/** `shell`: commands from a terminal or a pipe, on one connection. The shell itself is loaded when it begins. */
import type { Command } from 'commander';
import type { Tree } from './shell/runner.js';
import type { ShellOptions } from './shell/shell.js';

const AFTER_HELP = `
On a terminal, Tab completes commands, options, keys and files. "help COMMAND" shows
the usage. Ctrl-C ends a running command, Ctrl-D ends the shell. The history is the
file headwater/history under $XDG_STATE_HOME (default: ~/.local/state). Lines are not
kept if they begin with a blank, or mention a password, a secret, a token or a
credential.

From a pipe, each line is a command: printf 'set a 1\\nget a\\n' | headwater shell.
Blank lines and lines that begin with # are skipped. An error names its line, and the
next line runs. The exit status is the highest of all lines.

Quotes are as in redis-cli: "a b", 'a b', "\\n", "\\x00". A value of any bytes is possible.`;

/** @param tree makes the tree of commands that the shell runs. */
export function addShellCommand(program: Command, tree: Tree): void {
  program
    .command('shell')
    .summary('run many commands on one connection, from a terminal or a pipe')
    .description('run many commands on one connection: a prompt on a terminal, or a command a line from a pipe')
    .option('-e, --stop-on-error', 'from a pipe: end at the first line whose exit status is not 0, with that status')
    .addHelpText('after', AFTER_HELP)
    .action(async (options: ShellOptions, command: Command) => {
      const { runShell } = await import('./shell/shell.js');
      process.exitCode = await runShell(tree, command, options);
    });
}
