/** The memory of requests that are not complete: the bound, the one that is read alone, and one that stands still. */
import assert from 'node:assert/strict';
import { RECEIVING_LOOK_MS, RECEIVING_PROGRESS_BYTES, RECEIVING_STALL_MS_MAX } from '../../src/base/limits.js';
import { fixedShare } from '../../src/pipeline/request-budget.js';
import { HeldRequests, type Holder } from '../../src/resp/session/held-requests.js';
import { TestClock } from '../support/clock.js';

const MiB = 1024 * 1024;

class Connection implements Holder {
  isHeldBack = false;
  isDropped = false;
  isUnread = false;

  setHeldBack(isHeldBack: boolean): void {
    this.isHeldBack = isHeldBack;
  }

  isIdle(): boolean {
    return this.isUnread;
  }

  drop(): void {
    this.isDropped = true;
  }
}

describe('the memory of requests that are not complete', () => {
  let clock: TestClock;
  let memory: HeldRequests;
  let connections: Connection[];

  beforeEach(() => {
    clock = new TestClock();
    memory = new HeldRequests(clock, fixedShare(10 * MiB));
    connections = Array.from({ length: 4 }, () => new Connection());
  });

  const read = () => connections.filter(({ isHeldBack }) => !isHeldBack).map((one) => connections.indexOf(one));
  const note = (index: number, bytes: number, isReading = true) =>
    memory.note(connections[index] as Connection, bytes, isReading);

  it('reads all connections up to the bound', () => {
    for (const index of [0, 1, 2]) note(index, 3 * MiB);
    assert.deepEqual(read(), [0, 1, 2, 3]);
    assert.equal(memory.bytes, 9 * MiB);
  });

  it('reads the one that holds most alone above the bound, and all again below', () => {
    note(0, 3 * MiB);
    note(1, 5 * MiB);
    note(2, 4 * MiB);
    assert.deepEqual(read(), [1, 3]);
    note(3, MiB);
    assert.deepEqual(read(), [1]);
    note(2, 4 * MiB + 1);
    note(1, 12 * MiB);
    assert.deepEqual(read(), [1]);
    note(1, 0);
    assert.deepEqual(read(), [0, 1, 2, 3]);
    note(1, 6 * MiB);
    assert.deepEqual(read(), [1]);
    note(0, 0);
    assert.deepEqual(read(), [0, 1]);
  });

  it('reads the next if one is complete and the bytes stay above the bound', () => {
    note(0, 8 * MiB);
    note(1, 9 * MiB);
    note(2, 7 * MiB);
    assert.deepEqual(read(), [1, 3]);
    note(1, 0);
    assert.deepEqual(read(), [0, 1, 3]);
  });

  it('closes the one that is read alone if it stands still, and not one that goes on', async () => {
    note(0, 6 * MiB);
    note(1, 5 * MiB);
    for (let waited = 0; waited < 2 * RECEIVING_STALL_MS_MAX; waited += RECEIVING_LOOK_MS) {
      note(0, 6 * MiB + (waited / RECEIVING_LOOK_MS) * RECEIVING_PROGRESS_BYTES);
      await clock.advance(RECEIVING_LOOK_MS);
    }
    assert.equal(connections[0]?.isDropped, false);
    await clock.advance(RECEIVING_STALL_MS_MAX + RECEIVING_LOOK_MS);
    assert.equal(connections[0]?.isDropped, true);
    assert.equal(memory.bytes, 5 * MiB);
    assert.deepEqual(read(), [0, 1, 2, 3]);
    assert.equal(clock.waiting, 0);
  });

  it('reads connections that hold no more than a chunk, however much others hold', () => {
    note(0, 9 * MiB);
    note(1, 64 * 1024);
    note(2, 64 * 1024 + 1);
    note(3, 2 * MiB);
    assert.deepEqual(read(), [0, 1]);
    note(1, 64 * 1024 + 1);
    assert.deepEqual(read(), [0]);
  });

  it('passes over a connection that is not read anyway, and never closes it', async () => {
    note(0, 4.5 * MiB, false);
    note(1, 6 * MiB);
    assert.deepEqual(read(), [1, 2, 3]);
    note(1, 6 * MiB, false);
    assert.deepEqual(read(), [2, 3]);
    await clock.advance(3 * RECEIVING_STALL_MS_MAX);
    assert(!connections.some(({ isDropped }) => isDropped));
    note(1, 4.5 * MiB, false);
    note(0, 6 * MiB, true);
    assert.deepEqual(read(), [0, 2, 3]);
    note(1, 0);
    note(0, 0);
    assert.deepEqual(read(), [0, 1, 2, 3]);
    assert.equal(clock.waiting, 0);
  });

  it('reads the one again that gets rid of its bytes and so brings all below the bound', () => {
    note(0, 6 * MiB);
    note(1, 7 * MiB);
    assert.deepEqual(read(), [1, 2, 3]);
    note(0, 0);
    assert.deepEqual(read(), [0, 1, 2, 3]);
  });

  it('reads no large one while requests that wait for the node hold more than half', async () => {
    note(0, 6 * MiB, false);
    note(1, 2 * MiB);
    note(2, 3 * MiB);
    assert.deepEqual(read(), [3]);
    await clock.advance(3 * RECEIVING_STALL_MS_MAX);
    assert(!connections.some(({ isDropped }) => isDropped), 'the node is slow, not the clients');
    note(0, 5 * MiB, false);
    note(2, 4 * MiB);
    assert.deepEqual(read(), [2, 3]);
    note(2, 6 * MiB, false);
    assert.deepEqual(read(), [3]);
    note(0, 0);
    assert.deepEqual(read(), [0, 1, 2, 3]);
    assert.equal(clock.waiting, 0);
  });

  it('closes one that waits and leaves replies unread if that holds up the others', async () => {
    note(0, 6 * MiB, false);
    note(1, 5 * MiB, false);
    note(2, 1 * MiB);
    (connections[1] as Connection).isUnread = true;
    (connections[2] as Connection).isUnread = true;
    await clock.advance(RECEIVING_STALL_MS_MAX);
    assert(!connections.some(({ isDropped }) => isDropped));
    await clock.advance(2 * RECEIVING_LOOK_MS);
    assert.deepEqual(
      connections.map(({ isDropped }) => isDropped),
      [false, true, false, false],
    );
    assert.deepEqual(read(), [0, 1, 2, 3]);
    assert.equal(clock.waiting, 0);
  });

  it('closes none that waits', async () => {
    note(0, 6 * MiB);
    note(1, 5 * MiB);
    await clock.advance(RECEIVING_LOOK_MS);
    assert.equal(connections[1]?.isDropped, false);
  });
});
