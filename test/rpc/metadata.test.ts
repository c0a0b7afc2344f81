/** The bounds on the metadata of a call, seen by a client of plain HTTP/2, which sends what no proper client would. */
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { METADATA_BYTES_HARD_MAX, METADATA_BYTES_MAX } from '../../src/base/limits.js';
import { FakeStore } from './fake-store.js';
import { closeAll, serve } from './harness.js';

const ENTRY_BYTES = 32;

describe('the metadata of a call', () => {
  let session: http2.ClientHttp2Session;
  let address: string;
  beforeEach(async () => {
    ({ address } = await serve(new FakeStore()));
    session = await connect();
  });
  afterEach(async () => {
    session.destroy();
    await closeAll();
  });

  async function connect(): Promise<http2.ClientHttp2Session> {
    const connection = http2.connect(`http://${address}`);
    connection.on('error', () => {});
    await new Promise((resolve) => connection.once('remoteSettings', resolve));
    return connection;
  }

  /** The outcome of a call with so many entries beside those that gRPC needs: its status and message, or its reset. */
  function call(entries: number, valueBytes: number): Promise<string> {
    const path = '/grpc.health.v1.Health/Check';
    const own = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
    const all = Array.from({ length: entries }, (_, i) => [`x-${String(i).padStart(4, '0')}`, 'v'.repeat(valueBytes)]);
    const stream = session.request({ ...own, ...Object.fromEntries(all) });
    stream.end(Buffer.alloc(5));
    return new Promise((resolve) => {
      const ended = (headers: http2.IncomingHttpHeaders) => {
        const { 'grpc-status': status, 'grpc-message': message = '' } = headers;
        if (status !== undefined) resolve(`${status} ${decodeURIComponent(String(message))}`);
      };
      stream.on('response', ended);
      stream.on('trailers', ended);
      stream.on('error', () => {});
      stream.once('close', () => resolve(`reset ${stream.rstCode}`));
      stream.resume();
    });
  }

  it('passes up to its bound, and is refused above it with both sizes', async () => {
    // gRPC's own entries take some of it.
    assert.equal(await call(1, METADATA_BYTES_MAX - 10 * ENTRY_BYTES), '0 OK');
    assert.match(
      await call(1, METADATA_BYTES_MAX),
      new RegExp(`^3 metadata: expected at most ${METADATA_BYTES_MAX} bytes, received \\d+\\. Send less metadata`),
    );
    assert.match(await call(40, METADATA_BYTES_MAX / 40), /^3 metadata: expected at most/);
  });

  it('is cut off at a hard bound, which clients learn before, and other connections go on', async () => {
    assert.equal(session.remoteSettings.maxHeaderListSize, METADATA_BYTES_HARD_MAX);
    // Either end may see it first, and each has a code of its own.
    const { NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_REFUSED_STREAM } = http2.constants;
    const cutOff = new RegExp(`^reset (${NGHTTP2_ENHANCE_YOUR_CALM}|${NGHTTP2_REFUSED_STREAM})$`);
    assert.match(await call(100, METADATA_BYTES_HARD_MAX / 100), cutOff);
    session.destroy();
    session = await connect();
    assert.match(await call(1_000, 1), cutOff);
    session.destroy();
    session = await connect();
    assert.equal(await call(1, 10), '0 OK');
  });
});
