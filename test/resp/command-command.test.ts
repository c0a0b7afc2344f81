/** COMMAND: the commands of the table as clients read them, in the shapes of Redis 7. */
import assert from 'node:assert/strict';
import { noteOn } from '../../src/resp/table/command-notes.js';
import { parseSyntax } from '../../src/resp/table/command-syntax.js';
import { TABLE } from '../../src/resp/table/table.js';
import { list } from './conversation.js';
import { Door } from './door.js';

const ENTRIES = [...TABLE.commands.values()].flatMap((entry) => [entry, ...entry.subcommands.values()]);

describe('every command of the table', () => {
  it('has facts, and a note with a sentence and arguments that can be read', () => {
    for (const entry of ENTRIES) {
      const note = noteOn(entry);
      assert.ok(note, `expected a note on '${entry.name}' in src/resp/table/notes/, received none. Write one`);
      assert.match(
        note.since,
        entry.name.startsWith('headwater') ? /^Headwater \d+\.\d+\.\d+$/ : /^\d+\.\d+\.\d+$/,
        entry.name,
      );
      assert.match(note.summary, /^[A-Z].*\.$/, entry.name);
      assert.ok(entry.facts.arity !== 0);
      // A command whose number of arguments is bounded from below has arguments to describe.
      const needsNone = entry.facts.arity === 1 || entry.facts.arity === -1 || entry.subcommands.size > 0;
      if (!needsNone && !entry.name.includes('|')) assert.ok(parseSyntax(note.syntax).length > 0, entry.name);
    }
  });
});

