/**
 * etcd as the store of a cluster: carries out the calls of the machine (messages.ts), and hands out its views. A watch
 * hands out a view for each revision of the cluster's keys, from the first read on.
 *
 * A call that fails, for any reason, is the event `failed`: it may have been carried out. Only an answer of etcd is more
 * than that. The client of etcd gives up each request in time, so every call ends.
 *
 * Invariant: the views of the watch skip no revision, or the next one says so.
 */
import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import { RepeatedLog } from '../base/repeated-log.js';
import type { Order } from './cluster.js';
import type { EtcdClient } from './etcd/client.js';
import { EtcdDiscontinuity, EtcdRefusal } from './etcd/errors.js';
import type {
  EtcdCompare,
  EtcdEntry,
  EtcdEvent,
  EtcdOperation,
  EtcdTransaction,
  EtcdTransactionReply,
  EtcdWatch,
} from './etcd/model.js';
import { type ClusterKeys, clusterKeys, fenceBaseOf, leaderValue, memberValue, viewOf } from './etcd-keys.js';
import { EtcdLeaderships } from './etcd-leaderships.js';
import { leaseOf, leaseText } from './etcd-value.js';
import type { Call, CallKind, Event } from './messages.js';
import type { View } from './view.js';

export interface EtcdStoreOptions {
  readonly client: Pick<EtcdClient, 'grantLease' | 'keepAlive' | 'range' | 'revokeLease' | 'transaction' | 'watch'>;
  /** The name of the cluster in etcd. */
  readonly name: string;
  /** The highest revision that this node has ever seen. An etcd below it is an older state of itself. */
  readonly seenRevision: number;
  /** The time before a read behind a watch that cannot continue is repeated. */
  readonly retryMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Never called within `begin`. */
  readonly onEvent: (event: Event) => void;
}

type CallOf<K extends CallKind> = Extract<Call, { readonly kind: K }>;

/** The subject of the log. */
const SUBJECT = 'etcd as the store of the cluster';

export class EtcdStore {
  readonly #options: EtcdStoreOptions;
  readonly #keys: ClusterKeys;
  readonly #log: RepeatedLog;
  /** The state up to which the watch has come. */
  #entries = new Map<string, EtcdEntry>();
  readonly #leaderships = new EtcdLeaderships();
  #watch: EtcdWatch | undefined;
  /** Whether a state was not handed out, or events were lost, since the last view. */
  #isBroken = false;
  #wasInterrupted = false;
  #seenRevision: bigint;
  /** The base of the fencing numbers; it is fixed as soon as the cluster has a name. */
  #fenceBase = 0;
  #isClosed = false;
  #cancelRetry: () => void = () => {};

  constructor(options: EtcdStoreOptions) {
    this.#options = options;
    this.#keys = clusterKeys(options.name);
    this.#log = RepeatedLog.of(options);
    this.#seenRevision = BigInt(options.seenRevision);
  }

  /** The highest revision that this node has ever seen. */
  get seenRevision(): number {
    return Number(this.#seenRevision);
  }

  /** Begins a call, whose event follows. */
  begin(call: Call): void {
    void this.#carryOut(call).then(
      (event) => {
        this.#log.ends(SUBJECT);
        this.#tell(event);
      },
      (error: Error) => this.#failed(call.kind, error),
    );
  }

  /** Carries out the wish of a person. @throws Error if etcd does not answer: it may have been carried out. */
  async order(order: Order): Promise<void> {
    await this.#transact({ compares: [], success: this.#operationsOf(order) });
  }

  /** Ends the lease of a node that leaves, and the node's record with it. */
  async endLease(lease: string): Promise<void> {
    await this.#options.client.revokeLease(leaseOf(lease));
  }

