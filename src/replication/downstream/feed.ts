/**
 * The upstream's end of a replication session: a cursor over the log that sends
 * what it reads into a channel, at the follower's pace. The feed decides once,
 * at the handshake, how the follower may catch up. From then on it pulls from
 * the log: the writer does not know that the feed exists, and a slow follower
 * costs one cursor.
 */

import type { Clock } from '../../base/clock.js';
import { type Details, HeadwaterError } from '../../base/errors.js';
import { FRAME_INTERVAL_MS, PUBLISHING_BYTES_MAX, PUBLISHING_MAX } from '../../base/limits.js';
import type { Logger } from '../../base/logger.js';
import type { RepeatedLog } from '../../base/repeated-log.js';
import type { KeyspaceSnapshot } from '../../keyspace/snapshot.js';
import { Cursor } from '../../log/cursor.js';
import type { Log } from '../../log/log.js';
import { whenMoved } from '../../log/wait.js';
import { Lineage, type LineageRow } from '../../model/lineage.js';
import type { Position } from '../../model/position.js';
import type { StatusRefusal } from '../../model/status.js';
import type { Store } from '../../store/store.js';
import type { Message } from '../../store/writes.js';
import type { DownChannel } from '../channel.js';
import type { DownFrame, UpstreamInfo } from '../down-frames.js';
import type { Handshake } from '../handshake.js';
import { checkHandshake } from '../introduction.js';
import type { Marks } from '../marks.js';
import type { Acknowledgements, NodeBelow, Reporter } from '../progress/acknowledgements.js';
import { PublishingWindow } from '../publish-window.js';
import { type Decision, decide } from '../resync.js';
import { Silence, watchSilence } from '../silence.js';
import { epochBefore } from '../takeover.js';
import type { Acknowledgement, Publish, UpFrame } from '../up-frames.js';
import { AcknowledgementRequests } from './acknowledgement-requests.js';
import { counted, Outflow, type OutflowOptions } from './outflow.js';
import { reachableAddress } from './reachable-address.js';
import { sendSnapshot } from './snapshot-outflow.js';

/** The node that a feed belongs to. */
export interface FeedNode {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A follower that is silent for longer than this counts as dead. */
  readonly timeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** Takes the follower's reports, and knows which acknowledgements are awaited. */
  readonly acknowledgements: Acknowledgements;
  /** Node IDs from the leader down to this node. */
  path(): readonly string[];
  /** The leader's time up to which this node is known to hold every write. */
  levelMs(): number;
  /** The history that the leader has begun right behind the end of this node's log. */
  nextHistory(): LineageRow | undefined;
  readonly marks: Marks;
  /**
   * Passes a message on towards the leader.
   * @returns the message's own offset if it is durable, else the offset that it
   *   follows.
   */
  publish(message: Message): Promise<number>;
  /**
   * Judges a handshake by what it means for the leadership. Resolves with a
   * refusal if the follower is not to be served.
   */
  greeted(handshake: Handshake): Promise<{ reason: string; message: string } | undefined>;
}

export interface FeedOptions extends FeedNode {
  /** The log of all sessions: a follower that is refused or cut off again and again is one subject of it. */
  readonly log: RepeatedLog;
  readonly channel: DownChannel;
  /** host:port at which this node listens. */
  readonly address: string;
  /** Registers the session. Returns a refusal if another process is connected with the same node ID. */
  admit(feed: Feed): HeadwaterError | undefined;
  resynced(kind: 'partial' | 'full', reason: string): void;
  refused(refusal: StatusRefusal): void;
}

export type FeedState = 'handshake' | 'waiting' | 'snapshot' | 'streaming' | 'catching_up' | 'ended';

