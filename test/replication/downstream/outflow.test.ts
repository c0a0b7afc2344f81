/** When the frames of a feed leave: at once for those who wait, and gathered where many blocks follow each other. */
import assert from 'node:assert/strict';
import { FRAME_INTERVAL_BUSY_MS, FRAME_INTERVAL_MS, FRAMES_AHEAD_MAX } from '../../../src/base/limits.js';
import type { Block } from '../../../src/log/block.js';
import type { Cursor } from '../../../src/log/cursor.js';
import type { InterludeReader } from '../../../src/log/interludes.js';
import type { Log } from '../../../src/log/log.js';
import { Outflow } from '../../../src/replication/downstream/outflow.js';
import type { DownFrame } from '../../../src/replication/frames.js';
import { TestClock, turn } from '../../support/clock.js';

const HISTORY = 'ab'.repeat(20);

/** A log of blocks of one command, and the outflow to a follower that takes everything. */
class Flow {
  readonly clock = new TestClock();
  /** The number of blocks in each frame that has left. */
  readonly frames: number[] = [];
  awaited = 0;
  isBusy = false;
  /** The most blocks that a frame takes. */
  frameMax = Number.POSITIVE_INFINITY;
  readonly outflow: Outflow;
  #end = 0;
  #sent = 0;
  #wake = () => {};
  readonly #over = new AbortController();
  readonly #running: Promise<unknown>;

  constructor() {
    const sent = () => this.#sent;
    const end = () => this.#end;
    const whenBeyond = async (offset: number, ended: AbortSignal) => {
      while (this.#end <= offset && !ended.aborted)
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    };
    this.outflow = new Outflow({
      log: {
        readers: { whenBeyond },
        get end() {
          return { offset: end() };
        },
      } as unknown as Log,
      cursor: {
        get offset() {
          return sent();
        },
        checksum: 0,
        poll: async () => this.#take(),
      } as unknown as Cursor,
      interludes: { isBehind: false, take: () => ({ placed: [], missed: 0 }) } as unknown as InterludeReader,
      history: HISTORY,
      clock: this.clock,
      ended: this.#over.signal,
      isAwaited: (offset) => this.awaited > offset,
      isBusy: () => this.isBusy,
      asks: () => ({ acknowledge: false, sync: false }),
      send: (frame: DownFrame) => {
        if (frame.kind === 'blocks') this.frames.push(frame.blocks.length);
        return undefined;
      },
    });
    this.#running = this.outflow.run().catch(() => {});
  }

  /** Appends a block, and lets everything happen that needs no time. */
  async append(): Promise<void> {
    this.#end++;
    this.#wake();
    await turn();
  }

  async end(): Promise<void> {
    this.#over.abort(new Error('over'));
    this.#wake();
    await this.#running;
    assert.equal(this.clock.waiting, 0, 'no timer is left');
  }

  #take(): Block[] {
    const blocks: Block[] = [];
    while (this.#sent < this.#end && blocks.length < this.frameMax) {
      const offset = ++this.#sent;
      const [firstOffset, lastOffset] = [offset, offset];
      blocks.push({ firstOffset, lastOffset, checksum: 0, replicationId: HISTORY, bytes: Buffer.alloc(8) } as Block);
    }
    return blocks;
  }
}

describe('the frames of a feed', () => {
  it('leave at once, block by block, as long as there are few', async () => {
    const flow = new Flow();
    for (let i = 0; i < 5 * FRAMES_AHEAD_MAX; i++) {
      await flow.append();
      assert.equal(flow.frames.length, i + 1, 'the block has left in its turn');
      await flow.clock.advance(FRAME_INTERVAL_MS);
    }
    await flow.end();
  });

  it('gather the blocks that follow each other faster, and leave at their intervals', async () => {
    const flow = new Flow();
    const ahead = FRAMES_AHEAD_MAX + 1;
    for (let i = 0; i < ahead + 20; i++) await flow.append();
    assert.deepEqual(
      flow.frames,
      Array.from({ length: ahead }, () => 1),
    );
    await flow.clock.advance(FRAME_INTERVAL_MS);
    assert.deepEqual(flow.frames.slice(ahead), [20], 'one frame has all that came meanwhile');
    await flow.append();
    await flow.append();
    assert.equal(flow.frames.length, ahead + 1);
    await flow.clock.advance(FRAME_INTERVAL_MS);
    assert.deepEqual(flow.frames.slice(ahead), [20, 2]);
    await flow.end();
  });

  it('gather for longer on a busy node, from the frame before on', async () => {
    const flow = new Flow();
    flow.isBusy = true;
    for (let i = 0; i < 5; i++) await flow.append();
    assert.deepEqual(flow.frames, [1], 'the first frame has left at once, and no other ahead of its time');
    await flow.clock.advance(FRAME_INTERVAL_BUSY_MS - 1);
    assert.deepEqual(flow.frames, [1]);
    await flow.clock.advance(1);
    assert.deepEqual(flow.frames, [1, 4], 'one frame has all that came meanwhile');
    await flow.clock.advance(FRAME_INTERVAL_BUSY_MS);
    await flow.append();
    assert.deepEqual(flow.frames, [1, 4, 1], 'what comes later than that waits for nothing');
    await flow.append();
    flow.awaited = 7;
    flow.outflow.hurry();
    await turn();
    assert.deepEqual(flow.frames, [1, 4, 1, 1], 'what somebody waits for leaves at once');
    await flow.end();
  });

  it('do not wait on a busy node while a frame does not take all that there is', async () => {
    const flow = new Flow();
    flow.isBusy = true;
    await flow.append();
    for (let i = 0; i < 9; i++) await flow.append();
    flow.frameMax = 4;
    await flow.clock.advance(FRAME_INTERVAL_BUSY_MS);
    assert.deepEqual(flow.frames, [1, 4, 4, 1], 'the follower has caught up without another wait');
    await flow.end();
  });

  it('do not wait while somebody waits for a block of theirs', async () => {
    const flow = new Flow();
    for (let i = 0; i < 3 * FRAMES_AHEAD_MAX; i++) await flow.append();
    const before = flow.frames.length;
    flow.awaited = 1;
    flow.outflow.hurry();
    await turn();
    assert.equal(flow.frames.length, before, 'the awaited block has left already');
    flow.awaited = 3 * FRAMES_AHEAD_MAX;
    flow.outflow.hurry();
    await turn();
    assert.equal(flow.frames.length, before + 1, 'the gathered blocks leave');
    flow.awaited++;
    await flow.append();
    assert.equal(flow.frames.length, before + 2, 'a block that is awaited already leaves with its append');
    await flow.end();
  });

  it('wait an interval at most, however many left before for those who waited', async () => {
    const flow = new Flow();
    flow.awaited = Number.MAX_SAFE_INTEGER;
    for (let i = 0; i < 100 * FRAMES_AHEAD_MAX; i++) await flow.append();
    flow.awaited = 0;
    const before = flow.frames.length;
    await flow.append();
    assert.equal(flow.frames.length, before);
    await flow.clock.advance(FRAME_INTERVAL_MS);
    assert.equal(flow.frames.length, before + 1);
    await flow.end();
  });

  it('end their wait with the session', async () => {
    const flow = new Flow();
    for (let i = 0; i < 3 * FRAMES_AHEAD_MAX; i++) await flow.append();
    assert.equal(flow.clock.waiting, 1);
    await flow.end();
  });
});
