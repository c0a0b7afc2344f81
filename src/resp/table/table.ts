/**
 * The table of the commands: each name with its command, and its arity, flags and places of keys as the package
 * @ioredis/commands has them. A name such as `client|id` is a subcommand.
 */
import module from 'node:module';
import { KnownWords } from '../codec/known-words.js';
import type { Request } from '../codec/request-parser.js';
import { type Command, type CommandFamily, isAlone } from '../command.js';
import { bitFieldCommands } from '../commands/bit-fields.js';
import { bitCommands } from '../commands/bits.js';
import { channelCommands } from '../commands/channels.js';
import { clientCommands } from '../commands/client.js';
import { commandCommands } from '../commands/command.js';
import { configCommands } from '../commands/config.js';
import { connectionCommands } from '../commands/connection.js';
import { diagnosisCommands } from '../commands/diagnosis.js';
import { expiryCommands } from '../commands/expiry.js';
import { featureCommands } from '../commands/features.js';
import { guaranteeCommands } from '../commands/guarantees.js';
import { infoCommands } from '../commands/info.js';
import { keyCommands } from '../commands/keys.js';
import { keyspaceCommands } from '../commands/keyspace.js';
import { monitorCommands } from '../commands/monitor.js';
import { numberCommands } from '../commands/numbers.js';
import { operationCommands } from '../commands/operations.js';
import { replicationCommands } from '../commands/replication.js';
import { stringCommands } from '../commands/strings.js';
import { subsequenceCommands } from '../commands/subsequence.js';
import { EXECUTE, transactionCommands } from '../commands/transactions.js';
import { userCommands } from '../commands/users.js';
import { waitCommands } from '../commands/wait.js';
import { unknownSubcommand, wrongArity } from '../replies/refusal.js';
import { foreignProtocol } from '../session/foreign-protocol.js';
import { queueing, refusing } from '../session/queueing.js';
import type { SessionState } from '../session/session-state.js';
import { absentCommand } from './absent-commands.js';
import { ruleOf } from './command-rules.js';
import {
  type CommandCall,
  type CommandEntry,
  type CommandFacts,
  type CommandTable,
  hasArity,
} from './command-table.js';
import { OWN_FACTS } from './own-facts.js';

interface TableEntry extends CommandEntry {
  /** Undefined for a command that has to have a subcommand. */
  readonly command: Command | undefined;
  /** The command in its place between MULTI and EXEC. */
  readonly inTransaction: Command | undefined;
  readonly subcommands: ReadonlyMap<string, TableEntry>;
}

const FACTS: Readonly<Record<string, CommandFacts>> = {
  ...module.createRequire(import.meta.url)('@ioredis/commands/built/commands.json'),
  ...OWN_FACTS,
};

const FAMILIES: readonly CommandFamily[] = [
  channelCommands,
  clientCommands,
  commandCommands,
  configCommands,
  connectionCommands,
  stringCommands,
  monitorCommands,
  numberCommands,
  subsequenceCommands,
  bitCommands,
  bitFieldCommands,
  keyCommands,
  expiryCommands,
  infoCommands,
  keyspaceCommands,
  transactionCommands,
  replicationCommands,
  operationCommands,
  diagnosisCommands,
  userCommands,
  featureCommands,
  guaranteeCommands,
  waitCommands,
];

/** These commands run at once, also between MULTI and EXEC. */
const AT_ONCE: ReadonlySet<string> = new Set(['multi', 'exec', 'discard', 'watch', 'quit', 'reset']);

/** The subcommands of a command without any. */
const NONE: ReadonlyMap<string, TableEntry> = new Map();

const COMMANDS = commandsOf(FAMILIES);

/** The entries by their commands. */
const ENTRIES: ReadonlyMap<object, TableEntry> = new Map(
  [...COMMANDS.values()]
    .flatMap((entry) => [entry, ...entry.subcommands.values()])
    .flatMap((entry) =>
      [entry.command, entry.inTransaction].flatMap((command) => (command ? [[command, entry] as const] : [])),
    ),
);

