/**
 * One session with the upstream, at the follower: the handshake, then frames in
 * order, until the channel ends. It takes them into the store and says how far
 * it has got; that there will be another session, and when, is link.ts's. What
 * it knows ends with it.
 */
import type { Clock } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { Block } from '../../log/block.js';
import type { LineageRow } from '../../model/lineage.js';
import { behind, type LivePlace } from '../../model/live-place.js';
import type { Message, Store } from '../../store/store.js';
import type {
  Continue,
  DownFrame,
  FullResync,
  Heartbeat,
  Messages,
  Moved,
  UpstreamInfo,
} from '../../wire/down-frames.js';
import type { UpFrame } from '../../wire/up-frames.js';
import type { UpChannel } from '../channel.js';
import { followerHandshake } from '../introduction.js';
import type { Acknowledgements } from '../progress/acknowledgements.js';
import { Publishing } from '../publish-window.js';
import type { Details } from '../resync.js';
import { Silence, watchSilence } from '../silence.js';
import { Acknowledger } from './acknowledger.js';
import type { LinkState } from './link-state.js';
import { SnapshotLoad } from './snapshot-load.js';

export interface Resync {
  readonly kind: 'partial' | 'full';
  /** UPPER_SNAKE. */
  readonly reason: string;
  readonly message: string;
  /** Both sides' values. */
  readonly details: Details;
  /** When it began, milliseconds since the epoch. */
  readonly timeMs: number;
  readonly bytes: number;
  readonly durationMs: number;
}

export interface SessionOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly channel: UpChannel;
  readonly state: LinkState;
  /** host:port of the upstream, for messages. */
  readonly upstream: string;
  /** host:port at which this node itself listens. */
  readonly address: string;
  readonly nonce: string;
  readonly acceptDataLoss: boolean;
  /** A full resync, whatever this node's position. */
  readonly full: boolean;
  /** A person has told this node to follow that upstream, and it has not been served since. */
  readonly byOrder: boolean;
  /** Silence for so long is a dead upstream. */
  readonly timeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** What the nodes below this one have reported: it goes up. */
  readonly acknowledgements: Acknowledgements;
  readonly report: SessionReport;
}

/** What outlives a session. */
export interface SessionReport {
  /** Its figures so far, whenever they change. */
  resyncing(resync: Resync): void;
  /** The resync is done: from now on it streams. */
  streams(resync: Resync): void;
  heard(heartbeat: Heartbeat): void;
  /**
   * Blocks are in the log.
   * @param upstreamMs the upstream's time, as far as it has told.
   */
  received(upstreamMs: number): void;
  /** The handshake is about to go out. */
  introducing(): void;
  /** The upstream serves this node; nothing of it has been taken yet. */
  accepted(upstream: UpstreamInfo): Promise<void>;
  /** It does not, for a reason of resync.ts or failover.ts. */
  refused(reason: string, message: string): void;
  /** The leadership has moved, and with it the place to follow. */
  moved(moved: Moved): void;
  /** It came by a mark: nothing else enters the store in this turn. */
  marked(markId: string): void;
  /** The same while there is no keyspace at the mark's offset. */
  unable(markId: string, why: string): void;
}

