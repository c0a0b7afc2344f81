/**
 * Every call of both protocols, with each role alone: allowed, or refused before it does anything. The calls come from
 * the .proto files and from the table of commands, so that a new one without an expectation fails here. The expectations
 * are written down once more, apart from the rules of the source.
 */
import assert from 'node:assert/strict';
import net from 'node:net';
import * as grpc from '@grpc/grpc-js';
import { authorizationOf } from '../../src/access/credentials.js';
import { parseAddress } from '../../src/base/address.js';
import { Client, type Node, type UserRole } from '../../src/index.js';
import type { CommandEntry } from '../../src/resp/table/command-table.js';
import { TABLE } from '../../src/resp/table/table.js';
import { Door } from '../resp/door.js';
import { DESCRIPTORS, type DescribedMethod } from './descriptors.js';

const ROLES = ['read', 'write', 'publish', 'replicate', 'admin'] as const;
const SECRET = 'the secret of all';

/** A role, no user at all, or a user with another secret. */
type Caller = UserRole | 'nobody' | 'wrong';
const CALLERS: readonly Caller[] = [...ROLES, 'nobody', 'wrong'];

/** The roles of which each alone is enough, or everybody. */
type Allowed = readonly UserRole[] | 'all users' | 'everybody';

const BY_METHOD: ReadonlyArray<readonly [pattern: RegExp, allowed: Allowed]> = [
  [/KeyValueService\/Transact$/, ['read', 'write']],
  [/KeyValueService\/(Pipeline|Ping)$/, 'all users'],
  [/KeyValueService\/(Increment|IncrementFloat|GetDelete|Copy|SetBit|BitOperation)$/, []],
  [/KeyValueService\/(Set|Delete|Append|SetRange|Expire|Persist|Rename|MultiSet|FlushAll)$/, ['write']],
  [/KeyValueService\/(Get|MultiGet|Exists|StringLength|GetRange|GetExpire|TimeToLive|Type|GetBit|BitCount)$/, ['read']],
  [/KeyValueService\/(BitPosition|BitField|LongestCommonSubsequence|DatabaseSize|RandomKey|Keys|Scan)$/, ['read']],
  [/StreamService\/Publish$/, ['publish']],
  [/StreamService\/(Subscribe|Watch)$/, ['read']],
  [/AdminService\/Status$/, 'all users'],
  [
    /AdminService\/(Digest|Follow|Promote|Failover|Forget|Compare|Monitor|SlowLog|GetOptions|SetOptions|Machine|Drain|Cluster(Status|Pause|Resume|Switch))$/,
    [],
  ],
  [/DiskService\/(Backup|RangeDigests|RepairRanges|Verify|Repair)$/, []],
  [/ReplicationService\/(Replicate|FetchRanges|FetchBlocks)$/, ['replicate']],
  [/UserService\/WhoAmI$/, 'all users'],
  [/UserService\/(CreateUser|ListUsers|RevokeUser|RotateUser|LimitUser)$/, []],
];

const UNSIGNED = new Set(['auth', 'hello', 'quit', 'reset']);
const OF_EVERY_USER =
  /^(ping|echo|select|time|command|info|role|wait|waitaof|exec|multi|discard|unwatch|lastsave|readonly|readwrite|asking|command\|.*|headwater\|.*|.*\|help|(un|pun|sun)subscribe|client\|(id|getname|setname|setinfo|info|reply|no-evict|no-touch|tracking|caching|getredir|trackinginfo)|acl\|(whoami|cat|genpass)|cluster\|(info|myid|nodes|shards|slots|keyslot)|script\|exists|function\|list)$/;
const OF_READERS = /^(watch|subscribe|psubscribe|ssubscribe|pubsub\|.*|keys|scan|randomkey|dbsize)$/;
/** These write, and return what was there. With the least arguments, GETEX and BITFIELD only read. */
const OF_BOTH = /^(getset|getdel|getex|incr|decr|incrby|decrby|incrbyfloat|setbit|bitfield)$/;
const OF_PUBLISHERS = /^s?publish$/;

function allowedCommand({ name, facts }: CommandEntry): Allowed {
  if (UNSIGNED.has(name)) return 'everybody';
  if (OF_EVERY_USER.test(name)) return 'all users';
  if (OF_READERS.test(name)) return ['read'];
  if (OF_PUBLISHERS.test(name)) return ['publish'];
  if (OF_BOTH.test(name)) return [];
  const [outer] = name.split('|');
  const isData = facts.keyStart > 0 || outer === 'flushall' || outer === 'flushdb';
  if (isData && facts.flags.includes('write')) return ['write'];
  if (isData && facts.flags.includes('readonly')) return ['read'];
  return [];
}

