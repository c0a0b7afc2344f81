/** The listener of a real node: both protocols at one port, the reserve, the options and the status. */
import assert from 'node:assert/strict';
import net from 'node:net';
import path from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { eventually } from '../../benchmarks/waiting.js';
import { parseAddress } from '../../src/base/address.js';
import { HeadwaterError } from '../../src/base/errors.js';
import { Client, Node } from '../../src/index.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';

type Options = Omit<Parameters<typeof Node.start>[0], 'data'>;

describe('the listener of a node', () => {
  const closers: Array<() => unknown> = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    await removeTemporaryDirectories();
  });

  async function start(options: Options = {}): Promise<Node> {
    const data = path.join(await temporaryDirectory(), 'data');
    const node = await Node.start({ data, listen: '127.0.0.1:0', ...options });
    closers.push(() => node.stop());
    return node;
  }

  async function connect(address: string): Promise<Client> {
    const client = await Client.connect(address);
    closers.push(() => client.close());
    return client;
  }

  function open(address: string): net.Socket {
    const socket = net.connect(parseAddress(address).port, '127.0.0.1');
    socket.on('error', () => {});
    closers.push(() => socket.destroy());
    return socket;
  }

  /** All that the node sends until it closes. */
  function answer(address: string, request: string): Promise<string> {
    const socket = open(address);
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString();
    });
    socket.write(request);
    return new Promise((resolve) => socket.once('close', () => resolve(text)));
  }

  it('takes gRPC from any client, its preface in one piece or byte by byte', async () => {
    const { address } = await start();
    const client = await connect(address);
    await client.set('a', '1');
    const slow = net.createServer((socket) => relayByteByByte(socket, open(address)));
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
    closers.push(() => slow.close());
    const { port } = slow.address() as net.AddressInfo;
    const through = await connect(`127.0.0.1:${port}`);
    assert.equal(await through.get('a'), '1');
  });

  it('answers the Redis protocol with a clear error if it is off, and counts both protocols', async () => {
    const node = await start({ redis: false });
    const client = await connect(node.address);
    assert.match(await answer(node.address, 'PING\r\n'), /^-ERR the Redis protocol is off .*\r\n$/);
    const { connections } = await eventually('the close to be seen', async () => {
      const status = await client.status();
      return status.connections?.redis === 0 && status;
    });
    assert(connections);
    assert(connections.grpc >= 1);
    assert.equal(connections.refusedRedis, 1);
  });

  it('has a second address for the Redis protocol alone', async () => {
    const node = await start({ redisListen: '127.0.0.1:0' });
    const { redisAddress } = await (await connect(node.address)).status();
    assert.equal(redisAddress, node.redisAddress);
    assert.match(redisAddress, /^127\.0\.0\.1:[1-9]\d*$/);
    const late = Client.connect(redisAddress, { timeoutMs: 500 }).then((client) => client.close());
    await assert.rejects(late, HeadwaterError);
  });

  it('refuses clients beyond the bound of an address, and lets operators and followers in', async () => {
    const leader = await start({ connectionsPerAddress: 1 });
    const first = await connect(leader.address);
    await first.set('a', '1');
    const { address } = leader;
    const second = await connect(address);
    await assert.rejects(second.get('a', { timeoutMs: 1_000 }), (failure: HeadwaterError) => {
      assert.equal(failure.code, 'overloaded');
      assert.match(failure.message, /from 127\.0\.0\.1: expected at most 1 \(--connections-per-address\), received/);
      return true;
    });
    assert.equal((await second.status()).connections?.refusedGrpc, 1);
    const follower = await start({ follow: address });
    await eventually('the follower to have the key', async () => (await follower.status()).offset === 1);
    await first.close();
    await eventually('the place to be free', () =>
      second.get('a', { timeoutMs: 1_000 }).then(
        (value) => value === '1',
        () => false,
      ),
    );
  });

  it('leaves nothing open at a stop, whatever the connections do', async () => {
    const node = await start();
    const client = new grpc.Client(node.address, grpc.credentials.createInsecure());
    closers.push(() => client.close());
    await new Promise<void>((resolve) => client.waitForReady(Date.now() + 30_000, () => resolve()));
    const sockets = [open(node.address), open(node.address), open(node.address)];
    sockets[1]?.write('PR');
    sockets[2]?.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    const closed = sockets.map((socket) => {
      socket.resume();
      return new Promise((resolve) => socket.once('close', resolve));
    });
    const status = await connect(node.address);
    await eventually('all to be seen', async () => {
      const { connections } = await status.status();
      return connections?.silent === 2 && connections.grpc >= 3;
    });
    await node.stop();
    await Promise.all(closed);
  });

  it('outlives 1,000 connections at once, of each kind', async function () {
    this.timeout(60_000);
    const node = await start({ redis: false });
    const client = await connect(node.address);
    const texts = ['', 'P', 'PING\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\xff'];
    for (let i = 0; i < 1_000; i++) {
      const socket = open(node.address);
      socket.resume();
      socket.write(texts[i % texts.length] as string, 'latin1');
    }
    await client.set('a', '1');
    await eventually('all to be seen', async () => {
      const { connections } = await client.status();
      return connections?.refusedRedis === 400 && connections.silent === 400 && connections.grpc >= 200;
    });
    for (const close of closers.splice(2)) close();
    await eventually('all to be gone', async () => {
      const { connections } = await client.status();
      return connections && connections.silent + connections.redis === 0 && connections.grpc < 5;
    });
  });
});

/** Sends what a client sends first one byte at a time, each when the last is out, and all else as it comes. */
function relayByteByByte(from: net.Socket, to: net.Socket): void {
  to.setNoDelay(true);
  to.pipe(from);
  from.once('data', (bytes) => {
    from.pause();
    let at = 0;
    const next = () => {
      if (at === Math.min(bytes.length, 30)) {
        to.write(bytes.subarray(at));
        from.pipe(to);
      } else to.write(bytes.subarray(at, ++at), () => setImmediate(next));
    };
    next();
  });
  from.on('error', () => to.destroy());
  to.on('error', () => from.destroy());
}
