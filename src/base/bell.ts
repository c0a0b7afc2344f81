/**
 * Signals that something has changed, without saying what: each waiter looks for itself. A waiter that notes `rings`
 * before it looks, and then waits for a ring after that number, misses no change.
 */
export class Bell {
  #rings = 0;
  readonly #waiting = new Set<() => void>();

  /** How often the bell has rung. */
  get rings(): number {
    return this.#rings;
  }

  ring(): void {
    this.#rings++;
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }

  /** Resolves when the bell has rung more than `rings` times, or when `signal` aborts. */
  rungAfter(rings: number, signal: AbortSignal): Promise<void> {
    if (this.#rings > rings || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
