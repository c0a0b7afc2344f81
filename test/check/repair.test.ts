/** What a follower gets anew from its upstream, and what is left where nobody has it. */
import assert from 'node:assert/strict';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Checks } from '../../src/check/checks.js';
import { openLevel } from '../../src/disk/level.js';
import { blockKey } from '../../src/log/rows.js';
import { level, type TestNode, type World, worldForEachTest } from '../support/world.js';
import { AS_FAST, all, checksOf, damageBlock, damageRecord, damages, damagesOf, repair, steps } from './nodes.js';

describe('repair', () => {
  let world: World;
  let leader: TestNode;
  let node: TestNode;
  let checks: Checks;

  worldForEachTest((made) => {
    world = made;
  });

  beforeEach(async () => {
    leader = await world.node('leader:1');
    node = await world.node('node:1', { follows: 'leader:1' });
    await leader.write(20);
    await level(world, leader, node);
    await (await node.store.snapshots.at()).release();
    checks = checksOf(world, node);
  });

  const rawBlock = ({ test }: TestNode, offset: number) => test.disk.raw(test.location('log')).get(blockKey(offset));

  it('finds nothing if everything is whole', async () => {
    const events = await repair(world, checks);
    assert.deepEqual(events.at(-1), { kind: 'summary', summary: { damages: 0, repairs: 0, left: 0 } });
    assert.deepEqual(checks.status, { repairs: 0, lastRepair: '' });
  });

  it('ends at once when it is cancelled, also while the log is still being checked', async () => {
    Object.defineProperty(node.store.data.serving, 'checked', { value: new Promise(() => {}) });
    const over = new AbortController();
    const repairing = checks.repair(AS_FAST, over.signal);
    assert.equal((await repairing.next()).value?.kind, 'progress');
    over.abort(new Error('enough'));
    await assert.rejects(all(repairing), /enough/);
    assert.deepEqual(await damagesOf(checks), []);
  });

  it('replaces the commands of the log that the disk has changed', async () => {
    await damageBlock(node, 7);
    await damageBlock(node, 8);
    await damageBlock(node, 15);
    const events = await repair(world, checks);
    assert.deepEqual(
      damages(events).map((damage) => damage.part === 'log' && [damage.from, damage.to]),
      [
        [7, 8],
        [15, 15],
      ],
    );
    assert.deepEqual(
      steps(events).map(({ kind, fromOffset, toOffset }) => [kind, fromOffset, toOffset]),
      [
        ['log', 7, 8],
        ['log', 15, 15],
      ],
    );
    for (const offset of [7, 8, 15]) assert.deepEqual(await rawBlock(node, offset), await rawBlock(leader, offset));
    assert.deepEqual(await damagesOf(checks), []);
    assert.equal(checks.status.repairs, 2);
    assert.equal(node.link.resyncs.full, 0);
    await level(world, leader, node);
  });

  it('restores commands that are missing', async () => {
    for (const offset of [4, 5, 6]) await node.test.disk.raw(node.test.location('log')).del(blockKey(offset));
    await repair(world, checks);
    assert.deepEqual(await damagesOf(checks), []);
    await level(world, leader, node);
  });

  it('lets a log begin as early as before a start gave up its damaged part', async () => {
    await damageBlock(node, 7);
    await node.restart();
    await world.until('the log begins behind the damage', () => node.store.data.log.base.offset + 1 === 8);
    checks = checksOf(world, node);
    const [step, ...more] = steps(await repair(world, checks));
    assert.deepEqual(more, []);
    assert.match(step?.message ?? '', /begins at offset 1 again, not at 8/);
    assert.equal(node.store.data.log.base.offset + 1, 1);
    assert.deepEqual(await damagesOf(checks), []);
    await level(world, leader, node);
    await node.restart();
    assert.equal(node.store.data.log.base.offset + 1, 1);
    await level(world, leader, node);
    assert.ok(node.store.data.log.lookup.bytesBetween(0, 8) > 0, 'what came back is weighed');
  });

  it('begins a log as early as the upstream has it', async () => {
    await damageBlock(node, 12);
    await node.restart();
    await world.until('the log begins behind the damage', () => node.store.data.log.base.offset + 1 === 13);
    await (await leader.store.snapshots.at()).release();
    // Until the leader knows how far the follower has come, its log stays for the follower.
    await world.until(
      'the leader has trimmed its log',
      async () => (await leader.store.data.log.trimming.trim(5)) === 5,
    );
    checks = checksOf(world, node);
    await repair(world, checks);
    assert.equal(node.store.data.log.base.offset + 1, 6);
    await level(world, leader, node);
  });

  it('keeps damage that the upstream has too, and says so: no damaged block comes over', async () => {
    await damageBlock(node, 7);
    await damageBlock(leader, 7);
    await (await leader.store.snapshots.at()).release();
    await leader.restart();
    await world.until('the leader gave it up', () => leader.store.data.log.base.offset + 1 === 8);
    await level(world, leader, node);
    const before = await rawBlock(node, 7);
    const events = await repair(world, checks);
    const [step, ...more] = steps(events);
    assert.deepEqual([step?.kind, step?.fromOffset, step?.toOffset, more.length], ['left', 7, 7, 0]);
    assert.match(step?.message ?? '', /the log of the upstream begins after offset 7|the log holds 8 to/);
    assert.deepEqual(events.at(-1), { kind: 'summary', summary: { damages: 1, repairs: 0, left: 1 } });
    assert.deepEqual(await rawBlock(node, 7), before);
    assert.equal(checks.status.repairs, 0);
  });

  it('replaces all data if the keyspace is damaged, and serves the old data meanwhile', async () => {
    const { nodeId } = node.store.identity;
    await damageRecord(node, 'k3');
    await assert.rejects(node.digest(), { code: 'corrupt' });
    const events = await repair(world, checks);
    assert.equal(damages(events)[0]?.part, 'keyspace');
    assert.deepEqual(
      steps(events).map(({ kind }) => kind),
      ['full_resync'],
    );
    await level(world, leader, node);
    assert.deepEqual(await damagesOf(checks), []);
    assert.equal(node.store.identity.nodeId, nodeId);
    assert.equal(node.link.status.lastResync?.reason, 'REQUESTED');
  });

  it('of files taken from a running node leaves a directory that the next start opens', async () => {
    for (const [name, pattern, kinds] of [
      ['keyspace', /^CURRENT$/, ['full_resync']],
      ['log', /^MANIFEST/, ['full_resync']],
      ['log', /\.ldb$/, ['full_resync']],
      // LevelDB has in memory what stood there, and makes a table of it.
      ['log', /\.log$/, []],
    ] as const) {
      const address = `${name} ${pattern.source}`;
      const other = await world.node(address, { follows: 'leader:1', openDatabase: openLevel });
      await level(world, leader, other);
      const location = path.join(other.store.data.directory, name);
      const file = (await readdir(location)).find((one) => pattern.test(one)) as string;
      await rm(path.join(location, file));
      const events = await repair(world, checksOf(world, other));
      assert.deepEqual(
        damages(events).map((damage) => damage.part === 'file' && damage.file),
        [path.join(location, file)],
      );
      assert.deepEqual(
        steps(events).map(({ kind }) => kind),
        kinds,
        address,
      );
      await level(world, leader, other);
      await other.down();
      await other.test.open();
      assert.equal(other.store.data.position.offset, leader.store.data.position.offset);
      other.up();
    }
  });

  it('is refused by a leader, which says what to do', async () => {
    await assert.rejects(repair(world, checksOf(world, leader)), { code: 'repair_refused', message: /failover/ });
  });

  it('is one at a time, with checks', async () => {
    const running = checks.verify({ bytesPerSecond: 1 }, new AbortController().signal);
    await running.next();
    await assert.rejects(repair(world, checks), {
      code: 'overloaded',
      message: /a check of this node is running already/,
    });
    await running.return(undefined);
    await repair(world, checks);
  });

  it('begins by itself at a node that repairs itself', async () => {
    await damageBlock(node, 7);
    await node.restart();
    checks = checksOf(world, node, { autoRepair: true });
    checks.start();
    await world.until('it is repaired', () => checks.status.repairs === 1 && node.store.data.log.base.offset + 1 === 1);
    await level(world, leader, node);
    await checks.close(new Error('the test is over') as never);
  });
});
