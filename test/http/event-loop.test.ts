import assert from 'node:assert/strict';
import type { Delays } from '../../src/base/process-load.js';
import { EventLoopDelays } from '../../src/http/event-loop.js';

describe('the delays of the event loop', () => {
  const at = (values: { bounds: readonly number[]; cumulative: readonly number[] }, bound: number) =>
    values.cumulative[values.bounds.indexOf(bound)];

  it('count as the next percentile, so that none is shown too small', () => {
    const percentiles = [
      { percentile: 0, ms: 0.2 },
      { percentile: 50, ms: 0.9 },
      { percentile: 75, ms: 40 },
      { percentile: 100, ms: 700 },
    ];
    const values = new EventLoopDelays(() => ({ count: 200, meanMs: 2, percentiles })).seconds;
    assert.deepEqual(
      [0.0005, 0.001, 0.025, 0.05, 0.5, 1].map((bound) => at(values, bound)),
      [0, 100, 100, 150, 150, 200],
    );
    assert.deepEqual([values.cumulative.at(-1), values.sum], [200, 0.4]);
  });

  it('never fall, though a percentile moves', () => {
    let now: Delays = { count: 10, meanMs: 1, percentiles: [{ percentile: 100, ms: 1 }] };
    const delays = new EventLoopDelays(() => now);
    assert.equal(at(delays.seconds, 0.001), 10);
    now = {
      count: 12,
      meanMs: 1,
      percentiles: [
        { percentile: 50, ms: 1 },
        { percentile: 100, ms: 9 },
      ],
    };
    assert.deepEqual([at(delays.seconds, 0.001), at(delays.seconds, 0.01)], [10, 12]);
  });
});
