/** Callers that nobody knows, at a node with users: what they can neither take away, nor drown, nor see. */
import assert from 'node:assert/strict';
import net from 'node:net';
import path from 'node:path';
import { eventually } from '../../benchmarks/waiting.js';
import { Client, type Credentials, HeadwaterError, Node, type NodeOptions } from '../../src/index.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { RecordingLogger } from '../support/store.js';

const BOSS: Credentials = { user: 'boss', secret: 'boss secret' };
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0';

describe('strangers at a node with users', () => {
  const ends: Array<() => unknown> = [];
  const logger = new RecordingLogger();
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    await removeTemporaryDirectories();
  });

  async function start(options: Partial<NodeOptions> = {}): Promise<Node> {
    const data = path.join(await temporaryDirectory(), 'data');
    const node = await Node.start({ listen: '127.0.0.1:0', data, shutdownTimeoutMs: 0, ...options }, { logger });
    ends.push(() => node.stop());
    const first = await Client.connect(node.address);
    await first.users.create(BOSS.user, { roles: ['admin'], secret: BOSS.secret });
    await first.close();
    return node;
  }

  async function connect({ address }: Node, credentials = BOSS): Promise<Client> {
    const client = await Client.connect(address, { credentials, retry: { attempts: 1 } });
    ends.push(() => client.close());
    return client;
  }

  /** Sends bytes, and gathers all that comes. */
  function wire({ address }: Node, bytes: string): { text: string; isClosed: boolean; socket: net.Socket } {
    const socket = net.connect(Number(address.split(':')[1]), '127.0.0.1');
    const made = { text: '', isClosed: false, socket };
    socket.on('data', (part) => {
      made.text += part.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      made.isClosed = true;
    });
    socket.write(bytes);
    ends.push(() => socket.destroy());
    return made;
  }

  for (const [protocol, bytes] of Object.entries({ Redis: 'PING\r\n', gRPC: PREFACE }))
    it(`yield their places over ${protocol} to those who sign in`, async () => {
      const node = await start({ connectionsMax: 4 });
      const before = (await node.status()).connections;
      assert.equal(before?.clientsMax, 4);
      const strangers = Array.from({ length: 4 }, () => wire(node, bytes));
      await eventually('all to be answered', async () => strangers.every(({ text }) => text !== ''));
      const signed = await eventually('a place', async () => {
        const one = wire(node, `AUTH ${BOSS.user} "${BOSS.secret}"\r\n`);
        await eventually('an answer', async () => one.text !== '');
        return one.text === '+OK\r\n' && one;
      });
      await (await connect(node)).set('a', '1');
      assert.equal(signed.isClosed, false);
      assert(strangers.filter(({ isClosed }) => isClosed).length >= 1);
    });

  it('have ten seconds to sign in, and those who have signed in have no end', async function () {
    this.timeout(30_000);
    const node = await start();
    const signed = wire(node, `AUTH ${BOSS.user} "${BOSS.secret}"\r\n`);
    const strangers = [wire(node, 'PING\r\n'), wire(node, PREFACE)];
    await eventually('the strangers to be closed', async () => strangers.every(({ isClosed }) => isClosed), {
      patienceMs: 20_000,
    });
    assert.equal(signed.isClosed, false);
  });

  it('do not hide who was made, changed and revoked, however much is refused', async () => {
    const node = await start();
    const boss = await connect(node);
    const stranger = wire(node, 'PING\r\n'.repeat(300));
    await eventually('the refusals', async () => stranger.text.split('NOAUTH').length > 300);
    await boss.users.create('app', { roles: ['read'], secret: 'app secret' });
    await boss.users.rotate('app');
    await boss.users.revoke('app');
    const redis = wire(
      node,
      'AUTH boss "boss secret"\r\nACL SETUSER one >onesecret +@read ~*\r\nACL DELUSER one two\r\n',
    );
    await eventually('the answers', async () => redis.text.includes(':1'));
    const said = (what: RegExp) => assert.equal(logger.said(what, 'info'), 1, String(what));
    said(/boss at 127\.0\.0\.1:\d+ calls .*CreateUser "app"$/);
    said(/calls .*RotateUser "app"$/);
    said(/calls .*RevokeUser "app"$/);
    said(/boss at 127\.0\.0\.1:\d+ calls acl\|setuser "one"$/);
    said(/calls acl\|deluser "one" "two"$/);
    assert.equal(JSON.stringify(logger.lines).includes('secret"'), false);
  });

  it('keep out no other user, at their address or elsewhere, by a flood of wrong secrets', async () => {
    const node = await start();
    await (await connect(node)).users.create('app', { roles: ['read'], secret: 'app secret' });
    let isOver = false;
    const refusals: string[] = [];
    const flood = Array.from({ length: 40 }, async () => {
      const one = wire(node, '');
      while (!isOver && !one.isClosed) {
        one.text = '';
        one.socket.write('AUTH boss wrongwrong\r\n');
        await eventually('an answer', async () => one.text !== '' || one.isClosed);
        refusals.push(one.text);
      }
    });
    await eventually('the flood', async () => refusals.some((text) => text.includes('too many secrets')));
    const socket = net.connect({
      port: Number(node.address.split(':')[1]),
      host: '127.0.0.1',
      localAddress: '127.0.0.2',
    });
    const heard = new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(bytes.toString())));
    socket.write(`AUTH ${BOSS.user} "${BOSS.secret}"\r\n`);
    assert.equal(await heard, '+OK\r\n');
    socket.destroy();
    const first = wire(node, 'AUTH app "app secret"\r\n');
    await eventually('the answer', async () => first.text !== '');
    assert.equal(first.text, '+OK\r\n');
    isOver = true;
    for (const end of ends.splice(1)) await end();
    await Promise.all(flood);
  });
});

describe('a first administrator without a secret', () => {
  afterEach(removeTemporaryDirectories);

  it('is refused, since nobody could sign in at a node without TLS', async () => {
    const data = path.join(await temporaryDirectory(), 'data');
    const node = await Node.start({ listen: '127.0.0.1:0', data });
    const client = await Client.connect(node.address);
    await assert.rejects(
      client.users.create('cert:ops', { roles: ['admin'] }),
      (error) => HeadwaterError.is(error, 'invalid_argument') && /role admin and a secret/.test(error.message),
    );
    await client.set('a', '1');
    await client.close();
    await node.stop();
  });
});
