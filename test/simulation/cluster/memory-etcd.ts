/**
 * An etcd in memory that is as bad as real ones: leases end late, are prolonged or revoked while they live, renewals are
 * answered for leases that have ended, the past is compacted away, and the store goes back to an older state. The lines
 * to it are those of each node (simulated-client.ts).
 */
import { EtcdRefusal } from '../../../src/cluster/etcd/errors.js';
import type {
  EtcdCompare,
  EtcdEntry,
  EtcdEvent,
  EtcdHeader,
  EtcdOperation,
  EtcdRange,
  EtcdResult,
  EtcdTransaction,
  EtcdTransactionReply,
} from '../../../src/cluster/etcd/model.js';
import { clusterKeys, viewOf } from '../../../src/cluster/etcd-keys.js';
import type { View } from '../../../src/cluster/view.js';
import type { World } from './world.js';

/** The name of the simulated cluster. */
export const NAME = 'c';

const KEYS = clusterKeys(NAME);

interface Lease {
  endsMs: number;
  readonly ttlMs: number;
}

/** The state at one revision, and what has changed with it. */
export interface EtcdState {
  readonly revision: bigint;
  readonly entries: ReadonlyMap<string, EtcdEntry>;
  readonly events: readonly EtcdEvent[];
}

export class MemoryEtcd {
  isUp = true;
  /** The number of restarts: each breaks all watches. */
  restarts = 0;
  readonly #world: World;
  /** Every state since the last compaction: watches read them. */
  #states: EtcdState[] = [{ revision: 1n, entries: new Map(), events: [] }];
  readonly #leases = new Map<bigint, Lease>();
  #leaseCount = 0n;
  /** Until then, a member that has lost the majority answers renewals. */
  #liesUntilMs = 0;
  /** The state before the store went back. */
  #right: EtcdState | undefined;

  constructor(world: World) {
    this.#world = world;
    const endLeases = () => {
      if (this.isUp) this.#endLeases();
      world.after(world.between(20, 200), endLeases);
    };
    world.after(100, endLeases);
  }

