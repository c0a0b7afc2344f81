/** A follower whose data cannot be opened: it serves nothing, gets everything anew, and keeps what only it has. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { BASE_KEY, blockKey } from '../../src/log/rows.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { level, type TestNode, World, worldForEachTest } from '../support/world.js';
import { checksOf, repair, steps } from './nodes.js';

const CHECKPOINT_ROW = Buffer.from('mcheckpoint');

describe('a follower whose data cannot be opened', () => {
  let world: World;
  let leader: TestNode;
  worldForEachTest((made) => {
    world = made;
  });

  beforeEach(async () => {
    leader = await world.node('leader:1');
  });

  async function follower(options: { autoRepair?: boolean } = {}): Promise<TestNode> {
    const node = await world.node('node:1', { follows: 'leader:1', ...options });
    await leader.write(20);
    await level(world, leader, node);
    await (await node.store.snapshots.at()).release();
    return node;
  }

  /** The row that says how far the keyspace has got. */
  async function damageKeyspace({ test }: TestNode): Promise<void> {
    const bytes = Buffer.from((await test.disk.raw(test.location('keyspace')).get(CHECKPOINT_ROW)) as Buffer);
    bytes[9] = (bytes[9] as number) ^ 1;
    await test.disk.raw(test.location('keyspace')).put(CHECKPOINT_ROW, bytes);
  }

  it('refuses to start, unless it is started with automatic repair', async () => {
    const node = await follower();
    await damageKeyspace(node);
    await node.down();
    await assert.rejects(node.test.open(), { code: 'corrupt', message: /Start this follower with --auto-repair/ });
  });

  it('replaces them if it repairs itself, and keeps its identity', async () => {
    const node = await follower({ autoRepair: true });
    const { nodeId } = node.store.identity;
    await damageKeyspace(node);
    await node.down();
    await node.test.open();
    assert.equal(node.store.data.isServing, false);
    node.up();
    const checks = checksOf(world, node, { autoRepair: true });
    checks.start();
    await level(world, leader, node);
    assert.equal(node.link.status.lastResync?.reason, 'KEYSPACE_INCOMPLETE');
    assert.equal(node.store.identity.nodeId, nodeId);
    await world.until('it is counted', () => checks.status.repairs === 1);
    assert.match(checks.status.lastRepair, /all data were copied from leader:1: .*the checkpoint record/);
    await checks.close(new Error('the test is over') as never);
    const names = await readdir(node.test.directory);
    assert.ok(names.includes('gen-000002') && !names.includes('gen-000001') && !names.includes('stand-in.new'));
  });

  it('keeps the writes that only its own log has', async () => {
    const node = await follower({ autoRepair: true });
    // It leads for a while, and nobody hears of what it is told.
    await node.replication.promote();
    await node.write(3, 'own');
    await leader.leadOn();
    await leader.write(2, 'other');
    await damageKeyspace(node);
    await node.down();
    await node.test.open({ role: 'follower', upstream: 'leader:1', overrules: true });
    node.up();
    await level(world, leader, node);
    assert.equal(node.link.status.lastResync?.reason, 'DIVERGED');
    assert.equal(await node.store.lostWrites.count(), 3);
  });

  it('takes no data from an upstream that is empty or of another cluster', async () => {
    const node = await follower({ autoRepair: true });
    await damageKeyspace(node);
    await node.test.disk.raw(node.test.location('log')).put(BASE_KEY, Buffer.alloc(60, 1));
    const { clusterId } = node.store.identity;
    await node.down();
    await node.test.open();
    assert.equal(node.store.data.log.end.offset, 0);
    await world.node('empty:1');
    const other = await world.node('other:1');
    await other.write(2);
    node.up();
    await node.follow('empty:1');
    await world.until('it is not emptied', () => /this node needs a snapshot/.test(node.link.status.error));
    await node.follow('other:1');
    await world.until('it takes no stranger’s data', () => /would replace/.test(node.link.status.error));
    assert.equal(node.store.identity.clusterId, clusterId);
    assert.equal(node.store.data.isServing, false);
    await node.follow('leader:1');
    await level(world, leader, node);
  });

  it('replaces them, while it runs, when an operator asks for it', async () => {
    const node = await follower();
    const checks = checksOf(world, node);
    await damageKeyspace(node);
    node.test.disk.fault = ({ kind, location }) => {
      if (kind !== 'batch' && kind !== 'put') return;
      if (location.endsWith('/log')) throw new Error('EIO');
    };
    await leader.write(1, 'fails');
    await world.until('it cannot be opened', () =>
      /cannot be opened.*run "repair"/.test(String(node.store.data.notServing)),
    );
    node.test.disk.fault = undefined;
    const events = await repair(world, checks);
    assert.deepEqual(
      steps(events).map(({ kind }) => kind),
      ['full_resync'],
    );
    await level(world, leader, node);
  });

  it('replaces them, while it runs, by itself if it repairs itself', async () => {
    const node = await follower({ autoRepair: true });
    const checks = checksOf(world, node, { autoRepair: true });
    checks.start();
    await damageKeyspace(node);
    node.test.disk.fault = ({ kind, location }) => {
      if ((kind !== 'batch' && kind !== 'put') || !location.endsWith('/log')) return;
      node.test.disk.fault = undefined;
      throw new Error('EIO');
    };
    await leader.write(1, 'fails');
    await world.until('it is whole', () => node.link.resyncs.full > 0);
    await level(world, leader, node);
    assert.equal(checks.status.repairs, 1);
    await checks.close(new Error('the test is over') as never);
  });
});

describe('a leader that was opened again', () => {
  afterEach(removeTemporaryDirectories);

  it('asks its followers before it leads on, if its log was cut', async () => {
    const world = new World();
    try {
      const leader = await world.node('leader:1');
      const node = await world.node('node:1', { follows: 'leader:1' });
      await leader.write(10);
      await level(world, leader, node);
      await leader.write(5, 'later');
      await world.until('the follower has them', () => node.offset === 15);
      await world.until('it knows its follower', () => leader.store.followers.all.length === 1);
      // A write fails, and when the log is opened again, its last blocks do not chain.
      let failed = false;
      leader.test.disk.fault = async ({ kind, location, keys }) => {
        if (kind === 'put' && location.endsWith('/log') && keys[0]?.[0] === 98 && !failed) {
          failed = true;
          throw new Error('EIO');
        }
        if (kind !== 'open' || !location.endsWith('/log')) return;
        const raw = leader.test.disk.raw(location);
        const key = blockKey(13);
        const bytes = Buffer.from((await raw.get(key)) as Buffer);
        bytes[60] = (bytes[60] as number) ^ 1;
        await raw.put(key, bytes);
        leader.test.disk.fault = undefined;
      };
      await assert.rejects(leader.test.set('fails'));
      await world.until(
        'it has asked',
        () => leader.test.logger.said(/the known followers sent back \d+ lost commands/) > 0,
      );
      await world.until('it leads', () => leader.store.data.isServing && !leader.store.roles.asking);
      assert.equal(leader.test.logger.said(/the known followers sent back 3 lost commands/), 1);
      await leader.test.set('goes on');
      assert.equal(await leader.test.get('later4'), 'later at leader:1');
      await level(world, leader, node);
    } finally {
      await world.stop();
    }
  });
});
