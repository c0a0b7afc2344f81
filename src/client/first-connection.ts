/** The first connection of a client: one attempt, or attempts until a node is reached. */
import { unlessAborted } from '../base/abort.js';
import { HeadwaterError, Unreachable } from '../base/errors.js';
import { backOff } from './back-off.js';
import type { Caller } from './caller.js';
import { cancelled, TRANSIENT } from './failures.js';
import type { ClientOptions, RetrySettings } from './options.js';

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
  const beganMs = performance.now();
  try {
    const last = await attempts(session, wait !== false, ended, retry);
    if (ended.aborted) throw outOfTime(performance.now() - beganMs, last);
  } catch (error) {
    await session.close(0);
    if (signal?.aborted) throw cancelled(signal);
    throw error;
  } finally {
    clearTimeout(timer);
    ended.removeEventListener('abort', end);
  }
}

function outOfTime(waitedMs: number, last: HeadwaterError | undefined): HeadwaterError {
  const why = last?.message ?? 'no node has answered';
  return new Unreachable(`no node was reached within ${Math.round(waitedMs)} ms: ${why}`, { cause: last });
}

/**
 * Makes attempts until one succeeds, or until the end.
 * @returns the failure of the last attempt before.
 * @throws HeadwaterError of an attempt after which there is no other.
 */
async function attempts(
  session: Caller,
  waits: boolean,
  ended: AbortSignal,
  retry: RetrySettings,
): Promise<HeadwaterError | undefined> {
  let last: HeadwaterError | undefined;
  for (let failures = 0; !ended.aborted; failures++) {
    try {
      // An attempt may need time to notice the end.
      await unlessAborted(session.connect(), ended);
      break;
    } catch (error) {
      if (ended.aborted) break;
      last = HeadwaterError.from(error);
      if (!waits || !TRANSIENT.has(last.code)) throw error;
    }
    await backOff(failures, ended, retry);
  }
  return last;
}
