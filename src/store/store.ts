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
import type { Generation } from './generation.js';
import { Lifecycle } from './lifecycle.js';
import { countLostWrites, lostWritesFiles, saveLostWrites } from './lost-writes.js';
import { readAll } from './reader.js';
import { verifyReceived } from './receive.js';
import { Replacement } from './replacement.js';

export interface StoreOptions {
  readonly directory: string;
  readonly openDatabase: OpenDatabase;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fsync: FsyncPolicy;
  readonly limits: Limits;
  readonly budget: CheckpointBudget;
  /** Bytes of blocks that the log is trimmed to; undefined keeps all. */
  readonly logRetentionBytes?: number | undefined;
  /** Our own bug has shown itself: the process must not go on. */
  readonly onFatal: (error: Error) => void;
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
    const directory = await Directory.open(options.directory, options.openDatabase);
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

  /** Bytes that the log is trimmed to; undefined where it grows for ever. */
  get logRetentionBytes(): number | undefined {
    return this.#options.logRetentionBytes;
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

  /** Resolves when no change of what is open is under way. */
  settled(): Promise<void> {
    return this.#lifecycle.settled();
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
    if (writer && (writes || options.ordered)) {
      const replies = await writer.submit(operations, options.bytes);
      return { replies, position: generation.log.end };
    }
    const replies = writes
      ? await this.#readAround(operations, generation)
      : await readAll(operations, generation.keyspace, this.nowMs(), this.limits, options.replyBytesMax);
    return { replies, position: generation.log.end };
  }

  /** On a follower: reads are answered, writes refused one by one. */
  async #readAround(operations: readonly Operation[], generation: Generation): Promise<Reply[]> {
    const refusal: Reply = { kind: 'error', error: this.#readOnly() };
    const reads = operations.filter((operation) => !isWrite(operation));
    const answered = await readAll(reads, generation.keyspace, this.nowMs(), this.limits);
    let at = 0;
    return operations.map((operation) => (isWrite(operation) ? refusal : (answered[at++] as Reply)));
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

  /** Says something behind the last block, to everybody who reads the log in order. */
  interlude(interlude: Interlude): void {
    this.log.interlude(interlude);
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
    if (!writer) throw this.#readOnly();
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

  /** The keyspace at the end of the log exactly as it is in this turn; release it. */
  snapshotHere(): Promise<KeyspaceSnapshot> {
    const { notServing } = this;
    return notServing ? Promise.reject(notServing) : this.#lifecycle.serving.checkpointer.snapshotHere();
  }

  /** Everything received so far survives a power cut; the offset up to which that holds. */
  async durable(): Promise<number> {
    return this.#lifecycle.serving.log.durable();
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
    return Replacement.create(directory, this.#options.openDatabase, { position, timeMs }, lineage);
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
    const name = await saveLostWrites(await this.#directory.beside('lost-writes'), log, offset);
    if (name === undefined) return;
    this.#logger.warn(
      { count, file: name },
      `${count} writes that no other node has were saved to lost-writes/${name}`,
    );
  }

  /** How many commands are in lost-writes/: it counts what is on disk, whenever it was saved. */
  async lostWrites(): Promise<number> {
    return countLostWrites(await this.lostWritesFiles());
  }

  /** The names of the files in lost-writes/, sorted. */
  lostWritesFiles(): Promise<string[]> {
    return lostWritesFiles(this.#directory.lostWrites);
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

  /** Ends it: what is in hand is finished, everything is checkpointed and durable, the directory is unlocked. */
  close(): Promise<void> {
    return this.#lifecycle.close(new HeadwaterError('shutting_down', 'the node is shutting down'));
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
