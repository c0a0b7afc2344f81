/** The ACL categories of commands, as Redis derives them from the flags and the groups. */
import { noteOn } from './command-notes.js';
import type { CommandEntry, CommandTable } from './command-table.js';

const BY_GROUP: Readonly<Record<string, string>> = {
  bitmap: 'bitmap',
  connection: 'connection',
  generic: 'keyspace',
  pubsub: 'pubsub',
  scripting: 'scripting',
  string: 'string',
  transactions: 'transaction',
};

/** All categories, in the order in which Redis lists them. */
export const CATEGORIES: readonly string[] = [
  'keyspace',
  'read',
  'write',
  'set',
  'sortedset',
  'list',
  'hash',
  'string',
  'bitmap',
  'hyperloglog',
  'geo',
  'stream',
  'pubsub',
  'admin',
  'fast',
  'slow',
  'blocking',
  'dangerous',
  'connection',
  'transaction',
  'scripting',
];

/** Categories that follow neither from the flags nor from the group. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  command: ['connection'],
  dbsize: ['keyspace'],
  flushall: ['keyspace', 'dangerous'],
  flushdb: ['keyspace', 'dangerous'],
  info: ['dangerous'],
  keys: ['dangerous'],
  lastsave: ['admin', 'dangerous'],
  role: ['admin', 'dangerous'],
};

/** The group of these says nothing about their category. */
const NO_KEYSPACE: ReadonlySet<string> = new Set(['wait', 'waitaof']);

/** The categories without their `@`. */
export function categoriesOf(entry: CommandEntry): string[] {
  const { name, facts } = entry;
  const [outer = ''] = name.split('|', 1);
  if (entry.subcommands.size > 0 && outer !== 'command') return ['slow'];
  const found = new Set(MORE[outer] ?? []);
  const has = (flag: string) => facts.flags.includes(flag);
  if (has('write')) found.add('write');
  if (has('readonly')) found.add('read');
  if (has('admin')) found.add('admin').add('dangerous');
  if (has('pubsub')) found.add('pubsub');
  if (has('blocking')) found.add('blocking');
  found.add(has('fast') ? 'fast' : 'slow');
  found.add(NO_KEYSPACE.has(outer) ? 'connection' : groupCategory(entry));
  return CATEGORIES.filter((category) => found.has(category));
}

/** The names of the commands and subcommands of a category. @param category in lower case. */
export function namesIn(table: CommandTable, category: string): string[] {
  const found = entriesOf(table).filter((entry) => categoriesOf(entry).includes(category));
  return found.map(({ name }) => name);
}

/** All commands, each with its subcommands behind it. */
export function entriesOf({ commands }: CommandTable): CommandEntry[] {
  return [...commands.values()].flatMap((entry) => [entry, ...entry.subcommands.values()]);
}

/** The help of PUBSUB is in no category of its group, as in Redis. */
function groupCategory(entry: CommandEntry): string {
  if (entry.name === 'pubsub|help') return '';
  return BY_GROUP[noteOn(entry).group] ?? '';
}
