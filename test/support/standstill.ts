/** Waiting until something that goes on by itself has stopped, such as bytes sent to somebody who reads none. */
import { eventually } from './cluster.js';

/** So many looks one after another see the same. */
const LOOKS = 10;

/** Resolves once the count has come to `least`, and grows no more. */
export async function standstill(what: string, count: () => Promise<number>, least: number): Promise<void> {
  let seen = 0;
  let looks = 0;
  await eventually(`${what} to stand still at ${least} or more`, async () => {
    const now = await count();
    looks = now === seen && now >= least ? looks + 1 : 0;
    seen = now;
    return looks >= LOOKS;
  });
}
