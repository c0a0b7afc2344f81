/** The room that the overlay has for writes while a layer is written out. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import type { Layer } from '../../src/keyspace/layer.js';
import type { CheckpointState } from '../../src/store/checkpoint-state.js';
import { OverlayRoom } from '../../src/store/overlay-room.js';
import { turns } from '../support/clock.js';

const LAYER_BYTES = 1_000;
const why = new HeadwaterError('io_error', 'the disk cannot be read');

describe('the room in memory for writes', () => {
  let state: CheckpointState;
  let bytes: number;
  let frozenLayers: number;
  let room: OverlayRoom;
  const flushing = (share: number): CheckpointState => ({ name: 'flushing', offset: 1, sinceMs: 0, step: '', share });

  beforeEach(() => {
    state = { name: 'ready' };
    bytes = 0;
    frozenLayers = 1;
    room = new OverlayRoom({
      overlay: {
        get active() {
          return { bytes } as Layer;
        },
        get frozenLayers() {
          return frozenLayers;
        },
      },
      layerBytesMax: LAYER_BYTES,
      state: () => state,
    });
  });

  const waits = () => room.wait() !== undefined;

  it('is there while no layer is written out', () => {
    frozenLayers = 0;
    bytes = 10 * LAYER_BYTES;
    assert(!waits());
  });

  it('is a half at the beginning of a flush, and grows as the flush goes on', () => {
    for (const [share, most] of [
      [0, 500],
      [0.5, 750],
      [1, 1_000],
    ] as const) {
      state = flushing(share);
      bytes = most - 1;
      assert(!waits(), `${bytes} bytes, ${share} written`);
      bytes = most;
      assert(waits(), `${bytes} bytes, ${share} written`);
    }
  });

  it('is a whole layer while no flush runs', () => {
    state = { name: 'unreadable', why };
    bytes = LAYER_BYTES - 1;
    assert(!waits());
    bytes = LAYER_BYTES;
    assert(waits());
  });

  it('ends a wait as soon as it is there', async () => {
    state = flushing(0);
    bytes = 600;
    let over = false;
    void room.wait()?.then(() => {
      over = true;
    });
    for (const [share, isOver] of [
      [0.1, false],
      [0.2, false],
      [0.3, true],
    ] as const) {
      state = flushing(share);
      room.releaseIfThere();
      await turns(1);
      assert.equal(over, isOver, `${share} written`);
    }
  });

  it('holds nobody up whom it could hold up for long', async () => {
    bytes = LAYER_BYTES;
    for (const other of [
      { name: 'no_room', why },
      { name: 'failed', why },
      { name: 'closed', why, failure: undefined },
    ] as const) {
      state = other;
      assert(!waits(), state.name);
    }
    state = { name: 'unreadable', why };
    const held = room.wait();
    const stop = room.letThrough();
    await held;
    assert(!waits());
    stop();
    stop();
    assert(waits());
  });
});
