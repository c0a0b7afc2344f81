/**
 * Items with signs of life between them. Without those, the reader of a stream could not tell a node that works on the
 * next item from one that stands still. An item may take any time; a sign comes once a second.
 */
import { type Clock, sleep } from './clock.js';
import { SIGN_OF_LIFE_MS } from './limits.js';

export const SIGN_OF_LIFE = Symbol('sign of life');

export class SignsOfLife<T> implements AsyncIterable<T | typeof SIGN_OF_LIFE> {
  readonly #items: AsyncIterable<T>;
  readonly #clock: Clock;

  constructor(items: AsyncIterable<T>, clock: Clock) {
    this.#items = items;
    this.#clock = clock;
  }

  /** Ends the loop over the items when the reader leaves this loop, once the pending step has ended. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T | typeof SIGN_OF_LIFE> {
    const items = this.#items[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = items.next();
        while (await this.isLate(next)) yield SIGN_OF_LIFE;
        const { done, value } = await next;
        if (done) return;
        yield value;
      }
    } finally {
      await items.return?.();
    }
  }

  /** Whether a sign is due before the step ends. */
  async isLate(step: Promise<unknown>): Promise<boolean> {
    const over = new AbortController();
    const ended = () => false;
    const due = sleep(this.#clock, SIGN_OF_LIFE_MS, over.signal).then(() => true);
    try {
      return await Promise.race([step.then(ended, ended), due]);
    } finally {
      over.abort();
    }
  }
}
