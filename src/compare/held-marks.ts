/**
 * Keyspaces that this node froze at the last marks, held for a while to answer
 * which keys differ. A held keyspace costs the disk space of what is
 * overwritten meanwhile. The oldest is released if there are too many. Each is
 * released if nobody asks for it for a while.
 */
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { MARK_HOLD_MS, MARKS_HELD_MAX } from '../base/limits.js';
import type { KeyspaceSnapshot } from '../keyspace/snapshot.js';

/** A loan of a frozen keyspace. */
export interface Borrowed {
  readonly snapshot: KeyspaceSnapshot;
  /** Ends the loan. The keyspace stays held for a while from now on. */
  done(): Promise<void>;
}

interface Held {
  readonly snapshot: KeyspaceSnapshot;
  users: number;
  cancelEnd(): void;
}

export class HeldMarks {
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #held = new Map<string, Held>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes the snapshot over, and releases it later. */
  hold(markId: string, snapshot: KeyspaceSnapshot): void {
    if (this.#closed) {
      void snapshot.release();
      return;
    }
    this.#letGo(markId);
    const held: Held = { snapshot, users: 0, cancelEnd: () => {} };
    this.#held.set(markId, held);
    this.#endLater(markId, held);
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= MARKS_HELD_MAX) break;
      this.#letGo(oldest);
    }
  }

  /** @throws HeadwaterError `mark_lost`. */
  borrow(markId: string): Borrowed {
    const held = this.#held.get(markId);
    if (!held || held.snapshot.closed)
      throw new HeadwaterError(
        'mark_lost',
        `this node holds no keyspace of the mark ${JSON.stringify(markId.slice(0, 100))}. The node has not reached the mark, or has released it after ${MARK_HOLD_MS / 1_000} s, ${MARKS_HELD_MAX} later marks or a restart. Compare again`,
      );
    const snapshot = held.snapshot.share();
    held.users++;
    return {
      snapshot,
      done: async () => {
        held.users--;
        if (this.#held.get(markId) === held) this.#endLater(markId, held);
        await snapshot.release();
      },
    };
  }

  close(): void {
    this.#closed = true;
    for (const markId of this.#held.keys()) this.#letGo(markId);
  }

  #endLater(markId: string, held: Held): void {
    held.cancelEnd();
    held.cancelEnd = this.#clock.after(MARK_HOLD_MS, () => {
      if (held.users === 0) this.#letGo(markId);
    });
  }

  #letGo(markId: string): void {
    const held = this.#held.get(markId);
    if (!held) return;
    this.#held.delete(markId);
    held.cancelEnd();
    void held.snapshot.release();
  }
}
