/** What a client may be told: each option has a default, and a wrong one is refused by its name. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import { type ClientOptions, settingsOf } from '../../src/client/options.js';

describe('the options of a client', () => {
  it('have the documented defaults', () => {
    const offlineQueueBytesMax = 64 * 1024 * 1024;
    assert.deepEqual(settingsOf({}), {
      timeoutMs: 15_000,
      connectTimeoutMs: 5_000,
      offlineQueueBytesMax,
      redirect: true,
      readFrom: 'leader',
      staleReads: false,
      consistency: 'eventual',
      retry: { attempts: 20, minMs: 25, maxMs: 2_000 },
      dial: { tls: undefined, authorization: undefined },
    });
    assert.equal(settingsOf({ redirect: false }).redirect, false);
    assert.equal(settingsOf({ timeoutMs: 7 }).timeoutMs, 7);
    const retry = { attempts: Number.POSITIVE_INFINITY, minMs: 3_000, maxMs: 3_000 };
    assert.deepEqual(settingsOf({ retry: { attempts: Number.POSITIVE_INFINITY, minMs: 3_000 } }).retry, retry);
    assert.deepEqual(settingsOf({ retry: { maxMs: 5 } }).retry, { attempts: 20, minMs: 5, maxMs: 5 });
  });

  it('refuse stale reads for a client whose reads go to any node already', () => {
    for (const options of [{ readFrom: 'nearest' }, { redirect: false }] as const)
      assert.throws(() => settingsOf({ ...options, staleReads: true }), /^HeadwaterError: staleReads: expected false /);
  });

  const WRONG: ReadonlyArray<readonly [name: keyof ClientOptions, value: unknown]> = [
    ['timeoutMs', 0],
    ['timeoutMs', 1.5],
    ['connectTimeoutMs', Number.POSITIVE_INFINITY],
    ['offlineQueueBytesMax', '64'],
    ['redirect', 'no'],
    ['redirect', 0],
    ['readFrom', 'anywhere'],
    ['consistency', 'strong'],
    ['staleReads', 'yes'],
    ['wait', -1],
    ['wait', 'yes'],
    ['signal', 5],
    ['retry', 5],
    ['retry', { attempts: 0 }],
    ['retry', { minMs: 10, maxMs: 5 }],
  ];
  for (const [name, value] of WRONG) {
    it(`refuse ${JSON.stringify(value)} as ${name}`, () => {
      assert.throws(
        () => settingsOf({ [name]: value }),
        (error) =>
          HeadwaterError.is(error, 'invalid_argument') &&
          new RegExp(`^${name}(\\.\\w+)?: expected `).test(error.message),
      );
    });
  }
});
