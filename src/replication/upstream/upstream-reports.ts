/**
 * The reports of the upstream, and how fresh this node's data are by them:
 * heartbeats, and blocks with their times. A session's last heartbeat ends with
 * it, since it says nothing about what the upstream holds afterwards.
 */
import type { Clock, LogicalClock } from '../../base/clock.js';
import type { LineageRow } from '../../model/lineage.js';
import type { StoreData } from '../../store/data.js';
import type { Heartbeat } from '../frames.js';
import { Staleness } from './staleness.js';

/** The parts of the store that this file needs. */
export interface UpstreamReportsStore {
  readonly data: Pick<StoreData, 'endTimeMs' | 'position'>;
  readonly clock: Pick<LogicalClock, 'now'>;
}

export interface UpstreamReportsOptions {
  readonly store: UpstreamReportsStore;
  readonly clock: Clock;
  /** An upstream that is silent for longer than this counts as dead. */
  readonly timeoutMs: number;
  readonly heartbeatIntervalMs: number;
}

export class UpstreamReports {
  readonly #options: UpstreamReportsOptions;
  readonly #store: UpstreamReportsStore;
  readonly #clock: Clock;
  readonly #state: { readonly name: string };
  /** The last heartbeat of the session in progress, and when it came. */
  #last: { readonly heartbeat: Heartbeat; readonly atMs: number } | undefined;
  readonly #staleness: Staleness;
  /** The staleness that is shown to people. A change of the upstream does not reset it. */
  readonly #lastLevel: Staleness;
  /** When the last session that streamed has ended. Undefined while one streams. */
  #downSinceMs: number | undefined;
  /**
   * The age of the leader's latest write when this node was last known to have
   * it; undefined if the upstream does not know.
   */
  #observedLagMs: number | undefined;

  /** @param state the state of the link. */
  constructor(options: UpstreamReportsOptions, state: { readonly name: string }) {
    this.#options = options;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#state = state;
    this.#staleness = new Staleness(options.clock);
    this.#lastLevel = new Staleness(options.clock);
  }

  /** Node IDs from the leader down to this node's upstream, as far as the session in progress knows them. */
  get path(): readonly string[] {
    return this.#last?.heartbeat.path ?? [];
  }

  /** host:port of the leader, as far as the session in progress knows it; else empty. */
  get leaderAddress(): string {
    return this.#last?.heartbeat.leaderAddress ?? '';
  }

  /** The epoch of the leader's history, as far as the session in progress knows it; else 0. */
  get epoch(): number {
    return this.#last?.heartbeat.epoch ?? 0;
  }

  /**
   * The history that the leader has begun right where this node's log ends, as
   * far as the session in progress knows.
   */
  get nextHistory(): LineageRow | undefined {
    const row = this.#streams ? this.#last?.heartbeat.nextHistory : undefined;
    const { offset, checksum } = this.#store.data.position;
    return row?.firstOffset === offset + 1 && row.checksum === checksum ? row : undefined;
  }

  /** The greatest possible age of this node's data, by the leader above it; undefined if that is unknown. */
  get stalenessMs(): number | undefined {
    return this.#staleness.ms;
  }

  /**
   * Commands that the upstream is known to have and this node lacks; undefined until the session has a heartbeat.
   * @param heldUpTo the last offset of blocks that wait here for room on the disk.
   */
  behind(heldUpTo = 0): number | undefined {
    if (!this.#last) return undefined;
    const { offset, endOffset } = this.#last.heartbeat;
    return Math.max(0, Math.max(offset, endOffset, heldUpTo) - this.#store.data.position.offset);
  }

  /**
   * The replica lag: the age of the oldest write that is not here, by the
   * leader's clock, as far as heartbeats and blocks show it. Without a session,
   * the time since this node was level. Undefined if it never was.
   */
  lagMs(behind: number | undefined): number | undefined {
    if (behind === 0 && this.#streams && !this.#isUnsure) return this.#observedLagMs;
    const { ms } = this.#lastLevel;
    return ms === undefined ? undefined : Math.round(ms);
  }

  heard(heartbeat: Heartbeat): void {
    const nowMs = this.#clock.monotonicMs();
    this.#last = { heartbeat, atMs: nowMs };
    if (this.#streams) this.#downSinceMs = undefined;
    if (!this.#streams || this.#store.data.position.offset < heartbeat.offset) return;
    if (heartbeat.levelMs === 0) {
      this.#staleness.forget();
      this.#observedLagMs = undefined;
      return;
    }
    // This node's own time counts too, since the heartbeat may have been on its way for long.
    const stalenessMs = Math.max(heartbeat.timeMs, this.#store.clock.now()) - heartbeat.levelMs;
    this.#staleness.is(stalenessMs);
    this.#lastLevel.is(stalenessMs);
    // A middle node's knowledge of its own upstream is up to a heartbeat old, which is no lag.
    const knownLateMs = this.#options.heartbeatIntervalMs * (heartbeat.path.length - 1);
    const lagMs = Math.max(0, heartbeat.timeMs - heartbeat.levelMs);
    this.#observedLagMs = lagMs > knownLateMs ? lagMs : 0;
  }

  /**
   * Blocks are in the log.
   * @param upstreamMs the upstream's time, counted on from its last report.
   */
  received(upstreamMs: number): void {
    const { endTimeMs } = this.#store.data;
    this.#observedLagMs = Math.max(0, this.#store.clock.now() - endTimeMs);
    // The leader's clock was set back since that block was written, so the block's age is unknown.
    if (endTimeMs > upstreamMs + this.#options.heartbeatIntervalMs) return;
    // Writes come in order, so every write of an earlier millisecond is here too.
    this.#staleness.isAtMost(this.#observedLagMs + 1);
    this.#lastLevel.isAtMost(this.#observedLagMs + 1);
  }

  /**
   * The time since the last heartbeat of the session in progress, and the time since the last session that streamed has
   * ended. Both are undefined if there is none.
   */
  get silence(): { readonly heardAgoMs: number | undefined; readonly downMs: number | undefined } {
    const nowMs = this.#clock.monotonicMs();
    const since = (atMs: number | undefined) => (atMs === undefined ? undefined : nowMs - atMs);
    return { heardAgoMs: since(this.#last?.atMs), downMs: since(this.#streams ? undefined : this.#downSinceMs) };
  }

  /** Forgets the age of the data: they may lie on another history than the upstream's. */
  forgetAge(): void {
    this.#staleness.forget();
  }

  /**
   * The session has ended. The path above a lost upstream is unknown, and a loop
   * must not be seen if it has gone meanwhile.
   */
  sessionEnded(): void {
    this.#downSinceMs ??= this.#clock.monotonicMs();
    this.#last = undefined;
  }

  get #streams(): boolean {
    return this.#state.name === 'streaming';
  }

  /** Whether no heartbeat has come for a while. Any number of writes may stand behind a frame that is on its way. */
  get #isUnsure(): boolean {
    return this.#clock.monotonicMs() - (this.#last?.atMs ?? 0) > this.#options.timeoutMs / 2;
  }
}
