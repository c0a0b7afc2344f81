/**
 * The store: a data directory, the generation in use and the role, behind one
 * face. Services submit operations and take snapshots; the link hands in what
 * upstream sent; feeds read `log`. It decides which of its parts is open:
 *
 *   leader     writer and active expiry run; a history of its own is begun
 *   follower   `receive` and `replace` take what upstream sends; writes are refused
 *
 * After a failed write the generation is thrown away and opened anew, with full
 * recovery, and a leader begins another history: nothing that was in memory is
 * trusted.
 */
import { randomBytes } from 'node:crypto';
import { type Clock, LogicalClock, sleep } from '../clock.js';
import { isWrite } from '../commands/execute.js';
import type { Limits } from '../commands/view.js';
import { HeadwaterError } from '../errors.js';
import { InvariantViolation, invariant } from '../invariant.js';
import type { KeyspaceSnapshot } from '../keyspace/snapshot.js';
import type { OpenDatabase } from '../level.js';
import { CURSOR_READ_BYTES, RECONNECT_MS_MAX } from '../limits.js';
import type { Lineage, LineageRow } from '../lineage.js';
import type { Block } from '../log/block.js';
import { writeBlockFile } from '../log/block-file.js';
import type { Log } from '../log/log.js';
import type { Logger } from '../logger.js';
import type { Operation, Reply } from '../operation.js';
import { formatPosition, ORIGIN, type Position } from '../position.js';
import type { CheckpointBudget } from './checkpoint.js';
import type { FsyncPolicy } from './commit.js';
import { Directory, type Role } from './directory.js';
import { expireAsLeader, sweepAsFollower } from './expiry.js';
import { Generation } from './generation.js';
import { readAll } from './reader.js';
import { verifyReceived } from './receive.js';
import { Replacement } from './replacement.js';
import { Writer } from './writer.js';

export interface StoreOptions {
  readonly directory: string;
  readonly openDatabase: OpenDatabase;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fsync: FsyncPolicy;
  readonly limits: Limits;
  readonly budget: CheckpointBudget;
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
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #logicalClock: LogicalClock;
  readonly #directory: Directory;
  #generation: Generation | undefined;
  #writer: Writer | undefined;
  #background = new AbortController();
  #backgroundDone: Promise<void> = Promise.resolve();
  /** Why nothing can be done for now; undefined while the generation is open. */
  #unavailable: HeadwaterError | undefined = new HeadwaterError('unavailable', 'the store is opening');
  /** Changes of what is open, one after another. */
  #changing: Promise<void> = Promise.resolve();
  #closing = false;
  #onServing: (serving: boolean) => void = () => {};
  /** Where the generation ended that was closed last. */
  #last = { position: ORIGIN, timeMs: 0 };

  private constructor(options: StoreOptions, directory: Directory) {
    this.#options = options;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#logicalClock = new LogicalClock(options.clock);
    this.#directory = directory;
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
      await store.#open();
      return store;
    } catch (error) {
      store.#background.abort();
      await store.#generation?.close(new HeadwaterError('unavailable', 'the store did not open')).catch(() => {});
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
    return this.#open_().log;
  }

  /** The end of the log, as far as it is applied; where it was last, while nothing is open. */
  get position(): Position {
    return this.#generation?.log.end ?? this.#last.position;
  }

  /** The time of the last block, likewise. */
  get endTimeMs(): number {
    return this.#generation?.log.endTimeMs ?? this.#last.timeMs;
  }

  get lineage(): Lineage {
    return this.#open_().log.lineage;
  }

  get checkpoint(): { offset: number; keys: number | null } {
    const { position, keys } = this.#open_().keyspace.checkpoint;
    return { offset: position.offset, keys };
  }

  /** Set where a lost log tail left a keyspace that only a full resync can help. */
  get incomplete(): HeadwaterError | undefined {
    return this.#open_().incomplete;
  }

  /** Whether reads can be served now. */
  get isServing(): boolean {
    return !this.#unavailable && !this.#generation?.incomplete;
  }

  /** Resolves when no change of what is open is under way. */
  settled(): Promise<void> {
    return this.#changing;
  }

  /** Tells `listener` now, and whenever it changes, whether reads can be served. */
  onServing(listener: (serving: boolean) => void): void {
    this.#onServing = listener;
    listener(this.isServing);
  }

  nowMs(): number {
    return this.#logicalClock.now();
  }

  // ---- clients ----------------------------------------------------------------

  get queuedBytes(): number {
    return this.#writer?.queuedBytes ?? 0;
  }

