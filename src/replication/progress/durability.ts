/**
 * The wait until a write is as safe as its client asked. The safety is on this
 * node's disk, or in the logs or on the disks of a number of followers.
 * Acknowledgements are requested from the nodes below (acknowledgements.ts).
 * Each report releases the waiters that are satisfied by then.
 */
import { Bell } from '../../base/bell.js';
import type { Clock } from '../../base/clock.js';
import type { DurabilityReached } from '../../base/error-details.js';
import { HeadwaterError } from '../../base/errors.js';
import type { DurabilityWaiter, DurabilityWanted } from '../../model/durability.js';
import type { Position } from '../../model/position.js';
import type { StoreData } from '../../store/data.js';
import type { Roles } from '../../store/roles.js';
import type { Settings } from '../../store/settings.js';
import type { Acknowledgements } from './acknowledgements.js';
import type { Report } from './reports.js';
import { type Waiter, Waiters } from './waiters.js';

/** The parts of the store that this file needs. */
export interface DurabilityStore {
  readonly data: Pick<StoreData, 'durablePoint' | 'isServing' | 'log' | 'notServing' | 'position'>;
  readonly roles: Pick<Roles, 'role' | 'tenure' | 'upstream'>;
  readonly settings: Pick<Settings, 'fsync'>;
}

export interface DurabilityOptions {
  readonly store: DurabilityStore;
  readonly clock: Clock;
  readonly acknowledgements: Acknowledgements;
}

export class Durability implements DurabilityWaiter {
  readonly #store: DurabilityStore;
  readonly #clock: Clock;
  readonly #acknowledgements: Acknowledgements;
  /** Waiters by the wanted level and number of followers. */
  readonly #waiting = new Map<string, { readonly wanted: DurabilityWanted; readonly waiting: Waiters }>();
  readonly #aborting = new WeakMap<AbortSignal, Set<() => void>>();
  /** A wait for more nodes below than this ends at once. */
  #nodesAtMost = Number.POSITIVE_INFINITY;
  /** Rings when a waiter is done. */
  readonly #settled = new Bell();
  /** The tenure whose end fails all waiters. */
  #tenure: AbortSignal | undefined;

  constructor({ store, clock, acknowledgements }: DurabilityOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#acknowledgements = acknowledgements;
    acknowledgements.onReport(() => this.#release());
  }

  /**
   * Waits until the block that ends at `position`, or contains it, is as safe as
   * wanted, or the time is over. Resolves with how safe the block is then.
   * @throws HeadwaterError `outcome_unknown` if this node does not lead that
   *   history, or stops leading meanwhile; the signal's reason if it aborts.
   */
  async reach(position: Position, wanted: DurabilityWanted, signal: AbortSignal): Promise<DurabilityReached> {
    signal.throwIfAborted();
    this.#assertLed(position);
    const { offset } = position;
    if (this.#reachedOffset(wanted) < offset && wanted.followers <= this.#nodesAtMost) {
      await this.#wait(offset, wanted, signal);
      // The time may be over because the process stood still, and the term of the leader with it.
      this.#assertLed(position);
    }
    return this.#reached(offset, wanted);
  }

  /** The number of nodes below whose history is this node's. */
  get followers(): number {
    return this.#acknowledgements.counting.length;
  }

  /** The number of waiters. */
  get waiters(): number {
    let count = 0;
    for (const { waiting } of this.#waiting.values()) count += waiting.count;
    return count;
  }

  /**
   * Prepares a stop: no write waits for more nodes below than have reported. A
   * write that does is answered at once with what is reached.
   */
  awaitOnlyKnown(): void {
    this.#awaitAtMost(this.#acknowledgements.nodesBelow);
  }

  /** Ends every wait for nodes below. */
  awaitNobody(): void {
    this.#awaitAtMost(0);
  }

  #awaitAtMost(nodes: number): void {
    this.#nodesAtMost = nodes;
    for (const { wanted, waiting } of this.#waiting.values())
      if (wanted.followers > nodes) waiting.reached(Number.POSITIVE_INFINITY);
  }

  /** Resolves when nobody waits, or `signal` aborts. */
  async whenNobodyWaits(signal: AbortSignal): Promise<void> {
    while (this.waiters > 0 && !signal.aborted) await this.#settled.rungAfter(this.#settled.rings, signal);
  }

  #assertLed({ replicationId, offset }: Position): void {
    const store = this.#store;
    if (store.roles.role !== 'leader') throw gone(`this node follows ${store.roles.upstream}`);
    if (!store.data.isServing || store.roles.tenure.aborted)
      throw gone(store.data.notServing?.message ?? 'this node is changing its role');
    const known = store.data.log.history.lineage.replicationIdAt(offset);
    if (known === replicationId && offset <= store.data.position.offset) return;
    throw gone(
      `this node leads ${store.data.position.replicationId.slice(0, 8)} up to ${store.data.position.offset}, the write was ${replicationId.slice(0, 8)}@${offset}`,
    );
  }

  #wait(offset: number, wanted: DurabilityWanted, signal: AbortSignal): Promise<void> {
    this.#watchTenure();
    return new Promise((resolve, reject) => {
      const waiting = this.#waitingFor(wanted);
      const settle = (): boolean => {
        if (waiter.done) return false;
        waiter.done = true;
        cancel();
        forget();
        this.#settled.ring();
        return true;
      };
      const waiter: Waiter = {
        offset,
        done: false,
        release: () => settle() && resolve(),
        fail: (error) => settle() && reject(error),
      };
      const giveUp = (settled: () => void) => {
        if (!settle()) return;
        waiting.gaveUp();
        settled();
      };
      const cancel = this.#clock.after(wanted.timeoutMs, () => giveUp(resolve));
      const forget = this.#onAbort(signal, () => giveUp(() => reject(signal.reason)));
      waiting.add(waiter);
      this.#demand(offset, wanted);
    });
  }

