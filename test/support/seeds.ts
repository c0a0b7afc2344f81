/** Randomness of the property tests: one seed for a run, printed by fast-check where a property fails. */
import { seedOfThisRun } from './random.js';

/** What a property is run with: HEADWATER_SEED repeats a run, HEADWATER_RUNS makes it longer. */
export function runs(count: number): { seed: number; numRuns: number } {
  const factor = Number(process.env.HEADWATER_RUNS ?? 1);
  return { seed: seedOfThisRun() | 0, numRuns: Math.max(1, Math.round(count * factor)) };
}

/** How often `npm test` repeats a random fault. HEADWATER_RUNS multiplies it (`npm run thorough`). */
export function times(count: number): number {
  return Math.max(1, Math.round(count * Number(process.env.HEADWATER_RUNS ?? 1)));
}

/** A replication ID that a person can tell from another: one or two letters, repeated. */
export function historyId(letters: string): string {
  return Buffer.from(letters.padEnd(20, letters)).toString('hex');
}
