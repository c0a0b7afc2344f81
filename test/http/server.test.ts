/** The HTTP port against clients that no scraper would be. Every one ends within its bound, and disturbs no other. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { eventually } from '../../benchmarks/waiting.js';
import { HTTP_CONNECTIONS_MAX, HTTP_HEAD_BYTES_MAX, HTTP_REQUESTS_MAX } from '../../src/base/limits.js';
import { silentLogger } from '../../src/base/logger.js';
import { type Answer, plainAnswer } from '../../src/http/answer.js';
import { HttpServer } from '../../src/http/server.js';
import { bindServers } from '../../src/listener/binding.js';
import { TestClock } from '../support/clock.js';
import { RecordingLogger } from '../support/store.js';

const PAGES: ReadonlyArray<[string, () => Answer | Promise<Answer>]> = [
  ['/page', () => plainAnswer(200, 'a page')],
  ['/failing', () => Promise.reject(new Error('secret of the inside'))],
  ['/hanging', () => new Promise<Answer>(() => {})],
  ['/lines', () => plainAnswer(503, 'one\nline\r\nonly')],
];

describe('the HTTP port', () => {
  let server: HttpServer;
  let port: number;
  const clock = new TestClock();
  const sockets: net.Socket[] = [];

  beforeEach(async () => {
    server = new HttpServer({ pages: new Map(PAGES), forAll: new Set<string>(), clock, logger: silentLogger });
    const { address } = await bindServers('127.0.0.1:0', (options) => server.create(options));
    port = Number(address.split(':')[1]);
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await server.close();
  });

  function connect(): net.Socket {
    const socket = net.connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    sockets.push(socket);
    return socket;
  }

  /** The answer to raw bytes, until the port closes the connection. */
  async function exchange(bytes: string | Buffer): Promise<string> {
    const socket = connect();
    let text = '';
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part;
    });
    socket.write(bytes);
    await once(socket, 'close');
    return text;
  }

  const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init);

  it('logs nothing about an address that is taken: the binding refuses it by name', async () => {
    const logger = new RecordingLogger();
    const second = new HttpServer({ pages: new Map(PAGES), forAll: new Set<string>(), clock, logger });
    await assert.rejects(
      bindServers(`127.0.0.1:${port}`, (options) => second.create(options)),
      { code: 'address_in_use' },
    );
    await second.close();
    assert.deepEqual(logger.lines, []);
  });

  it('answers GET with a page and HEAD with its head, under strict headers', async () => {
    const answer = await get('/page?query=1');
    assert.deepEqual([answer.status, await answer.text()], [200, 'a page\n']);
    const head = await get('/page', { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers.get('content-length'), await head.text()], [200, '7', '']);
    for (const { headers } of [answer, head]) {
      assert.equal(headers.get('content-security-policy'), "default-src 'none'; frame-ancestors 'none'");
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.equal(headers.get('access-control-allow-origin'), null);
    }
  });

  it('refuses other methods, and names those that there are', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const answer = await get('/page', { method });
      assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'GET, HEAD']);
      assert.match(await answer.text(), new RegExp(`^expected GET or HEAD, received ${method}\\.`));
    }
  });

  it('has no page but those of its list, however a path is written', async () => {
    const paths = [
      '/',
      '/page/',
      '/PAGE',
      '//page',
      '/./page',
      '/../../etc/passwd',
      '/%2e%2e/etc/passwd',
      '/page%00',
      '*',
    ];
    for (const path of [...paths, 'http://127.0.0.1/page', '/__proto__', '/constructor']) {
      const answer = await exchange(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 404 /, path);
      assert.match(answer, /there is no such page\. The pages are \/page, /);
    }
  });

  it('refuses a request with a body without reading it', async () => {
    const head = 'GET /page HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n';
    assert.match(await exchange(`${head}${'x'.repeat(1_000)}`), /^HTTP\/1\.1 400 [\s\S]*without a body/);
    const chunked = 'GET /page HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n';
    assert.match(await exchange(chunked), /^HTTP\/1\.1 400 [\s\S]*without a body/);
    assert.deepEqual(server.counts.rows, [{ page: '/page', status: 400, count: 2 }]);
  });

  it('answers garbage, other protocols and long heads in plain words, and closes', async () => {
    assert.match(
      await exchange('*1\r\n$4\r\nPING\r\n'),
      /^HTTP\/1\.1 400 [\s\S]*expected a request of HTTP\/1\.1 without TLS/,
    );
    assert.match(await exchange(Buffer.from([0, 255, 254, 1, 13, 10])), /^HTTP\/1\.1 400 /);
    assert.match(await exchange('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), /^HTTP\/1\.1 (400|405) /);
    const long = `GET /page HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(2 * HTTP_HEAD_BYTES_MAX)}`;
    assert.match(await exchange(long), /^HTTP\/1\.1 431 [\s\S]*at most 8192 bytes/);
    assert.match(await exchange(`GET /${'y'.repeat(2 * HTTP_HEAD_BYTES_MAX)}`), /^HTTP\/1\.1 431 /);
  });

  it('refuses TLS in a way that the client sees at once', async () => {
    const client = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    const [error] = (await once(client, 'error')) as [Error];
    assert.match(error.message, /wrong version number|packet length|ECONNRESET|disconnected/);
    client.destroy();
  });

  it('ends a request whose head does not become complete', async () => {
    const socket = connect();
    socket.write('GET /page HTTP/1.1\r\nHost: x\r\n');
    const drip = setInterval(() => socket.write('X: y\r\n'), 100);
    try {
      let text = '';
      socket.setEncoding('latin1').on('data', (part: string) => {
        text += part;
      });
      await once(socket, 'close');
      assert.match(text, /^HTTP\/1\.1 408 [\s\S]*within 5000 ms/);
    } finally {
      clearInterval(drip);
    }
  }).timeout(15_000);

  it('gives the newest connection a place, however many others wait', async () => {
    const crowd = Array.from({ length: 2 * HTTP_CONNECTIONS_MAX }, connect);
    await eventually('all to be accepted', async () => server.counts.displaced === HTTP_CONNECTIONS_MAX);
    const answer = await get('/page', { headers: { connection: 'close' } });
    assert.equal(answer.status, 200);
    await answer.text();
    assert(server.connections <= HTTP_CONNECTIONS_MAX, `${server.connections} connections`);
    await eventually('the oldest to be closed', async () => crowd[0]?.closed === true);
  });

  it('answers requests that come together in their order, each once', async () => {
    const one = 'GET /page HTTP/1.1\r\nHost: x\r\n\r\n';
    const text = await exchange(`${one.repeat(50)}GET /none HTTP/1.1\r\nHost: x\r\n\r\n${one}`);
    assert.equal(text.split('HTTP/1.1 200').length - 1, 50);
    assert.equal(text.split('HTTP/1.1 404').length - 1, 1);
  });

  it('cuts off a client that has more requests unanswered than it may, and answers the others', async () => {
    const one = 'GET /page HTTP/1.1\r\nHost: x\r\n\r\n';
    assert.equal(await exchange(one.repeat(HTTP_REQUESTS_MAX + 1)), '');
    const socket = connect();
    let bytes = 0;
    socket.on('data', (part: Buffer) => {
      bytes += part.length;
    });
    const answerBytes = (await exchange(`${one}GET /none HTTP/1.1\r\nHost: x\r\n\r\n`)).indexOf('HTTP/1.1 404');
    for (let i = 1; i <= 2; i++) {
      socket.write(one.repeat(HTTP_REQUESTS_MAX));
      await eventually('all answers', async () => bytes === i * HTTP_REQUESTS_MAX * answerBytes);
    }
    assert.equal(server.connections, 1);
  });

  it('says nothing of the inside if a page fails, and writes one line whatever the reason holds', async () => {
    const failing = await get('/failing');
    assert.equal(failing.status, 500);
    assert.doesNotMatch(await failing.text(), /secret/);
    assert.equal(await (await get('/lines')).text(), 'one line only\n');
  });

  it('answers in time if a page hangs', async () => {
    const hanging = get('/hanging');
    await eventually('the request to arrive', async () => clock.waiting > 0);
    await clock.advance(5_000);
    const answer = await hanging;
    assert.equal(answer.status, 503);
    assert.match(await answer.text(), /within 5000 ms/);
  });

  it('closes its connections when it closes, and takes no more', async () => {
    const socket = connect();
    await eventually('the connection', async () => server.connections === 1);
    await server.close();
    if (!socket.closed) await once(socket, 'close');
    await assert.rejects(get('/page'));
  });
});
