/**
 * The process's stdin, which one reader has at a time. A shell reads its commands from there, so that its commands
 * cannot read data from there too. The shell asks their questions itself.
 */
import { createInterface } from 'node:readline/promises';
import { UsageError } from './output.js';

type Ask = (question: string) => Promise<string>;

const stdin: { ask?: Ask; isTaken: boolean } = { isTaken: false };

/** Takes stdin for the rest of the process. @param ask how a person is asked, if there is one. */
export function takeStdin(ask?: Ask): void {
  stdin.isTaken = true;
  if (ask) stdin.ask = ask;
}

/** @throws UsageError if a shell reads stdin. */
export function freeStdin(): NodeJS.ReadStream {
  if (!stdin.isTaken) return process.stdin;
  throw new UsageError('"-": expected a file, because stdin has the commands of the shell');
}

/**
 * Whether a person has to be asked.
 * @throws UsageError if a person types the commands of a shell whose output goes elsewhere, and cannot be asked.
 */
export function canAsk(): boolean {
  const isPerson = process.stdin.isTTY === true && process.stderr.isTTY === true;
  if (isPerson && stdin.isTaken && !stdin.ask)
    throw new UsageError('this command asks first, and the output of the shell is no terminal. Give it --yes');
  return isPerson;
}

/** Asks a person on the terminal. @returns true if the answer is yes. */
export async function confirm(question: string): Promise<boolean> {
  const answer = await (stdin.ask ?? askOnce)(`${question} [y/N] `);
  return /^\s*y(es)?\s*$/i.test(answer);
}

async function askOnce(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const left = new Promise<undefined>((resolve) => terminal.once('close', () => resolve(undefined)));
  try {
    const answer = await Promise.race([terminal.question(question), left]);
    // Ctrl-C and Ctrl-D leave the cursor behind the question.
    if (answer === undefined) process.stderr.write('\n');
    return answer ?? '';
  } finally {
    terminal.close();
  }
}
