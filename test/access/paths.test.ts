/**
 * Paths that arrive over the network: no request names a file, and no name in a request becomes a part of a path. A node
 * takes hostile names in every place of both protocols and of HTTP, and afterwards only its data directory has changed.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import protobuf from 'protobufjs';
import { parseAddress } from '../../src/base/address.js';
import { Client, Node } from '../../src/index.js';
import { OPTIONS, type OptionRow } from '../../src/options.js';
import { TABLE } from '../../src/resp/table/table.js';
import { Door } from '../resp/door.js';
import { contentsOf } from '../support/contents.js';
import { temporaryDirectory } from '../support/database.js';

const SECRET = 'a-long-secret';

/** Names that would leave a directory if they became a part of a path. `link` is a symbolic link to the outside. */
const HOSTILE: readonly string[] = [
  '../outside/planted',
  '../../outside/planted',
  '/tmp/headwater-planted',
  'link/planted',
  '..',
  '.',
  '~/planted',
  'file:///tmp/headwater-planted',
  '..\\outside\\planted',
  '%2e%2e%2foutside%2fplanted',
  'planted\0.txt',
];

/** The names that a node gives to its own files, beside those that are there at its start. */
const OWN = /^(gen-\d+|ballast(\.new)?|lost-writes|reserved\.json(\.new)?)$/;

/** Fields of requests with such a name that are no paths of files. */
const NO_PATHS: ReadonlySet<string> = new Set([
  // The IDs of the nodes between the leader and a follower.
  'Heartbeat.path',
]);

/** The fields of all messages that a request can have in it, as `Message.field`. */
function fieldsOfRequests(): string[] {
  const directory = path.join(import.meta.dirname, '../../proto/headwater/v1');
  const root = new protobuf.Root();
  for (const name of readdirSync(directory)) protobuf.parse(readFileSync(path.join(directory, name), 'utf8'), root);
  const seen = new Set<protobuf.Type>();
  const visit = (type: protobuf.Type) => {
    if (seen.has(type)) return;
    seen.add(type);
    for (const field of type.fieldsArray) {
      field.resolve();
      if (field.resolvedType instanceof protobuf.Type) visit(field.resolvedType);
    }
  };
  for (const service of (root.lookup('headwater.v1') as protobuf.Namespace).nestedArray)
    if (service instanceof protobuf.Service)
      for (const method of service.methodsArray) visit(service.parent?.lookupType(method.requestType) as protobuf.Type);
  return [...seen].flatMap(({ name, fieldsArray }) => fieldsArray.map((field) => `${name}.${field.name}`));
}

