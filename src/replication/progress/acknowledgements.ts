/**
 * Acknowledgements of all nodes below, followers of followers included. They
 * serve writes that wait for followers (durability.ts), the guard of the least
 * number of followers, and the lag in a status. On a middle node they also go
 * on to its upstream.
 *
 * Awaited acknowledgements are requested. The feeds flag the blocks that
 * somebody waits for, and ask again about blocks that were sent before.
 *
 * A report counts only if it is of this node's history, by its replication ID
 * and, if memory still has it, by the running checksum. The judgement happens
 * when the report arrives, since a session never outlives the log that it was
 * judged by.
 */
import type { Clock } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import { MAX_LAG_MS, NODE_REPORTS_MAX } from '../../base/limits.js';
import type { Store } from '../../store/store.js';
import type { Acknowledgement, NodeReport } from '../frames.js';
import { type Report, Reports } from './reports.js';
import { WriteTimes } from './write-times.js';

export interface AcknowledgementsOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** The number of followers within the lag that a leader needs to take writes; 0 disables the guard. */
  readonly minFollowers?: number;
  readonly maxLagMs?: number;
}

/** A follower's session, as far as it concerns acknowledgements. */
export interface Reporter {
  readonly nodeId: string;
  readonly nonce: string;
  /** The latest epoch that waits there, or below, with a later history than this node's; 0 if none does. */
  readonly epochWaiting: number;
  /** Runs when more is awaited than before. */
  ask(): void;
}

/** Offsets up to which somebody waits for blocks to be appended below, and to be durable there. */
export interface Awaited {
  readonly appended: number;
  readonly synced: number;
}

const NOTHING: Awaited = { appended: 0, synced: 0 };

/** The progress of a node below, for a status. */
export interface NodeBelow<State extends string> {
  readonly nodeId: string;
  /** host:port; empty if the node does not listen, or if only its own upstream knows the address. */
  readonly address: string;
  readonly state: State;
  readonly appendedOffset: number;
  readonly durableOffset: number;
  readonly lagCommands: number;
  /** The age of the oldest write that the node has not acknowledged, in milliseconds. */
  readonly lagMs: number;
  /** The ID of the follower that reports the node; empty for a follower itself. */
  readonly via: string;
  /** Milliseconds since the node was last heard from. */
  readonly silentMs: number;
}

export class Acknowledgements {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly minFollowers: number;
  readonly maxLagMs: number;
  readonly #reporters = new Set<Reporter>();
  readonly #reports = new Reports();
  readonly #times: WriteTimes;
  #awaited = NOTHING;
  /** The part of the awaited offsets that the upstream has asked for. */
  #awaitedAbove = NOTHING;
  #asking = false;
  #onReport = () => {};
  #onNews: (() => void) | undefined;

  constructor(options: AcknowledgementsOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.minFollowers = options.minFollowers ?? 0;
    this.maxLagMs = options.maxLagMs ?? MAX_LAG_MS;
    this.#times = new WriteTimes(options.store, options.clock);
    if (this.minFollowers > 0) this.#store.writes.guard(() => this.#tooFew());
  }

  // ---- requests ---------------------------------------------------------------

  /** The awaited offsets. A feed that sends blocks up to them asks for an acknowledgement at once. */
  get awaited(): Awaited {
    return this.#awaited;
  }

  /** The upstream wants to know as soon as nodes below have blocks up to `offset`. */
  awaitedAbove(offset: number, { acknowledge, sync }: { acknowledge: boolean; sync: boolean }): void {
    const awaited = { appended: acknowledge ? offset : 0, synced: sync ? offset : 0 };
    this.#awaitedAbove = furthest(this.#awaitedAbove, awaited);
    this.awaitBelow(awaited);
  }

