/**
 * The upstream end of a node's replication: keeps one session with the node it
 * follows, for as long as it is told to. A session is a handshake, then a
 * partial or a full resync, then the stream; whatever ends it, the link dials
 * again, with backoff and jitter. While it is down the node serves the data it
 * has.
 *
 * States, and where they may go next:
 *
 *   connecting → handshake → streaming
 *                          → loading → streaming
 *                          → waiting → streaming | loading | refused
 *                          → refused
 *   any        → connecting (the session ended) | stopped
 */
import { type Clock, sleep } from '../clock.js';
import { HeadwaterError } from '../errors.js';
import { invariant } from '../invariant.js';
import { RECORD_FORMAT } from '../keyspace/record.js';
import { ACKNOWLEDGE_INTERVAL_MS, HEARTBEAT_INTERVAL_MS, RECONNECT_MS_MAX, RECONNECT_MS_MIN } from '../limits.js';
import { Lineage, type LineageRow } from '../lineage.js';
import { BLOCK_FORMAT, Block } from '../log/block.js';
import type { Logger } from '../logger.js';
import { ORIGIN } from '../position.js';
import type { Replacement } from '../store/replacement.js';
import type { Store } from '../store/store.js';
import type { Continue, DownFrame, FullResync, Heartbeat, UpstreamInfo } from '../wire/down-frames.js';
import { type Handshake, PROTOCOL_VERSION } from '../wire/handshake.js';
import type { Acknowledgement } from '../wire/up-frames.js';
import type { UpChannel } from './channel.js';

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
}

export type LinkState = 'connecting' | 'handshake' | 'waiting' | 'loading' | 'streaming' | 'refused' | 'stopped';

const NEXT: Readonly<Record<LinkState, readonly LinkState[]>> = {
  connecting: ['connecting', 'handshake', 'stopped'],
  handshake: ['connecting', 'waiting', 'loading', 'streaming', 'refused', 'stopped'],
  waiting: ['connecting', 'waiting', 'loading', 'streaming', 'refused', 'stopped'],
  loading: ['connecting', 'streaming', 'stopped'],
  streaming: ['connecting', 'stopped'],
  refused: ['connecting', 'stopped'],
  stopped: ['connecting', 'stopped'],
};

export interface LastResync {
  readonly kind: 'partial' | 'full';
  readonly reason: string;
  readonly bytes: number;
  readonly durationMs: number;
}

