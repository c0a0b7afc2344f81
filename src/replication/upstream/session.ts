/**
 * A session with the upstream, at the follower: the handshake, then frames in
 * order, until the channel ends. The session takes the frames into the store
 * and reports how far this node is. All its state ends with it. Later sessions
 * are the business of link.ts.
 */

import type { Clock, LogicalClock } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { Block } from '../../log/block.js';
import type { LineageRow } from '../../model/lineage.js';
import { behind, type LivePlace } from '../../model/live-place.js';
import type { StoreData } from '../../store/data.js';
import type { Intake } from '../../store/intake.js';
import type { LostWrites } from '../../store/lost-writes.js';
import type { NodeIdentity } from '../../store/node-identity.js';
import type { Roles } from '../../store/roles.js';
import type { Space } from '../../store/space.js';
import type { Message } from '../../store/writes.js';
import type { UpChannel } from '../channel.js';
import type { Continue, DownFrame, FullResync, Heartbeat, Messages, Moved, UpFrame, UpstreamInfo } from '../frames.js';
import { followerHandshake } from '../introduction.js';
import type { Marks } from '../marks.js';
import type { Acknowledgements } from '../progress/acknowledgements.js';
import { Publishing } from '../publish-window.js';
import { Silence, watchSilence } from '../silence.js';
import { Acknowledger } from './acknowledger.js';
import type { LinkState } from './link-state.js';
import type { LoadKeeper } from './load-keeper.js';
import { type Resync, ResyncFigures } from './resync-figures.js';
import { SnapshotLoad } from './snapshot-load.js';
import { UpstreamTime } from './upstream-time.js';
import type { WriteSpans } from './write-spans.js';

/** The parts of the store that this file needs. */
export interface UpstreamSessionStore {
  readonly data: Pick<StoreData, 'durablePoint' | 'generation' | 'incomplete' | 'isServing' | 'log' | 'position'>;
  readonly roles: Pick<Roles, 'handingOver'>;
  readonly intake: Pick<Intake, 'adopt' | 'beginReplacement' | 'receive' | 'setTime'>;
  readonly lostWrites: Pick<LostWrites, 'save'>;
  readonly space: Pick<Space, 'refusalOf' | 'whenRoom'>;
  readonly clock: Pick<LogicalClock, 'follow'>;
  readonly identity: Pick<NodeIdentity, 'clusterId' | 'join' | 'nodeId'>;
}

export interface UpstreamSessionOptions {
  readonly store: UpstreamSessionStore;
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
  /** Whether to ask for a full resync, whatever this node's position. */
  readonly full: boolean;
  /** Whether a person chose that upstream, which has not served this node since. */
  readonly byOrder: boolean;
  /** An upstream that is silent for longer than this counts as dead. */
  readonly timeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** The reports of the nodes below this one, which go up. */
  readonly acknowledgements: Acknowledgements;
  readonly report: SessionReport;
  readonly marks: Marks;
  /** Makes the spans of writes. Undefined on a node that does not trace. */
  readonly spans?: WriteSpans | undefined;
  /** Keeps the loaded part of a full resync that the end of a session interrupts. */
  readonly keeper: LoadKeeper;
  /** Ends the proof of a full resync, which may take long. */
  readonly stop: AbortSignal;
}

/** The session's events for parts that outlive it. */
export interface SessionReport {
  /**
   * Reports that the upstream lets this node wait.
   * @param sources host:port of nodes that could send the snapshot in its place.
   * @throws the reason for which the session is to end.
   */
  waits(sources: readonly string[]): void;
  /** Reports the resync's figures so far, whenever they change. */
  resyncing(resync: Resync): void;
  /**
   * Reports that the resync is done: the session streams from now on.
   * @throws the reason for which the session is to end instead.
   */
  streams(resync: Resync): void;
  heard(heartbeat: Heartbeat): void;
  /**
   * Reports that blocks are in the log.
   * @param upstreamMs the upstream's time, counted on from its last report.
   */
  received(upstreamMs: number): void;
  /** Reports that the handshake is about to go out. */
  introducing(): void;
  /** Reports that the upstream serves this node. Nothing of it has been taken yet. */
  accepted(upstream: UpstreamInfo): Promise<void>;
  /** Reports that the upstream refuses, with the reason: of resync.ts, or of the hand-over. */
  refused(reason: string, message: string): void;
  /** Reports that the leadership has moved, and with it the node to follow. */
  moved(moved: Moved): void;
}

