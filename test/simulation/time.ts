/**
 * A run of time: a leader whose machine's clock is wrong at its starts and while
 * it runs, keys that expire one by one and by the hundred, kills and power cuts,
 * and a follower that applies every block. A seed repeats a run exactly.
 *
 * Clocks are off by up to SKEW_MS, or absurd: not set (1970), or a year ahead.
 */
import { CLOCK_SET_MS } from '../../src/clock.js';
import { HeadwaterError } from '../../src/errors.js';
import { DUE_START, dueEnd } from '../../src/keyspace/record.js';
import { formatPosition } from '../../src/position.js';
import { START_MS, TestClock, turns } from '../support/clock.js';
import { MemoryDisk } from '../support/database.js';
import { MemoryFiles } from '../support/memory-files.js';
import { seededRandom } from '../support/random.js';
import { set, TestStore } from '../support/store.js';
import { Violation } from './history.js';
import { ProcessClock } from './node.js';

const SKEW_MS = 30_000;
const YEAR_MS = 365 * 86_400_000;
/** No clock that is followed is further from another than this. */
const RANGE_MS = 2 * SKEW_MS;
const ROUNDS = 14;
/** Time passes in such steps: what is in hand needs turns of the event loop between them. */
const STEP_MS = 500;
const TURNS = 12;
/** In which expired keys are deleted, and a follower's rows dropped, once clocks are right. */
const DELETED_WITHIN_MS = 25_000;

/** Checkpoints come often. */
const BUDGET = { overlayBytesMax: 50_000, replayBytesMax: 50_000 };

interface Written {
  readonly atMs: number;
  readonly ttlMs: number;
}

