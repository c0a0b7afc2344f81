/**
 * The memory for requests of both protocols together, in many random histories: clients of gRPC claim, Redis clients send
 * without saying how much, and the node answers late. The budget holds at every step, and everything is answered.
 */
import assert from 'node:assert/strict';
import { MESSAGE_BYTES_MAX, RECEIVING_SMALL_BYTES, REQUEST_BYTES_MAX } from '../../src/base/limits.js';
import { RequestBudget } from '../../src/pipeline/request-budget.js';
import { Claim, RequestMemory } from '../../src/pipeline/request-memory.js';
import { HeldRequests, type Holder } from '../../src/resp/session/held-requests.js';
import { TestClock } from '../support/clock.js';
import { Dice } from '../support/dice.js';

const KiB = 1024;
const MiB = 1024 * KiB;
/** Redis clients send in chunks: larger ones than those of a socket, so that a history has fewer steps. */
const CHUNK_BYTES = 512 * KiB;
const STEPS_MAX = 2_000_000;
/** The node answers late, so that requests gather. */
const ANSWERED = 1 / 500;
const CLIENTS = 40;
/** Small requests of gRPC beside each large one. */
const SMALL = 10;
const ARRIVING = 1 / 5;

class Histories {
  readonly clock = new TestClock();
  readonly options = { requestBytesMax: REQUEST_BYTES_MAX, transactionBytesMax: 32 * MiB };
  readonly budget = new RequestBudget(this.options);
  readonly grpc = new RequestMemory(this.clock, this.budget.grpc);
  readonly redis = new HeldRequests(this.clock, this.budget.redis);
  /** Work that waits for its next step. */
  readonly open = new Set<{ step(dice: Dice): void }>();
  most = 0;

  seen(): void {
    this.most = Math.max(this.most, this.budget.bytes);
    assert.equal(this.budget.bytes, this.grpc.bytes + this.redis.bytes);
    const most = this.budget.bytesMax + 2 * CHUNK_BYTES;
    assert.ok(this.budget.bytes <= most, `${this.budget.bytes} bytes, expected at most ${most}`);
  }
}

/** A call of gRPC: claims, is received, is in hand, and is answered. */
class Call {
  readonly #all: Histories;
  readonly #claim: Claim;
  readonly #connection = { bytes: 0 };
  #state: 'waiting' | 'receiving' | 'in hand' = 'waiting';

