/** The first connection of a client: one attempt, or attempts until a node is reached. */
import { HeadwaterError, Unreachable } from '../base/errors.js';
import { backOff } from './back-off.js';
import type { Caller } from './caller.js';
import type { ClientOptions, RetrySettings } from './options.js';
import { cancelled } from './pending-command.js';
import { TRANSIENT } from './resumed-stream.js';

/**
 * Closes the session if it does not connect.
 * @throws HeadwaterError `unreachable`, the refusal of a node, or `cancelled` by the signal.
 */
export async function connect(
  session: Caller,
  { wait = false, signal }: ClientOptions,
  retry: RetrySettings,
): Promise<void> {
  const over = new AbortController();
  const timer = typeof wait === 'number' ? setTimeout(() => over.abort(), wait) : undefined;
  const ended = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
  // An attempt that is on its way ends with the session.
  const end = () => void session.close(0);
  ended.addEventListener('abort', end);
  try {
    if (ended.aborted) end();
    await attempts(session, wait !== false, ended, retry);
  } catch (error) {
    await session.close(0);
    if (signal?.aborted) throw cancelled(signal);
    throw error;
  } finally {
    clearTimeout(timer);
    ended.removeEventListener('abort', end);
  }
}

async function attempts(session: Caller, waits: boolean, ended: AbortSignal, retry: RetrySettings): Promise<void> {
  const beganMs = performance.now();
  let last: HeadwaterError | undefined;
  for (let failures = 0; ; failures++) {
    try {
      return await session.connect();
    } catch (error) {
      if (!ended.aborted) last = HeadwaterError.from(error);
      if (!waits) throw error;
      if (!ended.aborted && !TRANSIENT.has(HeadwaterError.from(error).code)) throw error;
    }
    if (!ended.aborted) await backOff(failures, ended, retry);
    if (!ended.aborted) continue;
    const waitedMs = Math.round(performance.now() - beganMs);
    const why = last?.message ?? 'no node has answered';
    throw new Unreachable(`no node was reached within ${waitedMs} ms: ${why}`, { cause: last });
  }
}
