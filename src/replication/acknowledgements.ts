/**
 * What every node below has acknowledged, followers of followers included, and
 * who waits for it: writers for as many followers as they have asked for, and
 * on a node in the middle its upstream, to which the reports go on. What is
 * awaited is asked for: the feeds flag the blocks that somebody waits for, and
 * ask once more where those were sent already.
 *
 * A report counts only for the history that this node is in, by its replication
 * ID and, where memory still tells it, by the running checksum. It is judged
 * when it comes: a session never outlives the log that it was judged by.
 */
import { Bell } from '../bell.js';
import type { Clock } from '../clock.js';
import type { DurabilityReached, DurabilityWaiter, DurabilityWanted } from '../durability.js';
import { HeadwaterError } from '../errors.js';
import { HEARTBEAT_INTERVAL_MS, MAX_LAG_MS, NODE_REPORTS_MAX } from '../limits.js';
import type { Position } from '../position.js';
import type { Store } from '../store/store.js';
import type { Acknowledgement, NodeReport } from '../wire/up-frames.js';
import { Reports, type Standing } from './reports.js';
import { type Waiter, Waiting } from './waiting.js';
import { WriteTimes } from './write-times.js';

export interface AcknowledgementsOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** A leader takes writes only while so many followers are within the lag; 0: always. */
  readonly minFollowers?: number;
  readonly maxLagMs?: number;
  readonly heartbeatIntervalMs?: number;
}

/** A follower's session, as far as it is asked and heard here. */
export interface Reporter {
  readonly nodeId: string;
  readonly nonce: string;
  /** More is awaited than before. */
  ask(): void;
}

/** Offsets up to which it is awaited that blocks are appended below, and durable. */
export interface Awaited {
  readonly appended: number;
  readonly synced: number;
}

const NOTHING: Awaited = { appended: 0, synced: 0 };

/** Nodes below a follower, for status. */
export interface NodeBelow {
  readonly nodeId: string;
  readonly address: string;
  readonly state: 'below';
  readonly appendedOffset: number;
  readonly durableOffset: number;
  readonly lagCommands: number;
  readonly lagMs: number;
  readonly via: string;
  readonly silentMs: number;
}

export class Acknowledgements implements DurabilityWaiter {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly minFollowers: number;
  readonly maxLagMs: number;
  readonly heartbeatIntervalMs: number;
  readonly #reporters = new Set<Reporter>();
  readonly #reports = new Reports();
  readonly #times: WriteTimes;
  /** By what they wait for: a level and a number of followers. */
  readonly #waiting = new Map<string, { readonly wanted: DurabilityWanted; readonly waiting: Waiting }>();
  readonly #aborting = new WeakMap<AbortSignal, Set<() => void>>();
  #awaited = NOTHING;
  /** The part of it that the upstream has asked for. */
  #awaitedAbove = NOTHING;
  #asking = false;
  /** For more nodes below than this, nobody waits. */
  #nodesAtMost = Number.POSITIVE_INFINITY;
  /** Rings when somebody waits no more. */
  readonly #settled = new Bell();
  #onNews: (() => void) | undefined;
  /** Whose end ends all waiting. */
  #tenure: AbortSignal | undefined;

  constructor(options: AcknowledgementsOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.minFollowers = options.minFollowers ?? 0;
    this.maxLagMs = options.maxLagMs ?? MAX_LAG_MS;
    this.heartbeatIntervalMs = options.heartbeatIntervalMs ?? HEARTBEAT_INTERVAL_MS;
    this.#times = new WriteTimes(options.store, options.clock);
    if (this.minFollowers > 0) this.#store.guardWrites(() => this.#tooFew());
  }

  // ---- waiting ----------------------------------------------------------------

