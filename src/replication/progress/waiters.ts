/**
 * Those who wait until something has reached an offset, in the order of their
 * offsets: what has been reached releases them from the front, so that a report
 * costs something for each who is released and nothing for those who go on
 * waiting. Who gives up is left in place and passed over later.
 */
export interface Waiter {
  readonly offset: number;
  /** Set once it waits no more. */
  done: boolean;
  release(): void;
  fail(error: Error): void;
}

export class Waiters {
  /** A waiter that has been released is unreferenced at once; its place goes later. */
  #waiters: Array<Waiter | undefined> = [];
  /** Before this index, nobody waits. */
  #head = 0;
  #givenUp = 0;

  /** How many wait. */
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

  /** A waiter that is `done` without having been released. */
  gaveUp(): void {
    this.#givenUp++;
    if (this.#givenUp * 2 <= this.#waiters.length - this.#head) return;
    this.#waiters = this.#waiters.slice(this.#head).filter((waiter) => waiter?.done === false);
    this.#head = 0;
    this.#givenUp = 0;
  }

  /** Everything up to `offset` has been reached. */
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

  /** Nobody waits any more. */
  fail(error: Error): void {
    const waiters = this.#waiters.slice(this.#head);
    this.#waiters = [];
    this.#head = 0;
    this.#givenUp = 0;
    for (const waiter of waiters) if (waiter?.done === false) waiter.fail(error);
  }
}
