/** The memory of requests that are being received: what waits, what passes, and what is refused. */
import assert from 'node:assert/strict';
import type { HeadwaterError } from '../../src/base/errors.js';
import { QUEUE_WAIT_MS_MAX, RECEIVING_PROGRESS_BYTES, RECEIVING_STALL_MS_MAX } from '../../src/base/limits.js';
import { fixedShare } from '../../src/pipeline/request-budget.js';
import { Claim, RequestMemory } from '../../src/pipeline/request-memory.js';
import { TestClock } from '../support/clock.js';

const KiB = 1024;
const MiB = 1024 * KiB;
/** Large ones may take 12 MiB of it, and of one connection 6 MiB. */
const BYTES_MAX = 15 * MiB;

describe('the memory of requests that are being received', () => {
  let clock: TestClock;
  let memory: RequestMemory;

  beforeEach(() => {
    clock = new TestClock();
    memory = new RequestMemory(clock, fixedShare(BYTES_MAX));
  });

  class Request {
    state: 'admitted' | 'waiting' | HeadwaterError = 'waiting';
    readonly claim: Claim;

    constructor(bytes: number, connection = { bytes: 0 }) {
      const admitted = () => {
        this.state = 'admitted';
      };
      const refused = (reason: HeadwaterError) => {
        this.state = reason;
        memory.release(this.claim);
      };
      this.claim = new Claim({ connection, admitted, refused }, bytes);
      if (memory.claim(this.claim)) admitted();
    }

    get refusal(): string {
      assert(this.state instanceof Error, `it is ${this.state}`);
      assert.equal(this.state.code, 'overloaded');
      return this.state.message;
    }

    end(): void {
      memory.release(this.claim);
    }
  }

  const states = (requests: Request[]) => requests.map(({ state }) => state);

  it('is given in the order of arrival, never beyond its bound', () => {
    const requests = Array.from({ length: 6 }, () => new Request(4 * MiB));
    assert.deepEqual(states(requests), ['admitted', 'admitted', 'admitted', 'waiting', 'waiting', 'waiting']);
    assert.equal(memory.bytes, 12 * MiB);
    requests[1]?.end();
    assert.deepEqual(states(requests.slice(3)), ['admitted', 'waiting', 'waiting']);
    assert.equal(memory.bytes, 12 * MiB);
    for (const request of requests) request.end();
    assert.equal(memory.bytes, 0);
  });

  it('is given to one that is larger than all of it once nothing else is there', () => {
    const first = new Request(MiB);
    const large = new Request(20 * MiB);
    const behind = new Request(MiB);
    assert.deepEqual(states([large, behind]), ['waiting', 'waiting']);
    first.end();
    assert.deepEqual(states([large, behind]), ['admitted', 'waiting']);
    large.end();
    assert.equal(behind.state, 'admitted');
  });

  it('has a half for any one connection, whose waiting requests hold up nobody else', () => {
    const connection = { bytes: 0 };
    const requests = Array.from({ length: 3 }, () => new Request(3 * MiB, connection));
    assert.deepEqual(states(requests), ['admitted', 'admitted', 'waiting']);
    const [first] = requests as [Request];
    const others = [new Request(3 * MiB), new Request(3 * MiB), new Request(3 * MiB)];
    assert.deepEqual(states(others), ['admitted', 'admitted', 'waiting']);
    first.end();
    assert.deepEqual(states([requests[2] as Request, ...others]), ['admitted', 'admitted', 'admitted', 'waiting']);
  });

  it('has a part for small requests, which pass large ones that wait', () => {
    const large = Array.from({ length: 4 }, () => new Request(4 * MiB));
    assert.equal(large[3]?.state, 'waiting');
    const small = Array.from({ length: 48 }, () => new Request(64 * KiB));
    assert.deepEqual(new Set(states(small)), new Set(['admitted']));
    assert.equal(memory.bytes, BYTES_MAX);
    const late = new Request(1);
    assert.equal(late.state, 'waiting');
    small[0]?.end();
    assert.equal(late.state, 'admitted');
  });

  it('is taken back from a request that stands still while others wait, and not before', async () => {
    const [still, moving, served] = [0, 1, 2].map(() => new Request(4 * MiB)) as [Request, Request, Request];
    served.claim.isServed = true;
    await clock.advance(10 * RECEIVING_STALL_MS_MAX);
    assert.equal(still.state, 'admitted', 'nobody waits');
    const waiting = new Request(4 * MiB);
    for (let ms = 0; ms < RECEIVING_STALL_MS_MAX; ms += 1_000) {
      assert.equal(still.state, 'admitted');
      moving.claim.receivedBytes += RECEIVING_PROGRESS_BYTES / 4;
      await clock.advance(1_000);
    }
    assert.match(still.refusal, /made no progress for 5000 ms \(received 0 of 4194304 bytes\)\. Try again later$/);
    assert.deepEqual(states([moving, served, waiting]), ['admitted', 'admitted', 'admitted']);
  });

  it('is waited for by so many, and for so long', async () => {
    const holders = [0, 1, 2].map(() => new Request(4 * MiB));
    const waiting = Array.from({ length: 512 }, () => new Request(4 * MiB));
    assert.match(new Request(4 * MiB).refusal, /512 requests wait for memory already/);
    for (let ms = 0; ms <= QUEUE_WAIT_MS_MAX; ms += 1_000) {
      for (const { claim } of holders) claim.receivedBytes += RECEIVING_PROGRESS_BYTES;
      await clock.advance(1_000);
    }
    for (const { refusal } of waiting)
      assert.match(refusal, /no memory was free for its 4194304 bytes within 10000 ms/);
    assert.deepEqual(new Set(states(holders)), new Set(['admitted']));
  });
});
