/**
 * Tab in the shell: names of commands, options and their choices from the tree, keys from a bounded scan of the node,
 * and names of files. The argument that is completed decides, by the name that the help shows: KEY, FILE, COMMAND.
 */
import { readdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Argument, Command } from 'commander';
import { rangeOfPrefix } from '../../src/model/key-range.js';
import { choicesOf } from '../arguments.js';
import { bytesOfText } from '../byte-text.js';
import type { KeptConnection } from './kept-connection.js';
import { lex, wordOf } from './words.js';

/** The scan ends at so many keys, or after so much time. */
const KEYS_MAX = 100;
const SCAN_MS_MAX = 500;
const FILES_MAX = 200;

/** The candidates, and the part of the line that they replace. */
export type Completion = [candidates: string[], replaced: string];

export async function complete(line: string, root: Command, connection: KeptConnection): Promise<Completion> {
  const { words, endsInWord } = lex(line);
  const last = endsInWord ? words.at(-1) : undefined;
  const before = words.slice(0, last ? -1 : undefined).map(({ text }) => text);
  const typed = last?.text ?? '';
  const replaced = last ? line.slice(last.begin) : '';
  const candidates = await candidatesOf(typed, before, root, connection);
  return [candidates.map((candidate) => (candidate.endsWith('/') ? candidate : `${candidate} `)), replaced];
}

async function candidatesOf(
  typed: string,
  before: readonly string[],
  root: Command,
  connection: KeptConnection,
): Promise<string[]> {
  const { command, given } = commandOf(root, before);
  if (typed.startsWith('-') && !before.includes('--')) return matching(optionsOf(command), typed);
  const option = optionAt(command, before);
  if (option) return /FILE|DIR/.test(option.flags) ? filesOf(typed) : matching(choicesOf(option), typed);
  if (command.commands.length > 0) return matching(namesOf(command), typed);
  const argument = argumentAt(command.registeredArguments, given.length);
  if (!argument) return [];
  if (argument.name() === 'COMMAND') return matching(namesOf(root), typed);
  if (/KEY/.test(argument.name())) return keysOf(typed, connection);
  return /FILE|DIR/.test(argument.name()) ? filesOf(typed) : [];
}

/** The command that the words name, and the arguments that it has so far. */
function commandOf(root: Command, words: readonly string[]): { command: Command; given: string[] } {
  let command = root;
  let given: string[] = [];
  for (const word of words) {
    const found = given.length === 0 ? command.commands.find((one) => one.name() === word.toLowerCase()) : undefined;
    if (found) command = found;
    else if (!word.startsWith('-')) given = [...given, word];
  }
  return { command, given };
}

function namesOf(command: Command): string[] {
  return command.commands.map((one) => one.name());
}

function optionsOf(command: Command): string[] {
  const root = command.parent ? (command.parent.parent ?? command.parent) : undefined;
  return [...command.options, ...(root?.options ?? [])].flatMap(({ long }) => (long ? [long] : [])).concat('--help');
}

/** The option whose value is being typed. */
function optionAt(command: Command, before: readonly string[]) {
  const flag = before.at(-1);
  if (flag === undefined || !flag.startsWith('-')) return undefined;
  const options = [command, command.parent, command.parent?.parent].flatMap((one) => one?.options ?? []);
  return options.find((option) => (option.long === flag || option.short === flag) && option.required);
}

function argumentAt(declared: readonly Argument[], index: number): Argument | undefined {
  return declared[index] ?? (declared.at(-1)?.variadic ? declared.at(-1) : undefined);
}

function matching(names: readonly string[], typed: string): string[] {
  return names.filter((name) => name.startsWith(typed.toLowerCase()));
}

/** Keys that begin with the typed text, as words of a line. No keys if the node does not answer in time. */
async function keysOf(typed: string, connection: KeptConnection): Promise<string[]> {
  const { from: start, to: end } = rangeOfPrefix(bytesOfText(typed));
  const found: string[] = [];
  try {
    const client = await connection.lend();
    const signal = AbortSignal.timeout(SCAN_MS_MAX);
    const range = { start, end, limit: KEYS_MAX, keysOnly: true };
    for await (const { key } of client.buffers.scan({ ...range, signal })) found.push(wordOf(key));
  } catch {
    // The time is over, or the node is away. The keys that were found are candidates all the same.
  }
  return found;
}

/** Files and directories that begin with the typed path. */
async function filesOf(typed: string): Promise<string[]> {
  const folder = typed.slice(0, typed.lastIndexOf('/') + 1);
  const begin = typed.slice(folder.length);
  const directory = folder.startsWith('~/') ? path.join(os.homedir(), folder.slice(2)) : folder;
  const entries = await readdir(directory === '' ? '.' : directory, { withFileTypes: true }).catch(() => []);
  return entries
    .filter(({ name }) => name.startsWith(begin) && (begin !== '' || !name.startsWith('.')))
    .slice(0, FILES_MAX)
    .map((entry) => `${wordOf(Buffer.from(directory + entry.name))}${entry.isDirectory() ? '/' : ''}`);
}
