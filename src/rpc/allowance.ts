/**
 * Bounds the bytes of a session that may be on their way into the network. While a write of HTTP/2 waits for the
 * network, Node reads nothing from the same connection. The longer one write takes, the longer the peer seems silent.
 * So a session begins with little. The allowance grows while the network takes the bytes at once.
 */
import { ALLOWANCE_BYTES_MAX, ALLOWANCE_BYTES_MIN, ALLOWANCE_GROWTH_BYTES } from '../base/limits.js';

/** A longer wait shows that the network takes no more. */
const UNHURRIED_MS = 100;
/** A longer wait halves the allowance. */
const SLOW_MS = 500;

export class Allowance {
  #bytes = 2 * ALLOWANCE_BYTES_MIN;
  /** Bytes sent since the allowance last changed, or had to wait. */
  #sentBytes = 0;

  /** The size of one message. Twice as much may wait for the network. */
  get bytes(): number {
    return this.#bytes;
  }

  sent(bytes: number): void {
    if (this.#bytes === ALLOWANCE_BYTES_MAX) return;
    this.#sentBytes += bytes;
    if (this.#sentBytes >= ALLOWANCE_GROWTH_BYTES) this.#to(this.#bytes * 2);
  }

  /** Notes how long the sent frames had to wait for the network. */
  waited(ms: number): void {
    if (ms > SLOW_MS) this.#to(this.#bytes / 2);
    else if (ms > UNHURRIED_MS) this.#sentBytes = 0;
  }

  #to(bytes: number): void {
    this.#bytes = Math.min(ALLOWANCE_BYTES_MAX, Math.max(ALLOWANCE_BYTES_MIN, bytes));
    this.#sentBytes = 0;
  }
}
