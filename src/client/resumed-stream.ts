/**
 * A stream without an end. If it breaks, it resumes where it stopped.
 *
 * Invariant: over all breaks, an event in the log comes once and in order. If an event cannot come, the stream reports
 * that (`gap`, a snapshot).
 */

import { HeadwaterError } from '../base/errors.js';
import { STREAM_SILENCE_MS_MAX } from '../base/limits.js';
import type { Position } from '../model/position.js';
import type { Told } from '../model/streams.js';
import type { Method } from '../rpc/definitions.js';
import { backOff } from './back-off.js';
import { type Caller, endOf } from './caller.js';
import { TRANSIENT } from './failures.js';
import { type CallTime, checkCall } from './options.js';

interface PlacedEvent<Event> {
  readonly event: Event;
  readonly position: Position;
}

export class ResumedStream<Event extends { readonly kind: string }> {
  readonly #session: Caller;
  readonly #end: AbortSignal;
  readonly #timeoutMs: number;
  /** The position up to which everything has come. Undefined until the node has reported where the stream begins. */
  position: Position | undefined;
  /** The end of a block of which only a part has come, and the last offset of that part. */
  #partly: { readonly position: Position; readonly offset: number } | undefined;
  /** True if the last response of this stream ended inside that block. The next response continues there. */
  #isInside = false;
  /** Events at or before this offset are dropped, until the stream has passed all of them. */
  #after: number;

  /**
   * @param after the offset behind which the caller wants to begin, if that may be inside a block.
   * @throws HeadwaterError `invalid_argument` if the timeout is no valid time.
   */
  constructor(session: Caller, options: CallTime, after = 0) {
    checkCall(options);
    const { signal, timeoutMs = Number.POSITIVE_INFINITY } = options;
    this.#session = session;
    this.#end = endOf(session, signal);
    this.#timeoutMs = timeoutMs;
    this.#after = after;
  }

  /**
   * Yields the events of each response, and `broken` if the stream had to begin again. Ends without an error when the
   * caller's signal aborts.
   */
  async *run<Request>(
    method: Method<Request, Told<Event>>,
    request: (position: Position | undefined) => Request,
  ): AsyncGenerator<Array<PlacedEvent<Event>> | 'broken'> {
    let aliveMs = performance.now();
    for (let failures = 0; !this.#end.aborted; failures++) {
      let began = false;
      this.#isInside = false;
      try {
        const silenceMs = this.#silenceMs(aliveMs);
        const connection = await this.#session.ready({ signal: this.#end, timeoutMs: silenceMs });
        for await (const told of connection.serverStream(method, request(this.position), {
          signal: this.#end,
          silenceMs,
        })) {
          // Responses that have come already are in the stream until its end.
          if (this.#end.aborted) break;
          if (!began && this.position) yield 'broken';
          began = true;
          failures = 0;
          yield this.#take(told);
          // The time in which the caller does not ask for the next item does not count.
          aliveMs = performance.now();
        }
        throw new HeadwaterError('unreachable', 'the node ended the stream');
      } catch (error) {
        if (this.#end.aborted) break;
        if (!HeadwaterError.is(error) || !TRANSIENT.has(error.code)) throw error;
        if (this.#silenceMs(aliveMs, error) > 0) await backOff(failures, this.#end, this.#session.settings.retry);
      }
    }
    if (this.#session.ended.aborted) throw this.#session.ended.reason;
  }

  /**
   * The time for which the next step may be silent.
   * @throws HeadwaterError `deadline_exceeded` if the caller waits no longer.
   */
  #silenceMs(aliveMs: number, cause?: HeadwaterError): number {
    const leftMs = Math.ceil(aliveMs + this.#timeoutMs - performance.now());
    if (leftMs > 0) return Math.min(STREAM_SILENCE_MS_MAX, leftMs);
    const why = cause ? `: ${cause.message}` : '';
    throw new HeadwaterError('deadline_exceeded', `the node sent nothing for ${this.#timeoutMs} ms${why}`, { cause });
  }

  /**
   * Drops events that have already come of a block that was cut off in the middle. The node may cut the block in other
   * places this time.
   */
  #take({ events, position, more }: Told<Event>): Array<PlacedEvent<Event>> {
    const known = Math.max(this.#after, this.#cameOf(position));
    const fresh = known > 0 ? events.filter((event) => !isUpTo(event, known)) : events;
    const before = this.position ?? position;
    this.#isInside = more && events.some((event) => 'offset' in event);
    if (this.#isInside) this.#partly = { position, offset: Math.max(known, lastOffset(events)) };
    if (!more) this.#isWhole(position);
    if (events.some(({ kind }) => kind === 'snapshotBegin')) this.#forgetPartOfBlock();
    return fresh.map((event, i) => ({ event, position: i === fresh.length - 1 && !more ? position : before }));
  }

  /**
   * Notes a complete block. A stream that begins again first reports its begin, which is before the block of which a
   * part has come.
   */
  #isWhole(position: Position): void {
    this.position = position;
    if (this.#partly && position.offset >= this.#partly.position.offset) this.#partly = undefined;
    if (position.offset >= this.#after) this.#after = 0;
  }

  #forgetPartOfBlock(): void {
    this.#partly = undefined;
    this.#after = 0;
  }

  /**
   * The offset up to which a block has come already: the block that the response is of, or begins with. If nothing of
   * it has come, 0.
   */
  #cameOf({ offset, checksum }: Position): number {
    const partly = this.#partly;
    const again = partly?.position.offset === offset && partly.position.checksum === checksum;
    return partly && (again || this.#isInside) ? partly.offset : 0;
  }
}

function isUpTo(event: object, offset: number): boolean {
  return 'offset' in event && (event.offset as number) <= offset;
}

function lastOffset(events: readonly object[]): number {
  return Math.max(...events.map((event) => ('offset' in event ? (event.offset as number) : 0)));
}
