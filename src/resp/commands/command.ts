/** COMMAND: the commands of the table, described for programs and for people. */
import { compileGlob } from '../../commands/glob.js';
import { wordOf } from '../arguments/arguments.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandFamily, CommandSession } from '../command.js';
import { writeArray } from '../replies/answers.js';
import { type HelpEntry, writeHelp } from '../replies/help.js';
import { Refusal, SYNTAX_ERROR } from '../replies/refusal.js';
import { categoriesOf, entriesOf } from '../table/command-categories.js';
import { keyRules, keysOf, type UsedKey } from '../table/command-keys.js';
import { writeDocs, writeInfo, writeWords } from '../table/command-replies.js';
import type { CommandEntry, CommandTable } from '../table/command-table.js';

export const commandCommands: CommandFamily = {
  command: { run: infos },

  'command|count': { run: ({ out, door }) => out.integer(door.table.commands.size) },

  'command|info': { run: infos },

  'command|docs': { run: docs },

  'command|list': { run: list },

  'command|getkeys': {
    run: ({ out, door }, request) => {
      const keys = usedKeys(door.table, request).map(({ key }) => key);
      writeArray(out, keys);
    },
  },

  'command|getkeysandflags': {
    run: ({ out, door }, request) => {
      const keys = usedKeys(door.table, request);
      out.begin('array', keys.length);
      for (const { key, use } of keys) {
        out.begin('array', 2);
        out.bulk(key);
        writeWords(out, use);
      }
    },
  },

  'command|help': { run: ({ out }) => writeHelp(out, 'COMMAND', HELP) },
};

const HELP: readonly HelpEntry[] = [
  ['(no subcommand)', 'Returns the facts of all commands.'],
  ['COUNT', 'Returns the number of commands.'],
  ['DOCS [<command-name> ...]', 'Returns texts on commands, or on all of them, for a person.'],
  ['GETKEYS <command> [<arg> ...]', 'Returns the keys of a command that is given as a whole.'],
  ['GETKEYSANDFLAGS <command> [<arg> ...]', 'Returns the keys of a command, each with its use.'],
  ['INFO [<command-name> ...]', 'Returns the facts of commands, or of all of them.'],
  [
    'LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]',
    'Returns the names of all commands, or of those that the filter is true for.',
  ],
];

/** The commands that a request names, or all if it names none. Undefined for a name that no command has. */
function entriesIn({ commands }: CommandTable, request: Request): ReadonlyArray<CommandEntry | undefined> {
  const names = request.slice(2).map(wordOf);
  return names.length === 0 ? [...commands.values()] : names.map((name) => entryNamed(commands, name));
}

function infos({ out, door }: CommandSession, request: Request): void {
  const entries = entriesIn(door.table, request);
  out.begin('array', entries.length);
  for (const entry of entries) {
    if (entry) writeInfo(out, entry);
    else out.null();
  }
}

function docs({ out, door }: CommandSession, request: Request): void {
  const entries = entriesIn(door.table, request).flatMap((entry) => entry ?? []);
  out.begin('map', entries.length);
  for (const entry of entries) writeDocs(out, entry);
}

function list({ out, door }: CommandSession, request: Request): void {
  const matches = filterOf(request);
  const names = entriesOf(door.table)
    .filter(matches)
    .map(({ name }) => name);
  writeArray(out, names);
}

function filterOf(request: Request): (entry: CommandEntry) => boolean {
  if (request.length === 2) return () => true;
  const value = request[4];
  if (request.length !== 5 || value === undefined || wordOf(request[2]) !== 'filterby') throw new Refusal(SYNTAX_ERROR);
  switch (wordOf(request[3])) {
    case 'module':
      // No command is of a module.
      return () => false;
    case 'aclcat':
      return (entry) => categoriesOf(entry).includes(wordOf(value));
    case 'pattern': {
      const glob = compileGlob(Buffer.from(wordOf(value), 'latin1'));
      return ({ name }) => glob.matches(Buffer.from(name));
    }
    default:
      throw new Refusal(SYNTAX_ERROR);
  }
}

/** @param name in lower case, of a subcommand with its command: `client|id`. */
function entryNamed(commands: CommandTable['commands'], name: string): CommandEntry | undefined {
  const [outer = '', inner, ...more] = name.split('|');
  const entry = commands.get(outer);
  if (inner === undefined) return entry;
  return more.length > 0 ? undefined : entry?.subcommands.get(inner);
}

function usedKeys({ commands }: CommandTable, request: Request): UsedKey[] {
  const asked = request.slice(2);
  const outer = commands.get(wordOf(asked[0]));
  const entry = outer && outer.subcommands.size > 0 && asked[1] ? outer.subcommands.get(wordOf(asked[1])) : outer;
  if (entry === undefined) throw new Refusal('ERR Invalid command specified');
  if (keyRules(entry).length === 0) throw new Refusal('ERR The command has no key arguments');
  const { arity } = entry.facts;
  if (arity < 0 ? asked.length < -arity : asked.length !== arity)
    throw new Refusal('ERR Invalid number of arguments specified for command');
  return keysOf(entry, asked);
}
