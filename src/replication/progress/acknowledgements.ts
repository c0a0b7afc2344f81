/**
 * What every node below has acknowledged, followers of followers included, for
 * those who go by it: writers that wait for followers (durability.ts), the
 * guard of the least number of followers, the lag that a status shows, and on a
 * node in the middle its upstream, to which the reports go on. What is awaited
 * is asked for: the feeds flag the blocks that somebody waits for, and ask once
 * more where those were sent already.
 *
 * A report counts only for the history that this node is in, by its replication
 * ID and, where memory still tells it, by the running checksum. It is judged
 * when it comes: a session never outlives the log that it was judged by.
 */
import type { Clock } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import { MAX_LAG_MS, NODE_REPORTS_MAX } from '../../base/limits.js';
import type { Store } from '../../store/store.js';
import type { Acknowledgement, NodeReport } from '../../wire/up-frames.js';
import { type Report, Reports } from './reports.js';
import { WriteTimes } from './write-times.js';

export interface AcknowledgementsOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** A leader takes writes only while so many followers are within the lag; 0: always. */
  readonly minFollowers?: number;
  readonly maxLagMs?: number;
}

/** A follower's session, as far as it is asked and heard here. */
export interface Reporter {
  readonly nodeId: string;
  readonly nonce: string;
  /** The latest epoch that waits there, or below, with a later history than this node's; 0 if none does. */
  readonly epochWaiting: number;
  /** More is awaited than before. */
  ask(): void;
}

/** Offsets up to which it is awaited that blocks are appended below, and durable. */
export interface Awaited {
  readonly appended: number;
  readonly synced: number;
}

const NOTHING: Awaited = { appended: 0, synced: 0 };

/** How a node below stands, for a status. */
export interface NodeBelow<State extends string> {
  readonly nodeId: string;
  /** host:port; empty where it does not listen, or only its own upstream knows. */
  readonly address: string;
  readonly state: State;
  readonly appendedOffset: number;
  readonly durableOffset: number;
  readonly lagCommands: number;
  /** How long ago the oldest write was made that it has not acknowledged. */
  readonly lagMs: number;
  /** The ID of the follower that reports it; empty of a follower itself. */
  readonly via: string;
  /** How long ago it was heard from last. */
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
  /** The part of it that the upstream has asked for. */
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
    if (this.minFollowers > 0) this.#store.guardWrites(() => this.#tooFew());
  }

  // ---- asking -----------------------------------------------------------------

  /** Blocks up to here are awaited: whoever sends them asks for an acknowledgement at once. */
  get awaited(): Awaited {
    return this.#awaited;
  }

  /** The upstream wants to hear about blocks up to `offset` as soon as nodes below have them. */
  awaitedAbove(offset: number, { acknowledge, sync }: { acknowledge: boolean; sync: boolean }): void {
    const awaited = { appended: acknowledge ? offset : 0, synced: sync ? offset : 0 };
    this.#awaitedAbove = furthest(this.#awaitedAbove, awaited);
    this.awaitBelow(awaited);
  }

  /** Somebody waits for blocks up to there; asks those who have been sent them already. */
  awaitBelow(wanted: Awaited): void {
    const awaited = furthest(this.#awaited, wanted);
    if (awaited.appended === this.#awaited.appended && awaited.synced === this.#awaited.synced) return;
    this.#awaited = awaited;
    if (this.#asking || this.#reporters.size === 0) return;
    this.#asking = true;
    // What is asked for in this turn is asked for once.
    queueMicrotask(() => {
      this.#asking = false;
      for (const reporter of this.#reporters) reporter.ask();
    });
  }

  /** Who waited has heard that this node leads no more. */
  awaitNothing(): void {
    this.#awaited = this.#awaitedAbove = NOTHING;
  }

  // ---- hearing ----------------------------------------------------------------

  /** A follower's session has begun. */
  begin(reporter: Reporter): void {
    this.#reporters.add(reporter);
  }

  /** It has ended, and what it has told counts no more. */
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

  /** `listener` is told of every report, once it counts. */
  onReport(listener: () => void): void {
    this.#onReport = listener;
  }

  /** Whether the upstream waits to hear it. */
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
    if (!store.isServing || offset > store.position.offset) return false;
    if (store.lineage.replicationIdAt(offset) !== replicationId) return false;
    const known = store.log.knownChecksumAt(offset);
    return known === undefined || known === checksum;
  }

  // ---- telling ----------------------------------------------------------------

  /** `listener` is told of reports that the upstream waits for; the function returned ends that. */
  onNews(listener: () => void): () => void {
    this.#onNews = listener;
    return () => {
      if (this.#onNews === listener) this.#onNews = undefined;
    };
  }

  /** What the nodes below have reported last, each once, those furthest along first. */
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
    const end = this.#store.position.offset;
    const direct = new Set([...this.#reporters].map(({ nodeId }) => nodeId)).add(this.#store.nodeId);
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

  /** How many nodes below have been heard, whether or not their reports count. */
  get nodesBelow(): number {
    return this.#others.length;
  }

  /** The nodes below whose reports count, this node itself never. */
  get counting(): Report[] {
    return this.#others.filter(({ counts }) => counts);
  }

  /** The latest epoch of those that wait below this node, at any depth, with a later history than its own; 0 if none does. */
  get epochWaiting(): number {
    let epoch = 0;
    for (const reporter of this.#reporters) epoch = Math.max(epoch, reporter.epochWaiting);
    return epoch;
  }

  /** In a loop, this node would hear of itself. */
  get #others(): Report[] {
    const own = this.#store.nodeId;
    return [...this.#reports.latest].filter(({ nodeId }) => nodeId !== own);
  }

  // ---- lag --------------------------------------------------------------------

  /** How long ago the oldest write was made that a node at `offset` does not have. */
  lagMs(offset: number): number {
    return this.#times.lagMs(offset);
  }

  /** The leader's time up to which a node that was sent everything up to `offset` has every write; 0 where unknown. */
  levelMs(offset: number): number {
    return this.#times.levelMs(offset);
  }

  /** To be called now and then, so that lag can be told of who is far behind. */
  sample(): void {
    this.#times.sample();
  }

  /** Nodes below, of any depth, that were heard from and have acknowledged all but the last `maxLagMs`. */
  get followersWithinLag(): number {
    const now = this.#clock.monotonicMs();
    const { maxLagMs } = this;
    return this.counting.filter(
      ({ appendedOffset, heardMs }) => now - heardMs <= maxLagMs && this.lagMs(appendedOffset) <= maxLagMs,
    ).length;
  }

  /** Why no write may be taken now. */
  #tooFew(): HeadwaterError | undefined {
    const followers = this.followersWithinLag;
    const { minFollowers, maxLagMs } = this;
    if (followers >= minFollowers) return undefined;
    return new HeadwaterError(
      'too_few_followers',
      `${followers} followers have acknowledged within ${maxLagMs} ms, and this leader takes writes only while ${minFollowers} have (--min-followers, --max-lag)`,
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
