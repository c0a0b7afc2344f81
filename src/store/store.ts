/**
 * The store: a data directory, the generation in use and the role, behind one interface. Services submit operations and
 * take snapshots. The link hands in blocks from upstream. Feeds read `log`. The role decides which of these calls the
 * store takes:
 *
 *   leader     writer and active expiry run; a history of its own is begun
 *   follower   `receive` and `replace` take blocks and data from upstream; writes are refused
 *
 * A leader that may have lost its tail is `asking` at first: it receives as a follower does, until `promote`. A leader
 * that is `supersededBy` another takes no writes. A follower that is `handingOver` was the leader until now. Writes
 * wait at the gate until the node knows which node takes them.
 *
 * lifecycle.ts opens and closes the generation, and handles failed writes.
 */
import type { Bell } from '../base/bell.js';
import { type Clock, LogicalClock } from '../base/clock.js';
import { HeadwaterError, shuttingDown } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import { GRANTS_KEPT_MAX } from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { RepeatedLog } from '../base/repeated-log.js';
import { isWrite } from '../commands/execute.js';
import type { Limits } from '../commands/view.js';
import type { Files } from '../disk/files.js';
import type { OpenDatabase } from '../disk/level.js';
import type { Keyspace } from '../keyspace/keyspace.js';
import type { KeyspaceSnapshot } from '../keyspace/snapshot.js';
import type { Block } from '../log/block.js';
import type { Handed, Interlude } from '../log/interludes.js';
import type { Log } from '../log/log.js';
import type { Lineage, LineageRow } from '../model/lineage.js';
import type { LivePlace } from '../model/live-place.js';
import type { Operation, Reply } from '../model/operation.js';
import { formatPosition, type Position } from '../model/position.js';
import type { CheckpointBudget } from './checkpoint.js';
import { ClockWatch } from './clock-watch.js';
import type { FsyncPolicy } from './commit.js';
import {
  Directory,
  type Grants,
  type HandingOver,
  type Role,
  type RoleWanted,
  type SupersededBy,
} from './directory.js';
import { DurablePoint } from './durable-point.js';
import { Gate } from './gate.js';
import type { Generation } from './generation.js';
import type { GenerationStatus } from './generation-status.js';
import { type KnownFollower, KnownFollowers } from './known-followers.js';
import { Lifecycle } from './lifecycle.js';
import { LostWrites } from './lost-writes.js';
import { readAll } from './reader.js';
import { verifyReceived } from './receive.js';
import { askingFollowers, readOnlyFollower, refusingWrites, superseded } from './refusals.js';
import { Replacement } from './replacement.js';
import { pinBytesMax, type Retained } from './retention.js';
import { Space } from './space.js';
import type { WriteWaits } from './write-waits.js';

export interface StoreOptions extends Retained {
  readonly directory: string;
  readonly openDatabase: OpenDatabase;
  /** The files beside the databases. */
  readonly files: Files;
  /** Returns so many unpredictable bytes, for the IDs of nodes, clusters and histories. */
  randomBytes(count: number): Buffer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fsync: FsyncPolicy;
  readonly limits: Limits;
  readonly budget: CheckpointBudget;
  /** The ID of the machine's start; undefined if the machine does not tell. */
  bootId(): string | undefined;
  /** Whether a follower whose data cannot be opened gets a copy from its upstream without a person's word. */
  readonly autoRepair?: boolean | undefined;
  /** Whether this machine's clock is right, whatever the log says: a person has said so. */
  readonly trustClock?: boolean | undefined;
  /** The free bytes on the disk below which no writes are taken; undefined to switch the checks off. */
  readonly minFreeBytes?: number | undefined;
  /** Bytes that are kept on the disk for when it is full; the default if undefined. */
  readonly ballastBytes?: number | undefined;
  /** Called on a bug of our own: the process must not continue. */
  readonly onFatal: (error: Error) => void;
}

const NO_GRANTS: Grants = { taken: [], refused: [] };

/** A message to publish. */
export interface Message {
  readonly channel: Buffer;
  readonly data: Buffer;
  /** Whether the message goes into the log, as a command. */
  readonly durable: boolean;
}

