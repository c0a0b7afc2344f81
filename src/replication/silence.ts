/**
 * The time for which a peer has been silent. Any byte that arrives is a sign of
 * life, even a piece of a large frame. Over a slow link, a frame takes longer
 * than any silence of a live peer.
 */
import type { Clock } from '../base/clock.js';
import type { Channel } from './channel.js';

export class Silence {
  readonly #clock: Clock;
  readonly #channel: Pick<Channel<unknown, unknown>, 'heardBytes'>;
  #heardBytes: number;
  #heardMs: number;

  constructor(clock: Clock, channel: Pick<Channel<unknown, unknown>, 'heardBytes'>) {
    this.#clock = clock;
    this.#channel = channel;
    this.#heardBytes = channel.heardBytes;
    this.#heardMs = clock.monotonicMs();
  }

  /** Notes a sign of life of the peer now. */
  broken(): void {
    this.#heardBytes = this.#channel.heardBytes;
    this.#heardMs = this.#clock.monotonicMs();
  }

  /**
   * When the peer was last heard, by the monotonic clock. Bytes of an incomplete
   * frame count from the moment at which they are noticed.
   */
  get heardMs(): number {
    if (this.#channel.heardBytes !== this.#heardBytes) this.broken();
    return this.#heardMs;
  }

  /** The length of the silence, milliseconds, at least 0: the sign of life may be noticed right here. */
  get ms(): number {
    const { heardMs } = this;
    return this.#clock.monotonicMs() - heardMs;
  }
}

/** Checks per time-out. A sign of life is noticed at most an eighth of a time-out late. */
const LOOKS = 8;

/**
 * Reports, at most once, that a peer has been silent for too long. The silence
 * is checked now, and eight times in every `timeoutMs`.
 * @param silentMs returns the present length of the silence.
 * @param dead receives the length in whole milliseconds, once it is over
 *   `timeoutMs`.
 * @returns a function that ends the watch.
 */
export function watchSilence(
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
  silentMs: () => number,
  dead: (forMs: number) => void,
): () => void {
  let cancel = () => {};
  const look = () => {
    const forMs = silentMs();
    if (forMs > timeoutMs) dead(Math.round(forMs));
    else cancel = clock.after(timeoutMs / LOOKS, look);
  };
  look();
  return () => cancel();
}
