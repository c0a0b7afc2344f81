/**
 * The log: all blocks still on disk, `firstOffset` to `end.offset`, and the
 * rows that say which histories they belong to. It is the single source of
 * truth and the replication backlog in one.
 *
 * What stays true: blocks are contiguous and chain from `base`; an offset is
 * never used twice under one replication ID; rows of the lineage are on disk
 * no later than the first block under them. Appends come from store/commit.ts
 * alone, one at a time.
 */
import { HeadwaterError } from '../errors.js';
import { invariant } from '../invariant.js';
import type { Database } from '../level.js';
import { CURSOR_READ_BYTES, SCRUB_STEP_BYTES, TAIL_BYTES_MAX } from '../limits.js';
import { Lineage, type LineageRow } from '../lineage.js';
import { formatPosition, ORIGIN, type Position } from '../position.js';
import { Block } from './block.js';
import {
  BASE_KEY,
  BLOCKS_FROM,
  BLOCKS_TO,
  blockKey,
  decodeBase,
  decodeLineageRow,
  encodeBase,
  encodeLineageRow,
  FORMAT_KEY,
  LINEAGE_FROM,
  LINEAGE_TO,
  LOG_LAYOUT,
  lineageKey,
  offsetOfKey,
} from './rows.js';
import { Tail } from './tail.js';

/** What went wrong on open and what was done about it; the store logs them. */
export type LogFinding =
  | { kind: 'tail_cut'; from: number; to: number; why: string }
  | { kind: 'start_raised'; from: number; to: number; why: string }
  | { kind: 'lineage_cut'; row: LineageRow };

export type ChecksumLookup = number | 'trimmed' | 'not_a_boundary' | 'beyond';

export interface Recovery {
  /** Where the keyspace on disk is complete. */
  checkpoint: Position;
  /** How far the keyspace may have gone: rows up to there stay, though the log has lost what was under them. */
  keyspaceOffset?: number;
  /** Called with each verified block after the checkpoint, in order. */
  replay(block: Block): Promise<void> | void;
  /** Receives blocks that lie behind a break, before they leave the log. */
  quarantine(blocks: Buffer[]): Promise<void>;
  found(finding: LogFinding): void;
}

/** Pins keep a stretch of the log from being trimmed. */
export interface Pin {
  /** Everything after this offset is still wanted. */
  offset: number;
}

export class Log {
  readonly #db: Database;
  readonly #tail = new Tail(TAIL_BYTES_MAX);
  readonly #pins = new Set<Pin>();
  readonly #waiting = new Set<() => void>();
  #base: Position;
  #end: Position;
  #lineage: Lineage;
  #durableOffset: number;
  #endTimeMs = 0;
  #closed: HeadwaterError | undefined;

  private constructor(db: Database, base: Position, end: Position, lineage: Lineage) {
    this.#db = db;
    this.#base = base;
    this.#end = end;
    this.#lineage = lineage;
    this.#durableOffset = base.offset;
  }

  /**
   * Opens the log without looking at its blocks; `recover` must follow before
   * anything else.
   */
  static async open(db: Database): Promise<Log> {
    const format = await db.get(FORMAT_KEY);
    if (format === undefined) {
      await db.put(FORMAT_KEY, Buffer.from([LOG_LAYOUT]), { sync: true });
    } else if (format[0] !== LOG_LAYOUT) {
      throw new HeadwaterError(
        'unknown_format',
        `${db.location}: log layout ${format[0]}; this version knows layout ${LOG_LAYOUT}`,
      );
    }
    const baseBytes = await db.get(BASE_KEY);
    const base = baseBytes ? decodeBase(baseBytes) : ORIGIN;
    const lineage = new Lineage(await readLineage(db));
    return new Log(db, base, base, lineage);
  }

  /** Makes an empty log that begins right after a snapshot's position. */
  static async createAt(db: Database, base: Position, lineage: Lineage): Promise<Log> {
    const batch = db.batch();
    batch.put(FORMAT_KEY, Buffer.from([LOG_LAYOUT]));
    batch.put(BASE_KEY, encodeBase(base));
    for (const row of lineage.rows) batch.put(lineageKey(row.firstOffset), encodeLineageRow(row));
    await batch.write({ sync: true });
    return new Log(db, base, base, lineage);
  }

  /** The position right before the first block. */
  get base(): Position {
    return this.#base;
  }

