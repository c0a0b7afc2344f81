/**
 * A leader keeps its log to a size while a reader and followers lag. Trims must
 * spare what is pinned, and the status must show how far each follower is from
 * losing its place.
 */
import assert from 'node:assert/strict';
import { LOG_RETENTION_PIN_BYTES } from '../../../src/base/limits.js';
import { Cursor } from '../../../src/log/cursor.js';
import { blockKey } from '../../../src/log/rows.js';
import { level, type TestNode, type World, worldForEachTest } from '../../support/world.js';

const KiB = 1024;
const RETENTION_BYTES = 1024 * KiB;
/** The log grows over that by a sixteenth before it is trimmed; a block is not divided. */
const MOST_BYTES = 1.08 * RETENTION_BYTES;

describe('a log that is kept to a size', () => {
  let world: World;
  let leader: TestNode;

  worldForEachTest((made) => {
    world = made;
  });

  beforeEach(async () => {
    leader = await world.node('L', { logRetentionBytes: RETENTION_BYTES });
  });

  /** About so many bytes of log, a block for each 10 KiB. */
  async function append(bytes: number): Promise<void> {
    for (let written = 0; written < bytes; written += 10 * KiB)
      await leader.test.set(`k${written % 7}`, 'x'.repeat(10 * KiB - 80));
  }

  const bytesOf = ({
    store: {
      data: { log },
    },
  }: TestNode) => log.lookup.bytesBetween(log.base.offset, log.end.offset);

  it('is trimmed in the background, at a block’s end and never past the checkpoint', async () => {
    await append(3 * RETENTION_BYTES);
    assert(bytesOf(leader) > 2.9 * RETENTION_BYTES);
    assert.equal(leader.store.data.progress.checkpoint.offset, 0);
    await world.until('it is trimmed', () => bytesOf(leader) < MOST_BYTES);
    assert(bytesOf(leader) > 0.9 * RETENTION_BYTES, String(bytesOf(leader)));
    const { log } = leader.store.data;
    assert(log.base.offset <= leader.store.data.progress.checkpoint.offset);
    assert.equal((await log.read(log.base.offset, 1))[0]?.firstOffset, log.base.offset + 1);
    await leader.restart();
    await world.until('it is weighed again', () => bytesOf(leader) > 0.9 * RETENTION_BYTES);
    assert(bytesOf(leader) < MOST_BYTES);
  });

  it('is not trimmed past what a reader has pinned', async () => {
    await append(100 * KiB);
    const pin = leader.store.data.log.trimming.pin(8, 'somebody');
    await append(2 * RETENTION_BYTES);
    await world.until('what may go has gone', () => leader.store.data.log.base.offset === 8);
    await world.clock.advance(10_000);
    assert.equal(leader.store.data.log.base.offset, 8);
    leader.store.data.log.trimming.unpin(pin);
    await world.until('the rest goes', () => bytesOf(leader) < MOST_BYTES);
  });

  it('may grow by a part, so that each trim is worth the work', async () => {
    await append(1.03 * RETENTION_BYTES);
    await world.clock.advance(10_000);
    assert.equal(leader.store.data.log.base.offset, 0);
    await append(0.05 * RETENTION_BYTES);
    await world.until('it is trimmed', () => leader.store.data.log.base.offset > 0);
    assert(bytesOf(leader) < 1.02 * RETENTION_BYTES);
  });

  it('names a reader that keeps too much of it, and ends that before it grows for ever', async () => {
    const node = await world.node('P', { logRetentionBytes: 100 * KiB, logRetentionPinBytes: 500 * KiB });
    const write = async (bytes: number) => {
      for (let written = 0; written < bytes; written += 10 * KiB)
        await node.test.set(`k${written % 7}`, 'x'.repeat(10 * KiB - 80));
    };
    const { log } = node.store.data;
    await write(60 * KiB);
    const [slow, slower] = [
      new Cursor(log, log.end, { pinnedFor: 'follower S' }),
      new Cursor(log, log.base, { pinnedFor: 'follower T' }),
    ];
    await write(390 * KiB);
    await world.clock.advance(2_000);
    await world.clock.advance(2_000);
    const said = (pattern: RegExp, level: 'warn' | 'error') => node.test.logger.said(pattern, level);
    assert.equal(
      said(/follower T keeps the log from being trimmed: it is at offset 0, 4\d{5} bytes behind/, 'warn'),
      1,
    );
    assert.equal(log.base.offset, 0);
    await write(80 * KiB);
    await world.until('T is let go', () => log.base.offset === slow.offset);
    assert.equal(
      said(/the log is no longer kept for follower T at offset 0, .*\(--log-retention-pin-bytes 512000\)/, 'error'),
      1,
    );
    await assert.rejects(slower.poll(1), { code: 'trimmed' });
    assert.equal((await slow.poll(1)).length, 1);
    slow.close();
    slower.close();
    await world.until('the rest goes', () => bytesOf(node) < 120 * KiB);
  });

  it('stays as it is if its oldest blocks are damaged: a warning comes once, writes continue', async () => {
    await append(1.2 * RETENTION_BYTES);
    const raw = leader.test.disk.raw(leader.test.location('log'));
    for (let offset = 1; offset <= 40; offset++) await raw.put(blockKey(offset), Buffer.from('damaged'));
    await world.until('it is said', () => leader.test.logger.said(/the log cannot be trimmed to offset/) > 0);
    for (let second = 0; second < 5; second++) await world.clock.advance(1_000);
    assert.equal(leader.test.logger.said(/the log cannot be trimmed to offset/), 1);
    assert.equal(leader.test.logger.said(/opens again/), 0);
    await leader.test.set('goes on');
    assert.equal(await leader.test.get('goes on'), 'v');
  });

  it("shows each follower's distance from its start, and how long that lasts", async () => {
    await append(100 * KiB);
    const follower = await world.node('F', { follows: 'L' });
    await level(world, leader, follower);
    await world.until('its place is known', () => leader.replication.headroom.least?.connected === true);
    const { headroom } = leader.replication;
    assert.deepEqual([headroom.least?.nodeId, headroom.least?.commands], [follower.store.identity.nodeId, 10]);
    assert(Math.abs((headroom.least?.bytes ?? 0) - 100 * KiB) < 2 * KiB);
    // What it has not seen would be kept up to the default for that.
    assert.equal(headroom.least?.leftBytes, LOG_RETENTION_PIN_BYTES);
    const unpinned = headroom.of(leader.offset - 5, { pinned: false }).leftBytes ?? 0;
    assert(Math.abs(unpinned - (RETENTION_BYTES - 50 * KiB)) < KiB, String(unpinned));
    // Ten KiB a second for a minute: the window holds nothing else then.
    for (let second = 0; second < 61; second++) {
      await append(10 * KiB);
      await world.clock.advance(1_000);
    }
    assert(Math.abs(headroom.rate.bytes - 10 * KiB) < 200, String(headroom.rate.bytes));
    assert(Math.abs(headroom.rate.commands - 1) < 0.05);
    const { ms } = headroom.of(leader.offset, { pinned: false });
    assert(Math.abs((ms ?? 0) - 102_400) < 2_500, String(ms));
  });
});
