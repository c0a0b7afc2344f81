/**
 * The log: all blocks still on disk, `firstOffset` to `end.offset`, and the rows that say which histories they belong
 * to. The log is both the single source of truth and the replication backlog.
 *
 * Invariants: blocks are contiguous and chain from `base`. An offset is never used twice under one replication ID. Rows
 * of the lineage are on disk no later than the first block under them. Appends come from store/commit.ts alone, one at
 * a time.
 */
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import { TAIL_BYTES_MAX } from '../base/limits.js';
import type { Database } from '../disk/level.js';
import type { Lineage, LineageRow } from '../model/lineage.js';
import type { LivePlace } from '../model/live-place.js';
import type { Position } from '../model/position.js';
import { lastBlockBefore } from './age.js';
import type { Block } from './block.js';
import { mend } from './block-patch.js';
import { Extent } from './extent.js';
import type { LogFinding } from './finding.js';
import { type Handed, type Interlude, Interludes } from './interludes.js';
import { type Recovery, recover, recoverAlone } from './recovery.js';
import { type Base, BLOCKS_FROM, BLOCKS_TO, blockKey, encodeLineageRow, lineageKey, offsetOfKey } from './rows.js';
import { scrub } from './scrub.js';
import {
  blockAt,
  provenBlockAfter,
  provenBlockAt,
  provenBlockUpTo,
  provenChecksumAt,
  settle,
} from './stored-blocks.js';
import { Tail } from './tail.js';
import { type LogVerification, type LogVerified, verifyLog } from './verify.js';
import { Weight } from './weight.js';

export type ChecksumLookup = number | 'trimmed' | 'not_a_boundary' | 'beyond';

/** A pin keeps a stretch of the log from being trimmed. */
export interface Pin {
  /** The pin keeps everything after this offset. */
  offset: number;
  /** The user of the pin, in words for people. */
  readonly holder: string;
  /**
   * Called when the log releases the pin because the pin keeps too much. If this is set, the owner of the pin gives the
   * warnings before that.
   * @returns whether anybody loses data by it, so that the release has to be reported.
   */
  readonly letGo?: (() => boolean) | undefined;
}

export class Log {
  /** Messages and marks between the blocks of this log. */
  readonly interludes = new Interludes();
  readonly #db: Database;
  readonly #extent: Extent;
  readonly #tail = new Tail(TAIL_BYTES_MAX);
  readonly #weight = new Weight();
  readonly #pins = new Set<Pin>();
  readonly #waiting = new Set<() => void>();
  #durableOffset: number;
  /** The time of the first block, as long as the log begins at `base`. */
  #oldest: { readonly base: Position; readonly timeMs: number } | undefined;
  #closed: HeadwaterError | undefined;

  private constructor(db: Database, extent: Extent) {
    this.#db = db;
    this.#extent = extent;
    this.#durableOffset = extent.base.offset;
  }

  /**
   * Opens the log without looking at its blocks; `recover` must follow before anything else.
   * @throws HeadwaterError `corrupt` if the base row or a lineage row is damaged, or `unknown_format`.
   */
  static async open(db: Database): Promise<Log> {
    return new Log(db, await Extent.read(db));
  }

  /** Makes an empty log that begins right after a snapshot's position. */
  static async createAt(db: Database, base: Base, lineage: Lineage): Promise<Log> {
    return new Log(db, await Extent.createAt(db, base, lineage));
  }

  /** The position right before the first block. */
  get base(): Position {
    return this.#extent.base;
  }

  get firstOffset(): number {
    return this.base.offset + 1;
  }

  /** The position of the last block that readers may see. */
  get end(): Position {
    return this.#extent.end;
  }

  /**
   * The time of the block that ends at `end`, milliseconds since the epoch, even if that block has left the log. The
   * time is 0 if nothing was ever logged.
   */
  get endTimeMs(): number {
    return this.#extent.endTimeMs;
  }

  /** The offset up to which the log would survive a power cut. */
  get durableOffset(): number {
    return this.#durableOffset;
  }

  get lineage(): Lineage {
    return this.#extent.lineage;
  }

  /** The history that the next command begins; undefined if the next command continues the history of the last one. */
  get nextHistory(): LineageRow | undefined {
    const { current } = this.lineage;
    return current && current.firstOffset > this.end.offset ? current : undefined;
  }

