/** A provider that refuses a part once, refuses it for good, or never answers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { BucketPlace } from '../../src/backup/bucket.js';
import { mayPass } from '../../src/backup/bucket-errors.js';
import { HeadwaterError } from '../../src/base/errors.js';
import { BUCKET_ENVIRONMENT } from '../support/bucket-server.js';
import { setVariables } from '../support/environment.js';

const PART_BYTES = 5 * 2 ** 20;
const PARTS = 4;

/** Answers to a part, or nothing for the usual one. `hangs` never answers. */
type Answer = { readonly status: number; readonly code: string } | 'hangs' | undefined;

class Provider {
  readonly #server: http.Server;
  url = '';
  isComplete = false;
  /** Runs when a part has come. */
  onPart: (number: number) => Answer = () => undefined;

  constructor() {
    this.#server = http.createServer((request, response) => {
      request.resume().once('end', () => this.#answer(request, response));
    });
  }

  #answer({ method, url = '' }: http.IncomingMessage, response: http.ServerResponse): void {
    const part = /partNumber=(\d+)/.exec(url)?.[1];
    const answer = part === undefined ? undefined : this.onPart(Number(part));
    if (answer === 'hangs') return;
    if (answer) {
      response.writeHead(answer.status, { 'content-type': 'application/xml' });
      response.end(`<?xml version="1.0"?><Error><Code>${answer.code}</Code><Message>no</Message></Error>`);
    } else if (method === 'HEAD') response.writeHead(404).end();
    else if (method === 'PUT') response.writeHead(200, { etag: '"e"' }).end();
    else if (method === 'DELETE') response.writeHead(204).end();
    else {
      this.isComplete = url.includes('uploadId');
      const root = this.isComplete ? 'CompleteMultipartUploadResult' : 'InitiateMultipartUploadResult';
      response.writeHead(200, { 'content-type': 'application/xml' });
      response.end(`<?xml version="1.0"?><${root}><UploadId>u</UploadId><ETag>"e"</ETag></${root}>`);
    }
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

async function* source(): AsyncGenerator<Buffer> {
  for (let i = 0; i < PARTS; i++) yield Buffer.alloc(PART_BYTES, i);
}

describe('an upload to a provider', () => {
  let provider: Provider;
  let restore: () => void;

  beforeEach(async () => {
    restore = setVariables(BUCKET_ENVIRONMENT);
    provider = new Provider();
    await provider.listen();
  });

  afterEach(() => {
    provider.close();
    restore();
  });

  for (const [status, code] of [
    [400, 'RequestTimeout'],
    [400, 'IncompleteBody'],
    [400, 'ThrottlingException'],
    [408, 'Slow'],
  ] as const)
    it(`goes on after ${status} ${code} for a part`, async () => {
      let refused = 0;
      provider.onPart = (number) => (number === 3 && refused++ === 0 ? { status, code } : undefined);
      const place = await BucketPlace.open('s3://bucket/p', { endpoint: provider.url, partBytes: PART_BYTES });
      await place.write('large', source());
      assert(provider.isComplete);
      assert.equal(refused, 2);
    });

  it('says why a part was refused, also if the source has more', async () => {
    provider.onPart = (number) => (number === 2 ? { status: 403, code: 'AccessDenied' } : undefined);
    const place = await BucketPlace.open('s3://bucket/p', { endpoint: provider.url, partBytes: PART_BYTES });
    await assert.rejects(place.write('large', source()), {
      code: 'permission_denied',
      message: 's3://bucket/p/large: the credentials do not allow this',
    });
  });

  it('fails with the reason of its source, if that fails', async () => {
    const place = await BucketPlace.open('s3://bucket/p', { endpoint: provider.url, partBytes: PART_BYTES });
    const broken = async function* () {
      yield Buffer.alloc(PART_BYTES);
      throw new HeadwaterError('corrupt', 'the source is damaged');
    };
    await assert.rejects(place.write('large', broken()), { code: 'corrupt', message: 'the source is damaged' });
  });

  it('ends when its requests are ended, though no answer comes', async () => {
    const ending = new AbortController();
    provider.onPart = () => {
      setImmediate(() => ending.abort(new HeadwaterError('shutting_down', 'the node is shutting down')));
      return 'hangs';
    };
    const options = { endpoint: provider.url, partBytes: PART_BYTES, ended: ending.signal };
    const place = await BucketPlace.open('s3://bucket/p', options);
    const beganMs = performance.now();
    await assert.rejects(place.write('large', source()));
    assert(performance.now() - beganMs < 10_000, 'no attempt follows, and no time-out is awaited');
  });

  it('is not tried again after a refusal that will come again', () => {
    for (const [name, httpStatusCode] of [
      ['AccessDenied', 403],
      ['InvalidRequest', 400],
      ['NotImplemented', 501],
    ] as const)
      assert.equal(mayPass(Object.assign(new Error('no'), { name, $metadata: { httpStatusCode } })), false, name);
  });
});

describe('a provider that would keep a node asking', () => {
  let server: http.Server;
  let answer: (request: http.IncomingMessage, response: http.ServerResponse) => void;
  let place: BucketPlace;

  beforeEach(async () => {
    Object.assign(process.env, BUCKET_ENVIRONMENT);
    server = http.createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    place = await BucketPlace.open('s3://bucket/x', { endpoint });
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  it('sends the same page again, which ends a list', async () => {
    const page = '<NextContinuationToken>t</NextContinuationToken><IsTruncated>true</IsTruncated>';
    answer = (_, response) => response.end(`<?xml version="1.0"?><ListBucketResult>${page}</ListBucketResult>`);
    await assert.rejects(place.list(), { code: 'unreachable', message: /the provider lists the same page again/ });
    const uploads = '<IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker>';
    answer = (_, response) =>
      response.end(`<?xml version="1.0"?><ListMultipartUploadsResult>${uploads}</ListMultipartUploadsResult>`);
    await assert.rejects(place.unfinished(), {
      code: 'unreachable',
      message: /the provider lists the same uploads again/,
    });
  });

  it('knows no ranges, so that a file that broke off cannot be read on', async () => {
    let asked = 0;
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': 10 });
      if (asked++ === 0) response.write('12345', () => response.destroy());
      else response.end('1234567890');
    };
    const read = async () => {
      for await (const _ of place.read('file'));
    };
    await assert.rejects(read, { message: /sends file from byte 0, where byte 5 was asked for/ });
  });
});
