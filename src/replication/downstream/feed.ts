/**
 * The upstream's end of a replication session. The feed takes what the follower
 * sends, and knows how the session stands. Other parts answer the handshake
 * (resync-answer.ts), send the frames (feed-sender.ts), and read the log at the
 * follower's pace (outflow.ts). The writer does not know that a feed exists, and
 * a slow follower costs one cursor.
 */
import { HeadwaterError } from '../../base/errors.js';
import type { RepeatedLog } from '../../base/repeated-log.js';
import { Lineage } from '../../model/lineage.js';
import type { Position } from '../../model/position.js';
import type { NodeBelow } from '../../model/status.js';
import type { DownChannel } from '../channel.js';
import type { Handshake, UpFrame } from '../frames.js';
import { checkHandshake } from '../introduction.js';
import type { Reporter } from '../progress/acknowledgements.js';
import { Silence, watchSilence } from '../silence.js';
import { epochBefore } from '../takeover.js';
import type { FeedNode } from './feed-node.js';
import { FeedSender } from './feed-sender.js';
import { FeedState, type FeedStateName } from './feed-state.js';
import { FollowerProgress } from './follower-progress.js';
import { reachableAddress } from './reachable-address.js';
import { type ResyncAccount, ResyncAnswer } from './resync-answer.js';
import { UpwardMessages } from './upward-messages.js';

export interface FeedOptions {
  readonly node: FeedNode;
  /** The log of all sessions: a follower that is refused or cut off again and again is one subject of it. */
  readonly log: RepeatedLog;
  readonly channel: DownChannel;
  /** host:port at which this node listens. */
  readonly address: string;
  /** Registers the session. Returns a refusal if another process is connected with the same node ID. */
  admit(feed: Feed): HeadwaterError | undefined;
  readonly account: ResyncAccount;
  /** host:port of other followers that could send this one a snapshot. */
  sources(): readonly string[];
}

export class Feed implements Reporter {
  readonly #options: FeedOptions;
  readonly #node: FeedNode;
  readonly #channel: DownChannel;
  readonly #state = new FeedState();
  #handshake: Handshake | undefined;
  readonly #silence: Silence;
  readonly #progress: FollowerProgress;
  readonly #sender: FeedSender;
  readonly #messages: UpwardMessages;
  #hasMovedOn = false;

  constructor(options: FeedOptions) {
    const { node, channel } = options;
    this.#options = options;
    this.#node = node;
    this.#channel = channel;
    this.#silence = new Silence(node.clock, channel);
    this.#progress = new FollowerProgress(node.clock, this.#state);
    this.#sender = new FeedSender({ node, channel, state: this.#state, progress: this.#progress });
    this.#messages = new UpwardMessages(node.place, (frame) => this.#sender.send(frame));
  }

  /** The follower's handshake; undefined before it has arrived. */
  get handshake(): Handshake | undefined {
    return this.#handshake;
  }

  get nodeId(): string {
    return this.#handshake?.nodeId ?? '';
  }

  /** The lineage that the follower sent, while it is undecided whether its history continues from here. */
  get lineage(): Lineage | undefined {
    return this.#state.isUndecided && this.#handshake ? Lineage.received(this.#handshake.lineage) : undefined;
  }

  /**
   * The latest epoch that waits here, or below this follower, to be served. The
   * value is 0 if none is later than this node's own.
   */
  get epochWaiting(): number {
    const { store } = this.#node;
    const told = this.#progress.last?.epochWaiting ?? 0;
    const { lineage } = this;
    if (!store.data.isServing) return told;
    const { log } = store.data;
    // The follower may be behind, and may not know yet of an epoch that this node knows.
    const below = told > log.history.lineage.epoch ? told : 0;
    return lineage ? Math.max(epochBefore(log.history.lineage, log.end.offset, lineage) ?? 0, below) : below;
  }

