/**
 * A process that streams a large object into a bucket keeps a few parts in memory. `npm run bucket` streams 10 GB on a
 * quiet machine within 256 MiB. Beside other tests the collector comes late, and the parts that wait for it count too:
 * the bound is wider there, and still far below the size of the object.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { BUCKET_ENVIRONMENT } from '../support/bucket-server.js';

const IS_ALONE = process.env.HEADWATER_BYTES !== undefined;
const BYTES = IS_ALONE ? Number(process.env.HEADWATER_BYTES) : 1_024 * 2 ** 20;
const MEMORY_MIB_MAX = IS_ALONE ? 256 : 640;
const PROGRAM = path.join(import.meta.dirname, '..', 'support', 'stream-to-bucket.mjs');

/** A provider that counts the bytes of parts and keeps none. */
class Sink {
  bytes = 0;
  #isComplete = false;
  readonly #server = http.createServer((request, response) => {
    request.on('data', (piece: Buffer) => {
      if (request.method === 'PUT') this.bytes += piece.length;
    });
    request.resume().once('end', () => this.#answer(request, response));
  });

  #answer({ method, url = '' }: http.IncomingMessage, response: http.ServerResponse): void {
    if (method === 'HEAD') response.writeHead(404).end();
    else if (method === 'PUT') response.writeHead(200, { etag: '"e"' }).end();
    else {
      this.#isComplete = url.includes('uploadId');
      const root = this.#isComplete ? 'CompleteMultipartUploadResult' : 'InitiateMultipartUploadResult';
      response.writeHead(200, { 'content-type': 'application/xml' });
      response.end(`<?xml version="1.0"?><${root}><UploadId>u</UploadId><ETag>"e"</ETag></${root}>`);
    }
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

describe('a large object on its way to a bucket', function () {
  this.timeout(30 * 60_000);

  it(`takes less than ${MEMORY_MIB_MAX} MiB of memory`, async () => {
    const sink = new Sink();
    const endpoint = await sink.listen();
    const child = spawn(process.execPath, [PROGRAM, endpoint, String(BYTES)], {
      env: { ...process.env, ...BUCKET_ENVIRONMENT },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (text) => {
      said += text;
    });
    const [status] = await once(child, 'exit');
    sink.close();
    assert.equal(status, 0);
    assert.ok(sink.isComplete);
    assert.equal(sink.bytes, Math.ceil(BYTES / 2 ** 20) * 2 ** 20);
    const bytes = Number(said) * 1_024;
    assert.ok(bytes < MEMORY_MIB_MAX * 2 ** 20, `the process had ${Math.round(bytes / 2 ** 20)} MiB`);
    console.log(`      ${Math.round(bytes / 2 ** 20)} MiB at the most`);
  });
});
