/** Writes that come in calls of their own while the writer's queue is full: what waits for it is bounded in bytes. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import { STREAM_QUEUE_BYTES_MAX, TOTAL_QUEUE_BYTES_MAX } from '../../src/base/limits.js';
import { QueueRoom } from '../../src/pipeline/room.js';
import type { Call } from '../../src/rpc/calls.js';
import { FakeStore } from '../rpc/fake-store.js';
import { settled } from '../support/clock.js';

const call = { signal: new AbortController().signal, cancelled: undefined } as Call;

describe('room for a write of its own', () => {
  let store: FakeStore;
  let room: QueueRoom;

  beforeEach(() => {
    store = new FakeStore();
    room = new QueueRoom(store);
    store.queuedBytes = TOTAL_QUEUE_BYTES_MAX;
  });

  it('is waited for by so many bytes of writes, and the next is refused at once', async () => {
    const waiting = [1, 2, 3, 4].map(() => room.for(STREAM_QUEUE_BYTES_MAX / 4, call));
    assert(!(await settled(Promise.race(waiting))));
    await assert.rejects(room.for(1, call), (error) => HeadwaterError.is(error, 'overloaded'));
    store.setQueuedBytes(0);
    await Promise.all(waiting);
    await room.for(1, call);
  });

  it('is waited for by one write that is larger than all that may wait', async () => {
    const large = room.for(2 * STREAM_QUEUE_BYTES_MAX, call);
    assert(!(await settled(large)));
    store.setQueuedBytes(0);
    await large;
  });
});
