/**
 * The downstream end of a replication session: a cursor over the log that
 * sends what it reads into a channel, at the follower's pace. It decides once,
 * at the handshake, how the follower may come level; from there on it pulls:
 * the writer does not know that it exists, and a follower that is slow costs
 * one cursor.
 */
import { type Clock, sleep } from '../clock.js';
import { HeadwaterError } from '../errors.js';
import { RECORD_FORMAT } from '../keyspace/record.js';
import { KeyspaceDigest, type KeyspaceSnapshot } from '../keyspace/snapshot.js';
import { FRAME_BYTES_MAX, FRAME_INTERVAL_MS, PUBLISHING_BYTES_MAX, PUBLISHING_MAX } from '../limits.js';
import { Lineage, type LineageRow } from '../lineage.js';
import { BLOCK_FORMAT } from '../log/block.js';
import { Cursor } from '../log/cursor.js';
import type { Log } from '../log/log.js';
import type { Logger } from '../logger.js';
import type { Position } from '../position.js';
import type { Message, Store } from '../store/store.js';
import type { DownFrame, UpstreamInfo } from '../wire/down-frames.js';
import { type Handshake, PROTOCOL_VERSION } from '../wire/handshake.js';
import type { Acknowledgement, DigestReport, Publish, UpFrame } from '../wire/up-frames.js';
import type { Acknowledgements, Awaited, Reporter } from './acknowledgements.js';
import { reachableAddress } from './announced.js';
import type { DownChannel } from './channel.js';
import { Outflow } from './outflow.js';
import { PublishingWindow } from './publishing.js';
import type { Refusal } from './reasons.js';
import { type Decision, type Details, decide } from './resync.js';

export interface FeedOptions {
  readonly store: Store;
  readonly channel: DownChannel;
  readonly clock: Clock;
  readonly logger: Logger;
  /** host:port at which this node listens. */
  readonly address: string;
  /** Silence for so long is a dead follower. */
  readonly timeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** Hears what this follower reports, and knows what is awaited. */
  readonly acknowledgements: Acknowledgements;
  /** Node IDs from the leader down to this node. */
  path(): readonly string[];
  /** The leader's time at which this node was known to hold everything up to then. */
  levelMs(): number;
  /** The history that the leader has begun right behind the end of this node's log. */
  nextHistory(): LineageRow | undefined;
  /** Counts and lists the session; refuses a node that is connected already. */
  admit(feed: Feed): HeadwaterError | undefined;
  resynced(kind: 'partial' | 'full', reason: string): void;
  refused(refusal: Refusal): void;
  /** A digest of the follower, or of a node below it. */
  reported(report: DigestReport): void;
  /** Towards the leader; the offset that the message has, or follows. */
  publish(message: Message): Promise<number>;
  /** What a handshake means for the leadership; a refusal where the follower is not to be served. */
  greeted(handshake: Handshake): Promise<{ reason: string; message: string } | undefined>;
}

export type FeedState = 'handshake' | 'waiting' | 'snapshot' | 'streaming' | 'catching_up' | 'ended';

