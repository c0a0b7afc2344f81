/** Which lines of a simulation are slow, and what is large for them. */
import type { Operation } from '../../../src/model/operation.js';

/** Bytes a millisecond. */
const SPEED = 3;

/** Over a slow line they take six to eight seconds; silence of five is the end of a session. */
const LARGE_BYTES_MIN = 18_000;
const LARGE_BYTES_MAX = 24_000;

export function writeOfLarge(random: () => number): Operation {
  const bytes = LARGE_BYTES_MIN + Math.floor(random() * (LARGE_BYTES_MAX - LARGE_BYTES_MIN));
  return { kind: 'set', key: Buffer.from('large'), value: Buffer.alloc(bytes, 'v') };
}

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
