/**
 * The upstream end of a node's replication: keeps one session (session.ts) with
 * the node it follows, for as long as it is told to. Whatever ends a session,
 * the link dials again, with backoff and jitter. While it is down the node
 * serves the data it has.
 */
import { Bell } from '../../base/bell.js';
import { type Clock, sleep } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import { invariant } from '../../base/invariant.js';
import { RECONNECT_MS_MAX, RECONNECT_MS_MIN, RESYNC_NO_ROOM_MS_MAX, RESYNC_NO_ROOM_MS_MIN } from '../../base/limits.js';
import type { Logger } from '../../base/logger.js';
import { RepeatedLog } from '../../base/repeated-log.js';
import type { LineageRow } from '../../model/lineage.js';
import type { Message, Store } from '../../store/store.js';
import type { Heartbeat, Moved, UpstreamInfo } from '../../wire/down-frames.js';
import type { UpFrame } from '../../wire/up-frames.js';
import type { UpChannel } from '../channel.js';
import { heldUntil } from '../dial.js';
import type { Acknowledgements } from '../progress/acknowledgements.js';
import { Reasons } from '../reasons.js';
import { LinkState, type LinkStateName } from './link-state.js';
import { type Resync, UpstreamSession } from './session.js';
import { Staleness } from './staleness.js';

/** A session that streamed for so long was a good one: the next attempt begins without a long wait. */
const HEALTHY_SESSION_MS = 2_000;

const UNDECIDED: ReadonlySet<LinkStateName> = new Set(['handshake', 'waiting']);

const HAVE_SESSION: ReadonlySet<LinkStateName> = new Set(['handshake', 'waiting', 'loading', 'streaming']);

/** A person's word on how to follow an upstream: it holds until that has served this node once. */
export interface Orders {
  /** This node's own data may go where the upstream's history has no place for them. */
  readonly acceptDataLoss: boolean;
  /** Begins with a full resync, whatever the position. */
  readonly full: boolean;
  /** A person has chosen the upstream, and knows where the leadership is. */
  readonly byOrder: boolean;
}

export const NO_ORDERS: Orders = { acceptDataLoss: false, full: false, byOrder: false };

export interface LinkOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Drawn at each start of the process. */
  readonly nonce: string;
  /** Silence for so long is a dead upstream. */
  readonly timeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** What the nodes below this one have reported: it goes up. */
  readonly acknowledgements: Acknowledgements;
  /** Between 0 and 1, for jitter. */
  random(): number;
  /** host:port at which this node itself listens. */
  address(): string;
  /** @throws HeadwaterError `unreachable`. */
  dial(address: string): Promise<UpChannel>;
  /** It came by a mark, in the order of the log. */
  marked(markId: string): void;
  /** It has no keyspace where the mark stands. */
  unable(markId: string, why: string): void;
  /** Whether this node knows that the leader above it is not the latest. */
  isOutdated(): boolean;
  /** Concern the leadership rather than the link. */
  readonly events: LinkEvents;
}

