/**
 * Spans of OpenTelemetry, by its API package. The package is loaded only where tracing is on, and the spans go to
 * whatever the program has registered there. Without a registration they go nowhere. A receiver that throws loses its
 * spans, and fails no command.
 *
 * A span is named to other processes by a text, the `traceparent` of W3C Trace Context. Only sampled spans have one, so
 * nothing travels for the others.
 */
import type * as Api from '@opentelemetry/api';
import { HeadwaterError } from './errors.js';
import { OPEN_SPANS_MAX } from './limits.js';

/** The length of a traceparent of version 00. */
export const TRACEPARENT_LENGTH = 55;

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The attribute by which tools know the spans of a database. */
export const SPAN_ATTRIBUTES = { 'db.system.name': 'headwater' };

export type SpanKind = 'client' | 'server' | 'consumer';

export interface SpanOptions {
  readonly kind: SpanKind;
  /** The traceparent of the span above. Without one, it is the span that is active in the program, if any. */
  readonly parent?: string | undefined;
  readonly attributes?: Readonly<Record<string, string | number>>;
  /** The begin, in milliseconds as `performance.now()` counts them. Now, if it is left out. */
  readonly startMs?: number;
}

export class Tracing {
  readonly #api: typeof Api;
  readonly #receiver: Receiver;
  #tracer: Api.Tracer | undefined;
  /** Spans that have begun and not ended. */
  #open = 0;

  private constructor(api: typeof Api, receiver: Receiver) {
    this.#api = api;
    this.#receiver = receiver;
  }

  /**
   * @param onFailure runs once, when the receiver of the spans throws for the first time.
   * @throws HeadwaterError `invalid_argument` if the package is not installed.
   */
  static async load(onFailure: (why: string) => void): Promise<Tracing> {
    try {
      return new Tracing(await import('@opentelemetry/api'), new Receiver(onFailure));
    } catch (error) {
      const message =
        'tracing: expected the package @opentelemetry/api, found none. Run "npm install @opentelemetry/api"';
      throw new HeadwaterError('invalid_argument', message, { cause: error });
    }
  }

  /** Whether anything receives the spans. A receiver that throws is one. */
  get isReceived(): boolean {
    // A tracer of nobody makes spans without an ID. This one never ends, so it goes nowhere.
    const { isSpanContextValid } = this.#api;
    return this.#receiver.try(() => isSpanContextValid(this.#tracerNow.startSpan('test').spanContext())) ?? true;
  }

  /** Whether so many spans are open that a node begins none for a request. */
  get isFull(): boolean {
    return this.#open >= OPEN_SPANS_MAX;
  }

  /** Begins a span. @param name such as `set`, with no key in it. */
  begin(name: string, { kind, parent, attributes, startMs }: SpanOptions): TraceSpan {
    const { SpanKind, context } = this.#api;
    const kinds = { client: SpanKind.CLIENT, server: SpanKind.SERVER, consumer: SpanKind.CONSUMER };
    const options: Api.SpanOptions = { kind: kinds[kind] };
    if (attributes) options.attributes = attributes;
    if (startMs !== undefined) options.startTime = startMs;
    const span = this.#receiver.try(() => {
      const above = parent === undefined ? context.active() : this.#contextOf(parent);
      return this.#tracerNow.startSpan(name, options, above);
    });
    this.#open++;
    return new TraceSpan(this.#api, this.#receiver, span, () => this.#open--);
  }

  /** A receiver may be asked for the tracer, so this may throw. */
  get #tracerNow(): Api.Tracer {
    this.#tracer ??= this.#api.trace.getTracer('headwater');
    return this.#tracer;
  }

  /** A text that is no traceparent counts as none. */
  #contextOf(traceparent: string): Api.Context {
    const { ROOT_CONTEXT, trace } = this.#api;
    const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent) ?? [];
    if (traceId === undefined || spanId === undefined) return ROOT_CONTEXT;
    const traceFlags = Number.parseInt(flags as string, 16) & this.#api.TraceFlags.SAMPLED;
    return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
  }
}

/** The code of somebody else that receives the spans. */
class Receiver {
  readonly #onFailure: (why: string) => void;
  #hasFailed = false;

  constructor(onFailure: (why: string) => void) {
    this.#onFailure = onFailure;
  }

  /** Undefined if the receiver throws. */
  try<Result>(call: () => Result): Result | undefined {
    try {
      return call();
    } catch (error) {
      if (!this.#hasFailed) {
        this.#hasFailed = true;
        this.#onFailure(
          `the receiver of the spans has thrown an error, and spans are lost: ${HeadwaterError.from(error).message}. Commands continue without them. Look at the module that registers the receiver`,
        );
      }
      return undefined;
    }
  }
}

export class TraceSpan {
  readonly #api: typeof Api;
  readonly #receiver: Receiver;
  /** Undefined if the receiver has failed to begin it. */
  readonly #span: Api.Span | undefined;
  readonly #onEnd: () => void;
  #isEnded = false;
  /** The name of the span for other processes. Undefined if the span is not sampled. */
  readonly traceparent: string | undefined;

  constructor(api: typeof Api, receiver: Receiver, span: Api.Span | undefined, onEnd: () => void) {
    this.#api = api;
    this.#receiver = receiver;
    this.#span = span;
    this.#onEnd = onEnd;
    this.traceparent = span && receiver.try(() => traceparentOf(api, span.spanContext()));
  }

  /** Ends the span, unless it has ended. @param failed the code of the failure, if there was one. @param endMs as `startMs`. */
  end(failed?: string, endMs?: number): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#onEnd();
    const span = this.#span;
    if (!span) return;
    if (failed !== undefined)
      this.#receiver.try(() => {
        span.setAttribute('error.type', failed);
        span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: failed });
      });
    this.#receiver.try(() => span.end(endMs));
  }
}

/** Undefined for a span that is not sampled. */
function traceparentOf(api: typeof Api, context: Api.SpanContext): string | undefined {
  const { traceId, spanId, traceFlags } = context;
  const isSampled = (traceFlags & api.TraceFlags.SAMPLED) !== 0 && api.isSpanContextValid(context);
  return isSampled ? `00-${traceId}-${spanId}-01` : undefined;
}
