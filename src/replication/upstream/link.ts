/**
 * The follower's end of a node's replication: it keeps one session (session.ts)
 * with the upstream, until `stop`. When a session ends, for any reason, the
 * link dials again, with backoff and jitter. Meanwhile the node serves the data
 * that it has.
 */
import { doubledMs } from '../../base/back-off.js';
import { Bell } from '../../base/bell.js';
import type { LogicalClock } from '../../base/clock.js';
import { type Clock, sleep } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import { invariant } from '../../base/invariant.js';
import { RECONNECT_MS_MAX, RECONNECT_MS_MIN, RESYNC_NO_ROOM_MS_MAX, RESYNC_NO_ROOM_MS_MIN } from '../../base/limits.js';
import type { Logger } from '../../base/logger.js';
import { RepeatedLog } from '../../base/repeated-log.js';
import { toDetailTexts } from '../../protobuf/error-details.js';
import type { StoreData } from '../../store/data.js';
import type { Intake } from '../../store/intake.js';
import type { LostWrites } from '../../store/lost-writes.js';
import type { NodeIdentity } from '../../store/node-identity.js';
import type { Roles } from '../../store/roles.js';
import type { Space } from '../../store/space.js';
import type { Message } from '../../store/writes.js';
import type { UpChannel } from '../channel.js';
import type { Moved, UpFrame, UpstreamInfo } from '../frames.js';
import type { Marks } from '../marks.js';
import type { Acknowledgements } from '../progress/acknowledgements.js';
import { Reasons } from '../reasons.js';
import { Detour, type ResyncFrom } from './detour.js';
import { LinkState, type LinkStateName } from './link-state.js';
import { LoadKeeper } from './load-keeper.js';
import type { Resync } from './resync-figures.js';
import { type SessionReport, UpstreamSession } from './session.js';
import { UpstreamReports } from './upstream-reports.js';
import type { WriteSpans } from './write-spans.js';

/** The parts of the store that this file needs. */
export interface LinkStore {
  readonly data: Pick<
    StoreData,
    'durablePoint' | 'endTimeMs' | 'generation' | 'incomplete' | 'isServing' | 'log' | 'position'
  >;
  readonly roles: Pick<Roles, 'handingOver'>;
  readonly intake: Pick<Intake, 'adopt' | 'beginReplacement' | 'receive' | 'setTime'>;
  readonly lostWrites: Pick<LostWrites, 'save'>;
  readonly space: Pick<Space, 'refusal' | 'refusalOf' | 'whenRoom'>;
  readonly clock: Pick<LogicalClock, 'follow' | 'now'>;
  readonly identity: Pick<NodeIdentity, 'clusterId' | 'join' | 'nodeId' | 'records'>;
}

/** A session that streamed for so long was a good one, after which the next attempt begins without a long wait. */
const HEALTHY_SESSION_MS = 2_000;

type LeadershipReport = Pick<SessionReport, 'introducing' | 'accepted' | 'refused' | 'moved'>;

/** A node that only sends a snapshot says nothing about the leadership. */
const NO_LEADERSHIP: LeadershipReport = {
  introducing: () => {},
  accepted: async () => {},
  refused: () => {},
  moved: () => {},
};

const UNDECIDED: ReadonlySet<LinkStateName> = new Set(['handshake', 'waiting']);

const HAVE_SESSION: ReadonlySet<LinkStateName> = new Set(['handshake', 'waiting', 'loading', 'streaming']);

/** A person's orders on how to follow an upstream. They hold until the upstream has served this node once. */
export interface Orders {
  /** Whether this node's own data may be dropped if the upstream's history has no place for them. */
  readonly acceptDataLoss: boolean;
  /** Whether to begin with a full resync, whatever the position. */
  readonly full: boolean;
  /** Whether a person has chosen the upstream, and so knows which node leads. */
  readonly byOrder: boolean;
}

export const NO_ORDERS: Orders = { acceptDataLoss: false, full: false, byOrder: false };

