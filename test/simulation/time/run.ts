/**
 * A run of time: a leader whose machine's clock is wrong at its starts and while
 * it runs, keys that expire one by one and by the hundred, kills and power cuts,
 * and a follower that applies every block. A seed repeats a run exactly.
 *
 * Clocks are off by up to SKEW_MS, or absurd: not set (1970), or a year ahead.
 */
import { CLOCK_SET_MS } from '../../../src/base/clock.js';
import { HeadwaterError } from '../../../src/base/errors.js';
import { formatPosition } from '../../../src/model/position.js';
import { TestClock, turns } from '../../support/clock.js';
import type { MemoryDisk } from '../../support/database.js';
import { MemoryFiles } from '../../support/memory-files.js';
import { seededRandom } from '../../support/random.js';
import { isAppend, key, set, TestStore } from '../../support/store.js';
import { Violation } from '../checks/history.js';
import { ProcessClock } from '../nodes/process-clock.js';
import { BUDGET, promptDisk, TimeFollower } from './follower.js';

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

/** So long do keys live that are to go at once, and so many are on their way then. */
const SHORT_TTL_MS = 1_000;
const SHORT_LIVED_KEYS = 20;
/** A clock that goes at half speed sees them go within that. */
const GONE_WITHIN_MS = 5_000;
/** Operations of the disk from the deletion of keys until nothing of it is in hand. */
const DELETION_OPERATIONS = 6;

/** Keys live no longer than 300 s; a clock that was set back is waited for at half speed. */
const HEALED_MS_MAX = 2 * (300_000 + 2 * RANGE_MS);
/** Between two looks whether all is healed. */
const LOOK_MS = 10_000;

/** What may happen, and how often beside the others. */
const WEIGHTS = {
  keys: 2,
  'many keys': 1,
  pass: 2,
  'right clock': 1,
  'skewed clock': 1,
  checkpoint: 1,
  restart: 1,
  kill: 1,
  'power cut': 1,
  'power cut while keys go': 1,
};

type TimeEvent = keyof typeof WEIGHTS;

/** Events that happen so many times as often. */
export type TimeFactors = Readonly<Partial<Record<TimeEvent, number>>>;

interface Written {
  readonly atMs: number;
  readonly ttlMs: number;
}

export class TimeRun {
  readonly #random: () => number;
  readonly #world = new TestClock();
  readonly #files = new MemoryFiles(async () => {});
  readonly #disk: MemoryDisk;
  readonly #randomBytes: (count: number) => Buffer;
  readonly #written = new Map<string, Written>();
  readonly counts: Record<string, number> = {};
  /** What happened, in order. */
  readonly trace: string[] = [];
  #clock!: ProcessClock;
  #leader!: TestStore;
  readonly #follower: TimeFollower;
  #keys = 0;
  #seed: number;
  readonly #weights: ReadonlyArray<readonly [TimeEvent, number]>;

