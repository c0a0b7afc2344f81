/** Many nodes write one Lease: how often a node reads before it writes, and how long it waits after a conflict. */
import assert from 'node:assert/strict';
import type { Clock } from '../../../src/base/clock.js';
import { LEASE_RECENT_MS } from '../../../src/base/limits.js';
import { silentLogger } from '../../../src/base/logger.js';
import type { LeaseObject } from '../../../src/cluster/kubernetes/api.js';
import { LeaseStore } from '../../../src/cluster/lease-store.js';

const TTL_MS = 10_000;
const REQUEST_MS = 3_000;

/** Requests take no time, and time passes only in waits. */
class Bench {
  readonly requests: string[] = [];
  readonly store: LeaseStore;
  /** Writes that another node comes before. */
  conflicts = 0;
  nowMs = 0;
  #lease: LeaseObject | undefined;

  constructor() {
    const clock: Clock = {
      monotonicMs: () => this.nowMs,
      wallMs: () => this.nowMs,
      after: (delayMs, work) => {
        const timer = setImmediate(() => {
          this.nowMs += delayMs;
          work();
        });
        return () => clearImmediate(timer);
      },
    };
    this.store = new LeaseStore({
      api: {
        get: async () => this.#noted('get', this.#lease),
        create: async (lease) => this.#written('create', lease),
        update: async (lease) => this.#written('update', lease),
      },
      namespace: 'shop',
      name: 'main',
      ttlMs: TTL_MS,
      requestMs: REQUEST_MS,
      // The test reads no view, so polls stay away.
      pollMs: 1_000_000,
      seenRevision: 0,
      random: () => 0.5,
      clock,
      logger: silentLogger,
      onEvent: () => {},
    });
  }

  #noted<T>(kind: string, answer: T): T {
    this.requests.push(`${kind} ${this.nowMs}`);
    return answer;
  }

  #written(kind: string, lease: LeaseObject): LeaseObject | 'conflict' {
    if (this.conflicts > 0) {
      this.conflicts--;
      return this.#noted(kind, 'conflict');
    }
    this.#lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: `${this.requests.length}` } };
    return this.#noted(kind, this.#lease);
  }

  /** Writes a wish of a person. @returns the requests with their times. */
  async written(): Promise<string[]> {
    this.requests.length = 0;
    await this.store.order({ kind: 'pause' });
    return [...this.requests];
  }
}

describe('a Lease that many nodes write', () => {
  it('is read again before a write if it was read a while ago', async () => {
    const bench = new Bench();
    assert.deepEqual(await bench.written(), ['get 0', 'create 0']);
    bench.nowMs = LEASE_RECENT_MS;
    assert.deepEqual(await bench.written(), ['update 100']);
    bench.nowMs += LEASE_RECENT_MS + 1;
    assert.deepEqual(await bench.written(), ['get 201', 'update 201']);
  });

  it('is left to the others for longer after each conflict', async () => {
    const bench = new Bench();
    await bench.written();
    bench.conflicts = 7;
    const updates = (await bench.written()).filter((request) => request.startsWith('update'));
    assert.deepEqual(
      updates,
      [0, 25, 75, 175, 375, 775, 1_275, 1_775].map((atMs) => `update ${atMs}`),
    );
  });

  it('is not waited for beyond the end of the call', async () => {
    const bench = new Bench();
    await bench.written();
    bench.conflicts = 100;
    await bench.written();
    assert.equal(bench.nowMs, REQUEST_MS);
  });
});