export class UpstreamSession {
  readonly #options: SessionOptions;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #channel: UpChannel;
  readonly #state: LinkState;
  readonly #acknowledger: Acknowledger;
  readonly #publishing: Publishing;
  readonly #beganMs: number;
  /** The same by the wall clock. */
  readonly #timeMs: number;
  readonly #silence: Silence;
  /** Frames are being taken in. */
  #busy = false;
  /** The upstream's time as it last said, and when that was. */
  #upstreamTime = { ms: 0, heardMs: 0 };
  #streamsSinceMs: number | undefined;
  /** Histories announced for the next blocks. */
  #rows: LineageRow[] = [];
  #load: SnapshotLoad | undefined;
  #resync: Resync | undefined;
  /** Among the messages that came while a snapshot was loading: the next. */
  #livePlace: LivePlace | undefined;
  /** Blocks up to there wait for room on the disk. */
  #heldUpTo: number | undefined;
  /** After a partial resync: where the upstream's log ended at the handshake; 0 once that is reached. */
  #levelAtOffset = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#channel = options.channel;
    this.#state = options.state;
    this.#acknowledger = new Acknowledger({ ...options, isStreaming: () => options.state.name === 'streaming' });
    this.#publishing = new Publishing({ ...options, send: (frame) => options.channel.send(frame) });
    this.#beganMs = options.clock.monotonicMs();
    this.#silence = new Silence(options.clock, options.channel);
    this.#timeMs = options.clock.wallMs();
  }

  /** From when on it streamed, by the monotonic clock; undefined before. */
  get streamsSinceMs(): number | undefined {
    return this.#streamsSinceMs;
  }

  /** Whether this node has what the upstream had at the handshake, and takes what comes after it. */
  get isLevel(): boolean {
    const reached = this.#streamsSinceMs !== undefined && this.#store.position.offset >= this.#levelAtOffset;
    return reached && this.#heldUpTo === undefined;
  }

  /** The last offset of what is here and waits for room on the disk; undefined where nothing does. */
  get heldUpTo(): number | undefined {
    return this.#heldUpTo;
  }

  /** While a snapshot is loading. */
  get progress(): SnapshotLoad['progress'] | undefined {
    return this.#load?.progress;
  }

  /** Takes what comes until the session ends, and rejects with the reason then. */
  async run(): Promise<never> {
    const stopWatch = watchSilence(
      this.#options,
      // While this node is busy with what it heard, what comes meanwhile waits unheard.
      () => (this.#busy ? 0 : this.#silence.ms),
      (ms) => this.#channel.close(new HeadwaterError('unreachable', `the upstream was silent for ${ms} ms`)),
    );
    try {
      this.#state.to('handshake');
      this.#options.report.introducing();
      await this.#channel.send(followerHandshake(this.#store, this.#options));
      this.#acknowledger.start();
      for (;;) {
        const frames = await this.#channel.receive();
        this.#busy = true;
        await this.#take(frames);
        this.#busy = false;
        this.#silence.broken();
      }
    } finally {
      stopWatch();
      this.#publishing.close(new HeadwaterError('unavailable', 'the session with the upstream has ended'));
      this.#acknowledger.stop();
      await this.#load?.close();
      this.#load = undefined;
      this.#channel.close();
    }
  }

  /** Up to the leader: see Publishing. Only a node that streams hears what becomes of the message. */
  publish(message: Message): Promise<number> {
    return this.#publishing.publish(message);
  }

  /** Frames in order; blocks that arrived together are committed together. */
  async #take(frames: readonly DownFrame[]): Promise<void> {
    let gathered: Buffer[] = [];
    for (let i = 0; i < frames.length; i++) {
      const frame = frames[i] as DownFrame;
      if (frame.kind !== 'blocks') {
        await this.#takeOne(frame);
        continue;
      }
      gathered.push(...frame.blocks);
      this.#acknowledger.wanted(frame);
      if (frames[i + 1]?.kind === 'blocks') continue;
      await this.#takeBlocks(gathered);
      gathered = [];
    }
  }

  async #takeBlocks(gathered: readonly Buffer[]): Promise<void> {
    const blocks = gathered.map((bytes) => new Block(bytes));
    const last = blocks.at(-1);
    if (!last) {
      this.#acknowledger.askedAgain();
      return;
    }
    this.#acknowledger.received(last.lastOffset);
    const rows = this.#rows;
    this.#rows = [];
    if (this.#load) {
      await this.#load.appendBlocks(blocks, rows);
      return;
    }
    if (this.#state.name !== 'streaming')
      throw new HeadwaterError('protocol_violation', `blocks arrived in the state ${this.#state.name}`);
    const refusal = this.#store.space.refusalOf(bytesOf(blocks));
    if (refusal) await this.#awaitRoom(refusal, blocks);
    await this.#store.receive(blocks, rows);
    this.#countCatchingUp(blocks);
    this.#options.report.received(this.#upstreamMs);
    this.#acknowledger.appended();
  }

  /**
   * A full disk holds up what comes, with all behind it: the session goes on,
   * so the upstream keeps this node's place in its log, and waits.
   */
  async #awaitRoom(refusal: HeadwaterError, blocks: readonly Block[]): Promise<void> {
    const { upstream } = this.#options;
    this.#logger.warn({ upstream }, `what comes from upstream ${upstream} waits: ${refusal.message}`);
    this.#heldUpTo = blocks.at(-1)?.lastOffset;
    try {
      await this.#store.space.whenRoom(this.#channel.ended);
    } finally {
      this.#heldUpTo = undefined;
    }
    this.#logger.info({ upstream }, `going on with what comes from upstream ${upstream}`);
  }

  async #takeOne(frame: Exclude<DownFrame, { kind: 'blocks' }>): Promise<void> {
    switch (frame.kind) {
      case 'continue':
        await this.#options.report.accepted(frame.upstream);
        this.#heardTime(frame.upstream.timeMs);
        await this.#continue(frame);
        break;
      case 'wait':
        if (this.#state.name !== 'waiting')
          this.#logger.warn({}, `upstream ${this.#options.upstream} is not ready: ${frame.reason}`);
        this.#state.to('waiting');
        break;
      case 'refuse':
        this.#state.to('refused');
        this.#options.report.refused(frame.reason, frame.message);
        throw new HeadwaterError(
          'resync_refused',
          `it refused to resync (${frame.reason}): ${frame.message}. This node goes on serving what it has`,
          {
            details: { ...frame.details, reason: frame.reason },
          },
        );
      case 'fullResync':
        await this.#options.report.accepted(frame.upstream);
        this.#heardTime(frame.upstream.timeMs);
        await this.#beginLoading(frame);
        break;
      case 'snapshotChunk':
        await this.#expectLoading().addEntries(frame.keys, frame.records);
        break;
      case 'snapshotEnd':
        await this.#finishLoading(frame);
        break;
      case 'newHistory':
        this.#rows.push(frame.row);
        break;
      case 'heartbeat':
        this.#takeHeartbeat(frame);
        break;
      case 'messages':
        this.#messages(frame);
        break;
      case 'mark':
        this.#mark(frame);
        break;
      case 'published':
        this.#publishing.answered(frame);
        break;
      case 'moved':
        this.#options.report.moved(frame);
        break;
    }
  }

  /** Stands behind the same block here as upstream, and goes on to whoever reads this node's log. */
  #messages(frame: Messages): void {
    const { place, messages } = frame;
    if (this.#state.name === 'streaming') this.#store.handed(frame);
    else if (place) this.#livePlace = behind(place, messages.length);
  }

  #mark(mark: Extract<DownFrame, { kind: 'mark' }>): void {
    const { report } = this.#options;
    if (this.#state.name === 'streaming') {
      this.#store.interlude(mark);
      report.marked(mark.markId);
    } else report.unable(mark.markId, `a full resync is loading: ${this.#options.upstream} is its source`);
  }

  /** Up, behind what was sent before; it is lost where the session ends. */
  send(frame: UpFrame): void {
    void this.#channel.send(frame);
  }

  async #continue({ endOffset, upstream, reason, message, details, live }: Continue): Promise<void> {
    const { incomplete, position } = this.#store;
    if (incomplete)
      throw new HeadwaterError(
        'unavailable',
        `it has no snapshot for this node (${reason}: ${message}), which needs one: ${incomplete.message}`,
      );
    const { offset } = position;
    const why = { reason, message, details, timeMs: this.#timeMs };
    this.#levelAtOffset = endOffset;
    await this.#streams({ kind: 'partial', ...why, bytes: 0, durationMs: this.#tookMs }, upstream.clusterId);
    // By it, this node knows how many messages it has missed since it was connected last.
    this.#store.handed({ place: live, missed: 0, messages: [] });
    this.#logger.info(
      { offset, reason },
      `partial resync from ${this.#options.upstream}: going on from offset ${offset}, ${endOffset - offset} commands behind`,
    );
  }

  async #beginLoading(frame: FullResync): Promise<void> {
    if (this.#load) throw new HeadwaterError('protocol_violation', 'a second snapshot begins within the first');
    const { upstream } = this.#options;
    this.#logger.info(
      { upstream, reason: frame.reason },
      `full resync from ${upstream} at offset ${frame.position.offset} (${frame.reason}: ${frame.message}); serving the old data meanwhile`,
    );
    this.#load = await SnapshotLoad.begin(this.#store, frame, this.#options);
    this.#livePlace = frame.live;
    this.#note({ kind: 'full', ...this.#load.why, timeMs: this.#timeMs, bytes: 0, durationMs: 0 });
    this.#state.to('loading');
  }

  async #finishLoading(proof: { keys: number; digest: Buffer }): Promise<void> {
    const loading = this.#expectLoading();
    await loading.prove(proof);
    this.#load = undefined;
    await loading.adopt(this.#livePlace);
    const { why, bytes, clusterId } = loading;
    const resync = { kind: 'full', ...why, timeMs: this.#timeMs, bytes, durationMs: this.#tookMs } as const;
    await this.#streams(resync, clusterId);
  }

  #expectLoading(): SnapshotLoad {
    if (this.#load) return this.#load;
    throw new HeadwaterError('protocol_violation', `a piece of a snapshot arrived in the state ${this.#state.name}`);
  }

  /** What this node holds is the upstream's history: its cluster and its time are this node's from here on. */
  async #streams(resync: Resync, clusterId: string): Promise<void> {
    await this.#store.joinCluster(clusterId);
    // Before, it may have been a stranger's time, which must not decide what is expired here.
    this.#store.setTime(this.#upstreamMs);
    this.#note(resync);
    this.#options.report.streams(resync);
    this.#streamsSinceMs = this.#clock.monotonicMs();
    this.#state.to('streaming');
    // Until it hears, the upstream takes this node for one that holds nothing.
    this.#acknowledger.now();
  }

  /** Until what was missing at the handshake is here, it counts as the resync's. */
  #countCatchingUp(blocks: readonly Block[]): void {
    if (!this.#resync || this.#levelAtOffset === 0) return;
    const bytes = blocks.reduce((sum, block) => sum + block.bytes.length, this.#resync.bytes);
    this.#note({ ...this.#resync, bytes, durationMs: this.#tookMs });
    if (this.#store.position.offset >= this.#levelAtOffset) this.#levelAtOffset = 0;
  }

  #note(resync: Resync): void {
    this.#resync = resync;
    this.#options.report.resyncing(resync);
  }

  get #tookMs(): number {
    return Math.round(this.#clock.monotonicMs() - this.#beganMs);
  }

  #takeHeartbeat(frame: Heartbeat): void {
    if (frame.path.includes(this.#store.nodeId)) {
      throw new HeadwaterError(
        'replication_loop',
        `this node stands above its own upstream: ${[...frame.path, this.#store.nodeId].map((id) => id.slice(0, 8)).join(' → ')}`,
      );
    }
    if (this.#state.name === 'streaming') this.#refuseDiverged(frame);
    this.#options.report.heard(frame);
    this.#heardTime(frame.timeMs);
    if (this.#state.name === 'streaming') this.#store.followTime(frame.timeMs);
  }

  #refuseDiverged(frame: Heartbeat): void {
    const { offset, checksum } = this.#store.position;
    if (frame.offset !== offset || frame.checksum === checksum) return;
    this.#logger.error(
      { offset },
      `DIVERGED: at offset ${offset} the upstream's running checksum is not this node's; resyncing`,
    );
    throw new HeadwaterError('chain_broken', `the running checksums differ at offset ${offset}`);
  }

  #heardTime(ms: number): void {
    this.#upstreamTime = { ms, heardMs: this.#clock.monotonicMs() };
  }

  /** The upstream's time as last heard, and what has passed since: a snapshot may load for long. */
  get #upstreamMs(): number {
    return this.#upstreamTime.ms + this.#clock.monotonicMs() - this.#upstreamTime.heardMs;
  }
}

function bytesOf(blocks: readonly Block[]): number {
  return blocks.reduce((bytes, block) => bytes + block.bytes.length, 0);
}
