/**
 * The upstream's answer to a handshake. The decision of how the follower may
 * catch up is made once, by resync.ts; a follower that has to wait is judged
 * again. Then the follower is refused, or the log flows to it, with a snapshot
 * before it if the follower needs one.
 */
import { firstOf } from '../../base/abort.js';
import { sleep } from '../../base/clock.js';
import { type Details, HeadwaterError } from '../../base/errors.js';
import { KEPT_LOG_WAIT_MS_MAX } from '../../base/limits.js';
import type { RepeatedLog } from '../../base/repeated-log.js';
import type { KeyspaceSnapshot } from '../../keyspace/snapshot.js';
import { Cursor } from '../../log/cursor.js';
import type { Log } from '../../log/log.js';
import { whenMoved } from '../../log/wait.js';
import { contentNeeded } from '../../model/content-version.js';
import { Lineage } from '../../model/lineage.js';
import type { Position } from '../../model/position.js';
import type { StatusRefusal } from '../../model/status.js';
import type { DownFrame, Handshake, KeptLoad, UpstreamInfo } from '../frames.js';
import { mayCatchUp, whyNotResumed } from '../resume.js';
import { type Decision, decide } from '../resync.js';
import type { FeedNode } from './feed-node.js';
import type { FeedSender } from './feed-sender.js';
import type { FeedState } from './feed-state.js';
import type { FullResyncPlace } from './full-resync-places.js';
import { counted, Outflow, type OutflowOptions } from './outflow.js';
import { sendSnapshot } from './snapshot-outflow.js';

/** Why a follower was resynced. */
interface ResyncCause {
  /** A name in UPPER_SNAKE. */
  readonly reason: string;
  /** A text for people. */
  readonly message: string;
}

/** The node's account of its resyncs. */
export interface ResyncAccount {
  resynced(kind: 'partial' | 'full', why: ResyncCause): void;
  refused(refusal: StatusRefusal): void;
}

export interface ResyncAnswerOptions {
  readonly node: FeedNode;
  readonly handshake: Handshake;
  /** The follower's name, for people. */
  readonly name: string;
  readonly sender: FeedSender;
  readonly state: FeedState;
  readonly log: RepeatedLog;
  /** host:port at which this node listens. */
  readonly address: string;
  readonly account: ResyncAccount;
  /** host:port of other followers that could send the follower a snapshot. */
  sources(): readonly string[];
}

export class ResyncAnswer {
  readonly #options: ResyncAnswerOptions;
  readonly #node: FeedNode;
  readonly #handshake: Handshake;
  readonly #sender: FeedSender;
  readonly #state: FeedState;
  /** The follower's place among those that need a snapshot, from the first decision for one until it is sent. */
  #place: FullResyncPlace | undefined;
  /** Whether the follower was told why nothing can be decided yet. */
  #isTold = false;
  /** Until when the follower waits for this node's log to reach the kept one. Undefined before it has to. */
  #keptLogUntilMs: number | undefined;
  /** The number of that place that the follower was told. */
  #toldNumber = 0;

  constructor(options: ResyncAnswerOptions) {
    this.#options = options;
    this.#node = options.node;
    this.#handshake = options.handshake;
    this.#sender = options.sender;
    this.#state = options.state;
  }

  /** Serves the follower. Resolves when it was refused; else rejects with the reason of the session's end. */
  async run(): Promise<void> {
    try {
      await this.#run();
    } finally {
      this.#leavePlace();
    }
  }