  /** Resolves when `queuedBytes` is at most `bytes`, or `signal` aborts. */
  async whenQueueBelow(bytes: number, signal: AbortSignal): Promise<void> {
    await this.#writer?.whenQueueBelow(bytes, signal);
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
    const generation = this.#serving();
    const writes = operations.some(isWrite);
    const writer = this.#writer;
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
    return this.#serving().checkpointer.snapshotAt(options);
  }

  /** The number of keys, exactly. */
  async size(): Promise<number> {
    return this.#serving().checkpointer.size();
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
    const { log, committer } = this.#serving();
    verifyReceived(log, blocks, rows);
    try {
      await committer.commit(blocks, rows);
    } catch (error) {
      this.#failed(error as Error);
      throw error;
    }
  }

  /** Everything received so far survives a power cut; the offset up to which that holds. */
  async durable(): Promise<number> {
    return this.#serving().log.durable();
  }

  /** The leader's time, from its heartbeats. */
  setTime(timeMs: number): void {
    this.#logicalClock.set(timeMs);
  }

  /** A node that holds nothing takes on the cluster of its upstream. */
  async joinCluster(clusterId: string): Promise<void> {
    if (clusterId !== '' && this.clusterId !== clusterId) await this.#directory.update({ cluster_id: clusterId });
  }

