/**
 * The replies that an exporter of metrics asks for, as redis_exporter does: the fields that its dashboards show are
 * there and parse as numbers.
 */
import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import { parseAddress } from '../../src/base/address.js';
import type { Node } from '../../src/index.js';
import { Door } from './door.js';

/** Fields of INFO that are numbers, by section. */
const NUMBERS = {
  server: 'process_id tcp_port uptime_in_seconds server_time_usec io_threads_active',
  clients: 'connected_clients cluster_connections maxclients blocked_clients tracking_clients clients_in_timeout_table',
  memory:
    'used_memory used_memory_rss used_memory_peak used_memory_startup used_memory_lua total_system_memory maxmemory mem_fragmentation_ratio mem_fragmentation_bytes mem_clients_slaves mem_aof_buffer number_of_cached_scripts lazyfree_pending_objects active_defrag_running',
  persistence:
    'loading async_loading rdb_changes_since_last_save rdb_bgsave_in_progress rdb_last_save_time rdb_last_bgsave_time_sec rdb_current_bgsave_time_sec rdb_last_cow_size aof_enabled aof_rewrite_in_progress aof_rewrite_scheduled aof_last_rewrite_time_sec aof_current_rewrite_time_sec aof_last_cow_size aof_current_size aof_base_size aof_pending_rewrite aof_buffer_length aof_pending_bio_fsync aof_delayed_fsync module_fork_in_progress',
  stats:
    'total_connections_received total_commands_processed instantaneous_ops_per_sec total_net_input_bytes total_net_output_bytes instantaneous_input_kbps instantaneous_output_kbps rejected_connections sync_full sync_partial_ok sync_partial_err expired_keys evicted_keys keyspace_hits keyspace_misses pubsub_channels pubsub_patterns latest_fork_usec migrate_cached_sockets slave_expires_tracked_keys unexpected_error_replies total_error_replies',
  replication:
    'connected_slaves master_repl_offset second_repl_offset repl_backlog_active repl_backlog_size repl_backlog_first_byte_offset repl_backlog_histlen',
  cpu: 'used_cpu_sys used_cpu_user used_cpu_sys_children used_cpu_user_children',
  cluster: 'cluster_enabled',
} as const;

/** Fields that are labels. */
const WORDS = {
  role: /^(master|slave)$/,
  redis_version: /^\d+\.\d+\.\d+$/,
  redis_build_id: /^[0-9a-f]+$/,
  redis_mode: /^standalone$/,
  os: /^\S/,
  maxmemory_policy: /^noeviction$/,
  run_id: /^[0-9a-f]{40}$/,
  rdb_last_bgsave_status: /^ok$/,
  aof_last_bgrewrite_status: /^ok$/,
  aof_last_write_status: /^ok$/,
} as const;

