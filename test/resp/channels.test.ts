/**
 * Channels for Redis clients: the conversations of subscribers and publishers, byte for byte as redis-server leads them,
 * and what is Headwater's own: messages go to every node, and slow readers are closed at a bound.
 */
import assert from 'node:assert/strict';
import { eventually } from '../../benchmarks/waiting.js';
import { parseAddress } from '../../src/base/address.js';
import { HeadwaterError } from '../../src/base/errors.js';
import { PUSHED_BYTES_MAX, SENDS_IN_TURN_MAX, SUBSCRIPTIONS_CONNECTION_BYTES_MAX } from '../../src/base/limits.js';
import { silentLogger } from '../../src/base/logger.js';
import { Client } from '../../src/client/index.js';
import type { Node } from '../../src/index.js';
import { Channels } from '../../src/resp/channels/channels.js';
import { Listener } from '../../src/resp/channels/listener.js';
import { PushMemory } from '../../src/resp/channels/pushes.js';
import { TestClock, until } from '../support/clock.js';
import { isInstalled, skipUnless } from '../support/installed.js';
import { RedisServer } from '../support/redis-server.js';
import { converse, list, push, type Turn } from './conversation.js';
import { Door, request } from './door.js';

const LIMITED = (name: string) =>
  `-ERR Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n`;
const ARITY = (name: string) => `-ERR wrong number of arguments for '${name}' command\r\n`;