describe('COMMAND', () => {
  const door = new Door();
  afterEach(() => door.close());

  it('INFO describes a command as Redis does, in both versions of the protocol', async () => {
    const wire = door.open(await door.node());
    const get = (version: 2 | 3) => {
      const [set, map] =
        version === 3 ? ['~', (pairs: number) => `%${pairs}`] : ['*', (pairs: number) => `*${pairs * 2}`];
      return [
        '*10\r\n$3\r\nget\r\n:2\r\n',
        `${set}2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n`,
        `${set}3\r\n+@read\r\n+@string\r\n+@fast\r\n${set}0\r\n${set}1\r\n`,
        `${map(3)}\r\n$5\r\nflags\r\n${set}2\r\n+RO\r\n+access\r\n`,
        `$12\r\nbegin_search\r\n${map(2)}\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n${map(1)}\r\n$5\r\nindex\r\n:1\r\n`,
        `$9\r\nfind_keys\r\n${map(2)}\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n`,
        `${map(3)}\r\n$7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n${set}0\r\n`,
      ].join('');
    };
    await wire.asks('COMMAND INFO GET nosuch get|x client|foo', `*4\r\n${get(2)}$-1\r\n$-1\r\n$-1\r\n`);
    wire.send('HELLO 3\r\n');
    await wire.readsUpTo('modules\r\n*0\r\n');
    await wire.asks('COMMAND INFO get', `*1\r\n${get(3)}`);
    const list = [
      '*1\r\n*10\r\n$11\r\nclient|list\r\n:-2\r\n~4\r\n+admin\r\n+noscript\r\n+loading\r\n+stale\r\n:0\r\n:0\r\n:0\r\n',
      '~4\r\n+@admin\r\n+@slow\r\n+@dangerous\r\n+@connection\r\n~1\r\n$23\r\nnondeterministic_output\r\n~0\r\n~0\r\n',
    ];
    await wire.asks('COMMAND INFO client|list', list.join(''));
  });

  it('counts and describes all commands', async () => {
    const node = await door.node();
    const size = TABLE.commands.size;
    assert.equal(await door.exchange(node, 'COMMAND COUNT\r\n'), `:${size}\r\n`);
    const all = await door.exchange(node, 'COMMAND\r\n');
    assert.ok(all.startsWith(`*${size}\r\n*10\r\n`));
    assert.equal(await door.exchange(node, 'COMMAND INFO\r\n'), all);
    assert.ok((await door.exchange(node, 'COMMAND DOCS\r\n')).startsWith(`*${size * 2}\r\n`));
  });

  it('DOCS has a sentence, the group and the arguments, and leaves unknown commands out', async () => {
    const wire = door.open(await door.node());
    const key = '*4\r\n$4\r\nname\r\n$3\r\nkey\r\n$4\r\ntype\r\n$3\r\nkey\r\n';
    await wire.asks(
      'COMMAND DOCS get nosuch',
      `*2\r\n$3\r\nget\r\n*8\r\n$7\r\nsummary\r\n$27\r\nReturns the value of a key.\r\n$5\r\nsince\r\n$5\r\n1.0.0\r\n$5\r\ngroup\r\n$6\r\nstring\r\n$9\r\narguments\r\n*1\r\n${key}`,
    );
    await wire.asks('COMMAND DOCS nosuch', '*0\r\n');
    const own = await door.exchange(await door.node(), 'COMMAND DOCS headwater\r\n');
    assert.equal(own.match(/\r\nsince\r\n\$\d+\r\nHeadwater \d+\.\d+\.\d+\r\n/g)?.length, 7);
    assert.equal(own.match(/\r\nsince\r\n/g)?.length, 7);
  });

  it('LIST has all names, or those that a filter is true for', async () => {
    const wire = door.open(await door.node());
    await wire.asks('COMMAND LIST', `*${ENTRIES.length}\r\n`);
    const node = await door.node();
    const listed = (filter: string) => door.exchange(node, `COMMAND LIST FILTERBY ${filter}\r\n`);
    assert.equal(await listed('PATTERN SET'), list('set'));
    assert.equal(await listed('PATTERN config|*re*'), list('config|resetstat', 'config|rewrite'));
    assert.equal(await listed('PATTERN nosuch*'), '*0\r\n');
    assert.match(await listed('ACLCAT transaction'), /\r\nexec\r\n/);
    assert.equal(await listed('ACLCAT nosuch'), '*0\r\n');
    assert.equal(await listed('MODULE x'), '*0\r\n');
    for (const wrong of ['foo', 'foo bar', 'PATTERN', 'PATTERN a b'])
      assert.equal(await listed(wrong), '-ERR syntax error\r\n');
    assert.equal(await door.exchange(node, 'COMMAND LIST x\r\n'), '-ERR syntax error\r\n');
  });

  it('GETKEYS and GETKEYSANDFLAGS find the keys of a command', async () => {
    const wire = door.open(await door.node());
    await wire.asks('COMMAND GETKEYS GET a', list('a'));
    await wire.asks('COMMAND GETKEYS MSET a 1 b 2', list('a', 'b'));
    await wire.asks('COMMAND GETKEYS MGET a b c', list('a', 'b', 'c'));
    await wire.asks('COMMAND GETKEYS BITOP NOT a b', list('a', 'b'));
    await wire.asks('COMMAND GETKEYS OBJECT ENCODING a', list('a'));
    await wire.asks('COMMAND GETKEYS LCS a b', list('a', 'b'));
    const used = (key: string, ...use: string[]) =>
      `*2\r\n$${key.length}\r\n${key}\r\n*${use.length}\r\n${use.map((word) => `+${word}\r\n`).join('')}`;
    await wire.asks('COMMAND GETKEYSANDFLAGS SET a 1', `*1\r\n${used('a', 'OW', 'update')}`);
    await wire.asks('COMMAND GETKEYSANDFLAGS SET a 1 GET', `*1\r\n${used('a', 'RW', 'access', 'update')}`);
    await wire.asks('COMMAND GETKEYSANDFLAGS BITFIELD a GET u8 0', `*1\r\n${used('a', 'RO', 'access')}`);
    await wire.asks(
      'COMMAND GETKEYSANDFLAGS RENAME a b',
      `*2\r\n${used('a', 'RW', 'access', 'delete')}${used('b', 'OW', 'update')}`,
    );
  });

  it('GETKEYS refuses what is no command, has no keys, or the wrong number of arguments', async () => {
    const wire = door.open(await door.node());
    await wire.asks('COMMAND GETKEYS nosuch a', '-ERR Invalid command specified\r\n');
    await wire.asks('COMMAND GETKEYS OBJECT foo a', '-ERR Invalid command specified\r\n');
    await wire.asks('COMMAND GETKEYS PING a', '-ERR The command has no key arguments\r\n');
    await wire.asks('COMMAND GETKEYS GET a b', '-ERR Invalid number of arguments specified for command\r\n');
    await wire.asks('COMMAND GETKEYS', "-ERR wrong number of arguments for 'command|getkeys' command\r\n");
    await wire.asks('COMMAND foo', "-ERR unknown subcommand 'foo'. Try COMMAND HELP.\r\n");
  });
});

describe('the notation of arguments', () => {
  const leaf = (name: string, type = 'string') => ({ name, type, parts: [] });

  it('has options, choices, words, types and repetition', () => {
    assert.deepEqual(parseSyntax('key [EX seconds:integer|PERSIST] (a b) ... [GET pattern +++]'), [
      leaf('key', 'key'),
      {
        name: 'choice',
        type: 'oneof',
        isOptional: true,
        parts: [
          { ...leaf('seconds', 'integer'), token: 'EX' },
          { ...leaf('persist', 'pure-token'), token: 'PERSIST' },
        ],
      },
      { name: 'group', type: 'block', parts: [leaf('a'), leaf('b')], isRepeated: true },
      { ...leaf('pattern', 'pattern'), token: 'GET', isRepeated: 'with_token', isOptional: true },
    ]);
  });
});