  constructor(seed: number, factors: TimeFactors = {}) {
    this.#seed = seed;
    const names = Object.keys(WEIGHTS) as TimeEvent[];
    this.#weights = names.map((name) => [name, WEIGHTS[name] * (factors[name] ?? 1)]);
    this.#random = seededRandom(seed);
    const machine = {
      clock: this.#world,
      random: this.#random,
      randomBytes: (count: number) => Buffer.from(Array.from({ length: count }, () => this.#upTo(256))),
    };
    this.#disk = promptDisk(this.#files, machine);
    this.#follower = new TimeFollower(machine);
    this.#randomBytes = machine.randomBytes;
  }

  get elapsedMs(): number {
    return this.#world.monotonicMs();
  }

  async run(): Promise<void> {
    await this.#start();
    await this.#follower.beginAgain(this.#leader.store);
    try {
      for (let round = 0; round < ROUNDS; round++) {
        await this.#event();
        await this.#follower.catchUp(this.#leader.store);
        await this.#nothingTooEarly();
        this.#note(formatPosition(this.#follower.store.data.position));
      }
      await this.#heal();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      throw new Violation(`seed ${this.#seed}: ${error.message}`);
    } finally {
      this.#clock.die();
      await this.#follower.close();
    }
  }

  async #event(): Promise<void> {
    const total = this.#weights.reduce((sum, [, weight]) => sum + weight, 0);
    let at = this.#random() * total;
    const [name] = this.#weights.find(([, weight]) => {
      at -= weight;
      return at < 0;
    }) as readonly [TimeEvent, number];
    this.#count(name);
    await this.#events[name]();
  }

  readonly #events: Readonly<Record<TimeEvent, () => Promise<void>>> = {
    keys: () => this.#write(3, 100_000 + this.#upTo(200_000)),
    'many keys': () => this.#write(600, 100_000),
    pass: () => this.#pass(this.#upTo(60_000)),
    'right clock': async () => this.#setClock(0),
    'skewed clock': async () => this.#setClock(this.#skew()),
    checkpoint: () => this.#checkpoint(),
    restart: () => this.#restart(() => this.#leader.store.close()),
    kill: () => this.#restart(async () => this.#disk.crash()),
    'power cut': () => this.#powerCut(),
    'power cut while keys go': () => this.#powerCutWhileKeysGo(),
  };

  #upTo(max: number): number {
    return Math.floor(this.#random() * max);
  }

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
    else if (choice < 0.5 && this.#leader && this.#leader.store.data.endTimeMs > CLOCK_SET_MS) jumpedMs = YEAR_MS;
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
      await store.writes.submit([set('permanent')], { bytes: 10, ordered: false });
      await store.data.durablePoint.reach();
    }
  }

  async #restart(end: () => Promise<void>): Promise<void> {
    await end();
    this.#clock.die();
    await this.#start();
    await this.#follower.beginAgain(this.#leader.store);
  }

  async #powerCut(): Promise<void> {
    await this.#leader.store.data.durablePoint.reach();
    // What is written from here on may be lost, in one database and not in the other.
    await this.#pass(STEP_MS);
    this.#disk.crash();
    await this.#losePower();
  }

  /** Keys whose records and rows are on the disk are due; the power goes between two operations of their deletion. */
  async #powerCutWhileKeysGo(): Promise<void> {
    await this.#write(SHORT_LIVED_KEYS, SHORT_TTL_MS);
    await this.#checkpoint();
    let left: number | undefined;
    let isCut = false;
    this.#disk.fault = (operation) => {
      if (isAppend(operation)) left ??= this.#upTo(DELETION_OPERATIONS);
      if (isCut || left === undefined || left-- > 0) return;
      isCut = true;
      this.#disk.crash();
    };
    for (let ms = 0; ms < GONE_WITHIN_MS && !isCut; ms += STEP_MS) await this.#pass(STEP_MS);
    this.#disk.fault = undefined;
    if (isCut) this.#count('deletion cut short');
    else this.#disk.crash();
    await this.#losePower();
  }

  async #checkpoint(): Promise<void> {
    await (await this.#leader.store.snapshots.at()).release();
  }

  /** The process is dead already. */
  async #losePower(): Promise<void> {
    this.#clock.die();
    this.#files.powerCut(() => this.#random() < 0.5);
    await this.#disk.powerCut();
    await this.#start();
    await this.#follower.beginAgain(this.#leader.store);
  }

  async #write(count: number, ttlMs: number): Promise<void> {
    const names = Array.from({ length: count }, () => `k${this.#keys++}`);
    const atMs = this.#world.monotonicMs();
    const operations = names.map((name) => set(name, 'v', ttlMs));
    const { replies } = await this.#leader.store.writes.submit(operations, { bytes: 100 * count, ordered: false });
    await this.#leader.store.data.durablePoint.reach();
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

  async #nothingTooEarly(): Promise<void> {
    const nowMs = this.#world.monotonicMs();
    const written = [...this.#written];
    const replies = await this.#leader.submit(...written.map(([name]) => ({ kind: 'get', key: key(name) }) as const));
    for (const [i, [name, { atMs, ttlMs }]] of written.entries()) {
      const aliveMs = nowMs - atMs;
      const reply = replies[i];
      if (reply?.kind !== 'get') throw new Violation(`each key can be read: ${name} gives ${reply?.kind}`);
      const { value } = reply;
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
    let violation: Violation | undefined;
    let left = HEALED_MS_MAX;
    do {
      await this.#pass(LOOK_MS);
      violation = await this.#unhealed();
      left -= LOOK_MS;
    } while (violation && left > 0);
    if (violation) throw violation;
    await this.#follower.catchUp(this.#leader.store);
    this.#follower.store.intake.setTime(this.#leader.store.clock.now());
    await this.#pass(DELETED_WITHIN_MS);
    const rows = await this.#follower.dueRows();
    if (rows > 0) throw new Violation(`a follower drops the rows of deleted keys: ${rows} are left`);
    const [ours, theirs] = [await this.#leader.store.snapshots.digest(), await this.#follower.store.snapshots.digest()];
    if (ours.digest !== theirs.digest) throw new Violation('equal positions have equal data');
    await this.#leader.store.close();
  }

  async #unhealed(): Promise<Violation | undefined> {
    const { store } = this.#leader;
    const size = await store.snapshots.size();
    if (size !== 1) return new Violation(`expired keys are deleted: ${size - 1} are left`);
    const { clock: finding } = store.status;
    if (finding) return new Violation(`the log's clock follows that of the machine: ${finding}`);
    const drift = Math.abs(store.clock.now() - this.#world.wallMs());
    if (drift > 2) return new Violation(`the log's clock is right once the machine's is: it is off by ${drift} ms`);
    return undefined;
  }
}
