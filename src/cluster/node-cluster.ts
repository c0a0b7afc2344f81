/**
 * A node's place in its cluster, put together: the driver, its store, the memory on the disk, and the parts of
 * the node. The node asks here for the status of the cluster, and passes on what people want.
 */
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { ClusterMember, StatusCluster } from '../model/cluster.js';
import type { FailoverReply, FailoverRequest } from '../model/leadership.js';
import type { Replication } from '../replication/replication.js';
import type { Folder } from '../store/folder.js';
import type { Store } from '../store/store.js';
import { Cluster } from './cluster.js';
import { whyMemberCannotLead } from './election.js';
import { ClusterMemory } from './memory.js';
import type { Event } from './messages.js';
import { NodeParts } from './node-parts.js';
import type { ClusterSettings } from './settings.js';
import { holdingOf } from './states.js';
import { nameOf, openStore } from './store-place.js';
import type { LeaderKey, Member, View } from './view.js';

/** The longest wait for the next leader to take writes, behind a switch. */
const TAKEN_MS_MAX = 5_000;

export interface NodeClusterOptions {
  readonly settings: ClusterSettings;
  readonly store: Store;
  readonly replication: Replication;
  /** The data directory. */
  readonly folder: Pick<Folder, 'read' | 'replace'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** host:port at which this node listens. */
  readonly address: string;
  randomBytes(count: number): Buffer;
}

export class NodeCluster {
  readonly #options: NodeClusterOptions;
  /** Ends the connections to the store. */
  #disconnect: () => Promise<void> = () => Promise.resolve();
  #storeId: () => string | undefined = () => undefined;
  readonly #parts: NodeParts;
  readonly #cluster: Cluster;
  /** The fencing number of the last leader that the log names. */
  #namedFence = 0;
  #answeredMs: number | undefined;
  /** Why the store has not answered the last call; empty if it has. */
  #storeFailure = '';

  /**
   * @throws HeadwaterError `corrupt` if the memory on the disk is damaged; `invalid_argument` if it is of another
   *   cluster; `disk_full`.
   */
  static async open(options: NodeClusterOptions): Promise<NodeCluster> {
    const { folder, settings } = options;
    const memory = await ClusterMemory.open(folder, nameOf(settings.place), (count) => options.randomBytes(count));
    return new NodeCluster(options, memory);
  }

