/**
 * A Lease of Kubernetes as the store of a cluster: carries out the calls of the machine (messages.ts), and hands out its
 * views. All of the cluster is one object. A write replaces the object as this node has read it, and is refused if
 * somebody has written since. So every change is one transaction.
 *
 * Kubernetes ends no lease. A node takes a lease for ended if its record has not changed for the time to live. The time
 * counts by the node's own monotonic clock, from the moment at which it saw the last change. No time that another machine wrote
 * counts. The node sees later than the holder wrote, so a holder that cannot renew has stopped before.
 *
 * The object is read again and again. A read may skip revisions, and no sign of life with them: each record stays until its
 * node writes another one. So the views are whole.
 */
import { randomBytes } from 'node:crypto';
import { doubledMs } from '../base/back-off.js';
import { type Clock, sleep } from '../base/clock.js';
import { CONFLICT_WAIT_MS_MAX, CONFLICT_WAIT_MS_MIN, LEASE_RECENT_MS } from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { RepeatedLog } from '../base/repeated-log.js';
import type { ClusterStore, Order } from './cluster.js';
import type { LeaseApi, LeaseObject } from './kubernetes/api.js';
import { contentOf, leaseWith } from './kubernetes/content.js';
import { KubernetesFailure, LeaseDiscontinuity } from './kubernetes/errors.js';
import { type Change, type Decision, decide, ordered, withoutLease } from './lease-changes.js';
import type { Call, CallKind, Event } from './messages.js';
import { EMPTY_VIEW, type View } from './view.js';

export interface LeaseStoreOptions {
  readonly api: Pick<LeaseApi, 'get' | 'create' | 'update'>;
  readonly namespace: string;
  readonly name: string;
  /** The time to live of the leases of this node. */
  readonly ttlMs: number;
  /** The longest time of a call, over all its requests. */
  readonly requestMs: number;
  /** The time between two reads. */
  readonly pollMs: number;
  /** The highest revision that this node has ever seen. */
  readonly seenRevision: number;
  readonly clock: Clock;
  /** Between 0 and 1, for the wait after a conflict. */
  random(): number;
  readonly logger: Logger;
  /** Never called within `begin`. */
  readonly onEvent: (event: Event) => void;
}

/** The Lease as it was read or written. Without a `resourceVersion`, it is not there yet. */
interface Known {
  readonly lease: LeaseObject;
  readonly view: View;
  /** The content was this one at that time, by the monotonic clock: the request was sent then. */
  readonly atMs: number;
}

/** The last change of a lease that this node has seen. */
interface Seen {
  readonly revision: number;
  readonly atMs: number;
}

/** The subject of the log. */
const SUBJECT = 'the Lease of the cluster';

export class LeaseStore implements ClusterStore {
  readonly #options: LeaseStoreOptions;
  readonly #log: RepeatedLog;
  /** The latest state; undefined before the first. */
  #known: Known | undefined;
  readonly #seen = new Map<string, Seen>();
  /** The leases of this node, and whether a record was written for each. */
  readonly #own = new Map<string, boolean>();
  #seenRevision: number;
  /** The last view that was handed out, as text. */
  #told = '';
  #isPolling = false;
  #isClosed = false;
  #cancelPoll: () => void = () => {};

  constructor(options: LeaseStoreOptions) {
    this.#options = options;
    this.#log = RepeatedLog.of(options);
    this.#seenRevision = options.seenRevision;
  }

  get seenRevision(): number {
    return this.#seenRevision;
  }

  begin(call: Call): void {
    void this.#carryOut(call, this.#deadlineMs()).then(
      (event) => {
        this.#log.ends(SUBJECT);
        this.#tell(event);
        if (this.#isPolling) this.#handOut();
      },
      (error: Error) => {
        this.#tell({ kind: 'failed', call: call.kind, reason: error.message });
        this.#explain(call.kind, error);
      },
    );
  }

