/**
 * Group commit: one fsync for all callers that wait for one. A call during an fsync needs the next one, since the
 * running one may have begun before the caller's block was appended. All calls meanwhile share that next one. So at
 * most one fsync runs and one waits, however many callers there are.
 */

export class DurablePoint {
  readonly #sync: () => Promise<number>;
  #running: Promise<number> | undefined;
  #next: Promise<number> | undefined;

  /** @param sync makes durable what is appended when it is called, and returns the offset up to which that holds. */
  constructor(sync: () => Promise<number>) {
    this.#sync = sync;
  }

  /** Makes everything appended before the call durable. @returns the offset up to which that holds. */
  reach(): Promise<number> {
    if (!this.#running) return this.#begin();
    this.#next ??= this.#running.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  #begin(): Promise<number> {
    this.#next = undefined;
    const running = this.#sync().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}
