/** Ctrl-C, or SIGTERM: the end of commands without one of their own, and of those that leave nothing half done. */
import { HeadwaterError } from '../src/base/errors.js';

/** The first Ctrl-C, or SIGTERM, ends the loop in good order. */
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

/** The first of these gives up `work`, which then cleans up and rejects with what its signal says. */
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
    // The work under way says so in words of its own.
    throw interrupted.signal.aborted ? interrupted.signal.reason : error;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
