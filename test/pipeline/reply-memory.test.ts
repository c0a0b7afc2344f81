/** The memory of replies: who may make some, who waits, and who is ended because its client does not read. */
import assert from 'node:assert/strict';
import type { HeadwaterError } from '../../src/base/errors.js';
import { REPLYING_BYTES_MAX, REPLYING_STALL_MS_MAX, REPLYING_STREAM_BYTES_MAX } from '../../src/base/limits.js';
import { ReplyMemory } from '../../src/pipeline/reply-memory.js';
import type { ReplyShare } from '../../src/pipeline/reply-share.js';
import { TestClock } from '../support/clock.js';

const KiB = 1024;
const MiB = 1024 * KiB;

describe('the memory of replies', () => {
  let clock: TestClock;
  let memory: ReplyMemory;

  beforeEach(() => {
    clock = new TestClock();
    memory = new ReplyMemory(clock, REPLYING_BYTES_MAX);
  });

  class Stream {
    ended: HeadwaterError | undefined;
    connectionBytes = 0;
    readonly share: ReplyShare;

    constructor(connection: object = {}) {
      this.share = memory.open(connection, this);
    }

    end(reason: HeadwaterError): void {
      this.ended = reason;
      this.share.close();
    }

    /** Puts replies on their way, in steps, for as long as there is memory for them. */
    fill(): this {
      for (let bytes = this.share.stepBytes; this.share.hasRoom(bytes); bytes = this.share.stepBytes)
        this.share.sending(bytes);
      return this;
    }
  }

  /** Streams of connections that each have less than their half. */
  const full = (count: number) => {
    const connections = Array.from({ length: 8 }, () => ({}));
    return Array.from({ length: count }, (_, i) => new Stream(connections[i % 8]).fill());
  };

  it('is never more than its bound, and each stream finds some, however many are not read', () => {
    const streams = full(128);
    assert(streams.every(({ share }) => share.bytes > 0 && share.bytes <= REPLYING_STREAM_BYTES_MAX));
    assert(memory.bytes <= REPLYING_BYTES_MAX, `${memory.bytes}`);
    const other = new Stream().share;
    assert(other.hasRoom(16 * MiB), 'one more has room for a large value');
  });

  it('is not all taken by one connection', () => {
    const connection = {};
    for (let i = 0; i < 1_000; i++) new Stream(connection).fill();
    assert(memory.bytes <= REPLYING_BYTES_MAX / 2, `${memory.bytes}`);
    assert(!new Stream(connection).share.hasRoom(MiB));
    assert(new Stream().share.hasRoom(36 * MiB));
  });

  it('lets a stream that holds nothing wait, in the order of arrival, for what others give back', () => {
    const holders = [new Stream(), new Stream(), new Stream()];
    for (const { share } of holders) share.sending(42 * MiB);
    const order: number[] = [];
    const waiting = [0, 1].map((i) => {
      const { share } = new Stream();
      share.wait(30 * MiB, () => {
        order.push(i);
        share.making(30 * MiB);
      });
      return share;
    });
    holders[0]?.share.sent(42 * MiB);
    assert.deepEqual(order, [0], 'there is memory for one');
    waiting[0]?.making(0);
    assert.deepEqual(order, [0, 1]);
  });

  it('ends the stream whose client reads nothing while another waits, and no more than make room', async () => {
    const [idle, reads, small] = [new Stream(), new Stream(), new Stream()] as const;
    idle.share.sending(60 * MiB);
    reads.share.sending(50 * MiB);
    small.share.sending(10 * MiB);
    await clock.advance(10 * REPLYING_STALL_MS_MAX);
    let isAdmitted = false;
    new Stream().share.wait(36 * MiB, () => {
      isAdmitted = true;
    });
    for (let ms = 0; ms < REPLYING_STALL_MS_MAX; ms += 500) {
      assert.equal(idle.ended, undefined, `after ${ms} ms`);
      reads.connectionBytes += 64 * KiB;
      await clock.advance(500);
    }
    await clock.advance(1_000);
    assert.equal(idle.ended?.code, 'overloaded');
    assert.match(idle.ended?.message ?? '', /read none of 62914560 bytes of replies for 5000 ms/);
    assert(isAdmitted);
    assert.deepEqual([reads.ended, small.ended], [undefined, undefined]);
  });

  it('ends enough streams at once if they hold far more than the bound', async () => {
    const streams = Array.from({ length: 20 }, () => new Stream());
    for (const stream of streams) {
      stream.end = (reason) => {
        stream.ended = reason;
      };
      stream.share.sending(20 * MiB);
    }
    new Stream().share.wait(MiB, () => {});
    new Stream().share.wait(MiB, () => {});
    await clock.advance(REPLYING_STALL_MS_MAX + 1_000);
    const ended = streams.filter((stream) => stream.ended).length;
    const enough = Math.ceil((400 * MiB - REPLYING_BYTES_MAX + MiB) / (20 * MiB));
    // Each look ends another for each that waits, since nothing has left yet.
    assert(ended >= enough && ended <= enough + 4, `${ended} of ${enough}`);
  });

  it('does not end a stream whose replies are being made, nor any while nobody waits', async () => {
    const [making, silent] = [new Stream(), new Stream()] as const;
    making.share.making(64 * MiB);
    silent.share.sending(32 * MiB);
    await clock.advance(10 * REPLYING_STALL_MS_MAX);
    const endOf = ({ ended }: Stream) => ended?.code;
    assert.equal(endOf(silent), undefined);
    const stop = new Stream().share.wait(100 * MiB, () => {});
    await clock.advance(2 * REPLYING_STALL_MS_MAX);
    assert.equal(making.ended, undefined);
    assert.equal(endOf(silent), 'overloaded');
    stop();
  });

  it('is free again when the streams are closed', () => {
    const streams = full(32);
    for (const { share } of streams) share.close();
    assert.equal(memory.bytes, 0);
    streams[0]?.share.sent(5);
    assert.equal(memory.bytes, 0, 'a closed stream has none');
  });
});
