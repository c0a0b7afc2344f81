/** Commands that a text tells a person to type: the command line must take them. */
import assert from 'node:assert/strict';
import type { Command } from 'commander';
import { valuesOf } from '../../bin/config/live.js';
import { program } from '../../bin/program.js';

/** The words of a command, as a shell takes them. */
export function wordsOf(command: string): string[] {
  return [...command.matchAll(/((?:'[^']*'|\\'|[^\s'])+)/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|\\(')/g, '$1$2'),
  );
}

/** Asserts that the command line takes a command, which is not carried out. */
export async function assertParses(command: string): Promise<void> {
  let ran = 0;
  const [name, ...words] = wordsOf(command);
  assert.equal(name, 'headwater', command);
  try {
    await disarmed(program(), () => ran++).parseAsync(words, { from: 'user' });
  } catch (error) {
    assert.fail(`${command}: ${(error as Error).message}`);
  }
  assert.equal(ran, 1, command);
}

/** Replaces what the commands do, so that parsing alone happens. */
function disarmed(command: Command, ran: () => void): Command {
  command.action(() => {
    // This command reads its arguments by itself.
    if (command.parent?.name() === 'config' && command.name() === 'set') valuesOf(command.args);
    ran();
  });
  for (const one of command.commands) disarmed(one, ran);
  return command;
}