  get firstOffset(): number {
    return this.#base.offset + 1;
  }

  /** The position of the last block that readers may see. */
  get end(): Position {
    return this.#end;
  }

  /** The time of the last block, milliseconds since the epoch; 0 in an empty log. */
  get endTimeMs(): number {
    return this.#endTimeMs;
  }

  /** Everything up to here would survive a power cut. */
  get durableOffset(): number {
    return this.#durableOffset;
  }

  get lineage(): Lineage {
    return this.#lineage;
  }

  /**
   * Verifies the chain from the checkpoint to the end and replays it. A break
   * above the checkpoint ends the log there; what lies behind is handed to
   * `quarantine` and leaves the log.
   * @throws HeadwaterError `keyspace_incomplete` where the log does not reach
   *   back to the checkpoint.
   */
  async recover({ checkpoint, keyspaceOffset = 0, replay, quarantine, found }: Recovery): Promise<void> {
    await this.#startAtBase();
    if (checkpoint.offset < this.#base.offset) {
      throw new HeadwaterError(
        'keyspace_incomplete',
        `the log begins after offset ${this.#base.offset}, the keyspace ends at ${checkpoint.offset}: what lies between is missing`,
      );
    }
    await this.#meetCheckpoint(checkpoint, found);
    const entries = this.#db.iterate({
      gt: blockKey(this.#end.offset),
      lt: BLOCKS_TO,
      highWaterMarkBytes: CURSOR_READ_BYTES,
    });
    let breakError: unknown;
    try {
      for (let chunk = await entries.next(64); chunk.length > 0 && !breakError; chunk = await entries.next(64)) {
        for (const [key, bytes] of chunk) {
          let block: Block;
          try {
            block = blockAt(offsetOfKey(key), bytes);
            block.verifyAfter(this.#end.offset, this.#end.checksum);
          } catch (error) {
            if (HeadwaterError.is(error, 'unknown_format')) throw error;
            breakError = error;
            break;
          }
          this.publish([block]);
          await replay(block);
        }
      }
    } finally {
      await entries.close();
    }
    if (breakError) await this.#cutAfter(this.#end.offset, String((breakError as Error).message), quarantine, found);
    await this.#cutLineage(Math.max(this.#end.offset, keyspaceOffset), found);
  }

  /** Blocks at or below the base are left over from a trim that was cut short. */
  async #startAtBase(): Promise<void> {
    if (this.#base.offset > 0) await this.#clear(BLOCKS_FROM, blockKey(this.#base.offset));
    this.#end = this.#base;
  }

