/** How far a follower has come in its session, by its own acknowledgements, and who waits for it to come further. */
import type { Clock } from '../../base/clock.js';
import type { Position } from '../../model/position.js';
import type { Acknowledgement, DownFrame } from '../frames.js';
import type { FeedState } from './feed-state.js';

/** Looks so often whether the outflow has sent the blocks. */
const LOOK_INTERVAL_MS = 3;

/** Asks for an acknowledgement at once. */
const ASK: DownFrame = { kind: 'blocks', blocks: [], acknowledge: true, sync: false, traces: [] };

/** The session's frames, as far as waits need them. */
interface FrameSender {
  /** Aborts when the session has ended, with the reason. */
  readonly ended: AbortSignal;
  send(frame: DownFrame): unknown;
}

export class FollowerProgress {
  readonly #clock: Clock;
  readonly #state: FeedState;
  #last: Acknowledgement | undefined;
  /** Callbacks that run at each acknowledgement of the follower. */
  readonly #watchers = new Set<() => void>();

  constructor(clock: Clock, state: FeedState) {
    this.#clock = clock;
    this.#state = state;
  }

  /** The follower's last acknowledgement; undefined before the first. */
  get last(): Acknowledgement | undefined {
    return this.#last;
  }

  acknowledged(frame: Acknowledgement): void {
    this.#last = frame;
  }

  /** Runs those that wait, once the acknowledgement counts. */
  tell(): void {
    for (const look of this.#watchers) look();
  }

  /**
   * Resolves when the follower has acknowledged that its log ends exactly there.
   * The follower is asked to acknowledge as soon as that is so.
   * @throws the reason of the session's end, or of `signal`.
   */
  async whenAppended(end: Position, session: FrameSender, signal: AbortSignal): Promise<void> {
    const over = AbortSignal.any([signal, session.ended]);
    let cancel = () => {};
    const ask = () => {
      if ((this.#state.outflow?.sent.offset ?? 0) >= end.offset) session.send(ASK);
      else cancel = this.#clock.after(LOOK_INTERVAL_MS, ask);
    };
    try {
      if ((this.#last?.appendedOffset ?? -1) < end.offset) ask();
      await this.#when(over, (at) => at?.appendedOffset === end.offset && at.checksum === end.checksum);
    } finally {
      cancel();
    }
  }

  /**
   * Resolves when the follower has acknowledged that its log reaches there.
   * @throws the reason of the session's end.
   */
  whenReached(offset: number, { ended }: FrameSender): Promise<void> {
    return this.#when(ended, (at) => at !== undefined && at.appendedOffset >= offset);
  }

  #when(over: AbortSignal, holds: (at: Acknowledgement | undefined) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (over.aborted) reject(over.reason);
        else if (holds(this.#last)) resolve();
        else return;
        this.#watchers.delete(look);
        over.removeEventListener('abort', look);
      };
      this.#watchers.add(look);
      over.addEventListener('abort', look, { once: true });
      look();
    });
  }
}
