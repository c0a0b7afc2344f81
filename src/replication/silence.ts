/**
 * How long a peer has been silent. Any byte that arrives is a sign of life, a
 * piece of a large frame too: over a slow link, a frame takes longer than any
 * silence that a live peer keeps.
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

  /** The peer has been heard now. */
  broken(): void {
    this.#heardBytes = this.#channel.heardBytes;
    this.#heardMs = this.#clock.monotonicMs();
  }

  /** When the peer was last heard, by the monotonic clock; of bytes without a frame, when that was noticed. */
  get heardMs(): number {
    if (this.#channel.heardBytes !== this.#heardBytes) this.broken();
    return this.#heardMs;
  }

  get ms(): number {
    return this.#clock.monotonicMs() - this.heardMs;
  }
}

/** Looks in every time-out: signs of life are noticed so much later at most. */
const LOOKS = 8;

/**
 * Tells once, if ever, that a peer has been silent for too long. The silence is
 * looked at now and eight times in every `timeoutMs`.
 * @param silentMs how long it has been silent so far.
 * @param dead is told how long, in whole milliseconds, once that is over `timeoutMs`.
 * @returns ends it.
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
