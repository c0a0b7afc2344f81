/**
 * One fsync for all who wait for one. Whoever asks while one is under way needs
 * the next, since that one may have begun before their block was appended; all
 * who ask meanwhile share that next one. So there are never more than two in
 * hand, however many wait.
 */

export class DurablePoint {
  readonly #sync: () => Promise<number>;
  #running: Promise<number> | undefined;
  #next: Promise<number> | undefined;

  /** @param sync makes durable what is appended when it is called, and returns the offset up to which that holds. */
  constructor(sync: () => Promise<number>) {
    this.#sync = sync;
  }

  /** Everything appended before the call survives a power cut; the offset up to which that holds. */
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
