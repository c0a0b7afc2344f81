/** The tree of commands as completion needs it: names, one-line descriptions, and the kind of each value. */
import type { Argument, Command, Option } from 'commander';
import { choicesOf } from '../arguments.js';

/** The words or files that Tab offers for a value. */
export type Offer =
  | { readonly kind: 'nothing' | 'files' | 'directories' }
  | { readonly kind: 'words'; readonly words: readonly string[] };

export interface CompletedOption {
  /** `--json`, `-h`. */
  readonly names: readonly string[];
  readonly description: string;
  /** The offer for its value; undefined if it takes none, or may have none. */
  readonly value: Offer | undefined;
}

export interface CompletedCommand {
  /** The words that name it, such as `log dump`. Empty for the program itself. */
  readonly path: readonly string[];
  readonly description: string;
  /** The options of the command, and those of the program if the command talks to a node. */
  readonly options: readonly CompletedOption[];
  /** The offers for its arguments in order. */
  readonly arguments: readonly Offer[];
  /** Whether the last argument may be repeated. */
  readonly isVariadic: boolean;
  readonly commands: readonly CompletedCommand[];
}

/** The program, with all commands below it. */
export function completedTree(program: Command): CompletedCommand {
  return completed(program, [], program);
}

/** All commands of the tree, the program first. */
export function allCommands(command: CompletedCommand): CompletedCommand[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

const HELP: CompletedOption = { names: ['--help'], description: 'print the help of the command', value: undefined };

function completed(command: Command, path: readonly string[], program: Command): CompletedCommand {
  // `serve` is no command to a node, and takes no option that names one.
  const shared =
    path.length === 0 || path[0] === 'serve' ? [] : program.options.filter(({ long }) => long !== '--version');
  const names = program.commands.map((one) => one.name());
  return {
    path,
    description: firstSentence(command.summary() || command.description()),
    options: [...[...command.options, ...shared].map((option) => completedOption(option, names)), HELP],
    arguments: command.registeredArguments.map((argument) => offerOf(argument, names)),
    isVariadic: command.registeredArguments.at(-1)?.variadic ?? false,
    commands: command.commands.map((one) => completed(one, [...path, one.name()], program)),
  };
}

function completedOption(option: Option, commands: readonly string[]): CompletedOption {
  return {
    names: [option.long, option.short].filter((name): name is string => typeof name === 'string'),
    description: firstSentence(option.description),
    value: option.required ? offerOf(option, commands) : undefined,
  };
}

function offerOf(one: Option | Argument, commands: readonly string[]): Offer {
  const words = choicesOf(one);
  if (words.length > 0) return { kind: 'words', words };
  const name = one.name().toUpperCase();
  const shown = 'flags' in one ? one.flags : name;
  if (/\bDIR\b/.test(shown)) return { kind: 'directories' };
  if (/\bFILE\b/.test(shown)) return { kind: 'files' };
  return name === 'COMMAND' ? { kind: 'words', words: commands } : { kind: 'nothing' };
}

/** The beginning that fits beside a word. Defaults and longer explanations stand in the help. USER:SECRET is one word. */
function firstSentence(text: string): string {
  return text.replace(/(?:[.;:](?=\s|$)|\().*$/s, '').trim();
}
