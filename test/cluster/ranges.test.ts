/**
 * A leader and a follower hold different data, because a file of one of them was
 * changed. The command must name the keys that differ, and a repair of these ranges
 * must make the nodes equal.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { REPAIR_STEP_BYTES } from '../../src/base/limits.js';
import { type Database, openLevel } from '../../src/disk/level.js';
import { dataKey, encodeRecord } from '../../src/keyspace/record.js';
import { KEYSPACE_DATABASE } from '../../src/store/generation.js';
import { endAll, headwater } from '../cli/command-line.js';
import { assertEqualData, Cluster, caughtUp, type Daemon } from '../support/cluster.js';

/** Changes the keyspace of a node that is not running, behind the back of its log. */
async function alter(node: Daemon, change: (keyspace: Database) => Promise<void>): Promise<void> {
  const generation = readdirSync(node.directory)
    .filter((name) => name.startsWith('gen-'))
    .sort()
    .at(-1) as string;
  const keyspace = await openLevel(path.join(node.directory, generation, 'keyspace'), KEYSPACE_DATABASE);
  await change(keyspace);
  await keyspace.close();
}

async function drop(keyspace: Database, name: string): Promise<void> {
  const batch = keyspace.batch();
  batch.del(dataKey(0, Buffer.from(name)));
  await batch.write();
}

/** A large value of the leader's. */
const VALUE = Buffer.alloc(128 * 1024, 'v');

const record = (name: string) =>
  encodeRecord(Buffer.from(name), { type: 0, version: 1, expiresAtMs: 0, value: Buffer.from('other') });

async function damage(keyspace: Database, name: string): Promise<void> {
  const row = dataKey(0, Buffer.from(name));
  const bytes = Buffer.from((await keyspace.get(row)) as Buffer);
  bytes[18] = (bytes[18] as number) ^ 1;
  await keyspace.put(row, bytes);
}

interface Node {
  outcome: string;
  address: string;
  ranges: Array<Record<string, unknown>>;
}