export interface LinkOptions {
  readonly store: LinkStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A value drawn at each start of the process. */
  readonly nonce: string;
  /** An upstream that is silent for longer than this counts as dead. */
  readonly timeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** The reports of the nodes below this one, which go up. */
  readonly acknowledgements: Acknowledgements;
  /** A number between 0 and 1, for jitter. */
  random(): number;
  /** host:port at which this node itself listens. */
  address(): string;
  /** @throws HeadwaterError `unreachable`. */
  dial(address: string): Promise<UpChannel>;
  readonly marks: Marks;
  /** `upstream` by default. */
  readonly resyncFrom?: ResyncFrom;
  /** Makes the spans of writes. Undefined on a node that does not trace. */
  readonly spans?: WriteSpans | undefined;
  readonly place: UpstreamPlace;
  /** Events that concern the leadership rather than the link. */
  readonly events: LinkEvents;
}

/** This node's place in the tree, as far as the link needs it. */
export interface UpstreamPlace {
  /** Whether this node knows that the leader above it is not the latest. */
  readonly isOutdated: boolean;
}

/** See SessionReport. */
export interface LinkEvents {
  introducing(): void;
  accepted(upstream: UpstreamInfo): Promise<void>;
  refused(reason: string, message: string): void;
  /** @param upstream host:port of the upstream that has sent it. */
  moved(moved: Moved, upstream: string): void;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #store: LinkStore;
  readonly #log: RepeatedLog;
  readonly #clock: Clock;
  readonly #state = new LinkState();
  readonly #detour: Detour;
  /** Outlives the sessions, and the changes of the upstream. */
  readonly #keeper: LoadKeeper;
  readonly reports: UpstreamReports;
  #upstream = '';
  /** The node ID of the upstream, once a session knows it; empty before. */
  #upstreamId = '';
  #error: HeadwaterError | undefined;
  #orders = NO_ORDERS;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  /** The session in progress, or the last one. */
  #session: UpstreamSession | undefined;
  #lastResync: Resync | undefined;
  /** Rings when the upstream has reported: `levelMs` and the clock may have gone on. */
  readonly told = new Bell();
  readonly resyncs = { full: 0, partial: 0 };
  /** Counts of resyncs and refusals by reason. */
  readonly reasons = new Reasons();

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#log = RepeatedLog.of(options);
    this.#detour = new Detour({ ...options, logger: this.#log });
    this.#keeper = new LoadKeeper({ logger: this.#log });
    this.#clock = options.clock;
    this.reports = new UpstreamReports(options, this.#state);
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

  /**
   * Stops the link. Nothing of this upstream enters the store after it resolves.
   * @param options.keepsLoad whether the next upstream may resume a full resync that this interrupts.
   */
  async stop({ keepsLoad } = { keepsLoad: false }): Promise<void> {
    this.#stop.abort(new HeadwaterError('cancelled', 'this node no longer follows'));
    await this.#running;
    // The staleness comes from this upstream's reports. The next upstream may differ, and the data may leave its
    // history.
    this.reports.forgetAge();
    this.#error = undefined;
    this.#state.to('stopped');
    if (!keepsLoad) await this.#keeper.drop();
  }

  /**
   * Whether a node is the one that the link follows, or last followed. The node
   * ID decides if the link knows that of its upstream, else the address does.
   */
  follows({ nodeId, address }: Pick<UpstreamInfo, 'nodeId' | 'address'>): boolean {
    return this.#upstreamId === '' ? address === this.#upstream : nodeId === this.#upstreamId;
  }

  /** Orders that have not been carried out yet. */
  get orders(): Orders {
    return this.#orders;
  }

  /** The leader's time up to which this node was last known to hold every write; 0 if it never was. */
  get levelMs(): number {
    const { stalenessMs } = this;
    return stalenessMs === undefined ? 0 : Math.max(1, Math.floor(this.#store.clock.now() - stalenessMs));
  }

  /**
   * The greatest possible age of this node's data, by the leader above it.
   * Undefined if that is unknown, or this node knows of a later leader.
   */
  get stalenessMs(): number | undefined {
    return this.#options.place.isOutdated ? undefined : this.reports.stalenessMs;
  }

  /**
   * Sends a message up to the leader.
   * @returns the message's own offset if it is durable, else the offset that it
   *   follows.
   * @throws HeadwaterError `unavailable` or `overloaded` if the message was not
   *   published, `outcome_unknown` if that cannot be known, or the leader's
   *   refusal.
   */
  async publish(message: Message): Promise<number> {
    const session = this.#session;
    if (session && this.#stateName === 'streaming') return session.publish(message);
    throw new HeadwaterError(
      'unavailable',
      `the message was not published: the link to the upstream ${this.#upstream} is ${this.#stateName}`,
    );
  }

  /** The state shown to people. A full disk may hold up a session that streams, or keep a session from beginning. */
  get #stateName(): LinkStateName | 'disk_full' {
    const { name } = this.#state;
    const isHeld = name === 'streaming' && this.#session?.heldUpTo !== undefined;
    const hasNoRoom = name === 'connecting' && this.#error?.code === 'disk_full';
    return isHeld || hasNoRoom ? 'disk_full' : name;
  }

  /** Whether the link streams, and this node has everything that the upstream had when the session began. */
  get isLevel(): boolean {
    return this.#state.name === 'streaming' && (this.#session?.isLevel ?? false);
  }

  /** Whether there is a session with the upstream that has not been refused. */
  get hasSession(): boolean {
    return HAVE_SESSION.has(this.#state.name);
  }

  /** Sends a frame to the upstream. The frame is lost if there is no session. */
  send(frame: UpFrame): void {
    this.#session?.send(frame);
  }

  get status() {
    const behind = this.reports.behind(this.#session?.heldUpTo);
    const loading = this.#session?.progress ?? this.#keeper.progress;
    const held = this.#session?.heldUpTo === undefined ? undefined : this.#store.space.refusal;
    return {
      address: this.#upstream,
      state: this.#stateName,
      lagCommands: behind,
      lagMs: this.reports.lagMs(behind),
      lastResync: this.#lastResync,
      lastRefusal: this.reasons.lastRefusal,
      error: this.#error?.message ?? held?.message ?? '',
      waitingFor: this.#session?.whyWaiting ?? '',
      loadedKeys: loading?.keys ?? 0,
      keysEstimate: loading?.keysEstimate ?? 0,
    };
  }

  async #run(stop: AbortSignal): Promise<void> {
    /** How many times in a row the disk had no room for the upstream's data. */
    let noRoom = 0;
    for (let failures = 0; !stop.aborted; ) {
      this.#session = undefined;
      const wasUnderWay = this.#detour.isUnderWay;
      try {
        await this.#connect(stop);
      } catch (error) {
        if (stop.aborted) break;
        const failure = HeadwaterError.from(error);
        if (wasUnderWay || this.#detour.isUnderWay) {
          this.#turned(wasUnderWay, failure);
          continue;
        }
        noRoom = failure.code === 'disk_full' ? noRoom + 1 : 0;
        this.#ended(failure, failures);
      }
      failures = this.#wasHealthy(this.#session) ? 0 : failures + 1;
      const waitMs =
        noRoom > 0
          ? doubledMs(RESYNC_NO_ROOM_MS_MIN, noRoom - 1, RESYNC_NO_ROOM_MS_MAX)
          : doubledMs(RECONNECT_MS_MIN, failures, RECONNECT_MS_MAX);
      await sleep(this.#clock, waitMs * (0.5 + this.#options.random() / 2), stop);
    }
  }

  async #connect(stop: AbortSignal): Promise<void> {
    if (this.#state.name !== 'connecting') this.#state.to('connecting');
    const { address: upstream, channel } = await this.#detour.dial(this.#upstream, stop);
    this.#session = new UpstreamSession({
      ...this.#options,
      logger: this.#log,
      channel,
      stop,
      keeper: this.#keeper,
      state: this.#state,
      upstream,
      address: this.#options.address(),
      ...this.#orders,
      report: {
        ...(this.#detour.isUnderWay ? NO_LEADERSHIP : this.#leadership),
        waits: (sources) => {
          if (this.#detour.isUnderWay)
            throw new HeadwaterError('overloaded', `${upstream} sends full resyncs to others too`);
          if (this.#detour.begin(sources))
            throw new HeadwaterError('cancelled', `the snapshot comes from a node below ${upstream}`);
        },
        resyncing: (resync) => {
          this.#lastResync = resync;
          // The data served meanwhile may lie on another history.
          if (resync.kind === 'full') this.reports.forgetAge();
        },
        streams: (resync) => {
          this.#streams(resync, upstream);
          if (!this.#detour.isUnderWay) return;
          this.#detour.end({ isDone: true });
          throw new HeadwaterError('cancelled', `this node has its snapshot, and continues at ${this.#upstream}`);
        },
        heard: (heartbeat) => {
          // A read that waits for this looks after the whole heartbeat has been taken in.
          this.told.ring();
          this.reports.heard(heartbeat);
          if (this.isLevel) this.#store.identity.records.followed(this.#store.data.position.offset);
        },
        received: (upstreamMs) => this.reports.received(upstreamMs),
      },
    });
    try {
      await this.#session.run();
    } finally {
      this.reports.sessionEnded();
    }
  }

  /** Events of a session with the upstream that the leadership wants to know. */
  get #leadership(): LeadershipReport {
    const { events } = this.#options;
    return {
      introducing: () => events.introducing(),
      accepted: (upstream) => {
        this.#upstreamId = upstream.nodeId;
        return events.accepted(upstream);
      },
      refused: (reason, message) => events.refused(reason, message),
      moved: (moved) => events.moved(moved, this.#upstream),
    };
  }

  /** A detour begins, is done, or has failed. The next session begins at once, since another node is asked. */
  #turned(wasUnderWay: boolean, reason: HeadwaterError): void {
    if (this.#state.name !== 'connecting') this.#state.to('connecting');
    const hasFailed = wasUnderWay && this.#detour.isUnderWay;
    if (!hasFailed) return;
    this.#detour.end({ isDone: false });
    this.#log.warn(
      { upstream: this.#upstream, code: reason.code },
      `this node goes back to its upstream ${this.#upstream}, since no other node has sent it a full resync: ${reason.message}`,
    );
  }

  /** @param address host:port of the node at the other end. */
  #streams({ kind, reason, message }: Resync, address: string): void {
    this.told.ring();
    this.resyncs[kind]++;
    const timeMs = this.#clock.wallMs();
    this.reasons.resynced({
      kind,
      reason,
      message,
      nodeId: this.#detour.isUnderWay ? '' : this.#upstreamId,
      address,
      timeMs,
    });
    this.#error = undefined;
    // The orders were given for one resync, not for later changes of the upstream.
    this.#orders = NO_ORDERS;
  }

  #refused({ message, details: facts }: HeadwaterError): void {
    const { reason = '', ...details } = toDetailTexts(facts);
    // The upstream may end the session with its refusal, instead of a frame that says so.
    if (UNDECIDED.has(this.#state.name)) this.#state.to('refused');
    else if (this.#state.name !== 'refused') this.#state.to('connecting');
    this.reports.forgetAge();
    const timeMs = this.#clock.wallMs();
    this.reasons.refused({ nodeId: '', address: this.#upstream, reason, message, details, timeMs });
  }

  /**
   * Whether the session streamed long enough. A session that ends at once, again
   * and again, must not be dialled fast.
   */
  #wasHealthy(session: UpstreamSession | undefined): boolean {
    const since = session?.streamsSinceMs;
    return since !== undefined && this.#clock.monotonicMs() - since >= HEALTHY_SESSION_MS;
  }

  #ended(reason: HeadwaterError, failures: number): void {
    const error = withUserAdvice(reason);
    if (failures === 0) this.#log.ends();
    this.#error = error;
    // The data have turned out to lie on another history.
    if (error.code === 'chain_broken') this.reports.forgetAge();
    if (error.code === 'resync_refused') this.#refused(error);
    else this.#state.to('connecting');
    this.#log.warn(
      { upstream: this.#upstream, code: error.code },
      `the link to upstream ${this.#upstream} is down: ${error.message}. The node will try again`,
      'link',
    );
  }
}

/** A person at this node has an option for the user that its upstream wants. */
function withUserAdvice(error: HeadwaterError): HeadwaterError {
  const isForUser = error.code === 'unauthenticated' && !error.message.includes('certificate');
  if (!isForUser) return error;
  const advice = 'Start this node with --upstream-credentials FILE, a user with the role replicate';
  return new HeadwaterError(error.code, `${error.message}. ${advice}`, { cause: error, details: error.details });
}