  #operationsOf(order: Order): EtcdOperation[] {
    const { paused, allowed, request } = this.#keys;
    switch (order.kind) {
      case 'pause':
        return [putJson(paused, {})];
      case 'resume':
        return [{ kind: 'delete', key: paused }, putJson(allowed, { fence: order.allowed })];
      case 'switch':
        return [putJson(request, { to: order.to, fence: order.fence })];
    }
  }

  /** Hands out nothing more. The client is the caller's. */
  close(): void {
    this.#isClosed = true;
    this.#cancelRetry();
    this.#watch?.close();
  }

  #failed(kind: CallKind, error: Error): void {
    this.#tell({ kind: 'failed', call: kind, reason: error.message });
    this.#explain(kind, error);
  }

  #explain(kind: CallKind, error: Error): void {
    if (this.#isClosed) return;
    this.#log.warn({}, `the call ${kind} to the store of the cluster failed: ${error.message}`, SUBJECT);
    if (error instanceof EtcdDiscontinuity) this.#tell({ kind: 'store_changed', reason: error.message });
  }

  #tell(event: Event): void {
    if (!this.#isClosed) this.#options.onEvent(event);
  }

  #carryOut(call: Call): Promise<Event> {
    switch (call.kind) {
      case 'grant':
        return this.#grant(call);
      case 'keep_alive':
        return this.#keepAlive(call);
      case 'read':
        return this.#read();
      case 'publish':
        return this.#publish(call);
      case 'campaign':
        return this.#campaign(call);
      case 'move_leader':
        return this.#move(call);
      case 'resign':
        return this.#resign(call);
      case 'set_sync':
        return this.#setSync(call);
      case 'set_known':
        return this.#setKnown(call);
      case 'forget_request':
        return this.#forgetRequest(call);
    }
  }

  // ---- leases -----------------------------------------------------------------------

  /** etcd counts in seconds. A lease that lives longer than asked ends no leadership later (lease.ts). */
  async #grant({ ttlMs }: CallOf<'grant'>): Promise<Event> {
    const { lease, ttlSeconds, askedMs } = await this.#options.client.grantLease(Math.ceil(ttlMs / 1_000));
    return { kind: 'granted', askedMs, lease: leaseText(lease), ttlMs: ttlSeconds * 1_000 };
  }

  async #keepAlive({ lease }: CallOf<'keep_alive'>): Promise<Event> {
    const kept = await this.#options.client.keepAlive(leaseOf(lease));
    if (kept.outcome === 'unknown_lease') return { kind: 'lease_unknown', call: 'keep_alive', lease };
    return { kind: 'kept', askedMs: kept.askedMs, lease, ttlMs: kept.ttlSeconds * 1_000 };
  }

  async #publish({ record, provesMs }: CallOf<'publish'>): Promise<Event> {
    const { nodeId, lease } = record;
    const put = { kind: 'put', key: this.#keys.member(nodeId), value: memberValue(record) } as const;
    const reply = await this.#answerTo({
      compares: [],
      success: [
        { ...put, lease: leaseOf(lease) },
        { kind: 'range', key: this.#keys.leader },
      ],
    });
    if (reply === 'unknown_lease') return { kind: 'lease_unknown', call: 'publish', lease };
    const { header, results } = reply;
    const [leader] = results.flatMap((result) => (result.kind === 'range' ? result.entries : []));
    const fence = leader ? this.#fenceBase + Number(leader.modRevision) : 0;
    const revision = this.#fenceBase + Number(header.revision);
    return { kind: 'published', lease, provesMs, revision, fence };
  }

  // ---- leadership -------------------------------------------------------------------

  async #campaign({ clusterId, fenceBase, key, expected, sync }: CallOf<'campaign'>): Promise<Event> {
    const keys = this.#keys;
    const named = this.#entries.get(keys.clusterId)?.modRevision ?? 0n;
    const base = named === 0n ? fenceBase : this.#fenceBase;
    const done = await this.#transact({
      compares: [
        { key: keys.leader, target: 'create', result: 'equal', than: 0n },
        unchanged(keys.last, expected.lastFence && expected.lastFence - this.#fenceBase),
        unchanged(keys.sync, expected.syncRevision),
        unchanged(keys.clusterId, named),
      ],
      success: [
        ...this.#leaderPuts(key, 0, base),
        ...(named === 0n ? [putJson(keys.clusterId, { cluster_id: clusterId, fence_base: base })] : []),
        ...(sync ? [putJson(keys.sync, { nodes: sync })] : []),
      ],
    });
    if (typeof done !== 'number') return { kind: 'campaigned', lease: key.lease, fence: undefined };
    this.#fenceBase = base;
    return { kind: 'campaigned', lease: key.lease, fence: base + done };
  }

  async #move({ fence, key }: CallOf<'move_leader'>): Promise<Event> {
    const done = await this.#transact({
      compares: [this.#isHeldUnder(fence)],
      success: [...this.#leaderPuts(key, fence, this.#fenceBase), { kind: 'delete', key: this.#keys.request }],
    });
    return { kind: 'moved', done: typeof done === 'number' };
  }

  async #resign({ fence, isInOrder }: CallOf<'resign'>): Promise<Event> {
    const { leader, resigned, history } = this.#keys;
    const leaderships = this.#leaderships.ended(fence, this.#fenceBase, this.#options.clock.wallMs());
    await this.#transact({
      compares: [this.#isHeldUnder(fence)],
      success: [
        { kind: 'delete', key: leader },
        putJson(resigned, { fence, in_order: isInOrder }),
        { kind: 'put', key: history, value: leaderships },
      ],
    });
    return { kind: 'resigned' };
  }

  /**
   * The leader key and the memory of it, whose revisions are the fencing number.
   * @param ended the fencing number of the leadership that ends for this one; 0 if none does.
   */
  #leaderPuts(key: CallOf<'campaign'>['key'], ended: number, base: number): EtcdOperation[] {
    const { leader, last, history } = this.#keys;
    const value = this.#leaderships.begun(key, ended, base, this.#options.clock.wallMs());
    return [
      { kind: 'put', key: history, value },
      { kind: 'put', key: leader, value: leaderValue(key), lease: leaseOf(key.lease) },
      putJson(last, { node_id: key.nodeId, ttl_ms: key.ttlMs }),
    ];
  }

  #isHeldUnder(fence: number): EtcdCompare {
    return unchanged(this.#keys.leader, fence - this.#fenceBase);
  }

  // ---- what a leader writes ---------------------------------------------------------

  async #setSync({ fence, nodes, expectedRevision }: CallOf<'set_sync'>): Promise<Event> {
    const { sync } = this.#keys;
    const done = await this.#transact({
      compares: [this.#isHeldUnder(fence), unchanged(sync, expectedRevision)],
      success: [putJson(sync, { nodes })],
    });
    return { kind: 'sync_set', nodes, revision: typeof done === 'number' ? done : undefined };
  }

  async #setKnown({ fence, nodes }: CallOf<'set_known'>): Promise<Event> {
    await this.#transact({
      compares: [this.#isHeldUnder(fence)],
      success: [putJson(this.#keys.known, { nodes })],
    });
    return { kind: 'known_set' };
  }

  async #forgetRequest({ fence, revision }: CallOf<'forget_request'>): Promise<Event> {
    const { request } = this.#keys;
    await this.#transact({
      compares: [this.#isHeldUnder(fence), unchanged(request, revision)],
      success: [{ kind: 'delete', key: request }],
    });
    return { kind: 'request_forgotten' };
  }

  /** @returns the revision of the change; `changed` if the store is not as expected. Both and `unknown_lease` are answers. */
  async #transact(transaction: EtcdTransaction): Promise<number | 'changed' | 'unknown_lease'> {
    const reply = await this.#answerTo(transaction);
    if (reply === 'unknown_lease') return reply;
    return reply.succeeded ? Number(reply.header.revision) : 'changed';
  }

  async #answerTo(transaction: EtcdTransaction): Promise<EtcdTransactionReply | 'unknown_lease'> {
    try {
      const reply = await this.#options.client.transaction(transaction);
      this.#saw(reply.header.revision);
      return reply;
    } catch (error) {
      if (error instanceof EtcdRefusal && error.reason === 'unknown_lease') return 'unknown_lease';
      throw error;
    }
  }

  // ---- views ------------------------------------------------------------------------

  async #read(): Promise<Event> {
    const { header, entries } = await this.#options.client.range({ prefix: this.#keys.prefix });
    this.#saw(header.revision);
    const state = new Map(entries.map((entry) => [entry.key, entry]));
    const view = this.#viewOf(state, header.revision);
    if (!this.#watch && !this.#isClosed) this.#watchFrom(state, header.revision);
    return { kind: 'view', view, isWhole: false, wallMs: this.#options.clock.wallMs() };
  }

  #watchFrom(state: Map<string, EtcdEntry>, revision: bigint): void {
    this.#entries = state;
    this.#isBroken = false;
    this.#watch = this.#options.client.watch(this.#keys.prefix, revision + 1n, {
      events: (events) => this.#changed(events),
      compacted: () => {
        this.#watch = undefined;
        this.#readAgain();
      },
      watching: () => this.#confirm(),
      interrupted: (reason) => {
        this.#wasInterrupted = true;
        if (reason instanceof EtcdDiscontinuity) this.#tell({ kind: 'store_changed', reason: reason.message });
      },
    });
  }

  /**
   * After an interruption, etcd may have been restored from a backup. The watch would be silent until the revision is
   * reached a second time, so a read looks at the revision.
   */
  #confirm(): void {
    if (!this.#wasInterrupted || this.#isClosed) return;
    this.#wasInterrupted = false;
    this.#options.client.range({ key: this.#keys.leader }).catch((error: Error) => this.#explain('read', error));
  }

  /** The watch has lost events. Reads until there is an answer. */
  #readAgain(): void {
    void this.#read().then(
      (event) => this.#tell(event),
      (error: Error) => {
        if (this.#isClosed) return;
        this.#explain('read', error);
        this.#cancelRetry = this.#options.clock.after(this.#options.retryMs, () => this.#readAgain());
      },
    );
  }

  /** Hands out the state behind each revision. */
  #changed(events: readonly EtcdEvent[]): void {
    for (const [at, event] of events.entries()) {
      const revision = revisionOf(event);
      if (event.kind === 'put') this.#entries.set(event.entry.key, event.entry);
      else this.#entries.delete(event.key);
      const next = events[at + 1];
      if (next === undefined || revisionOf(next) !== revision) this.#handOut(revision);
    }
  }

  #handOut(revision: bigint): void {
    this.#saw(revision);
    try {
      const view = this.#viewOf(this.#entries, revision);
      const isWhole = !this.#isBroken;
      this.#isBroken = false;
      this.#tell({ kind: 'view', view, isWhole, wallMs: this.#options.clock.wallMs() });
    } catch (error) {
      this.#isBroken = true;
      this.#log.error({}, (error as Error).message, SUBJECT);
    }
  }

  #viewOf(entries: ReadonlyMap<string, EtcdEntry>, revision: bigint): View {
    this.#fenceBase = fenceBaseOf(this.#keys, entries);
    this.#leaderships.saw(entries.get(this.#keys.history));
    return viewOf(this.#keys, entries, revision, (error) =>
      this.#log.error({}, error.message, 'a key of the cluster in etcd'),
    );
  }

  /** @throws EtcdDiscontinuity if this node has seen a later state, before it was started. */
  #saw(revision: bigint): void {
    if (revision < BigInt(this.#options.seenRevision))
      throw new EtcdDiscontinuity(
        'revision_went_back',
        `the revision of etcd went back: expected ${this.#options.seenRevision} or later, received ${revision}. Was etcd restored from a backup? Restore its newest state. If the cluster moves to another etcd, stop all nodes, and remove cluster.json in the data directory of each`,
      );
    if (revision > this.#seenRevision) this.#seenRevision = revision;
  }
}

function unchanged(key: string, revision: number | bigint): EtcdCompare {
  return { key, target: 'mod', result: 'equal', than: BigInt(revision) };
}

function putJson(key: string, value: object): EtcdOperation {
  return { kind: 'put', key, value: JSON.stringify(value) };
}

function revisionOf(event: EtcdEvent): bigint {
  return event.kind === 'put' ? event.entry.modRevision : event.modRevision;
}
