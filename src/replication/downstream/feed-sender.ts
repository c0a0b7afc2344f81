/**
 * The frames that a feed sends. All frames of a session pass here, so that this
 * part knows whether the follower keeps up. While the follower is behind,
 * heartbeats and requests for acknowledgements wait, and do not pile up.
 */
import { HeadwaterError } from '../../base/errors.js';
import type { NodeBelow } from '../../model/status.js';
import type { DownChannel } from '../channel.js';
import type { DownFrame, WriteTrace } from '../frames.js';
import { type AcknowledgementRequest, AcknowledgementRequests } from './acknowledgement-requests.js';
import type { FeedNode } from './feed-node.js';
import type { FeedState } from './feed-state.js';

/** The follower's last acknowledgement, as far as requests need it. */
type Acknowledged = Pick<NodeBelow<string>, 'appendedOffset' | 'durableOffset'>;

export interface FeedSenderOptions {
  readonly node: FeedNode;
  readonly channel: DownChannel;
  readonly state: FeedState;
  readonly progress: { readonly last: Acknowledged | undefined };
}

export class FeedSender {
  readonly #node: FeedNode;
  readonly #channel: DownChannel;
  readonly #state: FeedState;
  readonly #progress: FeedSenderOptions['progress'];
  readonly #requests = new AcknowledgementRequests();
  /** Whether the channel has no room, so that the follower is behind. */
  #congested = false;
  /** Whether a heartbeat waits until there is room. */
  #heartbeatIsDue = false;
  #cancel = () => {};
  readonly #endTraces: () => void;

  constructor({ node, channel, state, progress }: FeedSenderOptions) {
    this.#node = node;
    this.#channel = channel;
    this.#state = state;
    this.#progress = progress;
    this.#endTraces = node.traced?.writes.onAppended((traces) => this.#trace(traces)) ?? (() => {});
  }

  /** Aborts when the session has ended, with the reason. */
  get ended(): AbortSignal {
    return this.#channel.ended;
  }

  /** Returns a promise if the follower is behind. */
  send(frame: DownFrame): Promise<void> | undefined {
    const drained = this.#channel.send(frame);
    if (!drained) return undefined;
    this.#congested = true;
    return drained.finally(() => {
      this.#congested = false;
      // A follower on a slow link has to know how far behind it is, or it takes itself for level.
      if (this.#heartbeatIsDue) void this.#heartbeat();
      this.ask();
    });
  }

  /** Tells whether somebody waits until the follower has blocks behind this offset. */
  isAwaited(offset: number): boolean {
    const { appended, synced } = this.#node.acknowledgements.awaited;
    return appended > offset || synced > offset;
  }

  /** The acknowledgements to request with the blocks of this range. */
  requestWith(firstOffset: number, lastOffset: number): AcknowledgementRequest {
    return this.#requests.with(firstOffset, lastOffset, this.#node.acknowledgements.awaited);
  }

  /** Asks about blocks that were sent before somebody waited for them, once for each, and has the others sent. */
  ask(): void {
    const { outflow } = this.#state;
    outflow?.hurry();
    // A congested follower is asked when it has room: blocks that it has not read it cannot acknowledge.
    if (!outflow || this.#congested) return;
    const { awaited } = this.#node.acknowledgements;
    const ask = this.#requests.after(outflow.sent.offset, awaited, this.#progress.last);
    if (ask) void this.send({ kind: 'blocks', blocks: [], traces: [], ...ask });
  }

  /** Names the spans in which writes were asked. A follower that is behind does not learn of them. */
  #trace(traces: readonly WriteTrace[]): void {
    if (!this.#state.outflow || this.#congested) return;
    void this.send({ kind: 'blocks', blocks: [], acknowledge: false, sync: false, traces });
  }

  /** Sends heartbeats until `stop`, the first at once unless it is to come `later`. */
  startHeartbeats({ later }: { later: boolean }): void {
    if (later) this.#beatLater();
    else this.#beat();
  }

  stop(): void {
    this.#cancel();
    this.#endTraces();
  }

  /** Ends the session, with a reason that the follower receives. */
  close(reason?: HeadwaterError): void {
    this.#channel.close(reason && toldBelow(reason));
  }

  #beat(): void {
    // Frames for a follower that is behind are on their way. A single heartbeat follows them, and no more pile up.
    if (this.#congested) this.#heartbeatIsDue = true;
    else void this.#heartbeat();
    this.#node.acknowledgements.times.sample();
    this.#beatLater();
  }

  #beatLater(): void {
    this.#cancel = this.#node.clock.after(this.#node.heartbeatIntervalMs, () => this.#beat());
  }

  async #heartbeat(): Promise<void> {
    this.#heartbeatIsDue = false;
    const { store, place, acknowledgements } = this.#node;
    const sent = this.#state.outflow?.sent ?? { offset: 0, checksum: 0 };
    const { levelMs } = place;
    // The follower can be level only with what the feed has sent.
    const unsent = sent.offset < store.data.position.offset;
    await this.send({
      kind: 'heartbeat',
      ...sent,
      timeMs: store.clock.now(),
      path: place.path,
      levelMs: unsent ? Math.min(levelMs, acknowledgements.times.levelMs(sent.offset)) : levelMs,
      nextHistory: place.nextHistory,
      endOffset: store.data.position.offset,
      leaderAddress: place.leader?.address ?? '',
      epoch: place.epoch,
      sign: acknowledgements.signs.next,
    });
  }
}

/** The follower must not take the full disk of its upstream for its own. */
function toldBelow(error: HeadwaterError): HeadwaterError {
  if (error.code !== 'disk_full') return error;
  return new HeadwaterError('unavailable', `the disk of the upstream is full: ${error.message}`, { cause: error });
}
