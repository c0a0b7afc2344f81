/**
 * A call beside the pipeline. All of its steps share a deadline and a signal: earlier commands are answered, there is a
 * connection, the node answers. A stream has begun by its deadline, and then waits so long for each item.
 */
import { HeadwaterError } from '../base/errors.js';
import { SPAN_ATTRIBUTES } from '../base/tracing.js';
import type { Guarantees } from '../model/guarantees.js';
import { type Method, methodName } from '../rpc/definitions.js';
import { backOff } from './back-off.js';
import { type Caller, endOf } from './caller.js';
import { cancelled, isMomentary, needsLeader } from './failures.js';
import { type CallOptions, type CallTime, checkCall } from './options.js';
import { allowedTime } from './pending-command.js';

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

  /** Resolves when all earlier commands are answered. */
  settled(): Promise<void> {
    return this.#session.settled(this.#left(), false);
  }

  /**
   * Makes a call that reads, behind all earlier commands. If it fails for the moment, the call is tried again. If the
   * read is for the leader, and the node refuses it because it does not lead, the client goes to the leader first.
   */
  async read<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: CallOptions,
  ): Promise<Response> {
    await this.settled();
    for (let failures = 1; ; failures++) {
      try {
        return await this.unary(method, request, this.#session.guarantees(options));
      } catch (error) {
        await this.#beforeAgain(error, failures);
      }
    }
  }

  /** Like `read`, for a stream. A stream that has begun is not tried again. */
  async *readStream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: CallOptions,
  ): AsyncGenerator<Response> {
    await this.settled();
    for (let failures = 1; ; failures++) {
      let hasBegun = false;
      try {
        for await (const response of this.stream(method, request, this.#session.guarantees(options))) {
          hasBegun = true;
          yield response;
        }
        return;
      } catch (error) {
        if (hasBegun) throw error;
        await this.#beforeAgain(error, failures);
      }
    }
  }

  /** @throws the error itself, if the call is not tried again. */
  async #beforeAgain(error: unknown, failures: number): Promise<void> {
    const { settings } = this.#session;
    const end = endOf(this.#session, this.#signal);
    const isOver = end.aborted || performance.now() >= this.#endMs;
    if (!HeadwaterError.is(error) || isOver || failures >= settings.retry.attempts) throw error;
    if (needsLeader(error)) {
      await this.connected();
      return this.#session.settled(this.#left(), true);
    }
    if (error.code !== 'unreachable' && !isMomentary(error)) throw error;
    await backOff(failures - 1, end, settings.retry);
    // The reason of the last attempt says more than the end of the time.
    if (performance.now() >= this.#endMs) throw error;
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
    return this.#traced(method, async (traceparent) => {
      const connection = await this.#session.ready(this.#left());
      return connection.unary(method, request, { ...this.#left(), guarantees, traceparent });
    });
  }

  /** Makes a call within a span of its own, if the client makes spans. */
  async #traced<Result>(
    { path }: Pick<Method<never, never>, 'path'>,
    call: (traceparent: string | undefined) => Promise<Result>,
  ): Promise<Result> {
    const { tracing } = this.#session.settings;
    if (!tracing) return call(undefined);
    const span = tracing.begin(methodName(path), { kind: 'client', attributes: SPAN_ATTRIBUTES });
    try {
      const result = await call(span.traceparent);
      span.end();
      return result;
    } catch (error) {
      span.end(HeadwaterError.from(error).code);
      throw error;
    }
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
