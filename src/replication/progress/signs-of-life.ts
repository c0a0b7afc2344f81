/**
 * Signs of life of the leader of a cluster, over the replication stream. A follower that hears the leader does not ask
 * to lead. A leader that may go on without the store of the cluster numbers its signs by its clock, and counts who has
 * acknowledged them: a follower that has will be patient for a known time from then on.
 *
 * Without a cluster nobody listens, and the numbers are 0.
 */
import type { Clock } from '../../base/clock.js';

/** The part of a node that knows its cluster. */
export interface ClusterListener {
  /**
   * Something of the leader of this epoch has come.
   * @returns whether this node takes it for the latest leader, and does not ask to lead while it hears it.
   */
  heard(epoch: number): boolean;
  /** These followers have acknowledged a sign of life that this leader sent at `sentMs` or later. */
  acknowledged(sentMs: number, nodes: readonly string[]): void;
  /** Whether followers are asked to acknowledge signs of life. */
  readonly asks: boolean;
}

/** The time between two reports that the stream moves. */
const TRAFFIC_MS = 100;

interface Acknowledger {
  readonly nodeId: string;
}

export class SignsOfLife {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #listener: ClusterListener | undefined;
  /** The epoch of the last heartbeat of the session in progress. */
  #epoch = 0;
  #heardSign = 0;
  #trafficMs = Number.NEGATIVE_INFINITY;
  readonly #acknowledged = new Map<Acknowledger, number>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  listen(listener: ClusterListener): void {
    this.#listener = listener;
  }

  // ---- at a follower -----------------------------------------------------------

  /** The last sign of life that this node accepted in the session in progress; 0 if there was none. */
  get heardSign(): number {
    return this.#heardSign;
  }

  /** Takes a heartbeat. @returns whether the upstream waits for the acknowledgement of its sign of life. */
  heartbeat({ epoch, sign }: { readonly epoch: number; readonly sign: number }): boolean {
    this.#epoch = epoch;
    if (epoch === 0 || !this.#listener?.heard(epoch)) return false;
    this.#heardSign = Math.max(this.#heardSign, sign);
    return sign > 0;
  }

  /** Something else than a heartbeat has come from the upstream. */
  traffic(): void {
    if (!this.#listener || this.#epoch === 0) return;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#trafficMs < TRAFFIC_MS) return;
    this.#trafficMs = nowMs;
    this.#listener.heard(this.#epoch);
  }

  /** The session with the upstream has ended. The numbers of the next upstream are of another clock. */
  sessionEnded(): void {
    this.#epoch = 0;
    this.#heardSign = 0;
  }

  // ---- at a leader -------------------------------------------------------------

  /** The number of a sign of life that is sent now; 0 if nobody is asked to acknowledge it. */
  get next(): number {
    return this.#listener?.asks ? Math.max(1, Math.floor(this.#clock.monotonicMs())) : 0;
  }

  acknowledged(follower: Acknowledger, sign: number): void {
    if (sign <= (this.#acknowledged.get(follower) ?? 0) || !this.#listener) return;
    this.#acknowledged.set(follower, sign);
    // The signs of two followers are sent at two times: each of them may be the one that all have acknowledged.
    for (const sentMs of new Set(this.#acknowledged.values())) {
      const reached = [...this.#acknowledged].filter(([, reachedMs]) => reachedMs >= sentMs);
      this.#listener.acknowledged(
        sentMs,
        reached.map(([{ nodeId }]) => nodeId),
      );
    }
  }

  /** The session with a follower has ended. */
  gone(follower: Acknowledger): void {
    this.#acknowledged.delete(follower);
  }
}
