/**
 * The open snapshots of a keyspace. A reader that asks soon after another one gets the same snapshot, unless the
 * keyspace on disk was changed in between. A snapshot that nobody reads is closed after a while.
 */
import type { Clock } from '../base/clock.js';
import { whenUnused } from '../base/disuse.js';
import type { HeadwaterError } from '../base/errors.js';
import { SNAPSHOT_SHARE_MS, SNAPSHOT_UNREAD_MS_MAX } from '../base/limits.js';
import type { Keyspace } from '../keyspace/keyspace.js';
import { holdsTooMuch, type LaidEntries, layEntries, type RangeWanted, sortLayers } from '../keyspace/laid-entries.js';
import { type KeyspaceSnapshot, unreadTooLong } from '../keyspace/snapshot.js';

/** The snapshots that a caller takes. */
export interface SnapshotWish {
  /** Allows a snapshot that is up to a second older than the call. */
  readonly share: boolean;
  /** An offset: no snapshot before it. */
  readonly notBefore?: number;
}

/** A range of the keyspace as of one moment. */
export interface RangeSnapshot {
  readonly snapshot: KeyspaceSnapshot;
  /** The time of that moment. Entries that expire then or before are to be hidden. */
  readonly nowMs: number;
}

export class SharedSnapshots {
  readonly #keyspace: Pick<Keyspace, 'snapshot' | 'applied' | 'overlay'>;
  readonly #clock: Clock;
  /** The times at which the snapshots were taken, by the monotonic clock. */
  readonly #open = new Map<KeyspaceSnapshot, number>();
  /** Snapshots from before a change to the keyspace on disk, which are not shared any more. */
  readonly #outdated = new WeakSet<KeyspaceSnapshot>();

  constructor(keyspace: Pick<Keyspace, 'snapshot' | 'applied' | 'overlay'>, clock: Clock) {
    this.#keyspace = keyspace;
    this.#clock = clock;
  }

  /** Returns an open snapshot that serves, shared once more; undefined if there is none. */
  find({ share, notBefore = 0 }: SnapshotWish): KeyspaceSnapshot | undefined {
    const now = this.#clock.monotonicMs();
    for (const [snapshot, takenAt] of this.#open) {
      if (this.#outdated.has(snapshot)) continue;
      const { offset } = snapshot.position;
      const level = offset >= this.#keyspace.applied.offset;
      if (level || (share && offset >= notBefore && now - takenAt <= SNAPSHOT_SHARE_MS)) return snapshot.share();
    }
    return undefined;
  }

  /**
   * @param options.keep holds the snapshot for as long as it is shared. Later requests then find it even if the first
   * reader is done early.
   */
  take({ keep }: { keep: boolean }): KeyspaceSnapshot {
    return this.#take(keep, undefined);
  }

  /**
   * Takes a snapshot of a range without a checkpoint, which is not shared. Undefined if memory holds too much of the
   * range, or `isOver`.
   * @param now the time at which entries count as expired.
   */
  async takeRange(
    wanted: RangeWanted,
    { isOver, now }: { isOver: () => boolean; now: () => number },
  ): Promise<RangeSnapshot | undefined> {
    const { overlay } = this.#keyspace;
    if (holdsTooMuch(overlay, wanted) || !(await sortLayers(overlay, isOver)) || isOver()) return undefined;
    const nowMs = now();
    const laid = layEntries(overlay, wanted, nowMs);
    if (!laid) return undefined;
    const snapshot = this.#take(false, laid);
    this.#outdated.add(snapshot);
    return { snapshot, nowMs };
  }

  #take(keep: boolean, laid: LaidEntries | undefined): KeyspaceSnapshot {
    const snapshot = this.#keyspace.snapshot(() => {
      this.#open.delete(snapshot);
      stopWatching();
      cancelKeeping();
    }, laid);
    const cancelKeeping = keep ? this.#clock.after(SNAPSHOT_SHARE_MS, () => void snapshot.release()) : () => {};
    if (keep) snapshot.share();
    const reads = () => snapshot.reads;
    const stopWatching = whenUnused(this.#clock, SNAPSHOT_UNREAD_MS_MAX, reads, () => {
      void snapshot.close(unreadTooLong());
    });
    this.#open.set(snapshot, this.#clock.monotonicMs());
    return snapshot;
  }

  /** Notes that the keyspace on disk was changed. */
  outdate(): void {
    for (const snapshot of this.#open.keys()) this.#outdated.add(snapshot);
  }

  /** Ends the readers of all snapshots with `reason`. */
  async close(reason: HeadwaterError): Promise<void> {
    for (const snapshot of this.#open.keys()) await snapshot.close(reason);
  }
}