  /** Registers one listener per signal, however many waiters share it: a stream has one signal for all its writes. */
  #onAbort(signal: AbortSignal, task: () => void): () => void {
    const tasks = this.#aborting.get(signal) ?? new Set();
    if (tasks.size === 0) {
      this.#aborting.set(signal, tasks);
      signal.addEventListener('abort', this.#aborted, { once: true });
    }
    tasks.add(task);
    return () => {
      tasks.delete(task);
      if (tasks.size === 0) signal.removeEventListener('abort', this.#aborted);
    };
  }

  readonly #aborted = ({ target }: Event): void => {
    for (const task of this.#aborting.get(target as AbortSignal) ?? []) task();
  };

  #waitingFor(wanted: DurabilityWanted): Waiters {
    const key = `${wanted.level} ${wanted.followers}`;
    const known = this.#waiting.get(key);
    if (known) return known.waiting;
    const waiting = new Waiters();
    this.#waiting.set(key, { wanted, waiting });
    return waiting;
  }

  #demand(offset: number, wanted: DurabilityWanted): void {
    const { level } = wanted;
    if (level === 'followers') this.#acknowledgements.awaited.raise({ appended: offset, synced: 0 });
    if (level === 'followers_synced') this.#acknowledgements.awaited.raise({ appended: 0, synced: offset });
    if (!this.#needsOwnDisk(wanted) || this.#durableHere >= offset) return;
    // If the sync fails, the store opens again, which fails the waiters.
    this.#store.data.durablePoint.reach().then(
      () => this.#release(),
      () => {},
    );
  }

  /** The offset up to which everything is as safe as wanted. */
  #reachedOffset(wanted: DurabilityWanted): number {
    const { level, followers } = wanted;
    const own = this.#needsOwnDisk(wanted) ? this.#durableHere : Number.POSITIVE_INFINITY;
    if (level === 'followers') return this.#nth(followers, ({ appendedOffset }) => appendedOffset);
    if (level === 'followers_synced')
      return Math.min(
        own,
        this.#nth(followers, ({ durableOffset }) => durableOffset),
      );
    return own;
  }

  #needsOwnDisk({ level }: DurabilityWanted): boolean {
    return level === 'synced' || (level === 'followers_synced' && !this.#unsyncedHere);
  }

  get #durableHere(): number {
    return this.#store.data.isServing ? this.#store.data.log.durable.offset : 0;
  }

  get #unsyncedHere(): boolean {
    return this.#store.settings.fsync === 'never';
  }

  /** The offset that the `n`th furthest of the nodes below has reached. */
  #nth(n: number, reached: (standing: Report) => number): number {
    if (n === 0) return Number.POSITIVE_INFINITY;
    return this.#acknowledgements.counting.map(reached).sort((a, b) => b - a)[n - 1] ?? -1;
  }

  #reached(offset: number, wanted: DurabilityWanted): DurabilityReached {
    const { counting } = this.#acknowledgements;
    return {
      reached: this.#reachedOffset(wanted) >= offset,
      synced: this.#durableHere >= offset,
      followersAppended: counting.filter((standing) => standing.appendedOffset >= offset).length,
      followersSynced: counting.filter((standing) => standing.durableOffset >= offset).length,
      unsyncedHere: this.#unsyncedHere,
    };
  }

  /** Releases, in one pass, the waiters that have what they wait for. A leader whose term is over releases nobody. */
  #release(): void {
    if (this.#store.roles.tenure.aborted) return;
    for (const [key, { wanted, waiting }] of this.#waiting) {
      if (waiting.count > 0) waiting.reached(this.#reachedOffset(wanted));
      // Clients choose the levels and numbers, so an entry without waiters is not kept.
      else this.#waiting.delete(key);
    }
  }

  #watchTenure(): void {
    const { tenure } = this.#store.roles;
    if (this.#tenure === tenure) return;
    this.#tenure = tenure;
    const end = () => {
      const { reason } = tenure;
      const error = gone(reason instanceof Error ? reason.message : 'this node is stopping');
      const all = [...this.#waiting.values()];
      this.#waiting.clear();
      this.#acknowledgements.awaited.clear();
      for (const { waiting } of all) waiting.fail(error);
    };
    tenure.addEventListener('abort', end, { once: true });
  }
}

export function gone(why: string): HeadwaterError {
  return new HeadwaterError(
    'outcome_unknown',
    `the write was appended, but may be lost: this node no longer leads its history (${why})`,
  );
}
