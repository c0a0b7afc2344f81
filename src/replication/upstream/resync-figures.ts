/** The figures of a session's resync: its reason, the bytes that it took, its duration, and its end. */
import type { Clock } from '../../base/clock.js';
import type { Details } from '../../base/errors.js';

export interface Resync {
  readonly kind: 'partial' | 'full';
  /** The name of the reason, in UPPER_SNAKE. */
  readonly reason: string;
  readonly message: string;
  /** The values of both sides, by name. */
  readonly details: Details;
  /** When the session began, in milliseconds since the epoch. */
  readonly timeMs: number;
  readonly bytes: number;
  readonly durationMs: number;
}

export class ResyncFigures {
  readonly #clock: Clock;
  /** Runs whenever the figures change. */
  readonly #changed: (resync: Resync) => void;
  readonly #beganMs: number;
  /** The begin of the session by the wall clock. */
  readonly #timeMs: number;
  #resync: Resync | undefined;
  /** After a partial resync: the end of the upstream's log at the handshake. 0 once that is reached. */
  #levelAtOffset = 0;

  constructor(clock: Clock, changed: (resync: Resync) => void) {
    this.#clock = clock;
    this.#changed = changed;
    this.#beganMs = clock.monotonicMs();
    this.#timeMs = clock.wallMs();
  }

  /** A resync as it stands now, from the begin of the session on. */
  of(kind: Resync['kind'], why: Pick<Resync, 'reason' | 'message' | 'details'>, bytes: number): Resync {
    const { reason, message, details } = why;
    const durationMs = Math.round(this.#clock.monotonicMs() - this.#beganMs);
    return { kind, reason, message, details, timeMs: this.#timeMs, bytes, durationMs };
  }

  note(resync: Resync): void {
    this.#resync = resync;
    this.#changed(resync);
  }

  /** The resync is done once the log here reaches `offset`, the end of the upstream's log at the handshake. */
  until(offset: number): void {
    this.#levelAtOffset = offset;
  }

  /** Whether this node, whose log ends at `offset`, has everything that the upstream had at the handshake. */
  isReached(offset: number): boolean {
    return offset >= this.#levelAtOffset;
  }

  /** Counts blocks for the resync, until everything that was missing at the handshake is here. */
  count(bytes: number, offset: number): void {
    if (!this.#resync || this.#levelAtOffset === 0) return;
    this.note(this.of(this.#resync.kind, this.#resync, this.#resync.bytes + bytes));
    if (this.isReached(offset)) this.#levelAtOffset = 0;
  }
}
