/** The role that a node is started with each time, against the one that it was given since. */
import assert from 'node:assert/strict';
import { blockKey } from '../../src/log/rows.js';
import { TestStore } from '../support/store.js';

const UNIT = { role: 'follower', upstream: '127.0.0.1:1' } as const;

describe('a start option that says whom to follow', () => {
  let test: TestStore;

  const warnings = () => test.logger.lines.filter(({ message }) => /is ignored/.test(message));

  beforeEach(async () => {
    test = await TestStore.open({ role: UNIT });
  });

  afterEach(async () => {
    await test.store.close();
  });

  it('counts on a node that was never promoted', async () => {
    await test.reopen({ role: 'leader', upstream: '' });
    await test.set('k');
    await test.reopen(UNIT);
    assert.equal(test.store.roles.role, 'follower');
    await test.reopen({ ...UNIT, upstream: '127.0.0.1:2' });
    assert.equal(test.store.roles.upstream, '127.0.0.1:2');
    assert.deepEqual(warnings(), []);
  });

  it('does not count after a promotion: the node still leads, and says what to do', async () => {
    await test.store.roles.promote();
    await test.set('k');
    for (const again of [() => test.reopen(UNIT), () => test.restart(UNIT)]) {
      await again();
      assert.equal(test.store.roles.role, 'leader');
      assert.equal(await test.get('k'), 'v');
    }
    assert.equal(warnings().length, 2);
    assert.match(warnings()[0]?.message ?? '', /--follow 127.0.0.1:1 is ignored: .* promoted .* "follow 127.0.0.1:1"/);
  });

  it('does not count after a hand-over to the node, nor while that is being asked about', async () => {
    await test.store.roles.promote({ grant: 'g' });
    await test.set('k');
    await test.reopen(UNIT);
    assert.equal(test.store.roles.role, 'leader');
    const { offset } = await test.store.writes.pause();
    await test.store.roles.handOver({ grant: 'h', node_id: 'ab'.repeat(16), address: '127.0.0.1:3', offset });
    await test.reopen(UNIT);
    assert.equal(test.store.roles.handingOver?.address, '127.0.0.1:3');
    assert.match(warnings()[1]?.message ?? '', /handing over to 127.0.0.1:3/);
    await test.store.roles.handedOver();
    await test.reopen(UNIT);
    assert.equal(test.store.roles.upstream, UNIT.upstream);
  });

  it('counts again once the node was ordered to follow, or was superseded', async () => {
    await test.store.roles.promote();
    await test.store.roles.follow('127.0.0.1:2');
    await test.reopen(UNIT);
    assert.equal(test.store.roles.upstream, UNIT.upstream);
    await test.store.roles.promote();
    await test.store.roles.supersede({ node_id: 'ab'.repeat(16), address: '127.0.0.1:3', epoch: 9 });
    await test.reopen(UNIT);
    assert.equal(test.store.roles.role, 'follower');
    assert.deepEqual(warnings(), []);
  });

  it('counts after a promotion if a person accepts the loss', async () => {
    await test.store.roles.promote();
    await test.set('k');
    await test.reopen({ ...UNIT, overrules: true });
    assert.equal(test.store.roles.role, 'follower');
    await test.reopen(UNIT);
    assert.equal(test.store.roles.role, 'follower');
  });

  it('counts after a promotion if the node cannot lead with what is on its disk', async () => {
    await test.store.roles.promote();
    await test.set('k');
    await test.store.close();
    await test.disk.raw(test.location('log')).del(blockKey(1));
    await test.open(UNIT);
    assert.equal(test.store.roles.role, 'follower');
    assert.equal(test.store.data.incomplete?.code, 'keyspace_incomplete');
  });
});