  /** Moves `end` to the checkpoint, if the log still holds the block that ends there. */
  async #meetCheckpoint(checkpoint: Position, found: (finding: LogFinding) => void): Promise<void> {
    if (checkpoint.offset === this.#base.offset) {
      if (checkpoint.checksum !== this.#base.checksum) {
        throw new HeadwaterError(
          'keyspace_incomplete',
          `the log begins at ${formatPosition(this.#base)}, the keyspace ends at ${formatPosition(checkpoint)}: they have different pasts`,
        );
      }
      return;
    }
    const bytes = await this.#db.get(blockKey(checkpoint.offset));
    const why = bytes ? mismatch(bytes, checkpoint) : 'its block is missing';
    if (why === undefined) {
      this.#end = checkpoint;
      this.#endTimeMs = new Block(bytes as Buffer).timeMs;
      return;
    }
    const last = await this.#lastKey();
    if (last === undefined || last < checkpoint.offset) {
      this.#end = await this.#verifiedEndBelow(checkpoint.offset);
      throw new HeadwaterError(
        'keyspace_incomplete',
        `the log ends at offset ${last ?? this.#base.offset}, the keyspace on disk is at ${checkpoint.offset}: the log lost its tail`,
      );
    }
    found({
      kind: 'start_raised',
      from: this.firstOffset,
      to: checkpoint.offset + 1,
      why: `the checkpoint at ${checkpoint.offset}: ${why}`,
    });
    await this.#setBase(checkpoint);
    this.#end = checkpoint;
  }

  /** For a log that lost its tail: the last position it can vouch for. */
  async #verifiedEndBelow(offset: number): Promise<Position> {
    let end = this.#base;
    for await (const block of this.#scan(this.#base.offset, offset)) {
      if (block.firstOffset !== end.offset + 1 || !block.chains(end.checksum)) break;
      end = block.position;
    }
    return end;
  }

  async #cutAfter(
    offset: number,
    why: string,
    quarantine: Recovery['quarantine'],
    found: (finding: LogFinding) => void,
  ): Promise<void> {
    const last = (await this.#lastKey()) ?? offset;
    const entries = this.#db.iterate({ gt: blockKey(offset), lt: BLOCKS_TO });
    const behind: Buffer[] = [];
    try {
      for (let chunk = await entries.next(64); chunk.length > 0; chunk = await entries.next(64)) {
        for (const [, bytes] of chunk) behind.push(bytes);
      }
    } finally {
      await entries.close();
    }
    await quarantine(behind);
    await this.#clear(blockKey(offset + 1), BLOCKS_TO);
    await this.#db.durable();
    found({ kind: 'tail_cut', from: offset + 1, to: last, why });
  }

  async #cutLineage(offset: number, found: (finding: LogFinding) => void): Promise<void> {
    const beyond = this.#lineage.rows.filter((row) => row.firstOffset > offset + 1);
    if (beyond.length === 0) return;
    const batch = this.#db.batch();
    for (const row of beyond) {
      batch.del(lineageKey(row.firstOffset));
      found({ kind: 'lineage_cut', row });
    }
    await batch.write({ sync: true });
    this.#lineage = this.#lineage.upTo(offset + 1);
  }

  /**
   * Writes blocks that continue the log, and the lineage rows that they begin,
   * in one batch. Readers see them when `publish` is called.
   */
  async append(blocks: readonly Block[], options: { sync: boolean; rows?: readonly LineageRow[] }): Promise<void> {
    this.#assertOpen();
    const [first] = blocks;
    invariant(first && first.firstOffset === this.#end.offset + 1, `an append continues offset ${this.#end.offset}`);
    const { sync, rows = [] } = options;
    if (blocks.length === 1 && rows.length === 0) {
      await this.#db.put(blockKey(first.lastOffset), first.bytes, { sync });
      return;
    }
    const batch = this.#db.batch();
    for (const row of rows) batch.put(lineageKey(row.firstOffset), encodeLineageRow(row));
    for (const block of blocks) batch.put(blockKey(block.lastOffset), block.bytes);
    await batch.write({ sync });
    for (const row of rows) this.#lineage = this.#lineage.with(row);
  }

  /** Makes appended blocks visible; cursors are woken by `wake`, once the keyspace has them too. */
  publish(blocks: readonly Block[]): void {
    for (const block of blocks) this.#tail.push(block);
    const last = blocks[blocks.length - 1] as Block;
    this.#end = last.position;
    this.#endTimeMs = last.timeMs;
  }

  wake(): void {
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }

  /**
   * Begins a history with the next command. The row, and everything before it,
   * is durable when it resolves.
   */
  async beginHistory(replicationId: string): Promise<LineageRow> {
    this.#assertOpen();
    const row: LineageRow = {
      replicationId,
      firstOffset: this.#end.offset + 1,
      checksum: this.#end.checksum,
      epoch: this.#lineage.epoch + 1,
    };
    await this.durable();
    await this.#db.put(lineageKey(row.firstOffset), encodeLineageRow(row), { sync: true });
    this.#lineage = this.#lineage.with(row);
    return row;
  }

  /** Drops a history under which nothing was logged: a node that follows goes on in its upstream's. */
  async forgetUnusedHistory(): Promise<void> {
    this.#assertOpen();
    const row = this.#lineage.current;
    if (!row || row.firstOffset <= this.#end.offset) return;
    const batch = this.#db.batch();
    batch.del(lineageKey(row.firstOffset));
    await batch.write({ sync: true });
    this.#lineage = this.#lineage.upTo(this.#end.offset);
  }

  /** Everything appended before the call survives a power cut once it resolves. */
  async durable(): Promise<number> {
    const offset = this.#end.offset;
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

  /** Resolves when the log ends beyond `offset`, at once where it does. */
  whenBeyond(offset: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed);
      if (signal.aborted) return reject(signal.reason);
      if (this.#end.offset > offset) return resolve();
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
   * Blocks right after `offset`, about `bytesMax` bytes of them, from memory
   * where they are there; none at the end of the log. Not verified: cursor.ts does.
   * @throws HeadwaterError `trimmed` or `not_a_boundary`.
   */
  async read(offset: number, bytesMax: number): Promise<Block[]> {
    this.#assertOpen();
    if (offset < this.#base.offset) throw this.#trimmed(offset);
    if (offset >= this.#end.offset) return [];
    const recent = this.#tail.after(offset, bytesMax);
    const blocks = recent ?? (await this.#readFromDisk(offset, bytesMax));
    const first = blocks[0];
    if (first?.firstOffset === offset + 1) return blocks;
    if (offset < this.#base.offset) throw this.#trimmed(offset);
    if (first && first.firstOffset <= offset) throw this.#notABoundary(offset, first);
    throw new HeadwaterError(
      'corrupt',
      `the log holds no block from offset ${offset + 1}, though it reaches from ${this.firstOffset} to ${this.#end.offset}`,
    );
  }

  /** The running checksum at a block's end. */
  async checksumAt(offset: number): Promise<ChecksumLookup> {
    if (offset === this.#end.offset) return this.#end.checksum;
    if (offset > this.#end.offset) return 'beyond';
    if (offset === this.#base.offset) return this.#base.checksum;
    if (offset < this.#base.offset) return 'trimmed';
    const recent = this.#tail.holding(offset);
    if (recent) return recent.lastOffset === offset ? recent.checksum : 'not_a_boundary';
    const bytes = await this.#db.get(blockKey(offset));
    if (bytes) return blockAt(offset, bytes).checksum;
    return offset < this.#base.offset ? 'trimmed' : 'not_a_boundary';
  }

  /** Until released, nothing after `offset` is trimmed. */
  pin(offset: number): Pin {
    const pin = { offset };
    this.#pins.add(pin);
    return pin;
  }

  unpin(pin: Pin): void {
    this.#pins.delete(pin);
  }

  /**
   * Gives up the blocks up to `through`, rounded down to a block's end and to
   * what is pinned. The caller answers for the checkpoint: it must not be before
   * `through`.
   * @returns the offset that the log now begins after.
   */
  async trim(through: number): Promise<number> {
    this.#assertOpen();
    const wanted = Math.min(through, ...[...this.#pins].map((pin) => pin.offset), this.#end.offset);
    if (wanted <= this.#base.offset) return this.#base.offset;
    const base = await this.#lastBlockUpTo(wanted);
    if (!base) return this.#base.offset;
    if ([...this.#pins].some((pin) => pin.offset < base.lastOffset)) return this.#base.offset;
    await this.#setBase(base.position);
    await this.#clear(BLOCKS_FROM, blockKey(base.lastOffset));
    await this.#db.compact(BLOCKS_FROM, blockKey(base.lastOffset));
    return base.lastOffset;
  }

  /**
   * Verifies what lies below `through`, pausing after every step. A break raises the start of
   * the log to the first block from which it chains again.
   */
  async scrub(
    through: number,
    found: (finding: LogFinding) => void,
    pause: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    let bytes = 0;
    let before = this.#base;
    let broken: string | undefined;
    const from = this.firstOffset;
    for await (const block of this.#scan(this.#base.offset, through)) {
      bytes += block.bytes.length;
      if (bytes >= SCRUB_STEP_BYTES) {
        bytes = 0;
        await pause();
      }
      if (signal.aborted || this.#closed) return;
      if (before.offset < this.#base.offset) {
        // Trimmed meanwhile.
        before = this.#base;
        broken = undefined;
      }
      if (block.firstOffset <= this.#base.offset) continue;
      const follows = block.firstOffset === before.offset + 1 && block.chains(before.checksum);
      if (!follows) broken = `the block ${block.firstOffset} to ${block.lastOffset} does not chain`;
      else if (broken) {
        await this.#setBase(before);
        await this.#clear(BLOCKS_FROM, blockKey(before.offset));
        found({ kind: 'start_raised', from, to: before.offset + 1, why: broken });
        broken = undefined;
      }
      before = block.position;
    }
    if (broken && before.offset > this.#base.offset && !signal.aborted && !this.#closed) {
      await this.#setBase(before);
      await this.#clear(BLOCKS_FROM, blockKey(before.offset));
      found({ kind: 'start_raised', from, to: before.offset + 1, why: broken });
    }
  }

  /** Waiting readers hear `reason`; the database is closed by its owner. */
  close(reason: HeadwaterError): void {
    this.#closed ??= reason;
    this.wake();
  }

  /** Blocks in (offset, through], unreadable ones left out. */
  async *#scan(offset: number, through: number): AsyncGenerator<Block> {
    const entries = this.#db.iterate({
      gt: blockKey(offset),
      lte: blockKey(through),
      highWaterMarkBytes: CURSOR_READ_BYTES,
    });
    try {
      for (let chunk = await entries.next(16); chunk.length > 0; chunk = await entries.next(16)) {
        for (const [key, bytes] of chunk) {
          const block = blockOrUndefined(offsetOfKey(key), bytes);
          if (block) yield block;
        }
      }
    } finally {
      await entries.close();
    }
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
          if (block.lastOffset > this.#end.offset || bytes >= bytesMax) return blocks;
          blocks.push(block);
          bytes += value.length;
        }
      }
    } finally {
      await entries.close();
    }
    return blocks;
  }

  async #lastBlockUpTo(offset: number): Promise<Block | undefined> {
    const entries = this.#db.iterate({ gte: BLOCKS_FROM, lte: blockKey(offset), reverse: true, limit: 1 });
    try {
      const [entry] = await entries.next(1);
      return entry && blockAt(offsetOfKey(entry[0]), entry[1]);
    } finally {
      await entries.close();
    }
  }

  async #lastKey(): Promise<number | undefined> {
    const entries = this.#db.iterate({ gte: BLOCKS_FROM, lt: BLOCKS_TO, reverse: true, limit: 1, values: false });
    try {
      const [entry] = await entries.next(1);
      return entry && offsetOfKey(entry[0]);
    } finally {
      await entries.close();
    }
  }

  /**
   * The base is on disk before anything below it goes, and known before that:
   * whoever pins while it is on its way sees that what lies below is going.
   */
  async #setBase(base: Position): Promise<void> {
    this.#base = base;
    await this.#db.put(BASE_KEY, encodeBase(base), { sync: true });
  }

  /** Deletes the keys in [from, to] in small batches. */
  async #clear(from: Buffer, to: Buffer): Promise<void> {
    const entries = this.#db.iterate({ gte: from, lte: to, values: false });
    try {
      for (let chunk = await entries.next(256); chunk.length > 0; chunk = await entries.next(256)) {
        const batch = this.#db.batch();
        for (const [key] of chunk) batch.del(key);
        await batch.write();
      }
    } finally {
      await entries.close();
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw this.#closed;
  }

  #trimmed(offset: number): HeadwaterError {
    return new HeadwaterError(
      'trimmed',
      `asked for what follows offset ${offset}, the log holds ${this.firstOffset} to ${this.#end.offset}`,
    );
  }

  #notABoundary(offset: number, block: Block): HeadwaterError {
    return new HeadwaterError(
      'not_a_boundary',
      `offset ${offset} lies inside the block ${block.firstOffset} to ${block.lastOffset}`,
    );
  }
}

/** @throws HeadwaterError `unknown_format`: a newer version's block is no damage. */
function mismatch(bytes: Buffer, expected: Position): string | undefined {
  let position: Position;
  try {
    ({ position } = blockAt(expected.offset, bytes));
  } catch (error) {
    if (HeadwaterError.is(error, 'unknown_format')) throw error;
    return `its block cannot be read (${(error as Error).message})`;
  }
  if (position.offset === expected.offset && position.checksum === expected.checksum) return undefined;
  return `expected ${formatPosition(expected)}, found ${formatPosition(position)}`;
}

/** The block that stands under the key of `lastOffset`. */
function blockAt(lastOffset: number, bytes: Buffer): Block {
  const block = new Block(bytes);
  if (block.lastOffset === lastOffset) return block;
  throw new HeadwaterError(
    'corrupt',
    `the block ${block.firstOffset} to ${block.lastOffset} stands where one that ends at ${lastOffset} is expected`,
  );
}

function blockOrUndefined(lastOffset: number, bytes: Buffer): Block | undefined {
  try {
    return blockAt(lastOffset, bytes);
  } catch {
    return undefined;
  }
}

async function readLineage(db: Database): Promise<LineageRow[]> {
  const rows: LineageRow[] = [];
  const entries = db.iterate({ gte: LINEAGE_FROM, lt: LINEAGE_TO });
  try {
    for (let chunk = await entries.next(64); chunk.length > 0; chunk = await entries.next(64)) {
      for (const [key, bytes] of chunk) rows.push(decodeLineageRow(offsetOfKey(key), bytes));
    }
  } finally {
    await entries.close();
  }
  return rows;
}
