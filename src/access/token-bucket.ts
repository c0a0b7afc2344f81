/**
 * A bound on an amount in a second, by a token bucket on the injected clock. The bucket has room for the
 * tokens of one second. A caller that finds a token may take more than there are, and is in debt then. So a large request
 * passes, and the mean over a longer time is the rate all the same. Some costs are known only when the work is done, such
 * as the bytes of a reply.
 */
const SECOND_MS = 1_000;

/** Sums of fractions are not exact. */
const ROUNDING = 1e-6;

export class TokenBucket {
  /** Tokens in a second. Infinity for no bound. */
  #rate = Number.POSITIVE_INFINITY;
  /** Invariant: at most `#rate`. Below 0 for a debt. */
  #tokens = Number.POSITIVE_INFINITY;
  #seenMs = 0;

  get rate(): number {
    return this.#rate;
  }

  /** Takes another rate. A debt stays, and the bucket has at most the tokens of a second of the new rate. */
  setRate(rate: number, nowMs: number): void {
    if (rate === this.#rate) return;
    this.#refill(nowMs);
    const wasBounded = Number.isFinite(this.#rate);
    this.#rate = rate;
    this.#tokens = wasBounded ? Math.min(rate, this.#tokens) : rate;
    if (!Number.isFinite(rate)) this.#tokens = rate;
  }

  /** The milliseconds until there is a token. 0 if there is one. */
  waitMs(nowMs: number): number {
    this.#refill(nowMs);
    const missing = 1 - this.#tokens;
    if (missing <= ROUNDING) return 0;
    return Math.max(1, Math.ceil((missing / this.#rate) * SECOND_MS));
  }

  take(tokens: number): void {
    this.#tokens -= tokens;
  }

  #refill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#seenMs);
    this.#seenMs = nowMs;
    if (Number.isFinite(this.#rate))
      this.#tokens = Math.min(this.#rate, this.#tokens + (elapsedMs / SECOND_MS) * this.#rate);
  }
}
