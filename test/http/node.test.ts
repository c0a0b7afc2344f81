/** The metrics, health and readiness of real nodes, on the real LevelDB, through the course of their lives. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { eventually, freePort } from '../../benchmarks/waiting.js';
import { systemClock } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { HttpPages } from '../../src/http/pages.js';
import { Client, Node, type NodeOptions } from '../../src/index.js';
import { bindServers } from '../../src/listener/binding.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { Scrape } from './scrape.js';

const LOCAL = '127.0.0.1:0';

describe('a node with an HTTP port', () => {
  const ends: Array<() => Promise<unknown>> = [];

  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    await removeTemporaryDirectories();
  });

  async function start(options: Partial<NodeOptions> = {}): Promise<Node> {
    const data = options.data ?? path.join(await temporaryDirectory(), 'data');
    const node = await Node.start({ listen: LOCAL, http: LOCAL, shutdownTimeoutMs: 0, ...options, data });
    ends.push(() => node.stop());
    return node;
  }

  async function connect({ address }: Node): Promise<Client> {
    const client = await Client.connect(address, { redirect: false });
    ends.push(() => client.close());
    return client;
  }

  async function probe({ httpAddress }: Node, page: string): Promise<[status: number, line: string]> {
    const answer = await fetch(`http://${httpAddress}${page}`);
    return [answer.status, await answer.text()];
  }

  /** Scrapes until `holds` does. */
  const scraped = (node: Node, what: string, holds: (scrape: Scrape) => boolean) =>
    eventually(what, async () => {
      const scrape = await Scrape.of(node.httpAddress);
      return holds(scrape) && scrape;
    });

  /** Replies of the Redis protocol to one line. */
  function redis({ address }: Node, line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(Number(address.split(':')[1]), '127.0.0.1', () => socket.write(`${line}\r\n`));
      socket.once('data', (reply) => {
        resolve(String(reply));
        socket.destroy();
      });
      socket.once('error', reject);
    });
  }

  it('counts what its clients do, by door, method and code', async () => {
    const node = await start();
    const client = await connect(node);
    for (let i = 0; i < 5; i++) await client.set(`secret-key-${i}`, 'secret-value');
    await assert.rejects(client.incr('secret-key-0'));
    await client.publish('secret-channel', 'hello');
    await Promise.all([client.set('secret-key-7', 'x'), client.get('secret-key-7'), client.get('secret-key-8')]);
    assert.match(await redis(node, 'SET secret-key-9 x'), /OK/);
    assert.match(await redis(node, 'SECRETCOMMAND'), /unknown command/);
    const scrape = await scraped(node, 'all of it', (one) => one.value('headwater_log_end_offset') === 7);
    const [role, commands, bytes] = [
      'headwater_role{role="leader"}',
      'headwater_block_commands_sum',
      'headwater_block_size_bytes_sum',
    ].map((name) => scrape.value(name));
    assert.deepEqual([role, commands], [1, 7]);
    assert.equal(bytes, scrape.value('headwater_log_size_bytes'));
    assert.equal(scrape.value('headwater_commit_duration_seconds_count'), 7);
    assert((scrape.value('headwater_overlay_bytes') ?? 0) > 0);
    assert.equal(scrape.value('headwater_published_messages_total'), 1);
    assert.equal(scrape.value('headwater_redis_commands_total'), 2);
    assert.equal(scrape.value('headwater_redis_errors_total{error="ERR"}'), 1);
    const calls = ['ok', 'failed', 'rejected'].map((outcome) =>
      scrape.value(`headwater_redis_calls_total{command="set",outcome="${outcome}"}`),
    );
    assert.deepEqual(calls, [1, 0, 0]);
    assert((scrape.value('headwater_redis_call_seconds_total{command="set"}') ?? 0) > 0);
    const piped = ['set', 'get', 'increment'].map((kind) =>
      scrape.value(`headwater_pipeline_operations_total{kind="${kind}"}`),
    );
    assert.deepEqual(piped, [6, 2, 1]);
    assert.equal(scrape.value('headwater_pipeline_errors_total{code="not_an_integer"}'), 1);
    assert(scrape.sum('grpc_server_started_total') >= 2, scrape.text);
    assert(scrape.sum('grpc_server_handled_total{grpc_type="unary",grpc_service="headwater.v1.StreamService"') >= 1);
    assert.equal(scrape.value('headwater_connections{door="grpc"}'), 1);
    assert((scrape.value('headwater_event_loop_delay_seconds_count') ?? 0) > 0);
    assert((scrape.value('headwater_memory_bytes{part="leveldb_log"}') ?? 0) > 0);
    assert((scrape.value('process_resident_memory_bytes') ?? 0) > 1e6);
    assert.doesNotMatch(scrape.text, /secret/i);
  });

  it('shows the memory of recent writes, and of recent reads that came from the disk', async () => {
    const node = await start({ readCacheBytes: 1024 * 1024 });
    const bytes = (scrape: Scrape, part: string) => scrape.value(`headwater_memory_bytes{part="${part}"}`) ?? -1;
    assert.match(await redis(node, 'SET a x'), /OK/);
    const written = await Scrape.of(node.httpAddress);
    assert(bytes(written, 'overlay') > 0);
    assert.equal(bytes(written, 'read_cache'), 0);
    assert.match(await redis(node, 'SAVE'), /OK/);
    await scraped(node, 'what the checkpoint has written', (one) => bytes(one, 'written_layer') > 0);
    assert.match(await redis(node, 'SET b y'), /OK/);
    assert.match(await redis(node, 'SAVE'), /OK/);
    assert.match(await redis(node, 'GET a'), /x/);
    const read = await scraped(node, 'the cache in use', (one) => bytes(one, 'read_cache') > 0);
    assert(bytes(read, 'read_cache') <= 1024 * 1024);
    assert.equal(bytes(read, 'key_prints'), 128 * 1024);
  });

  it('counts syncs, and shows the age of the archive', async () => {
    const archive = path.join(await temporaryDirectory(), 'archive');
    const node = await start({ archive, archiveIntervalMs: 60_000, fsync: 'always' });
    const client = await connect(node);
    await client.set('a', '1');
    const behind = await scraped(node, 'a write that is not archived', (one) => {
      return (one.value('headwater_archive_age_seconds') ?? 0) > 0;
    });
    assert.deepEqual([behind.value('headwater_archive_failing'), behind.value('headwater_archive_offset')], [0, 0]);
    assert.equal(behind.value('headwater_fsync_duration_seconds_count'), 1);
  });

  it('says that the archive is late after three intervals, until the archive has all', async () => {
    const archive = path.join(await temporaryDirectory(), 'archive');
    const node = await start({ archive, archiveIntervalMs: 100 });
    const client = await connect(node);
    assert.deepEqual(await probe(node, '/archivez'), [200, 'ok\n']);
    await eventually('the archive to begin', async () => existsSync(archive));
    await rm(archive, { recursive: true });
    await writeFile(archive, 'in the way');
    await client.set('a', '1');
    const [status, line] = await eventually('the archive to be late', async () => {
      const answer = await probe(node, '/archivez');
      return answer[0] !== 200 && answer;
    });
    assert.deepEqual([status, /is late: expected the writes of at most 0\.3 s/.test(line)], [503, true], line);
    // A restart would not help, so the other pages do not say it.
    assert.equal((await probe(node, '/healthz'))[0], 200);
    await rm(archive);
    await eventually('the archive to have all', async () => (await probe(node, '/archivez'))[0] === 200);
  });

  it('shows a follower that comes, goes, loses its place and comes back with a full resync', async () => {
    const leader = await start({ logRetentionBytes: 1_024, logRetentionPinBytes: 64 * 1_024, heartbeatIntervalMs: 50 });
    const client = await connect(leader);
    await client.set('a', '1');
    const data = path.join(await temporaryDirectory(), 'follower');
    const follow = { data, follow: leader.address, heartbeatIntervalMs: 50 };
    const follower = await start(follow);
    const id = `follower="${follower.nodeId}",address="${follower.address}"`;
    const up = await scraped(leader, 'the follower to be level', (one) => {
      return one.value(`headwater_follower_offset{${id}}`) === 1;
    });
    assert.deepEqual(
      [
        'headwater_followers_connected',
        `headwater_follower_connected{${id}}`,
        `headwater_follower_lag_commands{${id}}`,
      ].map((name) => up.value(name)),
      [1, 1, 0],
    );
    assert.equal(up.sum('headwater_resyncs_served_total{kind="full"'), 1);
    const below = await scraped(follower, 'the link to stream', (one) => {
      return one.value('headwater_upstream_state{state="streaming"}') === 1 && one.value('headwater_ready') === 1;
    });
    // The two nodes of this process share nothing.
    assert.deepEqual(
      ['headwater_role{role="follower"}', 'headwater_upstream_lag_commands', 'headwater_followers_connected'].map(
        (name) => below.value(name),
      ),
      [1, 0, 0],
    );
    assert.equal(below.sum('headwater_resyncs_total{kind="full"'), 1);
    assert.equal(up.sum('headwater_resyncs_total'), 0);
    assert.deepEqual(await probe(follower, '/readyz'), [200, 'ok\n']);

    await follower.stop();
    const room = (one: Scrape) =>
      one.value(`headwater_follower_headroom_bytes{follower="${follower.nodeId}",address="${follower.address}"}`);
    const away = await scraped(leader, 'the follower to be away', (one) => {
      return one.value(`headwater_follower_connected{${id}}`) === 0;
    });
    assert.equal(away.value('headwater_followers_connected'), 0);
    assert.equal(away.value('headwater_followers_known'), 1);
    const before = room(away) ?? 0;
    await client.set('b', Buffer.alloc(10_000));
    await scraped(leader, 'less room', (one) => (room(one) ?? before) < before);
    for (let i = 0; i < 20; i++) await client.set('c', Buffer.alloc(10_000));
    await scraped(
      leader,
      'the place to be lost',
      (one) => room(one) === 0 && (one.value('headwater_log_first_offset') ?? 0) > 2,
    );

    const again = await start(follow);
    const back = await scraped(leader, 'the second full resync', (one) => {
      return one.sum('headwater_resyncs_served_total{kind="full"') === 2;
    });
    assert.equal(back.value('headwater_followers_known'), 1);
    await scraped(again, 'the follower to be ready', (one) => one.value('headwater_ready') === 1);
  });

  it('is ready as a follower until it lags for longer than --ready-lag', async () => {
    const leader = await start();
    await (await connect(leader)).set('a', '1');
    const follower = await start({ follow: leader.address, readyLagMs: 500 });
    await eventually('the follower to be ready', async () => (await probe(follower, '/readyz'))[0] === 200);
    await leader.stop();
    const [, line] = await eventually('the follower to lag', async () => {
      const found = await probe(follower, '/readyz');
      return found[0] === 503 && found;
    });
    assert.match(
      line,
      /^this follower is not in sync: expected a lag of at most 500 ms \(--ready-lag\), found a lag of \d+ ms: .+\n$/,
    );
    assert.deepEqual(await probe(follower, '/healthz'), [200, 'ok\n']);
    assert.equal((await Scrape.of(follower.httpAddress)).value('headwater_ready'), 0);
  });

  it('is not ready as a leader without the followers that its writes need', async () => {
    const leader = await start({ minFollowers: 1, heartbeatIntervalMs: 50 });
    const [status, line] = await probe(leader, '/readyz');
    assert.equal(status, 503);
    assert.match(line, /expected 1 followers within --max-lag, found 0\n$/);
    await start({ follow: leader.address, heartbeatIntervalMs: 50 });
    await eventually('the leader to be ready', async () => (await probe(leader, '/readyz'))[0] === 200);
  });

  it('is healthy and not ready while its data open', async () => {
    const pages = new HttpPages({ clock: systemClock, logger: silentLogger, ready: { readyLagMs: 1 } });
    ends.push(() => pages.close());
    const { address } = await bindServers(LOCAL, (options) => pages.server.create(options));
    const found = ['/healthz', '/readyz', '/metrics'].map(async (page) => {
      const answer = await fetch(`http://${address}${page}`);
      return [answer.status, await answer.text()];
    });
    const opening = [503, 'the node is opening its data\n'];
    assert.deepEqual(await Promise.all(found), [[200, 'ok\n'], opening, opening]);
  });

  it('shares one scrape among all who ask within a moment', async () => {
    const node = await start();
    const [first, ...others] = await Promise.all(Array.from({ length: 20 }, () => Scrape.of(node.httpAddress)));
    assert(others.every(({ text }) => text === first?.text));
  });

  it('does not start on an address that is taken, and leaves nothing behind', async () => {
    const data = path.join(await temporaryDirectory(), 'data');
    const taken = await start();
    const listen = `127.0.0.1:${await freePort()}`;
    await assert.rejects(start({ data, listen, http: taken.httpAddress }), { code: 'address_in_use' });
    await assert.rejects(start({ data, listen: taken.address }), { code: 'address_in_use' });
    const node = await start({ data, listen });
    assert.equal(node.address, listen);
  });

  it('closes the port also if it cannot stop in good order', async () => {
    const data = path.join(await temporaryDirectory(), 'data');
    const node = await Node.start({ data, listen: LOCAL, http: LOCAL, shutdownTimeoutMs: 0 });
    const { httpAddress } = node;
    await (await connect(node)).set('a', '1');
    await rm(data, { recursive: true });
    await assert.rejects(node.stop(), /ENOENT/);
    await assert.rejects(fetch(`http://${httpAddress}/healthz`));
  });

  it('closes the port when it stops, and has none without the option', async () => {
    const node = await start();
    const { httpAddress } = node;
    await node.stop();
    await assert.rejects(fetch(`http://${httpAddress}/healthz`));
    const plain = await start({ http: undefined });
    assert.equal(plain.httpAddress, '');
  });
});
