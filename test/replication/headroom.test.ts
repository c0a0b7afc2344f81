/** The log is kept to a size, and who is about to lose a place in it is told of before. */
import assert from 'node:assert/strict';
import { removeTemporaryDirectories } from '../support/database.js';
import { level, type TestNode, World } from '../support/world.js';

const KiB = 1024;
const RETENTION_BYTES = 1024 * KiB;

describe('a log that is kept to a size', () => {
  let world: World;
  let leader: TestNode;

  beforeEach(async () => {
    world = new World();
    leader = await world.node('L', { logRetentionBytes: RETENTION_BYTES });
  });

  afterEach(async () => {
    await world.stop();
    await removeTemporaryDirectories();
  });

  /** About so many bytes of log, a block for each 10 KiB. */
  async function append(bytes: number): Promise<void> {
    for (let written = 0; written < bytes; written += 10 * KiB)
      await leader.test.set(`k${written % 7}`, 'x'.repeat(10 * KiB - 80));
  }

  const bytesOf = ({ store: { log } }: TestNode) => log.bytesBetween(log.base.offset, log.end.offset);

  it('is trimmed in the background, at a block’s end and never past the checkpoint', async () => {
    await append(3 * RETENTION_BYTES);
    assert(bytesOf(leader) > 2.9 * RETENTION_BYTES);
    assert.equal(leader.store.checkpoint.offset, 0);
    await world.until('it is trimmed', () => bytesOf(leader) < 1.05 * RETENTION_BYTES);
    assert(bytesOf(leader) > 0.9 * RETENTION_BYTES, String(bytesOf(leader)));
    const { log } = leader.store;
    assert(log.base.offset <= leader.store.checkpoint.offset);
    assert.equal((await log.read(log.base.offset, 1))[0]?.firstOffset, log.firstOffset);
    await leader.restart();
    await world.until('it is weighed again', () => bytesOf(leader) > 0.9 * RETENTION_BYTES);
    assert(bytesOf(leader) < 1.05 * RETENTION_BYTES);
  });

  it('is not trimmed past what a reader has pinned', async () => {
    await append(100 * KiB);
    const pin = leader.store.log.pin(5);
    await append(2 * RETENTION_BYTES);
    await world.until('what may go has gone', () => leader.store.log.base.offset === 5);
    await world.clock.advance(10_000);
    assert.equal(leader.store.log.base.offset, 5);
    leader.store.log.unpin(pin);
    await world.until('the rest goes', () => bytesOf(leader) < 1.05 * RETENTION_BYTES);
  });

  it('shows how far each follower is from its start, and for how long at the present rate', async () => {
    await append(100 * KiB);
    const follower = await world.node('F', { follows: 'L' });
    await level(world, leader, follower);
    await world.until('its place is known', () => leader.replication.headroom.least?.connected === true);
    const { headroom } = leader.replication;
    assert.deepEqual([headroom.least?.nodeId, headroom.least?.commands], [follower.store.nodeId, 10]);
    assert(Math.abs((headroom.least?.bytes ?? 0) - 100 * KiB) < 2 * KiB);
    await follower.down();
    // Ten KiB a second for a minute: the window holds nothing else then.
    for (let second = 0; second < 61; second++) {
      await append(10 * KiB);
      await world.clock.advance(1_000);
    }
    assert(Math.abs(headroom.rate.bytes - 10 * KiB) < 200, String(headroom.rate.bytes));
    assert(Math.abs(headroom.rate.commands - 1) < 0.05);
    const { least } = headroom;
    assert.equal(least?.connected, false);
    // 1,024 KiB are kept, 610 were written since: 414 are left, 10 a second.
    assert(Math.abs((least?.ms ?? 0) - 41_400) < 2_500, String(least?.ms));
    assert.equal(
      leader.test.logger.said(/follower F is about to fall off the log: \d+ bytes are left, \d+ s/, 'warn'),
      1,
    );
  });

  it('warns once, before a follower falls off, says so when it has, and that is why it gets a full resync', async () => {
    await append(100 * KiB);
    const follower = await world.node('F', { follows: 'L' });
    await level(world, leader, follower);
    await world.until('its place is known', () => leader.replication.headroom.least?.connected === true);
    await follower.down();
    const { logger } = leader.test;
    const warned = () => logger.said(/about to fall off/, 'warn');
    await append(900 * KiB);
    await world.until('it is warned of', () => warned() === 1);
    assert.equal(logger.said(/has fallen off/), 0);
    assert.equal(leader.store.log.base.offset, 0);
    await append(500 * KiB);
    await world.until('it has fallen off', () => logger.said(/F has fallen off the log: it stands at offset 10/) === 1);
    assert.equal(warned(), 1);
    assert.equal(leader.replication.headroom.least, undefined);
    await follower.test.open();
    follower.up();
    await level(world, leader, follower);
    assert.equal(follower.link.status.lastResync?.reason, 'LOG_TRIMMED');
  });
});