  constructor(all: Histories, bytes: number) {
    this.#all = all;
    const admitted = () => {
      this.#state = 'receiving';
    };
    const refused = () => {
      all.open.delete(this);
      all.grpc.release(this.#claim);
    };
    this.#claim = new Claim({ connection: this.#connection, admitted, refused }, bytes);
    all.open.add(this);
    if (all.grpc.claim(this.#claim)) admitted();
  }

  step(dice: Dice): void {
    const { grpc, open } = this.#all;
    if (this.#state === 'receiving') {
      this.#claim.receivedBytes = this.#claim.bytes;
      grpc.inHand(this.#connection, this.#claim.bytes);
      grpc.release(this.#claim);
      this.#state = 'in hand';
    } else if (this.#state === 'in hand' && dice.chance(ANSWERED)) {
      open.delete(this);
      grpc.inHand(this.#connection, -this.#claim.bytes);
    }
  }
}

/** A Redis client with one request: its chunks come while it is read, and then it waits for its answer. */
class RedisClient implements Holder {
  readonly #all: Histories;
  readonly #wanted: number;
  #bytes = 0;
  #isHeldBack = false;

  constructor(all: Histories, bytes: number) {
    this.#all = all;
    this.#wanted = bytes;
    all.open.add(this);
  }

  setHeldBack(isHeldBack: boolean): void {
    this.#isHeldBack = isHeldBack;
  }

  isIdle(): boolean {
    return false;
  }

  drop(): void {
    this.#all.open.delete(this);
  }

  step(dice: Dice): void {
    const { redis, open } = this.#all;
    if (this.#bytes >= this.#wanted) {
      if (!dice.chance(ANSWERED)) return;
      open.delete(this);
      redis.note(this, 0, true);
    } else if (!this.#isHeldBack) {
      this.#bytes = Math.min(this.#wanted, this.#bytes + CHUNK_BYTES);
      redis.note(this, this.#bytes, this.#bytes < this.#wanted);
    }
  }
}

describe('the memory for requests of both protocols', function () {
  this.timeout(120_000);

  for (const seed of [1, 2, 3, 4, 5, 6])
    it(`holds its budget at every step, and answers all (history ${seed})`, () => {
      const dice = new Dice(seed);
      const all = new Histories();
      // The clients come one after another, those of Redis first in every second history.
      const coming: Array<() => unknown> = [];
      for (let i = 0; i < CLIENTS; i++) {
        coming.push(() => new RedisClient(all, dice.chance(2 / 3) ? 64 * MiB : dice.between(MiB, 64 * MiB)));
        coming.push(() => new Call(all, dice.between(MiB, MESSAGE_BYTES_MAX)));
        for (let small = 0; small < SMALL; small++) coming.push(() => new Call(all, RECEIVING_SMALL_BYTES));
      }
      if (seed % 2 === 0) coming.sort((one, other) => String(other).indexOf('Redis') - String(one).indexOf('Redis'));
      let steps = 0;
      for (; all.open.size + coming.length > 0; steps++) {
        if (coming.length > 0 && dice.chance(ARRIVING)) coming.shift()?.();
        assert.ok(steps < STEPS_MAX, `${all.open.size} requests never end`);
        const works = [...all.open];
        works[dice.below(works.length)]?.step(dice);
        all.seen();
      }
      assert.equal(all.budget.bytes, 0);
      assert.ok(all.most > REQUEST_BYTES_MAX / 2, `${all.most} bytes: the history fills the memory`);
    });

  it('gives each protocol what the other does not use, and a part always', () => {
    const all = new Histories();
    const { grpc, redis } = all.budget;
    const bounds = () => [grpc.mostLarge, grpc.most, redis.most].map((bytes) => bytes / MiB);
    assert.deepEqual(bounds(), [128, 160, 64]);
    grpc.note(128 * MiB);
    assert.deepEqual(bounds(), [128, 160, 32]);
    grpc.note(0);
    redis.note(64 * MiB);
    assert.deepEqual(bounds(), [96, 160, 64]);
    // One of them may become as large as the largest.
    redis.note(64 * MiB, 124 * MiB);
    assert.deepEqual(bounds(), [96, 132, 64]);
    all.options.requestBytesMax = 2 * REQUEST_BYTES_MAX;
    assert.deepEqual(bounds(), [320, 384, 128]);
  });

  it('lets no request become complete for which there would be no room beside those that wait', () => {
    const all = new Histories();
    all.budget.grpc.note(128 * MiB);
    class Client implements Holder {
      isHeldBack = false;
      setHeldBack(isHeldBack: boolean): void {
        this.isHeldBack = isHeldBack;
      }
      isIdle(): boolean {
        return false;
      }
      drop(): void {}
    }
    const clients = Array.from({ length: 33 }, () => new Client());
    for (const client of clients) all.redis.note(client, MiB, true);
    const reading = () => clients.filter(({ isHeldBack }) => !isHeldBack);
    const [alone] = reading();
    assert.ok(alone && reading().length === 1);
    all.redis.note(alone, 10 * MiB, false);
    assert.deepEqual(reading(), []);
    all.redis.note(alone, 0, true);
    assert.ok(reading().length > 1);
    all.redis.note(alone, 10 * MiB, false);
    // The other protocol has answered some.
    all.budget.grpc.note(64 * MiB);
    assert.ok(reading().length > 0);
  });

  it('names its option when it refuses a request', async () => {
    const all = new Histories();
    const reasons: string[] = [];
    const claims = Array.from({ length: 8 }, () => {
      const refused = ({ message }: Error) => void reasons.push(message);
      const claim = new Claim({ connection: { bytes: 0 }, admitted: () => {}, refused }, MESSAGE_BYTES_MAX);
      claim.isServed = true;
      all.grpc.claim(claim);
      return claim;
    });
    await all.clock.advance(12_000);
    assert.ok(reasons.length > 0);
    for (const reason of reasons)
      assert.match(
        reason,
        /no memory was free for its \d+ bytes within 10000 ms\. Try again later, or raise .* \(--request-memory, 268435456 bytes\)$/,
      );
    for (const claim of claims) all.grpc.release(claim);
  });
});
