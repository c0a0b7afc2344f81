/**
 * The term of a leader: the time for which it may append blocks and answer writes. Without a cluster a term has no end.
 * In a cluster the term ends at a deadline on the monotonic clock, and each renewed lease moves the deadline.
 *
 * No timer watches the deadline. A stopped process or a stalled event loop misses its timers, and would answer writes
 * that another leader does not have. The commit path looks at the clock instead, twice for each block: before the
 * append, and before the answers leave. The first look behind the deadline ends the term. An ended term stays ended:
 * the node leads again only with another term.
 */
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';

export class LeadershipTerm {
  /** Called when the term ends, in the same turn. */
  onEnd: (reason: HeadwaterError) => void = () => {};
  /**
   * Returns the host:port of the other node to which the cluster has given the leadership. Empty if there is none, as far
   * as this node knows. Undefined without a cluster.
   */
  holder: () => string | undefined = () => undefined;
  /** The time within which the cluster elects another leader if no person is needed. Undefined without a cluster. */
  electionMs: number | undefined;
  /** Returns the reason why the cluster elects no leader within that time; empty if it does, as far as this node knows. */
  whyNoElection: () => string = () => '';
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** The deadline by the monotonic clock; infinite without a cluster. */
  #untilMs = Number.POSITIVE_INFINITY;
  #ended: HeadwaterError | undefined;

  /** A term without an end. */
  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** The term of a node in a cluster: the node may not lead until `begin`. */
  static notBegun(clock: Pick<Clock, 'monotonicMs'>, electionMs: number): LeadershipTerm {
    const term = new LeadershipTerm(clock);
    term.holder = () => '';
    term.electionMs = electionMs;
    term.#ended = new HeadwaterError(
      'unavailable',
      'this node takes no writes, because the cluster has not made it the leader. Try again when the cluster has a leader',
    );
    return term;
  }

  /** The reason why this node may not lead, as of the last look; undefined if it may. */
  get ended(): HeadwaterError | undefined {
    return this.#ended;
  }

  /** The deadline by the monotonic clock, milliseconds; infinite without a cluster. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /** Looks at the clock, and ends the term if the deadline has passed. @returns why the term is over. */
  look(): HeadwaterError | undefined {
    if (this.#untilMs === Number.POSITIVE_INFINITY || this.#ended) return this.#ended;
    const lateMs = this.#clock.monotonicMs() - this.#untilMs;
    if (lateMs < 0) return undefined;
    this.end(
      new HeadwaterError(
        'unavailable',
        `this leader has stopped, because its lease was not renewed in time: the deadline passed ${Math.ceil(lateMs)} ms ago. Try again when the cluster has a leader`,
      ),
    );
    return this.#ended;
  }

  /** Whether a cluster gives the term. */
  get isElected(): boolean {
    return this.#untilMs !== Number.POSITIVE_INFINITY;
  }

  /** Begins another term, which ends at `untilMs` by the monotonic clock. */
  begin(untilMs: number): void {
    this.#ended = undefined;
    this.#untilMs = untilMs;
  }

  /** Moves the deadline, never back. An ended term is not renewed. */
  renew(untilMs: number): void {
    if (this.look() === undefined) this.#untilMs = Math.max(this.#untilMs, untilMs);
  }

  /** Ends the term now. */
  end(reason: HeadwaterError): void {
    if (this.#ended) return;
    this.#ended = reason;
    this.onEnd(reason);
  }
}