/** The names of the commands, for the parser. */
export const NAMES = new KnownWords(COMMANDS.keys());

/** The entries by the known buffers of their names. */
const NAMED: ReadonlyMap<Buffer, TableEntry> = new Map(
  NAMES.all.map((name) => [name, COMMANDS.get(nameIn(name)) as TableEntry]),
);

export const TABLE: CommandTable = { commands: COMMANDS, entryOf: (command) => ENTRIES.get(command), callOf };

function callOf(command: object | string, request: Request): CommandCall {
  const entry = typeof command === 'string' ? undefined : ENTRIES.get(command);
  if (entry) return { entry, isCalled: command === entry.command || command === EXECUTE };
  const named = COMMANDS.get(nameIn(request[0] as Buffer));
  if (!named || named.subcommands === NONE || !request[1]) return { entry: named, isCalled: false };
  return { entry: named.subcommands.get(nameIn(request[1])), isCalled: false };
}

/** An alias shares the command with its other name. Each name gets a command of its own, which tells the names apart. */
function commandsOf(families: readonly CommandFamily[]): ReadonlyMap<string, TableEntry> {
  const table = new Map<string, TableEntry>();
  for (const [name, shared] of families.flatMap((family) => Object.entries(family))) {
    const command = { ...shared };
    const [outer = name, inner] = name.split('|');
    const facts = FACTS[outer] as CommandFacts;
    const known = table.get(outer);
    if (inner === undefined) table.set(name, entryFor(name, facts, command, known?.subcommands));
    else {
      const entry = entryFor(name, facts.subcommands?.[inner] as CommandFacts, command);
      const subcommands = new Map([...(known?.subcommands ?? []), [inner, entry] as const]);
      table.set(outer, entryFor(outer, facts, known?.command, subcommands));
    }
  }
  return table;
}

function entryFor(
  name: string,
  facts: CommandFacts,
  command: Command | undefined,
  subcommands: ReadonlyMap<string, TableEntry> = NONE,
): TableEntry {
  const inTransaction =
    name === 'exec' ? EXECUTE : AT_ONCE.has(name) || !command ? command : queueing(command, name, facts.flags);
  const rule = ruleOf(name, facts.flags, command !== undefined && !isAlone(command));
  return { name, facts, rule, command, inTransaction, subcommands };
}

/** The entry of a request, or the sentence of the refusal if there is none, or if the arguments are too few or many. */
function entryOf(request: Request): TableEntry | string {
  let entry = NAMED.get(request[0] as Buffer);
  if (!entry) {
    const name = nameIn(request[0] as Buffer);
    entry = COMMANDS.get(name);
    if (!entry) return absentCommand(request, name in FACTS ? name : undefined);
  }
  const subcommand = request[1];
  if (entry.subcommands !== NONE && subcommand !== undefined) {
    const { name } = entry;
    entry = entry.subcommands.get(nameIn(subcommand));
    if (!entry) return unknownSubcommand(name, subcommand);
  }
  return hasArity(entry.facts, request.length) ? entry : wrongArity(entry.name);
}

/** The command of a request, or the sentence of its refusal. */
export function commandOf(request: Request, { transaction, listener, user }: SessionState): Command | string {
  let entry = entryOf(request);
  const foreign = typeof entry === 'string' ? foreignProtocol(request) : undefined;
  if (foreign) return foreign;
  if (user.isLimited && typeof entry !== 'string') {
    const denied = user.mayUse(entry) ? undefined : user.refusalOf(entry, request);
    entry = denied ?? user.limits.refusalOf(entry) ?? entry;
  }
  if (listener && typeof entry !== 'string') entry = listener.refusalOf(entry.name, entry.facts.flags) ?? entry;
  if (!transaction.open) return typeof entry === 'string' ? entry : (entry.command as Command);
  if (typeof entry === 'string') return refusing(entry);
  const isAsked = entry.name !== 'exec' || transaction.open.isOneOperation;
  return (isAsked ? entry.inTransaction : entry.command) as Command;
}

function nameIn(argument: Buffer): string {
  return argument.toString('latin1').toLowerCase();
}
