/** The HTTP port of a node with TLS, and the addresses that a node without TLS refuses. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { eventually, freePort } from '../../benchmarks/waiting.js';
import { HeadwaterError, Node, type NodeOptions } from '../../src/index.js';
import { type PemFiles, TestAuthority, tlsFlags } from '../support/certificates.js';
import { Cluster } from '../support/cluster.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';

describe('the HTTP port with TLS', () => {
  let authority: TestAuthority;
  let node: PemFiles;
  before(async () => {
    authority = await TestAuthority.create(await temporaryDirectory());
    node = await authority.issue('node');
  });
  after(removeTemporaryDirectories);

  function get(port: number, page: string, files: Partial<PemFiles> = {}): Promise<{ status: number; text: string }> {
    const pem = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, readFileSync(file)]));
    const options = { host: '127.0.0.1', port, path: page, ca: readFileSync(authority.ca), agent: false, ...pem };
    return new Promise((resolve, reject) => {
      const request = https.get(options, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      });
      request.on('error', reject);
    });
  }

  /** All that the port sends to these bytes before it closes the connection. */
  function exchange(port: number, bytes: string): Promise<string> {
    const socket = net.connect({ port, host: '127.0.0.1' });
    let text = '';
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part;
    });
    socket.on('error', () => {});
    socket.write(bytes);
    return new Promise((resolve) => socket.once('close', () => resolve(text)));
  }

  it('shows probes to all and metrics to clients with a certificate, and refuses plain HTTP', async () => {
    await using cluster = new Cluster({ isInProcess: true });
    const daemon = await cluster.node('node');
    const port = await freePort();
    await daemon.start(...tlsFlags(node, authority.ca), '--http', `127.0.0.1:${port}`);
    for (const page of ['/healthz', '/readyz']) assert.deepEqual(await get(port, page), { status: 200, text: 'ok\n' });
    const refused = await get(port, '/metrics');
    assert.equal(refused.status, 403);
    assert.match(
      refused.text,
      /^the node takes clients with a certificate of its CA alone: this client has shown none/,
    );
    const { status, text } = await get(port, '/metrics', await authority.issue('scraper', { usages: ['client'] }));
    assert.equal(status, 200);
    const [, seconds] =
      /^headwater_tls_certificate_expiry_timestamp_seconds\{option="tls-cert"\} (\S+)$/m.exec(text) ?? [];
    const days = (Number(seconds) - Date.now() / 1_000) / 86_400;
    assert(days > 364 && days < 366, `${days} days`);
    assert.match(text, /^headwater_connections\{door="http"\} 1$/m);
    const plain = await exchange(port, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.match(
      plain,
      /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*expected TLS, received a request without it\. Use https:\/\/\n$/,
    );
  });

  it('refuses a certificate that is revoked on a connection that is open', async () => {
    await using cluster = new Cluster({ isInProcess: true });
    const own = await TestAuthority.create(await temporaryDirectory());
    const [files, scraper] = [await own.issue('node'), await own.issue('scraper')];
    const crl = await own.revoke([]);
    const daemon = await cluster.node('node');
    const port = await freePort();
    await daemon.start(...tlsFlags(files, own.ca), '--tls-crl', crl, '--http', `127.0.0.1:${port}`);
    const [ca, cert, key] = [own.ca, scraper.cert, scraper.key].map((file) => readFileSync(file));
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ca, cert, key });
    const ask = (): Promise<{ status: number; isReused: boolean }> =>
      new Promise((resolve, reject) => {
        const request = https.get({ host: '127.0.0.1', port, path: '/metrics', agent }, (answer) => {
          const { statusCode: status = 0 } = answer;
          answer.resume().once('end', () => resolve({ status, isReused: request.reusedSocket }));
        });
        request.once('error', reject);
      });
    await ask();
    assert.deepEqual(await ask(), { status: 200, isReused: true });
    await own.revoke([readFileSync(scraper.cert, 'utf8')]);
    const refused = await eventually('a refusal', async () => {
      const answer = await ask();
      return answer.status === 403 && answer;
    });
    assert.equal(refused.isReused, true);
    agent.destroy();
  });

  it('is for all if the node asks nobody for a certificate', async () => {
    await using cluster = new Cluster({ isInProcess: true });
    const daemon = await cluster.node('node');
    const port = await freePort();
    await daemon.start(...tlsFlags(node), '--http', `127.0.0.1:${port}`);
    assert.equal((await get(port, '/metrics')).status, 200);
  });
});

describe('a node without TLS', () => {
  after(removeTemporaryDirectories);

  async function started(options: Partial<NodeOptions>): Promise<void> {
    const data = path.join(await temporaryDirectory(), 'data');
    const node = await Node.start({ data, listen: '127.0.0.1:0', ...options });
    await node.stop();
  }

  for (const [option, given] of Object.entries({
    listen: { listen: '0.0.0.0:0' },
    'redis-listen': { redisListen: '[::]:0' },
    http: { http: '0.0.0.0:0' },
  }))
    it(`refuses an address of --${option} that others reach, with three commands that mend it`, async () => {
      await assert.rejects(started(given), (error) => {
        assert(HeadwaterError.is(error, 'invalid_argument'));
        const [address] = Object.values(given);
        assert(error.message.startsWith(`${option}: expected an address of this machine alone`), error.message);
        assert(error.message.includes(`received ${address}`));
        const commands = [
          `headwater serve --${option} ${address} --tls-cert`,
          `headwater serve --${option} 127.0.0.1:0"`,
          `headwater serve --${option} ${address} --insecure"`,
        ];
        for (const command of commands) assert(error.message.includes(command), error.message);
        const exposed =
          option === 'http'
            ? /could read the metrics and the status page.* nothing can be changed there\./
            : /could read and change all data\./;
        assert.match(error.message, exposed);
        return true;
      });
      await started({ ...given, insecure: true });
    });

  it('listens on every address of loopback, and on any with TLS', async () => {
    const authority = await TestAuthority.create(await temporaryDirectory());
    const { cert, key } = await authority.issue('node');
    await started({ listen: 'localhost:0', http: '127.0.0.2:0' });
    await started({ listen: '0.0.0.0:0', tlsCert: cert, tlsKey: key, tlsCa: authority.ca });
    await assert.rejects(started({ listen: '0.0.0.0:0', tlsCert: cert, tlsKey: key }), ({ message }: Error) =>
      message.startsWith('listen: expected an address of this machine alone, because there are no users, and clients'),
    );
  });
});
