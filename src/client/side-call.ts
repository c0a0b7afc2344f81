/**
 * A call beside the pipeline. All of its steps share a deadline and a signal: earlier commands are answered, there is a
 * connection, the node answers. A stream has begun by its deadline, and then waits so long for each item.
 */
import { HeadwaterError } from '../base/errors.js';
import type { Guarantees } from '../model/guarantees.js';
import type { Method } from '../rpc/definitions.js';
import type { Caller } from './caller.js';
import { type CallTime, checkCall } from './options.js';
import { allowedTime, cancelled } from './pending-command.js';

export class SideCall {
  readonly #session: Caller;
  readonly #signal: AbortSignal | undefined;
  readonly #timeoutMs: number;
  readonly #endMs: number;

  /**
   * @param bytes of the request, if it may be large.
   * @throws HeadwaterError `invalid_argument` if the timeout is no valid time.
   */
  constructor(session: Caller, options: CallTime = {}, bytes = 0) {
    checkCall(options);
    const { signal, timeoutMs = allowedTime(session.settings.timeoutMs, bytes) } = options;
    this.#session = session;
    this.#signal = signal;
    this.#timeoutMs = timeoutMs;
    this.#endMs = performance.now() + timeoutMs;
  }

  /**
   * Resolves when all earlier commands are answered.
   * @param reads true for a call that reads, which may be for the leader alone.
   */
  settled(reads = false): Promise<void> {
    return this.#session.settled(this.#left(), reads);
  }

  /**
   * Resolves when there is a connection. Without one, nothing is sent.
   * @throws HeadwaterError `unreachable` if none comes in time.
   */
  async connected(): Promise<void> {
    await this.#session.ready(this.#left());
  }

  async unary<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    guarantees?: Guarantees,
  ): Promise<Response> {
    const connection = await this.#session.ready(this.#left());
    return connection.unary(method, request, { ...this.#left(), guarantees });
  }

  async *stream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    guarantees?: Guarantees,
  ): AsyncGenerator<Response> {
    const connection = await this.#session.ready(this.#left());
    yield* connection.serverStream(method, request, {
      signal: this.#signal,
      silenceMs: this.#timeoutMs,
      guarantees,
    });
  }

  /** @throws HeadwaterError `cancelled`, `deadline_exceeded` if there is no time left. */
  #left(): { signal: AbortSignal | undefined; timeoutMs: number } {
    const signal = this.#signal;
    if (signal?.aborted) throw cancelled(signal);
    const timeoutMs = Math.ceil(this.#endMs - performance.now());
    if (timeoutMs > 0) return { signal, timeoutMs };
    throw new HeadwaterError('deadline_exceeded', `no answer within ${this.#timeoutMs} ms`);
  }
}
