/** Clients that begin with TLS and then say nothing, wherever in the handshake they stop. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { eventually } from '../../benchmarks/waiting.js';
import { NodeTls } from '../../src/access/tls/node-tls.js';
import { parseAddress } from '../../src/base/address.js';
import { FIRST_BYTES_MS_MAX } from '../../src/base/limits.js';
import { Client, HeadwaterError, Node } from '../../src/index.js';
import { Listener } from '../../src/listener/listener.js';
import { type PemFiles, TestAuthority } from '../support/certificates.js';
import { TestClock, until } from '../support/clock.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { RecordingLogger } from '../support/store.js';

/** The first bytes of a client with TLS. */
async function clientHello(): Promise<Buffer> {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = tls.connect({ port: (server.address() as net.AddressInfo).port, host: '127.0.0.1' });
  client.on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

describe('a client that begins with TLS and falls silent', () => {
  let authority: TestAuthority;
  let pem: PemFiles;
  let hello: Buffer;
  const ends: Array<() => unknown> = [];

  before(async () => {
    authority = await TestAuthority.create(await temporaryDirectory());
    pem = await authority.issue('node');
    hello = await clientHello();
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  after(removeTemporaryDirectories);

  function open(address: string, bytes: Buffer): net.Socket {
    const socket = net.connect({ port: parseAddress(address).port, host: '127.0.0.1' });
    socket.on('error', () => {}).resume();
    socket.write(bytes);
    ends.push(() => socket.destroy());
    return socket;
  }

  const places = {
    'the head of a record': () => hello.subarray(0, 5),
    'half of its hello': () => hello.subarray(0, hello.length >> 1),
    'its hello': () => hello,
    'its handshake': undefined,
  };

  for (const [what, bytes] of Object.entries(places))
    it(`after ${what} is closed at the deadline of silent connections, and counted`, async () => {
      const clock = new TestClock();
      const logger = new RecordingLogger();
      const nodeTls = new NodeTls({ files: pem, clients: 'off', serverName: undefined, clock, logger });
      const door = { receive: () => assert.fail('it has shown no protocol') };
      const listener = await Listener.listen({
        address: '127.0.0.1:0',
        grpc: door,
        redis: door,
        clock,
        logger,
        tls: nodeTls,
      });
      ends.push(() => listener.close());
      let socket: net.Socket;
      if (bytes) socket = open(listener.address, bytes());
      else {
        const { port } = parseAddress(listener.address);
        const secure = tls.connect({ port, host: '127.0.0.1', ca: readFileSync(authority.ca) });
        secure.on('error', () => {}).resume();
        ends.push(() => secure.destroy());
        await once(secure, 'secureConnect');
        socket = secure;
      }
      await until('it is there', () => listener.status.silent === 1);
      let isClosed = false;
      socket.once('close', () => {
        isClosed = true;
      });
      await clock.advance(FIRST_BYTES_MS_MAX - 1);
      assert.equal(isClosed, false);
      await clock.advance(1);
      await until('it is closed', () => isClosed);
      await until('nothing is left', () => listener.status.silent === 0);
      const { refusedSilent, grpc, redis } = listener.status;
      assert.deepEqual([refusedSilent, grpc, redis], [1, 0, 0]);
      assert.equal(clock.waiting, 0, 'timers that were left');
    });

  it('keeps no client out, though 2,000 of them come', async function () {
    this.timeout(60_000);
    const data = path.join(await temporaryDirectory(), 'data');
    const files = { tlsCert: pem.cert, tlsKey: pem.key };
    const node = await Node.start({ data, listen: '127.0.0.1:0', connectionsMax: 200, ...files });
    ends.push(() => node.stop());
    const kinds = [hello.subarray(0, 5), hello.subarray(0, hello.length >> 1), hello];
    let closed = 0;
    for (let i = 0; i < 2_000; i++) open(node.address, kinds[i % 3] as Buffer).once('close', () => closed++);
    await eventually('the node to have all that it has places for', async () => closed >= 1_000);
    const client = await Client.connect(node.address, { tls: { ca: authority.ca } });
    ends.push(() => client.close());
    // In its first second, a silent connection yields its place to nobody.
    const refused = (error: unknown) => assert(HeadwaterError.is(error, 'overloaded'), String(error));
    await eventually('a place', async () => (await client.set('a', '1').then(() => 'done', refused)) === 'done');
    const { connections } = await client.status();
    assert.equal(connections?.grpc, 1);
    assert((connections?.refusedSilent ?? 0) >= 1_000);
  });
});
