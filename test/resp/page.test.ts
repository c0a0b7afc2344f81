/** The page of the Redis door: its list of commands is made from the table of the code. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { unknownCommand } from '../../src/resp/replies/refusal.js';
import { absentCommand } from '../../src/resp/table/absent-commands.js';
import { TABLE } from '../../src/resp/table/table.js';

/** Commands that are here and differ from those of Redis, by what differs. */
const DIFFERENT: ReadonlyArray<readonly [names: string, how: string]> = [
  ['ACL', 'users have roles and prefixes ([the rules](../access/README.md)), and no rules for single commands'],
  ['AUTH', 'while no users are in force, everybody is `default`, and every password is right'],
  ['BGREWRITEAOF BGSAVE SAVE', 'a checkpoint. A restart replays the log from there'],
  ['CLIENT', '`TRACKING` and `CACHING` are refused: `headwater watch` shows changes'],
  ['CLUSTER', 'as in a server with `cluster-enabled no`'],
  [
    'CONFIG',
    '`SET` of an option that changes at run time is `headwater config set`. A parameter without a meaning here keeps any value, and for all others the refusal names the option to use',
  ],
  ['DEBUG', '`SLEEP` and a few others, with `serve --redis-debug`'],
  [
    'EXEC MULTI',
    'commands that are not about data run behind the others, and their replies stand in their places. So `KEYS`, `SCAN` and `DBSIZE` see all writes of the `MULTI`',
  ],
  ['FAILOVER', 'a hand-over that loses nothing. `FORCE` is refused'],
  ['FLUSHALL FLUSHDB', '`ASYNC` and `SYNC` are the same: keys are gone at once, and the disk is swept later'],
  ['FUNCTION MODULE SCRIPT', 'as in a server without any. Loading one is refused'],
  [
    'INFO',
    '`keys` is a close estimate after many writes, and `expires` is always 0. The section on its counts says the rest',
  ],
  ['KEYS', 'sent as the client reads, from one moment. Patterns up to 4 KiB, as everywhere'],
  ['LATENCY', 'nothing is recorded'],
  ['OBJECT', '`ENCODING` and `REFCOUNT` go by the value, and `IDLETIME` is always 0'],
  ['PUBLISH SPUBLISH', 'a message reaches the subscribers of every node, also from a follower'],
  [
    'RANDOMKEY',
    'each key about as likely as every other. A draw looks at 1,024 keys and 6 MiB of keys of a range at most',
  ],
  ['REPLICAOF SLAVEOF', 'drops no data: histories that differ are refused by name'],
  [
    'SCAN',
    'one moment for a whole scan. Cursors are good on any connection. The first call waits for a checkpoint, which takes a while on a busy node',
  ],
  ['SELECT', 'database 0 alone'],
  ['SHUTDOWN', 'waits for the followers first, unless `NOW`'],
  [
    'SLOWLOG',
    'the time of a command has its waits in the node in it, and commands of gRPC are there too. Arguments of commands of operators are hidden',
  ],
  ['WAIT WAITAOF', 'followers of followers count too'],
  ['WATCH', 'on a follower that forwards writes, a key that was absent, written and deleted since counts as unchanged'],
];

const PAGE = path.join(import.meta.dirname, '..', '..', 'src', 'resp', 'README.md');
const HEADING = '## The commands\n';
const LINE_CHARACTERS_MAX = 120;

describe('the page of the Redis door', () => {
  it('lists the commands that are here, that differ, and that are not here', () => {
    const page = readFileSync(PAGE, 'utf8');
    const start = page.indexOf(HEADING);
    assert.notEqual(start, -1, `expected ${HEADING} in the page`);
    // HEADWATER_WRITE_TABLE=1 writes the lists.
    if (process.env.HEADWATER_WRITE_TABLE) writeFileSync(PAGE, page.slice(0, start) + section());
    else assert.equal(page.slice(start), section());
  });
});

function section(): string {
  const names = [...TABLE.commands.keys()].map((name) => name.toUpperCase()).sort();
  const different = DIFFERENT.map(([some, how]) => ({ names: some.split(' '), how }));
  const others = new Set([...different.flatMap((row) => row.names), 'HEADWATER']);
  for (const name of others) assert.ok(names.includes(name), `${name} is in the table of the code`);
  return [
    HEADING,
    'As in Redis 7:\n',
    '```text',
    wrapped(names.filter((name) => !others.has(name)).join(' ')),
    '```',
    '\nDifferent:\n',
    ...different.map((row) => wrapped(`- ${list(row.names)}: ${row.how}.`)),
    '\nNot here, with the way to the same end:\n',
    '```text',
    ...absent(new Set(names)),
    '```',
    '',
  ].join('\n');
}

function list(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(' ');
}

/** Lines of words. The lines of an item after its first stand under its text. */
function wrapped(text: string): string {
  const indent = text.startsWith('- ') ? '  ' : '';
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > LINE_CHARACTERS_MAX) {
      lines.push(line);
      line = indent + word;
    } else line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line].join('\n');
}

/** The commands of Redis that are not here, by the way to the same end. */
function absent(here: ReadonlySet<string>): string[] {
  const all = module.createRequire(import.meta.url)('@ioredis/commands/built/commands.json') as object;
  const groups = new Map<string, string[]>();
  for (const name of Object.keys(all)) {
    if (here.has(name.toUpperCase())) continue;
    const request = [Buffer.from(name)];
    const advice = absentCommand(request, name).slice(unknownCommand(request).length);
    groups.set(advice, [...(groups.get(advice) ?? []), name.toUpperCase()]);
  }
  const rows = [...groups].filter(([advice]) => advice !== '');
  return rows.map(([advice, names]) => `${wrapped(names.sort().join(' '))}\n  ${advice}.`);
}
