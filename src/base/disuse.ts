import type { Clock } from './clock.js';

/**
 * Gives up a thing that nobody has used for a while. Each use restarts the time. So long work is not cut short, and
 * abandoned work ends.
 * @param uses reports how often the thing has been used so far.
 * @param giveUp runs once, when the thing has not been used for `forMs` to twice that.
 * @returns a function that ends the watch.
 */
export function whenUnused(clock: Clock, forMs: number, uses: () => number, giveUp: () => void): () => void {
  let cancel = () => {};
  const wait = () => {
    const before = uses();
    cancel = clock.after(forMs, () => {
      if (uses() === before) giveUp();
      else wait();
    });
  };
  wait();
  return () => cancel();
}