export class TimeRun {
  readonly #random: () => number;
  readonly #world = new TestClock();
  readonly #files = new MemoryFiles(async () => {});
  readonly #disk: MemoryDisk;
  readonly #written = new Map<string, Written>();
  readonly counts: Record<string, number> = {};
  /** What happened, in order. */
  readonly trace: string[] = [];
  #clock!: ProcessClock;
  #leader!: TestStore;
  #follower!: TestStore;
  #keys = 0;
  #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = seededRandom(seed);
    this.#disk = this.#diskOf(this.#files);
  }

  #diskOf(files: MemoryFiles): MemoryDisk {
    return new MemoryDisk({
      isFolder: (location) => files.isFolder(location),
      makeFolder: async (location) => files.makeFolder(location),
      delay: async () => {},
      random: this.#random,
    });
  }

  get elapsedMs(): number {
    return this.#world.monotonicMs();
  }

  async run(): Promise<void> {
    await this.#start();
    await this.#refollow();
    try {
      for (let round = 0; round < ROUNDS; round++) {
        await this.#event();
        await this.#ship();
        await this.#nothingTooEarly();
        this.#note(formatPosition(this.#follower.store.position));
      }
      await this.#heal();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      throw new Violation(`seed ${this.#seed}: ${error.message}`);
    } finally {
      this.#clock.die();
      await this.#follower.store.close();
    }
  }

  async #event(): Promise<void> {
    const kinds = [
      ['keys', () => this.#write(3, 100_000 + this.#upTo(200_000))],
      ['keys', () => this.#write(3, 100_000 + this.#upTo(200_000))],
      ['many keys', () => this.#write(600, 100_000)],
      ['pass', () => this.#pass(this.#upTo(60_000))],
      ['pass', () => this.#pass(this.#upTo(60_000))],
      ['right clock', async () => this.#setClock(0)],
      ['skewed clock', async () => this.#setClock(this.#skew())],
      ['checkpoint', async () => (await this.#leader.store.snapshotAt()).release()],
      ['restart', () => this.#restart(() => this.#leader.store.close())],
      ['kill', () => this.#restart(async () => this.#disk.crash())],
      ['power cut', () => this.#powerCut()],
    ] as const;
    const [name, run] = kinds[Math.floor(this.#random() * kinds.length)] as (typeof kinds)[number];
    this.#count(name);
    await run();
  }

  #upTo(max: number): number {
    return Math.floor(this.#random() * max);
  }

  readonly #randomBytes = (count: number): Buffer => Buffer.from(Array.from({ length: count }, () => this.#upTo(256)));

  #skew(): number {
    return Math.round((this.#random() - 0.5) * 2 * SKEW_MS);
  }

  #note(text: string): void {
    this.trace.push(`${this.#world.monotonicMs()} ${text}`);
  }

  #count(kind: string): void {
    this.#note(kind);
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
  }

  #setClock(jumpedMs: number): void {
    this.#clock.jumpedMs = jumpedMs;
  }

  get #isClockAbsurd(): boolean {
    return Math.abs(this.#clock.jumpedMs) > SKEW_MS;
  }

  async #start(): Promise<void> {
    const choice = this.#random();
    let jumpedMs = this.#skew();
    if (choice < 0.25) jumpedMs = 60_000 - this.#world.wallMs();
    // In a log that is empty, or from 1970, there is nothing that a year ahead could be compared with.
    else if (choice < 0.5 && this.#leader && this.#leader.store.endTimeMs > CLOCK_SET_MS) jumpedMs = YEAR_MS;
    this.#clock = new ProcessClock(this.#world, jumpedMs);
    if (this.#isClockAbsurd) this.#count(jumpedMs > 0 ? 'start a year ahead' : 'start in 1970');
    this.#leader = await TestStore.open({
      directory: '/data',
      disk: this.#disk,
      files: this.#files.of(this.#clock),
      clock: this.#clock,
      fsync: 'everysec',
      budget: BUDGET,
      randomBytes: this.#randomBytes,
    });
    if (this.#keys++ === 0) {
      const { store } = this.#leader;
      await store.submit([set('permanent')], { bytes: 10, ordered: false });
      await store.durable();
    }
  }

  async #restart(end: () => Promise<void>): Promise<void> {
    await end();
    this.#clock.die();
    await this.#start();
    await this.#refollow();
  }

  async #powerCut(): Promise<void> {
    await this.#leader.store.durable();
    // What is written from here on may be lost, in one database and not in the other.
    await this.#pass(STEP_MS);
    this.#disk.crash();
    this.#clock.die();
    this.#files.powerCut(() => this.#random() < 0.5);
    await this.#disk.powerCut();
    await this.#start();
    await this.#refollow();
  }

  async #write(count: number, ttlMs: number): Promise<void> {
    const names = Array.from({ length: count }, () => `k${this.#keys++}`);
    const atMs = this.#world.monotonicMs();
    const operations = names.map((name) => set(name, 'v', ttlMs));
    const { replies } = await this.#leader.store.submit(operations, { bytes: 100 * count, ordered: false });
    await this.#leader.store.durable();
    for (const [i, reply] of replies.entries()) {
      if (reply.kind !== 'error') {
        this.#written.set(names[i] as string, { atMs, ttlMs });
        continue;
      }
      if (!HeadwaterError.is(reply.error, 'unavailable') || reply.error.details.cause !== 'CLOCK_IN_DOUBT')
        throw reply.error;
      this.#count('time to live refused');
      if (!this.#isClockAbsurd) throw new Violation('a time to live is taken while the clock is right');
    }
  }

  async #pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      await this.#world.advance(STEP_MS);
      await turns(TURNS);
    }
  }

  /** A follower of another log begins again: what a power cut took, it would have to give back. */
  async #refollow(): Promise<void> {
    if (this.#follower) await this.#follower.store.close();
    const files = new MemoryFiles(async () => {});
    this.#follower = await TestStore.follower({
      directory: '/data',
      disk: this.#diskOf(files),
      files: files.of({ dead: false }),
      clock: this.#world,
      fsync: 'never',
      budget: BUDGET,
      randomBytes: this.#randomBytes,
    });
    await this.#ship();
  }

  async #ship(): Promise<void> {
    const { store } = this.#leader;
    const { rows } = store.lineage;
    for (;;) {
      const at = this.#follower.store.position.offset;
      const blocks = await store.log.read(at, 1e6);
      const [first, last] = [blocks[0], blocks.at(-1)];
      if (!first || !last) return;
      const begun = rows.filter(
        ({ firstOffset, replicationId }) =>
          firstOffset > at &&
          firstOffset <= last.lastOffset &&
          blocks.some((block) => block.replicationId === replicationId),
      );
      this.#follower.store.setTime(store.nowMs());
      await this.#follower.store.receive(blocks, begun);
    }
  }

  async #nothingTooEarly(): Promise<void> {
    const nowMs = this.#world.monotonicMs();
    for (const [name, { atMs, ttlMs }] of this.#written) {
      const aliveMs = nowMs - atMs;
      const value = await this.#leader.get(name);
      if (value === undefined && aliveMs < ttlMs - RANGE_MS)
        throw new Violation(`no key goes earlier than its time to live: ${name} after ${aliveMs} of ${ttlMs} ms`);
      // A clock that was set back is waited for at half speed.
      if (value !== undefined && !this.#isClockAbsurd && aliveMs > 2 * (ttlMs + RANGE_MS))
        throw new Violation(`keys go within a bound of their time: ${name} after ${aliveMs} of ${ttlMs} ms`);
      if (value === undefined) this.#written.delete(name);
    }
  }

  /** Clocks are right from here on. */
  async #heal(): Promise<void> {
    this.#setClock(0);
    await this.#pass(2 * (300_000 + 2 * RANGE_MS));
    await this.#ship();
    const size = await this.#leader.store.size();
    if (size !== 1) throw new Violation(`expired keys are deleted: ${size - 1} are left`);
    const finding = this.#leader.store.clock.finding;
    if (finding) throw new Violation(`the log's clock follows that of the machine: ${finding}`);
    const drift = Math.abs(this.#leader.store.nowMs() - this.#world.wallMs());
    if (drift > 2) throw new Violation(`the log's clock is right once the machine's is: it is off by ${drift} ms`);
    this.#follower.store.setTime(this.#leader.store.nowMs());
    await this.#pass(DELETED_WITHIN_MS);
    const rows = await this.#dueRows(this.#follower);
    if (rows > 0) throw new Violation(`a follower drops the rows of deleted keys: ${rows} are left`);
    const [ours, theirs] = [await this.#leader.store.digest(), await this.#follower.store.digest()];
    if (ours.digest !== theirs.digest) throw new Violation('equal positions have equal data');
    await this.#leader.store.close();
  }

  async #dueRows(test: TestStore): Promise<number> {
    let rows = 0;
    const range = { gte: DUE_START, lt: dueEnd(START_MS + 2 * YEAR_MS) };
    for await (const _ of test.disk.raw(test.location('keyspace')).keys(range)) rows++;
    return rows;
  }
}
