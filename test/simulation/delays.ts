/** Random delays of disks and lines: tasks of one disk, or of all lines, end in the order in which they began. */
import type { Clock } from '../../src/base/clock.js';
import type { Dice } from './dice.js';

interface Time {
  readonly clock: Clock;
  readonly dice: Dice;
}

/** Runs each task up to `msMax` milliseconds later, and none before an earlier one. */
export function inOrder({ clock, dice }: Time, msMax: number): (task: () => void) => void {
  let lastMs = 0;
  return (task) => {
    const now = clock.monotonicMs();
    lastMs = Math.max(lastMs, now + dice.random() * msMax);
    clock.after(lastMs - now, task);
  };
}

/** Takes up to `msMax` milliseconds at each call, one call after another. */
export function delays(time: Time, msMax: number): () => Promise<void> {
  const later = inOrder(time, msMax);
  return () => new Promise((resolve) => later(resolve));
}