  /** The least content version of the follower and the nodes below it, as far as they have reported it. */
  get contentVersion(): number {
    const own = this.#handshake?.contentVersion ?? 0;
    return Math.min(own, this.#progress.last?.contentVersion ?? own);
  }

  /**
   * The follower's place in the history, by its last acknowledgement. Until the
   * session streams, that says nothing about this history, and the handshake
   * counts.
   */
  get place(): Pick<Position, 'offset' | 'replicationId'> {
    const { last } = this.#progress;
    if (last && last.appendedOffset > 0) return { offset: last.appendedOffset, replicationId: last.replicationId };
    return this.#handshake?.position ?? { offset: 0, replicationId: '' };
  }

  /** Whether the follower was told to follow another node. */
  get hasMovedOn(): boolean {
    return this.#hasMovedOn;
  }

  get status(): NodeBelow<FeedStateName> {
    const { appendedOffset = 0, durableOffset = 0 } = this.#progress.last ?? {};
    const { store, acknowledgements } = this.#node;
    return {
      nodeId: this.nodeId,
      address: this.#handshake?.address ?? '',
      state: this.#state.name,
      appendedOffset,
      durableOffset,
      lagCommands: Math.max(0, store.data.position.offset - appendedOffset),
      lagMs: acknowledgements.times.lagMs(appendedOffset),
      via: '',
      silentMs: Math.round(this.#silence.ms),
    };
  }

  /** Serves one session. Resolves when it has ended, for any reason. */
  async run(): Promise<void> {
    const stopWatch = watchSilence(
      this.#node,
      () => this.#silence.ms,
      (ms) => this.#lost(ms),
    );
    try {
      const handshake = await this.#introduced();
      // A leader that hands over stands above this node until this node has answered. Before that, the path would look
      // like a loop.
      this.#sender.startHeartbeats({ later: handshake.handsOverTo !== '' });
      await this.#answer(handshake).run();
    } catch (error) {
      this.#end(HeadwaterError.from(error));
    } finally {
      this.#state.to({ name: 'ended' });
      this.#node.acknowledgements.end(this);
      stopWatch();
      this.#sender.stop();
    }
  }

  /**
   * Resolves when the follower has acknowledged that its log ends exactly there.
   * @throws the reason of the session's end, or of `signal`.
   */
  whenAppended(end: Position, signal: AbortSignal): Promise<void> {
    return this.#progress.whenAppended(end, this.#sender, signal);
  }

  /**
   * Resolves when the follower has acknowledged that its log reaches there.
   * @throws the reason of the session's end.
   */
  whenReached(offset: number): Promise<void> {
    return this.#progress.whenReached(offset, this.#sender);
  }

  /** Asks about blocks that were sent before somebody waited for them. */
  ask(): void {
    this.#sender.ask();
  }

  /** Tells the follower that the leadership has moved. */
  moved(to: { address: string; nodeId: string }): void {
    // Without an address the follower has nowhere to go.
    this.#hasMovedOn = to.address !== '';
    void this.#sender.send({ kind: 'moved', ...to });
  }

  /** Ends the session, with a reason that the follower receives. */
  close(reason: HeadwaterError): void {
    this.#channel.close(reason);
  }

  /** Takes the first frames. From then on the frames are taken as they arrive. */
  async #introduced(): Promise<Handshake> {
    const [first, ...rest] = await this.#channel.receive();
    const introduced = checkHandshake(first, this.#node.store.identity.nodeId);
    const handshake = { ...introduced, address: reachableAddress(introduced.address, this.#channel.peerAddress) };
    this.#handshake = handshake;
    const refusal = this.#options.admit(this);
    if (refusal) throw refusal;
    if (!handshake.catchingUp) this.#node.acknowledgements.begin(this);
    for (const frame of rest) this.#heard(frame);
    void this.#listen();
    return handshake;
  }

  #answer(handshake: Handshake): ResyncAnswer {
    const [name, sender, state] = [this.#name(), this.#sender, this.#state];
    return new ResyncAnswer({ ...this.#options, handshake, name, sender, state });
  }

  async #listen(): Promise<void> {
    try {
      for (;;) for (const frame of await this.#channel.receive()) this.#heard(frame);
    } catch {
      // The sender sees the end of the channel, with its reason.
    }
  }

  #heard(frame: UpFrame): void {
    this.#silence.broken();
    switch (frame.kind) {
      case 'handshake':
        this.#end(new HeadwaterError('protocol_violation', 'expected one handshake in a session, received a second'));
        break;
      case 'publish':
        this.#publish(frame);
        break;
      case 'digestReport':
        this.#node.marks.reported(frame);
        break;
      case 'acknowledgement':
        this.#progress.acknowledged(frame);
        this.#node.acknowledgements.report(this, frame);
        this.#progress.tell();
        break;
    }
  }

  #publish(frame: UpFrame & { kind: 'publish' }): void {
    try {
      this.#messages.take(frame);
    } catch (error) {
      this.#end(HeadwaterError.from(error));
    }
  }

  #lost(silentMs: number): void {
    // The line may have been dead when the move was announced. The follower then comes back, and keeps its place until
    // then.
    this.#hasMovedOn = false;
    this.#end(new HeadwaterError('unreachable', `${this.#name()} was silent for ${silentMs} ms`));
  }

  #end(error: HeadwaterError): void {
    if (!this.#channel.ended.aborted)
      this.#options.log.info(
        { node_id: this.nodeId, error: error.message },
        `the session with ${this.#name()} ended: ${error.message}`,
        this.nodeId,
      );
    this.#sender.close(error);
  }

  #name(): string {
    if (!this.#handshake) return 'a follower that has sent no handshake';
    return `follower ${this.#handshake.address || this.#handshake.nodeId.slice(0, 8)}`;
  }
}
