/** A shell: on a terminal a conversation, else a script from stdin. */
import type { Command } from 'commander';
import { addressesOf, credentialsOf, type GlobalOptions } from '../connection.js';
import { takeStdin } from '../input.js';
import { EXIT, type ExitStatus, place } from '../output.js';
import { Conversation } from './conversation.js';
import { KeptConnection } from './kept-connection.js';
import { Runner, type Tree } from './runner.js';
import { runScript } from './script.js';

export interface ShellOptions {
  readonly stopOnError?: boolean;
}

/** @returns the exit status of the process. */
export async function runShell(
  tree: Tree,
  command: Command,
  { stopOnError = false }: ShellOptions,
): Promise<ExitStatus> {
  const { timeout, json = false } = command.optsWithGlobals<GlobalOptions>();
  const connection = new KeptConnection(addressesOf(command), credentialsOf(command), timeout);
  const runner = new Runner(tree, connection, json);
  place.isShell = true;
  try {
    if (process.stdin.isTTY && process.stdout.isTTY) {
      await new Conversation(runner, connection).run();
      return EXIT.DONE;
    }
    takeStdin();
    return await runScript(process.stdin, runner, connection, { stopOnError });
  } finally {
    await connection.close();
  }
}
