import { firstOf } from '../base/abort.js';
import { type Clock, sleep } from '../base/clock.js';
import type { LogReaders } from './readers.js';

/**
 * Resolves when the log has grown beyond `offset`, a message or a mark has come between its blocks, or `delayMs` have
 * passed.
 * @throws the reason of `signal`, or the reason for which the log was closed.
 */
export async function whenMoved(
  readers: LogReaders,
  offset: number,
  delayMs: number,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  await firstOf(signal, (over) => [readers.whenBeyond(offset, over), sleep(clock, delayMs, over)]);
  if (signal.aborted) throw signal.reason;
}
