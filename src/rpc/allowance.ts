/**
 * How much of a session may be on its way into the network at a time. While a
 * write of HTTP/2 waits for the network, Node reads nothing from the same
 * connection: the longer one write takes, the longer the peer seems silent. So
 * a session begins with little, and has more while the network takes it at once.
 */
import { ALLOWANCE_BYTES_MAX, ALLOWANCE_BYTES_MIN, ALLOWANCE_GROWTH_BYTES } from '../base/limits.js';

/** A wait for the network that shows that it takes no more. */
const UNHURRIED_MS = 100;
/** A wait that is too long. */
const SLOW_MS = 500;

export class Allowance {
  #bytes = 2 * ALLOWANCE_BYTES_MIN;
  /** Sent since it last changed, or had to wait. */
  #sentBytes = 0;

  /** Of one message; twice as much may wait for the network. */
  get bytes(): number {
    return this.#bytes;
  }

  sent(bytes: number): void {
    if (this.#bytes === ALLOWANCE_BYTES_MAX) return;
    this.#sentBytes += bytes;
    if (this.#sentBytes >= ALLOWANCE_GROWTH_BYTES) this.#to(this.#bytes * 2);
  }

  /** The frames sent had to wait for the network for so long. */
  waited(ms: number): void {
    if (ms > SLOW_MS) this.#to(this.#bytes / 2);
    else if (ms > UNHURRIED_MS) this.#sentBytes = 0;
  }

  #to(bytes: number): void {
    this.#bytes = Math.min(ALLOWANCE_BYTES_MAX, Math.max(ALLOWANCE_BYTES_MIN, bytes));
    this.#sentBytes = 0;
  }
}
