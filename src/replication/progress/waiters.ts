/**
 * Waiters for an offset to be reached, in the order of their offsets. Progress
 * releases them from the front, so a report costs something for each waiter
 * that it releases, and nothing for the others. A waiter that gives up stays in
 * place and is skipped later.
 */
export interface Waiter {
  readonly offset: number;
  /** Set once the waiter waits no more. */
  done: boolean;
  release(): void;
  fail(error: Error): void;
}

export class Waiters {
  /** A released waiter is unreferenced at once, and its place in the array is freed later. */
  #waiters: Array<Waiter | undefined> = [];
  /** No waiter stands before this index. */
  #head = 0;
  #givenUp = 0;

  /** The number of waiters. */
  get count(): number {
    return this.#waiters.length - this.#head - this.#givenUp;
  }

  add(waiter: Waiter): void {
    // Offsets mostly come in order, so the place is mostly the end.
    let at = this.#waiters.length;
    while (at > this.#head && (this.#waiters[at - 1] as Waiter).offset > waiter.offset) at--;
    if (at === this.#waiters.length) this.#waiters.push(waiter);
    else this.#waiters.splice(at, 0, waiter);
  }

  /** Notes that a waiter is `done` without having been released. */
  gaveUp(): void {
    this.#givenUp++;
    if (this.#givenUp * 2 <= this.#waiters.length - this.#head) return;
    this.#waiters = this.#waiters.slice(this.#head).filter((waiter) => waiter?.done === false);
    this.#head = 0;
    this.#givenUp = 0;
  }

  /** Releases the waiters up to `offset`. */
  reached(offset: number): void {
    while (this.#head < this.#waiters.length && (this.#waiters[this.#head] as Waiter).offset <= offset) {
      const waiter = this.#waiters[this.#head] as Waiter;
      this.#waiters[this.#head++] = undefined;
      if (waiter.done) this.#givenUp--;
      else waiter.release();
    }
    if (this.#head * 2 < this.#waiters.length) return;
    this.#waiters.splice(0, this.#head);
    this.#head = 0;
  }

  /** Fails all waiters. */
  fail(error: Error): void {
    const waiters = this.#waiters.slice(this.#head);
    this.#waiters = [];
    this.#head = 0;
    this.#givenUp = 0;
    for (const waiter of waiters) if (waiter?.done === false) waiter.fail(error);
  }
}