const CONVERSATIONS: Record<string, readonly Turn[]> = {
  'a subscriber of channels': [
    ['A', 'SUBSCRIBE a b a', { A: list('subscribe', 'a', 1) + list('subscribe', 'b', 2) + list('subscribe', 'a', 2) }],
    ['B', 'PUBLISH a 1', { B: ':1\r\n', A: list('message', 'a', '1') }],
    ['B', 'PUBLISH c 1', { B: ':0\r\n' }],
    ['A', 'UNSUBSCRIBE z', { A: list('unsubscribe', 'z', 2) }],
    ['A', 'UNSUBSCRIBE a', { A: list('unsubscribe', 'a', 1) }],
    ['B', 'PUBLISH a 2', { B: ':0\r\n' }],
    ['A', 'UNSUBSCRIBE', { A: list('unsubscribe', 'b', 0) }],
    ['A', 'UNSUBSCRIBE', { A: list('unsubscribe', null, 0) }],
    ['A', 'GET x', { A: '$-1\r\n' }],
    ['A', 'SUBSCRIBE c', { A: list('subscribe', 'c', 1) }],
    ['A', 'EXEC', { A: LIMITED('exec').replace('-ERR', '-EXECABORT Transaction discarded because of:') }],
    ['A', 'UNSUBSCRIBE c', { A: list('unsubscribe', 'c', 0) }],
    ['A', 'SUBSCRIBE', { A: ARITY('subscribe') }],
    ['A', 'PUBLISH a', { A: ARITY('publish') }],
  ],
  'a subscriber of patterns': [
    ['A', 'SUBSCRIBE news', { A: list('subscribe', 'news', 1) }],
    ['A', 'PSUBSCRIBE n* *', { A: list('psubscribe', 'n*', 2) + list('psubscribe', '*', 3) }],
    ['B', 'PSUBSCRIBE n*', { B: list('psubscribe', 'n*', 1) }],
    ['C', 'PUBLISH old 1', { C: ':1\r\n', A: list('pmessage', '*', 'old', '1') }],
    ['A', 'PUNSUBSCRIBE *', { A: list('punsubscribe', '*', 2) }],
    [
      'C',
      'PUBLISH news 2',
      {
        C: ':3\r\n',
        A: list('message', 'news', '2') + list('pmessage', 'n*', 'news', '2'),
        B: list('pmessage', 'n*', 'news', '2'),
      },
    ],
    ['A', 'PUNSUBSCRIBE q r', { A: list('punsubscribe', 'q', 2) + list('punsubscribe', 'r', 2) }],
    ['A', 'PUNSUBSCRIBE', { A: list('punsubscribe', 'n*', 1) }],
    ['A', 'PUNSUBSCRIBE', { A: list('punsubscribe', null, 1) }],
    ['B', "PSUBSCRIBE * ''", { B: list('psubscribe', '*', 2) + list('psubscribe', '', 3) }],
    ['C', "PUBLISH '' 3", { C: ':1\r\n', B: list('pmessage', '', '', '3') }],
    ['C', 'PUBLISH x 4', { C: ':1\r\n', B: list('pmessage', '*', 'x', '4') }],
  ],
  'shard channels, which are names of their own': [
    [
      'A',
      'SSUBSCRIBE x y x',
      { A: list('ssubscribe', 'x', 1) + list('ssubscribe', 'y', 2) + list('ssubscribe', 'x', 2) },
    ],
    ['A', 'SUBSCRIBE x', { A: list('subscribe', 'x', 1) }],
    ['A', 'PSUBSCRIBE *x', { A: list('psubscribe', '*x', 2) }],
    ['B', 'SPUBLISH x 1', { B: ':1\r\n', A: list('smessage', 'x', '1') }],
    ['B', 'PUBLISH y 2', { B: ':0\r\n' }],
    ['B', 'SPUBLISH z 3', { B: ':0\r\n' }],
    ['B', 'PUBLISH x 4', { B: ':2\r\n', A: list('message', 'x', '4') + list('pmessage', '*x', 'x', '4') }],
    ['B', 'PUBSUB SHARDNUMSUB x z', { B: list('x', 1, 'z', 0) }],
    ['A', 'SUNSUBSCRIBE x', { A: list('sunsubscribe', 'x', 1) }],
    ['A', 'SUNSUBSCRIBE', { A: list('sunsubscribe', 'y', 0) }],
    ['A', 'SUNSUBSCRIBE', { A: list('sunsubscribe', null, 0) }],
    ['A', 'SUNSUBSCRIBE q', { A: list('sunsubscribe', 'q', 0) }],
  ],
  'the few commands that a subscriber in RESP2 may use': [
    ['A', 'PING', { A: '+PONG\r\n' }],
    ['A', 'SUBSCRIBE a', { A: list('subscribe', 'a', 1) }],
    ['A', 'PING', { A: list('pong', '') }],
    ['A', 'PING hi', { A: list('pong', 'hi') }],
    ['A', 'PING a b', { A: ARITY('ping') }],
    ['A', 'GET x', { A: LIMITED('get') }],
    ['A', 'Get', { A: ARITY('get') }],
    ['A', 'HELLO 3', { A: LIMITED('hello') }],
    ['A', 'CLIENT ID', { A: LIMITED('client|id') }],
    ['A', 'PUBLISH a 1', { A: LIMITED('publish') }],
    ['A', 'nope x', { A: "-ERR unknown command 'nope', with args beginning with: 'x' \r\n" }],
    ['A', 'RESET', { A: '+RESET\r\n' }],
    ['A', 'GET x', { A: '$-1\r\n' }],
    ['A', 'PUBLISH a 1', { A: ':0\r\n' }],
    ['A', 'SSUBSCRIBE s', { A: list('ssubscribe', 's', 1) }],
    ['A', 'GET x', { A: LIMITED('get') }],
  ],
  'a subscriber in RESP3, which may use every command and publish to itself': [
    ['A', 'HELLO 3', {}],
    ['A', 'SUBSCRIBE a b', { A: push('subscribe', 'a', 1) + push('subscribe', 'b', 2) }],
    ['A', 'PUBLISH a self', { A: `${push('message', 'a', 'self')}:1\r\n` }],
    ['A', 'PSUBSCRIBE a*', { A: push('psubscribe', 'a*', 3) }],
    ['A', 'PUBLISH a self', { A: `${push('message', 'a', 'self') + push('pmessage', 'a*', 'a', 'self')}:2\r\n` }],
    ['A', 'SSUBSCRIBE a', { A: push('ssubscribe', 'a', 1) }],
    ['A', 'SPUBLISH a self', { A: `${push('smessage', 'a', 'self')}:1\r\n` }],
    ['A', 'PING', { A: '+PONG\r\n' }],
    ['A', 'GET x', { A: '_\r\n' }],
    ['B', 'SUBSCRIBE a', { B: list('subscribe', 'a', 1) }],
    [
      'C',
      'PUBLISH a 1',
      { C: ':3\r\n', A: push('message', 'a', '1') + push('pmessage', 'a*', 'a', '1'), B: list('message', 'a', '1') },
    ],
    ['A', 'SUNSUBSCRIBE', { A: push('sunsubscribe', 'a', 0) }],
    ['A', 'SUNSUBSCRIBE', { A: push('sunsubscribe', null, 0) }],
    ['A', 'PUNSUBSCRIBE', { A: push('punsubscribe', 'a*', 2) }],
    ['A', 'UNSUBSCRIBE a', { A: push('unsubscribe', 'a', 1) }],
    ['A', 'UNSUBSCRIBE b', { A: push('unsubscribe', 'b', 0) }],
  ],
  'looks at the subscriptions': [
    ['A', 'SUBSCRIBE abc', { A: list('subscribe', 'abc', 1) }],
    ['A', 'PSUBSCRIBE p* q*', { A: list('psubscribe', 'p*', 2) + list('psubscribe', 'q*', 3) }],
    ['B', 'PSUBSCRIBE p*', { B: list('psubscribe', 'p*', 1) }],
    ['B', 'SUBSCRIBE abc', { B: list('subscribe', 'abc', 2) }],
    ['B', 'SSUBSCRIBE s1', { B: list('ssubscribe', 's1', 1) }],
    ['C', 'PUBSUB CHANNELS', { C: list('abc') }],
    ['C', 'PUBSUB channels a?c', { C: list('abc') }],
    ['C', 'PUBSUB CHANNELS b*', { C: list() }],
    ['C', "PUBSUB CHANNELS ''", { C: list() }],
    ['C', 'PUBSUB NUMSUB abc d', { C: list('abc', 2, 'd', 0) }],
    ['C', 'PUBSUB NUMSUB', { C: list() }],
    ['C', 'PUBSUB NUMPAT', { C: ':2\r\n' }],
    ['C', 'PUBSUB SHARDCHANNELS', { C: list('s1') }],
    ['C', 'PUBSUB SHARDCHANNELS x*', { C: list() }],
    ['C', 'PUBSUB SHARDNUMSUB', { C: list() }],
    ['C', 'PUBSUB', { C: ARITY('pubsub') }],
    [
      'C',
      'PUBSUB CHANNELS a b',
      { C: "-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.\r\n" },
    ],
    ['C', 'PUBSUB NUMPAT x', { C: ARITY('pubsub|numpat') }],
    ['C', 'PUBSUB nope', { C: "-ERR unknown subcommand 'nope'. Try PUBSUB HELP.\r\n" }],
    ['C', 'PUBSUB HELP x', { C: ARITY('pubsub|help') }],
    ['C', 'PUBSUB HELP', { C: HELP() }],
  ],
  'the channel of Sentinel': [
    ['A', 'SUBSCRIBE __sentinel__:hello', { A: list('subscribe', '__sentinel__:hello', 1) }],
    [
      'B',
      'PUBLISH __sentinel__:hello 127.0.0.1,26379',
      { B: ':1\r\n', A: list('message', '__sentinel__:hello', '127.0.0.1,26379') },
    ],
  ],
};

