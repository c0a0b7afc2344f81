/** What every place of backups and archives promises: a folder, and a bucket. */
import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { BucketPlace, parseBucketUrl } from '../../src/backup/bucket.js';
import { Folder } from '../../src/backup/folder.js';
import type { Place } from '../../src/backup/place.js';
import { SealedPlace } from '../../src/backup/sealed-place.js';
import { systemFiles } from '../../src/disk/files.js';
import {
  BUCKET,
  type BucketServer,
  FaultProxy,
  hasBucketServer,
  NEEDS_BUCKET,
  startBucket,
} from '../support/bucket-server.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { skipUnless } from '../support/installed.js';

const PART_BYTES = 5 * 2 ** 20;

async function contentOf(place: Place, file: string, from?: number): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of place.read(file, from)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function* pieces(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

/** A source that fails in the middle. */
async function* failing(): AsyncGenerator<Buffer> {
  yield Buffer.from('half');
  throw new Error('the source has failed');
}

function promises(open: () => Promise<Place>): void {
  let place: Place;
  beforeEach(async () => {
    place = await open();
    await place.prepare();
  });

  it('lists its files by name, all of them or those with a prefix', async () => {
    assert.deepEqual(await place.list(), []);
    for (const name of ['b-1', 'a-2', 'a-1']) await place.write(name, pieces(name));
    assert.deepEqual(await place.list(), ['a-1', 'a-2', 'b-1']);
    assert.deepEqual(await place.list('a-'), ['a-1', 'a-2']);
  });

  it('reads a file as a whole, from a byte on, and its end', async () => {
    await place.write('a', pieces('Headwater ', 'keeps ', 'this'));
    assert.equal(await contentOf(place, 'a'), 'Headwater keeps this');
    assert.equal(await contentOf(place, 'a', 10), 'keeps this');
    const { bytes, size } = await place.tail('a', 4);
    assert.deepEqual([bytes.toString(), size], ['this', 20]);
    const whole = await place.tail('a', 100);
    assert.deepEqual([whole.bytes.toString(), whole.size], ['Headwater keeps this', 20]);
  });

  it('never replaces a file', async () => {
    await place.write('a', pieces('first'));
    await assert.rejects(place.write('a', pieces('second')), { code: 'invalid_argument', message: /exists already/ });
    const writer = await place.create('node', 1);
    await writer.append(Buffer.from('first'));
    await writer.finish('a');
    assert.equal(await contentOf(place, 'a'), 'first');
    assert.deepEqual(await place.list(), ['a']);
  });

  it('shows a file once it is whole, and nothing of one that was given up', async () => {
    const writer = await place.create('node', 1);
    await writer.append(Buffer.from('one '));
    await writer.append(Buffer.from('two'));
    assert.deepEqual(
      (await place.list()).filter((name) => !name.endsWith('.new')),
      [],
    );
    await writer.finish('a');
    assert.equal(await contentOf(place, 'a'), 'one two');
    const other = await place.create('node', 1);
    await other.append(Buffer.from('half'));
    await other.abandon();
    await assert.rejects(place.write('b', failing()), /the source has failed/);
    assert.deepEqual(await place.list(), ['a']);
  });

  it('removes a file, and one that is not there', async () => {
    await place.write('a', pieces('x'));
    await place.remove('a');
    await place.remove('a');
    assert.deepEqual(await place.list(), []);
  });

  it('refuses to read a file that is not there', async () => {
    await assert.rejects(contentOf(place, 'missing'));
    await assert.rejects(place.tail('missing', 4));
  });
}

describe('a folder as a place', () => {
  afterEach(removeTemporaryDirectories);
  promises(async () => new Folder(await temporaryDirectory()));
});

describe('a folder without hard links as a place', () => {
  const refused = async () => {
    throw Object.assign(new Error('operation not permitted'), { code: 'EPERM' });
  };
  afterEach(removeTemporaryDirectories);
  promises(async () => new Folder(await temporaryDirectory(), systemFiles, refused));
});

const KEY = { id: Buffer.alloc(8, 1), secret: Buffer.alloc(32, 2) };

describe('a folder of sealed files as a place', () => {
  afterEach(removeTemporaryDirectories);
  promises(async () => new SealedPlace(new Folder(await temporaryDirectory()), { key: KEY, acceptsPlain: false }));
});

describe('a bucket as a place', function () {
  this.timeout(60_000);
  let server: BucketServer;
  let places = 0;

  before(async function () {
    skipUnless(this, hasBucketServer(), NEEDS_BUCKET);
    server = await startBucket();
  });
  after(async () => {
    await server?.close();
    await removeTemporaryDirectories();
  });

  function open(more: object = {}): Promise<BucketPlace> {
    return BucketPlace.open(`s3://${BUCKET}/tests/${places++}`, { endpoint: server.endpoint, ...more });
  }

  promises(open);

  describe('of sealed files', () =>
    promises(async () => new SealedPlace(await open(), { key: KEY, acceptsPlain: false })));

  it('takes a large file in parts, also if a part is refused, lost or cut off', async () => {
    let parts = 0;
    const proxy = new FaultProxy(server.port, ({ method, url = '' }) => {
      if (method !== 'PUT' || !url.includes('partNumber')) return undefined;
      return ([undefined, '503', 'lost answer', 'cut request', '500'] as const)[parts++ % 5];
    });
    const bucket = await open({ endpoint: await proxy.listen(), partBytes: PART_BYTES });
    try {
      const blocks = Array.from({ length: 17 }, (_, i) => Buffer.alloc(2 ** 20, i));
      await bucket.write(
        'large',
        (async function* () {
          yield* blocks;
        })(),
      );
      assert.ok(parts > 4 && proxy.faults > 0, `${parts} parts, ${proxy.faults} faults`);
      let at = 0;
      for await (const piece of bucket.read('large')) for (const byte of piece) assert.equal(byte, at++ >> 20);
      assert.equal(at, 17 * 2 ** 20);
    } finally {
      proxy.close();
    }
  });

  it('knows its own object again if the answer to its end was lost', async () => {
    for (const size of [10, 2 * PART_BYTES]) {
      let left = 1;
      const proxy = new FaultProxy(server.port, ({ method, url = '' }) => {
        const isEnd = size === 10 ? method === 'PUT' : method === 'POST' && url.includes('uploadId');
        return isEnd && left-- > 0 ? 'lost answer' : undefined;
      });
      const bucket = await open({ endpoint: await proxy.listen(), partBytes: PART_BYTES });
      await bucket.write('a', pieces('x'.repeat(size)));
      assert.equal(proxy.faults, 1);
      assert.equal((await contentOf(bucket, 'a')).length, size);
      proxy.close();
    }
  });

  it('reads on where a body broke off', async () => {
    const bucket = await open();
    await bucket.write('a', pieces('0123456789'));
    let left = 3;
    const proxy = new FaultProxy(server.port, ({ method }) =>
      method === 'GET' && left-- > 0 ? 'cut answer' : undefined,
    );
    const name = bucket.name;
    const cut = await BucketPlace.open(name, { endpoint: await proxy.listen() });
    assert.equal(await contentOf(cut, 'a'), '0123456789');
    assert.equal(proxy.faults, 3);
    proxy.close();
  });

  it('says in words what a bucket, a name or a provider lacks', async () => {
    const missing = await BucketPlace.open('s3://no-such-bucket/x', { endpoint: server.endpoint });
    await assert.rejects(missing.list(), { code: 'invalid_argument', message: /bucket does not exist/ });
    const unknown = await BucketPlace.open('s3://x:y/', {}).catch((error: Error) => error);
    assert.match((unknown as Error).message, /expected s3:\/\/BUCKET or s3:\/\/BUCKET\/PREFIX, received s3:\/\/x:y/);
    assert.deepEqual(parseBucketUrl('s3://my.bucket//a/b/'), { bucket: 'my.bucket', prefix: 'a/b' });
  });
});

/** A provider that tells what it is asked. */
class Provider {
  readonly asked: string[] = [];
  readonly headers: http.IncomingHttpHeaders[] = [];
  readonly #server: http.Server;

  constructor(answer: (request: http.IncomingMessage) => { status: number; body?: string }) {
    this.#server = http.createServer((request, response) => {
      request.resume().once('end', () => {
        this.asked.push(`${request.method} ${request.url?.split('?')[0]}`);
        this.headers.push(request.headers);
        const { status, body = '' } = answer(request);
        response.writeHead(status, { 'content-type': 'application/xml' }).end(request.method === 'HEAD' ? '' : body);
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

describe('a request to a bucket', () => {
  before(() => Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key' }));

  const error = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>m</Message></Error>`;

  it('asks that no object is replaced, and not for checksums that not every provider knows', async () => {
    const provider = new Provider(({ method }) => ({ status: method === 'HEAD' ? 404 : 200 }));
    const bucket = await BucketPlace.open('s3://bucket/p', { endpoint: await provider.listen() });
    await bucket.write('a', pieces('x'));
    provider.close();
    assert.deepEqual(provider.asked, ['HEAD /bucket/p/a', 'PUT /bucket/p/a']);
    const sent = provider.headers[1] ?? {};
    assert.equal(sent['if-none-match'], '*');
    assert.equal(sent['content-encoding'], undefined);
    assert.deepEqual(
      Object.keys(sent).filter((name) => /checksum|trailer/.test(name)),
      [],
    );
  });

  it('leaves the condition out for a provider that does not know it', async () => {
    const provider = new Provider(({ method, headers }) => {
      if (method === 'HEAD') return { status: 404 };
      return headers['if-none-match'] ? { status: 501, body: error('NotImplemented') } : { status: 200 };
    });
    const bucket = await BucketPlace.open('s3://bucket/p', { endpoint: await provider.listen() });
    await bucket.write('a', pieces('x'));
    await bucket.write('b', pieces('x'));
    provider.close();
    assert.deepEqual(
      provider.asked.filter((one) => one.startsWith('PUT')),
      ['PUT /bucket/p/a', 'PUT /bucket/p/a', 'PUT /bucket/p/b'],
    );
  });

  it('that meets an object of somebody else, made meanwhile, leaves it there', async () => {
    let heads = 0;
    const provider = new Provider(({ method }) => {
      if (method === 'HEAD') return { status: heads++ === 0 ? 404 : 200 };
      return { status: 412, body: error('PreconditionFailed') };
    });
    const bucket = await BucketPlace.open('s3://bucket/p', { endpoint: await provider.listen() });
    await assert.rejects(bucket.write('a', pieces('x')), { code: 'invalid_argument', message: /exists already/ });
    provider.close();
  });

  it('lists the unfinished uploads under its prefix, page by page, and ends one', async () => {
    const upload = (name: string) =>
      `<Upload><Key>p/${name}</Key><UploadId>id-${name}</UploadId><Initiated>2026-11-01T00:00:00.000Z</Initiated></Upload>`;
    const page = (content: string) =>
      `<?xml version="1.0"?><ListMultipartUploadsResult>${content}</ListMultipartUploadsResult>`;
    const urls: string[] = [];
    const provider = new Provider(({ method, url = '' }) => {
      urls.push(`${method} ${url}`);
      if (method === 'DELETE') return { status: 204 };
      const next = '<IsTruncated>true</IsTruncated><NextKeyMarker>p/a</NextKeyMarker>';
      return { status: 200, body: url.includes('key-marker') ? page(upload('b')) : page(`${next}${upload('a')}`) };
    });
    const bucket = await BucketPlace.open('s3://bucket/p', { endpoint: await provider.listen() });
    const found = await bucket.unfinished();
    assert.deepEqual(
      found.map(({ file, begunMs }) => [file, new Date(begunMs).toISOString()]),
      ['a', 'b'].map((name) => [name, '2026-11-01T00:00:00.000Z']),
    );
    await found[1]?.end();
    provider.close();
    assert.match(urls[0] ?? '', /^GET .*prefix=p%2F/);
    assert.match(urls[2] ?? '', /^DELETE \/bucket\/p\/b\?.*uploadId=id-b/);
  });

  it('finds no uploads at a provider that cannot list them', async () => {
    const provider = new Provider(() => ({ status: 501, body: error('NotImplemented') }));
    const bucket = await BucketPlace.open('s3://bucket/p', { endpoint: await provider.listen() });
    assert.deepEqual(await bucket.unfinished(), []);
    provider.close();
  });

  it('is refused in words, without the secret', async () => {
    const provider = new Provider(() => ({ status: 403, body: error('InvalidAccessKeyId') }));
    const bucket = await BucketPlace.open('s3://bucket/p', { endpoint: await provider.listen() });
    await assert.rejects(bucket.list(), { code: 'permission_denied', message: /does not know the access key$/ });
    provider.close();
  });
});
