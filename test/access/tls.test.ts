/** TLS of real nodes: both protocols, the links between nodes, the command line, and what each mistake says to both ends. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client, type ClientOptions, HeadwaterError } from '../../src/index.js';
import { EXPIRED, type PemFiles, TestAuthority, tlsFlags } from '../support/certificates.js';
import { Cluster, caughtUp, type Daemon, eventually } from '../support/cluster.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';

const HEADWATER = fileURLToPath(new URL('../../dist/bin/headwater.cjs', import.meta.url));
const run = promisify(execFile);

describe('TLS', () => {
  let authority: TestAuthority;
  let node: PemFiles;
  let client: PemFiles;
  let cluster: Cluster;

  before(async () => {
    authority = await TestAuthority.create(await temporaryDirectory());
    node = await authority.issue('node');
    client = await authority.issue('client', { names: ['spiffe://test/reader', 'reader'], usages: ['client'] });
  });
  beforeEach(() => {
    cluster = new Cluster();
  });
  afterEach(() => cluster[Symbol.asyncDispose]());
  after(removeTemporaryDirectories);

  const trusting = (): ClientOptions => ({ tls: { ca: authority.ca } });
  const known = (): ClientOptions => ({ tls: { ca: authority.ca, ...client } });

  /** A node, and clients of it that have a certificate. */
  async function start(...flags: string[]): Promise<Daemon> {
    const daemon = await cluster.node('node');
    daemon.tls = known().tls;
    await daemon.start(...flags);
    return daemon;
  }

  async function failure(address: string, options: ClientOptions): Promise<string> {
    const wanted = Client.connect(address, { connectTimeoutMs: 5_000, ...options });
    const error = await wanted.then(
      async (connected) => {
        await connected.close();
        assert.fail(`${address} has let the client in`);
      },
      (reason: unknown) => reason,
    );
    assert(HeadwaterError.is(error), String(error));
    assert.equal(error.code, 'unreachable');
    return error.message;
  }

  /** All that the node sends before it closes. */
  function answer(socket: net.Socket, request: string): Promise<string> {
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
    });
    socket.write(request);
    return new Promise((resolve) => socket.once('close', () => resolve(text)));
  }

  function redis(port: number, files: Partial<PemFiles> = {}): tls.TLSSocket {
    const pem = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, readFileSync(file)]));
    return tls.connect({ host: '127.0.0.1', port, ca: readFileSync(authority.ca), ...pem });
  }

  it('carries gRPC and the Redis protocol at one port, as ALPN tells', async () => {
    const { address, port } = await start(...tlsFlags(node));
    await using over = await Client.connect(address, trusting());
    await over.set('a', 'x'.repeat(3_000_000));
    assert.equal((await over.get('a'))?.length, 3_000_000);
    assert.equal(await answer(redis(port), 'SET b 1\r\nGET b\r\nQUIT\r\n'), '+OK\r\n$1\r\n1\r\n+OK\r\n');
    assert.equal(await over.get('b'), '1');
  });

  it('carries the links between nodes, a full resync and a second follower below the first', async () => {
    const flags = tlsFlags(node, authority.ca);
    const leader = await start(...flags);
    await (await leader.client()).set('a', 'x'.repeat(2_000_000));
    const above = await cluster.node('above');
    const below = await cluster.node('below');
    for (const [follower, upstream] of [
      [above, leader],
      [below, above],
    ] as const) {
      follower.tls = known().tls;
      await follower.start('--follow', upstream.address, ...flags);
      await caughtUp(upstream, follower);
    }
    await (await leader.client()).set('b', '2');
    await caughtUp(leader, below);
    assert.deepEqual(await below.digest(), await leader.digest());
    await using everywhere = await Client.connect([below.address, leader.address], { ...known(), readFrom: 'nearest' });
    assert.equal(await everywhere.get('b'), '2');
    await everywhere.set('c', '3');
    assert.equal((await everywhere.status()).role, 'leader');
  });

  it('is spoken by the command line, by flags and by the environment', async () => {
    const { address } = await start(...tlsFlags(node, authority.ca));
    const flags = ['--connect', address, '--tls-ca', authority.ca, '--tls-cert', client.cert, '--tls-key', client.key];
    await run(process.execPath, [HEADWATER, 'set', 'a', '1', ...flags]);
    const env = {
      HEADWATER_CONNECT: address,
      HEADWATER_TLS_CA: authority.ca,
      HEADWATER_TLS_CERT: client.cert,
      HEADWATER_TLS_KEY: client.key,
    };
    const { stdout } = await run(process.execPath, [HEADWATER, 'get', 'a'], { env });
    assert.equal(stdout, '1');
    const top = await run(process.execPath, [HEADWATER, 'top', '--once', '--json'], { env });
    assert.equal((JSON.parse(top.stdout) as { nodes: unknown[] }).nodes.length, 1);
  });

  it('names the CA that is lacking, the wrong name and the end of the certificate to the client', async () => {
    const elsewhere = await authority.issue('elsewhere', { names: ['db.example', '192.0.2.1'] });
    const over = await authority.issue('over', EXPIRED);
    const { address } = await start(...tlsFlags(node));
    assert.match(await failure(address, { tls: true }), /: no CA that this side trusts has signed .*--tls-ca$/);
    await cluster[Symbol.asyncDispose]();
    const wrong = await start(...tlsFlags(elsewhere));
    assert.match(
      await failure(wrong.address, trusting()),
      /is for another name: expected 127\.0\.0\.1, received DNS:db\.example, IP Address:192\.0\.2\.1\. Use/,
    );
    await using named = await Client.connect(wrong.address, { tls: { ca: authority.ca, serverName: 'db.example' } });
    assert.equal((await named.status()).role, 'leader');
    await cluster[Symbol.asyncDispose]();
    const late = await start(...tlsFlags(over));
    assert.match(await failure(late.address, trusting()), /: the certificate of the node, or of its CA, has expired/);
    assert.match(late.log, /the certificate CN=over \(tls-cert\) has expired at .*peers refuse it\. Put a new one/);
  });

  it('answers a client without TLS in its own protocol, and says so in the log', async () => {
    const { address, port } = await start(...tlsFlags(node));
    assert.match(await failure(address, {}), /this address takes TLS alone\. Use headwaters:\/\/ or --tls-ca/);
    assert.match(
      await answer(net.connect(port, '127.0.0.1'), 'PING\r\n'),
      /^-ERR this address takes TLS alone\. .*\r\n$/,
    );
    await said(/a connection of 127\.0\.0\.1 was refused: this address takes TLS alone/);
  });

  it('is answered by a node without TLS with an error that both ends understand', async () => {
    const { address, port } = await start();
    assert.match(await failure(address, trusting()), /: the node answers without TLS\. Use headwater:\/\//);
    const socket = redis(port);
    const reason = await new Promise<NodeJS.ErrnoException>((resolve) => socket.once('error', resolve));
    assert.equal(reason.code, 'ERR_SSL_WRONG_VERSION_NUMBER');
    await said(/a connection of 127\.0\.0\.1 was refused: this address speaks no TLS/);
  });

  it('refuses files that do not belong together, and names the option', async () => {
    const daemon = await cluster.node('node');
    const other = await authority.issue('other');
    const refused = async (flags: string[]) => {
      const args = ['serve', '--data', daemon.directory, '--listen', daemon.address, ...flags];
      const { code, stderr } = await run(process.execPath, [HEADWATER, ...args]).then(
        () => assert.fail('the node has started'),
        (error: { code: number; stderr: string }) => error,
      );
      assert.equal(code, 2, stderr);
      return stderr;
    };
    const missing = path.join(daemon.directory, 'nothing.pem');
    assert.match(await refused(['--tls-cert', node.cert]), /tls-cert: expected the key .* in --tls-key too/);
    assert.match(await refused(tlsFlags({ cert: missing, key: node.key })), /tls-cert: .*there is no such file/);
    assert.match(await refused(tlsFlags({ cert: node.cert, key: other.key })), /tls-key .*of one certificate/);
    assert.match(await refused(tlsFlags({ cert: node.key, key: node.key })), /tls-cert .*received none/);
  });

  async function said(words: RegExp): Promise<void> {
    await eventually(`the log to say ${words}`, async () => words.test(cluster.log));
  }
});
