import { type Clock, sleep } from '../clock.js';
import type { Log } from './log.js';

/**
 * Resolves when the log has gone on beyond `offset`, something has been said
 * between its blocks, or `delayMs` have passed.
 * @throws the reason of `signal`, or for which the log was closed.
 */
export async function moved(
  log: Log,
  offset: number,
  delayMs: number,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  const over = new AbortController();
  // Not AbortSignal.any: a stream lives for long, and each wait would leave something behind in its signal.
  const end = () => over.abort(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    await Promise.race([log.whenBeyond(offset, over.signal), sleep(clock, delayMs, over.signal)]);
  } finally {
    signal.removeEventListener('abort', end);
    over.abort();
  }
  if (signal.aborted) throw signal.reason;
}
