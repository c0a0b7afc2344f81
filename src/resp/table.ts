/**
 * The table of the commands: each name with its command, and its arity, flags and places of keys as the package
 * @ioredis/commands has them. A name such as `client|id` is a subcommand.
 */
import module from 'node:module';
import type { Command, CommandFamily } from './command.js';
import { bitFieldCommands } from './commands/bit-fields.js';
import { bitCommands } from './commands/bits.js';
import { clientCommands } from './commands/client.js';
import { connectionCommands } from './commands/connection.js';
import { expiryCommands } from './commands/expiry.js';
import { infoCommands } from './commands/info.js';
import { keyCommands } from './commands/keys.js';
import { keyspaceCommands } from './commands/keyspace.js';
import { numberCommands } from './commands/numbers.js';
import { stringCommands } from './commands/strings.js';
import { subsequenceCommands } from './commands/subsequence.js';
import { unknownCommand, unknownSubcommand, wrongArity } from './refusal.js';
import type { Request } from './request-parser.js';
import type { SessionState } from './session-state.js';

/** The facts of a command. */
export interface CommandFacts {
  /** The number of arguments with the name, or as a negative number the least number. */
  readonly arity: number;
  readonly flags: readonly string[];
  /** The first key, the last one (counted from the end if it is negative), and the step between keys. 0 for none. */
  readonly keyStart: number;
  readonly keyStop: number;
  readonly step: number;
  readonly subcommands?: Readonly<Record<string, CommandFacts>>;
}

export interface TableEntry {
  /** The name in lower case, of a subcommand with its command: `client|id`. */
  readonly name: string;
  readonly facts: CommandFacts;
  /** Undefined for a command that has subcommands. */
  readonly command: Command | undefined;
  /** Subcommands by their own names. Empty for a command without any. */
  readonly subcommands: ReadonlyMap<string, TableEntry>;
}

const FACTS: Readonly<Record<string, CommandFacts>> = module.createRequire(import.meta.url)(
  '@ioredis/commands/built/commands.json',
);

// biome-ignore format: one family a line, so that branches merge
const FAMILIES: readonly CommandFamily[] = [
  clientCommands,
  connectionCommands,
  stringCommands,
  numberCommands,
  subsequenceCommands,
  bitCommands,
  bitFieldCommands,
  keyCommands,
  expiryCommands,
  infoCommands,
  keyspaceCommands,
];

/** All commands by name, without the subcommands. */
const TABLE: ReadonlyMap<string, TableEntry> = tableOf(FAMILIES);

function tableOf(families: readonly CommandFamily[]): ReadonlyMap<string, TableEntry> {
  const table = new Map<string, TableEntry & { readonly subcommands: Map<string, TableEntry> }>();
  for (const [name, command] of families.flatMap((family) => Object.entries(family))) {
    const [outer = name, inner] = name.split('|');
    const facts = FACTS[outer] as CommandFacts;
    if (inner === undefined) table.set(name, { name, facts, command, subcommands: new Map() });
    else {
      const container = table.get(outer) ?? { name: outer, facts, command: undefined, subcommands: new Map() };
      const factsOfInner = facts.subcommands?.[inner] as CommandFacts;
      container.subcommands.set(inner, { name, facts: factsOfInner, command, subcommands: new Map() });
      table.set(outer, container);
    }
  }
  return table;
}

/** The entry of a request, or the sentence of the refusal if there is none, or if the arguments are too few or many. */
function entryOf(request: Request): TableEntry | string {
  const name = nameIn(request[0] as Buffer);
  let entry = TABLE.get(name);
  if (!entry) return unknownCommand(request);
  const subcommand = request[1];
  if (entry.command === undefined && subcommand !== undefined) {
    entry = entry.subcommands.get(nameIn(subcommand));
    if (!entry) return unknownSubcommand(name, subcommand);
  }
  const { arity } = entry.facts;
  if (arity < 0 ? request.length < -arity : request.length !== arity) return wrongArity(entry.name);
  return entry;
}

/** The command of a request, or the sentence of its refusal. */
export function commandOf(request: Request, _state: SessionState): Command | string {
  const entry = entryOf(request);
  return typeof entry === 'string' ? entry : (entry.command as Command);
}

function nameIn(argument: Buffer): string {
  return argument.toString('latin1').toLowerCase();
}
