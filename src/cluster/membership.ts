/** The membership of this node: its lease, and its record in the store, which it writes behind each renewal. */
import { type ClusterMode, roundOf, whyCannotLead } from './election.js';
import { Lease } from './lease.js';
import type { Call, Self } from './messages.js';
import type { Timing } from './timing.js';
import type { View } from './view.js';

export interface MembershipOptions {
  readonly nodeId: string;
  readonly address: string;
  readonly timing: Timing;
  readonly mode: ClusterMode;
}

export class Membership {
  readonly #options: MembershipOptions;
  #lease: Lease | undefined;
  /** The round of the last record, unless the lease was renewed since or the record may not stand in the store. */
  #recorded: number | undefined;
  /** Whether the last record says that the node may lead. */
  #recordedMayLead = false;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  get lease(): string | undefined {
    return this.#lease?.id;
  }

  /** The end of a leadership on the lease that this node has, as far as it is proven; minus infinity without one. */
  get untilMs(): number {
    return this.#lease?.untilMs(this.#options.timing) ?? Number.NEGATIVE_INFINITY;
  }

  granted({ lease, askedMs, ttlMs }: { lease: string; askedMs: number; ttlMs: number }): void {
    this.#lease = new Lease(lease, askedMs, ttlMs);
    this.#recorded = undefined;
  }

  kept({ lease, askedMs, ttlMs }: { lease: string; askedMs: number; ttlMs: number }): void {
    if (this.#lease?.id !== lease) return;
    this.#lease.kept(askedMs, ttlMs);
    this.#recorded = undefined;
  }

  /** @returns whether the lease is the one of this node. */
  proven(lease: string, keptMs: number): boolean {
    if (this.#lease?.id !== lease) return false;
    this.#lease.proven(keptMs);
    return true;
  }

  /** The record may not stand in the store. */
  recordFailed(): void {
    this.#recorded = undefined;
  }

  /** The store does not know the lease. */
  lost(lease: string): void {
    if (this.#lease?.id === lease) this.#lease = undefined;
  }

  /** Begins the calls that are due. @param begin begins one, and returns whether it has begun. */
  proceed(nowMs: number, view: View | undefined, self: Self, begin: (call: Call) => boolean): void {
    const { nodeId, address, timing, mode } = this.#options;
    const lease = this.#lease;
    if (!lease) {
      begin({ kind: 'grant', ttlMs: timing.ttlMs });
      return;
    }
    if (nowMs - lease.keptMs >= timing.keepAliveMs) begin({ kind: 'keep_alive', lease: lease.id });
    if (!view) return;
    const round = roundOf(view);
    const cannotLead = whyCannotLead(self, view, mode);
    const mayLead = cannotLead === '';
    if (this.#recorded === round && this.#recordedMayLead === mayLead) return;
    const { historyFence, offset, durableOffset } = self;
    const record = { nodeId, address, lease: lease.id, historyFence, offset, durableOffset, cannotLead, round };
    if (!begin({ kind: 'publish', record, provesMs: lease.keptMs })) return;
    this.#recorded = round;
    this.#recordedMayLead = mayLead;
  }
}
