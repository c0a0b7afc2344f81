/**
 * A follower stands still while its leader writes on. The leader must know the age
 * of the oldest write that the follower lacks, however long that takes, in bounded
 * memory.
 */
import assert from 'node:assert/strict';
import { WRITE_TIMES_MAX } from '../../../src/base/limits.js';
import { type TimedStore, WriteTimes } from '../../../src/replication/progress/write-times.js';
import { TestClock } from '../../support/clock.js';

const HOUR_MS = 3_600_000;
/** Blocks that the log keeps in memory. */
const TAIL_BLOCKS = 100;

/** A log of one command a block, of which only the newest are in memory. */
class FakeStore {
  readonly #clock: TestClock;
  readonly times: number[] = [];
  history = 'a'.repeat(40);
  isServing = true;

  constructor(clock: TestClock) {
    this.#clock = clock;
  }

  write(): void {
    this.times.push(this.#clock.wallMs());
  }

  /** When the command after `offset` was written. */
  timeAfter(offset: number): number {
    return this.times[offset] as number;
  }

  readonly nowMs = () => this.#clock.wallMs();
  readonly log = {
    lookup: {
      knownTimeAfter: (offset: number) =>
        offset >= this.times.length - TAIL_BLOCKS ? this.times[Math.max(0, offset)] : undefined,
    },
    history: { lineage: { replicationIdAt: () => this.history } },
  };
  readonly clock = { now: () => this.nowMs() };
  readonly data = this;

  get position() {
    return { offset: this.times.length, replicationId: this.history, checksum: 1 };
  }

  get endTimeMs(): number {
    return this.times.at(-1) ?? 0;
  }
}

describe('the times of writes', () => {
  let clock: TestClock;
  let store: FakeStore;
  let times: WriteTimes;

  beforeEach(() => {
    clock = new TestClock();
    store = new FakeStore(clock);
    times = new WriteTimes(store as unknown as TimedStore, clock);
  });

  /** Writes every so many milliseconds, and samples as often; `look` runs ten times. */
  async function writeFor(ms: number, everyMs: number, look: () => void = () => {}): Promise<void> {
    const count = Math.round(ms / everyMs);
    for (let i = 1; i <= count; i++) {
      // Nothing waits for this clock, so no turn of the event loop is needed.
      void clock.advance(everyMs);
      store.write();
      times.sample();
      if (i % Math.ceil(count / 10) === 0) look();
    }
  }

  /** To within 7 %, and never too small. */
  function tells(offset: number): void {
    const trueMs = store.nowMs() - store.timeAfter(offset);
    const toldMs = times.lagMs(offset);
    assert(toldMs >= trueMs - 1 && toldMs <= trueMs * 1.07 + 100, `lag of ${trueMs} ms is told as ${toldMs} ms`);
    const levelMs = times.levelMs(offset);
    assert(levelMs < store.timeAfter(offset), 'no write is missing up to the time that is told');
    assert(levelMs >= store.timeAfter(offset) - trueMs * 0.07 - 100, 'that time is no older than it has to be');
  }

  it('give the lag of a follower that stands still for hours, at every moment', async () => {
    await writeFor(60_000, 20);
    const stands = store.position.offset - 10;
    await writeFor(6 * HOUR_MS, 50, () => tells(stands));
    assert(times.size <= WRITE_TIMES_MAX);
  });

  it('give the lag of many followers in different places, in bounded memory', async () => {
    const stand: number[] = [];
    for (let i = 0; i < 20; i++) {
      await writeFor(HOUR_MS / 10, 100);
      stand.push(store.position.offset - 1);
    }
    for (const offset of stand) tells(offset);
    assert(times.size <= WRITE_TIMES_MAX);
  });

  it('grow without writes: what is missing gets older', async () => {
    await writeFor(120_000, 20);
    const stands = 3_000;
    await clock.advance(HOUR_MS);
    tells(stands);
    await writeFor(1_000, 20);
    tells(stands);
  });

  it('say nothing of a log that another one has replaced', async () => {
    await writeFor(60_000, 20);
    store.history = 'b'.repeat(40);
    store.write();
    void clock.advance(100);
    times.sample();
    assert.equal(times.size, 1);
    assert.equal(times.levelMs(5), 0);
  });

  it('give a least lag for a follower that was behind before the first sample', async () => {
    for (let i = 0; i < 1_000; i++) store.write();
    times.sample();
    await writeFor(HOUR_MS, 100);
    assert(times.lagMs(5) >= HOUR_MS);
    assert.equal(times.levelMs(5), 0);
  });
});
