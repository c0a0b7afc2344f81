/** No wait has more doublings: the longest waits are far below the number that they would make. */
const DOUBLINGS_MAX = 30;

/**
 * The wait before the next attempt, twice as long after each failure.
 * @param leastMs the wait after the first failure, milliseconds.
 * @param doublings failures in a row before the last one, from 0 on.
 * @param mostMs no wait is longer.
 */
export function doubledMs(leastMs: number, doublings: number, mostMs: number): number {
  return Math.min(mostMs, leastMs * 2 ** Math.min(doublings, DOUBLINGS_MAX));
}