  /** Carries out the wish of a person. Rejects if the server does not answer: the wish may stand there all the same. */
  async order(order: Order): Promise<void> {
    await this.#transact(
      () => ({ change: (revision) => ordered(order, revision), answer: nothing }),
      this.#deadlineMs(),
    );
    this.#handOut();
  }

  /** Ends the lease of a node that leaves, so that nobody waits for it. */
  async endLease(lease: string): Promise<void> {
    this.#own.delete(lease);
    await this.#transact((view) => ({ change: () => withoutLease(lease, view), answer: nothing }), this.#deadlineMs());
  }

  /** Hands out nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#cancelPoll();
  }

  #deadlineMs(): number {
    return this.#options.clock.monotonicMs() + this.#options.requestMs;
  }

  #carryOut(call: Call, deadlineMs: number): Promise<Event> {
    switch (call.kind) {
      case 'grant':
        return this.#grant(deadlineMs);
      case 'keep_alive':
        return this.#keepAlive(call.lease, deadlineMs);
      case 'read':
        return this.#read(deadlineMs);
      default:
        return this.#change(call, deadlineMs);
    }
  }

  // ---- leases -----------------------------------------------------------------------

  /** A lease begins with the first record on it. */
  async #grant(deadlineMs: number): Promise<Event> {
    const askedMs = this.#options.clock.monotonicMs();
    await this.#fetch(deadlineMs);
    const lease = randomBytes(8).toString('hex');
    this.#own.set(lease, false);
    return { kind: 'granted', askedMs, lease, ttlMs: this.#options.ttlMs };
  }

  /** The record that follows renews the lease. A record that is gone, or is another's, has ended it. */
  async #keepAlive(lease: string, deadlineMs: number): Promise<Event> {
    const askedMs = this.#options.clock.monotonicMs();
    const { view } = await this.#fetch(deadlineMs);
    const isRecorded = view.members.some((member) => member.lease === lease);
    if (!this.#own.has(lease) || (this.#own.get(lease) && !isRecorded)) {
      this.#own.delete(lease);
      return { kind: 'lease_unknown', call: 'keep_alive', lease };
    }
    return { kind: 'kept', askedMs, lease, ttlMs: this.#options.ttlMs };
  }

  async #change(call: Change, deadlineMs: number): Promise<Event> {
    const { clock } = this.#options;
    const event = await this.#transact(
      (view) =>
        this.#hasEnded(call) ??
        decide(call, view, (lease) => this.#lives(lease, view, clock.monotonicMs()), clock.wallMs()),
      deadlineMs,
    );
    if (event.kind === 'published') this.#own.set(event.lease, true);
    return event;
  }

  /** A node that leaves may end its lease while it writes its record. The record must not come back then. */
  #hasEnded(call: Change): Decision | undefined {
    if (call.kind !== 'publish' || this.#own.has(call.record.lease)) return undefined;
    return { answer: () => ({ kind: 'lease_unknown', call: 'publish', lease: call.record.lease }) };
  }

  /**
   * A lease whose last change this node has not seen yet lives.
   * @param atMs the time at which the content was certainly as in `view`.
   */
  #lives(lease: string, { leader, members }: View, atMs: number): boolean {
    const seen = this.#seen.get(lease);
    const record = members.find((member) => member.lease === lease);
    if (!seen || (record && record.revision !== seen.revision)) return true;
    return atMs - seen.atMs < Math.max(this.#options.ttlMs, leader?.ttlMs ?? 0);
  }

  /** Notes when each lease has changed, at the time of the answer: it was written before. */
  #observe({ members, leader }: View): void {
    const nowMs = this.#options.clock.monotonicMs();
    const present = new Map(members.map(({ lease, revision }) => [lease, revision]));
    if (leader && !present.has(leader.lease)) present.set(leader.lease, this.#seen.get(leader.lease)?.revision ?? 0);
    for (const [lease, revision] of present)
      if (this.#seen.get(lease)?.revision !== revision) this.#seen.set(lease, { revision, atMs: nowMs });
    for (const lease of this.#seen.keys()) if (!present.has(lease)) this.#seen.delete(lease);
  }

  // ---- reads and writes ---------------------------------------------------------------

  /**
   * Writes a change. If another node was faster, the change is decided again. A decision without a change is one on a
   * content that was just read.
   */
  async #transact(decision: (view: View) => Decision, deadlineMs: number): Promise<Event> {
    const before = this.#recent;
    let isFresh = before === undefined;
    let conflicts = 0;
    try {
      let known = before ?? (await this.#fetch(deadlineMs));
      for (;;) {
        const { change, answer, base = 0 } = decision(known.view);
        const revision = Math.max(known.view.revision, base) + 1;
        if (!change && isFresh) return answer(revision);
        if (change && (await this.#write(known, { ...known.view, ...change(revision), revision }, deadlineMs)))
          return answer(revision);
        if (change) await this.#letOthersWrite(++conflicts, deadlineMs);
        known = await this.#fetch(deadlineMs);
        isFresh = true;
      }
    } catch (error) {
      throw conflicts > 0 && error instanceof KubernetesFailure ? afterConflicts(error, conflicts) : error;
    }
  }

  /** The content, unless it was read so long ago that another node may well have written since. */
  get #recent(): Known | undefined {
    const known = this.#known;
    return known && this.#options.clock.monotonicMs() - known.atMs <= LEASE_RECENT_MS ? known : undefined;
  }

  /**
   * Nodes that were started together renew together. Without a wait of chance, each of their writes would be refused once
   * for each node before it: 20 nodes made 3,600 writes a minute, nine of ten of them in vain (measured).
   */
  async #letOthersWrite(conflicts: number, deadlineMs: number): Promise<void> {
    const { clock, random } = this.#options;
    const longestMs = doubledMs(CONFLICT_WAIT_MS_MIN, conflicts - 1, CONFLICT_WAIT_MS_MAX);
    const leftMs = deadlineMs - clock.monotonicMs();
    await sleep(clock, Math.min(random() * longestMs, Math.max(0, leftMs)));
  }

  async #write({ lease }: Known, view: View, deadlineMs: number): Promise<boolean> {
    const { api, clock } = this.#options;
    const atMs = clock.monotonicMs();
    const next = leaseWith(lease, view, clock.wallMs());
    const written =
      lease.metadata.resourceVersion === undefined
        ? await api.create(next, deadlineMs)
        : await api.update(next, deadlineMs);
    if (written === 'conflict') return false;
    this.#took({ lease: written, view, atMs });
    return true;
  }

  /** @throws LeaseDiscontinuity if the Lease is an older one than this node has seen. */
  async #fetch(deadlineMs: number): Promise<Known> {
    const { api, namespace, name, clock } = this.#options;
    const floor = this.#seenRevision;
    const atMs = clock.monotonicMs();
    const lease = await api.get(deadlineMs);
    const none: LeaseObject = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace } };
    const known = lease ? { lease, view: contentOf(lease), atMs } : { lease: none, view: EMPTY_VIEW, atMs };
    if (known.view.revision < floor)
      throw new LeaseDiscontinuity(
        `the Lease ${namespace}/${name} went back: expected revision ${floor} or later, received ${lease ? known.view.revision : 'no Lease'}. Was it deleted, or Kubernetes restored from a backup? Give the cluster a new name`,
      );
    return this.#took(known);
  }

  /** Answers may overtake each other. @returns the latest state. */
  #took(known: Known): Known {
    const { revision } = known.view;
    const before = this.#known;
    if (before && (revision < before.view.revision || (revision === before.view.revision && known.atMs < before.atMs)))
      return before;
    this.#known = known;
    this.#seenRevision = Math.max(this.#seenRevision, revision);
    this.#observe(known.view);
    return known;
  }

  // ---- views ------------------------------------------------------------------------

  async #read(deadlineMs: number): Promise<Event> {
    const known = await this.#fetch(deadlineMs);
    const isWhole = this.#isPolling;
    if (!this.#isPolling && !this.#isClosed) {
      this.#isPolling = true;
      this.#pollLater();
    }
    return { kind: 'view', view: this.#living(known), isWhole, wallMs: this.#options.clock.wallMs() };
  }

  #pollLater(): void {
    const { clock, pollMs } = this.#options;
    this.#cancelPoll = clock.after(pollMs, () => void this.#poll());
  }

  async #poll(): Promise<void> {
    try {
      await this.#fetch(this.#deadlineMs());
      this.#handOut();
    } catch (error) {
      this.#explain('read', error as Error);
    }
    if (!this.#isClosed) this.#pollLater();
  }

  /** Hands out the latest state, if it is another one, or if leases have ended. */
  #handOut(): void {
    if (!this.#known) return;
    const view = this.#living(this.#known);
    const text = JSON.stringify(view);
    if (text === this.#told) return;
    this.#told = text;
    this.#tell({ kind: 'view', view, isWhole: true, wallMs: this.#options.clock.wallMs() });
  }

  /** The content without the leases that have ended. */
  #living({ view, atMs }: Known): View {
    const { leader, members } = view;
    const lives = (lease: string) => this.#lives(lease, view, atMs);
    return {
      ...view,
      leader: leader && lives(leader.lease) ? leader : undefined,
      members: members.filter(({ lease }) => lives(lease)),
    };
  }

  #tell(event: Event): void {
    if (!this.#isClosed) this.#options.onEvent(event);
  }

  #explain(kind: CallKind, error: Error): void {
    if (this.#isClosed) return;
    this.#log.warn({}, `the call ${kind} to the store of the cluster failed: ${error.message}`, SUBJECT);
    if (error instanceof LeaseDiscontinuity) this.#tell({ kind: 'store_changed', reason: error.message });
  }
}

/** The time of a call is over sooner if other nodes write too: each of their writes costs it two requests. */
function afterConflicts({ code, message }: KubernetesFailure, conflicts: number): KubernetesFailure {
  const times = conflicts === 1 ? 'once' : `${conflicts} times`;
  return new KubernetesFailure(code, `${message}. Before that, another node wrote first ${times}`);
}

/** The answer to a person, who needs no event. */
function nothing(): Event {
  return { kind: 'tick' };
}
