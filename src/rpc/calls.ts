/**
 * The open calls of a server: the view that a handler has of its call, and the calls that a stop has to wait for. Each
 * call learns of `stopping`. Most calls are short and ignore it. Streams without an end of their own finish the work
 * that they have begun, and end.
 */
import { setMaxListeners } from 'node:events';
import type { Access } from '../access/access.js';
import type { Grant } from '../access/grant.js';
import type { Usage } from '../access/usage.js';
import { systemClock } from '../base/clock.js';
import { HeadwaterError, shuttingDown } from '../base/errors.js';
import { InvariantViolation } from '../base/invariant.js';
import type { Logger } from '../base/logger.js';
import { RepeatedLog } from '../base/repeated-log.js';
import type { ReplyShare } from '../pipeline/reply-share.js';
import { CallIntake, type CallSource } from './call-intake.js';
import type { ConnectionPlace } from './connection-place.js';
import { OpenStreams } from './open-streams.js';

/** The part of gRPC's calls, of every shape, that is used here. */
interface Surface {
  getPeer(): string;
  getDeadline(): Date | number;
  readonly metadata: { get(name: string): Array<string | Buffer> };
  once(event: 'cancelled', listener: () => void): unknown;
}

export interface CallsOptions {
  readonly logger: Logger;
  /** Called if an invariant does not hold. This is a bug in Headwater, after which the node must not go on. */
  readonly onFatal: (error: InvariantViolation) => void;
  /** Decides who may call what. Everybody may call everything without it. */
  readonly access?: Pick<Access, 'audit'> | undefined;
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

  /** Stops every call, present and to come. */
  stop(): void {
    this.#stopping = true;
    for (const call of this.#active) call.stop();
  }

  /** Notes a call that the rights of its user do not allow, for the audit. */
  denied({ path, peer, intake }: Call, { message }: HeadwaterError): void {
    this.#options.access?.audit.refused({ user: intake.grant?.name ?? '', peer, call: path }, message);
  }

  /** Logs an unforeseen failure for the operator. The client receives no details of it. */
  report(path: string, failure: unknown): void {
    if (HeadwaterError.is(failure) && failure.code !== 'internal') return;
    const stack = failure instanceof Error ? failure.stack : String(failure);
    this.#log.error({ method: path, stack }, `${path} failed unexpectedly: ${(failure as Error)?.message ?? failure}`);
    if (failure instanceof InvariantViolation) this.#options.onFatal(failure);
  }
}

/** The memory of the requests and the replies of one call, as its handler needs it. */
export interface CallMemory {
  /** The same object for all calls of one connection, undefined if the connection is not known. */
  readonly connection?: object;
  /** The place that the call has to ask for, undefined if its connection has one. */
  readonly place?: Pick<ConnectionPlace, 'claim'> | undefined;
  /** The memory of the call's replies, undefined if nothing counts it. */
  readonly share?: ReplyShare;
  /** The rights of the caller. Undefined if nobody asks for them. */
  readonly grant?: Grant | undefined;
  /** The limits of the caller, undefined for a call that has none: replication and administration. */
  readonly usage?: Usage | undefined;
  /** The source of the call. Undefined if the call has no connection. */
  readonly caller?: CallSource;
  /** Notes that the handler has its whole request, and answers within a time of its own. */
  served(): void;
  /** Notes that the requests that the handler has received are gone, or are counted elsewhere. */
  taken(): void;
  /** Counts the bytes that the handler has received and not answered, beside those of requests that are not taken. */
  inHand?(bytes: number): void;
  /** Runs `task`, which ends the call, if a request of the call found no memory. */
  onRefused(task: (reason: HeadwaterError) => void): void;
}

/** The intake of a call whose memory nobody counts. */
const UNCOUNTED: CallMemory = { served() {}, taken() {}, onRefused() {} };

export class Call {
  readonly path: string;
  readonly intake: CallMemory;
  readonly #surface: Surface;
  readonly #calls: Calls;
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
    this.intake = CallIntake.of(surface.metadata) ?? UNCOUNTED;
    // gRPC emits this at the end of every call, however the call ended.
    surface.once('cancelled', () => {
      if (!this.#ended) this.cancel(this.#whyCancelled());
    });
  }

  /** The address:port of the other side. */
  get peer(): string {
    return this.#surface.getPeer();
  }

  /** Milliseconds until the caller gives up, infinite if the caller sets no deadline. */
  get leftMs(): number {
    return Number(this.#surface.getDeadline()) - Date.now();
  }

  /** The value that the caller sent in the metadata under that name, in lower case. */
  metadata(name: string): string | undefined {
    const [value] = this.#surface.metadata.get(name);
    return value === undefined ? undefined : value.toString();
  }

  /** Adds an entry to the trailing metadata, beside the answer. */
  trail(name: string, value: string): void {
    this.#trailers ??= new Map();
    this.#trailers.set(name, value);
  }

  get trailers(): ReadonlyMap<string, string> | undefined {
    return this.#trailers;
  }

  /** The reason why nobody waits for the answer any more, undefined while somebody does. */
  get cancelled(): HeadwaterError | undefined {
    return this.#reason;
  }

  /** Aborts when nobody waits for the answer any more. Made on demand, since most handlers do not use it. */
  get signal(): AbortSignal {
    this.#controller ??= newController();
    if (this.#reason) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  onCancelled(task: () => void): void {
    if (this.#reason) task();
    else this.#cancelled.push(task);
  }

  /** Runs `task` when the server stops, or at once if it already does. */
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

  report(failure: unknown): void {
    if (HeadwaterError.is(failure, 'permission_denied')) this.#calls.denied(this, failure);
    else this.#calls.report(this.path, failure);
  }

  /** Notes that the answer has been given. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.intake.taken();
    this.#calls.end(this);
  }

  #whyCancelled(): HeadwaterError {
    const deadline = this.#surface.getDeadline();
    const passed = Number(deadline) <= Date.now();
    if (passed) return new HeadwaterError('deadline_exceeded', `${this.path}: the deadline of the call passed`);
    return new HeadwaterError('cancelled', `${this.path}: the client cancelled the call, or its connection broke`);
  }
}

/** Every message of a stream may wait with this signal, so many listeners are no leak. */
function newController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** Aborts when the client is gone or the server stops. For long streams. */
export function endOf(call: Call): AbortSignal {
  const end = new AbortController();
  call.onCancelled(() => end.abort(call.cancelled));
  call.onStopping(() => end.abort(shuttingDown()));
  return end.signal;
}