function HELP(): string {
  const lines = [
    'PUBSUB <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
    'CHANNELS [<pattern>]',
    "    Return the currently active channels matching a <pattern> (default: '*').",
    'NUMPAT',
    '    Return number of subscriptions to patterns.',
    'NUMSUB [<channel> ...]',
    '    Return the number of subscribers for the specified channels, excluding',
    '    pattern subscriptions(default: no channels).',
    'SHARDCHANNELS [<pattern>]',
    "    Return the currently active shard level channels matching a <pattern> (default: '*').",
    'SHARDNUMSUB [<shardchannel> ...]',
    '    Return the number of subscribers for the specified shard level channel(s)',
    'HELP',
    '    Prints this help.',
  ];
  return `*${lines.length}\r\n${lines.map((line) => `+${line}\r\n`).join('')}`;
}

describe('channels for Redis clients', () => {
  const door = new Door();
  afterEach(() => door.close());

  for (const [name, turns] of Object.entries(CONVERSATIONS)) {
    it(`has the bytes of Redis for ${name}`, async () => {
      const node = await door.node();
      await converse({ host: '127.0.0.1', port: parseAddress(node.address).port }, turns);
    });
  }

  it('has the bytes that redis-server sends', async function () {
    this.timeout(120_000);
    skipUnless(this, isInstalled('redis-server', '--version'), 'redis-server');
    await using redis = await RedisServer.start();
    for (const turns of Object.values(CONVERSATIONS)) await converse({ path: redis.path }, turns);
  });

  it('confirms a subscription only when messages reach it', async () => {
    const node = await door.node();
    const wire = door.open(node);
    // The node begins its reader anew each time, since nobody else subscribes.
    for (let i = 0; i < 50; i++) {
      const other = door.open(node);
      wire.command('SUBSCRIBE', 'a');
      await wire.reads(list('subscribe', 'a', 1));
      other.command('PUBLISH', 'a', String(i));
      await wire.hears(list('message', 'a', String(i)));
      await other.hears(':1\r\n');
      wire.command('UNSUBSCRIBE', 'a');
      await wire.reads(list('unsubscribe', 'a', 0));
      other.socket.destroy();
    }
  });

  it('publishes messages that came in a row together, each in its place among other commands', async () => {
    const node = await door.node({ keyBytesMax: 1024 });
    const [reader, writer] = [door.open(node), door.open(node)];
    reader.command('SUBSCRIBE', 'a', 'b');
    await reader.reads(list('subscribe', 'a', 1) + list('subscribe', 'b', 2));
    const row = (name: string) => Array.from({ length: 50 }, (_, i) => request('PUBLISH', name, String(i)));
    writer.send(
      Buffer.concat([
        ...row('a'),
        request('PUBLISH', 'x'.repeat(1025), 'y'),
        request('PUBLISH', 'nobody', 'y'),
        request('INCR', 'n'),
        ...row('b'),
        request('PUBLISH', 'b'),
        ...row('a'),
        request('GET', 'n'),
      ]),
    );
    const heard = (name: string) => Array.from({ length: 50 }, (_, i) => list('message', name, String(i))).join('');
    await reader.hears(heard('a') + heard('b') + heard('a'));
    const ones = ':1\r\n'.repeat(50);
    const tooLong = '-ERR a channel: expected at most 1024 bytes, received 1025 bytes\r\n';
    await writer.hears(`${ones}${tooLong}:0\r\n:1\r\n${ones}${ARITY('publish')}${ones}$1\r\n1\r\n`);
  });

  it('delivers in the order of publishing, and nothing behind the confirmation of UNSUBSCRIBE', async () => {
    const node = await door.node();
    const [reader, leaver, writer] = [door.open(node), door.open(node), door.open(node)];
    for (const wire of [reader, leaver]) {
      wire.command('SUBSCRIBE', 'a');
      await wire.reads(list('subscribe', 'a', 1));
    }
    const count = 5_000;
    const numbers = Array.from({ length: count }, (_, i) => String(i));
    writer.send(Buffer.concat(numbers.map((number) => request('PUBLISH', 'a', number))));
    leaver.command('UNSUBSCRIBE');
    leaver.command('PING');
    const messages = numbers.map((number) => list('message', 'a', number)).join('');
    await reader.hears(messages);
    const heard = await leaver.readsUpTo('+PONG\r\n');
    const end = `${list('unsubscribe', 'a', 0)}+PONG\r\n`;
    assert.ok(heard.endsWith(end));
    assert.ok(messages.startsWith(heard.slice(0, -end.length)));
    const counts = await writer.reads(':1\r\n'.repeat(count));
    assert.equal(counts.replace(/[^0-9]/g, '').length, count);
  });

  it('answers PUBLISH when the message is delivered, so that a later subscriber does not get it', async () => {
    const node = await door.node();
    const [early, late, writer] = [door.open(node), door.open(node), door.open(node)];
    early.command('PSUBSCRIBE', '*');
    await early.reads(list('psubscribe', '*', 1));
    for (let i = 0; i < 100; i++) {
      writer.command('PUBLISH', 'a', String(i));
      await writer.reads(':1\r\n');
      late.command('SUBSCRIBE', 'a');
      late.command('UNSUBSCRIBE', 'a');
      const confirmed = list('subscribe', 'a', 1) + list('unsubscribe', 'a', 0);
      await late.hears(confirmed);
    }
  });

  it('has one stream for all subscribers, and none when all have left', async () => {
    const node = await door.node();
    const wires = Array.from({ length: 200 }, () => door.open(node));
    for (const wire of wires) wire.command('SUBSCRIBE', 'a', 'b');
    const confirmed = list('subscribe', 'a', 1) + list('subscribe', 'b', 2);
    for (const wire of wires) await wire.hears(confirmed);
    const { subscribers, redis } = await node.status();
    assert.deepEqual([subscribers, redis?.subscribers], [1, 200]);
    const writer = door.open(node);
    writer.command('INFO', 'stats');
    assert.match(await writer.readsUpTo('sync_partial_err'), /^\$/);
    assert.match(
      await writer.readsUpTo('total_error_replies:0\r\n\r\n'),
      /\npubsub_channels:2\r\npubsub_patterns:0\r\n/,
    );
    writer.command('PUBLISH', 'b', 'x');
    await writer.hears(':200\r\n');
    for (const wire of wires) await wire.reads(list('message', 'b', 'x'));
    for (const wire of wires.slice(1)) wire.socket.resetAndDestroy();
    await eventually('the broken connections to have left', async () => (await node.status()).redis?.subscribers === 1);
    wires[0]?.command('RESET');
    await wires[0]?.reads('+RESET\r\n');
    await eventually('the stream to end', async () => (await node.status()).subscribers === 0);
    writer.command('PUBLISH', 'b', 'x');
    await writer.hears(':0\r\n');
  });

  it('ends the subscriptions of a client that says QUIT, also if the client keeps its side open', async () => {
    const node = await door.node();
    const wire = door.open(node);
    wire.socket.allowHalfOpen = true;
    wire.command('SUBSCRIBE', 'a');
    wire.command('QUIT');
    await wire.reads(`${list('subscribe', 'a', 1)}+OK\r\n`);
    const writer = door.open(node);
    writer.command('PUBLISH', 'a', '1');
    await writer.hears(':0\r\n');
  });

  it('sends messages behind a reply that is being made, and not into its middle', async () => {
    const node = await door.node();
    const wire = door.open(node);
    wire.command('HELLO', '3');
    await wire.readsUpTo('modules\r\n*0\r\n');
    wire.command('SUBSCRIBE', 'a');
    await wire.reads(push('subscribe', 'a', 1));
    for (const words of ['MULTI', 'PUBLISH a 1', 'GET none', 'PUBLISH a 2', 'SUBSCRIBE b', 'EXEC'])
      wire.command(...words.split(' '));
    const queued = `+OK\r\n${'+QUEUED\r\n'.repeat(4)}`;
    const reply = `*4\r\n:1\r\n_\r\n:1\r\n${push('subscribe', 'b', 2)}`;
    const all = queued + reply + push('message', 'a', '1') + push('message', 'a', '2');
    await wire.hears(all);
  });

  it('refuses patterns that are too long, and goes on', async () => {
    const node = await door.node();
    const wire = door.open(node);
    wire.command('PSUBSCRIBE', 'x'.repeat(5_000));
    const sentence = '-ERR a pattern: expected at most 4096 bytes, received 5000 bytes\r\n';
    await wire.hears(sentence);
    wire.command('PING');
    await wire.hears('+PONG\r\n');
  });

  it('subscribes to none if one of the names is refused, and goes on', async () => {
    const node = await door.node();
    const wire = door.open(node);
    wire.command('PSUBSCRIBE', 'old');
    await wire.reads(list('psubscribe', 'old', 1));
    wire.command('PSUBSCRIBE', 'old', 'new', 'x'.repeat(5_000));
    const sentence = '-ERR a pattern: expected at most 4096 bytes, received 5000 bytes\r\n';
    await wire.hears(sentence);
    const long = Buffer.alloc(SUBSCRIPTIONS_CONNECTION_BYTES_MAX / 4, 'x');
    const names = [1, 2, 3, 4].map((number) => Buffer.concat([long, Buffer.from(String(number))]).subarray(1));
    wire.command('SUBSCRIBE', ...names.slice(0, 2));
    await wire.reads(names.slice(0, 2).reduce((text, name, i) => text + list('subscribe', String(name), i + 2), ''));
    wire.command('SUBSCRIBE', 'one', ...names.slice(2));
    assert.match(await wire.readsUpTo('\r\n'), /^-OOM the subscriptions of this connection take /);
    wire.command('SUBSCRIBE', 'one', 'one');
    const confirmed = list('subscribe', 'one', 4) + list('subscribe', 'one', 4);
    await wire.hears(confirmed);
    const writer = door.open(node);
    writer.command('PUBSUB', 'NUMPAT');
    await writer.hears(':1\r\n');
  });

  it('reach thousands of subscribers in many turns, and none behind its UNSUBSCRIBE', async () => {
    const count = SENDS_IN_TURN_MAX * 4;
    const message = { kind: 'message', channel: Buffer.from('a'), data: Buffer.from('b') } as const;
    const position = { replicationId: '', offset: 0, checksum: 0 };
    let publish = () => {};
    const published = new Promise<void>((resolve) => {
      publish = resolve;
    });
    const channels = new Channels({
      clock: new TestClock(),
      logger: silentLogger,
      queue: { queuedBytes: 0, whenQueueBelow: async () => {} },
      streams: {
        async *subscribe() {
          yield { events: [], position, more: false };
          await published;
          yield { events: [{ ...message, pattern: undefined, offset: 0, durable: false }], position, more: false };
          await new Promise(() => {});
        },
      },
      publisher: { publish: async () => 0 },
    });
    await channels.ready();
    const memory = new PushMemory({ clock: new TestClock(), logger: silentLogger });
    const got: number[] = [];
    const listeners = Array.from({ length: count }, (_, index) => {
      const push = () => got.push(index);
      const pushes = memory.open({ peer: '', push, drop: () => {} });
      return new Listener({ out: { version: 2 } }, pushes, () => {});
    });
    for (const listener of listeners) channels.subscribe('channels', message.channel, listener);
    publish();
    let inTurn = 0;
    for (let before = 0; got.length < count; before = got.length) {
      await new Promise(setImmediate);
      inTurn = Math.max(inTurn, got.length - before);
      if (got.length > 0) channels.unsubscribe('channels', message.channel, listeners[count - 1] as Listener);
      if (got.length > 0) assert.ok(got.includes(count - 1), 'the message is before the answer to UNSUBSCRIBE');
    }
    assert.ok(inTurn <= 2 * SENDS_IN_TURN_MAX, `${inTurn} connections in one turn`);
    assert.equal(new Set(got).size, count);
  });

  it('answer PUBLISH at once if the stream of messages breaks meanwhile', async () => {
    const clock = new TestClock();
    let end = () => {};
    const channels = new Channels({
      clock,
      logger: silentLogger,
      queue: { queuedBytes: 0, whenQueueBelow: async () => {} },
      streams: {
        async *subscribe() {
          yield { events: [], position: { replicationId: '', offset: 0, checksum: 0 }, more: false };
          await new Promise<void>((resolve) => {
            end = resolve;
          });
          throw new HeadwaterError('unavailable', 'a full resync has replaced the data');
        },
      },
      publisher: {
        async publish() {
          end();
          await until('the stream to break', () => channels.status.streamBreaks === 1);
          return 0;
        },
      },
    });
    await channels.ready();
    const call = { signal: new AbortController().signal, cancelled: undefined };
    assert.equal(await channels.publish('channels', [Buffer.from('a'), Buffer.from('b')], call), 0);
  });
});