export class UpstreamSession {
  readonly #options: UpstreamSessionOptions;
  readonly #store: UpstreamSessionStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #channel: UpChannel;
  readonly #state: LinkState;
  readonly #acknowledger: Acknowledger;
  readonly #publishing: Publishing;
  readonly #figures: ResyncFigures;
  readonly #time: UpstreamTime;
  readonly #silence: Silence;
  /** Whether frames are being taken in. */
  #busy = false;
  #streamsSinceMs: number | undefined;
  /** Lineage rows of the histories that begin in the next blocks. */
  #rows: LineageRow[] = [];
  #load: SnapshotLoad | undefined;
  /** The place of the next message, kept while a snapshot is loading. */
  #livePlace: LivePlace | undefined;
  #whyWaiting = '';
  /** The offset up to which blocks wait for room on the disk. */
  #heldUpTo: number | undefined;

  constructor(options: UpstreamSessionOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#channel = options.channel;
    this.#state = options.state;
    this.#acknowledger = new Acknowledger({ ...options, isStreaming: () => options.state.name === 'streaming' });
    this.#publishing = new Publishing({ ...options, send: (frame) => options.channel.send(frame) });
    this.#figures = new ResyncFigures(options.clock, (resync) => options.report.resyncing(resync));
    this.#time = new UpstreamTime(options.clock);
    this.#silence = new Silence(options.clock, options.channel);
  }

  /** When the session began to stream, by the monotonic clock; undefined before. */
  get streamsSinceMs(): number | undefined {
    return this.#streamsSinceMs;
  }

  /**
   * Whether this node has everything that the upstream had at the handshake, and
   * no block waits for room on the disk.
   */
  get isLevel(): boolean {
    const reached = this.#streamsSinceMs !== undefined && this.#figures.isReached(this.#store.data.position.offset);
    return reached && this.#heldUpTo === undefined;
  }

  /** The last offset of blocks that wait for room on the disk; undefined if none waits. */
  get heldUpTo(): number | undefined {
    return this.#heldUpTo;
  }

  /** The reason for which the upstream lets this node wait; undefined if it does not. */
  get whyWaiting(): string | undefined {
    return this.#state.name === 'waiting' ? this.#whyWaiting : undefined;
  }

  /** The progress of a snapshot, while it is loading. */
  get progress(): SnapshotLoad['progress'] | undefined {
    return this.#load?.progress;
  }

