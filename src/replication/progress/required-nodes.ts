/**
 * The wait of a leader in the mode `safe`: each answer of a write waits until all nodes that may lead next have the
 * write durably. Which nodes these are, the cluster decides. While it decides nothing, no write is answered.
 *
 * Invariant: everything up to `acknowledgedOffset` is durable at all nodes that were required when it was answered. A
 * node that enters the set has all of that.
 */
import { Bell } from '../../base/bell.js';
import type { Clock } from '../../base/clock.js';
import { invariant } from '../../base/invariant.js';
import type { NodeIdentity } from '../../store/node-identity.js';
import type { Acknowledgements } from './acknowledgements.js';
import { type DurabilityStore, gone } from './durability.js';
import { type Waiter, Waiters } from './waiters.js';

export interface RequiredNodesOptions {
  readonly store: DurabilityStore & { readonly identity: Pick<NodeIdentity, 'nodeId'> };
  readonly clock: Clock;
  readonly acknowledgements: Acknowledgements;
  /** The nodes that must have a write; undefined if no write may be answered. */
  required(): ReadonlySet<string> | undefined;
}

export class RequiredNodes {
  readonly #options: RequiredNodesOptions;
  readonly #waiting = new Waiters();
  readonly #settled = new Bell();
  #acknowledgedOffset = 0;
  /** The first write that waits, and since when. */
  #oldest: { readonly offset: number; readonly sinceMs: number } | undefined;
  #tenure: AbortSignal | undefined;

  constructor(options: RequiredNodesOptions) {
    this.#options = options;
    options.acknowledgements.onReport(() => this.look());
  }

  /** A leadership begins with a log that ends there: all of it may have been answered. */
  begin(endOffset: number): void {
    this.#acknowledgedOffset = endOffset;
    this.#options.acknowledgements.awaited.raise({ appended: 0, synced: endOffset });
  }

  /**
   * Resolves when all required nodes have everything up to `offset`.
   * @throws HeadwaterError `outcome_unknown` if the leadership ends meanwhile.
   */
  reach(offset: number): Promise<void> {
    const { tenure } = this.#options.store.roles;
    if (tenure.aborted) return Promise.reject(ended(tenure));
    if (this.#reachedOffset >= offset) {
      this.#acknowledgedOffset = Math.max(this.#acknowledgedOffset, offset);
      return Promise.resolve();
    }
    this.#watch(tenure);
    return new Promise((release, fail) => {
      const waiter: Waiter = { offset, done: false, release, fail };
      if (this.#waiting.count === 0) this.#oldest = { offset, sinceMs: this.#options.clock.monotonicMs() };
      this.#waiting.add(waiter);
      this.#demand(offset);
    });
  }

  /** Releases the writes that all required nodes have. Called when a node has reported, or others are required. */
  look(): void {
    if (this.#waiting.count === 0) return;
    const { roles } = this.#options.store;
    if (roles.tenure.aborted) return;
    const reached = this.#reachedOffset;
    if (reached < (this.#oldest?.offset ?? 0)) return;
    this.#acknowledgedOffset = Math.max(this.#acknowledgedOffset, Math.min(reached, this.#end));
    this.#waiting.reached(reached);
    this.#oldest =
      this.#waiting.count > 0 ? { offset: reached + 1, sinceMs: this.#options.clock.monotonicMs() } : undefined;
    this.#settled.ring();
  }

  /** The followers that have all answered writes durably. */
  get level(): string[] {
    const { acknowledgements } = this.#options;
    return acknowledgements.counting
      .filter(({ durableOffset }) => durableOffset >= this.#acknowledgedOffset)
      .map(({ nodeId }) => nodeId);
  }

  /**
   * The nodes for which a write has waited too long, or would wait if they were required. A node without a session is
   * waited for least.
   */
  slow(patience: { readonly connectedMs: number; readonly awayMs: number }): string[] {
    const oldest = this.#oldest;
    if (!oldest) return [];
    const waitedMs = this.#options.clock.monotonicMs() - oldest.sinceMs;
    const { acknowledgements, required } = this.#options;
    const nodes = new Set([...(required() ?? []), ...acknowledgements.counting.map(({ nodeId }) => nodeId)]);
    return [...nodes].filter((node) => {
      const durable = this.#durableAt(node);
      if (node === this.#own || (durable ?? 0) >= oldest.offset) return false;
      return waitedMs >= (durable === undefined ? patience.awayMs : patience.connectedMs);
    });
  }

  /** Resolves when no write waits. @throws the reason of `signal`. */
  async whenNobodyWaits(signal: AbortSignal): Promise<void> {
    while (this.#waiting.count > 0) {
      await this.#settled.rungAfter(this.#settled.rings, signal);
      signal.throwIfAborted();
    }
  }

  get #own(): string {
    return this.#options.store.identity.nodeId;
  }

  get #end(): number {
    return this.#options.store.data.position.offset;
  }

  /** The offset up to which all required nodes have everything. */
  get #reachedOffset(): number {
    const required = this.#options.required();
    if (!required) return -1;
    let least = Number.POSITIVE_INFINITY;
    for (const node of required) least = Math.min(least, this.#durableAt(node) ?? -1);
    return least;
  }

  /** Undefined if the node has no session, or its history is another one. */
  #durableAt(node: string): number | undefined {
    const { store, acknowledgements } = this.#options;
    if (node !== this.#own) return acknowledgements.counting.find(({ nodeId }) => nodeId === node)?.durableOffset;
    // A leader under `--fsync never` does not count its own disk.
    if (store.settings.fsync === 'never') return this.#end;
    return store.data.isServing ? store.data.log.durable.offset : -1;
  }

  #demand(offset: number): void {
    const { store, acknowledgements } = this.#options;
    acknowledgements.awaited.raise({ appended: 0, synced: offset });
    if (store.settings.fsync === 'never' || (this.#durableAt(this.#own) ?? -1) >= offset) return;
    // If the sync fails, the store opens again, which ends the tenure.
    store.data.durablePoint.reach().then(
      () => this.look(),
      () => {},
    );
  }

  #watch(tenure: AbortSignal): void {
    if (this.#tenure === tenure) return;
    invariant(this.#waiting.count === 0, 'no write of an earlier leadership waits');
    this.#tenure = tenure;
    tenure.addEventListener(
      'abort',
      () => {
        this.#oldest = undefined;
        this.#waiting.fail(ended(tenure));
        this.#settled.ring();
      },
      { once: true },
    );
  }
}

function ended({ reason }: AbortSignal): Error {
  return gone(reason instanceof Error ? reason.message : 'this node is stopping');
}
