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
import type { Clock, LogicalClock } from '../../base/clock.js';
import { NODE_REPORTS_MAX } from '../../base/limits.js';
import { CONTENT_VERSION } from '../../model/content-version.js';
import type { NodeBelow } from '../../model/status.js';
import type { StoreData } from '../../store/data.js';
import type { NodeIdentity } from '../../store/node-identity.js';
import type { Acknowledgement, Handshake, NodeReport } from '../frames.js';
import { AwaitedOffsets } from './awaited-offsets.js';
import { FollowerGuard, type FollowerGuardOptions } from './follower-guard.js';
import { type Report, Reports } from './reports.js';
import { SignsOfLife } from './signs-of-life.js';
import { WriteTimes } from './write-times.js';

/** The parts of the store that this file needs. */
export interface AcknowledgementsStore {
  readonly data: Pick<StoreData, 'isServing' | 'log' | 'position'>;
  readonly clock: Pick<LogicalClock, 'now'>;
  readonly identity: Pick<NodeIdentity, 'nodeId'>;
}

/** A follower's session, as far as it concerns acknowledgements. */
export interface Reporter {
  readonly nodeId: string;
  /** Undefined before it has arrived. */
  readonly handshake: Pick<Handshake, 'nonce' | 'address'> | undefined;
  /** The latest epoch that waits there, or below, with a later history than this node's; 0 if none does. */
  readonly epochWaiting: number;
  /** The least content version of the follower and the nodes below it. */
  readonly contentVersion: number;
  /** Runs when more is awaited than before. */
  ask(): void;
}

const NO_HANDSHAKE = { nonce: '', address: '' };

export class Acknowledgements {
  readonly #store: AcknowledgementsStore;
  readonly #clock: Clock;
  readonly #reporters = new Set<Reporter>();
  readonly #reports = new Reports();
  /** The offsets that somebody waits for. */
  readonly awaited = new AwaitedOffsets(this.#reporters);
  /** The times of the writes, by which lags are known. */
  readonly times: WriteTimes;
  /** The guard of the least number of followers. */
  readonly guard: FollowerGuard;
  /** The signs of life of the leader of a cluster. */
  readonly signs: SignsOfLife;
  readonly #onReports: Array<() => void> = [];
  #onNews: (() => void) | undefined;

  constructor(options: FollowerGuardOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.times = new WriteTimes(options.store, options.clock);
    this.guard = new FollowerGuard(options, this);
    this.signs = new SignsOfLife(options.clock);
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
    this.signs.gone(reporter);
  }

  report(reporter: Reporter, frame: Acknowledgement): void {
    if (!this.#reporters.has(reporter)) return;
    this.times.sample();
    const { nodeId, handshake: { nonce, address } = NO_HANDSHAKE } = reporter;
    const own = { ...frame, nodeId, nonce, address, via: '', ageMs: 0 };
    const standings = [this.#judge(own, '')];
    for (const report of frame.below.slice(0, NODE_REPORTS_MAX))
      if (report.nodeId !== nodeId) standings.push(this.#judge(report, report.via || nodeId));
    const news = standings.some((standing) => this.#isNews(standing));
    this.#reports.tell(reporter, standings);
    this.signs.acknowledged(reporter, frame.signHeard);
    for (const listener of this.#onReports) listener();
    if (news) this.#onNews?.();
  }

  /** `listener` runs after each report, once the report counts. */
  onReport(listener: () => void): void {
    this.#onReports.push(listener);
  }

  /** Whether the upstream waits for this report. */
  #isNews({ nodeId, appendedOffset, durableOffset }: Report): boolean {
    const before = this.#reports.of(nodeId);
    const { above } = this.awaited;
    const beforeAppended = before?.appendedOffset ?? 0;
    const beforeDurable = before?.durableOffset ?? 0;
    return (
      (appendedOffset > beforeAppended && beforeAppended < above.appended) ||
      (durableOffset > beforeDurable && beforeDurable < above.synced)
    );
  }

  #judge(report: NodeReport, via: string): Report {
    const { nodeId, nonce, address, appendedOffset, replicationId, checksum, ageMs } = report;
    return {
      nodeId,
      nonce,
      address,
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
    return latest.map(
      ({ nodeId, nonce, address, via, appendedOffset, durableOffset, replicationId, checksum, heardMs }) => ({
        nodeId,
        nonce,
        address,
        via,
        appendedOffset,
        durableOffset,
        replicationId,
        checksum,
        ageMs: Math.max(0, Math.round(now - heardMs)),
      }),
    );
  }

  /** Nodes that followers report and that do not follow this node themselves. */
  get indirect(): Array<NodeBelow<'below'>> {
    const now = this.#clock.monotonicMs();
    const end = this.#store.data.position.offset;
    const direct = new Set([...this.#reporters].map(({ nodeId }) => nodeId)).add(this.#store.identity.nodeId);
    return [...this.#reports.latest]
      .filter(({ nodeId }) => !direct.has(nodeId))
      .map(({ nodeId, via, address, appendedOffset, durableOffset, heardMs }) => ({
        nodeId,
        address,
        state: 'below',
        appendedOffset,
        durableOffset,
        lagCommands: Math.max(0, end - appendedOffset),
        lagMs: this.times.lagMs(appendedOffset),
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

  /** The least content version of this node and the nodes below it, at any depth. */
  get contentVersion(): number {
    let least = CONTENT_VERSION;
    for (const reporter of this.#reporters) least = Math.min(least, reporter.contentVersion);
    return least;
  }

  /** The reports of other nodes. In a loop, this node would receive reports about itself. */
  get #others(): Report[] {
    const own = this.#store.identity.nodeId;
    return [...this.#reports.latest].filter(({ nodeId }) => nodeId !== own);
  }
}
