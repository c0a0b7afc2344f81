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
      consistency: 'eventual',
    });
    assert.equal(settingsOf({ redirect: false }).redirect, false);
    assert.equal(settingsOf({ timeoutMs: 7 }).timeoutMs, 7);
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
  ];
  for (const [name, value] of WRONG) {
    it(`refuse ${JSON.stringify(value)} as ${name}`, () => {
      assert.throws(
        () => settingsOf({ [name]: value }),
        (error) => HeadwaterError.is(error, 'invalid_argument') && error.message.startsWith(`${name}: expected `),
      );
    });
  }
});
