/** INFO: sections and names as Redis has them, with Headwater's facts. */
import assert from 'node:assert/strict';
import type { Node } from '../../src/index.js';
import { until } from '../support/clock.js';
import { Door } from './door.js';

const DEFAULT_TITLES =
  'Server Clients Memory Persistence Stats Replication CPU Modules Errorstats Cluster Keyspace Headwater';
const ALL_TITLES = DEFAULT_TITLES.replace('Modules', 'Modules Commandstats').replace(
  'Errorstats',
  'Errorstats Latencystats',
);

describe('INFO', () => {
  const door = new Door();
  afterEach(() => door.close());

  /** The text of one INFO, and its fields. */
  async function info(node: Node, words = ''): Promise<{ text: string; fields: Map<string, string> }> {
    const reply = await door.exchange(node, `INFO ${words}\r\n`);
    const [, length = '', text = ''] = /^\$(\d+)\r\n([\s\S]*)\r\n$/.exec(reply) ?? [];
    assert.equal(text.length, Number(length), reply);
    const lines = text.split('\r\n').filter((line) => line !== '' && !line.startsWith('#'));
    return { text, fields: new Map(lines.map((line) => split(line))) };
  }

  it('shows the sections that were asked for, in the order of Redis, whatever their case', async () => {
    const node = await door.node();
    const titles = async (words: string) => (await info(node, words)).text.match(/^# .*(?=\r$)/gm)?.join(' ') ?? '';
    const named = (names: string) => names.replaceAll(/\b(?=\w+)/g, '# ');
    assert.equal(await titles(''), named(DEFAULT_TITLES));
    assert.equal(await titles('default'), named(DEFAULT_TITLES));
    assert.equal(await titles('all'), named(ALL_TITLES));
    assert.equal(await titles('EVERYTHING'), named(ALL_TITLES));
    assert.equal(await titles('keyspace CPU modules cpu nosuch'), named('CPU Modules Keyspace'));
    assert.equal((await info(node, 'nosuch')).text, '');
    assert.equal((await info(node, 'cluster modules')).text, '# Modules\r\n\r\n# Cluster\r\ncluster_enabled:0\r\n');
  });

  it('is a text for people in RESP3', async () => {
    const node = await door.node();
    const text = 'txt:# Cluster\r\ncluster_enabled:0\r\n';
    const replies = await door.exchange(node, 'HELLO 3\r\nINFO cluster\r\n');
    assert.ok(replies.endsWith(`=${text.length}\r\n${text}\r\n`), replies);
  });

  it('names the server as clients and Sentinel expect it', async () => {
    const node = await door.node();
    const { fields } = await info(node);
    assert.equal(fields.get('redis_version'), '7.2.4');
    assert.match(fields.get('headwater_version') ?? '', /^\d+\.\d+\.\d+/);
    assert.equal(fields.get('redis_mode'), 'standalone');
    assert.match(fields.get('run_id') ?? '', /^[0-9a-f]{40}$/);
    assert.equal(fields.get('tcp_port'), node.address.split(':')[1]);
    assert.equal(fields.get('process_id'), String(process.pid));
    assert.equal(fields.get('maxmemory_policy'), 'noeviction');
    assert.equal(fields.get('loading'), '0');
    assert.equal(fields.get('connected_clients'), '1');
    assert.equal(fields.get('blocked_clients'), '0');
    assert.equal(fields.get('aof_last_write_status'), 'ok');
    assert.match(fields.get('used_memory_human') ?? '', /^\d+\.\d\d[KMG]$/);
    const again = await info(node);
    assert.equal(again.fields.get('run_id'), fields.get('run_id'));
  });

  it('counts connections, commands, bytes and errors', async () => {
    const node = await door.node();
    await door.exchange(node, 'SET a 1\r\nGET a\r\nINCRBY a x\r\nNOSUCH\r\nPING\r\n');
    const { fields } = await info(node);
    assert.equal(fields.get('total_connections_received'), '2');
    assert.equal(fields.get('total_commands_processed'), '6');
    assert.equal(fields.get('total_error_replies'), '2');
    assert.equal(fields.get('errorstat_ERR'), 'count=2');
    assert.ok(Number(fields.get('total_net_input_bytes')) > 40);
    assert.ok(Number(fields.get('total_net_output_bytes')) > 40);
    assert.ok(Number(fields.get('instantaneous_ops_per_sec')) > 0);
    assert.ok(Number(fields.get('used_memory_startup')) > 0);
    await until('the bytes have a rate', async () => {
      const [read, written] = await rates(node);
      return read > 0 && written > 0;
    });
  });

  async function rates(node: Node): Promise<[read: number, written: number]> {
    const { fields } = await info(node, 'stats');
    return [Number(fields.get('instantaneous_input_kbps')), Number(fields.get('instantaneous_output_kbps'))];
  }

  it('counts the keys as they are now, and the writes since the checkpoint', async () => {
    const node = await door.node();
    assert.equal((await info(node, 'keyspace')).text, '# Keyspace\r\n');
    await door.exchange(node, 'SET a 1\r\nSET b 1\r\nSET b 2\r\n');
    assert.equal((await info(node, 'persistence')).fields.get('rdb_changes_since_last_save'), '3');
    assert.equal((await info(node, 'keyspace')).fields.get('db0'), 'keys=2,expires=0,avg_ttl=0');
  });

  it('counts the keys about right after many writes, without a checkpoint', async () => {
    const node = await door.node();
    for (const [from, keys] of [
      [0, 10_000],
      [5_000, 15_000],
    ] as const) {
      const sets = Array.from({ length: 10_000 }, (_, i) => `SET k${from + i} 1\r\n`);
      await door.exchange(node, sets.join(''));
      assert.equal((await info(node, 'keyspace')).fields.get('db0'), `keys=${keys},expires=0,avg_ttl=0`);
    }
    assert.match(await door.exchange(node, 'MEMORY STATS\r\n'), /keys\.count\r\n:15000\r\n/);
    assert.equal((await node.status()).checkpointOffset, 0);
  });

  it('of both ends of a link says who follows whom, up to which offset', async () => {
    const leader = await door.node();
    await door.exchange(leader, 'SET a 1\r\nSET b 1\r\n');
    const follower = await door.node({ follow: leader.address });
    await until('the link is up', async () => (await info(follower)).fields.get('master_link_status') === 'up');
    await until(
      'the follower has both writes',
      async () => (await info(leader)).fields.get('slave0')?.includes('offset=2') ?? false,
    );

    const above = (await info(leader, 'replication')).fields;
    const [host, port] = leader.address.split(':');
    const below = follower.address.split(':')[1];
    assert.equal(above.get('role'), 'master');
    assert.equal(above.get('connected_slaves'), '1');
    assert.match(
      above.get('slave0') ?? '',
      new RegExp(`^ip=127\\.0\\.0\\.1,port=${below},state=online,offset=2,lag=\\d$`),
    );
    assert.match(above.get('master_replid') ?? '', /^[0-9a-f]{40}$/);

    const { fields } = await info(follower, 'replication');
    assert.equal(fields.get('role'), 'slave');
    assert.equal(fields.get('master_host'), host);
    assert.equal(fields.get('master_port'), port);
    assert.match(fields.get('master_last_io_seconds_ago') ?? '', /^[01]$/);
    assert.equal(fields.get('master_sync_in_progress'), '0');
    assert.equal(fields.get('slave_repl_offset'), '2');
    assert.equal(fields.get('slave_priority'), '100');
    assert.equal(fields.get('slave_read_only'), '1');
    assert.equal(fields.get('replica_announced'), '1');
    assert.equal(fields.get('master_replid'), above.get('master_replid'));

    await leader.stop();
    await until('the link is down', async () => (await info(follower)).fields.get('master_link_status') === 'down');
    const alone = (await info(follower, 'replication')).fields;
    assert.match(alone.get('master_link_down_since_seconds') ?? '', /^\d$/);
    assert.equal(alone.get('master_last_io_seconds_ago'), '-1');
  });
});

function split(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1)];
}
