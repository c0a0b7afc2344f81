/**
 * A state that a loop comes back to, as a link that cannot be made: it is worth
 * one line in the log, and another one when it changes. While it lasts, a line an
 * hour says how often it has been met. Numbers are left out of the comparison,
 * since a time or an offset is another one each time.
 */
import type { Clock } from './clock.js';
import { REPEATED_STATE_MS } from './limits.js';

export class RepeatedState {
  readonly #clock: Clock;
  #state: string | undefined;
  #saidMs = 0;
  #unsaid = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How often the state was met since it was last said, this time included; undefined if it is not to be said now. */
  meets(message: string): number | undefined {
    const state = message.replace(/\d+/g, '#');
    const now = this.#clock.monotonicMs();
    this.#unsaid++;
    if (state === this.#state && now - this.#saidMs < REPEATED_STATE_MS) return undefined;
    const times = state === this.#state ? this.#unsaid : 1;
    this.#state = state;
    this.#saidMs = now;
    this.#unsaid = 0;
    return times;
  }

  /** The state is over: met again, it is said again. */
  ends(): void {
    this.#state = undefined;
    this.#unsaid = 0;
  }
}

/** To be put behind a message. */
export function sinceThen(times: number): string {
  return times > 1 ? ` (${times} times since this was last said)` : '';
}