describe('channels of several nodes', () => {
  const door = new Door();
  afterEach(() => door.close());

  async function pair(): Promise<[leader: Node, follower: Node]> {
    const leader = await door.node();
    return [leader, await door.follower(leader)];
  }

  it('take messages from every node and every protocol to the subscribers of all', async () => {
    const [leader, follower] = await pair();
    const client = await Client.connect(leader.address);
    const wires = [door.open(leader), door.open(follower)];
    for (const wire of wires) {
      wire.command('SUBSCRIBE', 'a');
      wire.command('SSUBSCRIBE', 'a');
      await wire.reads(list('subscribe', 'a', 1) + list('ssubscribe', 'a', 1));
    }
    const writers = [door.open(leader), door.open(follower)];
    for (const [i, writer] of writers.entries()) {
      writer.command('PUBLISH', 'a', String(i));
      await writer.hears(':1\r\n');
      writer.command('SPUBLISH', 'a', String(i));
      await writer.hears(':1\r\n');
      const heard = list('message', 'a', String(i)) + list('smessage', 'a', String(i));
      for (const wire of wires) await wire.hears(heard);
    }
    await client.publish('a', 'durable', { durable: true });
    const heard = list('message', 'a', 'durable');
    for (const wire of wires) await wire.hears(heard);
    await client.close();
  });

  it('refuse to publish while a follower has no leader, in the word that clients know', async () => {
    const [leader, follower] = await pair();
    await leader.stop();
    await eventually('the link to be down', async () => (await follower.status()).upstream?.state !== 'streaming');
    const wire = door.open(follower);
    wire.command('PUBLISH', 'a', '1');
    assert.match(await wire.readsUpTo('\r\n'), /^-MASTERDOWN the message was not published: the link to the upstream/);
  });
});

describe('a subscriber that reads too slowly', () => {
  const door = new Door();
  afterEach(() => door.close());

  it('is closed at a bound and counted, and costs the others nothing', async function () {
    this.timeout(120_000);
    const node = await door.node();
    const [slow, quick, writer] = [door.open(node), door.open(node), door.open(node)];
    for (const wire of [slow, quick]) {
      wire.command('SUBSCRIBE', 'a');
      await wire.reads(list('subscribe', 'a', 1));
    }
    slow.socket.pause();
    const data = 'x'.repeat(1024 * 1024);
    const message = list('message', 'a', data);
    let receivers = 2;
    // The sockets hold a few megabytes beside.
    for (let sent = 0; receivers === 2; sent += data.length) {
      assert.ok(sent < 2 * PUSHED_BYTES_MAX, 'the slow subscriber is closed');
      writer.command('PUBLISH', 'a', data);
      receivers = Number((await writer.reads(':2\r\n')).slice(1));
      assert.equal((await quick.reads(message)).length, message.length);
    }
    assert.equal(receivers, 1);
    assert.deepEqual((await node.status()).redis, { subscribers: 1, slowClosed: 1, streamBreaks: 0 });
    slow.socket.resume();
    await slow.all();
  });
});
