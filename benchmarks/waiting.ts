/**
 * Waiting for processes on this machine, for the benchmarks and for the tests
 * of whole clusters: a condition is waited for, never a time.
 */
import { randomInt } from 'node:crypto';
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

/** The ports to choose from. The system gives outgoing connections none of them: it would take that of a node that restarts. */
const PORTS = { first: 10_000, count: 20_000 };

/** A port of 127.0.0.1 that nobody listens on now; nothing keeps it free. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.first + randomInt(PORTS.count);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
