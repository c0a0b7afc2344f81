/**
 * The oracle of messages that are in no log: what each leader has published, in
 * order, noted where it enters the leader's ring. A subscriber has heard, or
 * knows that it has missed, all that stands between two messages that it heard.
 */
import { Interludes } from '../../../src/log/interludes.js';
import { Violation } from './history.js';

interface Heard {
  /** The history that the leader had begun with. */
  readonly leader: string;
  readonly index: number;
}

export class LiveMessages {
  readonly #published = new Map<string, string[]>();
  readonly #places = new Map<string, Heard>();

  /** Notes what is published until the function returned is called. */
  observe(): () => void {
    const { add } = Interludes.prototype;
    const note = (leader: string, data: string) => this.#note(leader, data);
    Interludes.prototype.add = function (this: Interludes, said) {
      if (said.kind === 'message') note(this.place.source, said.data.toString());
      add.call(this, said);
    };
    return () => {
      Interludes.prototype.add = add;
    };
  }

  #note(leader: string, data: string): void {
    const published = this.#published.get(leader) ?? [];
    this.#published.set(leader, published);
    this.#places.set(data, { leader, index: published.length });
    published.push(data);
  }

  /** One stream of a subscriber. */
  listener(where: string, count: (kind: string) => void): LiveListener {
    return new LiveListener(where, count, {
      placeOf: (data) => this.#places.get(data),
      publishedBy: (leader) => this.#published.get(leader)?.length ?? 0,
    });
  }
}

interface Oracle {
  placeOf(data: string): Heard | undefined;
  publishedBy(leader: string): number;
}

class LiveListener {
  readonly #where: string;
  readonly #count: (kind: string) => void;
  readonly #oracle: Oracle;
  #last: Heard | undefined;
  /** Since the last message; undefined once nobody knows. */
  #missed: number | undefined = 0;

  constructor(where: string, count: (kind: string) => void, oracle: Oracle) {
    this.#where = where;
    this.#count = count;
    this.#oracle = oracle;
  }

  missed(count: number | undefined): void {
    this.#count(count === undefined ? 'live messages missed, nobody knows how many' : 'live messages missed');
    this.#missed = count === undefined || this.#missed === undefined ? undefined : this.#missed + count;
  }

  heard(data: string): void {
    const here = this.#oracle.placeOf(data);
    if (!here) throw new Violation(`a live message was published by a leader: ${data} at ${this.#where}`);
    if (this.#last && this.#missed !== undefined) this.#compare(this.#last, here, this.#missed, data);
    this.#last = here;
    this.#missed = 0;
  }

  #compare(last: Heard, here: Heard, told: number, data: string): void {
    const between =
      last.leader === here.leader
        ? here.index - last.index - 1
        : this.#oracle.publishedBy(last.leader) - last.index - 1 + here.index;
    if (told !== between)
      throw new Violation(
        `a subscriber knows how many live messages it has missed: before ${data} at ${this.#where} there were ${between}, it was told ${told}`,
      );
    this.#count('live messages counted');
  }
}
