/**
 * The parts of a node that its cluster moves: the store, which leads and follows, and the replication, which knows the
 * followers. The cluster itself knows neither (cluster.ts).
 */
import { unlessAborted } from '../base/abort.js';
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { RequiredNodes } from '../replication/progress/required-nodes.js';
import type { Replication } from '../replication/replication.js';
import type { LeadershipTerm } from '../store/leadership-term.js';
import type { Elected } from '../store/roles.js';
import type { Store } from '../store/store.js';
import type { ClusterParts } from './cluster.js';
import type { ClusterMode } from './election.js';
import type { ClusterSettings } from './settings.js';
import type { Timing } from './timing.js';
import type { LeaderKey } from './view.js';

/** The longest time for which writes wait for the target of a planned switch. */
const HOLD_MS_MAX = 5_000;

/** The longest time for which writes wait behind a switch, until this node knows where to send them. */
const GATE_MS_MAX = 2_000;

/** The time for which a write waits for a node without a session, before that node leaves the sync set. */
const AWAY_MS = 100;

export interface NodePartsOptions {
  readonly store: Store;
  readonly replication: Replication;
  readonly term: LeadershipTerm;
  readonly clock: Clock;
  readonly mode: ClusterMode;
  readonly timing: Timing;
  readonly settings: Pick<ClusterSettings, 'seedFrom'>;
  /** The ID of the cluster that this node founds if there is none. */
  readonly proposedClusterId: string;
  /** The nodes that must have a write before it is answered; undefined if none may be answered. */
  required(): ReadonlySet<string> | undefined;
}

export class NodeParts implements ClusterParts {
  readonly #options: NodePartsOptions;
  /** The answers that wait for other nodes. Undefined in the mode `available`. */
  readonly #answers: RequiredNodes | undefined;
  #cancelRelease = () => {};

  constructor(options: NodePartsOptions) {
    this.#options = options;
    if (options.mode !== 'safe') return;
    const { acknowledgements } = options.replication;
    const answers = new RequiredNodes({ ...options, acknowledgements });
    options.store.writes.guards.holdAnswers((offset) => answers.reach(offset));
    this.#answers = answers;
  }

  get term(): LeadershipTerm {
    return this.#options.term;
  }

  get self(): ClusterParts['self'] {
    const { data, identity } = this.#options.store;
    const { position, lineage, durableOffset } = data.progress;
    return {
      historyFence: lineage.at(position.offset)?.epoch ?? 0,
      offset: position.offset,
      durableOffset,
      clusterId: identity.clusterId,
      cannotLead: this.#cannotLead,
    };
  }

  get followers(): ClusterParts['followers'] {
    const answers = this.#answers;
    if (!answers) return { level: [], slow: [] };
    return {
      level: answers.level,
      slow: answers.slow({ awayMs: AWAY_MS, connectedMs: this.#options.timing.requestMs }),
    };
  }

  get diskWaitMs(): number {
    return this.#options.store.writes.waits.currentMs;
  }

  async lead(elected: Elected): Promise<void> {
    this.#cancelRelease();
    const { store, replication, proposedClusterId } = this.#options;
    await replication.elected.lead(elected, proposedClusterId);
    this.#answers?.begin(store.data.position.offset);
  }

  settled(): Promise<void> {
    return this.#options.replication.elected.standDown();
  }

  follow({ address }: LeaderKey): Promise<void> {
    this.#cancelRelease();
    return this.#options.replication.elected.follow(address);
  }

  async hold(nodeId: string, signal: AbortSignal): Promise<void> {
    const { replication, clock } = this.#options;
    const late = new AbortController();
    const message = `the node ${nodeId} did not have all writes within ${HOLD_MS_MAX} ms`;
    const cancel = clock.after(HOLD_MS_MAX, () => late.abort(new HeadwaterError('deadline_exceeded', message)));
    const over = AbortSignal.any([signal, late.signal]);
    try {
      await replication.elected.hold(nodeId, over);
      await unlessAborted(this.whenNobodyWaits(over), over);
    } finally {
      cancel();
    }
  }

  /** Lets writes continue. Behind a leadership they wait for a moment, until this node follows the next leader. */
  release(): void {
    const { replication, clock, term } = this.#options;
    this.#cancelRelease();
    if (!term.ended) replication.elected.release();
    else this.#cancelRelease = clock.after(GATE_MS_MAX, () => replication.elected.release());
  }

  answer(): void {
    this.#answers?.look();
  }

  close(): void {
    this.#cancelRelease();
    this.#options.store.announceClose();
  }

  /** Resolves when no write waits for other nodes. */
  async whenNobodyWaits(signal: AbortSignal): Promise<void> {
    await this.#answers?.whenNobodyWaits(signal);
    await this.#options.replication.durability.whenNobodyWaits(signal);
  }

  /** Why the node may not lead, whatever the others are; empty if it may. */
  get #cannotLead(): string {
    const { data, identity, damage, settings, space, writes } = this.#options.store;
    if (settings.maintenance.isDraining) return 'this node is about to be stopped ("headwater drain")';
    if (damage.message !== '') return `this node has damaged data: ${damage.message}. Run "headwater repair" there`;
    if (!data.isServing) return `this node serves no data: ${data.notServing?.message ?? 'the store is not open'}`;
    if (writes.waits.currentMs > this.#options.timing.ttlMs)
      return `this node waits for its disk: ${writes.waits.message}`;
    const { seedFrom } = this.#options.settings;
    // An empty node would found an empty cluster, and the data of that place would be on no node.
    if (seedFrom !== undefined && identity.clusterId === '' && data.position.offset === 0)
      return `this node is empty, though it was started with --seed-from ${seedFrom}. Empty its data directory and start it again, or start it without --seed-from`;
    return space.refusal ? `this node takes no writes: ${space.refusal.message}` : '';
  }
}
