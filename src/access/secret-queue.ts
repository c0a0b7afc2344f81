/**
 * The order in which secrets are hashed. Each caller has a queue by its address, the queues are served in turn, and one
 * hash of a queue is made at a time. So a flood of wrong secrets from one address holds up nobody at another. Within a
 * queue the users take turns, so a flood for one user holds up no other user at the same address. Names that are no users
 * take turns too: otherwise the time of an answer would tell which names are users.
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

/** The callers that wait at one address, by the names of the users. The user whose turn is next is the first. */
class Line {
  readonly #users = new Map<string, Waiter[]>();
  size = 0;

  waitingOf(user: string): number {
    return this.#users.get(user)?.length ?? 0;
  }

  add(user: string, waiter: Waiter): void {
    const own = this.#users.get(user) ?? [];
    own.push(waiter);
    this.#users.set(user, own);
    this.size++;
  }

  /** Takes out the caller whose turn it is. */
  shift(): Waiter | undefined {
    const [first] = this.#users;
    if (!first) return undefined;
    const [user, own] = first;
    const waiter = own.shift();
    this.size--;
    this.toEnd(user);
    return waiter;
  }

  /** The next turn of the user comes behind those of all others. */
  toEnd(user: string): void {
    const own = this.#users.get(user);
    this.#users.delete(user);
    if (own && own.length > 0) this.#users.set(user, own);
  }

  /** Takes out the newest caller of the user with the most, if these are more than `count`. */
  popLongest(count: number): Waiter | undefined {
    const [longest] = [...this.#users].toSorted(([, a], [, b]) => b.length - a.length);
    if (!longest || longest[1].length <= count) return undefined;
    const waiter = longest[1].pop();
    this.size--;
    if (longest[1].length === 0) this.#users.delete(longest[0]);
    return waiter;
  }
}

/** A caller, as the order sees it. */
export interface SecretSource {
  readonly address: string;
  /** The name of the user, whether there is one or not. */
  readonly user: string;
}

export class SecretQueue {
  readonly #bounds: QueueBounds;
  /** The addresses of the hashes that are being made. */
  readonly #running = new Set<string>();
  /** The callers that wait, by their addresses. The address whose turn is next is the first. */
  readonly #waiting = new Map<string, Line>();
  #count = 0;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  /** @throws HeadwaterError `overloaded` if too many wait. */
  async run<Result>({ address, user }: SecretSource, work: () => Promise<Result>): Promise<Result> {
    await this.#turn(address, user);
    try {
      return await work();
    } finally {
      this.#running.delete(address);
      this.#waiting.get(address)?.toEnd(user);
      // The next turn of the address comes behind those of all others.
      this.#toEnd(address);
      this.#next();
    }
  }

  async #turn(address: string, user: string): Promise<void> {
    if (this.#running.size < this.#bounds.running && !this.#running.has(address)) {
      this.#running.add(address);
      return;
    }
    const { waiting, waitingEach } = this.#bounds;
    const line = this.#waiting.get(address) ?? new Line();
    if (line.size >= waitingEach) this.#displace(line, line.waitingOf(user) + 1);
    else if (this.#count >= waiting) this.#displace(this.#longestBut(line), 0);
    await new Promise<void>((begin, refuse) => {
      line.add(user, { begin, refuse });
      this.#waiting.set(address, line);
      this.#count++;
    });
  }

  #next(): void {
    for (const [address, line] of this.#waiting) {
      if (this.#running.size >= this.#bounds.running) return;
      if (this.#running.has(address)) continue;
      const waiter = line.shift();
      this.#toEnd(address);
      this.#count--;
      this.#running.add(address);
      waiter?.begin();
    }
  }

  #toEnd(address: string): void {
    const line = this.#waiting.get(address);
    this.#waiting.delete(address);
    if (line && line.size > 0) this.#waiting.set(address, line);
  }

  /** The longest line, if it is longer than this one will be. */
  #longestBut({ size }: Line): Line | undefined {
    const [longest] = [...this.#waiting.values()].toSorted((a, b) => b.size - a.size);
    return longest && longest.size > size + 1 ? longest : undefined;
  }

  /**
   * Refuses the newest caller of the user with the most in a line, so that another may wait.
   * @param count the callers that a user may keep.
   * @throws HeadwaterError `overloaded` if no user has more, or there is no line.
   */
  #displace(line: Line | undefined, count: number): void {
    const waiter = line?.popLongest(count);
    if (!waiter) throw this.#tooMany();
    waiter.refuse(this.#tooMany());
    this.#count--;
  }

  #tooMany(): HeadwaterError {
    const { waiting, waitingEach } = this.#bounds;
    return new HeadwaterError(
      'overloaded',
      `too many secrets wait to be checked: expected at most ${waitingEach} from one address and ${waiting} in all, received another. Try again later`,
    );
  }
}
