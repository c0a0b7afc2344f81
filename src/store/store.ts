/**
 * The store: a data directory, the generation in use and the role, behind one
 * face. Services submit operations and take snapshots; the link hands in what
 * upstream sent; feeds read `log`. Its role decides which of that it takes:
 *
 *   leader     writer and active expiry run; a history of its own is begun
 *   follower   `receive` and `replace` take what upstream sends; writes are refused
 *
 * A leader that may have lost its tail is `asking` at first: it receives as a
 * follower does, until `promote`. One that is `supersededBy` another takes no
 * writes. A follower that is `handingOver` was the leader until now: writes
 * wait at the gate until it is known who takes them.
 *
 * What is open, and what becomes of it when a write fails, is lifecycle.ts's.
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
  /** So many unpredictable bytes: IDs of nodes, clusters and histories are made of them. */
  randomBytes(count: number): Buffer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fsync: FsyncPolicy;
  readonly limits: Limits;
  readonly budget: CheckpointBudget;
  /** Of the machine's start; undefined where it does not tell. */
  bootId(): string | undefined;
  /** A follower whose data cannot be opened gets them anew from its upstream, without a person's word. */
  readonly autoRepair?: boolean | undefined;
  /** This machine's clock is right, whatever the log says: a person has said so. */
  readonly trustClock?: boolean | undefined;
  /** Free on the disk, below which no writes are taken; undefined: nobody looks. */
  readonly minFreeBytes?: number | undefined;
  /** Kept on the disk for when it is full; undefined: as many as by default. */
  readonly ballastBytes?: number | undefined;
  /** Our own bug has shown itself: the process must not go on. */
  readonly onFatal: (error: Error) => void;
}

const NO_GRANTS: Grants = { taken: [], refused: [] };

/** What is published. */
export interface Message {
  readonly channel: Buffer;
  readonly data: Buffer;
  /** In the log, as a command. */
  readonly durable: boolean;
}

export interface Submitted {
  readonly replies: Reply[];
  /** At or after everything that the replies have seen. */
  readonly position: Position;
}

export class Store {
  /** Whether the disk has room. */
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
   * Opens a data directory in the role that it was left in, or in `role`. A
   * leader that was promoted keeps its own, unless `role` overrules that or it
   * cannot lead.
   * @throws HeadwaterError where the directory cannot be used; it is unlocked then.
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

  // ---- what it is -----------------------------------------------------------

  get nodeId(): string {
    return this.#directory.node.node_id;
  }

  get clusterId(): string {
    return this.#directory.node.cluster_id;
  }

  get role(): Role {
    return this.#directory.node.role;
  }

  /** Why this node leads though it was started with --follow, and what to do; else empty. */
  get ignoredFollow(): string {
    const upstream = this.#ignoredUpstream;
    if (upstream === '' || (this.role === 'follower' && !this.handingOver)) return '';
    return `--follow ${upstream} is ignored: ${this.#directory.whyNotFollowing(upstream)}`;
  }

  /** host:port of the node that this one follows; empty on a leader. */
  get upstream(): string {
    return this.#directory.node.upstream;
  }

  /** To whom this node, the leader until now, hands over, while it does not know whether that one leads. */
  get handingOver(): HandingOver | undefined {
    return this.#directory.node.handing_over;
  }

  /** Why this leader takes no writes, where another one leads its history on. */
  get supersededBy(): SupersededBy | undefined {
    return this.#directory.node.superseded_by;
  }

  /** Whether this leader does not lead yet, because its followers may have what its log has lost. */
  get asking(): boolean {
    return this.#lifecycle.asking;
  }

  /** How it has answered those that handed over to it. */
  get grants(): Grants {
    return this.#directory.node.grants ?? NO_GRANTS;
  }

  get knownFollowers(): readonly KnownFollower[] {
    return this.#knownFollowers.all;
  }

  /** Remembers, durably, who follows now, how far they are, and with that what the log keeps for them when they are away. */
  noteFollowers(followers: readonly KnownFollower[]): Promise<void> {
    return this.#knownFollowers.note(followers);
  }

  /** Remembers a follower no more, durably, and keeps nothing for it. */
  forgetFollower(nodeId: string): Promise<void> {
    return this.#knownFollowers.forget(nodeId);
  }

