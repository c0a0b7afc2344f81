/**
 * A store in memory that is as bad as real ones: leases end late, are prolonged or revoked while they live, requests
 * come late, answers are lost after success, reads are old, watches break, and the store goes back to an older state.
 */
import type { Call } from '../../../src/cluster/messages.js';
import type { LeaderKey, Member, View } from '../../../src/cluster/view.js';
import { EMPTY_VIEW } from '../../support/cluster-view.js';
import type { World } from './world.js';

interface Lease {
  endsMs: number;
  readonly ttlMs: number;
}

export type Answer =
  | { readonly kind: 'granted'; readonly lease: string; readonly ttlMs: number }
  | { readonly kind: 'alive'; readonly ttlMs: number }
  | { readonly kind: 'unknown_lease' }
  | { readonly kind: 'view'; readonly view: View }
  | { readonly kind: 'fence'; readonly fence: number | undefined }
  | { readonly kind: 'done'; readonly done: boolean }
  | { readonly kind: 'revision'; readonly revision: number | undefined };

const EMPTY: View = { ...EMPTY_VIEW, clusterId: '', revision: 1 };

export class MemoryStore {
  isUp = true;
  /** Every state, by its revision: watches read them. */
  history: View[] = [EMPTY];
  readonly #world: World;
  readonly #leases = new Map<string, Lease>();
  #leaseCount = 0;
  /** The state before the store went back. */
  #right: View | undefined;

  constructor(world: World) {
    this.#world = world;
    const endLeases = () => {
      if (this.isUp) this.#endLeases();
      world.after(world.between(20, 200), endLeases);
    };
    world.after(100, endLeases);
  }

  get view(): View {
    return this.history.at(-1) as View;
  }

  lives(lease: string): boolean {
    return (this.#leases.get(lease)?.endsMs ?? 0) > this.#world.nowMs;
  }

  answer(call: Call): Answer {
    switch (call.kind) {
      case 'grant':
        return this.#grant(call.ttlMs);
      case 'keep_alive':
        return this.#keepAlive(call.lease);
      case 'read':
        return { kind: 'view', view: this.#world.dice.chance(0.1) ? this.#old() : this.view };
      case 'publish':
        return this.#publish(call);
      case 'campaign':
        return this.#campaign(call);
      case 'move_leader':
        return this.#move(call);
      case 'resign':
        if (this.#holds(call.fence)) this.change(() => ({ leader: undefined, resigned: call.fence }));
        return { kind: 'done', done: true };
      case 'set_sync':
        return this.#setSync(call);
      case 'set_known':
        if (this.#holds(call.fence)) this.change(() => ({ known: call.nodes }));
        return { kind: 'done', done: true };
      case 'forget_request':
        if (this.view.request?.revision === call.revision) this.change(() => ({ request: undefined }));
        return { kind: 'done', done: true };
    }
  }

  change(change: (revision: number) => Partial<View>): void {
    const revision = this.view.revision + 1;
    this.history.push({ ...this.view, ...change(revision), revision });
    const { sync } = this.view;
    if (sync?.revision === revision) this.#world.note(`the store: only ${sync.nodes.join(', ')} may lead`);
  }

  // ---- faults ----------------------------------------------------------------------

  /** Another member of the store leads: every lease begins again. */
  prolong(): void {
    for (const lease of this.#leases.values()) lease.endsMs = this.#world.nowMs + lease.ttlMs;
  }

  /** A lease that lives is ended. */
  revoke(lease: string): void {
    this.#leases.delete(lease);
    this.#dropKeys();
  }

  /** Watches cannot continue from before now. */
  compact(): void {
    this.history = [this.view];
  }

  /** The store is an older state of itself from now on, as after a restore. */
  goBack(to: View): void {
    this.#right ??= this.view;
    this.history = [to];
  }

  /** A person brings the right state back, with revisions above all that were. */
  repair(): void {
    const right = this.#right;
    if (!right) return;
    this.#right = undefined;
    this.#leases.clear();
    this.history = [{ ...right, revision: right.revision + 1_000, leader: undefined, members: [] }];
  }

  // ---- calls -----------------------------------------------------------------------

  #grant(ttlMs: number): Answer {
    const lease = `l${++this.#leaseCount}`;
    this.#leases.set(lease, { ttlMs, endsMs: this.#world.nowMs + ttlMs });
    return { kind: 'granted', lease, ttlMs };
  }

  #keepAlive(id: string): Answer {
    const lease = this.#leases.get(id);
    if (!lease) return { kind: 'unknown_lease' };
    lease.endsMs = this.#world.nowMs + lease.ttlMs;
    return { kind: 'alive', ttlMs: lease.ttlMs };
  }

  #publish({ record }: Extract<Call, { kind: 'publish' }>): Answer {
    if (!this.#leases.has(record.lease)) return { kind: 'unknown_lease' };
    this.change((revision) => ({
      members: [...this.view.members.filter(({ nodeId }) => nodeId !== record.nodeId), { ...record, revision }],
    }));
    return { kind: 'done', done: true };
  }

  #campaign({ key, expected, sync, clusterId }: Extract<Call, { kind: 'campaign' }>): Answer {
    const { view } = this;
    const asExpected =
      (view.last?.fence ?? 0) === expected.lastFence && (view.sync?.revision ?? 0) === expected.syncRevision;
    if (view.leader || !asExpected || !this.#leases.has(key.lease)) return { kind: 'fence', fence: undefined };
    this.change((fence) => ({
      clusterId: view.clusterId || clusterId,
      leader: { ...key, fence },
      last: { nodeId: key.nodeId, fence },
      ...(sync && { sync: { nodes: sync, revision: fence } }),
    }));
    return { kind: 'fence', fence: this.view.revision };
  }

  #move({ fence, key }: Extract<Call, { kind: 'move_leader' }>): Answer {
    if (!this.#holds(fence) || !this.#leases.has(key.lease)) return { kind: 'done', done: false };
    this.change((revision) => ({
      leader: { ...key, fence: revision },
      last: { nodeId: key.nodeId, fence: revision },
      request: undefined,
    }));
    return { kind: 'done', done: true };
  }

  #setSync({ fence, nodes, expectedRevision }: Extract<Call, { kind: 'set_sync' }>): Answer {
    if (!this.#holds(fence) || (this.view.sync?.revision ?? 0) !== expectedRevision)
      return { kind: 'revision', revision: undefined };
    this.change((revision) => ({ sync: { nodes, revision } }));
    return { kind: 'revision', revision: this.view.revision };
  }

  #holds(fence: number): boolean {
    return this.view.leader?.fence === fence;
  }

  #old(): View {
    return this.history[Math.max(0, this.history.length - 4)] as View;
  }

  #endLeases(): void {
    for (const [id, lease] of this.#leases) if (lease.endsMs <= this.#world.nowMs) this.#leases.delete(id);
    this.#dropKeys();
  }

  #dropKeys(): void {
    const { leader, members } = this.view;
    const lives = ({ lease }: LeaderKey | Member) => this.#leases.has(lease);
    const left = members.filter(lives);
    const kept = leader && lives(leader) ? leader : undefined;
    if (left.length !== members.length || kept !== leader) this.change(() => ({ members: left, leader: kept }));
  }
}