export interface Submitted {
  readonly replies: Reply[];
  /** A position at or after everything that the replies have seen. */
  readonly position: Position;
}

export class Store {
  /** Knows whether the disk has room. */
  readonly space: Space;
  readonly #options: StoreOptions;
  readonly #logger: Logger;
  readonly #logicalClock: LogicalClock;
  readonly #directory: Directory;
  readonly #lifecycle: Lifecycle;
  readonly #clockWatch: ClockWatch;
  readonly #lostWrites: LostWrites;
  readonly #durablePoint = new DurablePoint(() => this.#makeDurable());
  #writeGuard: (() => HeadwaterError | undefined) | undefined;
  readonly #gate = new Gate();
  #asksUntilMs = 0;
  /** host:port that this node was started to follow, though it leads. */
  #ignoredUpstream = '';
  /** The end of all writes; resolves when the last one is done. */
  #lastWrite: Promise<Position> | undefined;
  readonly #knownFollowers: KnownFollowers;

  private constructor(options: StoreOptions, directory: Directory, knownFollowers: KnownFollowers, space: Space) {
    this.space = space;
    this.#options = options;
    this.#logger = options.logger;
    this.#logicalClock = new LogicalClock(options.clock, { trusted: options.trustClock ?? false });
    this.#directory = directory;
    this.#knownFollowers = knownFollowers;
    this.#lostWrites = new LostWrites(options.files, directory, options.logger);
    this.#lifecycle = new Lifecycle({
      ...options,
      directory,
      space,
      logicalClock: this.#logicalClock,
      bootId: () => options.bootId(),
      hasKnownFollowers: () => knownFollowers.all.length > 0,
      opened: (log) => knownFollowers.keepPlacesIn(log),
      autoRepair: options.autoRepair ?? false,
      trustClock: options.trustClock ?? false,
    });
    this.#clockWatch = new ClockWatch({
      ...options,
      logicalClock: this.#logicalClock,
      leads: () => directory.node.role === 'leader',
    });
    if (directory.node.handing_over) this.#gate.close();
  }

  /**
   * Opens a data directory in the role that it was left in, or in `role`. A leader that was promoted keeps its own
   * role, unless `role` overrules that or the node cannot lead.
   * @throws HeadwaterError if the directory cannot be used; it is unlocked then.
   */
  static async open(options: StoreOptions, role?: RoleWanted): Promise<Store> {
    const space = new Space(options);
    const directory = await space.whileOpening(() => Directory.open(options.directory, options));
    try {
      await space.begin();
      const ignored = role && (await directory.takeRole(role));
      const known = new KnownFollowers(await directory.read('followers.json'), RepeatedLog.of(options), (text) =>
        directory.replace('followers.json', text),
      );
      await directory.removeOtherGenerations();
      const start = async () => {
        const store = new Store(options, directory, known, space);
        if (ignored !== undefined) store.#ignoredUpstream = role?.upstream ?? '';
        await space.whileOpening(() => store.#lifecycle.start());
        return store;
      };
      const store = await start().catch(async (error) => {
        if (ignored === undefined || !role || !cannotLead(error)) throw error;
        options.logger.warn({ ...role }, `following ${role.upstream} all the same: ${(error as Error).message}`);
        await directory.takeRole({ ...role, overrules: true });
        return start();
      });
      if (store.ignoredFollow !== '') options.logger.warn({ ...role }, store.ignoredFollow);
      space.start();
      store.#clockWatch.start();
      return store;
    } catch (error) {
      await directory.close();
      throw error;
    }
  }

  // ---- state ------------------------------------------------------------------

  get nodeId(): string {
    return this.#directory.node.node_id;
  }

  get clusterId(): string {
    return this.#directory.node.cluster_id;
  }

  get role(): Role {
    return this.#directory.node.role;
  }

  /** The reason why this node leads though it was started with --follow, and advice; else empty. */
  get ignoredFollow(): string {
    const upstream = this.#ignoredUpstream;
    if (upstream === '' || (this.role === 'follower' && !this.handingOver)) return '';
    return `--follow ${upstream} is ignored: ${this.#directory.whyNotFollowing(upstream)}`;
  }

  /** host:port of the node that this one follows; empty on a leader. */
  get upstream(): string {
    return this.#directory.node.upstream;
  }

  /** The node to which this node, the leader until now, hands over, while it does not know whether that one leads. */
  get handingOver(): HandingOver | undefined {
    return this.#directory.node.handing_over;
  }

  /** The leader that continues the history of this one, which therefore takes no writes. */
  get supersededBy(): SupersededBy | undefined {
    return this.#directory.node.superseded_by;
  }

  /** Whether this leader does not lead yet, because its followers may have writes that its log has lost. */
  get asking(): boolean {
    return this.#lifecycle.asking;
  }

  /** The answers of this node to those that handed over to it. */
  get grants(): Grants {
    return this.#directory.node.grants ?? NO_GRANTS;
  }

  get knownFollowers(): readonly KnownFollower[] {
    return this.#knownFollowers.all;
  }

  /**
   * Remembers, durably, which followers are connected and how far they are. The log keeps blocks for them accordingly
   * when they are away.
   */
  noteFollowers(followers: readonly KnownFollower[]): Promise<void> {
    return this.#knownFollowers.note(followers);
  }

  /** Forgets a follower, durably, and keeps nothing for it. */
  forgetFollower(nodeId: string): Promise<void> {
    return this.#knownFollowers.forget(nodeId);
  }

  /** Whether the log keeps the blocks that a follower has not received yet, while it is away. */
  keepsPlaceOf(nodeId: string): boolean {
    return this.#knownFollowers.keepsPlaceOf(nodeId);
  }

  get limits(): Limits {
    return this.#options.limits;
  }

  get fsync(): FsyncPolicy {
    return this.#options.fsync;
  }

  /** Bytes that the log is trimmed to; undefined if the size is not bounded. */
  get logRetentionBytes(): number | undefined {
    return this.#options.logRetentionBytes;
  }

  /** The maximal age of blocks, milliseconds; undefined if the age is not bounded. */
  get logRetentionMs(): number | undefined {
    return this.#options.logRetentionMs;
  }

  /** Bytes of log that are kept for the holders of pins; undefined if the log is never trimmed. */
  get logPinBytesMax(): number | undefined {
    return pinBytesMax(this.#options);
  }

  /** The log in use. A feed that holds it gets an error when the log closes. */
  get log(): Log {
    return this.#lifecycle.generation.log;
  }

  /** The end of the log, as far as it is applied; the last known end while nothing is open. */
  get position(): Position {
    return this.#lifecycle.end.position;
  }

  /** The time of the last block, milliseconds since the epoch; the last known one while nothing is open. */
  get endTimeMs(): number {
    return this.#lifecycle.end.timeMs;
  }

  /** The progress of the data; the last known progress while nothing is open. */
  get standing(): GenerationStatus {
    return this.#lifecycle.standing;
  }

  get lineage(): Lineage {
    return this.#lifecycle.generation.log.history.lineage;
  }

  get checkpoint(): { offset: number; keys: number | null } {
    const { position, keys } = this.#lifecycle.generation.keyspace.checkpoint;
    return { offset: position.offset, keys };
  }

  /** Set if a lost log tail left a keyspace that only a full resync can help; undefined while nothing is open. */
  get incomplete(): HeadwaterError | undefined {
    return this.#lifecycle.incomplete;
  }

  /**
   * Every history that the data on disk have lived in. If the log lost its tail, these are more than the histories of
   * the log.
   */
  get lineageOfData(): Lineage {
    return this.#lifecycle.generation.lineage;
  }

  /**
   * The offset up to which the keyspace on disk may hold effects of commands; beyond the log's end only while
   * `incomplete`.
   */
  get keyspaceOffset(): number {
    return this.#lifecycle.generation.keyspaceOffset;
  }

  /** Whether reads can be served now. */
  get isServing(): boolean {
    return this.#lifecycle.isServing;
  }

  /** The reason why reads cannot be served, with advice if the store cannot help itself. */
  get notServing(): HeadwaterError | undefined {
    return this.#lifecycle.notServing;
  }

  /**
   * Aborts, with the reason, when the present tenure of the role ends: another role is taken, or everything is closed
   * or reopened.
   */
  get tenure(): AbortSignal {
    return this.#lifecycle.tenure;
  }

  /** Whether, why and how long writes wait for the disk. */
  get writeWaits(): Pick<WriteWaits, 'message' | 'currentMs' | 'longestMs'> {
    return this.#lifecycle.waits;
  }

  /** The data on disk that could not be read lately, in words; empty if there are none. */
  get damage(): string {
    return this.#lifecycle.damage.message;
  }

  /**
   * The disagreement between the log's clock and this machine's, in words, and how far the log's is ahead,
   * milliseconds.
   */
  get clock(): { readonly finding: string; readonly aheadMs: number } {
    return { finding: this.#clockWatch.finding?.message ?? '', aheadMs: this.#logicalClock.aheadMs };
  }

  /**
   * The time since the oldest key was due that this leader has not deleted, milliseconds; 0 if none waits, and on a
   * follower.
   */
  get expiryLateMs(): number {
    return this.#lifecycle.lateness.ms;
  }

  /** Rings when new damage is met in the background. */
  get damageNoticed(): Bell {
    return this.#lifecycle.damage.noticed;
  }

  /** The directory of the log and the keyspace in use; the current one even while it cannot be opened. */
  get generationDirectory(): string {
    return this.#directory.currentGeneration;
  }

  /** Rings when a role begins, also after the store was reopened; not when the log grows. */
  get changed(): Bell {
    return this.#lifecycle.changed;
  }

  /** Calls `listener` now, and at every change, with whether reads can be served. */
  onServing(listener: (serving: boolean) => void): void {
    this.#lifecycle.onServing(listener);
  }

  nowMs(): number {
    return this.#logicalClock.now();
  }

  // ---- clients ----------------------------------------------------------------

  get queuedBytes(): number {
    return (this.#lifecycle.writer?.queuedBytes ?? 0) + this.#gate.heldBytes;
  }

  /** Resolves when `queuedBytes` is at most `bytes`, or `signal` aborts. */
  async whenQueueBelow(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.queuedBytes > bytes && this.#gate.isClosed) await this.#gate.whenOpen(signal);
    await this.#lifecycle.writer?.whenQueueBelow(bytes, signal);
  }

  /**
   * Returns one reply per operation, in order. Refusals of single operations are replies. The promise rejects if the
   * whole could not be done.
   * @param options.ordered executes behind all writes submitted before, even if all operations only read.
   * @param options.replyBytesMax lets reads that are not ordered be answered in part: see readAll.
   */
  async submit(
    operations: readonly Operation[],
    options: { bytes: number; ordered: boolean; replyBytesMax?: number },
  ): Promise<Submitted> {
    const writes = operations.some(isWrite);
    if (this.#gate.isClosed && (writes || options.ordered)) await this.#gate.pass(options.bytes);
    // Reads and writes wait for the end of all writes, so that they see all that was submitted before.
    if (this.#lastWrite && (writes || options.ordered)) await this.#lastWrite;
    const generation = this.#lifecycle.serving;
    const { writer } = this.#lifecycle;
    const refusal = writer && writes ? (this.space.refusalOf(options.bytes) ?? this.#writeGuard?.()) : undefined;
    if (refusal) return this.#refusing(operations, options, refusal, generation.log.end);
    if (writer && (writes || options.ordered)) {
      const replies = await writer.submit(operations, options.bytes);
      return { replies, position: generation.log.end };
    }
    const replies = writes
      ? await this.#readAround(operations, generation)
      : await readAll(operations, generation.keyspace, this.nowMs(), this.limits, options.replyBytesMax);
    return { replies, position: generation.log.end };
  }

  /**
   * Sets a guard that a leader calls once for each message that writes. The error that the guard returns refuses the
   * writes in it.
   */
  guardWrites(guard: () => HeadwaterError | undefined): void {
    this.#writeGuard = guard;
  }

  /** Answers reads and refuses writes one by one, on a node that takes no writes. */
  #readAround(operations: readonly Operation[], generation: Generation): Promise<Reply[]> {
    return refusingWrites(operations, this.#refusal(), async (reads) => {
      const answered: Reply[] = [];
      while (answered.length < reads.length)
        answered.push(...(await readAll(reads.slice(answered.length), generation.keyspace, this.nowMs(), this.limits)));
      return answered;
    });
  }

  /** Answers reads and refuses writes one by one, on a leader that takes no writes for now. */
  async #refusing(
    operations: readonly Operation[],
    options: { ordered: boolean },
    refusal: HeadwaterError,
    end: Position,
  ): Promise<Submitted> {
    let position = end;
    const replies = await refusingWrites(operations, refusal, async (reads) => {
      if (reads.length === 0) return [];
      const answered = await this.submit(reads, { bytes: 0, ordered: options.ordered });
      // The data may have been replaced meanwhile.
      position = answered.position;
      return answered.replies;
    });
    return { replies, position };
  }

  /**
   * Returns the keyspace as of now; the caller releases it. With `share`, the snapshot may be up to a second older,
   * though not before `notBefore`, an offset.
   */
  async snapshotAt(options?: { share: boolean; notBefore?: number }): Promise<KeyspaceSnapshot> {
    return this.#lifecycle.serving.checkpointer.snapshotAt(options);
  }

  /** The directory in which the files of the keyspace can be read while nobody writes to them: see visitHere. */
  get keyspaceDirectory(): string | undefined {
    return this.isServing ? this.#lifecycle.serving.keyspace.directory : undefined;
  }

  /** The exact number of keys; expired ones count until they are deleted. */
  async size(): Promise<number> {
    return this.#lifecycle.serving.checkpointer.size();
  }

  async digest(): Promise<{ offset: number; keys: number; digest: string }> {
    const snapshot = await this.snapshotAt();
    try {
      const { keys, digest } = await snapshot.digest();
      return { offset: snapshot.position.offset, keys, digest: digest.toString('hex') };
    } finally {
      await snapshot.release();
    }
  }

  // ---- the link of a follower ---------------------------------------------------

  /**
   * Takes blocks that continue the log, with the lineage rows that they begin.
   * @throws HeadwaterError if they may not enter; none of them has entered then.
   */
  async receive(blocks: readonly Block[], rows: readonly LineageRow[]): Promise<void> {
    invariant(this.role === 'follower' || this.asking, 'only who does not lead receives');
    const generation = this.asking ? this.#lifecycle.generation : this.#lifecycle.serving;
    verifyReceived(generation.log, blocks, rows);
    try {
      if (generation.incomplete) await generation.append(blocks, rows);
      else await generation.committer.commit(blocks, rows);
    } catch (error) {
      this.#lifecycle.failed(error as Error);
      throw error;
    }
  }

  /**
   * Gives a message its place among a leader's writes: in the log if it is durable, else between two blocks.
   * @returns the offset of the message, or of the block that it follows.
   * @throws HeadwaterError `read_only_follower`, `unavailable`, `outcome_unknown`.
   */
  async publish({ channel, data, durable }: Message): Promise<number> {
    if (this.#gate.isClosed) await this.#gate.pass(channel.length + data.length);
    const generation = this.#lifecycle.serving;
    const { writer } = this.#lifecycle;
    if (!writer) throw this.#refusal();
    if (durable) {
      const refusal = this.space.refusalOf(channel.length + data.length) ?? this.#writeGuard?.();
      if (refusal) throw refusal;
      return writer.publish(channel, data);
    }
    const { log } = generation;
    let offset = 0;
    await writer.between(async () => {
      offset = log.end.offset;
      log.interludes.add({ kind: 'message', channel, data });
    }, channel.length + data.length);
    return offset;
  }

  /** Adds a message or a mark behind the last block, for all readers that read the log in order. */
  interlude(interlude: Exclude<Interlude, { kind: 'missed' }>): void {
    this.log.interludes.add(interlude);
  }

  /** Takes messages that are not in the log from a follower's upstream. */
  handed(messages: Handed): void {
    this.log.interludes.take(messages);
  }

  /**
   * Adds a mark behind the last block, for all nodes below, and freezes the keyspace there. Nothing is written in
   * between.
   * @param said called in the same turn.
   * @returns the keyspace at that offset; the caller releases it.
   */
  async mark(markId: string, said: () => void = () => {}): Promise<KeyspaceSnapshot> {
    const { writer } = this.#lifecycle;
    const { checkpointer } = this.#lifecycle.serving;
    if (!writer) throw this.#refusal();
    let frozen: Promise<KeyspaceSnapshot> | undefined;
    await writer.between(async () => {
      this.interlude({ kind: 'mark', markId });
      frozen = checkpointer.snapshotHere();
      said();
      frozen.catch(() => {});
    });
    invariant(frozen, 'what stands between two blocks has been done');
    return frozen;
  }

  /**
   * Adds a mark that serves no comparison, for all nodes below, and freezes the keyspace there. A leader does it as
   * `mark` does, a follower behind its last block.
   * @returns the keyspace at that offset; the caller releases it.
   */
  async freeze(markId: string): Promise<KeyspaceSnapshot> {
    if (this.#lifecycle.writer) return this.mark(markId);
    const { checkpointer } = this.#lifecycle.serving;
    this.interlude({ kind: 'mark', markId });
    return checkpointer.snapshotHere();
  }

  /**
   * Runs `visit` once the keyspace on disk is exactly that at the end of the log in this turn. The visit may change
   * records there: see Checkpointer.visitHere.
   */
  visitHere<T>(visit: (keyspace: Keyspace, closing: AbortSignal) => Promise<T>): Promise<T> {
    const { notServing } = this;
    return notServing ? Promise.reject(notServing) : this.#lifecycle.serving.checkpointer.visitHere(visit);
  }

  /** Returns the keyspace at the end of the log exactly as it is in this turn; the caller releases it. */
  snapshotHere(): Promise<KeyspaceSnapshot> {
    const { notServing } = this;
    return notServing ? Promise.reject(notServing) : this.#lifecycle.serving.checkpointer.snapshotHere();
  }

  /** Makes everything received so far durable. @returns the offset up to which that holds. */
  async durable(): Promise<number> {
    return this.#durablePoint.reach();
  }

  async #makeDurable(): Promise<number> {
    const { log } = this.#lifecycle.serving;
    try {
      return await log.durable.reach();
    } catch (error) {
      // A failure on a log that is not in use any more loses nothing.
      if (this.isServing && this.#lifecycle.serving.log === log) this.#lifecycle.failed(error as Error);
      throw error;
    }
  }

  /**
   * Takes the time of an upstream with which a session has begun. That time may be behind this node's clock so far,
   * though not behind the last block.
   */
  setTime(timeMs: number): void {
    this.#logicalClock.set(Math.max(timeMs, this.endTimeMs));
  }

  /** Takes the time of an upstream that this node is following; the clock does not go back. */
  followTime(timeMs: number): void {
    this.#logicalClock.follow(timeMs);
  }

  /** Takes on the cluster of the upstream, on a node that holds nothing. */
  async joinCluster(clusterId: string): Promise<void> {
    if (clusterId !== '' && this.clusterId !== clusterId) await this.#directory.update({ cluster_id: clusterId });
  }

  /**
   * Begins a generation beside the one in use, at a snapshot's position.
   * @param timeMs the time of the block that ends there, milliseconds since the epoch. A later time would make the next
   * block look like a clock set back.
   */
  async beginReplacement(position: Position, lineage: Lineage, timeMs: number): Promise<Replacement> {
    const directory = await this.#directory.newGeneration();
    return Replacement.create(directory, this.#options, { position, timeMs }, lineage);
  }

  /** Switches to a finished replacement, and to the cluster that its data belong to, and deletes the old data. */
  async adopt(replacement: Replacement, clusterId: string, live?: LivePlace): Promise<void> {
    const reason = new HeadwaterError('unavailable', 'a full resync has replaced the data', {
      details: { reason: 'UPSTREAM_REPLACED' },
    });
    const exchange = async () => {
      await this.#directory.switchToNew();
      await this.joinCluster(clusterId);
    };
    await this.#lifecycle.replace(reason, exchange, live);
    this.#logger.info({ offset: replacement.end.offset }, `full resync done: now at ${formatPosition(this.position)}`);
  }

  /**
   * Copies the writes after `offset` to a file in lost-writes/, durably, before a resync drops them. Does nothing if
   * they are saved already.
   */
  saveLostWrites(offset: number): Promise<void> {
    return this.#lostWrites.save(this.#lifecycle.generation.log, offset);
  }

  /** The number of commands on disk in lost-writes/, whenever they were saved. */
  lostWrites(): Promise<number> {
    return this.#lostWrites.count();
  }

  /** The names of the files in lost-writes/, sorted; the names of the last listing if the disk cannot be read. */
  lostWritesFiles(): Promise<readonly string[]> {
    return this.#lostWrites.files();
  }

  /** Puts rows that the index of due keys has lost back into it: each names a key that expires. */
  restoreDue(rows: readonly Buffer[]): Promise<void> {
    return this.#lifecycle.serving.keyspace.dueIndex.restore(rows);
  }

  // ---- damage and repair ------------------------------------------------------------

  /** Calls `listener` when a leader that led asks its followers before it leads again. */
  onAsking(listener: () => void): void {
    this.#lifecycle.onAsking(listener);
  }

  /** The base of the log before damage raised its start; undefined if none has, or if it is mended. */
  get logLostFrom(): Position | undefined {
    return this.#lifecycle.serving.lostFrom;
  }

  /** Notes that the blocks lost by damage stand in the log again. */
  logMended(): void {
    this.#lifecycle.serving.mended();
  }

  /** Resolves when the background check of the log is done, or has ended early. */
  logChecked(): Promise<void> {
    return this.#lifecycle.serving.checked;
  }

  /** Permits a copy from the upstream in place of data that cannot be opened, from the next attempt on. */
  permitStandIn(): void {
    this.#lifecycle.permitStandIn();
  }

  // ---- roles ----------------------------------------------------------------------

  /** Becomes, durably, a follower of `upstream`; pending writes are finished first. */
  async follow(upstream: string): Promise<void> {
    try {
      await this.#lifecycle.follow(upstream, readOnlyFollower(upstream));
    } finally {
      this.#openGate();
    }
  }

  /**
   * Lets writes wait from here on. Pending writes are finished, and nothing is appended after them until
   * `resumeWrites`, or until the role has changed.
   * @returns the end of the log.
   */
  async pauseWrites(): Promise<Position> {
    this.#gate.close();
    return this.#lifecycle.hold();
  }

  /**
   * Lets writes continue. Does nothing if the role has changed meanwhile and the node does not know yet which node
   * takes them.
   */
  resumeWrites(): void {
    this.#lifecycle.release();
    this.#openGate();
  }

  /**
   * Steps down, durably, in favour of a follower that holds all that this node has. The writes are paused, and stay so
   * until the node knows which node leads: `handedOver`, `promote` or `follow`.
   */
  async handOver(to: HandingOver): Promise<void> {
    const reason = new HeadwaterError('unavailable', `the leadership is being handed over to ${to.address}`);
    await this.#lifecycle.handOver(to, reason);
  }

  /**
   * Ends the hand-over when the other node leads. From now on this node is durably its follower, and sends writers
   * there.
   */
  async handedOver(): Promise<void> {
    // The gate opens before the change is on disk. After a crash in between, this node would ask again and get the same
    // answer.
    this.#gate.open();
    await this.#directory.update({ handing_over: undefined });
  }

  /** Binds this node, durably, never to act on a grant of leadership that it has not acted on. */
  async refuseGrant(grant: string): Promise<void> {
    if (this.grants.refused.includes(grant)) return;
    await this.#directory.update(({ grants: { taken, refused } = NO_GRANTS }) => ({
      grants: { taken, refused: [...refused, grant].slice(-GRANTS_KEPT_MAX) },
    }));
  }

  /**
   * Reopens after asking, if the keyspace was ahead of the log. The node leads if the log has got back all that it had
   * lost.
   */
  async openAnew(): Promise<void> {
    await this.#lifecycle.openAnew();
  }

  /** Takes no more writes, durably, until a person has said `promote` or `follow`. */
  async supersede(by: SupersededBy): Promise<void> {
    await this.#lifecycle.supersede(by, superseded(by));
  }

  #openGate(): void {
    if (!this.handingOver) this.#gate.open();
  }

  /**
   * Leads, durably, from here on: under a new history, or, on a node that leads already, under the one that it has
   * begun. Nothing may be received any more.
   * @param how.grant the grant by which a former leader has handed over; taken from then on.
   * @param how.above an epoch that others have begun already, as far as this node knows.
   * @param how.follows the end of the messages of a leader that has handed over.
   * @throws HeadwaterError if the data are not whole; the role stays as it was then.
   */
  async promote({
    grant,
    above = 0,
    follows,
  }: {
    grant?: string;
    above?: number;
    follows?: LivePlace | undefined;
  } = {}): Promise<LineageRow> {
    try {
      const { taken, refused } = this.grants;
      const grants =
        grant === undefined ? {} : { grants: { taken: [...taken, grant].slice(-GRANTS_KEPT_MAX), refused } };
      const promoted = this.role === 'follower' || this.supersededBy ? { promoted: true as const } : {};
      if (promoted.promoted || this.asking) await this.#lifecycle.lead({ ...grants, ...promoted }, above, follows);
    } finally {
      this.#openGate();
    }
    const { current } = this.lineage;
    invariant(current, 'a leader has a history');
    return current;
  }

  /** Returns a unique name for one attempt to hand the leadership over. */
  newGrant(): string {
    return this.#options.randomBytes(16).toString('hex');
  }

  /**
   * Ends writes before a stop: a leader takes no more writes and expires no more keys, and answers reads. Pending
   * writes are finished, and nothing is appended after them.
   * @returns the final end of the log. `close` has to follow.
   */
  endWrites(): Promise<Position> {
    this.#lastWrite ??= this.#lifecycle.endWrites(shuttingDown());
    return this.#lastWrite;
  }

  /**
   * Refuses, before a stop, the writes that wait for the end of a hand-over; none of them has begun. `close` has to
   * follow.
   */
  turnWritersAway(): void {
    if (!this.#gate.isClosed) return;
    this.endWrites().catch(() => {});
    this.#gate.open();
  }

  /**
   * Lets pending blocks enter the store while `work` waits for them, even if memory is full and the disk cannot be read
   * for a checkpoint.
   */
  lettingThrough(work: () => Promise<void>): Promise<void> {
    return this.#lifecycle.lettingThrough(work);
  }

  /** Ends all waits for a store that cannot be opened. `close` has to follow. */
  announceClose(): void {
    this.#lifecycle.announceClose(shuttingDown());
  }

  /**
   * Closes the store. Running work is finished, and everything is durable. Everything is checkpointed too, unless that
   * takes longer than `checkpointMs`. The directory is unlocked.
   */
  async close({ checkpointMs }: { checkpointMs?: number } = {}): Promise<void> {
    const closed = this.#lifecycle.close(shuttingDown(), checkpointMs);
    // Writes that wait at the gate are refused now.
    this.#gate.open();
    await this.#knownFollowers.settled();
    await this.#clockWatch.close();
    await closed;
  }

  /** Sets the latest end of `asking`, milliseconds since the epoch, for people. */
  asksUntil(timeMs: number): void {
    this.#asksUntilMs = timeMs;
  }

  /** The reason why this leader takes no writes; undefined if it does, and on a follower. */
  get whyNoWrites(): HeadwaterError | undefined {
    return this.role === 'leader' && (this.supersededBy || this.asking) ? this.#refusal() : undefined;
  }

  /** The reason why this node takes no writes. */
  #refusal(): HeadwaterError {
    if (this.#lastWrite) return shuttingDown();
    if (this.role === 'follower') return readOnlyFollower(this.upstream);
    if (this.supersededBy) return superseded(this.supersededBy);
    if (this.asking) return askingFollowers(this.#asksUntilMs);
    return new HeadwaterError('unavailable', 'this node is changing its role');
  }
}

/** Whether the data on the disk of a leader do not let it lead: it has to follow. */
function cannotLead(error: unknown): boolean {
  return HeadwaterError.is(error, 'corrupt') || HeadwaterError.is(error, 'keyspace_incomplete');
}
