/**
 * Waiting for processes on this machine, for the benchmarks and for the tests
 * of whole clusters: a condition is waited for, never a time.
 */
import { createServer } from 'node:net';

const PATIENCE_MS = 60_000;
const LOOK_INTERVAL_MS = 5;

export interface Patience {
  /** After which it gives up. */
  readonly patienceMs?: number;
  /** Between two looks. */
  readonly everyMs?: number;
}

/**
 * Waits until `condition` gives something else than false or undefined, and gives
 * that; a condition that throws does not hold yet.
 * @throws Error naming `what`, with the condition's last failure as its cause.
 */
export async function eventually<T>(
  what: string,
  condition: () => Promise<T | false | undefined>,
  { patienceMs = PATIENCE_MS, everyMs = LOOK_INTERVAL_MS }: Patience = {},
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (let cause: unknown; ; ) {
    try {
      const value = await condition();
      if (value !== false && value !== undefined) return value;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(`waited ${patienceMs} ms in vain: ${what}`, { cause });
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** A port of 127.0.0.1 that nobody listens on now; nothing keeps it free. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
