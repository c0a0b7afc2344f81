/** The windows of HTTP/2 at both ends of a connection: how much a peer may send that is not read. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import type net from 'node:net';
import { DUPLEX_STREAMS_MAX, FLOW_CONTROL_WINDOW_BYTES, SERVER_WINDOW_BYTES } from '../../src/base/limits.js';
import { connectTo } from '../../src/rpc/connection.js';
import { FakeStore } from './fake-store.js';
import { closeAll, closing, RawPipeline, rawClient, serve } from './harness.js';

describe('the window of a stream', () => {
  afterEach(closeAll);

  it('is small at a node, which may have thousands of them', async () => {
    const { address } = await serve(new FakeStore());
    const session = http2.connect(`http://${address}`);
    closing({ close: () => session.destroy() });
    const [settings] = (await once(session, 'remoteSettings')) as [http2.Settings];
    assert.equal(settings.initialWindowSize, SERVER_WINDOW_BYTES);
  });

  it('is large at the end that dials, which has few', async () => {
    const server = http2.createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { client } = connectTo(`127.0.0.1:${(server.address() as net.AddressInfo).port}`, {});
    closing({ close: () => client.close() });
    client.waitForReady(Date.now() + 10_000, () => {});
    const [session] = (await once(server, 'session')) as [http2.ServerHttp2Session];
    closing({ close: () => session.destroy() });
    closing({ close: () => server.close() });
    const [settings] = (await once(session, 'remoteSettings')) as [http2.Settings];
    assert.equal(settings.initialWindowSize, FLOW_CONTROL_WINDOW_BYTES);
  });

  it('that may not be read is held by a bounded number of pipelines of one connection', async () => {
    const { address } = await serve(new FakeStore());
    const client = rawClient(address);
    const pipelines = Array.from({ length: DUPLEX_STREAMS_MAX }, () => new RawPipeline(client).listen());
    await Promise.all(pipelines.map(({ stream }) => once(stream, 'metadata')));
    const refusal = await new RawPipeline(client).listen().ended;
    assert.equal(refusal?.code, 'overloaded');
    assert.match(refusal?.message ?? '', /at most 32 pipelines over one connection, .* open another connection/);
    const other = new RawPipeline(rawClient(address)).listen();
    await once(other.stream, 'metadata');
    pipelines[0]?.stream.cancel();
    const isOpen = async () => {
      const { stream, ended } = new RawPipeline(client).listen();
      return Promise.race([once(stream, 'metadata').then(() => true), ended.then(() => false)]);
    };
    while (!(await isOpen()));
  });
});
