/** The notes on all commands, with their groups. A group gives a command its first ACL category. */
import type { CommandEntry } from './command-table.js';
import { CHANNEL_NOTES, CONNECTION_NOTES, GUARANTEE_NOTES, TRANSACTION_NOTES } from './notes/connection.js';
import { KEY_NOTES } from './notes/keys.js';
import type { Note, Notes } from './notes/note.js';
import { ABSENT_NOTES, SCRIPT_NOTES, SERVER_NOTES } from './notes/server.js';
import { BIT_NOTES, STRING_NOTES } from './notes/strings.js';

/** The names of groups are those of Redis. */
const GROUPS: Readonly<Record<string, Notes>> = {
  bitmap: BIT_NOTES,
  cluster: ABSENT_NOTES,
  connection: CONNECTION_NOTES,
  generic: KEY_NOTES,
  headwater: GUARANTEE_NOTES,
  pubsub: CHANNEL_NOTES,
  scripting: SCRIPT_NOTES,
  server: SERVER_NOTES,
  string: STRING_NOTES,
  transactions: TRANSACTION_NOTES,
};

export interface CommandNote {
  readonly group: string;
  readonly since: string;
  readonly syntax: string;
  readonly summary: string;
}

const NOTES: ReadonlyMap<string, CommandNote> = new Map(
  Object.entries(GROUPS).flatMap(([group, notes]) =>
    Object.entries(notes).map(([name, note]) => [name, noteOf(group, note)]),
  ),
);

/** Every command has a note, and a test holds that. */
export function noteOn({ name }: Pick<CommandEntry, 'name'>): CommandNote {
  return NOTES.get(name) as CommandNote;
}

function noteOf(group: string, [since, syntax, summary]: Note): CommandNote {
  return { group, since, syntax, summary };
}