  async #run(): Promise<void> {
    const { store, leadership } = this.#node;
    const handshake = this.#handshake;
    for (;;) {
      // A log that lost its tail would look like a history that others have left.
      if (store.data.notServing) throw store.data.notServing;
      const { log } = store.data;
      if (store.roles.asking) {
        this.#leavePlace();
        // The node that asks here may itself have what this leader is about to ask for.
        await this.#wait('this leader first asks its followers for commands that it may have lost', log);
        continue;
      }
      const refusal = await leadership.greeted(handshake);
      if (refusal) return await this.#refuse(refusal);
      const outdated = tooOldFor(store.identity.records.size, handshake);
      if (outdated) return await this.#refuse(outdated);
      // The decision and the pin happen in one turn, so nothing is trimmed before the first read.
      const cursor = new Cursor(log, handshake.position, { pinnedFor: this.#options.name });
      try {
        const decision = await this.decide(handshake, log);
        // The history may have changed while the follower waited, so that it needs no snapshot any more.
        if (decision.kind !== 'full') this.#leavePlace();
        if (decision.kind === 'refuse') return await this.#refuse(decision);
        if (decision.kind === 'continue') return await this.#continue(decision, cursor, log);
        if (decision.kind === 'full') {
          cursor.close();
          if (handshake.catchingUp) return await this.#refuse(decision);
          if (await this.#waitForKeptLog(log)) continue;
          this.#place ??= this.#node.fullResyncs.ask();
          if (this.#place.number === 0) return await this.#full(decision, log);
          await this.#waitForPlace(this.#place);
          continue;
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
    const { store, place } = this.#node;
    return decide(
      { ...handshake, lineage: Lineage.received(handshake.lineage) },
      {
        role: store.roles.role,
        clusterId: store.identity.clusterId,
        lineage,
        end,
        base,
        checksumAtFollower,
        nextHistory: place.nextHistory,
      },
    );
  }

  async #refuse(decision: { reason: string; message: string; details?: Details }): Promise<void> {
    const { reason, message, details = {} } = decision;
    const { nodeId, address } = this.#handshake;
    const { account, log, name } = this.#options;
    account.refused({ nodeId, address, reason, message, details, timeMs: this.#node.clock.wallMs() });
    log.warn({ node_id: nodeId, reason }, `refused to resync ${name}: ${message}`, nodeId);
    await this.#sender.send({ kind: 'refuse', reason, message, details });
    this.#sender.close();
  }

  async #wait(message: string, log: Log): Promise<void> {
    if (!this.#isTold) await this.#sender.send({ kind: 'wait', reason: message, sources: [] });
    this.#isTold = true;
    this.#state.to({ name: 'waiting' });
    const { clock, heartbeatIntervalMs } = this.#node;
    await whenMoved(log.readers, log.end.offset, heartbeatIntervalMs, { clock, signal: this.#sender.ended });
  }

  /** Lets the next follower have the place, if this follower has one. */
  #leavePlace(): void {
    if (!this.#place) return;
    this.#place.leave();
    this.#place = undefined;
    this.#toldNumber = 0;
    this.#isTold = false;
  }

  /** Waits until the follower may move up. The follower is judged again then, and at each heartbeat. */
  async #waitForPlace(place: FullResyncPlace): Promise<void> {
    const { clock, heartbeatIntervalMs, fullResyncs } = this.#node;
    const { number } = place;
    if (number !== this.#toldNumber) {
      const others = number === 1 ? 'this follower is next' : `${number - 1} other followers come before this one`;
      const reason = `the upstream sends ${fullResyncs.sending} full resyncs, and no more than ${fullResyncs.max} at once (--full-resyncs-max): ${others}`;
      await this.#sender.send({ kind: 'wait', reason, sources: this.#options.sources() });
      this.#toldNumber = number;
    }
    this.#state.to({ name: 'waiting' });
    await firstOf(this.#sender.ended, (over) => [place.whenMoved(over), sleep(clock, heartbeatIntervalMs, over)]);
    if (this.#sender.ended.aborted) throw this.#sender.ended.reason;
  }

  /** @returns whether it has waited for the log that the follower has kept, so that the follower is to be judged again. */
  async #waitForKeptLog(log: Log): Promise<boolean> {
    const { keptLoad } = this.#handshake;
    const { clock, store } = this.#node;
    const { clusterId } = store.identity;
    if (!keptLoad || !mayCatchUp(keptLoad, { role: store.roles.role, clusterId, end: log.end })) return false;
    this.#keptLogUntilMs ??= clock.monotonicMs() + KEPT_LOG_WAIT_MS_MAX;
    if (clock.monotonicMs() >= this.#keptLogUntilMs) return false;
    const { offset } = keptLoad.logEnd;
    await this.#wait(
      `the follower has kept the log up to offset ${offset}, the upstream is a follower too and is at ${log.end.offset}`,
      log,
    );
    return true;
  }

  async #continue(decision: Decision & { kind: 'continue' }, cursor: Cursor, log: Log): Promise<void> {
    const { reason, message, details } = decision;
    const { offset } = cursor;
    const history = details.follower_replication_id ?? '';
    // The reader and the place are taken in one turn, so the follower gets every message from that place on.
    const interludes = log.interludes.reader();
    await this.#sender.send({
      kind: 'continue',
      upstream: this.#upstream(),
      lineage: log.history.lineage.upTo(log.end.offset).rows,
      endOffset: log.end.offset,
      reason,
      message,
      details,
      live: counted(interludes.place),
    });
    const outflow = this.#outflow({ cursor, interludes, log, history });
    if (this.#handshake.catchingUp) this.#state.to({ name: 'catching_up', outflow });
    else {
      this.#state.to({ name: 'streaming', outflow });
      const behind = `from offset ${offset}, ${log.end.offset - offset} commands behind`;
      this.#resynced('partial', decision, offset, behind);
    }
    await this.#stream(outflow);
  }

  async #full(decision: Decision & { kind: 'full' }, log: Log): Promise<void> {
    this.#state.to({ name: 'snapshot', outflow: undefined });
    const { reason, message, details, branchOffset } = decision;
    // A shared snapshot may be older than the start of the log, or than the follower's own position in this history.
    const { position: came, keyspaceOffset } = this.#handshake;
    const had = branchOffset ?? Math.max(came.offset, keyspaceOffset);
    const resumed = await this.#resumed(log);
    let cursor = resumed?.cursor;
    let held: KeyspaceSnapshot | undefined;
    try {
      const notBefore = Math.max(had, log.base.offset, cursor?.offset ?? 0);
      const snapshot = await this.#node.store.snapshots.at({ share: true, notBefore });
      held = snapshot;
      const { position } = snapshot;
      cursor ??= new Cursor(log, position, { pinnedFor: this.#options.name });
      const positionTimeMs = await timeOf(position, log);
      const interludes = log.interludes.reader();
      const behind = resumed ? `, resumes behind ${resumed.keys} keys that the follower has kept` : '';
      this.#resynced('full', decision, position.offset, `at offset ${position.offset}${behind}: ${message}`);
      await this.#sender.send({
        kind: 'fullResync',
        upstream: this.#upstream(),
        reason,
        message,
        details,
        position,
        positionTimeMs,
        lineage: log.history.lineage.upTo(position.offset).rows,
        keysEstimate: snapshot.keys ?? 0,
        branchOffset,
        live: counted(interludes.place),
        logFrom: resumed?.logEnd,
      });
      const history = log.history.lineage.replicationIdAt(cursor.offset);
      const outflow = this.#outflow({ cursor, interludes, log, history });
      this.#state.to({ name: 'snapshot', outflow });
      held = undefined;
      const kept = resumed && { lastKey: resumed.lastKey, caughtUp: () => outflow.whenSent(position.offset) };
      const sending = sendSnapshot(snapshot, this.#sender, kept).then(() => {
        this.#leavePlace();
        // The session may have ended while the last frame was on its way.
        if (this.#state.name !== 'ended') this.#state.to({ name: 'streaming', outflow });
      });
      // Both pull at the follower's pace. The first failure ends the session.
      await Promise.all([sending.catch((error) => this.#fail(error)), this.#stream(outflow)]);
    } finally {
      cursor?.close();
      // The session has ended before the snapshot was sent.
      await held?.release();
    }
  }

  /**
   * The part that the follower has kept of an interrupted full resync, with a cursor at the end of its log. Undefined if
   * it has kept nothing, or nothing that this log continues.
   */
  async #resumed(log: Log): Promise<(KeptLoad & { readonly cursor: Cursor }) | undefined> {
    const { keptLoad } = this.#handshake;
    if (!keptLoad) return undefined;
    const { logEnd, keys } = keptLoad;
    // The log is pinned before the look at it, so nothing is trimmed before the first read.
    const cursor = new Cursor(log, logEnd, { pinnedFor: this.#options.name });
    try {
      const { end, base } = log;
      const { lineage } = log.history;
      // A snapshot needs no block that is damaged here.
      const checksumAtEnd = await log.lookup.checksumAt(logEnd.offset).catch(trimmedIfDamaged);
      const { clusterId } = this.#node.store.identity;
      const why = whyNotResumed(keptLoad, { clusterId, lineage, end, base, checksumAtEnd });
      if (why === undefined) return { ...keptLoad, cursor };
      const { log: told, name } = this.#options;
      told.info({ keys }, `the interrupted full resync of ${name} begins again from its first key: ${why}`, name);
    } catch (error) {
      cursor.close();
      throw error;
    }
    cursor.close();
    return undefined;
  }

  #resynced(kind: 'partial' | 'full', cause: ResyncCause, offset: number, how: string): void {
    const { account, log, name } = this.#options;
    const { nodeId } = this.#handshake;
    account.resynced(kind, cause);
    log.info({ node_id: nodeId, reason: cause.reason, offset }, `${kind} resync of ${name} ${how}`, nodeId);
  }

  #outflow(from: Pick<OutflowOptions, 'cursor' | 'interludes' | 'log' | 'history'>): Outflow {
    const sender = this.#sender;
    return new Outflow({
      ...from,
      clock: this.#node.clock,
      ended: sender.ended,
      isAwaited: (offset) => sender.isAwaited(offset),
      isBusy: () => this.#node.load.isBusy,
      asks: (first, last) => sender.requestWith(first, last),
      send: (frame: DownFrame) => sender.send(frame),
    });
  }

  /** Sends the log, without an end. */
  #stream(outflow: Outflow): Promise<never> {
    // The awaited blocks may have been sent already.
    this.#sender.ask();
    return outflow.run();
  }

  #fail(error: unknown): never {
    this.#sender.close(HeadwaterError.from(error));
    throw error;
  }

  #upstream(): UpstreamInfo {
    const { store } = this.#node;
    return {
      clusterId: store.identity.clusterId,
      nodeId: store.identity.nodeId,
      address: this.#options.address,
      timeMs: store.clock.now(),
      follows: store.roles.upstream,
      takesParts: true,
    };
  }
}

/**
 * The refusal of a follower that would not act upon the content of the log: a person who makes users relies on every node
 * asking for them.
 */
export function tooOldFor(
  users: number,
  { contentVersion }: Pick<Handshake, 'contentVersion'>,
): { readonly reason: string; readonly message: string } | undefined {
  const needed = contentNeeded(users);
  if (contentVersion >= needed) return undefined;
  return {
    reason: 'OLDER_VERSION',
    message: `this tree has users, and the follower runs a version that does not know them: it would let everybody read and write. The tree needs content version ${needed}, the follower has ${contentVersion}. Update the follower`,
  };
}

function trimmedIfDamaged(error: unknown): 'trimmed' {
  if (HeadwaterError.is(error, 'corrupt')) return 'trimmed';
  throw error;
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