  private constructor(options: NodeClusterOptions, memory: ClusterMemory) {
    this.#options = options;
    const { settings, store, replication, clock, logger, address } = options;
    const { place, timing, term } = settings;
    const { proposedClusterId } = memory;
    const required = () => this.#cluster.required;
    const { mode, failsafe, lagMax } = settings;
    this.#parts = new NodeParts({
      settings,
      store,
      replication,
      term,
      clock,
      mode,
      timing,
      proposedClusterId,
      required,
    });
    this.#cluster = new Cluster({
      mode,
      failsafe,
      timing,
      lagMax,
      memory: {
        proposedClusterId,
        seenRevision: memory.seenRevision,
        saw: (revision) => memory.saw(revision, this.#storeId()),
      },
      clock,
      logger,
      nodeId: store.identity.nodeId,
      address: settings.address ?? address,
      parts: this.#parts,
      openStore: (seenRevision, onEvent) => {
        const opened = openStore(place, {
          timing,
          seenRevision,
          storeId: memory.storeId,
          clock,
          logger,
          onEvent: (event) => {
            this.#noted(event);
            onEvent(event);
          },
        });
        this.#disconnect = () => opened.disconnect();
        this.#storeId = () => opened.storeId();
        return opened;
      },
    });
    replication.acknowledgements.signs.listen({
      heard: (epoch) => this.#cluster.heard(epoch),
      acknowledged: (sentMs, nodes) => this.#cluster.acknowledged(sentMs, nodes),
      asks: failsafe,
    });
    term.holder = () => (this.#holdsKey ? '' : (this.#leader?.address ?? ''));
    term.whyNoElection = () => this.#whyNoElection;
  }

  start(): void {
    this.#cluster.start();
  }

  get status(): StatusCluster {
    const { settings, clock } = this.#options;
    const { state, view } = this.#cluster;
    const leader = this.#leader;
    const nowMs = clock.monotonicMs();
    return {
      name: settings.place.name,
      clusterId: view?.clusterId ?? '',
      mode: settings.mode,
      failsafe: settings.failsafe,
      ttlMs: settings.timing.ttlMs,
      state: state.name,
      why: state.name === 'leading' ? '' : this.#why,
      paused: view?.isPaused ?? false,
      fence: view?.last?.fence ?? 0,
      leaderId: leader?.nodeId ?? '',
      leaderAddress: leader?.address ?? '',
      leftMs: state.name === 'leading' ? Math.max(0, Math.round(this.#cluster.deadlineMs - nowMs)) : 0,
      required: settings.mode === 'safe' ? [...(this.#cluster.required ?? [])] : [],
      members: view ? view.members.map((member) => this.#shown(member, view)) : [],
      history: view?.history ?? [],
      needsPerson: this.#cluster.needsPerson,
      storeSilentMs: this.#answeredMs === undefined ? undefined : Math.round(nowMs - this.#answeredMs),
    };
  }

  /** Whether the leader key of the last view is this node's. */
  get #holdsKey(): boolean {
    return this.#cluster.view?.leader?.nodeId === this.#options.store.identity.nodeId;
  }

  /**
   * The present leader, as far as this node knows. The last view says less if the store is silent: a leader whose own
   * deadline has passed leads no more, and another one counts only while something is heard of it.
   */
  get #leader(): LeaderKey | undefined {
    const { clock, settings } = this.#options;
    const { state, view } = this.#cluster;
    const leader = view?.leader;
    if (this.#holdsKey) return holdingOf(state) && leader;
    const heardMs = Math.max(this.#cluster.heardMs, this.#answeredMs ?? Number.NEGATIVE_INFINITY);
    return clock.monotonicMs() - heardMs <= settings.timing.silenceMs ? leader : undefined;
  }

  /** Why this node does not lead. Without the store it learns nothing of the others. */
  get #why(): string {
    const { why } = this.#cluster;
    return this.#storeFailure === '' ? why : `the store of the cluster does not answer: ${this.#storeFailure}`;
  }

  get #whyNoElection(): string {
    return this.#storeFailure !== '' || this.#cluster.needsPerson ? this.#why : '';
  }

  /** Nobody leads after the present leader, until `resume`. The present leader leads on. */
  pause(): Promise<void> {
    return this.#cluster.order({ kind: 'pause' });
  }

  /**
   * Ends a pause, and allows an automatic failover that waits for a person. While a node leads nothing waits, and later
   * failovers have their bounds.
   */
  resume(): Promise<void> {
    const { last } = this.#cluster.view ?? {};
    return this.#cluster.order({ kind: 'resume', allowed: this.#leader ? 0 : (last?.fence ?? 0) });
  }

  /**
   * Gives the leadership to another node. Resolves when that node takes writes.
   * @throws HeadwaterError `failover_failed` if this node stays the leader, or did not lead.
   */
  async switchTo({ to }: Pick<FailoverRequest, 'to'>): Promise<FailoverReply> {
    const { clock, store, address } = this.#options;
    const { state, view } = this.#cluster;
    if (state.name !== 'leading' || !view) throw this.#notLeading(view);
    const target = this.#target(to, view);
    const beganMs = clock.monotonicMs();
    await this.#cluster.switchTo(target.nodeId);
    await this.#taken(state.fence);
    return {
      oldLeader: address,
      newLeader: target.address,
      newLeaderId: target.nodeId,
      pauseMs: Math.round(clock.monotonicMs() - beganMs),
      followersMoved: Math.max(0, view.members.length - 2),
      offset: store.data.position.offset,
    };
  }

  /** Resolves when the leader behind this fencing number takes writes, or too late. */
  async #taken(fence: number): Promise<void> {
    const { clock, replication } = this.#options;
    const { link } = replication;
    const late = new AbortController();
    const cancel = clock.after(TAKEN_MS_MAX, () => late.abort());
    while (!late.signal.aborted && link.reports.epoch <= fence) await link.told.rungAfter(link.told.rings, late.signal);
    cancel();
  }

  /** Gives the leadership back to the cluster before a stop, once all writes are answered. */
  async leave(withinMs: number): Promise<void> {
    const over = AbortSignal.timeout(Math.max(1, Math.round(withinMs / 2)));
    if (this.#cluster.state.name === 'leading') await this.#parts.whenNobodyWaits(over).catch(() => {});
    await this.#cluster.leave(withinMs);
  }

  async close(): Promise<void> {
    await this.#cluster.close();
    await this.#disconnect();
  }

  #shown(member: Member, view: View): ClusterMember {
    const { nodeId, address, offset, durableOffset, historyFence } = member;
    const cannotLead = whyMemberCannotLead(member, view);
    return { nodeId, address, offset, durableOffset, historyFence, cannotLead };
  }

  #noted(event: Event): void {
    const { clock, logger } = this.#options;
    if (event.kind === 'failed') this.#storeFailure = event.reason ?? '';
    else {
      this.#answeredMs = clock.monotonicMs();
      this.#storeFailure = '';
    }
    if (event.kind !== 'view') return;
    const { leader } = event.view;
    if (!leader || leader.fence <= this.#namedFence) return;
    const { fence, nodeId, address, reason } = leader;
    this.#namedFence = fence;
    logger.info(
      { event: 'cluster_leader', leader: address, node_id: nodeId, fence, reason },
      `${address} leads the cluster under the number ${fence} (${reason})`,
    );
  }

  /** The member that a person names. */
  #target(to: string, { members }: View): Member {
    const ownId = this.#options.store.identity.nodeId;
    const others = members.filter(({ nodeId }) => nodeId !== ownId);
    const name = to === '' ? this.#options.replication.followers.target('').nodeId : to;
    const exact = others.find(({ nodeId, address }) => nodeId === name || address === name);
    const found = exact ? [exact] : others.filter(({ nodeId }) => nodeId.startsWith(name));
    const [target] = found;
    if (target && found.length === 1) return target;
    const known = others.map(({ nodeId, address }) => `${address} (${nodeId})`).join(', ') || 'none';
    throw new HeadwaterError(
      'failover_failed',
      `expected the address or the node ID of another node of the cluster, received ${JSON.stringify(name)}; the others are ${known}`,
    );
  }

  #notLeading(view: View | undefined): HeadwaterError {
    const leader = view?.leader;
    if (!leader)
      return new HeadwaterError(
        'failover_failed',
        `the cluster has no leader now: ${this.#cluster.why || 'look again'}`,
      );
    return new HeadwaterError(
      'failover_failed',
      `this node does not lead the cluster: ${leader.address} does. Send the switch to that node`,
      { details: { leader: leader.address } },
    );
  }
}
