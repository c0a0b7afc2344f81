/** TLS of real nodes: both protocols, the links between nodes, the command line, and what each mistake says to both ends. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import { NodeTls } from '../../src/access/tls/node-tls.js';
import { Client, type ClientOptions, HeadwaterError } from '../../src/index.js';
import { EXPIRED, type PemFiles, TestAuthority, tlsFlags } from '../support/certificates.js';
import { TestClock } from '../support/clock.js';
import { Cluster, caughtUp, type Daemon, eventually } from '../support/cluster.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { RecordingLogger } from '../support/store.js';

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
    cluster = new Cluster({ isInProcess: true });
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
    const code = error.message.includes('certificate of its CA alone') ? 'unauthenticated' : 'unreachable';
    assert.equal(error.code, code);
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

  it('answers a request of plain HTTP with a page that says to use https://', async () => {
    const { port } = await start(...tlsFlags(node));
    for (const request of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'POST /a HTTP/1.0\r\nContent-Length: 4\r\n\r\nPING'])
      assert.match(
        await answer(net.connect(port, '127.0.0.1'), request),
        /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*\r\n\r\nthis address takes TLS alone, .*\. Use https:\/\/ .*\n$/,
      );
    assert.match(
      await answer(net.connect(port, '127.0.0.1'), 'GET HTTP/1.1\r\n'),
      /^-ERR this address takes TLS alone/,
    );
    await said(/a connection of 127\.0\.0\.1 was refused: this address takes TLS alone, and speaks gRPC/);
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
    assert.match(await refused(tlsFlags({ cert: missing, key: node.key })), /tls-cert: .*no such file or directory/);
    const directory = path.dirname(node.key);
    assert.match(await refused(tlsFlags({ cert: directory, key: node.key })), /expected a file, received a directory/);
    assert.match(await refused(tlsFlags({ cert: node.cert, key: other.key })), /tls-key .*of one certificate/);
    assert.match(await refused(tlsFlags({ cert: node.key, key: node.key })), /tls-cert .*received none/);
    const forClients = await authority.issue('only-client', { usages: ['client'] });
    assert.match(
      await refused(tlsFlags(forClients)),
      /tls-cert .*usage serverAuth, received that of a client, CN=only/,
    );
  });

  describe('with certificates of clients', () => {
    it('lets in clients of its CA, and tells the others why not, in both protocols', async () => {
      const stranger = await (await TestAuthority.create(await temporaryDirectory(), 'other CA')).issue('stranger');
      const over = await authority.issue('client-over', EXPIRED);
      const server = await authority.issue('only-server', { usages: ['server'] });
      const { address, port } = await start(...tlsFlags(node, authority.ca));
      await using over1 = await Client.connect(address, known());
      await over1.set('a', '1');
      assert.equal(await answer(redis(port, client), 'GET a\r\nQUIT\r\n'), '$1\r\n1\r\n+OK\r\n');
      const refusals: Array<[files: Partial<PemFiles>, why: RegExp]> = [
        [{}, /: this client has shown none\. Use --tls-cert and --tls-key/],
        [stranger, /: no CA of the --tls-ca of the node has signed the certificate of the client/],
        [over, /: that of the client, or its CA, has expired/],
        [server, /: that of the client is not for a client\. Give it one with the usage clientAuth/],
      ];
      for (const [files, why] of refusals) {
        const message = await failure(address, { tls: { ca: authority.ca, ...files } });
        assert.match(message, /the node takes clients with a certificate of its CA alone/);
        assert.match(message, why);
        const said = await answer(redis(port, files), 'GET a\r\n');
        assert.match(said, /^-ERR the node takes clients with a certificate of its CA alone: .*\r\n$/);
        assert.match(said, why);
      }
      assert.equal((await over1.status()).connections?.refusedRedis, refusals.length);
    });

    it('refuses a client without one even the calls that are for all, and hangs up', async () => {
      const daemon = await start(...tlsFlags(node, authority.ca));
      const raw = new grpc.Client(daemon.address, grpc.credentials.createSsl(readFileSync(authority.ca)));
      const asIs = (bytes: Buffer) => bytes;
      try {
        for (const path of ['/grpc.health.v1.Health/Check', '/headwater.v1.AdminService/Status']) {
          const error = await new Promise<grpc.ServiceError | null>((resolve) => {
            raw.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), (failure) => resolve(failure));
          });
          assert.equal(error?.code, grpc.status.UNAUTHENTICATED, `${path}: ${error?.message}`);
          assert.match(error.message, /certificate of its CA alone: this client has shown none/);
        }
        const isClosed = async () => (await daemon.status()).connections?.grpc === 1;
        await eventually('the refused connection to be closed', isClosed);
      } finally {
        raw.close();
      }
    });

    it('closes a connection whose handshake is garbage, and says so', async () => {
      const { port } = await start(...tlsFlags(node, authority.ca));
      for (const bytes of ['\x16', '\x16\x03\x01\x00\x05hello', '\x16\x03\x01\xff\xff'.padEnd(70_000, 'x')]) {
        const socket = net.connect(port, '127.0.0.1');
        const closed = answer(socket, '');
        socket.write(bytes, 'latin1');
        if (bytes.length === 1) socket.end();
        await closed;
      }
      await said(/a TLS handshake of 127\.0\.0\.1 failed: /);
    });

    it('takes clients without one if it is optional, and none at all if it is off', async () => {
      const stranger = await (await TestAuthority.create(await temporaryDirectory(), 'other CA')).issue('stranger');
      const { address } = await start(...tlsFlags(node, authority.ca), '--tls-clients', 'optional');
      await using without = await Client.connect(address, trusting());
      await without.set('a', '1');
      await using withOne = await Client.connect(address, known());
      assert.equal(await withOne.get('a'), '1');
      const foreign = { tls: { ca: authority.ca, ...stranger } };
      assert.match(await failure(address, foreign), /no CA of the --tls-ca of the node/);
      await cluster[Symbol.asyncDispose]();
      const off = await start(...tlsFlags(node, authority.ca), '--tls-clients', 'off');
      await using unasked = await Client.connect(off.address, foreign);
      await unasked.set('a', '1');
    });

    it('ends a follower and a client whose certificates are revoked, and refuses both from then on', async () => {
      const directory = await temporaryDirectory();
      const own = await TestAuthority.create(directory);
      const [above, below, reader] = [await own.issue('above'), await own.issue('below'), await own.issue('reader')];
      const crl = await own.revoke([]);
      const leader = await cluster.node('leader');
      leader.tls = { ca: own.ca, ...above };
      await leader.start(...tlsFlags(above, own.ca), '--tls-crl', crl);
      const follower = await cluster.node('follower');
      follower.tls = leader.tls;
      await follower.start('--follow', leader.address, ...tlsFlags(below, own.ca));
      await caughtUp(leader, follower);
      await using revoked = await Client.connect(leader.address, { tls: { ca: own.ca, ...reader } });
      await revoked.set('a', '1');
      const lost = new Promise<void>((resolve) => revoked.once('lost', () => resolve()));
      await own.revoke([below, reader].map(({ cert }) => readFileSync(cert, 'utf8')));
      await lost;
      await said(/a connection of 127\.0\.0\.1 was closed: the certificate of the client is revoked/);
      const late = revoked.get('a', { timeoutMs: 500 });
      await assert.rejects(late, /unreachable|no connection|that of the client is revoked/);
      await eventually('the link to be refused', async () => {
        const { upstream } = await follower.status();
        return upstream?.state !== 'streaming' && /that of the client is revoked/.test(upstream?.error ?? '');
      });
      assert.equal((await leader.status()).followers.length, 0);
    });
  });

  it('ends the connections of clients whose CA is revoked by the one above it', async () => {
    const directory = await temporaryDirectory();
    const root = await TestAuthority.createRoot(directory);
    const [between, other] = [await root.below('between'), await root.below('other')];
    const own = await root.issue('own');
    const clients = [await between.issue('one'), await other.issue('two')];
    for (const [i, { cert }] of clients.entries())
      writeFileSync(cert, readFileSync(cert, 'utf8') + readFileSync([between, other][i]?.ca ?? '', 'utf8'));
    const lists = async (revoked: readonly string[]) => {
      const files = [await root.revoke(revoked), await between.revoke([]), await other.revoke([])];
      return files.map((file) => readFileSync(file, 'utf8')).join('');
    };
    const crl = path.join(directory, 'all.pem');
    writeFileSync(crl, await lists([]));
    const daemon = await cluster.node('node');
    daemon.tls = { ca: root.ca, ...clients[1] };
    const { address } = daemon;
    await daemon.start(...tlsFlags(own, root.ca), '--tls-crl', crl);
    await using one = await Client.connect(address, { tls: { ca: root.ca, ...clients[0] } });
    await using two = await Client.connect(address, { tls: { ca: root.ca, ...clients[1] } });
    await Promise.all([one.set('a', '1'), two.set('b', '2')]);
    const lost: string[] = [];
    one.once('lost', () => lost.push('one'));
    two.once('lost', () => lost.push('two'));
    writeFileSync(crl, await lists([readFileSync(between.ca, 'utf8')]));
    await eventually('the connection to end', async () => lost.length > 0);
    assert.equal(await two.get('b'), '2');
    assert.deepEqual(lost, ['one']);
    const late = one.get('a', { timeoutMs: 500 });
    await assert.rejects(late, /unreachable|no connection|that of the client is revoked/);
  });

  describe('whose files change', () => {
    it('loads a file that changed before the node was open', async () => {
      const own = await TestAuthority.create(await temporaryDirectory());
      const files = await own.issue('node');
      const logger = new RecordingLogger();
      const clock = new TestClock();
      const paths = { ...files, ca: undefined, crl: undefined };
      const nodeTls = new NodeTls({ files: paths, clients: 'off', serverName: undefined, clock, logger });
      const before = nodeTls.certificates[0]?.notAfterMs;
      await own.issue('node', { notAfter: new Date(Date.now() + 3_600_000_000) });
      await nodeTls.start();
      assert.notEqual(nodeTls.certificates[0]?.notAfterMs, before);
      assert.equal(logger.said(/the certificates were loaded again/), 1);
      nodeTls.stop();
    });

    it('serves new connections with the new certificate, and drops no open one', async () => {
      const own = await TestAuthority.create(await temporaryDirectory());
      const files = await own.issue('node');
      const daemon = await cluster.node('node');
      daemon.tls = { ca: own.ca };
      await daemon.start(...tlsFlags(files));
      const follower = await cluster.node('follower');
      follower.tls = { ca: own.ca };
      await follower.start('--follow', daemon.address, ...tlsFlags(files, own.ca), '--tls-clients', 'off');
      await caughtUp(daemon, follower);
      await using writer = await Client.connect(daemon.address, { tls: { ca: own.ca } });
      let losses = 0;
      writer.on('lost', () => losses++);
      const written = { count: 0, isOver: false };
      const writing = (async () => {
        while (!written.isOver) await writer.set(`key ${written.count++}`, 'value');
      })();
      const before = await serialOf(daemon.port, own.ca);
      for (const how of ['by itself', 'on SIGHUP']) {
        const at = await serialOf(daemon.port, own.ca);
        await own.issue('node');
        if (how === 'on SIGHUP') daemon.signal('SIGHUP');
        await eventually(`the new certificate ${how}`, async () => (await serialOf(daemon.port, own.ca)) !== at);
        const from = written.count;
        await eventually('more writes', async () => written.count > from + 100);
      }
      written.isOver = true;
      await writing;
      assert.equal(losses, 0);
      assert.notEqual(await serialOf(daemon.port, own.ca), before);
      const status = await caughtUp(daemon, follower);
      assert.equal(status.offset, written.count);
      assert.equal(status.partialResyncs + status.fullResyncs, 1, 'the link was never broken');
      assert.match(daemon.log, /the certificates were loaded again: CN=node, valid until /);
    });

    it('goes on with the old certificate if the new file is bad, and says why, once', async () => {
      const own = await TestAuthority.create(await temporaryDirectory());
      const files = await own.issue('node');
      const daemon = await cluster.node('node');
      daemon.tls = { ca: own.ca };
      await daemon.start(...tlsFlags(files));
      const before = await serialOf(daemon.port, own.ca);
      writeFileSync(files.cert, 'nonsense');
      const complaint =
        /the certificates could not be loaded again: tls-cert \(.*node\.pem\): expected a certificate in PEM .*received none/g;
      await said(complaint);
      daemon.signal('SIGHUP');
      await eventually('another complaint', async () => (daemon.log.match(complaint) ?? []).length === 2);
      assert.equal(await serialOf(daemon.port, own.ca), before);
      await own.issue('node');
      await eventually('the new one', async () => (await serialOf(daemon.port, own.ca)) !== before);
      assert.equal((daemon.log.match(complaint) ?? []).length, 2);
    });

    it('is warned of a certificate that ends soon', async () => {
      const soon = {
        notBefore: new Date(Date.now() - 1_000),
        notAfter: new Date(Date.now() + 3 * 86_400_000 - 60_000),
      };
      const daemon = await start(...tlsFlags(await authority.issue('soon', soon)));
      assert.match(
        daemon.log,
        /the certificate CN=soon \(tls-cert\) expires in 3 days, at .*Put a new one in its place/,
      );
    });
  });

  /** The serial number of the certificate that the node shows now. */
  async function serialOf(port: number, ca: string): Promise<string> {
    const socket = tls.connect({ host: '127.0.0.1', port, ca: readFileSync(ca) });
    try {
      await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
      return socket.getPeerCertificate().serialNumber;
    } finally {
      socket.destroy();
    }
  }

  async function said(words: RegExp): Promise<void> {
    await eventually(`the log to say ${words}`, async () => words.test(cluster.log));
  }
});
