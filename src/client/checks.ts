/** The checks and repairs of a node as a client asks for them: what the node tells, as it tells it. */
import { unlessAborted } from '../abort.js';
import { HeadwaterError } from '../errors.js';
import type { Method } from '../rpc/definitions.js';
import type { CheckRequest } from '../wire/check.js';
import type { Asker } from './asker.js';

export interface CheckOptions {
  /** Reads no faster; left out: 50 MB/s. */
  readonly bytesPerSecond?: number | undefined;
  /** Gives it up: the loop throws `cancelled`. */
  readonly signal?: AbortSignal | undefined;
}

/** A connection that breaks ends it: it has to be begun anew. */
export async function* check<Event>(
  session: Asker,
  method: Method<CheckRequest, Event>,
  { bytesPerSecond = 0, signal }: CheckOptions,
): AsyncGenerator<Event> {
  const end = signal ? AbortSignal.any([signal, session.ended]) : session.ended;
  try {
    const connection = await unlessAborted(session.ready(), end);
    yield* connection.serverStream(method, { bytesPerSecond }, { signal: end });
  } catch (error) {
    if (!end.aborted) throw error;
    throw HeadwaterError.is(end.reason) ? end.reason : new HeadwaterError('cancelled', 'the caller gave it up');
  }
}
