/**
 * The memory of a follower is full, and its disk cannot be read for a checkpoint.
 * Its blocks must wait without a loss, and a person must still be able to move it.
 */
import assert from 'node:assert/strict';
import { key } from '../support/store.js';
import { level, type TestNode, type World, worldForEachTest } from '../support/world.js';

describe('a follower that cannot make a checkpoint', () => {
  let world: World;
  let node: TestNode;

  worldForEachTest((made) => {
    world = made;
  });

  beforeEach(async () => {
    const leader = await world.node('L');
    await leader.write(3);
    node = await world.node('F', { follows: 'L', budget: { overlayBytesMax: 64 * 1024, replayBytesMax: 2 ** 26 } });
    await level(world, leader, node);
    node.test.disk.fault = ({ kind, location, keys }) => {
      if (kind !== 'read' || !location.endsWith('/keyspace') || !keys.some((one) => one.includes('k0'))) return;
      throw Object.assign(new Error('IO error: 000005.ldb: Input/output error'), { code: 'LEVEL_IO_ERROR' });
    };
    await leader.test.submit({ kind: 'expire', key: key('k0'), expiry: { expiresAtMs: 9_000_000_000_000 } });
    await world.until('it has the touch', () => node.offset === leader.offset);
    await assert.rejects(node.store.snapshots.at(), { code: 'io_error' });
    for (let i = 0; i < 40; i++) await leader.test.set(`large ${i}`, Buffer.alloc(16 * 1024));
    await world.until('blocks wait', () => /no checkpoint can be made/.test(node.store.writes.waits.message));
  });

  it('can be promoted', async () => {
    await node.replication.promote();
    assert.equal(node.store.roles.role, 'leader');
    assert.equal(await node.test.get('k1'), 'k at L');
  });

  it('can be ordered to follow another node', async () => {
    await node.follow('elsewhere');
    assert.equal(node.store.roles.upstream, 'elsewhere');
  });
});