/** Requests of a user with the roles read, write and publish, the keys `app:` and the channels `news:`. */
const OF_A_PART: ReadonlyArray<readonly [line: string, isAllowed: boolean]> = [
  ['KEYS app:*', true],
  ['KEYS *', false],
  ['SCAN 0 MATCH app:*', true],
  ['SCAN 0', false],
  ['SCAN 0 COUNT 5 TYPE string', false],
  ['SCAN 0 MATCH app:* MATCH *', false],
  ['SCAN 0 MATCH app:* COUNT 9 match *', false],
  ['SCAN 0 MATCH * MATCH app:*', true],
  ['SCAN 0 TYPE match MATCH *', false],
  ['RANDOMKEY', false],
  ['DBSIZE', false],
  ['FLUSHALL', false],
  ['WATCH app:1', true],
  ['WATCH other', false],
  ['SUBSCRIBE news:1', true],
  ['SUBSCRIBE news:1 other', false],
  ['PSUBSCRIBE news:*', true],
  ['PSUBSCRIBE n*', false],
  ['PUBLISH news:1 m', true],
  ['PUBLISH other m', false],
  ['PUBSUB CHANNELS news:*', true],
  ['PUBSUB CHANNELS', false],
  ['PUBSUB CHANNELS *', false],
  ['PUBSUB SHARDCHANNELS', false],
  ['PUBSUB NUMSUB news:1', true],
  ['PUBSUB NUMSUB news:1 other', false],
  ['PUBSUB SHARDNUMSUB other', false],
  ['PUBSUB NUMPAT', false],
];

function mayCall(caller: Caller, allowed: Allowed): boolean {
  if (allowed === 'everybody') return true;
  if (caller === 'nobody' || caller === 'wrong') return false;
  return allowed === 'all users' || caller === 'admin' || allowed.includes(caller);
}

/** A wrong secret costs a hash each time, and what it may do does not depend on the call. */
function sampled<Call>(calls: readonly Call[], caller: Caller): readonly Call[] {
  return caller === 'wrong' ? calls.filter((_, i) => i % 8 === 0) : calls;
}