interface Loading {
  readonly replacement: Replacement;
  readonly keysEstimate: number;
  readonly upstream: UpstreamInfo;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #store: Store;
  readonly #logger: Logger;
  readonly #clock: Clock;
  #upstream = '';
  #state: LinkState = 'stopped';
  #error: HeadwaterError | undefined;
  /** Why the link went down when that was last said: the same is not said again and again. */
  #said = '';
  #acceptDataLoss = false;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #heartbeat: Heartbeat | undefined;
  #lastResync: LastResync | undefined;
  #loading: Loading | undefined;
  readonly resyncs = { full: 0, partial: 0 };

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#logger = options.logger;
    this.#clock = options.clock;
  }

  /** Follows `upstream`, host:port, until `stop`. */
  start(upstream: string, options: { acceptDataLoss: boolean }): void {
    invariant(this.#state === 'stopped', 'a link is started once it is stopped');
    this.#upstream = upstream;
    this.#acceptDataLoss = options.acceptDataLoss;
    this.#stop = new AbortController();
    this.#to('connecting');
    this.#running = this.#run(this.#stop.signal);
  }

  /** Nothing of this upstream enters the store once it resolves. */
  async stop(): Promise<void> {
    this.#stop.abort(new HeadwaterError('cancelled', 'this node no longer follows'));
    await this.#running;
    this.#to('stopped');
    this.#heartbeat = undefined;
  }

  /** Node IDs from the leader down to this node's upstream, as far as heard. */
  get path(): readonly string[] {
    return this.#heartbeat?.path ?? [];
  }

  get status() {
    const { offset } = this.#store.position;
    const behind = Math.max(0, (this.#heartbeat?.offset ?? 0) - offset);
    return {
      address: this.#upstream,
      state: this.#state,
      lagCommands: behind,
      lagMs: behind === 0 ? 0 : Math.max(0, this.#store.nowMs() - this.#store.endTimeMs),
      lastResync: this.#lastResync,
      error: this.#error?.message ?? '',
      loadedKeys: this.#loading?.replacement.keys ?? 0,
      keysEstimate: this.#loading?.keysEstimate ?? 0,
    };
  }

  async #run(stop: AbortSignal): Promise<void> {
    for (let failures = 0; !stop.aborted; ) {
      const session = new Session();
      try {
        await this.#session(session, stop);
      } catch (error) {
        const coded = HeadwaterError.from(error);
        if (stop.aborted) break;
        this.#ended(coded, failures);
      }
      failures = this.#wasHealthy(session) ? 0 : failures + 1;
      const waitMs = Math.min(RECONNECT_MS_MAX, RECONNECT_MS_MIN * 2 ** Math.min(failures, 10));
      await sleep(this.#clock, waitMs * (0.5 + this.#options.random() / 2), stop);
    }
  }

  /** A session that streams and ends at once, again and again, is not to be dialled as fast as can be. */
  #wasHealthy({ streamsSinceMs }: Session): boolean {
    return streamsSinceMs !== undefined && this.#clock.monotonicMs() - streamsSinceMs >= HEALTHY_SESSION_MS;
  }

  #ended(error: HeadwaterError, failures: number): void {
    const repeated = failures > 0 && error.message === this.#said;
    this.#error = error;
    this.#said = error.message;
    if (error.code !== 'resync_refused') this.#to('connecting');
    const fields = { upstream: this.#upstream, code: error.code };
    const message = `the link to upstream ${this.#upstream} is down: ${error.message}; trying again`;
    if (repeated) this.#logger.debug(fields, message);
    else this.#logger.warn(fields, message);
  }

  async #session(session: Session, stop: AbortSignal): Promise<void> {
    if (this.#state !== 'connecting') this.#to('connecting');
    const channel = await this.#options.dial(this.#upstream);
    const hangUp = () => channel.close(stop.reason as HeadwaterError);
    stop.addEventListener('abort', hangUp, { once: true });
    if (stop.aborted) hangUp();
    const stopWatch = this.#watchSilence(channel, session);
    try {
      this.#to('handshake');
      session.beganMs = session.heardMs = this.#clock.monotonicMs();
      await channel.send(this.#handshake());
      this.#acknowledgeSoon(session, channel, HEARTBEAT_INTERVAL_MS);
      for (;;) {
        const frames = await channel.receive();
        session.busy = true;
        await this.#take(frames, session, channel);
        session.busy = false;
        session.heardMs = this.#clock.monotonicMs();
      }
    } finally {
      stopWatch();
      session.cancelAcknowledgement?.();
      stop.removeEventListener('abort', hangUp);
      await this.#loading?.replacement.close();
      this.#loading = undefined;
      channel.close();
    }
  }

  #handshake(): Handshake {
    const { log } = this.#store;
    return {
      kind: 'handshake',
      protocolVersion: PROTOCOL_VERSION,
      blockFormat: BLOCK_FORMAT,
      recordFormat: RECORD_FORMAT,
      clusterId: this.#store.clusterId,
      nodeId: this.#store.nodeId,
      nonce: this.#options.nonce,
      address: this.#options.address(),
      lineage: this.#store.lineageOfData.rows,
      position: log.end,
      baseOffset: log.base.offset,
      keyspaceOffset: this.#store.keyspaceOffset,
      acceptDataLoss: this.#acceptDataLoss,
      full: false,
      keyspaceIncomplete: this.#store.incomplete !== undefined,
    };
  }

  /** Frames in order; blocks that arrived together are committed together. */
  async #take(frames: readonly DownFrame[], session: Session, channel: UpChannel): Promise<void> {
    let gathered: Buffer[] = [];
    for (let i = 0; i < frames.length; i++) {
      const frame = frames[i] as DownFrame;
      if (frame.kind !== 'blocks') {
        await this.#takeOne(frame, session);
        if (session.joined) this.#acknowledgeSoon(session, channel, 0);
        session.joined = false;
        continue;
      }
      gathered.push(...frame.blocks);
      session.acknowledge ||= frame.acknowledge;
      session.sync ||= frame.sync;
      if (frames[i + 1]?.kind === 'blocks') continue;
      await this.#takeBlocks(gathered, session, channel);
      gathered = [];
    }
  }

  async #takeBlocks(gathered: readonly Buffer[], session: Session, channel: UpChannel): Promise<void> {
    const blocks = gathered.map((bytes) => new Block(bytes));
    const last = blocks.at(-1);
    if (!last) return;
    session.receivedOffset = last.lastOffset;
    const rows = session.rows;
    session.rows = [];
    if (this.#loading) {
      await this.#loading.replacement.appendBlocks(blocks, rows);
      return;
    }
    if (this.#state !== 'streaming')
      throw new HeadwaterError('protocol_violation', `blocks arrived in the state ${this.#state}`);
    await this.#store.receive(blocks, rows);
    this.#countCatchingUp(blocks, session);
    await this.#acknowledge(session, channel);
  }

  async #takeOne(frame: Exclude<DownFrame, { kind: 'blocks' }>, session: Session): Promise<void> {
    switch (frame.kind) {
      case 'continue':
        this.#heardTime(frame.upstream.timeMs, session);
        await this.#joined(frame.upstream, session);
        this.#continue(frame, session);
        break;
      case 'wait':
        if (this.#state !== 'waiting')
          this.#logger.warn({}, `upstream ${this.#upstream} is not ready: ${frame.reason}`);
        this.#to('waiting');
        break;
      case 'refuse':
        this.#to('refused');
        throw new HeadwaterError(
          'resync_refused',
          `it refused to resync (${frame.reason}): ${frame.message}. This node goes on serving what it has`,
          {
            details: { reason: frame.reason, ...frame.details },
          },
        );
      case 'fullResync':
        this.#heardTime(frame.upstream.timeMs, session);
        await this.#beginLoading(frame);
        break;
      case 'snapshotChunk':
        await this.#expectLoading().replacement.addEntries(frame.keys, frame.records);
        break;
      case 'snapshotEnd':
        await this.#finishLoading(frame, session);
        break;
      case 'newHistory':
        session.rows.push(frame.row);
        break;
      case 'heartbeat':
        this.#takeHeartbeat(frame, session);
        break;
      case 'mark':
        break;
    }
  }

  async #beginLoading(frame: FullResync): Promise<void> {
    this.#logger.info(
      { upstream: this.#upstream, reason: frame.reason },
      `full resync from ${this.#upstream} at offset ${frame.position.offset} (${frame.reason}); serving the old data meanwhile`,
    );
    if (frame.branchOffset !== undefined) await this.#store.saveLostWrites(frame.branchOffset);
    const replacement = await this.#store.beginReplacement(frame.position, Lineage.received(frame.lineage));
    this.#loading = { replacement, keysEstimate: frame.keysEstimate, upstream: frame.upstream };
    this.#lastResync = { kind: 'full', reason: frame.reason, bytes: 0, durationMs: 0 };
    this.#to('loading');
  }

  async #finishLoading(frame: { keys: number; digest: Buffer }, session: Session): Promise<void> {
    const { replacement, upstream } = this.#expectLoading();
    await replacement.finish(frame);
    this.#loading = undefined;
    await this.#store.adopt(replacement, upstream.clusterId);
    await this.#joined(upstream, session);
    this.#level(
      {
        kind: 'full',
        reason: this.#lastResync?.reason ?? '',
        bytes: replacement.bytes,
        durationMs: this.#since(session),
      },
      session,
    );
  }

  #level(resync: LastResync, session: Session): void {
    this.#lastResync = resync;
    this.resyncs[resync.kind]++;
    this.#error = undefined;
    session.streamsSinceMs = this.#clock.monotonicMs();
    session.joined = true;
    this.#to('streaming');
  }

  #continue({ endOffset }: Continue, session: Session): void {
    const { offset } = this.#store.position;
    const reason = `CONTINUE: the upstream's log holds what follows offset ${offset}`;
    session.levelAtOffset = endOffset;
    this.#level({ kind: 'partial', reason, bytes: 0, durationMs: this.#since(session) }, session);
    this.#logger.info(
      { offset },
      `partial resync from ${this.#upstream}: going on from offset ${offset}, ${endOffset - offset} commands behind`,
    );
  }

  /** Until what was missing at the handshake is here, it counts as the resync's. */
  #countCatchingUp(blocks: readonly Block[], session: Session): void {
    if (!this.#lastResync || session.levelAtOffset === 0) return;
    const bytes = blocks.reduce((sum, block) => sum + block.bytes.length, this.#lastResync.bytes);
    this.#lastResync = { ...this.#lastResync, bytes, durationMs: this.#since(session) };
    if (this.#store.position.offset >= session.levelAtOffset) session.levelAtOffset = 0;
  }

  async #joined(upstream: UpstreamInfo, session: Session): Promise<void> {
    await this.#store.joinCluster(upstream.clusterId);
    // From here on it is the time of this node's data: before, it may have been a stranger's, which must not
    // decide what is expired here.
    this.#store.setTime(session.upstreamMs + this.#clock.monotonicMs() - session.upstreamHeardMs);
    // It was given for one resync, not for what the upstream may become later.
    this.#acceptDataLoss = false;
  }

  /** A snapshot may load for long: what is taken at its end is the time last heard, and what has passed since. */
  #heardTime(timeMs: number, session: Session): void {
    session.upstreamMs = timeMs;
    session.upstreamHeardMs = this.#clock.monotonicMs();
  }

  #takeHeartbeat(frame: Heartbeat, session: Session): void {
    if (frame.path.includes(this.#store.nodeId)) {
      throw new HeadwaterError(
        'replication_loop',
        `this node stands above its own upstream: ${[...frame.path, this.#store.nodeId].map((id) => id.slice(0, 8)).join(' → ')}`,
      );
    }
    this.#heartbeat = frame;
    this.#heardTime(frame.timeMs, session);
    if (this.#state === 'streaming') this.#store.followTime(frame.timeMs);
    const { offset, checksum } = this.#store.position;
    if (this.#state === 'streaming' && frame.offset === offset && frame.checksum !== checksum) {
      this.#logger.error(
        { offset },
        `DIVERGED: at offset ${offset} the upstream's running checksum is not this node's; resyncing`,
      );
      throw new HeadwaterError('chain_broken', `the running checksums differ at offset ${offset}`);
    }
  }

  /** At once where it was asked for, else at most every few milliseconds. */
  async #acknowledge(session: Session, channel: UpChannel): Promise<void> {
    if (session.sync) await this.#store.durable();
    const dueInMs = session.acknowledgedMs + ACKNOWLEDGE_INTERVAL_MS - this.#clock.monotonicMs();
    this.#acknowledgeSoon(session, channel, session.acknowledge || session.sync ? 0 : dueInMs);
  }

  /** In `delayMs`, and from then on once a heartbeat: it is also this node's sign of life. */
  #acknowledgeSoon(session: Session, channel: UpChannel, delayMs: number): void {
    session.cancelAcknowledgement?.();
    const send = () => {
      session.acknowledge = session.sync = false;
      session.acknowledgedMs = this.#clock.monotonicMs();
      if (channel.ended.aborted) return;
      void channel.send(this.#acknowledgement(session));
      this.#acknowledgeSoon(session, channel, HEARTBEAT_INTERVAL_MS);
    };
    if (delayMs <= 0) send();
    else session.cancelAcknowledgement = this.#clock.after(delayMs, send);
  }

  #acknowledgement(session: Session): Acknowledgement {
    // Until the session streams, what this node holds says nothing about the upstream's history.
    const streaming = this.#state === 'streaming' && this.#store.isServing;
    const position = streaming ? this.#store.position : ORIGIN;
    return {
      kind: 'acknowledgement',
      receivedOffset: Math.max(session.receivedOffset, position.offset),
      appendedOffset: position.offset,
      durableOffset: streaming ? Math.min(this.#store.log.durableOffset, position.offset) : 0,
      replicationId: position.replicationId,
      checksum: position.checksum,
    };
  }

  #watchSilence(channel: UpChannel, session: Session): () => void {
    const { timeoutMs } = this.#options;
    let cancel = () => {};
    const look = () => {
      // While this node is busy with what it heard, what comes meanwhile waits unheard.
      const silentMs = session.busy ? 0 : this.#clock.monotonicMs() - session.heardMs;
      if (silentMs > timeoutMs) {
        channel.close(new HeadwaterError('unreachable', `the upstream was silent for ${Math.round(silentMs)} ms`));
        return;
      }
      cancel = this.#clock.after(timeoutMs / 4, look);
    };
    session.heardMs = this.#clock.monotonicMs();
    look();
    return () => cancel();
  }

  #expectLoading(): Loading {
    if (this.#loading) return this.#loading;
    throw new HeadwaterError('protocol_violation', `a piece of a snapshot arrived in the state ${this.#state}`);
  }

  #since(session: Session): number {
    return Math.round(this.#clock.monotonicMs() - session.beganMs);
  }

  #to(state: LinkState): void {
    invariant(NEXT[this.#state].includes(state), `a link does not go from ${this.#state} to ${state}`);
    this.#state = state;
  }
}

/** A session that streamed for so long was a good one: the next attempt begins without a long wait. */
const HEALTHY_SESSION_MS = 2_000;

/** What one session knows and the next forgets. */
class Session {
  beganMs = 0;
  heardMs = 0;
  /** The upstream's time as it last said, and when that was. */
  upstreamMs = 0;
  upstreamHeardMs = 0;
  /** Frames are being taken in. */
  busy = false;
  /** From when on it streamed; undefined before. */
  streamsSinceMs: number | undefined;
  /** It has come to stream, and the upstream is to hear at once how far this node is. */
  joined = false;
  /** Histories announced for the next blocks. */
  rows: LineageRow[] = [];
  receivedOffset = 0;
  /** After a partial resync: where the upstream's log ended at the handshake; 0 once that is reached. */
  levelAtOffset = 0;
  acknowledge = false;
  sync = false;
  acknowledgedMs = 0;
  cancelAcknowledgement: (() => void) | undefined;
}