export class Feed implements Reporter {
  readonly #options: FeedOptions;
  readonly #channel: DownChannel;
  readonly #store: Store;
  #state: FeedState = 'handshake';
  #handshake: Handshake | undefined;
  #acknowledged: Acknowledgement | undefined;
  #lastHeardMs: number;
  /** Once the follower is sent blocks. */
  #outflow: Outflow | undefined;
  /** The channel has no room: the follower is behind. */
  #congested = false;
  /** Up to here an acknowledgement has been asked for. */
  #asked: Awaited = { appended: 0, synced: 0 };
  /** What the follower has sent up and is not answered yet. */
  readonly #publishing = new PublishingWindow();
  /** Run when the follower is heard. */
  readonly #watchers = new Set<() => void>();

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#channel = options.channel;
    this.#store = options.store;
    this.#lastHeardMs = options.clock.monotonicMs();
  }

  get nodeId(): string {
    return this.#handshake?.nodeId ?? '';
  }

  /** A leader that asks for what it has lost, and no follower. */
  get isCatchingUp(): boolean {
    return this.#handshake?.catchingUp ?? false;
  }

  /** The end of its log when the session began. */
  get came(): Position | undefined {
    return this.#handshake?.position;
  }

  get position(): Pick<Acknowledgement, 'appendedOffset' | 'checksum' | 'replicationId'> | undefined {
    return this.#acknowledged;
  }

  /** By the monotonic clock. */
  get lastHeardMs(): number {
    return this.#lastHeardMs;
  }

  get nonce(): string {
    return this.#handshake?.nonce ?? '';
  }

  get status(): {
    nodeId: string;
    address: string;
    state: FeedState;
    appendedOffset: number;
    durableOffset: number;
    lagCommands: number;
    lagMs: number;
    via: string;
    silentMs: number;
  } {
    const appendedOffset = this.#acknowledged?.appendedOffset ?? 0;
    const end = this.#store.position.offset;
    return {
      nodeId: this.nodeId,
      address: this.#handshake?.address ?? '',
      state: this.#state,
      appendedOffset,
      durableOffset: this.#acknowledged?.durableOffset ?? 0,
      lagCommands: Math.max(0, end - appendedOffset),
      lagMs: this.#options.acknowledgements.lagMs(appendedOffset),
      via: '',
      silentMs: Math.round(this.#options.clock.monotonicMs() - this.#lastHeardMs),
    };
  }

  /** Serves one session; resolves when it has ended, whatever the reason. */
  async run(): Promise<void> {
    const stopWatch = this.#watchSilence();
    let stopHeartbeats = () => {};
    try {
      const [first, ...rest] = await this.#channel.receive();
      const introduced = this.#checkHandshake(first);
      const handshake = { ...introduced, address: reachableAddress(introduced.address, this.#channel.peerAddress) };
      this.#handshake = handshake;
      const refusal = this.#options.admit(this);
      if (refusal) throw refusal;
      if (!handshake.catchingUp) this.#options.acknowledgements.begin(this);
      for (const frame of rest) this.#heard(frame);
      void this.#listen();
      stopHeartbeats = this.#heartbeats(handshake);
      await this.#serve(handshake);
    } catch (error) {
      this.#end(HeadwaterError.from(error));
    } finally {
      this.#state = 'ended';
      this.#options.acknowledgements.end(this);
      stopWatch();
      stopHeartbeats();
    }
  }

  /**
   * Resolves when the follower has said that its log ends exactly there; asks
   * it to say so as soon as it does.
   * @throws the reason of the session's end, or of `signal`.
   */
  async whenAppended(end: Position, signal: AbortSignal): Promise<void> {
    const over = AbortSignal.any([signal, this.#channel.ended]);
    let cancel = () => {};
    const ask = () => {
      if ((this.#outflow?.sent.offset ?? 0) >= end.offset)
        void this.#send({ kind: 'blocks', blocks: [], acknowledge: true, sync: false });
      else cancel = this.#options.clock.after(FRAME_INTERVAL_MS, ask);
    };
    try {
      if ((this.#acknowledged?.appendedOffset ?? -1) < end.offset) ask();
      await new Promise<void>((resolve, reject) => {
        const look = () => {
          const at = this.#acknowledged;
          if (over.aborted) reject(over.reason);
          else if (at?.appendedOffset === end.offset && at.checksum === end.checksum) resolve();
          else return;
          this.#watchers.delete(look);
          over.removeEventListener('abort', look);
        };
        this.#watchers.add(look);
        over.addEventListener('abort', look, { once: true });
        look();
      });
    } finally {
      cancel();
    }
  }

  /** Tells the follower that the leadership has moved. */
  moved(to: { address: string; nodeId: string }): void {
    void this.#send({ kind: 'moved', ...to });
  }

  /** Ends the session, for a reason that the follower is told. */
  close(reason: HeadwaterError): void {
    this.#channel.close(reason);
  }

  #checkHandshake(frame: UpFrame | undefined): Handshake {
    if (frame?.kind !== 'handshake')
      throw new HeadwaterError(
        'protocol_violation',
        `a session begins with a handshake, received ${frame?.kind ?? 'nothing'}`,
      );
    const mismatch = (what: string, expected: number, received: number) =>
      new HeadwaterError(
        'unknown_format',
        `${what}: this node speaks ${expected}, the follower ${received}; update the older of the two`,
      );
    if (frame.protocolVersion !== PROTOCOL_VERSION)
      throw mismatch('protocol version', PROTOCOL_VERSION, frame.protocolVersion);
    if (frame.blockFormat < BLOCK_FORMAT) throw mismatch('block format', BLOCK_FORMAT, frame.blockFormat);
    if (frame.recordFormat < RECORD_FORMAT) throw mismatch('record format', RECORD_FORMAT, frame.recordFormat);
    if (frame.nodeId === this.#store.nodeId) {
      throw new HeadwaterError(
        'replication_loop',
        `the node ${frame.nodeId} cannot follow itself; if these are two nodes, one data directory is a copy of the other's`,
      );
    }
    return frame;
  }

  async #serve(handshake: Handshake): Promise<void> {
    for (;;) {
      // A log that lost its tail would be taken for a history that others have left.
      if (this.#store.notServing) throw this.#store.notServing;
      const { log } = this.#store;
      if (this.#store.asking) {
        // Its follower may have what this node is about to ask for.
        await this.#wait('this leader asks its followers first for what it may have lost', log);
        continue;
      }
      const refusal = await this.#options.greeted(handshake);
      if (refusal) return await this.#refuse(refusal);
      // Decided and pinned in one turn: nothing is trimmed between the decision and the first read.
      const cursor = new Cursor(log, handshake.position, { pinnedFor: this.#name() });
      try {
        const decision = await this.#decide(handshake, log);
        if (decision.kind === 'refuse') return await this.#refuse(decision);
        if (decision.kind === 'continue') return await this.#continue(decision, cursor, log);
        if (decision.kind === 'full') {
          cursor.close();
          if (handshake.catchingUp) return await this.#refuse(decision);
          return await this.#full(decision, log);
        }
        await this.#wait(decision.message, log);
      } finally {
        cursor.close();
      }
    }
  }

  async #decide(handshake: Handshake, log: Log): Promise<Decision> {
    // The log may go on while the disk is asked: what is judged is of one moment.
    const { end, base, lineage } = log;
    const checksumAtAsked = await log.checksumAt(handshake.position.offset);
    return decide(
      { ...handshake, lineage: Lineage.received(handshake.lineage) },
      {
        role: this.#store.role,
        clusterId: this.#store.clusterId,
        lineage,
        end,
        base,
        checksumAtAsked,
        nextHistory: this.#options.nextHistory(),
      },
    );
  }

  async #refuse(decision: { reason: string; message: string; details?: Details }): Promise<void> {
    const { reason, message, details = {} } = decision;
    const address = this.#handshake?.address ?? '';
    const timeMs = this.#options.clock.wallMs();
    this.#options.refused({ nodeId: this.nodeId, address, reason, message, details, timeMs });
    this.#options.logger.warn({ node_id: this.nodeId, reason }, `refused to resync ${this.#name()}: ${message}`);
    await this.#send({ kind: 'refuse', reason, message, details });
    this.#channel.close();
  }

  async #wait(message: string, log: Log): Promise<void> {
    if (this.#state !== 'waiting') await this.#send({ kind: 'wait', reason: message });
    this.#state = 'waiting';
    const { offset } = log.end;
    const { ended } = this.#channel;
    if (ended.aborted) throw ended.reason;
    const over = new AbortController();
    // Not AbortSignal.any: a follower may wait for long, and each would leave something behind.
    const end = () => over.abort(ended.reason);
    ended.addEventListener('abort', end, { once: true });
    try {
      await Promise.race([
        log.whenBeyond(offset, over.signal),
        sleep(this.#options.clock, this.#options.heartbeatIntervalMs, over.signal),
      ]);
    } finally {
      ended.removeEventListener('abort', end);
      over.abort();
    }
    if (ended.aborted) throw ended.reason;
  }

  async #continue(decision: Decision & { kind: 'continue' }, cursor: Cursor, log: Log): Promise<void> {
    const { reason, message, details } = decision;
    const { offset } = cursor;
    const history = details.follower_replication_id ?? '';
    await this.#send({
      kind: 'continue',
      upstream: this.#upstream(),
      lineage: log.lineage.upTo(log.end.offset).rows,
      endOffset: log.end.offset,
      reason,
      message,
      details,
    });
    if (this.#handshake?.catchingUp) {
      this.#state = 'catching_up';
      return this.#stream(cursor, log, history);
    }
    this.#state = 'streaming';
    this.#options.resynced('partial', reason);
    this.#options.logger.info(
      { node_id: this.nodeId, reason, offset },
      `partial resync of ${this.#name()} from offset ${offset}, ${log.end.offset - offset} commands behind`,
    );
    await this.#stream(cursor, log, history);
  }

  async #full(decision: Decision & { kind: 'full' }, log: Log): Promise<void> {
    this.#state = 'snapshot';
    // A shared one may be older than what has been trimmed, or than what the follower has acknowledged of this history.
    const had = decision.branchOffset ?? this.#handshake?.position.offset ?? 0;
    const snapshot = await this.#store.snapshotAt({ share: true, notBefore: Math.max(had, log.base.offset) });
    const { position } = snapshot;
    const cursor = new Cursor(log, position, { pinnedFor: this.#name() });
    try {
      const { reason, message, details } = decision;
      this.#options.resynced('full', reason);
      this.#options.logger.info(
        { node_id: this.nodeId, reason, offset: position.offset },
        `full resync of ${this.#name()} at offset ${position.offset}: ${message}`,
      );
      await this.#send({
        kind: 'fullResync',
        upstream: this.#upstream(),
        reason,
        message,
        details,
        position,
        lineage: log.lineage.upTo(position.offset).rows,
        keysEstimate: snapshot.keys ?? 0,
        branchOffset: decision.branchOffset,
      });
      const sending = this.#sendSnapshot(snapshot).then(() => {
        this.#state = 'streaming';
      });
      // Both pull at the follower's pace; whichever fails ends the session.
      await Promise.all([
        sending.catch((error) => this.#fail(error)),
        this.#stream(cursor, log, log.lineage.replicationIdAt(position.offset)),
      ]);
    } finally {
      cursor.close();
    }
  }

  async #sendSnapshot(snapshot: KeyspaceSnapshot): Promise<void> {
    const digest = new KeyspaceDigest();
    try {
      for await (const chunk of snapshot.chunks()) {
        digest.add(chunk);
        for (const group of groupsOf(chunk)) {
          const keys = group.map(([key]) => key);
          const records = group.map(([, record]) => record);
          await this.#send({ kind: 'snapshotChunk', keys, records });
          if (this.#channel.ended.aborted) throw this.#channel.ended.reason;
        }
      }
    } finally {
      await snapshot.release();
    }
    await this.#send({ kind: 'snapshotEnd', keys: digest.keys, digest: digest.finish() });
  }

  /** The log from the cursor on, for ever. */
  #stream(cursor: Cursor, log: Log, history: string): Promise<never> {
    const { clock } = this.#options;
    const send = (frame: DownFrame) => this.#send(frame);
    const asks = (first: number, last: number) => this.#asks(first, last);
    this.#outflow = new Outflow({ log, cursor, history, clock, ended: this.#channel.ended, asks, send });
    // What is awaited may be here already.
    this.ask();
    return this.#outflow.run();
  }

  /** Of blocks about to be sent: somebody waits for them. */
  #asks(firstOffset: number, lastOffset: number): { acknowledge: boolean; sync: boolean } {
    const { appended, synced } = this.#options.acknowledgements.awaited;
    const [acknowledge, sync] = [appended >= firstOffset, synced >= firstOffset];
    this.#asked = {
      appended: acknowledge ? lastOffset : this.#asked.appended,
      synced: sync ? lastOffset : this.#asked.synced,
    };
    return { acknowledge, sync };
  }

  /** Of blocks that were sent before somebody waited for them; once for each. */
  ask(): void {
    // One that has no room is asked when it has: what it does not take in it cannot acknowledge.
    if (!this.#outflow || this.#congested) return;
    const { offset } = this.#outflow.sent;
    const { appended, synced } = this.#options.acknowledgements.awaited;
    const known = this.#acknowledged;
    const acknowledge = Math.min(appended, offset) > Math.max(this.#asked.appended, known?.appendedOffset ?? 0);
    const sync = Math.min(synced, offset) > Math.max(this.#asked.synced, known?.durableOffset ?? 0);
    if (!acknowledge && !sync) return;
    this.#asked = {
      appended: acknowledge ? offset : this.#asked.appended,
      synced: sync ? offset : this.#asked.synced,
    };
    void this.#send({ kind: 'blocks', blocks: [], acknowledge, sync });
  }

  /** What the session sends, heartbeats included, goes through here: it knows whether the follower keeps up. */
  #send(frame: DownFrame): Promise<void> | undefined {
    const drained = this.#channel.send(frame);
    if (!drained) return undefined;
    this.#congested = true;
    return drained.finally(() => {
      this.#congested = false;
      this.ask();
    });
  }

  #heartbeats({ handsOverTo }: Handshake): () => void {
    let cancel = () => {};
    const beat = () => {
      // To a follower that is behind, frames are on their way: no more may pile up behind them.
      if (!this.#congested) void this.#heartbeat();
      this.#options.acknowledgements.sample();
      cancel = this.#options.clock.after(this.#options.heartbeatIntervalMs, beat);
    };
    // Who hands over stands above this node until that has answered: its path would look like a loop.
    if (handsOverTo === '') beat();
    else cancel = this.#options.clock.after(this.#options.heartbeatIntervalMs, beat);
    return () => cancel();
  }

  async #heartbeat(): Promise<void> {
    const sent = this.#outflow?.sent ?? { offset: 0, checksum: 0 };
    const levelMs = this.#options.levelMs();
    // It can be level only with what it has been sent.
    const unsent = sent.offset < this.#store.position.offset;
    await this.#send({
      kind: 'heartbeat',
      ...sent,
      timeMs: this.#store.nowMs(),
      path: this.#options.path(),
      levelMs: unsent ? Math.min(levelMs, this.#options.acknowledgements.levelMs(sent.offset)) : levelMs,
      nextHistory: this.#options.nextHistory(),
    });
  }

  async #listen(): Promise<void> {
    try {
      for (;;) for (const frame of await this.#channel.receive()) this.#heard(frame);
    } catch {
      // The end of the channel is seen, with its reason, by whoever sends.
    }
  }

  #heard(frame: UpFrame): void {
    this.#lastHeardMs = this.#options.clock.monotonicMs();
    if (frame.kind === 'handshake')
      this.#end(new HeadwaterError('protocol_violation', 'expected one handshake in a session, received a second'));
    if (frame.kind === 'publish') void this.#publish(frame);
    if (frame.kind === 'digestReport') this.#options.reported(frame);
    if (frame.kind !== 'acknowledgement') return;
    this.#acknowledged = frame;
    this.#options.acknowledgements.report(this, frame);
    for (const look of this.#watchers) look();
  }

  /** In the order of the frames: each is handed on before the next is looked at. */
  async #publish({ sequence, ...message }: Publish): Promise<void> {
    if (!this.#publishing.hasRoomFor(message)) {
      this.#end(
        new HeadwaterError(
          'protocol_violation',
          `expected at most ${PUBLISHING_MAX} messages, or ${PUBLISHING_BYTES_MAX} bytes of them, that are not answered yet; received more`,
        ),
      );
      return;
    }
    this.#publishing.take(message);
    const { offset, error } = await this.#options.publish(message).then(
      (offset) => ({ offset, error: undefined }),
      (error) => ({ offset: 0, error: HeadwaterError.from(error) }),
    );
    this.#publishing.giveBack(message);
    await this.#send({ kind: 'published', sequence, offset, error });
  }

  #watchSilence(): () => void {
    const { clock, timeoutMs } = this.#options;
    let cancel = () => {};
    const look = () => {
      const silentMs = clock.monotonicMs() - this.#lastHeardMs;
      if (silentMs > timeoutMs) {
        this.#end(new HeadwaterError('unreachable', `${this.#name()} was silent for ${Math.round(silentMs)} ms`));
        return;
      }
      cancel = clock.after(timeoutMs / 4, look);
    };
    look();
    return () => cancel();
  }

  #fail(error: unknown): never {
    this.#channel.close(HeadwaterError.from(error));
    throw error;
  }

  #end(error: HeadwaterError): void {
    if (!this.#channel.ended.aborted)
      this.#options.logger.info(
        { node_id: this.nodeId, error: error.message },
        `the session with ${this.#name()} ended: ${error.message}`,
      );
    this.#channel.close(error);
  }

  #upstream(): UpstreamInfo {
    return {
      clusterId: this.#store.clusterId,
      nodeId: this.#store.nodeId,
      address: this.#options.address,
      timeMs: this.#store.nowMs(),
    };
  }

  #name(): string {
    if (!this.#handshake) return 'a follower that has not introduced itself';
    return `follower ${this.#handshake.address || this.#handshake.nodeId.slice(0, 8)}`;
  }
}

/** Cuts entries into frames of about the size of a frame. */
function* groupsOf<T extends readonly [Buffer, Buffer]>(entries: readonly T[]): Generator<T[]> {
  let group: T[] = [];
  let bytes = 0;
  for (const entry of entries) {
    group.push(entry);
    bytes += entry[0].length + entry[1].length;
    if (bytes < FRAME_BYTES_MAX / 2) continue;
    yield group;
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield group;
}
