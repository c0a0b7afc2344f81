import type { Clock } from './clock.js';

/**
 * Gives up what nobody has used for a while. Each use starts the time again, so
 * that work which takes long is not cut short, and what was abandoned goes.
 * @param uses how often it has been used so far.
 * @param giveUp is run once, when it has not been used for `forMs` to twice that.
 * @returns ends it.
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