  /** Raises the awaited offsets, and asks the followers that have been sent such blocks already. */
  awaitBelow(wanted: Awaited): void {
    const awaited = furthest(this.#awaited, wanted);
    if (awaited.appended === this.#awaited.appended && awaited.synced === this.#awaited.synced) return;
    this.#awaited = awaited;
    if (this.#asking || this.#reporters.size === 0) return;
    this.#asking = true;
    // All requests of this turn become one.
    queueMicrotask(() => {
      this.#asking = false;
      for (const reporter of this.#reporters) reporter.ask();
    });
  }

  /** Drops the awaited offsets, since this node leads no more and every wait has failed. */
  awaitNothing(): void {
    this.#awaited = this.#awaitedAbove = NOTHING;
  }

  // ---- reports ----------------------------------------------------------------

  /** A follower's session has begun. */
  begin(reporter: Reporter): void {
    this.#reporters.add(reporter);
  }

  /** A follower's session has ended, and its reports count no more. */
  end(reporter: Reporter): void {
    this.#reporters.delete(reporter);
    this.#reports.end(reporter);
  }

  report(reporter: Reporter, frame: Acknowledgement): void {
    if (!this.#reporters.has(reporter)) return;
    this.#times.sample();
    const { nodeId, nonce } = reporter;
    const own = { ...frame, nodeId, nonce, ageMs: 0 };
    const standings = [this.#judge(own, '')];
    for (const report of frame.below.slice(0, NODE_REPORTS_MAX))
      if (report.nodeId !== nodeId) standings.push(this.#judge(report, nodeId));
    const news = standings.some((standing) => this.#isNews(standing));
    this.#reports.tell(reporter, standings);
    this.#onReport();
    if (news) this.#onNews?.();
  }

  /** `listener` runs after each report, once the report counts. */
  onReport(listener: () => void): void {
    this.#onReport = listener;
  }

  /** Whether the upstream waits for this report. */
  #isNews({ nodeId, appendedOffset, durableOffset }: Report): boolean {
    const before = this.#reports.of(nodeId);
    const above = this.#awaitedAbove;
    const beforeAppended = before?.appendedOffset ?? 0;
    const beforeDurable = before?.durableOffset ?? 0;
    return (
      (appendedOffset > beforeAppended && beforeAppended < above.appended) ||
      (durableOffset > beforeDurable && beforeDurable < above.synced)
    );
  }

  #judge(report: NodeReport, via: string): Report {
    const { nodeId, nonce, appendedOffset, replicationId, checksum, ageMs } = report;
    return {
      nodeId,
      nonce,
      via,
      appendedOffset,
      durableOffset: Math.min(report.durableOffset, appendedOffset),
      replicationId,
      checksum,
      heardMs: this.#clock.monotonicMs() - ageMs,
      counts: this.#isOurs(appendedOffset, replicationId, checksum),
    };
  }

  #isOurs(offset: number, replicationId: string, checksum: number): boolean {
    const store = this.#store;
    if (!store.data.isServing || offset > store.data.position.offset) return false;
    if (store.data.log.history.lineage.replicationIdAt(offset) !== replicationId) return false;
    const known = store.data.log.lookup.knownChecksumAt(offset);
    return known === undefined || known === checksum;
  }

  // ---- reports for the upstream -----------------------------------------------

  /** `listener` runs at each report that the upstream waits for. The function returned ends that. */
  onNews(listener: () => void): () => void {
    this.#onNews = listener;
    return () => {
      if (this.#onNews === listener) this.#onNews = undefined;
    };
  }

  /** The last report of each node below. If there are too many, the nodes furthest along are kept. */
  get below(): NodeReport[] {
    const now = this.#clock.monotonicMs();
    const latest = this.#others;
    if (latest.length > NODE_REPORTS_MAX) {
      latest.sort((a, b) => b.appendedOffset - a.appendedOffset);
      latest.length = NODE_REPORTS_MAX;
    }
    return latest.map(({ nodeId, nonce, appendedOffset, durableOffset, replicationId, checksum, heardMs }) => ({
      nodeId,
      nonce,
      appendedOffset,
      durableOffset,
      replicationId,
      checksum,
      ageMs: Math.max(0, Math.round(now - heardMs)),
    }));
  }

  /** Nodes that followers report and that do not follow this node themselves. */
  get indirect(): Array<NodeBelow<'below'>> {
    const now = this.#clock.monotonicMs();
    const end = this.#store.data.position.offset;
    const direct = new Set([...this.#reporters].map(({ nodeId }) => nodeId)).add(this.#store.identity.nodeId);
    return [...this.#reports.latest]
      .filter(({ nodeId }) => !direct.has(nodeId))
      .map(({ nodeId, via, appendedOffset, durableOffset, heardMs }) => ({
        nodeId,
        address: '',
        state: 'below',
        appendedOffset,
        durableOffset,
        lagCommands: Math.max(0, end - appendedOffset),
        lagMs: this.lagMs(appendedOffset),
        via,
        silentMs: Math.max(0, Math.round(now - heardMs)),
      }));
  }

  /** The number of nodes below that have reported, whether or not their reports count. */
  get nodesBelow(): number {
    return this.#others.length;
  }

  /** The reports of nodes below that count. This node itself is never among them. */
  get counting(): Report[] {
    return this.#others.filter(({ counts }) => counts);
  }

  /**
   * The latest epoch of the nodes that wait below this node, at any depth, with a
   * later history than its own; 0 if none does.
   */
  get epochWaiting(): number {
    let epoch = 0;
    for (const reporter of this.#reporters) epoch = Math.max(epoch, reporter.epochWaiting);
    return epoch;
  }

  /** The reports of other nodes. In a loop, this node would receive reports about itself. */
  get #others(): Report[] {
    const own = this.#store.identity.nodeId;
    return [...this.#reports.latest].filter(({ nodeId }) => nodeId !== own);
  }

  // ---- lag --------------------------------------------------------------------

  /** The age of the oldest write that a node at `offset` does not have, in milliseconds. */
  lagMs(offset: number): number {
    return this.#times.lagMs(offset);
  }

  /** The leader's time up to which a node that was sent everything up to `offset` has every write; 0 if unknown. */
  levelMs(offset: number): number {
    return this.#times.levelMs(offset);
  }

  /** Samples the end of the log. Regular calls keep the lag of far-behind nodes known. */
  sample(): void {
    this.#times.sample();
  }

  /**
   * The number of nodes below, at any depth, that were heard from and have
   * acknowledged all but the last `maxLagMs`.
   */
  get followersWithinLag(): number {
    const now = this.#clock.monotonicMs();
    const { maxLagMs } = this;
    return this.counting.filter(
      ({ appendedOffset, heardMs }) => now - heardMs <= maxLagMs && this.lagMs(appendedOffset) <= maxLagMs,
    ).length;
  }

  /** The reason why no write may be taken now. */
  #tooFew(): HeadwaterError | undefined {
    const followers = this.followersWithinLag;
    const { minFollowers, maxLagMs } = this;
    if (followers >= minFollowers) return undefined;
    return new HeadwaterError(
      'too_few_followers',
      `this leader takes no writes: expected ${minFollowers} followers within ${maxLagMs} ms, found ${followers} (--min-followers, --max-lag)`,
      {
        details: {
          followers: String(followers),
          min_followers: String(minFollowers),
          max_lag_ms: String(maxLagMs),
        },
      },
    );
  }
}

function furthest(a: Awaited, b: Awaited): Awaited {
  return { appended: Math.max(a.appended, b.appended), synced: Math.max(a.synced, b.synced) };
}