  /**
   * Verifies the chain from the checkpoint to the end and replays it. A break above the checkpoint ends the log there.
   * The blocks behind the break are handed to `quarantine` and leave the log.
   * @throws HeadwaterError `keyspace_incomplete` if the log does not reach back, or up, to the checkpoint.
   */
  async recover(recovery: Recovery): Promise<void> {
    const publish = (block: Block) => this.publish([block]);
    await recover({ db: this.#db, extent: this.#extent, publish }, recovery);
  }

  /**
   * Takes the place of `recover` if the keyspace cannot be read. The log ends where its chain does. The blocks behind
   * that end are handed to `quarantine`, and stay.
   */
  async recoverAlone(quarantine: Recovery['quarantine']): Promise<void> {
    await recoverAlone({ db: this.#db, extent: this.#extent, publish: () => {} }, quarantine);
  }

  /**
   * Writes blocks that continue the log, and the lineage rows that they begin, in one batch. Readers see the blocks
   * once `publish` is called.
   */
  async append(blocks: readonly Block[], options: { sync: boolean; rows?: readonly LineageRow[] }): Promise<void> {
    this.#assertOpen();
    const [first] = blocks;
    invariant(first && first.firstOffset === this.end.offset + 1, `an append continues offset ${this.end.offset}`);
    const { sync, rows = [] } = options;
    if (blocks.length === 1 && rows.length === 0) {
      await this.#db.put(blockKey(first.lastOffset), first.bytes, { sync });
      return;
    }
    const batch = this.#db.batch();
    for (const row of rows) batch.put(lineageKey(row.firstOffset), encodeLineageRow(row));
    for (const block of blocks) batch.put(blockKey(block.lastOffset), block.bytes);
    await batch.write({ sync });
    for (const row of rows) this.#extent.lineage = this.lineage.with(row);
  }

  /** Makes appended blocks visible. The caller wakes the cursors with `wake`, once the keyspace has the blocks too. */
  publish(blocks: readonly Block[]): void {
    for (const block of blocks) {
      this.#tail.push(block);
      this.#weight.append(block.firstOffset - 1, block.lastOffset, block.bytes.length);
    }
    const last = blocks[blocks.length - 1] as Block;
    this.#extent.endAt(last.position, last.timeMs);
  }

  wake(): void {
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }

  /** Adds a message or a mark behind the last block, and wakes the readers that wait for more of the log. */
  interlude(interlude: Exclude<Interlude, { kind: 'missed' }>): void {
    this.interludes.push(this.end.offset, interlude);
    this.wake();
  }

  /** Adds messages that the upstream has between two blocks behind the last block. */
  handed(handed: Handed): void {
    this.interludes.take(this.end.offset, handed);
    this.wake();
  }

  /**
   * Begins a history with the next command. The row, and everything before it, is durable when the promise resolves.
   * @param above an epoch. The new epoch is higher than this one, and higher than that of the history before.
   * @param follows the end of the messages of a leader that has handed over.
   */
  async beginHistory(replicationId: string, above = 0, follows?: LivePlace): Promise<LineageRow> {
    this.#assertOpen();
    const row: LineageRow = {
      replicationId,
      firstOffset: this.end.offset + 1,
      checksum: this.end.checksum,
      epoch: Math.max(this.lineage.epoch, above) + 1,
    };
    await this.durable();
    await this.#db.put(lineageKey(row.firstOffset), encodeLineageRow(row), { sync: true });
    this.#extent.lineage = this.lineage.with(row);
    this.interludes.lead(this.end.offset, replicationId, follows);
    return row;
  }

  /** Drops a history under which nothing was logged. A follower continues the history of its upstream. */
  async forgetUnusedHistory(): Promise<void> {
    this.#assertOpen();
    const row = this.nextHistory;
    if (!row) return;
    const batch = this.#db.batch();
    batch.del(lineageKey(row.firstOffset));
    await batch.write({ sync: true });
    this.#extent.lineage = this.lineage.upTo(this.end.offset);
  }

  /**
   * Resolves when everything appended before the call would survive a power cut.
   * @returns the durable offset.
   */
  async durable(): Promise<number> {
    const offset = this.end.offset;
    if (offset > this.#durableOffset) {
      await this.#db.durable();
      this.#durableOffset = Math.max(this.#durableOffset, offset);
    }
    return this.#durableOffset;
  }

  /** Notes that a synced append made everything up to `offset` durable. */
  markDurable(offset: number): void {
    this.#durableOffset = Math.max(this.#durableOffset, offset);
  }

  /**
   * Resolves when the log ends beyond `offset`, or when a message or a mark comes between blocks. Resolves at once if
   * the log already ends beyond `offset`.
   */
  whenBeyond(offset: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed);
      if (signal.aborted) return reject(signal.reason);
      if (this.end.offset > offset) return resolve();
      const wake = () => {
        signal.removeEventListener('abort', abort);
        if (this.#closed) reject(this.#closed);
        else resolve();
      };
      const abort = () => {
        this.#waiting.delete(wake);
        reject(signal.reason);
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  /**
   * Returns blocks right after `offset`, about `bytesMax` bytes of them, from memory if they are there; none at the end
   * of the log. The blocks are not verified: cursor.ts does that.
   * @throws HeadwaterError `trimmed` or `not_a_boundary`.
   */
  async read(offset: number, bytesMax: number): Promise<Block[]> {
    this.#assertOpen();
    if (offset < this.base.offset) throw this.#trimmed(offset);
    if (offset >= this.end.offset) return [];
    const recent = this.#tail.after(offset, bytesMax);
    const blocks = recent ?? (await this.#readFromDisk(offset, bytesMax));
    const first = blocks[0];
    if (first?.firstOffset === offset + 1) return blocks;
    if (offset < this.base.offset) throw this.#trimmed(offset);
    if (first && first.firstOffset <= offset) throw await this.#notABoundary(offset, first);
    throw new HeadwaterError(
      'corrupt',
      `the log holds no block from offset ${offset + 1}, though it reaches from ${this.firstOffset} to ${this.end.offset}`,
    );
  }

  /** Checks every block that stands in the log now, damaged ones too, and changes nothing. */
  verify(options: Omit<LogVerification, 'base' | 'lineage'>): Promise<LogVerified> {
    return verifyLog(this.#db, { ...options, base: this.base, lineage: this.lineage });
  }

  /**
   * Replaces a stretch that is damaged, or that the log has had to give up, with blocks from elsewhere. If the log had
   * given the stretch up, it begins before these blocks from then on.
   * @param after the position before the blocks: the end of a block of this log, or a place before its base, whose time
   * is `timeMs`.
   * @param through the end of the blocks: the end of a block of this log, or its base.
   * @param blocks in pieces; they have to chain from `after` to `through`.
   * @throws HeadwaterError `chain_broken`, `corrupt` or `unknown_format` if the blocks do not chain; nothing that was
   * whole is changed then. `unavailable` if the log was trimmed meanwhile.
   */
  async mend(
    { after, timeMs, through }: { after: Position; timeMs: number; through: Position },
    blocks: AsyncIterable<readonly Block[]>,
  ): Promise<void> {
    this.#assertOpen();
    const pin = this.pin(Math.max(after.offset, this.base.offset), 'a repair');
    try {
      const restored = await mend(this.#db, this.#extent, { after: { position: after, timeMs }, through, blocks });
      this.#weight.restored(restored);
      await this.compact(after.offset, through.offset);
    } finally {
      this.unpin(pin);
    }
  }

  /** Has LevelDB rewrite all data in (from, to], without the rows that were deleted or replaced there. */
  async compact(from: number, to: number): Promise<void> {
    await this.#db.compact(from <= 1 ? BLOCKS_FROM : blockKey(from), blockKey(to));
  }

  /**
   * The approximate size of the blocks in (from, to], bytes. Blocks that an open did not read count once `scrub` has
   * read them.
   */
  bytesBetween(from: number, to: number): number {
    return this.#weight.between(Math.max(from, this.base.offset), to);
  }

  /** Bytes of all blocks appended since the log was opened, replay included. */
  get appendedBytes(): number {
    return this.#weight.appendedBytes;
  }

  /** The offset up to which blocks can go so that about `bytes` of log stay; not always a block's end. */
  offsetBefore(bytes: number): number {
    const excess = this.bytesBetween(this.base.offset, this.end.offset) - bytes;
    return excess > 0 ? this.offsetBehind(excess) : this.base.offset;
  }

  /** The offset about `bytes` of log behind the start, or the end of the log; not always a block's end. */
  offsetBehind(bytes: number): number {
    return Math.min(this.end.offset, this.#weight.offsetBehind(this.base.offset, bytes));
  }

  /**
   * The running checksum at a block's end.
   * @throws HeadwaterError `corrupt` if nothing vouches for it.
   */
  async checksumAt(offset: number): Promise<ChecksumLookup> {
    if (offset === this.end.offset) return this.end.checksum;
    if (offset > this.end.offset) return 'beyond';
    if (offset === this.base.offset) return this.base.checksum;
    if (offset < this.base.offset) return 'trimmed';
    const recent = this.#tail.holding(offset);
    if (recent) return recent.lastOffset === offset ? recent.checksum : 'not_a_boundary';
    const { base } = this;
    const checksum = await this.#unlessRaised(base, () => provenChecksumAt(this.#db, base, offset));
    if (offset < this.base.offset) return 'trimmed';
    // The base was raised meanwhile, but not beyond `offset`: the block is still there.
    if (checksum === undefined && base !== this.base) return await this.checksumAt(offset);
    return checksum ?? 'not_a_boundary';
  }

  /**
   * Returns the time of the block that ends at `offset`, milliseconds since the epoch.
   * @throws HeadwaterError `not_a_boundary`, `trimmed`, or `corrupt`.
   */
  async timeAt(offset: number): Promise<number> {
    if (offset === this.end.offset) return this.endTimeMs;
    if (offset === this.base.offset) return this.#extent.baseTimeMs;
    if (offset < this.base.offset) throw this.#trimmed(offset);
    const { base } = this;
    const block =
      this.#tail.holding(offset) ?? (await this.#unlessRaised(base, () => provenBlockAt(this.#db, base, offset)));
    if (block?.lastOffset === offset) return block.timeMs;
    if (base !== this.base) return await this.timeAt(offset);
    throw new HeadwaterError('not_a_boundary', `no block of the log ends at offset ${offset}`);
  }

  /** The running checksum at a block's end, if it is in memory; undefined if it is not, or if no block ends there. */
  knownChecksumAt(offset: number): number | undefined {
    if (offset === this.end.offset) return this.end.checksum;
    if (offset === this.base.offset) return this.base.checksum;
    const recent = this.#tail.holding(offset);
    if (recent) return recent.lastOffset === offset ? recent.checksum : undefined;
    return this.lineage.rows.find((row) => row.firstOffset === offset + 1)?.checksum;
  }

  /** The time of the command right after `offset`, milliseconds since the epoch; undefined if it is not in memory. */
  knownTimeAfter(offset: number): number | undefined {
    return this.#tail.holding(offset + 1)?.timeMs;
  }

  /**
   * The last end of a block at or before `offset`.
   * @throws HeadwaterError `trimmed`.
   */
  async boundaryUpTo(offset: number): Promise<Position> {
    this.#assertOpen();
    if (offset >= this.end.offset) return this.end;
    const { base } = this;
    const holding = this.#tail.holding(offset);
    const recent = holding?.lastOffset === offset ? holding : holding && this.#tail.holding(holding.firstOffset - 1);
    if (recent) return recent.position;
    const found = offset < base.offset ? undefined : await provenBlockUpTo(this.#db, base, offset);
    // The block may have been trimmed meanwhile.
    if (offset < this.base.offset) throw this.#trimmed(offset);
    return found?.position ?? base;
  }

  /**
   * Keeps everything after `offset` from being trimmed until the pin is released.
   * @param holder the user of the pin, in words for people.
   * @param letGo see Pin.
   */
  pin(offset: number, holder: string, letGo?: () => boolean): Pin {
    const pin = { offset, holder, letGo };
    this.#pins.add(pin);
    return pin;
  }

  unpin(pin: Pin): void {
    this.#pins.delete(pin);
  }

  /** The lowest pinned offset: nothing after it may be trimmed; infinite without pins. */
  get pinnedOffset(): number {
    return Math.min(...[...this.#pins].map((pin) => pin.offset));
  }

  /** The pins that keep something before `offset` from being trimmed. */
  pinsBefore(offset: number): Pin[] {
    return [...this.#pins].filter((pin) => pin.offset < offset);
  }

  /**
   * Gives up the blocks up to `through`, rounded down to a block's end and to the pins. The caller is responsible for
   * the checkpoint, which must not be before `through`. The file system has the space back after `reclaim`.
   * @returns the offset that the log now begins after.
   * @throws HeadwaterError `corrupt` if the block that would be the base is damaged or does not chain from the one
   * before. The log is unchanged then.
   */
  async trim(through: number): Promise<number> {
    this.#assertOpen();
    const wanted = Math.min(through, this.pinnedOffset, this.end.offset);
    if (wanted <= this.base.offset) return this.base.offset;
    const block = await this.#newBase(wanted);
    // The pins and the base may have changed while the disk was read.
    if (!block || block.lastOffset > this.pinnedOffset || block.lastOffset <= this.base.offset) return this.base.offset;
    await this.#extent.raise({ position: block.position, timeMs: block.timeMs });
    this.#weight.forget(block.lastOffset);
    return block.lastOffset;
  }

  /**
   * Has LevelDB write its memory to a file of its own before much is trimmed. Otherwise `reclaim` would rewrite the
   * data that share a file with deletions.
   */
  async settle(): Promise<void> {
    this.#assertOpen();
    await settle(this.#db);
  }

  /**
   * Gives the space of trimmed blocks back to the file system. LevelDB rewrites all data that share a file with them,
   * at every level. So a call pays off only for much at a time. A call for all of it at once would last too long, since
   * LevelDB cannot be closed meanwhile.
   */
  async reclaim(): Promise<void> {
    this.#assertOpen();
    if (this.base.offset > 0) await this.#db.compact(BLOCKS_FROM, blockKey(this.base.offset));
  }

  /**
   * The time of the first block, milliseconds since the epoch; undefined if there is no block.
   * @throws HeadwaterError `corrupt`.
   */
  async oldestTimeMs(): Promise<number | undefined> {
    this.#assertOpen();
    const { base } = this;
    if (base.offset === this.end.offset) return undefined;
    if (this.#oldest?.base !== base) {
      const timeMs = await this.#unlessRaised(base, async () => (await provenBlockAfter(this.#db, base))?.timeMs);
      if (timeMs === undefined) return undefined;
      this.#oldest = { base, timeMs };
    }
    return this.#oldest.timeMs;
  }

  /**
   * The end of the last block at or before `through` that was written before `timeMs`, milliseconds since the epoch. If
   * there is no such block, the result is the base's offset.
   * @throws HeadwaterError `corrupt` if damage hides the answer.
   */
  async offsetWrittenBefore(timeMs: number, through: number): Promise<number> {
    this.#assertOpen();
    const { base } = this;
    const upTo = Math.min(through, this.end.offset);
    const block = await this.#unlessRaised(base, () => lastBlockBefore(this.#db, base, upTo, timeMs));
    return Math.max(block?.lastOffset ?? 0, this.base.offset);
  }

  /**
   * Verifies the blocks below `checkpoint`, a verified position, and pauses after every step. A break raises the start
   * of the log to the first block from which it chains again.
   */
  async scrub(
    checkpoint: Position,
    found: (finding: LogFinding) => void,
    pause: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const stopped = () => signal.aborted || this.#closed !== undefined;
    const seen = (from: number, to: number, bytes: number) => this.#weight.found(from, to, bytes);
    await scrub(this.#db, this.#extent, { checkpoint, found, pause, stopped, seen });
  }

  /** Rejects the waits of readers with `reason`. The owner of the database closes it. */
  close(reason: HeadwaterError): void {
    this.#closed ??= reason;
    this.wake();
  }

  async #readFromDisk(offset: number, bytesMax: number): Promise<Block[]> {
    const blocks: Block[] = [];
    let bytes = 0;
    const entries = this.#db.iterate({ gt: blockKey(offset), lt: BLOCKS_TO, highWaterMarkBytes: bytesMax });
    try {
      while (bytes < bytesMax) {
        const chunk = await entries.next(16);
        if (chunk.length === 0) break;
        for (const [key, value] of chunk) {
          const block = blockAt(offsetOfKey(key), value);
          if (block.lastOffset > this.end.offset || bytes >= bytesMax) return blocks;
          blocks.push(block);
          bytes += value.length;
        }
      }
    } finally {
      await entries.close();
    }
    return blocks;
  }

  /** The block that a trim to `offset` makes the base: its checksum will judge everything after it. */
  async #newBase(offset: number): Promise<Block | undefined> {
    const { base } = this;
    try {
      return await this.#unlessRaised(base, () => provenBlockUpTo(this.#db, base, offset));
    } catch (cause) {
      if (!HeadwaterError.is(cause, 'corrupt')) throw cause;
      throw new HeadwaterError(
        'corrupt',
        `${this.#db.location}: the log is not trimmed to offset ${offset}: ${cause.message}`,
        { cause },
      );
    }
  }

  /**
   * Proves blocks from `base` on; undefined if the proof fails because the base was raised meanwhile, so the blocks may
   * have gone.
   */
  async #unlessRaised<T>(base: Position, prove: () => Promise<T>): Promise<T | undefined> {
    try {
      return await prove();
    } catch (cause) {
      if (base !== this.base) return undefined;
      throw cause;
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw this.#closed;
  }

  #trimmed(offset: number): HeadwaterError {
    return new HeadwaterError(
      'trimmed',
      `asked for what follows offset ${offset}, the log holds ${this.firstOffset} to ${this.end.offset}`,
    );
  }

  /** @throws HeadwaterError `corrupt` if the block around `offset` is damaged. */
  async #notABoundary(offset: number, block: Block): Promise<HeadwaterError> {
    const { base } = this;
    await this.#unlessRaised(base, () => provenBlockUpTo(this.#db, base, block.lastOffset));
    return new HeadwaterError(
      'not_a_boundary',
      `offset ${offset} lies inside the block ${block.firstOffset} to ${block.lastOffset}`,
    );
  }
}
