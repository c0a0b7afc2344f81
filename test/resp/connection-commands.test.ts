/** Commands about the connection itself: byte for byte as Redis 7 answers them, but for the version. */
import assert from 'node:assert/strict';
import { Door } from './door.js';

const WELCOME_FIELDS = [
  ['server', 'redis'],
  ['version', '7.2.4'],
] as const;

/** The reply to HELLO, for a leader. */
function welcome(version: 2 | 3, id: number, role = 'master'): string {
  const text = (value: string) => `$${value.length}\r\n${value}\r\n`;
  const fields = [...WELCOME_FIELDS.flat().map(text), text('proto'), `:${version}\r\n`, text('id'), `:${id}\r\n`];
  const rest = ['mode', 'standalone', 'role', role, 'modules'].map(text);
  return [version === 3 ? '%7\r\n' : '*14\r\n', ...fields, ...rest, '*0\r\n'].join('');
}

describe('commands about the connection of a Redis client', () => {
  const door = new Door();
  afterEach(() => door.close());

  it('HELLO welcomes, and speaks the version that it was asked for from its own reply on', async () => {
    const node = await door.node();
    const requests =
      'HELLO\r\nHELLO 3 SETNAME bob\r\nCLIENT GETNAME\r\nGET none\r\nHELLO 2 AUTH default any\r\nGET none\r\n';
    const replies = [welcome(2, 1), welcome(3, 1), '$3\r\nbob\r\n', '_\r\n', welcome(2, 1), '$-1\r\n'];
    assert.equal(await door.exchange(node, requests), replies.join(''));
  });

  it('HELLO refuses a version, an option, a user or a name, and changes nothing then', async () => {
    const node = await door.node();
    const refusals: Array<[string, string]> = [
      ['HELLO x', 'ERR Protocol version is not an integer or out of range'],
      ['HELLO 4', 'NOPROTO unsupported protocol version'],
      ['HELLO 3 SETNAME', "ERR Syntax error in HELLO option 'SETNAME'"],
      ['HELLO 3 AUTH default', "ERR Syntax error in HELLO option 'AUTH'"],
      ['HELLO 3 foo', "ERR Syntax error in HELLO option 'foo'"],
      ['HELLO 3 AUTH bob x', 'WRONGPASS invalid username-password pair or user is disabled.'],
      ['HELLO 3 SETNAME "a b"', 'ERR Client names cannot contain spaces, newlines or special characters.'],
    ];
    const requests = refusals.map(([request]) => `${request}\r\n`).join('');
    const replies = refusals.map(([, sentence]) => `-${sentence}\r\n`).join('');
    assert.equal(await door.exchange(node, `${requests}GET none\r\nCLIENT GETNAME\r\n`), `${replies}$-1\r\n$-1\r\n`);
  });

  it('AUTH takes any password of the one user, and names a password that nobody asked for', async () => {
    const node = await door.node();
    assert.equal(
      await door.exchange(node, 'AUTH x\r\nAUTH default x\r\nAUTH bob x\r\nAUTH a b c\r\nAUTH\r\n'),
      [
        '-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
        '+OK',
        '-WRONGPASS invalid username-password pair or user is disabled.',
        '-ERR syntax error',
        "-ERR wrong number of arguments for 'auth' command",
        '',
      ].join('\r\n'),
    );
  });

  it('SELECT takes database 0, which is the only one', async () => {
    const node = await door.node();
    assert.equal(
      await door.exchange(node, 'SELECT 0\r\nSELECT 1\r\nSELECT -1\r\nSELECT x\r\nSELECT 99999999999\r\n'),
      [
        '+OK',
        '-ERR DB index is out of range',
        '-ERR DB index is out of range',
        '-ERR value is not an integer or out of range',
        '-ERR value is out of range, value must between -2147483648 and 2147483647',
        '',
      ].join('\r\n'),
    );
  });

  it('RESET returns to RESP2 and forgets the name', async () => {
    const node = await door.node();
    const requests = 'HELLO 3 SETNAME bob\r\nRESET\r\nCLIENT GETNAME\r\n';
    assert.equal(await door.exchange(node, requests), `${welcome(3, 1)}+RESET\r\n$-1\r\n`);
  });

  it('PING and ECHO give back what they were given', async () => {
    const node = await door.node();
    assert.equal(
      await door.exchange(node, 'PING\r\nPING "a\\r\\nb"\r\nPING a b\r\nECHO a\r\nECHO\r\n'),
      "+PONG\r\n$4\r\na\r\nb\r\n-ERR wrong number of arguments for 'ping' command\r\n$1\r\na\r\n-ERR wrong number of arguments for 'echo' command\r\n",
    );
  });
});

describe('the name, number and library of a Redis client', () => {
  const door = new Door();
  afterEach(() => door.close());

  it('CLIENT ID counts the connections of a node', async () => {
    const node = await door.node();
    assert.equal(await door.exchange(node, 'CLIENT ID\r\n'), ':1\r\n');
    assert.equal(await door.exchange(node, 'CLIENT ID\r\n'), ':2\r\n');
  });

  it('CLIENT SETNAME takes one printable word, and an empty one takes the name away', async () => {
    const node = await door.node();
    const requests = ['GETNAME', 'SETNAME bob', 'SETNAME "a b"', 'SETNAME "\\n"', 'GETNAME', 'SETNAME ""', 'GETNAME'];
    const refusal = '-ERR Client names cannot contain spaces, newlines or special characters.';
    assert.equal(
      await door.exchange(node, requests.map((request) => `CLIENT ${request}\r\n`).join('')),
      ['$-1', '+OK', refusal, refusal, '$3\r\nbob', '+OK', '$-1', ''].join('\r\n'),
    );
  });

  it('CLIENT SETINFO takes the name and the version of a library, and nothing else', async () => {
    const node = await door.node();
    const requests = ['lib-name mine', 'LIB-VER 1.2.3', 'lib-name "a b"', 'foo x', 'lib-name'];
    assert.equal(
      await door.exchange(node, requests.map((request) => `CLIENT SETINFO ${request}\r\n`).join('')),
      [
        '+OK',
        '+OK',
        '-ERR lib-name cannot contain spaces, newlines or special characters.',
        "-ERR Unrecognized option 'foo'",
        "-ERR wrong number of arguments for 'client|setinfo' command",
        '',
      ].join('\r\n'),
    );
  });
});
