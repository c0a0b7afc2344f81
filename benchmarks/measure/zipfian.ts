/** Which keys a load asks for: those of the Yahoo Cloud Serving Benchmark (Cooper et al., 2010). */

/** The skew that YCSB uses. */
const THETA = 0.99;

/**
 * Numbers below a count, the small ones far more often (Gray et al., "Quickly generating billion-record synthetic
 * databases", 1994). The count may grow.
 */
export class Zipfian {
  #count = 0;
  #zeta = 0;
  #eta = 0;
  readonly #zetaOfTwo = 1 + 0.5 ** THETA;

  constructor(count: number) {
    this.grow(count);
  }

  grow(count: number): void {
    for (let i = this.#count + 1; i <= count; i++) this.#zeta += 1 / i ** THETA;
    this.#count = count;
    this.#eta = (1 - (2 / count) ** (1 - THETA)) / (1 - this.#zetaOfTwo / this.#zeta);
  }

  next(random = Math.random()): number {
    const scaled = random * this.#zeta;
    if (scaled < 1) return 0;
    if (scaled < this.#zetaOfTwo) return 1;
    const rank = Math.floor(this.#count * (this.#eta * random - this.#eta + 1) ** (1 / (1 - THETA)));
    return Math.min(rank, this.#count - 1);
  }
}

/** Spreads neighbours over all keys, so that the popular ones do not lie beside each other. */
export function scattered(rank: number, count: number): number {
  return (Math.imul(rank, 0x9e3779b1) >>> 0) % count;
}
