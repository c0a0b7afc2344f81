/** What subscriptions and watches of a node have in common. */

import assert from 'node:assert/strict';
import { shuttingDown } from '../../src/base/errors.js';
import type { Streams } from '../../src/streams/streams.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { World } from '../support/world.js';
import { streamsOf } from './reader.js';

describe('a stream that a client asks a stopping node for', () => {
  let world: World;

  beforeEach(() => {
    world = new World();
  });

  afterEach(async () => {
    await world.stop();
    await removeTemporaryDirectories();
  });

  const STREAMS: Record<string, (streams: Streams, signal: AbortSignal) => AsyncGenerator> = {
    subscription: (streams, signal) =>
      streams.subscribe({ channels: [Buffer.from('news')], patterns: [], from: undefined }, signal),
    watch: (streams, signal) => streams.watch({ prefix: Buffer.alloc(0), from: undefined }, signal),
    'watch from an offset': (streams, signal) => streams.watch({ prefix: Buffer.alloc(0), from: 0 }, signal),
  };

  // A client that had a response would report missed messages again, though this node sends none.
  for (const [name, begin] of Object.entries(STREAMS))
    it(`ends without a response: ${name}`, async () => {
      const leader = await world.node('L');
      const stream = begin(streamsOf(world, leader), AbortSignal.abort(shuttingDown()));
      await assert.rejects(stream.next(), { code: 'shutting_down' });
    });
});
