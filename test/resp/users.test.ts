/** Users of the Redis protocol: AUTH, HELLO and ACL, and what each user may do. */
import assert from 'node:assert/strict';
import { Client, type Node } from '../../src/index.js';
import { eventually } from '../support/cluster.js';
import { RecordingLogger } from '../support/store.js';
import { Door, type Wire } from './door.js';

const OK = '+OK\r\n';
const NO_AUTH = '-NOAUTH Authentication required.\r\n';
const WRONG = '-WRONGPASS invalid username-password pair or user is disabled.\r\n';
const SECRET = 'a long secret';

describe('users of the Redis protocol', () => {
  const door = new Door();
  let logger: RecordingLogger;
  let node: Node;
  let boss: Wire;

  /** A connection of the user. */
  async function as(name: string, secret = SECRET, at = node): Promise<Wire> {
    const wire = door.open(at);
    wire.command('AUTH', name, secret);
    await wire.hears(OK);
    return wire;
  }

  async function makes(...rules: string[]): Promise<void> {
    boss.command('ACL', 'SETUSER', ...rules);
    await boss.hears(OK, rules.join(' '));
  }

  beforeEach(async () => {
    logger = new RecordingLogger();
    node = await door.node({}, { logger });
    const first = door.open(node);
    first.command('ACL', 'SETUSER', 'boss', 'on', `>${SECRET}`, '~*', '&*', '+@all');
    await first.hears(OK);
    boss = await as('boss');
  });
  afterEach(() => door.close());

  it('sign in by AUTH and HELLO, and are refused before that and with a wrong password', async () => {
    const wire = door.open(node);
    await wire.dialogue([
      ['GET a', NO_AUTH],
      ['PING', NO_AUTH],
      ['MULTI', NO_AUTH],
      ['AUTH boss wrong', WRONG],
      ['AUTH nobody wrong', WRONG],
      [`AUTH ${'x'.repeat(12)}`, WRONG],
    ]);
    wire.command('HELLO', '3');
    assert.match((await wire.lines(1))[0] ?? '', /^-NOAUTH HELLO must be called/);
    wire.command('HELLO', '2', 'AUTH', 'boss', 'wrong', 'SETNAME', 'n');
    await wire.hears(WRONG);
    wire.command('HELLO', '2', 'AUTH', 'boss', SECRET, 'SETNAME', 'n');
    assert.equal((await wire.lines(1))[0], '*14');
    const other = await as('boss');
    await other.asks('ACL WHOAMI', '$4\r\nboss\r\n');
    await other.asks('RESET', '+RESET\r\n');
    await other.asks('GET a', NO_AUTH);
  });

  it('with read alone read, and neither write nor administer, in a transaction too', async () => {
    await makes('reader', 'on', `>${SECRET}`, '~*', '+@read');
    const wire = await as('reader');
    const denied = (name: string, role: string) =>
      `-NOPERM the user reader may not do this: ${name} needs the role ${role}\r\n`;
    await wire.dialogue([
      ['GET a', '$-1\r\n'],
      ['SET a 1', denied('set', 'write')],
      ['FLUSHALL', denied('flushall', 'write')],
      ['CONFIG GET *', denied('config|get', 'admin')],
      ['CLIENT LIST', denied('client|list', 'admin')],
      ['ACL LIST', denied('acl|list', 'admin')],
      ['PUBLISH c m', denied('publish', 'publish')],
      ['MULTI', OK],
      ['GET a', '+QUEUED\r\n'],
      ['SET a 1', denied('set', 'write')],
      ['EXEC', '-EXECABORT Transaction discarded because of previous errors.\r\n'],
      ['PING', '+PONG\r\n'],
      ['INFO replication', ''],
    ]);
    const { said } = { said: (pattern: RegExp) => logger.said(pattern, 'warn') };
    assert.equal(said(/^config of .* was refused: NOPERM the user reader may not do this: config\|get/), 1);
  });

  it('with write alone learn no value', async () => {
    await makes('writer', `>${SECRET}`, '~*', '+@write');
    const wire = await as('writer');
    await wire.asks('SET a secret', OK);
    for (const line of [
      'GET a',
      'GETSET a b',
      'SET a b GET',
      'INCR n',
      'GETDEL a',
      'COPY a b',
      'SETBIT a 0 1',
      'EXISTS a',
    ]) {
      wire.send(`${line}\r\n`);
      assert.match((await wire.lines(1))[0] ?? '', /^-NOPERM /, line);
    }
  });

  it('with a prefix touch only their keys and see only them', async () => {
    await makes('app', `>${SECRET}`, '~app:*', '&news:*', '+@read', '+@write', '+publish');
    const wire = await as('app');
    await wire.asks('SET app:1 v', OK);
    const refused = [
      'GET other',
      'MGET app:1 other',
      'RENAME app:1 other',
      'KEYS *',
      'SCAN 0',
      'SCAN 0 MATCH ap*',
      'SCAN 0 MATCH app:* MATCH *',
      'RANDOMKEY',
      'DBSIZE',
      'FLUSHALL',
      'WATCH other',
      'PUBLISH other m',
      'PSUBSCRIBE *',
      'OBJECT ENCODING other',
      'MEMORY USAGE other',
    ];
    for (const line of refused) {
      wire.send(`${line}\r\n`);
      assert.match((await wire.lines(1))[0] ?? '', /^-NOPERM /, line);
    }
    await wire.asks('KEYS app:*', '*1\r\n$5\r\napp:1\r\n');
    await wire.asks('SCAN 0 MATCH app:* COUNT 10', '*2\r\n$1\r\n0\r\n*1\r\n$5\r\napp:1\r\n');
    await wire.asks('SCAN 0 MATCH * MATCH app:*', '*2\r\n$1\r\n0\r\n*1\r\n$5\r\napp:1\r\n');
    await wire.asks('PUBSUB CHANNELS news:*', '*0\r\n');
    await wire.asks('PUBLISH news:1 m', ':0\r\n');
    await wire.asks('PSUBSCRIBE news:*', '*3\r\n$10\r\npsubscribe\r\n$6\r\nnews:*\r\n:1\r\n');
  });

  it('are shown by ACL as rules, without a password or its hash', async () => {
    await makes('app', `>${SECRET}`, '~app:*', '~b:*', '+@read', '+@write');
    boss.command('ACL', 'LIST');
    const lines = (await boss.lines(5)).filter((line) => line.startsWith('user '));
    assert.deepEqual(lines, ['user app on ~app:* ~b:* -@all +@read +@write', 'user boss on ~* &* +@all']);
    await boss.asks('ACL USERS', '*2\r\n$3\r\napp\r\n$4\r\nboss\r\n');
    boss.command('ACL', 'GETUSER', 'app');
    const shown = (await boss.lines(24)).join(' ');
    assert.match(shown, /commands \$\d+ -@all \+@read \+@write/);
    assert.match(shown, /passwords \*0/);
    await boss.asks('ACL DRYRUN app GET app:1', OK);
    boss.command('ACL', 'DRYRUN', 'app', 'CONFIG', 'GET', '*');
    assert.match((await boss.lines(2))[1] ?? '', /config\|get needs the role admin/);
    await boss.asks('ACL DELUSER app nobody', ':1\r\n');
    await boss.asks('ACL GETUSER app', '$-1\r\n');
    boss.command('ACL', 'DELUSER', 'boss');
    assert.match((await boss.lines(1))[0] ?? '', /^-ERR .*another user with the role admin/);
  });

  it('are refused with rules that are no roles and prefixes, and no password is repeated', async () => {
    const wrong = [
      ['+get'],
      ['nopass'],
      ['off'],
      ['#abcdefabcdef'],
      ['<canary-canary'],
      ['~a*b'],
      ['%R~a*'],
      ['>short'],
      ['(+get ~a*)'],
    ];
    for (const rules of wrong) {
      boss.command('ACL', 'SETUSER', 'app', `>${SECRET}`, '~*', '+@read', ...rules);
      const [reply = ''] = await boss.lines(1);
      assert.match(reply, /^-ERR /, rules.join());
      assert.ok(!reply.includes('canary') && !reply.includes('short') && !reply.includes('abcdef'), reply);
    }
    for (const rules of [['+@read'], [`>${SECRET}`, '+@read'], [`>${SECRET}`, '~*'], ['~*', '+@read']]) {
      boss.command('ACL', 'SETUSER', 'new', ...rules);
      assert.match((await boss.lines(1))[0] ?? '', /^-ERR Error in ACL SETUSER modifier/, rules.join(' '));
    }
  });

  it('are not given more than the rules say', async () => {
    const wrong: ReadonlyArray<readonly [rules: string, reason: RegExp]> = [
      ['~app:* +@all', /keys: expected no prefix beside \+@all and \+psync, .* received ~app:\*/],
      ['+@all ~app:*', /keys: expected no prefix/],
      ['&news:* +psync', /channels: expected no prefix .* received &news:\*/],
      ['+@all resetkeys', /keys: expected no prefix .* received resetkeys/],
      ['~* +@all -@write', /rule: expected -@all and the roles that stay, .* received '-@write'/],
      ['~* +@write +@all -@write', /rule: expected -@all and/],
      ['~* +@all -psync', /rule: expected -@all and/],
      ['~* +@read +@write -@dangerous', /rule: expected /],
      ['~app:* +@dangerous', /rule: expected /],
      ['~app:* +@admin', /rule: expected /],
      ['~* ~only:* +@read', /keys: expected resetkeys before another pattern, .* received ~only:\*/],
      ['~* &* &only:* +@read', /channels: expected resetchannels before another pattern/],
      ['resetpass ~* +@read', /password: expected >PASSWORD behind resetpass/],
      ['reset ~* +@read', /password: expected >PASSWORD behind reset,/],
      [`>${'another one'.replace(' ', '-')} ~* +@read`, /password: expected one >PASSWORD/],
    ];
    for (const [rules, reason] of wrong) {
      boss.command('ACL', 'SETUSER', 'app', `>${SECRET}`, ...rules.split(' '));
      assert.match((await boss.lines(1))[0] ?? '', reason, rules);
    }
    await boss.asks('ACL USERS', '*1\r\n$4\r\nboss\r\n');
    await makes('app', 'reset', `>${SECRET}`, '~*', '&*', '+@read');
    await makes('app', 'resetkeys', '~app:*', '~b:*');
    await makes('app', '+@write', '-@write', 'resetpass', '>the next secret');
    for (const rules of ['+@all', '+psync', 'resetpass', 'reset +@read ~*', '&only:*']) {
      boss.command('ACL', 'SETUSER', 'app', ...rules.split(' '));
      assert.match((await boss.lines(1))[0] ?? '', /^-ERR Error in ACL SETUSER modifier/, rules);
    }
    await as('app', 'the next secret');
    boss.command('ACL', 'LIST');
    assert.equal((await boss.lines(5))[2], 'user app on ~app:* ~b:* &* -@all +@read');
    await makes('app', '~*', '+@all');
  });

  it('get no keys and channels by a role that they were made without', async () => {
    await makes('app', `>${SECRET}`, '&news:*', '+publish');
    for (const rules of [['+@read'], ['+@write']]) {
      boss.command('ACL', 'SETUSER', 'app', ...rules);
      assert.match((await boss.lines(1))[0] ?? '', /keys: expected ~\* for all keys, or ~PREFIX\*, received none/);
    }
    await makes('app', '~app:*', '+@read');
    await makes('none', `>${SECRET}`, '~*', '+@read');
    await makes('none', '+@all');
    boss.command('ACL', 'LIST');
    const lines = (await boss.lines(7)).filter((line) => line.startsWith('user '));
    assert.deepEqual(lines.slice(0, 1), ['user app on ~app:* &news:* -@all +publish +@read']);
    assert.deepEqual(lines.slice(2), ['user none on ~* &* +@all']);
  });

  it('leave MONITOR and their subscriptions when another signs in on the connection', async () => {
    await makes('app', `>${SECRET}`, '~*', '&news:*', '+@read');
    const [monitor, subscriber] = [await as('boss'), await as('boss')];
    await monitor.asks('MONITOR', OK);
    subscriber.command('HELLO', '3');
    assert.equal((await subscriber.lines(26)).length, 26);
    await subscriber.asks('SUBSCRIBE hidden', '>3\r\n$9\r\nsubscribe\r\n$6\r\nhidden\r\n:1\r\n');
    // The same user may sign in again.
    subscriber.command('AUTH', 'boss', SECRET);
    await subscriber.hears(OK);
    await boss.asks('PUBLISH hidden 1', ':1\r\n');
    await subscriber.hears('>3\r\n$7\r\nmessage\r\n$6\r\nhidden\r\n$1\r\n1\r\n');
    for (const wire of [monitor, subscriber]) wire.command('AUTH', 'app', SECRET);
    await monitor.readsUpTo(OK);
    await subscriber.hears(OK);
    await boss.asks('PUBLISH hidden 2', ':0\r\n');
    await boss.asks('SET k secret', OK);
    for (const wire of [monitor, subscriber]) await wire.asks('GET none', wire === monitor ? '$-1\r\n' : '_\r\n');
  });

  it('keep no right of the user before in a transaction in which they sign in', async () => {
    await makes('app', `>${SECRET}`, '~*', '&news:*', '+@read', '+publish');
    const wire = await as('boss');
    await wire.asks('MULTI', OK);
    wire.command('AUTH', 'app', SECRET);
    for (const line of ['ACL USERS', 'PUBLISH hidden m', 'PUBLISH news:1 m', 'EXEC']) wire.send(`${line}\r\n`);
    const replies = await wire.lines(9);
    assert.deepEqual(replies.slice(0, 6), [...Array(4).fill('+QUEUED'), '*4', '+OK']);
    assert.match(replies[6] ?? '', /^-NOPERM .* acl\|users needs the role admin/);
    assert.match(replies[7] ?? '', /^-NOPERM .* only channels that begin with "news:"/);
    assert.equal(replies[8], ':0');
  });

  it('with a prefix keep their connection behind a pattern that is wrong', async () => {
    await makes('app', `>${SECRET}`, '~app:*', '&news:*', '+@read');
    const wire = await as('app');
    const long = 'x'.repeat(5_000);
    const wrong: ReadonlyArray<readonly [words: readonly string[], reply: RegExp]> = [
      [['KEYS', `app:${long}`], /^-ERR .*pattern.* 4096 bytes.* 5004/],
      [['SCAN', '0', 'MATCH', `app:${long}`], /^-ERR .*pattern.* 4096 bytes.* 5004/],
      [['SCAN', '0', 'MATCH', 'app:*', 'COUNT'], /^-ERR syntax error/],
      [['PSUBSCRIBE', `news:${long}`], /^-ERR .*pattern.* 4096 bytes.* 5005/],
    ];
    for (const [words, reply] of wrong) {
      wire.command(...words);
      assert.match((await wire.lines(1))[0] ?? 'closed', reply, words[0]);
    }
    await wire.asks('MULTI', OK);
    wire.command('KEYS', long);
    assert.match((await wire.lines(1))[0] ?? 'closed', /^-ERR /);
    await wire.asks('EXEC', '-EXECABORT Transaction discarded because of previous errors.\r\n');
    await boss.asks('ACL DRYRUN app PUBSUB NONE', "-ERR unknown subcommand 'NONE'. Try PUBSUB HELP.\r\n");
    for (const line of ['KEYS', 'KEYS a b', 'PUBLISH a', 'GET'])
      await boss.asks(
        `ACL DRYRUN app ${line}`,
        `-ERR wrong number of arguments for '${line.split(' ')[0]?.toLowerCase()}' command\r\n`,
      );
  });

  it('are asked to come later while many secrets are checked, not told of a lack of memory', async () => {
    const wires = Array.from({ length: 80 }, () => door.open(node));
    for (const [i, wire] of wires.entries()) wire.command('AUTH', `nobody-${i}`, 'a wrong secret');
    boss.command('ACL', 'SETUSER', 'app', `>${SECRET}`, '~*', '+@read');
    const replies = [...(await Promise.all(wires.map((wire) => wire.lines(1)))), await boss.lines(1)].flat();
    const others = replies.filter((reply) => !`${reply}\r\n`.startsWith(WRONG) && reply !== '+OK');
    assert.ok(others.length > 0);
    for (const reply of others)
      assert.match(reply, /^-BUSY too many secrets wait to be checked: expected at most 4 from one address/);
  });

  it('lose their connections when they are changed or revoked, subscribers and blocked ones too', async () => {
    await makes('app', `>${SECRET}`, '~*', '&*', '+@read');
    const [plain, subscriber] = [await as('app'), await as('app')];
    await subscriber.asks('SUBSCRIBE c', '*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n');
    const began = performance.now();
    await boss.asks('ACL DELUSER app', ':1\r\n');
    await Promise.all([plain.all(), subscriber.all()]);
    assert.ok(performance.now() - began < 1_000);
    await boss.asks('PING', '+PONG\r\n');
  });

  it('are asked for as soon as they are in force, on connections that were open before', async () => {
    const other = await door.node();
    const [before, listening] = [door.open(other), door.open(other)];
    await before.asks('SET a 1', OK);
    await listening.asks('MONITOR', OK);
    const client = await Client.connect(other.address);
    await client.users.create('boss', { roles: ['admin'], secret: SECRET });
    await client.close({ timeoutMs: 0 });
    await before.asks('GET a', NO_AUTH);
    await listening.all();
  });

  it('have little memory before they sign in', async () => {
    const wire = door.open(node);
    wire.send(`*2\r\n$3\r\nGET\r\n$${17 * 1024}\r\n`);
    assert.match((await wire.lines(1))[0] ?? '', /^-ERR /);
    await wire.all();
    const signed = await as('boss');
    signed.command('SET', 'a', 'x'.repeat(100_000));
    await signed.hears(OK);
  });

  it('are the users of CLIENT LIST and CLIENT KILL', async () => {
    await makes('app', `>${SECRET}`, '~*', '+@read');
    const wire = await as('app');
    boss.command('CLIENT', 'LIST');
    const [, text = ''] = await boss.lines(2);
    const lines = text.split('\n');
    assert.equal(lines.filter((line) => / user=app /.test(line)).length, 1);
    boss.command('CLIENT', 'KILL', 'USER', 'app');
    await boss.hears(':1\r\n');
    await wire.all();
    boss.command('CLIENT', 'KILL', 'USER', 'nobody');
    await boss.hears("-ERR No such user 'nobody'\r\n");
  });

  it('are known to a follower that forwards writes, and the leader decides about them', async () => {
    const leader = await door.node();
    const follower = await door.follower(leader, { forwardWrites: true });
    const client = await Client.connect(leader.address);
    await client.users.create('reader', { roles: ['read'], secret: SECRET });
    await client.users.create('app', { roles: ['read', 'write'], secret: SECRET });
    const wire = door.open(follower);
    await eventually('the user', async () => {
      wire.command('AUTH', 'app', SECRET);
      return (await wire.lines(1))[0] === '+OK';
    });
    await wire.asks('SET a 1', OK);
    await wire.asks('GET a', '$1\r\n1\r\n');
    const reader = await as('reader', SECRET, follower);
    reader.command('SET', 'a', '2');
    assert.match((await reader.lines(1))[0] ?? '', /^-NOPERM /);
    await client.close();
  });
});