describe('an exporter of metrics finds', () => {
  const door = new Door();
  const clients: Redis[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.disconnect();
    await door.close();
  });

  function connect({ address }: Node): Redis {
    const client = new Redis(parseAddress(address).port);
    clients.push(client);
    return client;
  }

  async function infoOf(client: Redis): Promise<Map<string, Map<string, string>>> {
    const sections = (await client.info('ALL')).split('\r\n\r\n');
    return new Map(
      sections.map((section) => {
        const [title = '', ...lines] = section.trimEnd().split('\r\n');
        return [title.replace('# ', '').toLowerCase(), new Map(lines.map(split))];
      }),
    );
  }

  it('its fields of INFO ALL as numbers, in their sections', async () => {
    const sections = await infoOf(connect(await door.node()));
    for (const [section, names] of Object.entries(NUMBERS)) {
      for (const name of names.split(' ')) {
        assert.match(sections.get(section)?.get(name) ?? '', /^-?\d+(\.\d+)?$/, `${section}: ${name}`);
      }
    }
    const all = new Map([...sections.values()].flatMap((fields) => [...fields]));
    for (const [name, pattern] of Object.entries(WORDS)) assert.match(all.get(name) ?? '', pattern, name);
  });

  it('the calls and errors of each command, and the keys of each database', async () => {
    const client = connect(await door.node());
    await client.pipeline().set('a', '1').get('a').get('b').incr('a').call('SET', 'a').exec();
    const sections = await infoOf(client);
    const pattern = /^calls=(\d+),usec=(\d+),usec_per_call=([\d.]+),rejected_calls=(\d+),failed_calls=(\d+)$/;
    for (const [name, line] of sections.get('commandstats') ?? []) {
      assert.match(name, /^cmdstat_[a-z|-]+$/);
      assert.match(line, pattern, name);
    }
    const [, calls, usec, , rejected] = pattern.exec(sections.get('commandstats')?.get('cmdstat_set') ?? '') ?? [];
    assert.deepEqual([calls, rejected], ['1', '1']);
    assert.ok(Number(usec) > 0);
    assert.match(sections.get('errorstats')?.get('errorstat_ERR') ?? '', /^count=1$/);
    assert.match(sections.get('keyspace')?.get('db0') ?? '', /^keys=1,expires=\d+,avg_ttl=\d+$/);
    assert.deepEqual([sections.get('modules')?.size, sections.get('latencystats')?.size], [0, 0]);
  });

  it('the link of a follower from both of its ends', async () => {
    const leader = await door.node();
    const below = connect(await door.follower(leader));
    const follower = (await infoOf(below)).get('replication');
    assert.equal(follower?.get('role'), 'slave');
    assert.match(follower?.get('master_host') ?? '', /^127\.0\.0\.1$/);
    assert.equal(follower?.get('master_link_status'), 'up');
    for (const name of [
      'master_port',
      'master_last_io_seconds_ago',
      'master_sync_in_progress',
      'slave_repl_offset',
      'slave_priority',
      'slave_read_only',
    ]) {
      assert.match(follower?.get(name) ?? '', /^\d+$/, name);
    }
    const above = (await infoOf(connect(leader))).get('replication');
    assert.match(above?.get('slave0') ?? '', /^ip=[\d.]+,port=\d+,state=online,offset=\d+,lag=\d+$/);
  });

  it('the parameters that CONFIG GET * shows, with numbers where Redis has some', async () => {
    const client = connect(await door.node());
    const words = (await client.config('GET', '*')) as string[];
    assert.equal(words.length % 2, 0);
    const parameters = new Map(words.flatMap((name, at) => (at % 2 === 0 ? [[name, words[at + 1] ?? '']] : [])));
    for (const name of [
      'databases',
      'maxclients',
      'maxmemory',
      'timeout',
      'slowlog-max-len',
      'slowlog-log-slower-than',
    ]) {
      assert.match(parameters.get(name) ?? '', /^-?\d+$/, name);
    }
    assert.deepEqual(await client.config('GET', 'databases'), ['databases', '1']);
    assert.deepEqual(await client.config('GET', 'maxclients'), ['maxclients', parameters.get('maxclients')]);
    assert.equal((await infoOf(client)).get('clients')?.get('maxclients'), parameters.get('maxclients'));
  });

  it('lists of slow commands, delays, clients and modules in the shapes of Redis', async () => {
    const client = connect(await door.node({ slowLog: false }));
    assert.equal(await client.client('SETNAME', 'an_exporter'), 'OK');
    assert.equal(await client.slowlog('LEN'), 0);
    assert.deepEqual(await client.slowlog('GET', 1), []);
    assert.deepEqual(await client.call('LATENCY', 'LATEST'), []);
    assert.deepEqual(await client.call('LATENCY', 'HISTOGRAM'), []);
    assert.deepEqual(await client.call('MODULE', 'LIST'), []);
    const [line = ''] = String(await client.client('LIST')).split('\n');
    const facts = new Map(line.split(' ').map((fact) => split(fact.replace('=', ':'))));
    assert.equal(facts.get('name'), 'an_exporter');
    for (const name of [
      'id',
      'age',
      'idle',
      'db',
      'sub',
      'psub',
      'multi',
      'qbuf',
      'qbuf-free',
      'obl',
      'oll',
      'omem',
      'tot-mem',
    ]) {
      assert.match(facts.get(name) ?? '', /^-?\d+$/, name);
    }
    assert.match(facts.get('addr') ?? '', /^127\.0\.0\.1:\d+$/);
  });

  it('the types and sizes of the keys that it was told to look at', async () => {
    const client = connect(await door.node());
    await client.set('a', '12');
    assert.equal(await client.select(0), 'OK');
    assert.deepEqual(await client.scan(0, 'MATCH', 'a*', 'COUNT', 1_000), ['0', ['a']]);
    assert.equal(await client.type('a'), 'string');
    assert.equal(await client.strlen('a'), 2);
    assert.equal(await client.get('a'), '12');
    assert.ok(Number(await client.call('MEMORY', 'USAGE', 'a')) > 0);
    assert.equal(await client.type('nosuch'), 'none');
    assert.equal(await client.dbsize(), 1);
  });
});

function split(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1)];
}
