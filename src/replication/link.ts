/**
 * The upstream end of a node's replication: keeps one session (session.ts) with
 * the node it follows, for as long as it is told to. Whatever ends a session,
 * the link dials again, with backoff and jitter. While it is down the node
 * serves the data it has.
 */
import { type Clock, sleep } from '../clock.js';
import { HeadwaterError } from '../errors.js';
import { invariant } from '../invariant.js';
import { RECONNECT_MS_MAX, RECONNECT_MS_MIN } from '../limits.js';
import type { Logger } from '../logger.js';
import type { Store } from '../store/store.js';
import type { Heartbeat } from '../wire/down-frames.js';
import type { UpFrame } from '../wire/up-frames.js';
import type { UpChannel } from './channel.js';
import { LinkState } from './link-state.js';
import { Reasons } from './reasons.js';
import { type Resync, Session } from './session.js';

/** A session that streamed for so long was a good one: the next attempt begins without a long wait. */
const HEALTHY_SESSION_MS = 2_000;

export interface LinkOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Drawn at each start of the process. */
  readonly nonce: string;
  /** Silence for so long is a dead upstream. */
  readonly timeoutMs: number;
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
}

export class Link {
  readonly #options: LinkOptions;
  readonly #store: Store;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #state = new LinkState();
  #upstream = '';
  #error: HeadwaterError | undefined;
  /** Why the link went down when that was last said: the same is not said again and again. */
  #said = '';
  #acceptDataLoss = false;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  /** The one in hand, or the last one. */
  #session: Session | undefined;
  /** The last one, of whichever session. */
  #heartbeat: Heartbeat | undefined;
  #path: readonly string[] = [];
  #levelMs = 0;
  #lastResync: Resync | undefined;
  readonly resyncs = { full: 0, partial: 0 };
  /** Why, and what this node was refused. */
  readonly reasons = new Reasons();

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#logger = options.logger;
    this.#clock = options.clock;
  }

  /** Follows `upstream`, host:port, until `stop`. */
  start(upstream: string, options: { acceptDataLoss: boolean }): void {
    invariant(this.#state.name === 'stopped', 'a link is started once it is stopped');
    this.#upstream = upstream;
    this.#acceptDataLoss = options.acceptDataLoss;
    this.#stop = new AbortController();
    this.#state.to('connecting');
    this.#running = this.#run(this.#stop.signal);
  }

  /** Nothing of this upstream enters the store once it resolves. */
  async stop(): Promise<void> {
    this.#stop.abort(new HeadwaterError('cancelled', 'this node no longer follows'));
    await this.#running;
    this.#state.to('stopped');
    this.#heartbeat = undefined;
  }

  /** Node IDs from the leader down to this node's upstream, as far as the session in hand has told. */
  get path(): readonly string[] {
    return this.#path;
  }

  /** The leader's time at which this node was last known to hold everything up to then; 0 where it never was. */
  get levelMs(): number {
    return this.#levelMs;
  }

  /** Up to the node that this one follows; lost where there is no session. */
  send(frame: UpFrame): void {
    this.#session?.send(frame);
  }

  get status() {
    const { offset } = this.#store.position;
    const behind = Math.max(0, (this.#heartbeat?.offset ?? 0) - offset);
    const loading = this.#session?.progress;
    return {
      address: this.#upstream,
      state: this.#state.name,
      lagCommands: behind,
      lagMs: behind === 0 ? 0 : Math.max(0, this.#store.nowMs() - this.#store.endTimeMs),
      lastResync: this.#lastResync,
      lastRefusal: this.reasons.lastRefusal,
      error: this.#error?.message ?? '',
      loadedKeys: loading?.keys ?? 0,
      keysEstimate: loading?.keysEstimate ?? 0,
    };
  }

  async #run(stop: AbortSignal): Promise<void> {
    for (let failures = 0; !stop.aborted; ) {
      this.#session = undefined;
      try {
        await this.#connect(stop);
      } catch (error) {
        if (stop.aborted) break;
        this.#ended(HeadwaterError.from(error), failures);
      }
      failures = this.#wasHealthy(this.#session) ? 0 : failures + 1;
      const waitMs = Math.min(RECONNECT_MS_MAX, RECONNECT_MS_MIN * 2 ** Math.min(failures, 10));
      await sleep(this.#clock, waitMs * (0.5 + this.#options.random() / 2), stop);
    }
  }

  async #connect(stop: AbortSignal): Promise<void> {
    if (this.#state.name !== 'connecting') this.#state.to('connecting');
    const channel = await this.#options.dial(this.#upstream);
    const hangUp = () => channel.close(stop.reason as HeadwaterError);
    stop.addEventListener('abort', hangUp, { once: true });
    if (stop.aborted) hangUp();
    this.#session = new Session({
      ...this.#options,
      channel,
      state: this.#state,
      upstream: this.#upstream,
      address: this.#options.address(),
      acceptDataLoss: this.#acceptDataLoss,
      report: {
        resyncing: (resync) => {
          this.#lastResync = resync;
        },
        streams: (resync) => this.#streams(resync),
        heard: (heartbeat) => this.#heard(heartbeat),
        marked: (markId) => this.#options.marked(markId),
        unable: (markId, why) => this.#options.unable(markId, why),
      },
    });
    try {
      await this.#session.run();
    } finally {
      stop.removeEventListener('abort', hangUp);
      // Who stands above a lost upstream is not known: a loop must not be seen where there is none any more.
      this.#path = [];
    }
  }

  #heard(heartbeat: Heartbeat): void {
    this.#heartbeat = heartbeat;
    this.#path = heartbeat.path;
    if (this.#state.name === 'streaming' && this.#store.position.offset >= heartbeat.offset)
      this.#levelMs = heartbeat.levelMs;
  }

  #streams({ kind, reason }: Resync): void {
    this.resyncs[kind]++;
    this.reasons.count(kind, reason);
    this.#error = undefined;
    // It was given for one resync, not for what the upstream may become later.
    this.#acceptDataLoss = false;
  }

  #refused({ message, details: { reason = '', ...details } }: HeadwaterError): void {
    const timeMs = this.#clock.wallMs();
    this.reasons.refused({ nodeId: '', address: this.#upstream, reason, message, details, timeMs });
  }

  /** A session that streams and ends at once, again and again, is not to be dialled as fast as can be. */
  #wasHealthy(session: Session | undefined): boolean {
    const since = session?.streamsSinceMs;
    return since !== undefined && this.#clock.monotonicMs() - since >= HEALTHY_SESSION_MS;
  }

  #ended(error: HeadwaterError, failures: number): void {
    const repeated = failures > 0 && error.message === this.#said;
    this.#error = error;
    this.#said = error.message;
    if (error.code === 'resync_refused') this.#refused(error);
    if (error.code !== 'resync_refused') this.#state.to('connecting');
    const fields = { upstream: this.#upstream, code: error.code };
    const message = `the link to upstream ${this.#upstream} is down: ${error.message}; trying again`;
    if (repeated) this.#logger.debug(fields, message);
    else this.#logger.warn(fields, message);
  }
}