/** See SessionReport. */
export interface LinkEvents {
  introducing(): void;
  accepted(upstream: UpstreamInfo): Promise<void>;
  refused(reason: string, message: string): void;
  /** @param upstream who has said so, host:port. */
  moved(moved: Moved, upstream: string): void;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #store: Store;
  readonly #log: RepeatedLog;
  readonly #clock: Clock;
  readonly #state = new LinkState();
  #upstream = '';
  /** The node ID of the upstream, once a session has told; empty before. */
  #upstreamId = '';
  #error: HeadwaterError | undefined;
  #orders = NO_ORDERS;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  /** The one in hand, or the last one. */
  #session: UpstreamSession | undefined;
  /** The last one of the session in hand. */
  #heartbeat: Heartbeat | undefined;
  #heartbeatMs = 0;
  #path: readonly string[] = [];
  readonly #staleness: Staleness;
  /** The same for people: it is kept where the node follows another upstream. */
  readonly #lastLevel: Staleness;
  /** How old the leader's latest write was when it was last known to be here; undefined where the upstream cannot tell. */
  #observedLagMs: number | undefined;
  #lastResync: Resync | undefined;
  /** Rings when the upstream has told how things stand: `levelMs` and the clock may have gone on. */
  readonly told = new Bell();
  readonly resyncs = { full: 0, partial: 0 };
  /** Why, and what this node was refused. */
  readonly reasons = new Reasons();

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#log = RepeatedLog.of(options);
    this.#clock = options.clock;
    this.#staleness = new Staleness(options.clock);
    this.#lastLevel = new Staleness(options.clock);
  }

  /** Follows `upstream`, host:port, until `stop`. */
  start(upstream: string, orders: Orders): void {
    invariant(this.#state.name === 'stopped', 'a link is started once it is stopped');
    if (upstream !== this.#upstream) this.#upstreamId = '';
    this.#upstream = upstream;
    this.#orders = orders;
    this.#stop = new AbortController();
    this.#state.to('connecting');
    this.#running = this.#run(this.#stop.signal);
  }

  /** Nothing of this upstream enters the store once it resolves. */
  async stop(): Promise<void> {
    this.#stop.abort(new HeadwaterError('cancelled', 'this node no longer follows'));
    await this.#running;
    // A read that waits may look before the next upstream is known to this link.
    this.#staleness.forget();
    // What is known of the data is by this upstream; the next one may be another, or they may leave its history.
    this.#staleness.forget();
    this.#state.to('stopped');
  }

  /** Whether this is the node that the link follows, or last followed: by its ID if that is known, else by its address. */
  follows({ nodeId, address }: Pick<UpstreamInfo, 'nodeId' | 'address'>): boolean {
    return this.#upstreamId === '' ? address === this.#upstream : nodeId === this.#upstreamId;
  }

  /** Those that have not been carried out yet. */
  get orders(): Orders {
    return this.#orders;
  }

  /** Node IDs from the leader down to this node's upstream, as far as the session in hand has told. */
  get path(): readonly string[] {
    return this.#path;
  }

  /** The history that the leader has begun right where this node's log ends, as the session in hand has told. */
  get nextHistory(): LineageRow | undefined {
    const row = this.#state.name === 'streaming' ? this.#heartbeat?.nextHistory : undefined;
    const { offset, checksum } = this.#store.position;
    return row?.firstOffset === offset + 1 && row.checksum === checksum ? row : undefined;
  }

  /** The leader's time at which this node was last known to hold everything up to then; 0 where it never was. */
  get levelMs(): number {
    const { stalenessMs } = this;
    return stalenessMs === undefined ? 0 : Math.max(1, Math.floor(this.#store.nowMs() - stalenessMs));
  }

  /**
   * How old the data of this node are at most, by the leader above it; undefined
   * where that is not known, or this node knows of a later leader.
   */
  get stalenessMs(): number | undefined {
    return this.#options.isOutdated() ? undefined : this.#staleness.ms;
  }

  /**
   * How old the oldest write is that is not here, by the leader's clock, as far
   * as heartbeats and blocks have told; without a session, how long ago this
   * node was level. Undefined where it never was.
   */
  #lagMs(behind: number | undefined): number | undefined {
    if (behind === 0 && this.#state.name === 'streaming' && !this.#isUnsure) return this.#observedLagMs;
    const { ms } = this.#lastLevel;
    return ms === undefined ? undefined : Math.round(ms);
  }

  /** No heartbeat has come for a while: behind a frame that is still on its way there may be any number of writes. */
  get #isUnsure(): boolean {
    return this.#clock.monotonicMs() - this.#heartbeatMs > this.#options.timeoutMs / 2;
  }

  /**
   * Sends a message up to the leader.
   * @returns the offset that it has there, or follows.
   * @throws HeadwaterError `unavailable` or `overloaded` where it was not
   *   published, `outcome_unknown` where that cannot be known, or the leader's refusal.
   */
  async publish(message: Message): Promise<number> {
    const session = this.#session;
    if (session && this.#stateName === 'streaming') return session.publish(message);
    throw new HeadwaterError(
      'unavailable',
      `the message was not published: the link to the upstream ${this.#upstream} is ${this.#stateName}`,
    );
  }

  /** As a person is told: a full disk may hold up a session that streams, or keep one from beginning. */
  get #stateName(): LinkStateName | 'disk_full' {
    const { name } = this.#state;
    const isHeld = name === 'streaming' && this.#session?.heldUpTo !== undefined;
    const hasNoRoom = name === 'connecting' && this.#error?.code === 'disk_full';
    return isHeld || hasNoRoom ? 'disk_full' : name;
  }

  /** Commands that the upstream is known to have and this node has not; undefined where no session has told. */
  #behind(): number | undefined {
    // What an earlier session has heard says nothing of what the upstream holds now.
    if (!this.#heartbeat) return undefined;
    const { offset, endOffset = 0 } = this.#heartbeat;
    const known = Math.max(offset, endOffset, this.#session?.heldUpTo ?? 0);
    return Math.max(0, known - this.#store.position.offset);
  }

  /** Whether it streams, and this node has what the upstream had when the session began. */
  get isLevel(): boolean {
    return this.#state.name === 'streaming' && (this.#session?.isLevel ?? false);
  }

  /** Whether there is a session with the upstream that has not been refused. */
  get hasSession(): boolean {
    return HAVE_SESSION.has(this.#state.name);
  }

  /** Up to the node that this one follows; lost where there is no session. */
  send(frame: UpFrame): void {
    this.#session?.send(frame);
  }

  get status() {
    const behind = this.#behind();
    const loading = this.#session?.progress;
    const held = this.#session?.heldUpTo === undefined ? undefined : this.#store.space.refusal;
    return {
      address: this.#upstream,
      state: this.#stateName,
      lagCommands: behind,
      lagMs: this.#lagMs(behind),
      lastResync: this.#lastResync,
      lastRefusal: this.reasons.lastRefusal,
      error: this.#error?.message ?? held?.message ?? '',
      loadedKeys: loading?.keys ?? 0,
      keysEstimate: loading?.keysEstimate ?? 0,
    };
  }

  async #run(stop: AbortSignal): Promise<void> {
    /** Times in a row that the disk had no room for what the upstream would send. */
    let noRoom = 0;
    for (let failures = 0; !stop.aborted; ) {
      this.#session = undefined;
      try {
        await this.#connect(stop);
      } catch (error) {
        if (stop.aborted) break;
        const failure = HeadwaterError.from(error);
        noRoom = failure.code === 'disk_full' ? noRoom + 1 : 0;
        this.#ended(failure, failures);
      }
      failures = this.#wasHealthy(this.#session) ? 0 : failures + 1;
      const waitMs =
        noRoom > 0
          ? doubled(RESYNC_NO_ROOM_MS_MIN, noRoom - 1, RESYNC_NO_ROOM_MS_MAX)
          : doubled(RECONNECT_MS_MIN, failures, RECONNECT_MS_MAX);
      await sleep(this.#clock, waitMs * (0.5 + this.#options.random() / 2), stop);
    }
  }

  async #connect(stop: AbortSignal): Promise<void> {
    if (this.#state.name !== 'connecting') this.#state.to('connecting');
    const channel = await heldUntil(this.#options.dial(this.#upstream), stop);
    this.#session = new UpstreamSession({
      ...this.#options,
      logger: this.#log,
      channel,
      state: this.#state,
      upstream: this.#upstream,
      address: this.#options.address(),
      ...this.#orders,
      report: {
        ...this.#options.events,
        accepted: (upstream) => {
          this.#upstreamId = upstream.nodeId;
          return this.#options.events.accepted(upstream);
        },
        moved: (moved) => this.#options.events.moved(moved, this.#upstream),
        resyncing: (resync) => {
          this.#lastResync = resync;
          // The data served meanwhile may lie on another history.
          if (resync.kind === 'full') this.#staleness.forget();
        },
        streams: (resync) => this.#streams(resync),
        heard: (heartbeat) => this.#heard(heartbeat),
        received: (upstreamMs) => this.#received(upstreamMs),
        marked: (markId) => this.#options.marked(markId),
        unable: (markId, why) => this.#options.unable(markId, why),
      },
    });
    try {
      await this.#session.run();
    } finally {
      // Who stands above a lost upstream is not known: a loop must not be seen where there is none any more.
      this.#path = [];
      this.#heartbeat = undefined;
    }
  }

  #received(upstreamMs: number): void {
    const { endTimeMs } = this.#store;
    this.#observedLagMs = Math.max(0, this.#store.nowMs() - endTimeMs);
    // The leader's clock was set back since that block was written: its time says nothing of how old it is.
    if (endTimeMs > upstreamMs + this.#options.heartbeatIntervalMs) return;
    // Writes come in order: with a block, all of earlier milliseconds are here.
    this.#staleness.isAtMost(this.#observedLagMs + 1);
    this.#lastLevel.isAtMost(this.#observedLagMs + 1);
  }

  #heard(heartbeat: Heartbeat): void {
    // Who waits for it looks when all of it has been taken in.
    this.told.ring();
    this.#heartbeat = heartbeat;
    this.#heartbeatMs = this.#clock.monotonicMs();
    this.#path = heartbeat.path;
    if (this.#state.name !== 'streaming' || this.#store.position.offset < heartbeat.offset) return;
    if (heartbeat.levelMs === 0) {
      this.#staleness.forget();
      this.#observedLagMs = undefined;
      return;
    }
    // By this node's own time too: the heartbeat may have been long on its way.
    const stalenessMs = Math.max(heartbeat.timeMs, this.#store.nowMs()) - heartbeat.levelMs;
    this.#staleness.is(stalenessMs);
    this.#lastLevel.is(stalenessMs);
    // What a node in the middle knows of its own upstream is up to a heartbeat old, and that is no lag.
    const knownLateMs = this.#options.heartbeatIntervalMs * (heartbeat.path.length - 1);
    const lagMs = Math.max(0, heartbeat.timeMs - heartbeat.levelMs);
    this.#observedLagMs = lagMs > knownLateMs ? lagMs : 0;
  }

  #streams({ kind, reason }: Resync): void {
    this.told.ring();
    this.resyncs[kind]++;
    this.reasons.count(kind, reason);
    this.#error = undefined;
    // It was given for one resync, not for what the upstream may become later.
    this.#orders = NO_ORDERS;
  }

  #refused({ message, details: { reason = '', ...details } }: HeadwaterError): void {
    // The upstream may end the session with its refusal, instead of a frame that says so.
    if (UNDECIDED.has(this.#state.name)) this.#state.to('refused');
    else if (this.#state.name !== 'refused') this.#state.to('connecting');
    this.#staleness.forget();
    const timeMs = this.#clock.wallMs();
    this.reasons.refused({ nodeId: '', address: this.#upstream, reason, message, details, timeMs });
  }

  /** A session that streams and ends at once, again and again, is not to be dialled as fast as can be. */
  #wasHealthy(session: UpstreamSession | undefined): boolean {
    const since = session?.streamsSinceMs;
    return since !== undefined && this.#clock.monotonicMs() - since >= HEALTHY_SESSION_MS;
  }

  #ended(error: HeadwaterError, failures: number): void {
    if (failures === 0) this.#log.ends();
    this.#error = error;
    // The data are found to lie on another history.
    if (error.code === 'chain_broken') this.#staleness.forget();
    if (error.code === 'resync_refused') this.#refused(error);
    else this.#state.to('connecting');
    this.#log.warn(
      { upstream: this.#upstream, code: error.code },
      `the link to upstream ${this.#upstream} is down: ${error.message}; trying again`,
      'link',
    );
  }
}

function doubled(ms: number, times: number, msMax: number): number {
  return Math.min(msMax, ms * 2 ** Math.min(times, 10));
}
