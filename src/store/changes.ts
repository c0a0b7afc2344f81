/** Changes of the open generation and of the role: they run one after another, until the close of the store. */
export class Changes {
  /** The end of the change that was begun last. */
  #last: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();

  /** Aborts, with the reason, once the close has been announced. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Lets only `run` begin changes from here on. */
  announceClose(reason: Error): void {
    this.#closing.abort(reason);
  }

  /** Runs `work` when all changes before it have ended. */
  run(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Runs `work` as `run` does. @throws the reason if the close has been announced. */
  async runUnlessClosing(work: () => Promise<void>): Promise<void> {
    if (this.closing.aborted) throw this.closing.reason;
    await this.run(work);
  }
}