export class Feed implements Reporter {
  readonly #options: FeedOptions;
  readonly #channel: DownChannel;
  readonly #store: Store;
  #state: FeedState = 'handshake';
  #handshake: Handshake | undefined;
  #acknowledged: Acknowledgement | undefined;
  readonly #silence: Silence;
  /** Set once the feed sends blocks. */
  #outflow: Outflow | undefined;
  /** Whether the channel has no room, so that the follower is behind. */
  #congested = false;
  /** Whether a heartbeat waits until there is room. */
  #heartbeatIsDue = false;
  readonly #requests = new AcknowledgementRequests();
  /** Messages that the follower has sent up and that are not answered yet. */
  readonly #publishing = new PublishingWindow();
  /** Callbacks that run at each acknowledgement of the follower. */
  readonly #watchers = new Set<() => void>();
  #hasMovedOn = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#channel = options.channel;
    this.#store = options.store;
    this.#silence = new Silence(options.clock, options.channel);
  }

  get nodeId(): string {
    return this.#handshake?.nodeId ?? '';
  }

  /** Whether the other end is a leader that asks for its lost tail, and no follower. */
  get isCatchingUp(): boolean {
    return this.#handshake?.catchingUp ?? false;
  }

  /** The end of the follower's log when the session began. */
  get came(): Position | undefined {
    return this.#handshake?.position;
  }

  /** The lineage that the follower sent, while it is undecided whether its history continues from here. */
  get lineage(): Lineage | undefined {
    const undecided = this.#state === 'handshake' || this.#state === 'waiting';
    return undecided && this.#handshake ? Lineage.received(this.#handshake.lineage) : undefined;
  }

  /**
   * The latest epoch that waits here, or below this follower, to be served. The
   * value is 0 if none is later than this node's own.
   */
  get epochWaiting(): number {
    const told = this.#acknowledged?.epochWaiting ?? 0;
    const { lineage } = this;
    if (!this.#store.data.isServing) return told;
    const { log } = this.#store.data;
    // The follower may be behind, and may not know yet of an epoch that this node knows.
    const below = told > log.history.lineage.epoch ? told : 0;
    return lineage ? Math.max(epochBefore(log.history.lineage, log.end.offset, lineage) ?? 0, below) : below;
  }

  /** Whether the follower's handshake said that a person has put it here. */
  get cameByOrder(): boolean {
    return this.#handshake?.byOrder ?? false;
  }

  /** The follower's last acknowledgement; undefined before the first. */
  get position(): Pick<Acknowledgement, 'appendedOffset' | 'checksum' | 'replicationId'> | undefined {
    return this.#acknowledged;
  }

  /** Whether the follower was told to follow another node. */
  get hasMovedOn(): boolean {
    return this.#hasMovedOn;
  }

  /** When the follower was last heard, by the monotonic clock. */
  get lastHeardMs(): number {
    return this.#silence.heardMs;
  }

  get nonce(): string {
    return this.#handshake?.nonce ?? '';
  }

  get status(): NodeBelow<FeedState> {
    const appendedOffset = this.#acknowledged?.appendedOffset ?? 0;
    const end = this.#store.data.position.offset;
    return {
      nodeId: this.nodeId,
      address: this.#handshake?.address ?? '',
      state: this.#state,
      appendedOffset,
      durableOffset: this.#acknowledged?.durableOffset ?? 0,
      lagCommands: Math.max(0, end - appendedOffset),
      lagMs: this.#options.acknowledgements.lagMs(appendedOffset),
      via: '',
      silentMs: Math.round(this.#silence.ms),
    };
  }

  /** Serves one session. Resolves when it has ended, for any reason. */
  async run(): Promise<void> {
    const stopWatch = watchSilence(
      this.#options,
      () => this.#silence.ms,
      (ms) => this.#lost(ms),
    );
    let stopHeartbeats = () => {};
    try {
      const [first, ...rest] = await this.#channel.receive();
      const introduced = checkHandshake(first, this.#store.identity.nodeId);
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

  #lost(silentMs: number): void {
    // The line may have been dead when the move was announced. The follower then comes back, and keeps its place until
    // then.
    this.#hasMovedOn = false;
    this.#end(new HeadwaterError('unreachable', `${this.#name()} was silent for ${silentMs} ms`));
  }

  /**
   * Resolves when the follower has acknowledged that its log ends exactly there.
   * The feed asks it to acknowledge as soon as that is so.
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
      await this.#whenHeard(over, (at) => at?.appendedOffset === end.offset && at.checksum === end.checksum);
    } finally {
      cancel();
    }
  }

  /**
   * Resolves when the follower has acknowledged that its log reaches there.
   * @throws the reason of the session's end.
   */
  whenReached(offset: number): Promise<void> {
    return this.#whenHeard(this.#channel.ended, (at) => at !== undefined && at.appendedOffset >= offset);
  }

  #whenHeard(over: AbortSignal, holds: (at: Acknowledgement | undefined) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (over.aborted) reject(over.reason);
        else if (holds(this.#acknowledged)) resolve();
        else return;
        this.#watchers.delete(look);
        over.removeEventListener('abort', look);
      };
      this.#watchers.add(look);
      over.addEventListener('abort', look, { once: true });
      look();
    });
  }

  /** Tells the follower that the leadership has moved. */
  moved(to: { address: string; nodeId: string }): void {
    // Without an address the follower has nowhere to go.
    this.#hasMovedOn = to.address !== '';
    void this.#send({ kind: 'moved', ...to });
  }

  /** Ends the session, with a reason that the follower receives. */
  close(reason: HeadwaterError): void {
    this.#channel.close(reason);
  }

  async #serve(handshake: Handshake): Promise<void> {
    for (;;) {
      // A log that lost its tail would look like a history that others have left.
      if (this.#store.data.notServing) throw this.#store.data.notServing;
      const { log } = this.#store.data;
      if (this.#store.roles.asking) {
        // The node that asks here may itself have what this leader is about to ask for.
        await this.#wait('this leader asks its followers first for what it may have lost', log);
        continue;
      }
      const refusal = await this.#options.greeted(handshake);
      if (refusal) return await this.#refuse(refusal);
      // The decision and the pin happen in one turn, so nothing is trimmed before the first read.
      const cursor = new Cursor(log, handshake.position, { pinnedFor: this.#name() });
      try {
        const decision = await this.decide(handshake, log);
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

  /** Judges the handshake by the log as it is at one moment. */
  async decide(handshake: Handshake, log: Log): Promise<Decision> {
    // The log may grow while the disk is read, so all values judged are taken at one moment.
    const { end, base } = log;
    const { lineage } = log.history;
    const checksumAtFollower = await log.lookup.checksumAt(handshake.position.offset);
    return decide(
      { ...handshake, lineage: Lineage.received(handshake.lineage) },
      {
        role: this.#store.roles.role,
        clusterId: this.#store.identity.clusterId,
        lineage,
        end,
        base,
        checksumAtFollower,
        nextHistory: this.#options.nextHistory(),
      },
    );
  }

  async #refuse(decision: { reason: string; message: string; details?: Details }): Promise<void> {
    const { reason, message, details = {} } = decision;
    const address = this.#handshake?.address ?? '';
    const timeMs = this.#options.clock.wallMs();
    this.#options.refused({ nodeId: this.nodeId, address, reason, message, details, timeMs });
    const said = `refused to resync ${this.#name()}: ${message}`;
    this.#options.log.warn({ node_id: this.nodeId, reason }, said, this.nodeId);
    await this.#send({ kind: 'refuse', reason, message, details });
    this.#channel.close();
  }

  async #wait(message: string, log: Log): Promise<void> {
    if (this.#state !== 'waiting') await this.#send({ kind: 'wait', reason: message });
    this.#state = 'waiting';
    const { clock, heartbeatIntervalMs } = this.#options;
    await whenMoved(log.readers, log.end.offset, heartbeatIntervalMs, { clock, signal: this.#channel.ended });
  }

  async #continue(decision: Decision & { kind: 'continue' }, cursor: Cursor, log: Log): Promise<void> {
    const { reason, message, details } = decision;
    const { offset } = cursor;
    const history = details.follower_replication_id ?? '';
    // The reader and the place are taken in one turn, so the follower gets every message from that place on.
    const interludes = log.interludes.reader();
    await this.#send({
      kind: 'continue',
      upstream: this.#upstream(),
      lineage: log.history.lineage.upTo(log.end.offset).rows,
      endOffset: log.end.offset,
      reason,
      message,
      details,
      live: counted(interludes.place),
    });
    if (this.#handshake?.catchingUp) {
      this.#state = 'catching_up';
      return this.#stream({ cursor, interludes, log, history });
    }
    this.#state = 'streaming';
    this.#options.resynced('partial', reason);
    this.#options.log.info(
      { node_id: this.nodeId, reason, offset },
      `partial resync of ${this.#name()} from offset ${offset}, ${log.end.offset - offset} commands behind`,
      this.nodeId,
    );
    await this.#stream({ cursor, interludes, log, history });
  }

  async #full(decision: Decision & { kind: 'full' }, log: Log): Promise<void> {
    this.#state = 'snapshot';
    // A shared snapshot may be older than the start of the log, or than the follower's own position in this history.
    const { position: came, keyspaceOffset = 0 } = this.#handshake ?? {};
    const had = decision.branchOffset ?? Math.max(came?.offset ?? 0, keyspaceOffset);
    const snapshot = await this.#snapshotAt(Math.max(had, log.base.offset));
    const { position } = snapshot;
    const cursor = new Cursor(log, position, { pinnedFor: this.#name() });
    try {
      const positionTimeMs = await timeOf(position, log);
      const interludes = log.interludes.reader();
      const { reason, message, details } = decision;
      this.#options.resynced('full', reason);
      this.#options.log.info(
        { node_id: this.nodeId, reason, offset: position.offset },
        `full resync of ${this.#name()} at offset ${position.offset}: ${message}`,
        this.nodeId,
      );
      await this.#send({
        kind: 'fullResync',
        upstream: this.#upstream(),
        reason,
        message,
        details,
        position,
        positionTimeMs,
        lineage: log.history.lineage.upTo(position.offset).rows,
        keysEstimate: snapshot.keys ?? 0,
        branchOffset: decision.branchOffset,
        live: counted(interludes.place),
      });
      const { ended } = this.#channel;
      const sending = sendSnapshot(snapshot, { ended, send: (frame) => this.#send(frame) }).then(() => {
        this.#state = 'streaming';
      });
      // Both pull at the follower's pace. The first failure ends the session.
      await Promise.all([
        sending.catch((error) => this.#fail(error)),
        this.#stream({ cursor, interludes, log, history: log.history.lineage.replicationIdAt(position.offset) }),
      ]);
    } finally {
      cursor.close();
    }
  }

  /** A snapshot of now, or an older shared snapshot that is not before `offset`. */
  async #snapshotAt(offset: number): Promise<KeyspaceSnapshot> {
    return this.#store.snapshots.at({ share: true, notBefore: offset });
  }

  /** Sends the log from the cursor on, without an end. */
  #stream(from: Pick<OutflowOptions, 'cursor' | 'interludes' | 'log' | 'history'>): Promise<never> {
    const { clock } = this.#options;
    const send = (frame: DownFrame) => this.#send(frame);
    const asks = (first: number, last: number) =>
      this.#requests.with(first, last, this.#options.acknowledgements.awaited);
    this.#outflow = new Outflow({ ...from, clock, ended: this.#channel.ended, asks, send });
    // The awaited blocks may have been sent already.
    this.ask();
    return this.#outflow.run();
  }

  /** Asks about blocks that were sent before somebody waited for them, once for each. */
  ask(): void {
    // A congested follower is asked when it has room: blocks that it has not read it cannot acknowledge.
    if (!this.#outflow || this.#congested) return;
    const { awaited } = this.#options.acknowledgements;
    const ask = this.#requests.after(this.#outflow.sent.offset, awaited, this.#acknowledged);
    if (ask) void this.#send({ kind: 'blocks', blocks: [], ...ask });
  }

  /** Sends every frame of the session, heartbeats included, so the feed knows whether the follower keeps up. */
  #send(frame: DownFrame): Promise<void> | undefined {
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

  #heartbeats({ handsOverTo }: Handshake): () => void {
    let cancel = () => {};
    const beat = () => {
      // Frames for a follower that is behind are on their way. A single heartbeat follows them, and no more pile up.
      if (this.#congested) this.#heartbeatIsDue = true;
      else void this.#heartbeat();
      this.#options.acknowledgements.sample();
      cancel = this.#options.clock.after(this.#options.heartbeatIntervalMs, beat);
    };
    // A leader that hands over stands above this node until this node has answered. Before that, the path would look
    // like a loop.
    if (handsOverTo === '') beat();
    else cancel = this.#options.clock.after(this.#options.heartbeatIntervalMs, beat);
    return () => cancel();
  }

  async #heartbeat(): Promise<void> {
    this.#heartbeatIsDue = false;
    const sent = this.#outflow?.sent ?? { offset: 0, checksum: 0 };
    const levelMs = this.#options.levelMs();
    // The follower can be level only with what the feed has sent.
    const unsent = sent.offset < this.#store.data.position.offset;
    await this.#send({
      kind: 'heartbeat',
      ...sent,
      timeMs: this.#store.clock.now(),
      path: this.#options.path(),
      levelMs: unsent ? Math.min(levelMs, this.#options.acknowledgements.levelMs(sent.offset)) : levelMs,
      nextHistory: this.#options.nextHistory(),
      endOffset: this.#store.data.position.offset,
    });
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
    if (frame.kind === 'handshake')
      this.#end(new HeadwaterError('protocol_violation', 'expected one handshake in a session, received a second'));
    if (frame.kind === 'publish') void this.#publish(frame);
    if (frame.kind === 'digestReport') this.#options.marks.reported(frame);
    if (frame.kind !== 'acknowledgement') return;
    this.#acknowledged = frame;
    this.#options.acknowledgements.report(this, frame);
    for (const look of this.#watchers) look();
  }

  /** Publishes in the order of the frames: each message is passed on before the next is read. */
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

  #fail(error: unknown): never {
    this.#channel.close(toldBelow(HeadwaterError.from(error)));
    throw error;
  }

  #end(error: HeadwaterError): void {
    if (!this.#channel.ended.aborted)
      this.#options.log.info(
        { node_id: this.nodeId, error: error.message },
        `the session with ${this.#name()} ended: ${error.message}`,
        this.nodeId,
      );
    this.#channel.close(toldBelow(error));
  }

  #upstream(): UpstreamInfo {
    return {
      clusterId: this.#store.identity.clusterId,
      nodeId: this.#store.identity.nodeId,
      address: this.#options.address,
      timeMs: this.#store.clock.now(),
      follows: this.#store.roles.upstream,
      takesParts: true,
    };
  }

  #name(): string {
    if (!this.#handshake) return 'a follower that has not introduced itself';
    return `follower ${this.#handshake.address || this.#handshake.nodeId.slice(0, 8)}`;
  }
}

/** The follower must not take the full disk of its upstream for its own. */
function toldBelow(error: HeadwaterError): HeadwaterError {
  if (error.code !== 'disk_full') return error;
  return new HeadwaterError('unavailable', `the disk of the upstream is full: ${error.message}`, { cause: error });
}

/** The time of the block that ends there; undefined if damage makes it unreadable. That does not end a resync. */
async function timeOf({ offset }: Position, log: Log): Promise<number | undefined> {
  try {
    return await log.lookup.timeAt(offset);
  } catch (error) {
    if (HeadwaterError.is(error)) return undefined;
    throw error;
  }
}