  /** Begins a generation beside the one in use. */
  async beginReplacement(base: Position, lineage: Lineage): Promise<Replacement> {
    return Replacement.create(await this.#directory.newGeneration(), this.#options.openDatabase, base, lineage);
  }

  /** Switches to a finished replacement, and to the cluster that its data belong to; deletes what was there before. */
  async adopt(replacement: Replacement, clusterId: string): Promise<void> {
    await this.#change(async () => {
      const reason = new HeadwaterError('unavailable', 'a full resync has replaced the data', {
        details: { reason: 'UPSTREAM_REPLACED' },
      });
      try {
        await this.#close(reason);
        await this.#directory.switchToNew();
        await this.joinCluster(clusterId);
        await this.#open();
      } catch (error) {
        // Whichever generation is the current one by now.
        await this.#reopen(reason);
        throw error;
      }
      await this.#directory.removeOtherGenerations();
      this.#logger.info(
        { offset: replacement.end.offset },
        `full resync done: now at ${formatPosition(this.position)}`,
      );
    });
  }

  /**
   * Copies the writes after `offset` to a file in lost-writes/, durably, before
   * a resync drops them.
   * @returns how many were saved; 0 where they are saved already.
   */
  async saveLostWrites(offset: number): Promise<number> {
    const { log } = this.#open_();
    const count = log.end.offset - offset;
    if (count <= 0) return 0;
    const name = `${log.end.replicationId}-${offset + 1}-${log.end.offset}.blocks`;
    const directory = await this.#directory.beside('lost-writes');
    try {
      await writeBlockFile(directory, name, blocksAfter(log, offset));
    } catch (error) {
      // The same writes were saved by a resync that was cut short.
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return 0;
      throw error;
    }
    this.#logger.warn(
      { count, file: name },
      `${count} writes that no other node has were saved to lost-writes/${name}`,
    );
    return count;
  }

  // ---- roles ----------------------------------------------------------------------

  /** Becomes, durably, a follower of `upstream`; writes in hand are finished first. */
  async follow(upstream: string): Promise<void> {
    await this.#change(async () => {
      await this.#writer?.between(async () => {});
      await this.#stopRole(this.#readOnly(upstream));
      try {
        await this.#directory.update({ role: 'follower', upstream });
        if (this.isServing) await this.log.forgetUnusedHistory();
      } finally {
        this.#startRole();
      }
    });
  }

  /** Ends it: what is in hand is finished, everything is checkpointed and durable. */
  async close(): Promise<void> {
    if (this.#closing) return this.#changing;
    this.#closing = true;
    const reason = new HeadwaterError('shutting_down', 'the node is shutting down');
    await this.#change(async () => {
      if (this.isServing) {
        await this.#writer?.between(async () => {}).catch(() => {});
        await this.#generation?.checkpointer.checkpoint().catch(() => {});
      }
      try {
        await this.#close(reason);
      } finally {
        await this.#directory.close();
      }
    });
  }

  // ---- opening and closing ----------------------------------------------------------

  async #open(): Promise<void> {
    const generation = await Generation.open(this.#directory.currentGeneration, {
      ...this.#options,
      logicalClock: this.#logicalClock,
      quarantine: (blocks, fromOffset) => this.#quarantine(blocks, fromOffset),
      onFailure: (error) => this.#failed(error),
    });
    this.#generation = generation;
    if (generation.incomplete) {
      if (this.role === 'leader') throw generation.incomplete;
      this.#logger.error({}, `${generation.incomplete.message}; nothing is served until a full resync`);
    } else if (this.role === 'leader') {
      await this.#lead(generation);
    } else {
      await generation.log.forgetUnusedHistory();
    }
    if (generation.checkpointer.failure) throw generation.checkpointer.failure;
    this.#unavailable = undefined;
    this.#startRole();
    this.#onServing(this.isServing);
  }

  async #lead({ log }: Generation): Promise<void> {
    if (this.clusterId === '') await this.#directory.update({ cluster_id: randomBytes(16).toString('hex') });
    const row = await log.beginHistory(randomBytes(20).toString('hex'));
    this.#logger.info(
      { replication_id: row.replicationId, epoch: row.epoch },
      `leading from offset ${row.firstOffset} under the new history ${row.replicationId}`,
    );
  }

  #startRole(): void {
    const generation = this.#generation;
    if (!generation || generation.incomplete) return;
    const onFailure = (error: Error) => this.#failed(error);
    const expiry = { keyspace: generation.keyspace, clock: this.#clock, logicalClock: this.#logicalClock, onFailure };
    this.#background = new AbortController();
    if (this.role === 'follower') {
      this.#backgroundDone = sweepAsFollower(expiry, this.#background.signal);
      return;
    }
    const row = generation.log.lineage.current;
    invariant(row, 'a leader has a history');
    const { log, keyspace, committer } = generation;
    this.#writer = new Writer({
      log,
      keyspace,
      committer,
      clock: this.#logicalClock,
      limits: this.limits,
      replicationId: row.replicationId,
      onFailure,
    });
    this.#backgroundDone = expireAsLeader(this.#writer, expiry, this.#background.signal);
  }

  async #stopRole(reason: HeadwaterError): Promise<void> {
    this.#background.abort(reason);
    await this.#writer?.close(reason);
    this.#writer = undefined;
    await this.#backgroundDone;
  }

  async #close(reason: HeadwaterError): Promise<void> {
    this.#unavailable = reason;
    this.#onServing(false);
    await this.#stopRole(reason);
    if (this.#generation) this.#last = { position: this.position, timeMs: this.endTimeMs };
    try {
      await this.#generation?.close(reason);
    } finally {
      this.#generation = undefined;
    }
  }

  /** A write failed: everything open is thrown away, and opened anew until that works. */
  #failed(error: Error): void {
    if (this.#closing || this.#unavailable) return;
    if (error instanceof InvariantViolation || !(error instanceof HeadwaterError)) {
      this.#options.onFatal(error);
      return;
    }
    const reason = new HeadwaterError('unavailable', `the store is reopening after a failure: ${error.message}`, {
      cause: error,
    });
    this.#unavailable = reason;
    this.#logger.error(
      { error: error.message },
      `${error.message}; no more writes on this handle, the store is opened anew`,
    );
    void this.#change(() => this.#reopen(reason)).catch(this.#options.onFatal);
  }

  async #reopen(reason: HeadwaterError): Promise<void> {
    await this.#close(reason).catch((error: Error) =>
      this.#logger.warn({ error: error.message }, `closing after a failure: ${error.message}`),
    );
    for (let attempt = 1; !this.#closing; attempt++) {
      try {
        await this.#open();
        this.#logger.warn({ attempt }, `the store is open again, at ${formatPosition(this.position)}`);
        return;
      } catch (error) {
        this.#logger.error({ attempt }, `the store cannot be opened: ${(error as Error).message}; trying again`);
        await this.#generation?.close(reason).catch(() => {});
        this.#generation = undefined;
        await sleep(this.#clock, Math.min(100 * 2 ** attempt, RECONNECT_MS_MAX));
      }
    }
  }

  #change(work: () => Promise<void>): Promise<void> {
    const done = this.#changing.then(work);
    this.#changing = done.catch(() => {});
    return done;
  }

  async #quarantine(blocks: Buffer[], fromOffset: number): Promise<void> {
    if (blocks.length === 0) return;
    const directory = await this.#directory.beside('damaged');
    await writeBlockFile(directory, `log-from-${fromOffset}-${this.#clock.wallMs()}.blocks`, blocks);
  }

  #open_(): Generation {
    if (!this.#generation) throw this.#unavailable ?? new HeadwaterError('unavailable', 'the store is not open');
    return this.#generation;
  }

  #serving(): Generation {
    if (this.#unavailable) throw this.#unavailable;
    const generation = this.#open_();
    if (generation.incomplete)
      throw new HeadwaterError('unavailable', generation.incomplete.message, { cause: generation.incomplete });
    return generation;
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

async function* blocksAfter(log: Log, offset: number): AsyncGenerator<Buffer> {
  for (let at = offset; ; ) {
    const blocks = await log.read(at, CURSOR_READ_BYTES);
    if (blocks.length === 0) return;
    for (const block of blocks) yield block.bytes;
    at = (blocks.at(-1) as Block).lastOffset;
  }
}
