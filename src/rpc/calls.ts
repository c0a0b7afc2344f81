/**
 * The calls that a server has in hand: what a handler knows of its call, and
 * what a stop has to wait for. `stopping` is told to each call, which for most
 * means nothing: they are short. Streams without an end of their own take it
 * as the sign to finish what they have and go.
 */
import { setMaxListeners } from 'node:events';
import { systemClock } from '../base/clock.js';
import { HeadwaterError, shuttingDown } from '../base/errors.js';
import { InvariantViolation } from '../base/invariant.js';
import type { Logger } from '../base/logger.js';
import { RepeatedLog } from '../base/repeated-log.js';
import { OpenStreams } from './open-streams.js';
import { Reception } from './reception.js';
import type { Share } from './replying.js';

/** The part of gRPC's calls, whatever their shape, that is of use here. */
interface Surface {
  getPeer(): string;
  getDeadline(): Date | number;
  readonly metadata: { get(name: string): Array<string | Buffer> };
  once(event: 'cancelled', listener: () => void): unknown;
}

export interface CallsOptions {
  readonly logger: Logger;
  /** An invariant does not hold: our own bug, after which the node must not go on. */
  readonly onFatal: (error: InvariantViolation) => void;
}

export class Calls {
  readonly #options: CallsOptions;
  readonly #log: RepeatedLog;
  readonly #active = new Set<Call>();
  readonly openStreams = new OpenStreams();
  #stopping = false;

  constructor(options: CallsOptions) {
    this.#options = options;
    this.#log = RepeatedLog.of({ clock: systemClock, logger: options.logger });
  }

  begin(path: string, surface: Surface): Call {
    const call = new Call(path, surface, this);
    this.#active.add(call);
    if (this.#stopping) call.stop();
    return call;
  }

  end(call: Call): void {
    this.#active.delete(call);
  }

  /** Tells every call, present and to come. */
  stop(): void {
    this.#stopping = true;
    for (const call of this.#active) call.stop();
  }

  /** Clients are told nothing of a failure that nobody foresaw: the operator is. */
  report(path: string, failure: unknown): void {
    if (HeadwaterError.is(failure) && failure.code !== 'internal') return;
    const stack = failure instanceof Error ? failure.stack : String(failure);
    this.#log.error({ method: path, stack }, `${path} failed unexpectedly: ${(failure as Error)?.message ?? failure}`);
    if (failure instanceof InvariantViolation) this.#options.onFatal(failure);
  }
}

export class Call {
  readonly path: string;
  readonly #surface: Surface;
  readonly #calls: Calls;
  readonly #reception: Reception | undefined;
  readonly #cancelled: Array<() => void> = [];
  #controller: AbortController | undefined;
  #reason: HeadwaterError | undefined;
  #ended = false;
  #stopping = false;
  #onStopping: (() => void) | undefined;
  #trailers: Map<string, string> | undefined;

  constructor(path: string, surface: Surface, calls: Calls) {
    this.path = path;
    this.#surface = surface;
    this.#calls = calls;
    this.#reception = Reception.of(surface.metadata);
    // gRPC says so at the end of every call, however it ended.
    surface.once('cancelled', () => {
      if (!this.#ended) this.cancel(this.#whyCancelled());
    });
  }

  /** address:port of the other side. */
  get peer(): string {
    return this.#surface.getPeer();
  }

  /** Milliseconds until the caller gives up; infinite where it does not say. */
  get leftMs(): number {
    return Number(this.#surface.getDeadline()) - Date.now();
  }

  /** What the caller sent in the metadata under that name, in lower case. */
  metadata(name: string): string | undefined {
    const [value] = this.#surface.metadata.get(name);
    return value === undefined ? undefined : value.toString();
  }

  /** Says something beside the answer, in its trailing metadata. */
  trail(name: string, value: string): void {
    this.#trailers ??= new Map();
    this.#trailers.set(name, value);
  }

  /** The same object for all calls of one connection; undefined if that is not known. */
  get connection(): object | undefined {
    return this.#reception?.connection;
  }

  /** The memory of its replies; undefined if nobody counts it. */
  get share(): Share | undefined {
    return this.#reception?.share;
  }

  get trailers(): ReadonlyMap<string, string> | undefined {
    return this.#trailers;
  }

  /** Why nobody waits for the answer any more; undefined while somebody does. */
  get cancelled(): HeadwaterError | undefined {
    return this.#reason;
  }

  /** Aborts when nobody waits for the answer any more. Made on demand: most handlers never look. */
  get signal(): AbortSignal {
    this.#controller ??= newController();
    if (this.#reason) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  onCancelled(task: () => void): void {
    if (this.#reason) task();
    else this.#cancelled.push(task);
  }

  /** Runs `task` when the server stops, at once if it does already. */
  onStopping(task: () => void): void {
    if (this.#stopping) task();
    else this.#onStopping = task;
  }

  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#onStopping?.();
  }

  cancel(reason: HeadwaterError): void {
    if (this.#ended || this.#reason) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
    for (const task of this.#cancelled) task();
  }

  /** The handler has its whole request, and answers within a time of its own. */
  served(): void {
    this.#reception?.served();
  }

  /** The requests that the handler has got are gone, or are counted elsewhere. */
  taken(): void {
    this.#reception?.taken();
  }

  /** Runs `task`, which ends the call, if a request of it found no memory. */
  onRefused(task: (reason: HeadwaterError) => void): void {
    this.#reception?.onRefused(task);
  }

  report(failure: unknown): void {
    this.#calls.report(this.path, failure);
  }

  /** The answer has been given. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.taken();
    this.#calls.end(this);
  }

  #whyCancelled(): HeadwaterError {
    const deadline = this.#surface.getDeadline();
    const passed = Number(deadline) <= Date.now();
    if (passed) return new HeadwaterError('deadline_exceeded', `${this.path}: the deadline of the call passed`);
    return new HeadwaterError('cancelled', `${this.path}: the client gave up or its connection broke`);
  }
}

/** Every message of a stream may wait with it: that is no leak. */
function newController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** Aborts when the client is gone, or the server stops: for streams that are long. */
export function endOf(call: Call): AbortSignal {
  const end = new AbortController();
  call.onCancelled(() => end.abort(call.cancelled));
  call.onStopping(() => end.abort(shuttingDown()));
  return end.signal;
}