  /** Takes frames until the session ends, and then rejects with the reason. */
  async run(): Promise<never> {
    const stopWatch = watchSilence(
      this.#options,
      // While this node works on earlier frames, it does not read, so silence then says nothing.
      () => (this.#busy ? 0 : this.#silence.ms),
      (ms) => this.#channel.close(new HeadwaterError('unreachable', `the upstream was silent for ${ms} ms`)),
    );
    try {
      this.#state.to('handshake');
      this.#options.report.introducing();
      const keptLoad = this.#options.keeper.offer;
      await this.#channel.send(followerHandshake(this.#store, { ...this.#options, keptLoad }));
      this.#acknowledger.start();
      for (;;) {
        const frames = await this.#channel.receive();
        this.#busy = true;
        this.#options.acknowledgements.signs.traffic();
        await this.#take(frames);
        this.#busy = false;
        this.#silence.broken();
      }
    } catch (error) {
      const load = this.#load;
      this.#load = undefined;
      if (load) await this.#options.keeper.ended(load, HeadwaterError.from(error));
      throw error;
    } finally {
      stopWatch();
      this.#publishing.close(new HeadwaterError('unavailable', 'the session with the upstream has ended'));
      this.#acknowledger.stop();
      this.#options.acknowledgements.signs.sessionEnded();
      this.#channel.close();
    }
  }

  /** Sends a message up to the leader: see Publishing. Only a node that streams learns the outcome of the message. */
  publish(message: Message): Promise<number> {
    return this.#publishing.publish(message);
  }

  /** Takes frames in order. Blocks that arrived together are committed together. */
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
      if (frame.traces.length > 0) this.#options.spans?.traced(frame.traces);
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
    const receivedMs = this.#clock.monotonicMs();
    this.#acknowledger.received(last.lastOffset);
    const rows = this.#rows;
    this.#rows = [];
    if (this.#load) {
      await this.#load.appendBlocks(blocks, rows);
      return;
    }
    if (this.#state.name !== 'streaming')
      throw new HeadwaterError('protocol_violation', `blocks arrived in the state ${this.#state.name}`);
    const bytes = bytesOf(blocks);
    const refusal = this.#store.space.refusalOf(bytes);
    if (refusal) await this.#awaitRoom(refusal, blocks);
    await this.#store.intake.receive(blocks, rows);
    this.#figures.count(bytes, this.#store.data.position.offset);
    this.#options.report.received(this.#time.ms);
    this.#acknowledger.appended();
    this.#options.spans?.appended({
      firstOffset: blocks[0]?.firstOffset ?? last.firstOffset,
      lastOffset: last.lastOffset,
      receivedMs,
      appendedMs: this.#clock.monotonicMs(),
    });
  }

  /**
   * Waits for room, since a full disk holds up these blocks and everything behind
   * them. The session stays, so the upstream keeps this node's place in its log.
   */
  async #awaitRoom(refusal: HeadwaterError, blocks: readonly Block[]): Promise<void> {
    const { upstream } = this.#options;
    this.#logger.warn({ upstream }, `blocks from upstream ${upstream} wait: ${refusal.message}`);
    this.#heldUpTo = blocks.at(-1)?.lastOffset;
    try {
      await this.#store.space.whenRoom(this.#channel.ended);
    } finally {
      this.#heldUpTo = undefined;
    }
    this.#logger.info({ upstream }, `this node takes blocks from upstream ${upstream} again`);
  }

  async #takeOne(frame: Exclude<DownFrame, { kind: 'blocks' }>): Promise<void> {
    switch (frame.kind) {
      case 'continue':
        await this.#options.report.accepted(frame.upstream);
        this.#time.heard(frame.upstream.timeMs);
        await this.#options.keeper.drop();
        await this.#continue(frame);
        break;
      case 'wait':
        if (this.#state.name !== 'waiting')
          this.#logger.warn({}, `upstream ${this.#options.upstream} lets this node wait: ${frame.reason}`);
        this.#state.to('waiting');
        this.#whyWaiting = frame.reason;
        this.#options.report.waits(frame.sources);
        break;
      case 'refuse':
        this.#state.to('refused');
        this.#options.report.refused(frame.reason, frame.message);
        await this.#options.keeper.drop();
        throw new HeadwaterError(
          'resync_refused',
          `the upstream refused to resync (${frame.reason}): ${frame.message}. This node continues to serve its data`,
          {
            details: { ...frame.details, reason: frame.reason },
          },
        );
      case 'fullResync':
        await this.#options.report.accepted(frame.upstream);
        this.#time.heard(frame.upstream.timeMs);
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

  /** Each message stands behind the same block here as upstream, and goes on to the readers of this node's log. */
  #messages(frame: Messages): void {
    const { place, messages } = frame;
    if (this.#state.name === 'streaming') this.#store.data.log.interludes.take(frame);
    else if (place) this.#livePlace = behind(place, messages.length);
  }

  #mark(mark: Extract<DownFrame, { kind: 'mark' }>): void {
    const { marks } = this.#options;
    if (this.#state.name === 'streaming') {
      this.#store.data.log.interludes.add(mark);
      marks.marked(mark.markId);
    } else marks.unable(mark.markId, `a full resync from ${this.#options.upstream} is loading`);
  }

  /** Sends a frame up, behind the frames sent before. The frame is lost if the session ends. */
  send(frame: UpFrame): void {
    void this.#channel.send(frame);
  }

  async #continue({ endOffset, upstream, reason, message, details, live }: Continue): Promise<void> {
    const { incomplete, position } = this.#store.data;
    if (incomplete)
      throw new HeadwaterError(
        'unavailable',
        `this node needs a snapshot, and the upstream sends none (${reason}: ${message}): ${incomplete.message}`,
      );
    const { offset } = position;
    this.#figures.until(endOffset);
    await this.#streams(this.#figures.of('partial', { reason, message, details }, 0), upstream.clusterId);
    // By this place the node knows how many messages it has missed since it was last connected.
    this.#store.data.log.interludes.take({ place: live, missed: 0, messages: [] });
    this.#logger.info(
      { offset, reason },
      `partial resync from ${this.#options.upstream}: this node continues from offset ${offset}, ${endOffset - offset} commands behind`,
    );
  }

  async #beginLoading(frame: FullResync): Promise<void> {
    if (this.#load)
      throw new HeadwaterError(
        'protocol_violation',
        'expected the end of a snapshot, received the beginning of another',
      );
    const { upstream } = this.#options;
    const resumes = frame.logFrom ? ` resumes behind ${this.#options.keeper.progress?.keys ?? 0} keys` : '';
    this.#logger.info(
      { upstream, reason: frame.reason },
      `full resync from ${upstream} at offset ${frame.position.offset}${resumes} (${frame.reason}: ${frame.message}). This node serves its old data meanwhile`,
    );
    this.#load = await SnapshotLoad.begin(this.#store, frame, this.#options);
    this.#livePlace = frame.live;
    this.#figures.note({ ...this.#figures.of('full', this.#load.why, 0), durationMs: 0 });
    this.#state.to('loading');
  }

  async #finishLoading(proof: { keys: number; digest: Buffer }): Promise<void> {
    const loading = this.#expectLoading();
    await loading.prove(proof, this.#options.stop);
    this.#load = undefined;
    await loading.adopt(this.#livePlace);
    this.#options.keeper.completed();
    const { why, bytes, clusterId } = loading;
    await this.#streams(this.#figures.of('full', why, bytes), clusterId);
  }

  #expectLoading(): SnapshotLoad {
    if (this.#load) return this.#load;
    throw new HeadwaterError('protocol_violation', `a part of a snapshot arrived in the state ${this.#state.name}`);
  }

  /** Begins to stream. This node is on the upstream's history, so cluster and time are the upstream's from here on. */
  async #streams(resync: Resync, clusterId: string): Promise<void> {
    await this.#store.identity.join(clusterId);
    // Before this moment the time may have been a stranger's, which must not decide about expiry here.
    this.#store.intake.setTime(this.#time.ms);
    this.#figures.note(resync);
    this.#options.report.streams(resync);
    this.#streamsSinceMs = this.#clock.monotonicMs();
    this.#options.spans?.restart();
    this.#state.to('streaming');
    // Until the first acknowledgement, the upstream takes this node for one that holds nothing.
    this.#acknowledger.now();
  }

  #takeHeartbeat(frame: Heartbeat): void {
    if (frame.path.includes(this.#store.identity.nodeId)) {
      throw new HeadwaterError(
        'replication_loop',
        `this node is upstream of its own upstream: ${[...frame.path, this.#store.identity.nodeId].map((id) => id.slice(0, 8)).join(' → ')}`,
      );
    }
    if (this.#state.name === 'streaming') this.#refuseDiverged(frame);
    this.#options.report.heard(frame);
    if (this.#options.acknowledgements.signs.heartbeat(frame)) this.#acknowledger.answerSign();
    this.#time.heard(frame.timeMs);
    if (this.#state.name === 'streaming') this.#store.clock.follow(frame.timeMs);
  }

  #refuseDiverged(frame: Heartbeat): void {
    const { offset, checksum } = this.#store.data.position;
    if (frame.offset !== offset || frame.checksum === checksum) return;
    this.#logger.error(
      { offset },
      `DIVERGED: at offset ${offset} the running checksums of the upstream and of this node differ. This node resyncs`,
    );
    throw new HeadwaterError('chain_broken', `the running checksums differ at offset ${offset}`);
  }
}

function bytesOf(blocks: readonly Block[]): number {
  return blocks.reduce((bytes, block) => bytes + block.bytes.length, 0);
}
