/** The load of a benchmark: so many requests in flight on each connection, each timed from its call to its answer. */
import { performance } from 'node:perf_hooks';
import { HeadwaterError } from '../../src/base/errors.js';
import type { Client } from '../../src/client/index.js';
import { Latencies, type LatencyFigures } from '../latency-figures.js';
import type { Progress } from '../progress.js';
import type { Plan, TestName } from './plan.js';

export interface TestResult {
  readonly test: TestName;
  readonly elapsedMs: number;
  readonly figures: LatencyFigures;
  /** Requests that failed, by the code of the error. */
  readonly errors: ReadonlyMap<string, number>;
  /** The part of the time in which this process itself was busy. Near 1, the load was no faster than it could be. */
  readonly busy: number;
}

/** Failures after which a test without a single answer is given up. */
const FAILURES_MAX = 100;

type Request = (client: Client) => Promise<unknown>;

export class Load {
  readonly #plan: Plan;
  readonly #clients: readonly Client[];
  readonly #value: string;
  /** The keys that have been written, and have to be deleted. */
  readonly #written = { values: 0, counters: 0 };
  #isFull = false;

  constructor(plan: Plan, clients: readonly Client[]) {
    this.#plan = plan;
    this.#clients = clients;
    this.#value = randomText(plan.valueBytes);
  }

  /** Writes the keys that a test reads, if no test has done so. */
  async fill(progress: Progress, signal: AbortSignal): Promise<void> {
    const { keys, prefix, write } = this.#plan;
    if (this.#isFull) return;
    let next = 0;
    await this.#inFlight(async (client) => {
      while (next < keys && !signal.aborted) {
        const i = next++;
        this.#written.values = Math.max(this.#written.values, i + 1);
        await client.set(`${prefix}${i}`, this.#value, write);
        progress.update(i);
      }
    });
    this.#isFull = !signal.aborted;
  }

  /** @throws the error of the first request, if no request is answered. */
  async run(test: TestName, progress: Progress, signal: AbortSignal): Promise<TestResult> {
    const latencies = new Latencies();
    const errors = new Map<string, number>();
    const request = this.#requestOf(test);
    const { requests, forMs } = this.#plan;
    const endMs = performance.now() + (forMs ?? Number.POSITIVE_INFINITY);
    let begun = 0;
    let answered = 0;
    let failed = 0;
    const before = performance.eventLoopUtilization();
    const startedMs = performance.now();
    await this.#inFlight(async (client) => {
      while (begun < requests && performance.now() < endMs && !signal.aborted) {
        begun++;
        const sentMs = performance.now();
        try {
          await request(client);
          latencies.record(performance.now() - sentMs);
          progress.update(++answered);
        } catch (error) {
          const { code } = HeadwaterError.from(error);
          errors.set(code, (errors.get(code) ?? 0) + 1);
          if (++failed >= FAILURES_MAX && answered === 0) throw error;
        }
      }
    });
    signal.throwIfAborted();
    const elapsedMs = performance.now() - startedMs;
    const busy = performance.eventLoopUtilization(before).utilization;
    return { test, elapsedMs, figures: latencies.figures, errors, busy };
  }

  /** Deletes all keys of the run. A node that is gone keeps them. @returns how many were not deleted. */
  async clean(): Promise<number> {
    const { prefix } = this.#plan;
    const [client] = this.#clients;
    let left = 0;
    for (const [name, count] of [
      ['', this.#written.values],
      ['n', this.#written.counters],
    ] as const)
      for (let i = 0; i < count; i += DELETED_AT_ONCE) {
        const keys = Array.from({ length: Math.min(DELETED_AT_ONCE, count - i) }, (_, j) => `${prefix}${name}${i + j}`);
        await client?.del(...keys).catch(() => {
          left += keys.length;
        });
      }
    return left;
  }

  async #inFlight(work: (client: Client) => Promise<void>): Promise<void> {
    const { inFlight } = this.#plan;
    await Promise.all(this.#clients.flatMap((client) => Array.from({ length: inFlight }, () => work(client))));
  }

  #requestOf(test: TestName): Request {
    const { prefix, keys, write, setShare } = this.#plan;
    const written = this.#written;
    const any = () => Math.floor(Math.random() * keys);
    const set: Request = (client) => {
      const key = any();
      written.values = Math.max(written.values, key + 1);
      return client.set(`${prefix}${key}`, this.#value, write);
    };
    const get: Request = (client) => client.get(`${prefix}${any()}`);
    switch (test) {
      case 'ping':
        return (client) => client.ping();
      case 'set':
        return set;
      case 'get':
        return get;
      case 'incr':
        return (client) => {
          const key = any();
          written.counters = Math.max(written.counters, key + 1);
          return client.incr(`${prefix}n${key}`, 1, write);
        };
      case 'mixed':
        return (client) => (Math.random() < setShare ? set(client) : get(client));
    }
  }
}

const DELETED_AT_ONCE = 1_000;

/** Text that does not compress, as real values seldom do much. */
function randomText(bytes: number): string {
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_';
  return Array.from({ length: bytes }, () => letters[Math.floor(Math.random() * letters.length)]).join('');
}
