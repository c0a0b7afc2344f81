/**
 * The order in which secrets are hashed. Each caller has a queue by its address, the queues are served in turn, and one
 * hash of a queue is made at a time. So a flood of wrong secrets from one address holds up nobody at another.
 */
import { HeadwaterError } from '../base/errors.js';

export interface QueueBounds {
  /** The hashes that are made at a time. */
  readonly running: number;
  /** The callers that wait, of all addresses and of one. */
  readonly waiting: number;
  readonly waitingEach: number;
}

interface Waiter {
  begin(): void;
  refuse(reason: HeadwaterError): void;
}

export class SecretQueue {
  readonly #bounds: QueueBounds;
  /** The addresses of the hashes that are being made. */
  readonly #running = new Set<string>();
  /** The callers that wait, by their addresses. The address whose turn is next is the first. */
  readonly #waiting = new Map<string, Waiter[]>();
  #count = 0;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  /**
   * @param source the address of the caller.
   * @throws HeadwaterError `overloaded` if too many wait.
   */
  async run<Result>(source: string, work: () => Promise<Result>): Promise<Result> {
    await this.#turn(source);
    try {
      return await work();
    } finally {
      this.#running.delete(source);
      // The next turn of the address comes behind those of all others.
      this.#toEnd(source);
      this.#next();
    }
  }

  async #turn(source: string): Promise<void> {
    if (this.#running.size < this.#bounds.running && !this.#running.has(source)) {
      this.#running.add(source);
      return;
    }
    const { waiting, waitingEach } = this.#bounds;
    const own = this.#waiting.get(source) ?? [];
    if (own.length >= waitingEach || (this.#count >= waiting && !this.#displaceFor(own.length))) throw this.#tooMany();
    await new Promise<void>((begin, refuse) => {
      own.push({ begin, refuse });
      this.#waiting.set(source, own);
      this.#count++;
    });
  }

  #next(): void {
    for (const [source, queue] of this.#waiting) {
      if (this.#running.size >= this.#bounds.running) return;
      if (this.#running.has(source)) continue;
      const waiter = queue.shift();
      this.#toEnd(source);
      this.#count--;
      this.#running.add(source);
      waiter?.begin();
    }
  }

  #toEnd(source: string): void {
    const queue = this.#waiting.get(source);
    this.#waiting.delete(source);
    if (queue && queue.length > 0) this.#waiting.set(source, queue);
  }

  /** Refuses the newest caller of the longest queue, if that is longer. @returns false if none is. */
  #displaceFor(length: number): boolean {
    const [longest] = [...this.#waiting].toSorted(([, a], [, b]) => b.length - a.length);
    if (!longest || longest[1].length <= length + 1) return false;
    longest[1].pop()?.refuse(this.#tooMany());
    this.#count--;
    return true;
  }

  #tooMany(): HeadwaterError {
    const { waiting, waitingEach } = this.#bounds;
    return new HeadwaterError(
      'overloaded',
      `too many secrets wait to be checked: expected at most ${waitingEach} from one address and ${waiting} in all, received another. Try again later`,
    );
  }
}
