/**
 * Whatever leaves a node by its log is read from a disk that may have changed it:
 * a damaged block goes nowhere.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { readArchive } from '../../src/backup/archive.js';
import { Archiver } from '../../src/backup/archiver.js';
import { Folder } from '../../src/backup/folder.js';
import { blocksFor } from '../../src/check/block-source.js';
import { beginFetching } from '../../src/check/fetched-blocks.js';
import { ORIGIN, type Position } from '../../src/model/position.js';
import { watched } from '../streams/reader.js';
import { temporaryDirectory } from '../support/database.js';
import { level, type TestNode, type World, worldForEachTest } from '../support/world.js';
import { damageBlock } from './nodes.js';

const DAMAGED = 12;

describe('a damaged block', () => {
  let world: World;
  let leader: TestNode;
  let follower: TestNode;
  let before: Position;

  /** A leader whose log is read from the disk, where one block is not what was written; a follower that is behind. */
  worldForEachTest((made) => {
    world = made;
  });

  beforeEach(async () => {
    leader = await world.node('leader:1');
    follower = await world.node('follower:1', { follows: 'leader:1' });
    await leader.write(5);
    await level(world, leader, follower);
    await follower.down();
    before = leader.store.data.position;
    await leader.write(15);
    await leader.restart();
    await leader.store.data.serving.checked;
    await damageBlock(leader, DAMAGED);
  });

  it('does not get to a follower', async () => {
    await follower.test.open();
    follower.up();
    await world.until('the follower met it', () => /does not continue the log/.test(follower.link.status.error));
    assert.ok(follower.store.data.position.offset < DAMAGED);
    const { checksum } = follower.store.data.position;
    assert.equal(await leader.store.data.log.lookup.checksumAt(follower.store.data.position.offset), checksum);
  });

  it('does not get to a watcher', async () => {
    const reader = await watched(world, leader, { from: before });
    await world.until('the watch ended', () => reader.ended !== undefined);
    const offsets = reader.events.flatMap((event) => ('offset' in event ? [event.offset] : []));
    assert.ok(
      offsets.every((offset) => offset < DAMAGED),
      `told of ${offsets}`,
    );
  });

  it('does not get into an archive', async () => {
    const { store, test } = leader;
    const directory = path.join(await temporaryDirectory(), 'archive');
    const place = new Folder(directory);
    const options = { store, clock: world.clock, logger: test.logger, place, intervalMs: 100 };
    const archiver = new Archiver(options);
    archiver.start();
    await world.until('the archiver met it', () => /does not continue the log/.test(archiver.status.error));
    await archiver.close();
    const archived = await readArchive(new Folder(directory));
    assert.ok(archived.every(({ lastOffset }) => lastOffset < DAMAGED));
  });

  it('does not get to a node that repairs itself', async () => {
    const through = leader.store.data.log.end;
    const request = { after: { ...ORIGIN }, through };
    const { blocks } = await beginFetching(blocksFor(leader.store, request, new AbortController().signal));
    const seen: number[] = [];
    await assert.rejects(
      (async () => {
        for await (const piece of blocks) seen.push(...piece.map(({ lastOffset }) => lastOffset));
      })(),
      { code: 'chain_broken' },
    );
    assert.ok(seen.every((offset) => offset < DAMAGED));
  });
});
