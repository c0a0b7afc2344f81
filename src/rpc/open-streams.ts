/**
 * The streams of one connection that carry messages both ways. The client may leave any of them unread. The node then
 * holds one window of requests that nothing counts, and replies up to the bound of a stream. Calls and streams of one
 * request hold no such window, since their requests are complete.
 */
import { HeadwaterError } from '../base/errors.js';
import { DUPLEX_STREAMS_MAX } from '../base/limits.js';

export class OpenStreams {
  /** Open streams by connection. */
  readonly #counts = new WeakMap<object, number>();

  /** @throws HeadwaterError `overloaded` if the connection has as many as it may. */
  open(connection: object): void {
    const count = this.#counts.get(connection) ?? 0;
    if (count >= DUPLEX_STREAMS_MAX)
      throw new HeadwaterError(
        'overloaded',
        `expected at most ${DUPLEX_STREAMS_MAX} pipelines over one connection, received one more. Use one of them, or open another connection`,
      );
    this.#counts.set(connection, count + 1);
  }

  close(connection: object): void {
    this.#counts.set(connection, (this.#counts.get(connection) ?? 0) - 1);
  }
}