  /**
   * Waits until the block that ends at `position`, or holds its end, is as safe
   * as wanted, or the time is over; says how safe it is then.
   * @throws HeadwaterError `outcome_unknown` where this node does not lead that
   *   history, or stops leading meanwhile; the signal's reason where it aborts.
   */
  async reach(position: Position, wanted: DurabilityWanted, signal: AbortSignal): Promise<DurabilityReached> {
    signal.throwIfAborted();
    this.#assertLed(position);
    const { offset } = position;
    if (this.#reachedOffset(wanted) < offset && wanted.followers <= this.#nodesAtMost)
      await this.#wait(offset, wanted, signal);
    return this.#reached(offset, wanted);
  }

  /** How many wait. */
  get waiters(): number {
    let count = 0;
    for (const { waiting } of this.#waiting.values()) count += waiting.count;
    return count;
  }

  /**
   * Before a stop: nobody is waited for but the nodes below that have been
   * heard; who waits for more of them is told at once what is reached.
   */
  awaitOnlyKnown(): void {
    const own = this.#store.nodeId;
    this.#awaitAtMost([...this.#reports.latest].filter(({ nodeId }) => nodeId !== own).length);
  }

  /** None of the nodes below is waited for any more. */
  awaitNobody(): void {
    this.#awaitAtMost(0);
  }

  #awaitAtMost(nodes: number): void {
    this.#nodesAtMost = nodes;
    for (const { wanted, waiting } of this.#waiting.values())
      if (wanted.followers > nodes) waiting.reached(Number.POSITIVE_INFINITY);
  }

  /** Resolves when nobody waits, or `signal` aborts. */
  async whenNobodyWaits(signal: AbortSignal): Promise<void> {
    while (this.waiters > 0 && !signal.aborted) await this.#settled.rungAfter(this.#settled.rings, signal);
  }

  #assertLed({ replicationId, offset }: Position): void {
    const store = this.#store;
    if (store.role !== 'leader') throw gone(`its upstream is ${store.upstream}`);
    if (!store.isServing || store.tenure.aborted) throw gone(store.notServing?.message ?? 'it is changing its role');
    const known = store.lineage.replicationIdAt(offset);
    if (known === replicationId && offset <= store.position.offset) return;
    throw gone(
      `it leads ${store.position.replicationId.slice(0, 8)} up to ${store.position.offset}, the write was ${replicationId.slice(0, 8)}@${offset}`,
    );
  }

  #wait(offset: number, wanted: DurabilityWanted, signal: AbortSignal): Promise<void> {
    this.#watchTenure();
    return new Promise((resolve, reject) => {
      const waiting = this.#waitingFor(wanted);
      const settle = (): boolean => {
        if (waiter.done) return false;
        waiter.done = true;
        cancel();
        forget();
        this.#settled.ring();
        return true;
      };
      const waiter: Waiter = {
        offset,
        done: false,
        release: () => settle() && resolve(),
        fail: (error) => settle() && reject(error),
      };
      const giveUp = (settled: () => void) => {
        if (!settle()) return;
        waiting.gaveUp();
        settled();
      };
      const cancel = this.#clock.after(wanted.timeoutMs, () => giveUp(resolve));
      const forget = this.#onAbort(signal, () => giveUp(() => reject(signal.reason)));
      waiting.add(waiter);
      this.#demand(offset, wanted);
    });
  }

  /** One listener a signal, however many wait under it: a stream has one for all its writes. */
  #onAbort(signal: AbortSignal, task: () => void): () => void {
    const tasks = this.#aborting.get(signal) ?? new Set();
    if (tasks.size === 0) {
      this.#aborting.set(signal, tasks);
      signal.addEventListener('abort', this.#aborted, { once: true });
    }
    tasks.add(task);
    return () => {
      tasks.delete(task);
      if (tasks.size === 0) signal.removeEventListener('abort', this.#aborted);
    };
  }

  readonly #aborted = ({ target }: Event): void => {
    for (const task of this.#aborting.get(target as AbortSignal) ?? []) task();
  };

  #waitingFor(wanted: DurabilityWanted): Waiting {
    const key = `${wanted.level} ${wanted.followers}`;
    const known = this.#waiting.get(key);
    if (known) return known.waiting;
    const waiting = new Waiting();
    this.#waiting.set(key, { wanted, waiting });
    return waiting;
  }