describe('paths over the network', function () {
  this.timeout(60_000);
  const door = new Door();
  let outside: string;
  let node: Node;

  beforeEach(async () => {
    const directory = await temporaryDirectory();
    outside = path.join(directory, 'outside');
    await mkdir(outside);
    await writeFile(path.join(outside, 'planted'), 'as before');
    const data = path.join(directory, 'node', 'data');
    await mkdir(data, { recursive: true });
    node = await Node.start({ data, listen: '127.0.0.1:0', http: '127.0.0.1:0' });
    await symlink(outside, path.join(data, 'link'));
  });
  afterEach(async () => {
    await node.stop({ now: true });
    await door.close();
  });

  /** Runs the work, and compares all that is outside of the data directory before and after. */
  async function changesNothingOutside(work: () => Promise<unknown>): Promise<void> {
    const { data } = node.options.config;
    const names = (await readdir(data)).sort();
    const before = await contentsOf(outside);
    const beside = await readdir(path.dirname(data));
    await work();
    assert.deepEqual(await contentsOf(outside), before);
    assert.deepEqual(await readdir(path.dirname(data)), beside);
    const found = (await readdir(data)).filter((name) => !names.includes(name) && !OWN.test(name));
    assert.deepEqual(found, []);
  }

  it('are in no request of gRPC: no field has the name of a file or a directory', () => {
    const fields = fieldsOfRequests();
    assert.ok(fields.length > 150, `${fields.length}`);
    const suspicious = fields.filter((field) => /\.(.*)(path|file|dir|folder|location|url|uri)/i.test(field));
    assert.deepEqual(
      suspicious.filter((field) => !NO_PATHS.has(field)),
      [],
    );
  });

  it('are no option that changes at run time', () => {
    const live = Object.values<OptionRow>(OPTIONS).filter(({ live }) => live);
    assert.deepEqual(
      live.filter(({ kind }) => kind === 'path' || kind === 'address'),
      [],
    );
  });

  it('are refused as options, over gRPC and by CONFIG SET', async () => {
    const client = await Client.connect(node.address);
    const paths = Object.values<OptionRow>(OPTIONS).filter(({ kind }) => kind === 'path');
    assert.ok(paths.length >= 6);
    await changesNothingOutside(async () => {
      for (const { name } of paths)
        for (const value of HOSTILE)
          await assert.rejects(client.setOptions({ [name]: value }), /needs a restart|expected a path/);
      const wire = door.open(node);
      const names = [
        'dir',
        'dbfilename',
        'appendfilename',
        'appenddirname',
        'aclfile',
        'pidfile',
        'logfile',
        'unixsocket',
      ];
      for (const name of names)
        for (const value of HOSTILE) {
          wire.command('CONFIG', 'SET', name, value);
          assert.match((await wire.lines(1))[0] ?? '', /^-ERR (CONFIG SET failed|Unknown option)/, `${name} ${value}`);
        }
      for (const line of [
        'SAVE',
        'CONFIG REWRITE',
        'ACL SAVE',
        'ACL LOAD',
        'MODULE LOAD ../outside/planted',
        'BGREWRITEAOF',
      ]) {
        wire.send(`${line}\r\n`);
        assert.match((await wire.lines(1))[0] ?? '', /^[-+]/, line);
      }
    });
    await client.close();
  });

  it('are no part of a path, wherever a name of a request may stand', async () => {
    const client = await Client.connect(node.address);
    const outcome = (call: Promise<unknown>) => call.catch(() => undefined);
    await changesNothingOutside(async () => {
      for (const name of HOSTILE) {
        await outcome(client.set(name, name));
        await outcome(client.publish(name, name));
        await outcome(client.users.create(name, { roles: ['read'], secret: SECRET }));
        await outcome(client.users.revoke(name));
        await outcome(client.forget(name));
        await outcome(client.failover({ to: name, timeoutMs: 200 }));
        await outcome(client.scan({ match: name }).next());
      }
      const wire = door.open(node);
      for (const name of HOSTILE) {
        wire.command('CLIENT', 'SETNAME', name);
        wire.command('ACL', 'SETUSER', name, '+@read', '~*', `>${SECRET}`);
        wire.command('PING');
      }
      // The last reply of each three.
      for (const _ of HOSTILE) await wire.readsUpTo('+PONG\r\n');
    });
    await client.close();
  });

  it('are taken by no command of the Redis protocol as a file to read or write', async () => {
    const left = new Set([
      'shutdown',
      'quit',
      'monitor',
      'subscribe',
      'psubscribe',
      'ssubscribe',
      'replicaof',
      'slaveof',
    ]);
    const commands = [...TABLE.commands.values()]
      .flatMap((entry) => (entry.subcommands.size === 0 ? [entry] : [...entry.subcommands.values()]))
      .filter(({ name }) => !left.has(name) && !/^(client\|(kill|pause|reply)|debug|failover|wait|reset)/.test(name));
    await changesNothingOutside(async () => {
      for (const { name, facts } of commands) {
        const words = name.split('|');
        const count = Math.max(Math.abs(facts.arity), words.length + 1);
        const wire = door.open(node);
        for (const hostile of ['../outside/planted', '/tmp/headwater-planted', 'link/planted']) {
          wire.command(...words, ...Array.from({ length: count - words.length }, () => hostile));
          wire.command('DISCARD');
        }
        wire.command('QUIT');
        const replies = await wire.all();
        assert.doesNotMatch(replies, /as before/, name);
      }
    });
    assert.equal(readdirSync('/tmp').includes('headwater-planted'), false);
  });

  it('are no pages of the HTTP port', async () => {
    const targets = [
      ...HOSTILE.filter((name) => !name.includes('\0')),
      '//etc/passwd',
      '/../../etc/passwd',
      '/..%2f..%2fetc/passwd',
    ];
    for (const target of targets) {
      const url = target.startsWith('/') ? target : `/${target}`;
      const answer = await exchange(`GET ${url} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 (404|400) /, url);
      assert.doesNotMatch(answer, /as before|root:/);
    }
  });

  async function exchange(request: string): Promise<string> {
    const socket = net.connect(parseAddress(node.httpAddress).port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part;
    });
    socket.end(request);
    await new Promise((resolve) => socket.once('close', resolve));
    return text;
  }
});
