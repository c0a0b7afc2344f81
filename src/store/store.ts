/**
 * The store: a data directory, the generation in use and the role, behind one
 * face. Services submit operations and take snapshots; the link hands in what
 * upstream sent; feeds read `log`. Its role decides which of that it takes:
 *
 *   leader     writer and active expiry run; a history of its own is begun
 *   follower   `receive` and `replace` take what upstream sends; writes are refused
 *
 * What is open, and what becomes of it when a write fails, is lifecycle.ts's.
 */
import { type Clock, LogicalClock } from '../clock.js';
import { isWrite } from '../commands/execute.js';
import type { Limits } from '../commands/view.js';
import { HeadwaterError } from '../errors.js';
import type { Files } from '../files.js';
import { invariant } from '../invariant.js';
import type { KeyspaceSnapshot } from '../keyspace/snapshot.js';
import type { OpenDatabase } from '../level.js';
import type { Lineage, LineageRow } from '../lineage.js';
import type { Block } from '../log/block.js';
import type { Interlude } from '../log/interludes.js';
import type { Log } from '../log/log.js';
import type { Logger } from '../logger.js';
import type { Operation, Reply } from '../operation.js';
import { formatPosition, type Position } from '../position.js';
import type { CheckpointBudget } from './checkpoint.js';
import type { FsyncPolicy } from './commit.js';
import { Directory, type Role } from './directory.js';
import { DurablePoint } from './durable-point.js';
import type { Generation } from './generation.js';
import { Lifecycle, type Standing } from './lifecycle.js';
import { countLostWrites, saveLostWrites } from './lost-writes.js';
import { readAll } from './reader.js';
import { verifyReceived } from './receive.js';
import { Replacement } from './replacement.js';