  get #now(): EtcdState {
    return this.#states.at(-1) as EtcdState;
  }

  get header(): EtcdHeader {
    return { clusterId: 'e', memberId: 'm', revision: this.#now.revision, raftTerm: 1n };
  }

  get view(): View {
    return viewOf(KEYS, this.#now.entries, this.#now.revision, (error) => {
      throw error;
    });
  }

  /** The states from a revision on; undefined if they are forgotten. */
  since(revision: bigint): readonly EtcdState[] | undefined {
    // Each state is one revision behind the one before.
    const at = Number(revision - (this.#states[0] as EtcdState).revision);
    return at < 0 ? undefined : this.#states.slice(at);
  }

  // ---- calls -----------------------------------------------------------------------

  grant(ttlSeconds: number): bigint {
    const lease = ++this.#leaseCount;
    const ttlMs = ttlSeconds * 1_000;
    this.#leases.set(lease, { ttlMs, endsMs: this.#world.nowMs + ttlMs });
    return lease;
  }

  /** @returns the time to live; undefined if the lease is unknown. */
  keepAlive(id: bigint): number | undefined {
    const lease = this.#leases.get(id);
    if (!lease) return this.#world.nowMs < this.#liesUntilMs ? 60 : undefined;
    lease.endsMs = this.#world.nowMs + lease.ttlMs;
    return lease.ttlMs / 1_000;
  }

  range(prefix: string): EtcdRange {
    const entries = [...this.#now.entries.values()].filter(({ key }) => key.startsWith(prefix));
    return { header: this.header, entries };
  }

  transaction({ compares, success, failure = [] }: EtcdTransaction): EtcdTransactionReply {
    const succeeded = compares.every((compare) => this.#holds(compare));
    const operations = succeeded ? success : failure;
    for (const operation of operations)
      if (operation.kind === 'put' && operation.lease && !this.#leases.has(operation.lease))
        throw new EtcdRefusal('unknown_lease', 'etcd does not know the lease of a key that the transaction puts');
    const entries = new Map(this.#now.entries);
    const events: EtcdEvent[] = [];
    const results = operations.map((operation) => this.#carryOut(operation, entries, events));
    this.#become(entries, events);
    return { header: this.header, succeeded, results };
  }

  #holds({ key, target, than, result }: EtcdCompare): boolean {
    const entry = this.#now.entries.get(key);
    if (result !== 'equal' || (target !== 'create' && target !== 'mod')) throw new Error('not in this model');
    return (target === 'create' ? entry?.createRevision : entry?.modRevision) === (than || undefined);
  }

  #carryOut(operation: EtcdOperation, entries: Map<string, EtcdEntry>, events: EtcdEvent[]): EtcdResult {
    if (!('key' in operation)) throw new Error('not in this model');
    const { key } = operation;
    const before = entries.get(key);
    if (operation.kind === 'range') return { kind: 'range', entries: before ? [before] : [] };
    const modRevision = this.#now.revision + 1n;
    if (operation.kind === 'delete') {
      if (entries.delete(key)) events.push({ kind: 'delete', key, modRevision });
      return { kind: 'delete', deleted: before ? 1 : 0 };
    }
    const entry = {
      key,
      value: Buffer.from(operation.value),
      createRevision: before?.createRevision ?? modRevision,
      modRevision,
      version: (before?.version ?? 0n) + 1n,
      lease: operation.lease ?? 0n,
    };
    entries.set(key, entry);
    events.push({ kind: 'put', entry });
    return { kind: 'put' };
  }

  #become(entries: ReadonlyMap<string, EtcdEntry>, events: readonly EtcdEvent[]): void {
    if (events.length === 0) return;
    this.#states.push({ revision: this.#now.revision + 1n, entries, events });
    if (events.some((event) => event.kind === 'put' && event.entry.key === KEYS.sync))
      this.#world.note(`etcd: only ${this.view.sync?.nodes.join(', ')} may lead`);
  }

  // ---- people ----------------------------------------------------------------------

  /** Sets a key by hand, or deletes it. */
  set(name: 'request' | 'paused' | 'allowed' | 'leader', value: object | undefined): void {
    const key = KEYS[name];
    const operation = value
      ? ({ kind: 'put', key, value: JSON.stringify(value) } as const)
      : ({ kind: 'delete', key } as const);
    this.transaction({ compares: [], success: [operation] });
  }

  // ---- faults ----------------------------------------------------------------------

  /** Another member leads: every lease begins again. */
  prolong(): void {
    for (const lease of this.#leases.values()) lease.endsMs = this.#world.nowMs + lease.ttlMs;
  }

  /** A lease that lives is ended. */
  revoke(lease: bigint): void {
    this.#leases.delete(lease);
    this.#dropKeys();
  }

  /** For a while, renewals are answered for leases that have ended. */
  lie(ms: number): void {
    this.#liesUntilMs = this.#world.nowMs + ms;
  }

  /** Watches cannot continue from before now. */
  compact(): void {
    this.#states = [this.#now];
  }

  /** The state so many revisions ago, if it is not forgotten. */
  ago(revisions: number): EtcdState | undefined {
    return this.#states.at(-1 - revisions);
  }

  /** The store is an older state of itself from now on, as after a restore. */
  goBack(to: EtcdState): void {
    this.#right ??= this.#now;
    this.#states = [to];
    this.restarts++;
  }

  /** A person brings the right state back, with revisions above all that were. */
  repair(): void {
    const right = this.#right;
    if (!right) return;
    this.#right = undefined;
    this.#leases.clear();
    const entries = new Map([...right.entries].filter(([, { lease }]) => lease === 0n));
    this.#states = [{ revision: right.revision + 1_000n, entries, events: [] }];
    this.restarts++;
  }

  #endLeases(): void {
    for (const [id, lease] of this.#leases) if (lease.endsMs <= this.#world.nowMs) this.#leases.delete(id);
    this.#dropKeys();
  }

  #dropKeys(): void {
    const isGone = ({ lease }: EtcdEntry) => lease !== 0n && !this.#leases.has(lease);
    const gone = [...this.#now.entries.values()].filter(isGone);
    this.transaction({ compares: [], success: gone.map(({ key }) => ({ kind: 'delete', key })) });
  }
}
