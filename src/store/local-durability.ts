/**
 * How safe a write is on this node alone, for levels that one node can reach.
 * Everybody who waits for the disk at one time shares one fsync: who comes
 * while one is under way shares the next.
 */
import type { Clock } from '../clock.js';
import type { DurabilityReached, DurabilityWaiter, DurabilityWanted } from '../durability.js';
import { HeadwaterError } from '../errors.js';
import { formatPosition, type Position } from '../position.js';
import type { Store } from './store.js';

export class LocalDurability implements DurabilityWaiter {
  readonly #store: Store;
  readonly #clock: Clock;
  #syncing: Promise<unknown> | undefined;
  #next: Promise<unknown> | undefined;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Levels of followers are answered at once, as not reached: of followers nothing is known here. */
  async reach(position: Position, wanted: DurabilityWanted, signal: AbortSignal): Promise<DurabilityReached> {
    if (wanted.level === 'appended') return this.#reached(position, wanted);
    try {
      await this.#within(this.#sync(position), wanted.timeoutMs, signal);
      return this.#reached(position, wanted);
    } catch (cause) {
      throw unknown(position, cause);
    }
  }

  #reached(position: Position, { level }: DurabilityWanted): DurabilityReached {
    const { log } = this.#store;
    if (log.lineage.replicationIdAt(position.offset) !== position.replicationId)
      throw unknown(position, new HeadwaterError('unavailable', 'this node holds another history by now'));
    const synced = log.durableOffset >= position.offset;
    return {
      reached: level === 'appended' || (level === 'synced' && synced),
      synced,
      followersAppended: 0,
      followersSynced: 0,
      unsyncedHere: this.#store.fsync === 'never',
    };
  }

  async #sync({ offset }: Position): Promise<void> {
    if (this.#store.log.durableOffset >= offset) return;
    // The one in hand may have begun before the write was appended.
    if (this.#syncing) {
      this.#next ??= this.#syncing.catch(() => {}).then(() => this.#begin());
      await this.#next;
    } else {
      await this.#begin();
    }
  }

  #begin(): Promise<unknown> {
    this.#next = undefined;
    const syncing = this.#store.durable().finally(() => {
      if (this.#syncing === syncing) this.#syncing = undefined;
    });
    this.#syncing = syncing;
    return syncing;
  }

  /** Resolves when `work` is done or its time has passed. */
  #within(work: Promise<void>, timeoutMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason);
      const cancel = this.#clock.after(timeoutMs, resolve);
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
      const release = () => {
        cancel();
        signal.removeEventListener('abort', abort);
      };
      work.then(resolve, reject).then(release, release);
    });
  }
}

function unknown(position: Position, cause: unknown): HeadwaterError {
  if (HeadwaterError.is(cause, 'outcome_unknown')) return cause;
  return new HeadwaterError(
    'outcome_unknown',
    `the write was appended at ${formatPosition(position)}; how durable it is, is not known: ${(cause as Error).message}`,
    { cause },
  );
}
