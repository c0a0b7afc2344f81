/** What a verification tells of a log that cannot be read everywhere. */
import assert from 'node:assert/strict';
import type { LogDamage } from '../../src/log/verify.js';
import { openLog, sixBlocks } from './open-log.js';

describe('a verification of the log', () => {
  it('continues behind blocks that could not be read, though they can be by then', async () => {
    const { disk, at } = await sixBlocks();
    const { log } = await openLog(disk, at(31));
    // Many at a time, and the third one by one.
    const failing = [1, 4];
    let reads = 0;
    disk.fault = ({ kind }) => {
      if (kind === 'read' && failing.includes(++reads))
        throw Object.assign(new Error('EIO'), { code: 'LEVEL_IO_ERROR' });
    };
    const found: LogDamage[] = [];
    const { lastOffset } = await log.integrity.verify({ found: (damage) => found.push(damage), pace: async () => {} });
    assert.equal(lastOffset, log.end.offset);
    assert.deepEqual(
      found.map(({ from, to }) => [from, to]),
      [[5, 10]],
    );
  });
});
