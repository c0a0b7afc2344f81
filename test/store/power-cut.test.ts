/** What a power cut leaves of a data directory that has just been made: names count as much as what they name. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { turn } from '../support/clock.js';
import { MemoryDisk } from '../support/database.js';
import { MemoryFiles } from '../support/memory-files.js';
import { TestStore } from '../support/store.js';

function machine() {
  const files = new MemoryFiles(turn);
  const disk = new MemoryDisk({
    isFolder: (location) => files.isFolder(location),
    makeFolder: async (location) => files.makeFolder(location),
    delay: turn,
    random: () => 0,
  });
  return {
    open: () =>
      TestStore.open({ directory: '/srv/data', disk, files: files.of({ dead: false }), fsync: 'always', randomBytes }),
    /** Loses everything that was not synced. */
    async powerCut() {
      disk.crash();
      files.powerCut(() => false);
      await disk.powerCut();
    },
  };
}

describe('a power cut', () => {
  it('right after the first synced write of a new node takes neither the write nor the node', async () => {
    const { open, powerCut } = machine();
    const test = await open();
    await test.set('a', '1');
    const { nodeId } = test.store.identity;
    const { position } = test.store.data;
    await powerCut();
    const again = await open();
    assert.equal(again.store.identity.nodeId, nodeId);
    assert.deepEqual(again.store.data.position, position);
    assert.equal(await again.get('a'), '1');
    await again.store.close();
  });

  it('leaves a node that was closed as it was', async () => {
    const { open, powerCut } = machine();
    const test = await open();
    await test.set('a', '1');
    await test.store.close();
    await powerCut();
    const again = await open();
    assert.equal(await again.get('a'), '1');
    await again.store.close();
  });
});
