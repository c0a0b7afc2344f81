/** Which lines of a simulation are slow. */

/** Bytes a millisecond. */
const SPEED = 3;

/** Pairs of addresses whose lines are slow. */
export class LineSpeeds {
  readonly #pairs = new Set<string>();

  speed(from: string, to: string): number | undefined {
    return this.#pairs.has(`${from}→${to}`) ? SPEED : undefined;
  }

  /** One at a time is slow: what is large has to come to everybody within the time of healing. */
  slow(from: string, to: string): void {
    this.#pairs.clear();
    this.#pairs.add(`${from}→${to}`);
  }
}
