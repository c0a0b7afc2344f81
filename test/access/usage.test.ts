/** Limits of users on a clock under the test's hand: rates, debts, connections, and the words of a refusal. */
import assert from 'node:assert/strict';
import { LimitCounts, NO_LIMITS, Usage } from '../../src/access/usage.js';
import { HeadwaterError } from '../../src/base/errors.js';
import { TestClock, until } from '../support/clock.js';

const SECOND_MS = 1_000;

describe('the limits of a user', () => {
  let clock: TestClock;
  let counts: LimitCounts;
  let usage: Usage;
  beforeEach(() => {
    clock = new TestClock();
    counts = new LimitCounts();
    usage = new Usage('app', clock, counts);
  });

  const rate = (operationsPerSecond: number | undefined, bytesPerSecond?: number) =>
    usage.bound({ ...NO_LIMITS, operationsPerSecond, bytesPerSecond }, NO_LIMITS);

  /** The operations that pass when one is asked for every so many milliseconds. */
  async function passed(ms: number, everyMs: number): Promise<number> {
    let count = 0;
    for (let at = 0; at < ms; at += everyMs) {
      if (usage.take(1, 0) === undefined) count++;
      await clock.advance(everyMs);
    }
    return count;
  }

  it('are none at first, and cost nothing', () => {
    assert.equal(usage.isMetered, false);
    for (let i = 0; i < 1_000; i++) assert.equal(usage.take(1_000_000, 2 ** 40), undefined);
  });

  it('let a second of operations pass at once, and the rate from then on', async () => {
    rate(100);
    const first = await passed(10 * SECOND_MS, 1);
    assert.ok(first >= 1_099 && first <= 1_100, `${first}`);
    rate(1);
    await clock.advance(60 * SECOND_MS);
    assert.equal(await passed(10 * SECOND_MS, 100), 10);
  });

  it('let one large request pass, and then nothing until it is paid', async () => {
    rate(undefined, 1_000);
    assert.equal(usage.take(1, 16_000), undefined);
    const refusal = usage.take(1, 1);
    assert.deepEqual(refusal?.details, { limit: 'bytes-per-second', user: 'app', retryAfterMs: 15_001 });
    await clock.advance(15_000);
    assert.equal(usage.refusal()?.code, 'overloaded');
    await clock.advance(1);
    assert.equal(usage.refusal(), undefined);
  });

  it('name the limit, the user, where it comes from and the time to try again', () => {
    rate(2);
    usage.take(2, 0);
    assert.equal(
      usage.refusal()?.message,
      'the user app has reached its limit of 2 operations a second: expected no more, received another request. Try again in 500 ms, or raise the limit (headwater user limit app --ops-per-second)',
    );
    usage.bound(NO_LIMITS, { ...NO_LIMITS, operationsPerSecond: 2 });
    assert.match(usage.refusal()?.message ?? '', /raise the limit \(--user-ops-per-second\)$/);
    assert.equal(counts.operationsPerSecond.count, 2);
  });

  it('of the user itself weigh more than the defaults of the node', async () => {
    const defaults = { ...NO_LIMITS, operationsPerSecond: 1, maxConnections: 1 };
    usage.bound({ ...NO_LIMITS, operationsPerSecond: 100 }, defaults);
    assert.equal(await passed(100, 1), 100);
    assert.equal(usage.connect(), undefined);
    assert.ok(HeadwaterError.is(usage.connect(), 'overloaded'));
  });

  it('hold at once when they change, and leave a debt', async () => {
    rate(100);
    usage.spend(150, 0);
    rate(10);
    assert.equal(usage.refusal()?.details.retryAfterMs, 5_100);
    rate(undefined);
    assert.equal(usage.refusal(), undefined);
    // No limit leaves no debt.
    rate(10);
    assert.equal(usage.refusal(), undefined);
  });

  it('bound the connections, and count one only while it is open', () => {
    usage.bound({ ...NO_LIMITS, maxConnections: 2 }, NO_LIMITS);
    assert.equal(usage.isMetered, false);
    assert.equal(usage.connect(), undefined);
    assert.equal(usage.connect(), undefined);
    const refusal = usage.connect();
    assert.match(refusal?.message ?? '', /reached its limit of 2 connections: .*\. Close connections of this user, or/);
    assert.equal(refusal?.details.retryAfterMs, undefined);
    assert.equal(counts.maxConnections.count, 1);
    usage.disconnect();
    assert.equal(usage.connect(), undefined);
  });

  it('hold up a stream until its bytes are paid, or until nobody reads it any more', async () => {
    rate(undefined, 1_000);
    usage.spend(0, 3_000);
    let isPaid = false;
    const reader = new AbortController();
    void usage.whenPaid(reader.signal).then(() => {
      isPaid = true;
    });
    await clock.advance(2_000);
    assert.equal(isPaid, false);
    await clock.advance(1);
    await until('the stream goes on', () => isPaid);
    usage.spend(0, 10_000);
    const waiting = usage.whenPaid(reader.signal);
    reader.abort();
    await waiting;
    assert.equal(clock.waiting, 0);
  });
});
