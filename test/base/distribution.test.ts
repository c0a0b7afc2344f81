import assert from 'node:assert/strict';
import { Distribution } from '../../src/base/distribution.js';

describe('a distribution', () => {
  it('counts a value in the first range whose end it does not exceed', () => {
    const sizes = new Distribution([1, 10, 100]);
    for (const value of [0, 1, 2, 10, 11, 101, 1_000]) sizes.observe(value);
    assert.deepEqual(sizes.cumulative, [2, 4, 5, 7]);
    assert.equal(sizes.sum, 1_125);
  });

  it('counts a value as often as it is told', () => {
    const delays = new Distribution([1]);
    delays.observe(0.5, 3);
    assert.deepEqual([delays.cumulative, delays.sum], [[3, 3], 1.5]);
  });
});
