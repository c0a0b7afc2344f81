import assert from 'node:assert/strict';
import { keyName } from '../../src/base/key-name.js';
import { OPTIONS } from '../../src/options.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { TestStore } from '../support/store.js';

afterEach(removeTemporaryDirectories);

/** V8 hashes longer strings by their length alone. */
const HASHED_CHARACTERS_MAX = 16_383;

describe('the name of a key', () => {
  const lengths = [
    0,
    1,
    8_191,
    8_192,
    8_193,
    HASHED_CHARACTERS_MAX,
    HASHED_CHARACTERS_MAX + 1,
    OPTIONS.keyBytesMax.default,
  ];
  const keys = lengths.flatMap((length) => [
    Buffer.alloc(length, 'k'),
    Buffer.concat([Buffer.alloc(Math.max(0, length - 1), 'k'), Buffer.from([0xff])]),
  ]);

  it('is that of equal keys only', () => {
    const distinct = new Set(keys.map((key) => key.toString('hex')));
    assert.equal(new Set(keys.map(keyName)).size, distinct.size);
    for (const key of keys) assert.equal(keyName(Buffer.from(key)), keyName(key));
  });

  it('is no longer than what a Map hashes', () => {
    for (const key of keys) assert(keyName(key).length <= HASHED_CHARACTERS_MAX);
  });
});

/** Of the processor, milliseconds. */
async function taken(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user } = process.cpuUsage(before);
  return user / 1_000;
}

describe('a command of many long keys that begin alike', () => {
  for (const kind of ['delete', 'exists'] as const)
    it(`(${kind}) takes about as long as one of keys that are a little shorter`, async () => {
      const test = await TestStore.open();
      const keys = (bytes: number) =>
        Array.from({ length: 600 }, (_, i) => Buffer.from(String(i).padStart(bytes, 'k'), 'latin1'));
      const [shorter, longer] = [keys(HASHED_CHARACTERS_MAX), keys(HASHED_CHARACTERS_MAX + 1)];
      // The first of its kind warms up.
      await test.submit({ kind, keys: shorter });
      const shorterMs = await taken(() => test.submit({ kind, keys: shorter }));
      const longerMs = await taken(() => test.submit({ kind, keys: longer }));
      assert(longerMs < 4 * shorterMs + 100, `${longerMs} ms, ${shorterMs} ms for shorter ones`);
      await test.store.close();
    });
});
