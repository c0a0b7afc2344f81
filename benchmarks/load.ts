/**
 * The load that several benchmarks share: SETs through the TypeScript client,
 * a fixed number in flight, so that memory and queues stay bounded.
 */
import type { Client } from '../src/index.js';

/** Keys `<prefix>0` to `<prefix>count-1`, each with a different value of `valueBytes`. */
export async function load(
  client: Client,
  prefix: string,
  count: number,
  valueBytes: number,
  inFlight = 1000,
): Promise<void> {
  let next = 0;
  const loop = async () => {
    while (next < count) {
      const i = next++;
      await client.set(`${prefix}${i}`, String(i).padEnd(valueBytes, 'x'));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
}
