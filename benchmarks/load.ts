/** The loads that several benchmarks share: SETs through the TypeScript client. */
import type { Client } from '../src/client/index.js';

const TICK_MS = 2;

/** With a fixed number in flight, so that memory and queues stay bounded: keys `<prefix>0` to `<prefix>count-1`, each with a different value of `valueBytes`. */
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

/**
 * At a rate, whatever the answers take, to random ones of the keys `key:0` to
 * `key:keys-1`, until `over` resolves.
 * @param writes rate a second; bytes of each value.
 * @returns how long each took, from when it was due, milliseconds.
 * @throws what `over` or a write failed with.
 */
export async function writeAtRate(
  client: Client,
  { rate, keys, valueBytes }: { rate: number; keys: number; valueBytes: number },
  over: Promise<unknown>,
): Promise<number[]> {
  const took: number[] = [];
  const inHand = new Set<Promise<void>>();
  const value = 'x'.repeat(valueBytes);
  const beganMs = performance.now();
  let failure: Error | undefined;
  let next = 0;
  const timer = setInterval(() => {
    for (; ; next++) {
      const dueMs = beganMs + (next / rate) * 1_000;
      if (dueMs > performance.now()) return;
      const key = `key:${Math.floor(Math.random() * keys)}`;
      const done = client.set(key, value).then(
        () => {
          took.push(performance.now() - dueMs);
          inHand.delete(done);
        },
        (error: Error) => {
          failure ??= error;
        },
      );
      inHand.add(done);
    }
  }, TICK_MS);
  try {
    await over;
  } finally {
    clearInterval(timer);
  }
  await Promise.all(inHand);
  if (failure) throw failure;
  return took;
}