export interface StoreOptions {
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
  /** Our own bug has shown itself: the process must not go on. */
  readonly onFatal: (error: Error) => void;
}

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
  readonly #options: StoreOptions;
  readonly #logger: Logger;
  readonly #logicalClock: LogicalClock;
  readonly #directory: Directory;
  readonly #lifecycle: Lifecycle;
  /** As counted last. */
  #lostWrites = 0;
  readonly #durablePoint = new DurablePoint(() => this.#makeDurable());
  #writeGuard: (() => HeadwaterError | undefined) | undefined;

  private constructor(options: StoreOptions, directory: Directory) {
    this.#options = options;
    this.#logger = options.logger;
    this.#logicalClock = new LogicalClock(options.clock);
    this.#directory = directory;
    this.#lifecycle = new Lifecycle({ ...options, directory, logicalClock: this.#logicalClock });
  }

  /**
   * Opens a data directory in the role that it was left in, or in `role`.
   * @throws HeadwaterError where the directory cannot be used; it is unlocked then.
   */
  static async open(options: StoreOptions, role?: { role: Role; upstream: string }): Promise<Store> {
    const directory = await Directory.open(options.directory, options);
    const store = new Store(options, directory);
    try {
      await directory.removeOtherGenerations();
      if (role && (role.role !== directory.node.role || role.upstream !== directory.node.upstream))
        await directory.update(role);
      await store.#lifecycle.start();
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

  /** host:port of the node that this one follows; empty on a leader. */
  get upstream(): string {
    return this.#directory.node.upstream;
  }

  get limits(): Limits {
    return this.#options.limits;
  }

  get fsync(): FsyncPolicy {
    return this.#options.fsync;
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
  get standing(): Standing {
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

  /** Tells `listener` now, and whenever it changes, whether reads can be served. */
  onServing(listener: (serving: boolean) => void): void {
    this.#lifecycle.onServing(listener);
  }

  nowMs(): number {
    return this.#logicalClock.now();
  }

  // ---- clients ----------------------------------------------------------------

  get queuedBytes(): number {
    return this.#lifecycle.writer?.queuedBytes ?? 0;
  }

  /** Resolves when `queuedBytes` is at most `bytes`, or `signal` aborts. */
  async whenQueueBelow(bytes: number, signal: AbortSignal): Promise<void> {
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
    const generation = this.#lifecycle.serving;
    const writes = operations.some(isWrite);
    const { writer } = this.#lifecycle;
    const refusal = writer && writes ? this.#writeGuard?.() : undefined;
    if (refusal) return { replies: await this.#refusing(operations, options, refusal), position: generation.log.end };
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

  /** On a follower: reads are answered, writes refused one by one. */
  #readAround(operations: readonly Operation[], generation: Generation): Promise<Reply[]> {
    return around(operations, this.#readOnly(), async (reads) => {
      const answered: Reply[] = [];
      while (answered.length < reads.length)
        answered.push(...(await readAll(reads.slice(answered.length), generation.keyspace, this.nowMs(), this.limits)));
      return answered;
    });
  }

  /** On a leader that takes no writes for now: likewise. */
  #refusing(
    operations: readonly Operation[],
    options: { ordered: boolean },
    refusal: HeadwaterError,
  ): Promise<Reply[]> {
    return around(operations, refusal, async (reads) =>
      reads.length === 0 ? [] : (await this.submit(reads, { bytes: 0, ordered: options.ordered })).replies,
    );
  }

  /** The keyspace as of now; release it. With `share`, up to a second older. */
  async snapshotAt(options?: { share: boolean }): Promise<KeyspaceSnapshot> {
    return this.#lifecycle.serving.checkpointer.snapshotAt(options);
  }

  /** The number of keys, exactly. */
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
    invariant(this.role === 'follower', 'only a follower receives');
    const { log, committer } = this.#lifecycle.serving;
    verifyReceived(log, blocks, rows);
    try {
      await committer.commit(blocks, rows);
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
    const generation = this.#lifecycle.serving;
    const { writer } = this.#lifecycle;
    if (!writer) throw this.#readOnly();
    if (durable) {
      const refusal = this.#writeGuard?.();
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
  interlude(interlude: Interlude): void {
    this.log.interlude(interlude);
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
   * @param timeMs no earlier than that of the block that ends there, milliseconds since the epoch.
   */
  async beginReplacement(position: Position, lineage: Lineage, timeMs: number): Promise<Replacement> {
    const directory = await this.#directory.newGeneration();
    return Replacement.create(directory, this.#options, { position, timeMs }, lineage);
  }

  /** Switches to a finished replacement, and to the cluster that its data belong to; deletes what was there before. */
  async adopt(replacement: Replacement, clusterId: string): Promise<void> {
    const reason = new HeadwaterError('unavailable', 'a full resync has replaced the data', {
      details: { reason: 'UPSTREAM_REPLACED' },
    });
    await this.#lifecycle.replace(reason, async () => {
      await this.#directory.switchToNew();
      await this.joinCluster(clusterId);
    });
    this.#logger.info({ offset: replacement.end.offset }, `full resync done: now at ${formatPosition(this.position)}`);
  }

  /**
   * Copies the writes after `offset` to a file in lost-writes/, durably, before
   * a resync drops them. Without effect where they are saved already.
   */
  async saveLostWrites(offset: number): Promise<void> {
    const { log } = this.#lifecycle.generation;
    const count = log.end.offset - offset;
    if (count <= 0) return;
    const name = await saveLostWrites(this.#options.files, await this.#directory.beside('lost-writes'), log, offset);
    if (name === undefined) return;
    this.#logger.warn(
      { count, file: name },
      `${count} writes that no other node has were saved to lost-writes/${name}`,
    );
  }

  /** How many commands are in lost-writes/: it counts what is on disk, whenever it was saved; what was there last, where the disk does not tell. */
  async lostWrites(): Promise<number> {
    this.#lostWrites = await countLostWrites(this.#options.files, this.#directory.lostWrites).catch(
      () => this.#lostWrites,
    );
    return this.#lostWrites;
  }

  // ---- roles ----------------------------------------------------------------------

  /** Becomes, durably, a follower of `upstream`; writes in hand are finished first. */
  async follow(upstream: string): Promise<void> {
    await this.#lifecycle.follow(upstream, this.#readOnly(upstream));
  }

  /**
   * Leads, durably, from here on: under a new history, or under the one that it
   * has begun where it leads already. Nothing may be received any more.
   * @throws HeadwaterError where the data are not whole; it stays what it was then.
   */
  async promote(): Promise<LineageRow> {
    if (this.role === 'follower') await this.#lifecycle.lead();
    const { current } = this.lineage;
    invariant(current, 'a leader has a history');
    return current;
  }

  /** Nobody waits from now on for a store that cannot be opened. `close` has to follow. */
  announceClose(): void {
    this.#lifecycle.announceClose(shuttingDown());
  }

  /** Ends it: what is in hand is finished, everything is checkpointed and durable, the directory is unlocked. */
  close(): Promise<void> {
    return this.#lifecycle.close(shuttingDown());
  }

  #readOnly(upstream = this.upstream): HeadwaterError {
    return new HeadwaterError(
      'read_only_follower',
      `this node is a follower and takes no writes; its upstream is ${upstream}`,
      {
        details: { leader: upstream },
      },
    );
  }
}

function shuttingDown(): HeadwaterError {
  return new HeadwaterError('shutting_down', 'the node is shutting down');
}

/** Answers what only reads; each write is refused with `refusal`. */
async function around(
  operations: readonly Operation[],
  refusal: HeadwaterError,
  answer: (reads: readonly Operation[]) => Promise<Reply[]>,
): Promise<Reply[]> {
  const refused: Reply = { kind: 'error', error: refusal };
  const answered = await answer(operations.filter((operation) => !isWrite(operation)));
  let at = 0;
  return operations.map((operation) => (isWrite(operation) ? refused : (answered[at++] as Reply)));
}
