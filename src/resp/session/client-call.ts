/** The presence of a Redis client, for all that waits on its behalf: until it goes away, or the node stops. */
import { setMaxListeners } from 'node:events';
import { HeadwaterError, shuttingDown } from '../../base/errors.js';
import type { Caller } from '../../pipeline/caller.js';

export class ClientCall implements Caller {
  readonly peer: string;
  readonly report: (failure: unknown) => void;
  readonly #onCancelled: Array<() => void> = [];
  readonly #onStopping: Array<() => void> = [];
  readonly #gone = new AbortController();
  readonly #over = new AbortController();
  #isStopping = false;
  #reason: HeadwaterError | undefined;

  /** @param report logs an unforeseen failure for the operator. */
  constructor(peer: string, report: (failure: unknown) => void) {
    this.peer = peer;
    this.report = report;
    // Every command that waits has such a signal, so many listeners are no leak.
    setMaxListeners(0, this.#gone.signal, this.#over.signal);
  }

  get cancelled(): HeadwaterError | undefined {
    return this.#reason;
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Aborts when the client is gone or the node stops. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  onCancelled(task: () => void): void {
    if (this.#reason) task();
    else this.#onCancelled.push(task);
  }

  onStopping(task: () => void): void {
    if (this.#isStopping) task();
    else this.#onStopping.push(task);
  }

  /** Notes that the node stops. */
  stop(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#over.abort(shuttingDown());
    for (const task of this.#onStopping) task();
  }

  /** Notes that the client is gone. */
  cancel(): void {
    this.#reason = new HeadwaterError('cancelled', 'the Redis client closed the connection');
    this.#gone.abort(this.#reason);
    this.#over.abort(this.#reason);
    for (const task of this.#onCancelled) task();
  }
}
