/** The environment may name a proxy for the web: no connection of a node or a client goes through it. */

import assert from 'node:assert/strict';
import net from 'node:net';
import { silentLogger } from '../../src/base/logger.js';
import { Client } from '../../src/client/client.js';
import type { FetchBlocksRequest } from '../../src/model/check.js';
import { fetchBlocks } from '../../src/rpc/peer-calls.js';
import { dial, replicationService } from '../../src/rpc/replication-service.js';
import { FakeStore } from './fake-store.js';
import { closeAll, closing, ListeningServer, NOTHING_TO_REPAIR, serve } from './harness.js';

const VARIABLES = ['grpc_proxy', 'https_proxy', 'http_proxy', 'no_grpc_proxy', 'no_proxy'] as const;

describe('with a proxy in the environment', () => {
  const before = Object.fromEntries(VARIABLES.map((name) => [name, process.env[name]]));
  let proxied = 0;

  beforeEach(async () => {
    proxied = 0;
    const proxy = net.createServer((socket) => {
      proxied++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    closing({ close: () => void proxy.close() });
    const { port } = proxy.address() as net.AddressInfo;
    for (const name of VARIABLES) delete process.env[name];
    for (const name of VARIABLES.slice(0, 3)) process.env[name] = `http://127.0.0.1:${port}`;
  });

  afterEach(async () => {
    for (const name of VARIABLES) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    await closeAll();
    assert.equal(proxied, 0, 'the proxy was dialled');
  });

  it('a client reaches its node directly', async () => {
    const { address } = await serve(new FakeStore());
    const db = closing(await Client.connect(address));
    assert.equal(await db.ping('hi'), 'hi');
  });

  it('a follower reaches its upstream directly', async () => {
    const server = await ListeningServer.listen({
      services: [
        replicationService({ followers: { accept: async (channel) => channel.close() }, ...NOTHING_TO_REPAIR }),
      ],
      reflection: false,
      logger: silentLogger,
      onFatal: assert.fail,
    });
    closing({ close: () => server.stop({ graceMs: 100 }) });
    const channel = await dial(server.address, { timeoutMs: 5_000 });
    await assert.rejects(channel.receive());
  });

  it('a node that repairs itself reaches its upstream directly', async () => {
    const { address } = await serve(new FakeStore());
    const position = { replicationId: '0'.repeat(40), offset: 0, checksum: 0 };
    const request: FetchBlocksRequest = { after: position, through: position };
    const blocks = fetchBlocks(address, request, { signal: new AbortController().signal });
    await assert.rejects(blocks.next(), /method/, 'the node itself says that it has no such service');
  });
});