describe('the matrix of roles and calls', () => {
  const door = new Door();
  let node: Node;
  before(async () => {
    node = await door.node();
    const client = await Client.connect(node.address);
    const prefixes = { keyPrefixes: ['app:'], channelPrefixes: ['news:'] };
    await client.users.create('part', { roles: ['read', 'write', 'publish'], secret: SECRET, ...prefixes });
    for (const role of ROLES) await client.users.create(role, { roles: [role], secret: SECRET });
    await client.close({ timeoutMs: 0 });
  });
  after(() => door.close());

  // ---- gRPC -----------------------------------------------------------------------

  /** The status of a call with an empty message: that of its end, or OK once the node has begun to answer. */
  function statusOf(client: grpc.Client, method: DescribedMethod, caller: Caller): Promise<grpc.status> {
    const metadata = new grpc.Metadata();
    if (caller === 'wrong') metadata.set('authorization', authorizationOf({ user: 'read', secret: 'another secret' }));
    else if (caller !== 'nobody') metadata.set('authorization', authorizationOf({ user: caller, secret: SECRET }));
    const asIs = (bytes: Buffer) => bytes;
    const none = Buffer.alloc(0);
    const options = { deadline: Date.now() + 5_000 };
    return new Promise((resolve) => {
      const { path, requestStream, responseStream } = method;
      if (!requestStream && !responseStream) {
        client.makeUnaryRequest(path, asIs, asIs, none, metadata, options, (error) =>
          resolve(error?.code ?? grpc.status.OK),
        );
        return;
      }
      const call = requestStream
        ? client.makeBidiStreamRequest(path, asIs, asIs, metadata, options)
        : client.makeServerStreamRequest(path, asIs, asIs, none, metadata, options);
      const begun = () => {
        resolve(grpc.status.OK);
        call.cancel();
      };
      call.on('error', ({ code }: grpc.ServiceError) => resolve(code));
      call.on('data', begun);
      call.on('end', () => resolve(grpc.status.OK));
      // A stream whose headers have come has begun. A refusal has no headers.
      call.once('metadata', begun);
    });
  }

  const { OK, PERMISSION_DENIED, UNAUTHENTICATED } = grpc.status;

  it('has an expectation for every method', () => {
    assert.ok(DESCRIPTORS.methods.length > 55, `${DESCRIPTORS.methods.length}`);
    for (const { path } of DESCRIPTORS.methods)
      assert.equal(BY_METHOD.filter(([pattern]) => pattern.test(path)).length, 1, path);
  });

  for (const caller of CALLERS)
    it(`of gRPC holds for ${caller}`, async () => {
      const client = new grpc.Client(node.address, grpc.credentials.createInsecure());
      const wrong: string[] = [];
      for (const method of sampled(DESCRIPTORS.methods, caller)) {
        const allowed = BY_METHOD.find(([pattern]) => pattern.test(method.path))?.[1] as Allowed;
        const status = await statusOf(client, method, caller);
        const refusal = caller === 'nobody' || caller === 'wrong' ? UNAUTHENTICATED : PERMISSION_DENIED;
        const isRefused = status === refusal;
        if (isRefused === mayCall(caller, allowed)) wrong.push(`${method.path}: ${grpc.status[status]}`);
        if (!isRefused && (status === PERMISSION_DENIED || status === UNAUTHENTICATED)) wrong.push(`${method.path}!`);
      }
      client.close();
      assert.deepEqual(wrong, []);
      assert.equal(OK, 0);
    });

  it('lets a client connect whose user has no role for data, and do only what its role says', async () => {
    const client = await Client.connect(node.address, { credentials: { user: 'publish', secret: SECRET } });
    assert.equal(await client.publish('c', 'm'), (await client.status()).offset);
    for (const refused of [() => client.get('k'), () => client.set('k', 'v'), () => client.keys('*')])
      await assert.rejects(refused, ({ code }: { code: string }) => code === 'permission_denied');
    await client.close();
  });

  it('leaves health to everybody', async () => {
    const client = new grpc.Client(node.address, grpc.credentials.createInsecure());
    const path = '/grpc.health.v1.Health/Check';
    const method = { service: 'Health', path, requestStream: false, responseStream: false };
    assert.equal(await statusOf(client, method, 'nobody'), OK);
    client.close();
  });

  // ---- the Redis protocol -----------------------------------------------------------

  /** All commands that a request can name. */
  const commands = [...TABLE.commands.values()].flatMap((entry) =>
    entry.subcommands.size === 0 ? [entry] : [...entry.subcommands.values()],
  );

  function requestOf({ name, facts }: CommandEntry): string[] {
    const words = name.split('|');
    const length = Math.abs(facts.arity);
    while (words.length < length) words.push('0');
    return words;
  }

  /** The first line of the reply, on a connection of its own. */
  function replyTo(caller: Caller | 'part', words: readonly string[]): Promise<string> {
    const socket = net.connect(parseAddress(node.address).port, '127.0.0.1');
    const bulk = (request: readonly string[]) =>
      `*${request.length}\r\n${request.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
    const signIn =
      caller === 'nobody'
        ? ''
        : bulk(['AUTH', caller === 'wrong' ? 'read' : caller, caller === 'wrong' ? 'another' : SECRET]);
    socket.write(signIn + bulk(words));
    const skipped = caller === 'nobody' ? 0 : 1;
    let text = '';
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => resolve('nothing'), 2_000);
      const done = (line: string) => {
        clearTimeout(late);
        socket.destroy();
        resolve(line);
      };
      socket.on('error', reject);
      socket.on('data', (bytes: Buffer) => {
        text += bytes.toString('latin1');
        const lines = text.split('\r\n');
        if (lines.length > skipped + 1) done(lines[skipped] ?? '');
      });
      socket.on('close', () => done('closed'));
    });
  }

  it('has a rule for every command', () => {
    assert.ok(commands.length > 200, `${commands.length}`);
    assert.deepEqual(
      commands.filter(({ rule }) => rule === undefined).map(({ name }) => name),
      [],
    );
  });

  for (const caller of CALLERS)
    it(`of the Redis protocol holds for ${caller}`, async () => {
      const wrong: string[] = [];
      for (const entry of sampled(commands, caller)) {
        const reply = await replyTo(caller, requestOf(entry));
        const isAllowed = mayCall(caller, allowedCommand(entry));
        const isRefused = /^-NO(AUTH|PERM) /.test(reply) && !reply.startsWith('-NOAUTH HELLO');
        if (isRefused === isAllowed) wrong.push(`${entry.name}: ${reply}`);
      }
      assert.deepEqual(wrong, []);
    });

  it('of the Redis protocol holds for a user with prefixes', async () => {
    const wrong: string[] = [];
    for (const [line, isAllowed] of OF_A_PART) {
      const reply = await replyTo('part', line.split(' '));
      if (reply.startsWith('-NOPERM ') === isAllowed || (isAllowed && reply.startsWith('-')))
        wrong.push(`${line}: ${reply}`);
    }
    assert.deepEqual(wrong, []);
  });

  it('of gRPC holds for a user with prefixes, who learns nothing of other keys', async () => {
    const client = await Client.connect(node.address, { credentials: { user: 'part', secret: SECRET } });
    await client.set('app:1', 'v');
    for (const refused of [
      () => client.get('k'),
      () => client.keys('*'),
      () => client.dbsize(),
      () => client.randomKey(),
    ])
      await assert.rejects(refused, ({ code }: { code: string }) => code === 'permission_denied');
    await client.close();
  });
});