  #demand(offset: number, wanted: DurabilityWanted): void {
    const { level } = wanted;
    if (level === 'followers') this.#await({ appended: offset, synced: 0 });
    if (level === 'followers_synced') this.#await({ appended: 0, synced: offset });
    if (!this.#needsOwnDisk(wanted) || this.#durableHere >= offset) return;
    // Where it fails the store opens anew, and that ends who waits.
    this.#store.durable().then(
      () => this.#release(),
      () => {},
    );
  }

  /** The offset up to which everything is as safe as wanted. */
  #reachedOffset(wanted: DurabilityWanted): number {
    const { level, followers } = wanted;
    const own = this.#needsOwnDisk(wanted) ? this.#durableHere : Number.POSITIVE_INFINITY;
    if (level === 'followers') return this.#nth(followers, ({ appendedOffset }) => appendedOffset);
    if (level === 'followers_synced')
      return Math.min(
        own,
        this.#nth(followers, ({ durableOffset }) => durableOffset),
      );
    return own;
  }

  #needsOwnDisk({ level }: DurabilityWanted): boolean {
    return level === 'synced' || (level === 'followers_synced' && !this.#unsyncedHere);
  }

  get #durableHere(): number {
    return this.#store.isServing ? this.#store.log.durableOffset : 0;
  }

  get #unsyncedHere(): boolean {
    return this.#store.fsync === 'never';
  }

  /** What the `n`th furthest of the nodes below has reached. */
  #nth(n: number, reached: (standing: Standing) => number): number {
    if (n === 0) return Number.POSITIVE_INFINITY;
    return this.#counting.map(reached).sort((a, b) => b - a)[n - 1] ?? -1;
  }

  /** The nodes below whose reports count, this node itself never. */
  get #counting(): Standing[] {
    const own = this.#store.nodeId;
    return [...this.#reports.latest].filter(({ counts, nodeId }) => counts && nodeId !== own);
  }

  #reached(offset: number, wanted: DurabilityWanted): DurabilityReached {
    const counting = this.#counting;
    return {
      reached: this.#reachedOffset(wanted) >= offset,
      synced: this.#durableHere >= offset,
      followersAppended: counting.filter((standing) => standing.appendedOffset >= offset).length,
      followersSynced: counting.filter((standing) => standing.durableOffset >= offset).length,
      unsyncedHere: this.#unsyncedHere,
    };
  }

  /** One pass: who has what it waits for goes on. */
  #release(): void {
    for (const [key, { wanted, waiting }] of this.#waiting) {
      if (waiting.count > 0) waiting.reached(this.#reachedOffset(wanted));
      // Clients choose the numbers: what nobody waits for any more is not kept.
      else this.#waiting.delete(key);
    }
  }

  #watchTenure(): void {
    const { tenure } = this.#store;
    if (this.#tenure === tenure) return;
    this.#tenure = tenure;
    const end = () => {
      const { reason } = tenure;
      const error = gone(reason instanceof Error ? reason.message : 'it is stopping');
      const all = [...this.#waiting.values()];
      this.#waiting.clear();
      this.#awaited = this.#awaitedAbove = NOTHING;
      for (const { waiting } of all) waiting.fail(error);
    };
    tenure.addEventListener('abort', end, { once: true });
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
    this.#await(awaited);
  }

  #await(wanted: Awaited): void {
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
    this.#release();
    if (news) this.#onNews?.();
  }

  /** Whether the upstream waits to hear it. */
  #isNews({ nodeId, appendedOffset, durableOffset }: Standing): boolean {
    const before = this.#reports.of(nodeId);
    const above = this.#awaitedAbove;
    const beforeAppended = before?.appendedOffset ?? 0;
    const beforeDurable = before?.durableOffset ?? 0;
    return (
      (appendedOffset > beforeAppended && beforeAppended < above.appended) ||
      (durableOffset > beforeDurable && beforeDurable < above.synced)
    );
  }

  #judge(report: NodeReport, via: string): Standing {
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
    const own = this.#store.nodeId;
    const now = this.#clock.monotonicMs();
    const latest = [...this.#reports.latest].filter(({ nodeId }) => nodeId !== own);
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
  get indirect(): NodeBelow[] {
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
    return this.#counting.filter(
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

function gone(why: string): HeadwaterError {
  return new HeadwaterError(
    'outcome_unknown',
    `the write was appended, but whether it stays is unknown: this node does not lead its history any more (${why})`,
  );
}
