/** The memory of messages that answer no request: what counts, when it is given back, and who is closed. */
import assert from 'node:assert/strict';
import {
  PUSHED_BYTES_MAX,
  PUSHED_SLOW_BYTES_MAX,
  PUSHED_SLOW_MS_MAX,
  PUSHED_WRITE_COST_BYTES,
} from '../../src/base/limits.js';
import { silentLogger } from '../../src/base/logger.js';
import { Pushed, PushMemory, type PushTarget } from '../../src/resp/channels/pushes.js';
import { TestClock } from '../support/clock.js';

/** A connection that reads when the test says so. */
class Target implements PushTarget {
  readonly peer = '127.0.0.1:1';
  isDropped = false;
  readonly #unread: Array<{ bytes: number; sent: () => void }> = [];

  push(message: Buffer, sent: () => void): number {
    this.#unread.push({ bytes: message.length, sent });
    return this.#unread.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  read(): void {
    this.#unread.shift()?.sent();
  }

  drop(): void {
    this.isDropped = true;
  }
}

const MiB = 1024 * 1024;

describe('messages that answer no request', () => {
  const message = (bytes: number) => new Pushed(Buffer.alloc(bytes));

  it('count once, however many connections wait for them, until the last has left', () => {
    const memory = new PushMemory({ clock: new TestClock(), logger: silentLogger });
    const targets = [new Target(), new Target(), new Target()];
    const all = targets.map((target) => memory.open(target));
    const shared = message(MiB);
    for (const pushes of all) pushes.send(shared);
    assert.equal(memory.bytes, MiB + 3 * PUSHED_WRITE_COST_BYTES);
    targets[0]?.read();
    all[1]?.close();
    assert.equal(memory.bytes, MiB + PUSHED_WRITE_COST_BYTES);
    targets[2]?.read();
    assert.equal(memory.bytes, 0);
    targets[1]?.read();
    assert.equal(memory.bytes, 0, 'a closed connection gives back nothing twice');
  });

  it('close a connection that leaves too many unread, at once or for too long', async () => {
    const clock = new TestClock();
    const memory = new PushMemory({ clock, logger: silentLogger });
    const [hard, soft, large] = [new Target(), new Target(), new Target()];
    const atOnce = memory.open(hard);
    for (let sent = 0; sent < PUSHED_BYTES_MAX; sent += MiB) atOnce.send(message(MiB));
    assert.equal(hard.isDropped, false);
    atOnce.send(message(1));
    assert.equal(hard.isDropped, true);
    assert.equal(memory.bytes, 0);

    const forLong = memory.open(soft);
    forLong.send(message(PUSHED_SLOW_BYTES_MAX + 1));
    await clock.advance(PUSHED_SLOW_MS_MAX);
    forLong.send(message(1));
    assert.equal(soft.isDropped, false);
    await clock.advance(1);
    forLong.send(message(1));
    assert.equal(soft.isDropped, true);

    memory.open(large).send(message(PUSHED_BYTES_MAX + 1));
    assert.equal(large.isDropped, false, 'a message that is alone is never too large');
    assert.equal(memory.dropped, 2);
  });

  it('forgive a connection that catches up', async () => {
    const clock = new TestClock();
    const target = new Target();
    const pushes = new PushMemory({ clock, logger: silentLogger }).open(target);
    for (let i = 0; i < 3; i++) {
      pushes.send(message(PUSHED_SLOW_BYTES_MAX + 1));
      await clock.advance(PUSHED_SLOW_MS_MAX);
      target.read();
    }
    assert.equal(target.isDropped, false);
  });

  it('close the slowest connections if all hold too much together', () => {
    const memory = new PushMemory({ clock: new TestClock(), logger: silentLogger }, 8 * MiB);
    const targets = Array.from({ length: 8 }, () => new Target());
    const all = targets.map((target) => memory.open(target));
    for (const [i, pushes] of all.entries()) for (let sent = 0; sent <= i; sent++) pushes.send(message(MiB / 4));
    assert.ok(memory.bytes <= 8 * MiB);
    assert.deepEqual(
      targets.map(({ isDropped }) => isDropped),
      [false, false, false, false, false, false, true, false],
      'the others leave less unread when the bound is reached',
    );
  });
});
