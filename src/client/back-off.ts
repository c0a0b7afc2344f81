import { doubledMs } from '../base/back-off.js';
import type { RetrySettings } from './options.js';

/**
 * Waits before the next attempt, longer after each failure. The wait is shortened a little at random, so that clients
 * of one node do not all come back at once. Ends early when `signal` aborts. The timer keeps the process alive, because
 * a caller may wait.
 * @param failures so far, without a success between, from 0 on.
 */
export function backOff(failures: number, signal: AbortSignal, { minMs, maxMs }: RetrySettings): Promise<void> {
  const longest = doubledMs(minMs, failures, maxMs);
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, longest * (0.5 + Math.random() / 2));
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