  /** Whether the log keeps what a follower has not seen yet, while it is away. */
  keepsPlaceOf(nodeId: string): boolean {
    return this.#knownFollowers.keepsPlaceOf(nodeId);
  }

  get limits(): Limits {
    return this.#options.limits;
  }

  get fsync(): FsyncPolicy {
    return this.#options.fsync;
  }

  /** Bytes that the log is trimmed to; undefined where its size does not matter. */
  get logRetentionBytes(): number | undefined {
    return this.#options.logRetentionBytes;
  }

  /** Older blocks go, milliseconds; undefined where their age does not matter. */
  get logRetentionMs(): number | undefined {
    return this.#options.logRetentionMs;
  }

  /** Bytes of log that are kept for whoever has pinned them; undefined where it grows for ever. */
  get logPinBytesMax(): number | undefined {
    return pinBytesMax(this.#options);
  }

  /** The log in use; a feed that holds it hears of its end by an error. */
  get log(): Log {
    return this.#lifecycle.generation.log;
  }

  /** The end of the log, as far as it is applied; where it was last, while nothing is open. */
  get position(): Position {
    return this.#lifecycle.end.position;
  }

  /** The time of the last block, likewise. */
  get endTimeMs(): number {
    return this.#lifecycle.end.timeMs;
  }

  /** How far the data have got; as they had last, while nothing is open. */
  get standing(): GenerationStatus {
    return this.#lifecycle.standing;
  }

  get lineage(): Lineage {
    return this.#lifecycle.generation.log.lineage;
  }

  get checkpoint(): { offset: number; keys: number | null } {
    const { position, keys } = this.#lifecycle.generation.keyspace.checkpoint;
    return { offset: position.offset, keys };
  }

  /** Set where a lost log tail left a keyspace that only a full resync can help; undefined while nothing is open. */
  get incomplete(): HeadwaterError | undefined {
    return this.#lifecycle.incomplete;
  }

  /** Every history that the data on disk have lived in; not always those of the log alone, as where it lost its tail. */
  get lineageOfData(): Lineage {
    return this.#lifecycle.generation.lineage;
  }

  /** The keyspace on disk may hold effects of commands up to here; beyond the log's end only while `incomplete`. */
  get keyspaceOffset(): number {
    return this.#lifecycle.generation.keyspaceOffset;
  }

  /** Whether reads can be served now. */
  get isServing(): boolean {
    return this.#lifecycle.isServing;
  }

  /** Why not, and what is to be done about it where the store cannot help itself. */
  get notServing(): HeadwaterError | undefined {
    return this.#lifecycle.notServing;
  }

  /**
   * Aborts, with the reason, when the store stops playing the role that it plays
   * now: another is taken, or everything is closed or opened anew.
   */
  get tenure(): AbortSignal {
    return this.#lifecycle.tenure;
  }

  /** Whether, why and how long writes wait for the disk. */
  get writeWaits(): Pick<WriteWaits, 'message' | 'currentMs' | 'longestMs'> {
    return this.#lifecycle.waits;
  }

  /** What of the data on disk could not be read lately; empty where nothing. */
  get damage(): string {
    return this.#lifecycle.damage.message;
  }

  /** In what the log's clock and this machine's do not agree, and by how much the log's is ahead, milliseconds. */
  get clock(): { readonly finding: string; readonly aheadMs: number } {
    return { finding: this.#clockWatch.finding?.message ?? '', aheadMs: this.#logicalClock.aheadMs };
  }

  /** How long ago the oldest key was due that this leader has not deleted; 0 if none waits, and on a follower. */
  get expiryLateMs(): number {
    return this.#lifecycle.lateness.ms;
  }

  /** Rings when damage is met in the background that was not known. */
  get damageNoticed(): Bell {
    return this.#lifecycle.damage.noticed;
  }

  /** Of the log and its keyspace in use; the current one even while it cannot be opened. */
  get generationDirectory(): string {
    return this.#directory.currentGeneration;
  }

  /** Rings when another role is played, and when what is open has changed; not when the log goes on. */
  get changed(): Bell {
    return this.#lifecycle.changed;
  }

  /** Tells `listener` now, and whenever it changes, whether reads can be served. */
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
   * One reply per operation, in order. Refusals of single operations are
   * replies; the promise rejects where the whole could not be done.
   * @param options.ordered behind all writes submitted before, even if it only reads.
   * @param options.replyBytesMax lets reads that are not ordered be answered in part: see readAll.
   */
  async submit(
    operations: readonly Operation[],
    options: { bytes: number; ordered: boolean; replyBytesMax?: number },
  ): Promise<Submitted> {
    const writes = operations.some(isWrite);
    if (this.#gate.isClosed && (writes || options.ordered)) await this.#gate.pass(options.bytes);
    // What was asked before is seen, also where nothing more is written.
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

  /** A leader asks it once for each message that writes; what it returns refuses the writes in it. */
  guardWrites(guard: () => HeadwaterError | undefined): void {
    this.#writeGuard = guard;
  }

  /** Where no writes are taken: reads are answered, writes refused one by one. */
  #readAround(operations: readonly Operation[], generation: Generation): Promise<Reply[]> {
    return refusingWrites(operations, this.#refusal(), async (reads) => {
      const answered: Reply[] = [];
      while (answered.length < reads.length)
        answered.push(...(await readAll(reads.slice(answered.length), generation.keyspace, this.nowMs(), this.limits)));
      return answered;
    });
  }

  /** On a leader that takes no writes for now: likewise. */
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

  /** The keyspace as of now; release it. With `share`, up to a second older, though not before `notBefore`, an offset. */
  async snapshotAt(options?: { share: boolean; notBefore?: number }): Promise<KeyspaceSnapshot> {
    return this.#lifecycle.serving.checkpointer.snapshotAt(options);
  }

  /** Where the keyspace on disk can be read out of its files, while nobody writes to them: see visitHere. */
  get keyspaceDirectory(): string | undefined {
    return this.isServing ? this.#lifecycle.serving.keyspace.directory : undefined;
  }

  /** The number of keys, none left out; expired ones count until they are deleted. */
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
   * @throws HeadwaterError where they may not enter; nothing has then.
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
   * On a leader: gives a message its place among the writes, in the log where
   * it is durable, else between two blocks.
   * @returns the offset that it has, or follows.
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
      log.interlude({ kind: 'message', channel, data });
    }, channel.length + data.length);
    return offset;
  }

  /** Says something behind the last block, to everybody who reads the log in order. */
  interlude(interlude: Exclude<Interlude, { kind: 'missed' }>): void {
    this.log.interlude(interlude);
  }

  /** On a follower: takes messages that are not in the log from its upstream. */
  handed(messages: Handed): void {
    this.log.handed(messages);
  }

  /**
   * Says a mark behind the last block, to all nodes below, and freezes the
   * keyspace there. Nothing is written in between.
   * @param said called in the same turn.
   * @returns the keyspace at that offset; release it.
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
   * Says a mark that is no comparison to all nodes below, and freezes the
   * keyspace there: on a leader as `mark`, on a follower behind its last block.
   * @returns the keyspace at that offset; release it.
   */
  async freeze(markId: string): Promise<KeyspaceSnapshot> {
    if (this.#lifecycle.writer) return this.mark(markId);
    const { checkpointer } = this.#lifecycle.serving;
    this.interlude({ kind: 'mark', markId });
    return checkpointer.snapshotHere();
  }

  /**
   * Runs `visit` once the keyspace on disk is exactly that at the end of the log
   * in this turn; it may change records there: see Checkpointer.visitHere.
   */
  visitHere<T>(visit: (keyspace: Keyspace, closing: AbortSignal) => Promise<T>): Promise<T> {
    const { notServing } = this;
    return notServing ? Promise.reject(notServing) : this.#lifecycle.serving.checkpointer.visitHere(visit);
  }

  /** The keyspace at the end of the log exactly as it is in this turn; release it. */
  snapshotHere(): Promise<KeyspaceSnapshot> {
    const { notServing } = this;
    return notServing ? Promise.reject(notServing) : this.#lifecycle.serving.checkpointer.snapshotHere();
  }

  /** Everything received so far survives a power cut; the offset up to which that holds. */
  async durable(): Promise<number> {
    return this.#durablePoint.reach();
  }

  async #makeDurable(): Promise<number> {
    const { log } = this.#lifecycle.serving;
    try {
      return await log.durable();
    } catch (error) {
      // What failed on a log that is not in use any more is nobody's loss.
      if (this.isServing && this.#lifecycle.serving.log === log) this.#lifecycle.failed(error as Error);
      throw error;
    }
  }

  /**
   * Takes the time of an upstream with which a session has begun; it may be
   * behind the clock so far, though not behind the last block.
   */
  setTime(timeMs: number): void {
    this.#logicalClock.set(Math.max(timeMs, this.endTimeMs));
  }

  /** Takes the time of an upstream that this node is following; the clock does not go back. */
  followTime(timeMs: number): void {
    this.#logicalClock.follow(timeMs);
  }

  /** A node that holds nothing takes on the cluster of its upstream. */
  async joinCluster(clusterId: string): Promise<void> {
    if (clusterId !== '' && this.clusterId !== clusterId) await this.#directory.update({ cluster_id: clusterId });
  }

  /**
   * Begins a generation beside the one in use, at a snapshot's position.
   * @param timeMs that of the block that ends there, milliseconds since the epoch: a later one makes the next block look like a clock set back.
   */
  async beginReplacement(position: Position, lineage: Lineage, timeMs: number): Promise<Replacement> {
    const directory = await this.#directory.newGeneration();
    return Replacement.create(directory, this.#options, { position, timeMs }, lineage);
  }

  /** Switches to a finished replacement, and to the cluster that its data belong to; deletes what was there before. */
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
   * Copies the writes after `offset` to a file in lost-writes/, durably, before
   * a resync drops them. Without effect where they are saved already.
   */
  saveLostWrites(offset: number): Promise<void> {
    return this.#lostWrites.save(this.#lifecycle.generation.log, offset);
  }

  /** How many commands are in lost-writes/: it counts what is on disk, whenever it was saved. */
  lostWrites(): Promise<number> {
    return this.#lostWrites.count();
  }

  /** The names of the files in lost-writes/, sorted; those that were there last, where the disk does not tell. */
  lostWritesFiles(): Promise<readonly string[]> {
    return this.#lostWrites.files();
  }

  /** Puts rows back into the index of due keys that it has lost: each names a key that expires. */
  restoreDue(rows: readonly Buffer[]): Promise<void> {
    return this.#lifecycle.serving.keyspace.dueIndex.restore(rows);
  }

  // ---- damage and repair ------------------------------------------------------------

  /** Tells `listener` when a leader that led asks its followers before it leads on. */
  onAsking(listener: () => void): void {
    this.#lifecycle.onAsking(listener);
  }

  /** Where the log began before damage made it begin later; undefined where it did not, or that is mended. */
  get logLostFrom(): Position | undefined {
    return this.#lifecycle.serving.lostFrom;
  }

  /** What damage had cost the log stands in it again. */
  logMended(): void {
    this.#lifecycle.serving.mended();
  }

  /** Resolves when the background check has looked at the whole log. */
  logChecked(): Promise<void> {
    return this.#lifecycle.serving.checked;
  }

  /** Data that cannot be opened are got anew from the upstream, from the next attempt on. */
  permitStandIn(): void {
    this.#lifecycle.permitStandIn();
  }

  // ---- roles ----------------------------------------------------------------------

  /** Becomes, durably, a follower of `upstream`; writes in hand are finished first. */
  async follow(upstream: string): Promise<void> {
    try {
      await this.#lifecycle.follow(upstream, readOnlyFollower(upstream));
    } finally {
      this.#openGate();
    }
  }

  /**
   * Lets writes wait from here on: those in hand are finished, and nothing is
   * appended after them until `resumeWrites`, or until the role has changed.
   * @returns where the log ends.
   */
  async pauseWrites(): Promise<Position> {
    this.#gate.close();
    return this.#lifecycle.hold();
  }

  /** Without effect where the role has changed meanwhile and it is not known yet who takes them. */
  resumeWrites(): void {
    this.#lifecycle.release();
    this.#openGate();
  }

  /**
   * Steps down, durably, in favour of a follower that holds all that this node
   * has; its writes are paused, and stay so until it is known who leads:
   * `handedOver`, `promote` or `follow`.
   */
  async handOver(to: HandingOver): Promise<void> {
    const reason = new HeadwaterError('unavailable', `the leadership is being handed over to ${to.address}`);
    await this.#lifecycle.handOver(to, reason);
  }

  /** The node that this one hands over to leads: durably its follower from now on, which sends writers there. */
  async handedOver(): Promise<void> {
    // Before it is on disk: cut in between, this node would ask again and hear the same.
    this.#gate.open();
    await this.#directory.update({ handing_over: undefined });
  }

  /**
   * Binds itself, durably, never to act on a grant of leadership that it has
   * not acted on.
   */
  async refuseGrant(grant: string): Promise<void> {
    if (this.grants.refused.includes(grant)) return;
    await this.#directory.update(({ grants: { taken, refused } = NO_GRANTS }) => ({
      grants: { taken, refused: [...refused, grant].slice(-GRANTS_KEPT_MAX) },
    }));
  }

  /** After asking where the keyspace was ahead of the log: leads, where the log has got back all that it had lost. */
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
   * Leads, durably, from here on: under a new history, or under the one that it
   * has begun where it leads already. Nothing may be received any more.
   * @param how.grant by which a former leader has handed over to it; taken from then on.
   * @param how.above an epoch that others have begun already, as far as this node has heard.
   * @param how.follows where the messages of a leader end that has handed over.
   * @throws HeadwaterError where the data are not whole; it stays what it was then.
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

  /** Names one attempt to hand the leadership over, like no other. */
  newGrant(): string {
    return this.#options.randomBytes(16).toString('hex');
  }

  /**
   * Before a stop: a leader takes no more writes and expires no more keys; reads
   * are answered. Those in hand are finished, and nothing is appended after them.
   * @returns where the log ends, for good. `close` has to follow.
   */
  endWrites(): Promise<Position> {
    this.#lastWrite ??= this.#lifecycle.endWrites(shuttingDown());
    return this.#lastWrite;
  }

  /** Before a stop: writes that wait for the end of a handing over are refused; nothing of them has been begun. `close` has to follow. */
  turnWritersAway(): void {
    if (!this.#gate.isClosed) return;
    this.endWrites().catch(() => {});
    this.#gate.open();
  }

  /** Blocks in hand enter the store while `work` waits for them, even if its memory is full and the disk cannot be read for a checkpoint. */
  lettingThrough(work: () => Promise<void>): Promise<void> {
    return this.#lifecycle.lettingThrough(work);
  }

  /** Nobody waits from now on for a store that cannot be opened. `close` has to follow. */
  announceClose(): void {
    this.#lifecycle.announceClose(shuttingDown());
  }

  /**
   * Ends it: what is in hand is finished, everything is durable and, unless that
   * takes longer than `checkpointMs`, checkpointed; the directory is unlocked.
   */
  async close({ checkpointMs }: { checkpointMs?: number } = {}): Promise<void> {
    const closed = this.#lifecycle.close(shuttingDown(), checkpointMs);
    // What waits there hears of the end.
    this.#gate.open();
    await this.#knownFollowers.settled();
    await this.#clockWatch.close();
    await closed;
  }

  /** For people: until when `asking` lasts at most, milliseconds since the epoch. */
  asksUntil(timeMs: number): void {
    this.#asksUntilMs = timeMs;
  }

  /** Why this leader takes no writes; undefined where it does, and on a follower. */
  get whyNoWrites(): HeadwaterError | undefined {
    return this.role === 'leader' && (this.supersededBy || this.asking) ? this.#refusal() : undefined;
  }

  /** Why this node takes no writes. */
  #refusal(): HeadwaterError {
    if (this.#lastWrite) return shuttingDown();
    if (this.role === 'follower') return readOnlyFollower(this.upstream);
    if (this.supersededBy) return superseded(this.supersededBy);
    if (this.asking) return askingFollowers(this.#asksUntilMs);
    return new HeadwaterError('unavailable', 'this node is changing its role');
  }
}

/** The data on the disk of a leader do not let it lead: it has to follow. */
function cannotLead(error: unknown): boolean {
  return HeadwaterError.is(error, 'corrupt') || HeadwaterError.is(error, 'keyspace_incomplete');
}
