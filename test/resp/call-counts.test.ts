/** The counts of INFO by command: calls, refusals, failures and times, and hits, misses and expired keys. */
import assert from 'node:assert/strict';
import type { Node } from '../../src/index.js';
import { until } from '../support/clock.js';
import { Door } from './door.js';

interface Count {
  readonly calls: number;
  readonly usec: number;
  readonly usec_per_call: number;
  readonly rejected_calls: number;
  readonly failed_calls: number;
}

describe('the counts of INFO by command', () => {
  const door = new Door();
  afterEach(() => door.close());

  async function fields(node: Node, section: string): Promise<Map<string, string>> {
    const reply = await door.exchange(node, `INFO ${section}\r\n`);
    return new Map([...reply.matchAll(/^([^:\r\n]+):(.*)\r$/gm)].map(([, name = '', value = '']) => [name, value]));
  }

  /** Calls, refusals and failures of each command, as `name calls/rejected/failed`. Each call took some time. */
  async function counted(node: Node, ...names: readonly string[]): Promise<string> {
    const stats = await fields(node, 'commandstats');
    return names
      .map((name) => {
        const line = stats.get(`cmdstat_${name}`);
        if (line === undefined) return `${name} -`;
        assert.match(line, /^calls=\d+,usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=\d+,failed_calls=\d+$/);
        const count = Object.fromEntries(line.split(',').map((part) => part.split('='))) as unknown as Count;
        assert.equal(Number(count.usec_per_call) > 0, Number(count.calls) > 0, `${name}: ${line}`);
        return `${name} ${count.calls}/${count.rejected_calls}/${count.failed_calls}`;
      })
      .join(' ');
  }

  it('tell calls from refusals and from failures, in a pipeline of many kinds', async () => {
    const node = await door.node();
    await door.exchange(
      node,
      'SET a x\r\nSET b 1\r\nGET a\r\nINCR a\r\nINCR b\r\nSET a\r\nGET\r\nSET a 1 NOSUCH\r\nNOSUCH\r\nPING\r\nCONFIG GET port\r\nCONFIG GET\r\nGET b\r\n',
    );
    assert.equal(
      await counted(node, 'set', 'get', 'incr', 'ping', 'config|get', 'nosuch', 'mget'),
      'set 3/1/1 get 2/1/0 incr 2/0/1 ping 1/0/0 config|get 1/1/0 nosuch - mget -',
    );
    const errors = await fields(node, 'errorstats');
    assert.equal(errors.get('errorstat_ERR'), 'count=6');
    assert.equal((await fields(node, 'stats')).get('total_error_replies'), '6');
  });

  it('share the time of the client among the commands of its messages', async () => {
    const node = await door.node();
    const beganMs = performance.now();
    await door.exchange(node, 'SET a x\r\n'.repeat(20_000));
    const tookUs = (performance.now() - beganMs) * 1_000;
    const line = (await fields(node, 'commandstats')).get('cmdstat_set') ?? '';
    const [, calls, usec] = /^calls=(\d+),usec=(\d+),/.exec(line) ?? [];
    assert.equal(calls, '20000');
    assert.ok(Number(usec) > 0 && Number(usec) < tookUs, `${line} of ${tookUs}`);
  });

  it('have the commands of an EXEC that runs, and refuse those that are not queued', async () => {
    const node = await door.node();
    await door.exchange(node, 'SET a x\r\nMULTI\r\nSET b 1\r\nINCR a\r\nSET b 2 NOSUCH\r\nGET b\r\nEXEC\r\n');
    assert.equal(
      await counted(node, 'multi', 'exec', 'set', 'incr', 'get'),
      'multi 1/0/0 exec 1/0/0 set 3/0/1 incr 1/0/1 get 1/0/0',
    );
    await door.exchange(node, 'CONFIG RESETSTAT\r\nMULTI\r\nSET b\r\nGET b\r\nEXEC\r\n');
    assert.equal(
      await counted(node, 'multi', 'exec', 'set', 'get', 'config|resetstat'),
      'multi 1/0/0 exec 1/0/1 set 0/1/0 get - config|resetstat 1/0/0',
    );
    await door.exchange(node, 'MULTI\r\nGET b\r\nTIME\r\nINCR a\r\nEXEC\r\nMULTI\r\nGET b\r\nDISCARD\r\n');
    assert.equal(
      await counted(node, 'multi', 'exec', 'get', 'time', 'incr', 'discard'),
      'multi 3/0/0 exec 2/0/1 get 1/0/0 time 1/0/0 incr 1/0/1 discard 1/0/0',
    );
  });

  it('call a write that a follower refuses rejected, between MULTI and EXEC too', async () => {
    const leader = await door.node();
    const follower = await door.follower(leader);
    await door.exchange(follower, 'SET a 1\r\nSET a 2\r\nGET a\r\nMULTI\r\nSET a 1\r\nEXEC\r\n');
    assert.equal(await counted(follower, 'set', 'get', 'exec'), 'set 0/3/0 get 1/0/0 exec 1/0/1');
    const errors = await fields(follower, 'errorstats');
    assert.equal(errors.get('errorstat_READONLY'), 'count=3');
    assert.equal(errors.get('errorstat_EXECABORT'), 'count=1');
  });

  it('count errors whose replies the client does not want', async () => {
    const node = await door.node();
    await door.exchange(node, 'CLIENT REPLY OFF\r\nCONFIG SET nosuch 1\r\nPING\r\n');
    assert.equal(await counted(node, 'config|set', 'ping'), 'config|set 1/0/1 ping 1/0/0');
  });

  it('have the messages of a row, each', async () => {
    const node = await door.node();
    await door.exchange(node, 'PUBLISH c m\r\n'.repeat(50));
    assert.equal(await counted(node, 'publish'), 'publish 50/0/0');
  });

  it('begin again with CONFIG RESETSTAT', async () => {
    const node = await door.node();
    await door.exchange(node, 'SET a 1\r\nGET a\r\nGET b\r\nNOSUCH\r\nCONFIG RESETSTAT\r\nGET a\r\n');
    assert.equal(await counted(node, 'set', 'get', 'config|resetstat'), 'set - get 1/0/0 config|resetstat 1/0/0');
    const stats = await fields(node, 'stats');
    assert.deepEqual(
      ['keyspace_hits', 'keyspace_misses', 'total_error_replies', 'expired_keys'].map((name) => stats.get(name)),
      ['1', '0', '0', '0'],
    );
    assert.equal((await fields(node, 'errorstats')).size, 0);
  });

  it('cost each refusal in a long pipeline no more than one in a short pipeline', async () => {
    const node = await door.node();
    const bestMs = async (requests: number) => {
      const times: number[] = [];
      for (let i = 0; i < 3; i++) {
        const start = performance.now();
        const replies = await door.exchange(node, 'x\r\n'.repeat(requests));
        times.push(performance.now() - start);
        assert.equal(replies.split('\r\n').length, requests + 1);
      }
      return Math.min(...times);
    };
    await bestMs(3_000);
    const [short, long] = [await bestMs(3_000), await bestMs(24_000)];
    // Eight times as long, if each costs the same.
    assert.ok(long < 24 * short, `${short} ms for 3,000, ${long} ms for 24,000`);
  });

  it('have the hits and misses of reads, as Redis counts them', async () => {
    const node = await door.node();
    const lookups = async (requests: string) => {
      await door.exchange(node, `CONFIG RESETSTAT\r\n${requests}`);
      const stats = await fields(node, 'stats');
      return `${stats.get('keyspace_hits')}/${stats.get('keyspace_misses')}`;
    };
    await door.exchange(node, 'MSET a 1 b 2\r\n');
    assert.equal(await lookups('GET a\r\nGET nosuch\r\n'), '1/1');
    assert.equal(await lookups('MGET a b nosuch\r\n'), '2/1');
    assert.equal(await lookups('EXISTS a nosuch nosuch\r\nTOUCH a\r\n'), '2/2');
    assert.equal(await lookups('TTL a\r\nPTTL nosuch\r\nTYPE a\r\nTYPE nosuch\r\n'), '2/2');
    assert.equal(await lookups('STRLEN a\r\nGETRANGE a 0 -1\r\nGETRANGE nosuch 0 -1\r\nSTRLEN nosuch\r\n'), '2/2');
    assert.equal(await lookups('GETEX a\r\nSET a 1 GET\r\nGETDEL nosuch\r\nGETSET b 2\r\n'), '3/1');
    assert.equal(await lookups('OBJECT ENCODING a\r\nOBJECT IDLETIME nosuch\r\n'), '1/1');
    assert.equal(await lookups('MULTI\r\nGET a\r\nGET nosuch\r\nEXEC\r\n'), '1/1');
    assert.equal(await lookups('SET c 1\r\nINCR c\r\nDEL c nosuch\r\nEXPIRE a 100\r\n'), '0/0');
  });

  it('have the keys that the leader deleted because they expired', async () => {
    const node = await door.node();
    await door.exchange(node, 'SET a 1 PX 1\r\nSET b 1 PX 1\r\nSET c 1 EX 100\r\nSET d 1\r\n');
    const expired = async () => (await fields(node, 'stats')).get('expired_keys');
    await until('both keys are deleted', async () => (await expired()) === '2');
    assert.equal((await node.status()).expiredKeys, 2);
    await door.exchange(node, 'CONFIG RESETSTAT\r\n');
    assert.equal(await expired(), '0');
  });
});