describe('compare --ranges', function () {
  this.timeout(60_000);
  let cluster: Cluster;

  beforeEach(() => {
    cluster = new Cluster({ isInProcess: true });
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
    await endAll();
  });

  it('names the keys in which nodes of a chain differ, and --repair mends them under writes', async () => {
    const [leader, middle] = (await cluster.leaderAndFollowers(1)) as [Daemon, Daemon];
    const last = await cluster.node('last');
    await last.start('--follow', middle.address);
    const client = await leader.client();
    await Promise.all(
      Array.from({ length: 3_000 }, (_, i) => client.set(`key:${String(i).padStart(4, '0')}`, `v${i}`)),
    );
    await caughtUp(leader, last);
    for (const node of [last, middle]) assert.equal(await node.end('SIGTERM'), 0);
    await alter(middle, async (keyspace) => {
      await drop(keyspace, 'key:0007');
      await keyspace.put(dataKey(0, Buffer.from('key:1234')), record('key:1234'));
    });
    await alter(last, async (keyspace) => {
      await keyspace.put(dataKey(0, Buffer.from('key:2999x')), record('key:2999x'));
      await damage(keyspace, 'key:2000');
    });
    await middle.start('--follow', leader.address);
    last.isInProcess = false; // it is killed
    await last.start('--follow', middle.address);
    await caughtUp(leader, last);
    let writing = true;
    const writes = (async () => {
      for (let i = 0; writing; i++) await client.set(`while:${i % 100}`, String(i));
    })();
    const said = await headwater(['--connect', leader.address, '--json', 'compare', '--ranges']);
    assert.equal(said.status, 1, said.stderr);
    const { nodes } = JSON.parse(said.stdout.toString()) as { nodes: Node[] };
    const of = (node: Daemon) => nodes.find(({ address }) => address === node.address) as Node;
    const kinds = ['missing', 'extra', 'changed', 'damaged'];
    const found = (node: Daemon) =>
      of(node).ranges.map((range) => [(range.from as { key: string }).key, kinds.find((kind) => range[kind] === 1)]);
    assert.deepEqual(found(middle), [
      ['key:0007', 'missing'],
      ['key:1234', 'changed'],
    ]);
    assert.equal(of(last).outcome, 'unable');
    assert.deepEqual(found(last), [
      ['key:2000', 'damaged'],
      ['key:2999x', 'extra'],
    ]);
    const text = await headwater(['--connect', leader.address, 'compare', '--ranges', '--repair']);
    const lines = text.stdout.toString();
    assert.equal(text.status, 0, `${lines}\n${text.stderr}`);
    for (const line of [
      /^ {2}"key:0007": missing$/m,
      /^ {2}"key:2000": damaged$/m,
      /^repaired .* 2 records put in place/m,
    ])
      assert.match(lines, line);
    assert.equal(lines.match(/^equal /gm)?.length, 2);
    writing = false;
    await writes;
    await assertEqualData(leader, middle, last);
    for (const node of [middle, last]) assert.equal(await (await node.client()).dbsize(), await client.dbsize());
    // What was repaired is on disk.
    await last.end('SIGKILL');
    await last.start('--follow', middle.address);
    await assertEqualData(leader, last);
  });

  it('a follower that is killed while it repairs is repaired by asking again', async () => {
    // So many bytes that a repair takes two steps. A follower that is killed at the end of the first has the second left.
    const keys = Math.ceil((1.25 * REPAIR_STEP_BYTES) / VALUE.length);
    const [leader, follower] = (await cluster.leaderAndFollowers(1)) as [Daemon, Daemon];
    const client = await leader.client();
    const name = (i: number) => `key:${String(i).padStart(6, '0')}`;
    await Promise.all(Array.from({ length: keys }, (_, i) => client.set(name(i), VALUE)));
    await caughtUp(leader, follower);
    await follower.end('SIGTERM');
    await alter(follower, async (keyspace) => {
      const batch = keyspace.batch();
      for (let i = 0; i < keys; i += 2) batch.put(dataKey(0, Buffer.from(name(i))), record(name(i)));
      for (let i = 1; i < keys; i += 4) batch.del(dataKey(0, Buffer.from(name(i))));
      for (let i = 0; i < keys; i++) batch.put(dataKey(0, Buffer.from(`${name(i)}x`)), record(`${name(i)}x`));
      await batch.write();
    });
    follower.isInProcess = false; // it is killed
    await follower.start('--follow', leader.address);
    const everything = [{ from: Buffer.alloc(0), to: undefined }];
    const cutOff: string[] = [];
    for (const moment of ['in the first step', 'behind the first step']) {
      await caughtUp(leader, follower);
      const steps = (await follower.client()).repairRanges(everything);
      const first = steps.next();
      // Any moment in the step will do: a kill cannot wait for a condition within it.
      await (moment === 'in the first step' ? sleep(15) : first);
      const ended = first.then(() => steps.next()).catch(() => cutOff.push(moment));
      await follower.end('SIGKILL');
      await ended;
      await follower.start('--follow', leader.address);
      await client.set(`after a kill ${moment}`, 'v');
    }
    await caughtUp(leader, follower);
    const said = await headwater(['--connect', leader.address, 'compare', '--ranges', '--repair']);
    assert.equal(said.status, 0, `${said.stdout}${said.stderr}`);
    assert(cutOff.includes('behind the first step'), 'no repair was cut off between its steps');
    await assertEqualData(leader, follower);
    assert.equal(await (await follower.client()).dbsize(), await client.dbsize());
    assert.equal((await follower.status()).fullResyncs, 0);
  });

  it('prints no ranges if all nodes are equal, and refuses impossible arguments', async () => {
    const [leader, follower] = (await cluster.leaderAndFollowers(1)) as [Daemon, Daemon];
    await (await leader.client()).set('a', '1');
    await caughtUp(leader, follower);
    const said = await headwater(['--connect', leader.address, 'compare', '--ranges']);
    assert.equal(said.status, 0, said.stderr);
    assert.equal(said.stdout.toString().trim().split('\n').length, 2);
    const wrong = await headwater(['--connect', leader.address, 'compare', '--repair']);
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /--repair needs --ranges/);
  });
});
