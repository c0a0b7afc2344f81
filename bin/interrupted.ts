/** Ctrl-C, or SIGTERM: the end of commands that run until then, and of commands that must leave nothing half done. */
import { HeadwaterError } from '../src/base/errors.js';

/** Runs a loop until the first Ctrl-C, or SIGTERM, which ends it in good order. */
export async function untilInterrupted(loop: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const interrupted = new AbortController();
  const end = () => interrupted.abort();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  try {
    await loop(interrupted.signal);
  } finally {
    process.off('SIGINT', end);
    process.off('SIGTERM', end);
  }
}

/**
 * Runs `work` until the first Ctrl-C, or SIGTERM, gives it up. The work then cleans up, and the call rejects with the
 * signal's reason.
 */
export async function unlessInterrupted<Result>(
  message: string,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort(new HeadwaterError('cancelled', message));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await work(interrupted.signal);
  } catch (error) {
    // The error of the interrupted work has other words, so the signal's reason goes before it.
    throw interrupted.signal.aborted ? interrupted.signal.reason : error;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
