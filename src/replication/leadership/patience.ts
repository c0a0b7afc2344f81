/**
 * The time that a leader that may have lost its tail waits for a follower that
 * it asks: `timeoutMs` for the answer, and then for as long as blocks arrive. A
 * large block over a slow link takes longer than any fixed time. Bytes that
 * arrive prolong the wait, and so do blocks that reach the log. Heartbeats
 * alone do not, or a follower that cannot read its log would be waited for
 * without an end.
 */
import type { Clock } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import { ASK_PROGRESS_BYTES } from '../../base/limits.js';
import type { UpChannel } from '../channel.js';

/** Checks per time-out. */
const LOOKS = 8;

export interface PatienceOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** The end of this node's log, which grows with the blocks of every follower that is asked. */
  reached(): number;
  /** Runs when something has arrived, which makes the wait longer than announced before. */
  moved(): void;
}

export class Patience {
  readonly #options: PatienceOptions;
  readonly #over = new AbortController();
  #cancel: () => void;
  /** Whether this node itself is at work on what has arrived. */
  isBusy = false;
  #heardBytes = 0;
  #reachedOffset = 0;
  #movedMs = 0;

  constructor(options: PatienceOptions) {
    this.#options = options;
    const { clock, timeoutMs } = options;
    this.#cancel = clock.after(timeoutMs, () => this.#end(`no answer within ${timeoutMs} ms`));
  }

  /** Aborts when the wait for the follower ends. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Notes the follower's answer: its log ends at `endOffset`, and blocks up to there are to come. */
  expect(channel: Pick<UpChannel, 'heardBytes'>, endOffset: number): void {
    this.#cancel();
    this.#note(channel.heardBytes);
    const { clock, timeoutMs, reached } = this.#options;
    const look = () => {
      if (reached() >= endOffset) return this.#end('other followers have sent its commands');
      const isMoving = this.isBusy || reached() > this.#reachedOffset;
      if (isMoving || channel.heardBytes - this.#heardBytes >= ASK_PROGRESS_BYTES) this.#note(channel.heardBytes);
      else if (clock.monotonicMs() - this.#movedMs >= timeoutMs)
        return this.#end(
          `the log of the follower ends at offset ${endOffset}, but no block arrived for ${timeoutMs} ms`,
        );
      this.#cancel = clock.after(timeoutMs / LOOKS, look);
    };
    this.#cancel = clock.after(timeoutMs / LOOKS, look);
  }

  stop(): void {
    this.#cancel();
  }

  #note(heardBytes: number): void {
    this.#heardBytes = heardBytes;
    this.#reachedOffset = this.#options.reached();
    this.#movedMs = this.#options.clock.monotonicMs();
    this.#options.moved();
  }

  #end(why: string): void {
    this.#over.abort(new HeadwaterError('deadline_exceeded', why));
  }
}
