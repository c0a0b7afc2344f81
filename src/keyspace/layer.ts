/**
 * An in-memory layer of the keyspace: the effects of the commands since the last freeze. Keys and values stay
 * in the buffers of the blocks that brought them. A block is released when no entry refers to it any more, so
 * a layer pins only what it still needs. `apply` is blind: it reads nothing below. The layers belong to overlay.ts.
 */

import { copyBytes } from '../base/copy.js';
import { type CommandVisitor, TYPE_NEWEST, TYPE_STRING, unknownType } from '../model/command.js';
import type { Position } from '../model/position.js';
import { type DueKeys, DueNotes } from './due-notes.js';
import { ENTRY_WORDS, EntryTable, TOMBSTONE, TOUCH } from './entry-table.js';
import { hashKey, WARM_MAX } from './key-table.js';
import { SortedRuns } from './sorted-runs.js';

/** The row of an entry and its share of the slots, half of them free. */
const ENTRY_COST_BYTES = 4 * ENTRY_WORDS + 12;

/**
 * Gathering begins once more than this is pinned, and more than twice what is needed. Entries are moved out
 * of blocks of which less than a third is needed.
 */
const GATHERING_BYTES_MIN = 8 * 1024 * 1024;
/** Entries examined for each command applied. Two keep ahead of keys that are overwritten once per round. */
const GATHERED_PER_COMMAND = 2;
const ARENA_BYTES = 256 * 1024;
const NO_BYTES: Buffer = Buffer.alloc(0);

/**
 * Writes of the current block that have been read and not been applied: their keys are looked up together
 * (KeyTable.warm). Blocks are applied one at a time, so all layers share this object.
 */
const notes = {
  count: 0,
  index: new Int32Array(WARM_MAX),
  hash: new Int32Array(WARM_MAX),
  keyStart: new Int32Array(WARM_MAX),
  keyEnd: new Int32Array(WARM_MAX),
  kind: new Int32Array(WARM_MAX),
  valueStart: new Int32Array(WARM_MAX),
  valueEnd: new Int32Array(WARM_MAX),
  expiresAtMs: new Float64Array(WARM_MAX),
};

/** The argument of `apply`: a block, without the log's knowledge of its bytes. */
export interface AppliedBlock {
  readonly bytes: Buffer;
  readonly firstOffset: number;
  readonly position: Position;
  visit(visitor: CommandVisitor): void;
}

/** The effect of a block on records of the node itself: some were written, some may be gone, or none was touched. */
export type ReservedEffect = 'written' | 'deleted' | 'untouched';

export class Layer extends EntryTable implements CommandVisitor {
  /** The epoch that the entries belong to. */
  epoch: number;
  /** Whether a `clear` happened in this layer, which hides everything below. */
  cleared = false;
  /** Block bytes since the layer began: what a restart would have to replay. */
  logBytes = 0;
  #pinnedBytes = 0;
  /** By source: the number of entries that lie in it. */
  #references: number[] = [];
  /** The bytes of all entries: what the layer needs of what it pins. */
  #liveBytes = 0;
  /** The source into which entries are gathered, -1 before the first. */
  #arena = -1;
  #arenaUsed = 0;
  #nextToGather = 0;
  /** The source, the bytes and the first offset of the current block. */
  #current = 0;
  #bytes = NO_BYTES;
  #firstOffset = 0;
  /** The effect of the current block on records of the node itself. */
  #reserved: ReservedEffect = 'untouched';
  /** The entries that expire. */
  readonly #due = new DueNotes();
  #sorted: SortedRuns | undefined;

  /** @param spare a retired layer, whose memory is used again. */
  constructor(epoch: number, spare?: Layer) {
    super(spare);
    this.epoch = epoch;
  }

  /** Memory: pinned blocks, the cost of the entries and of their order, and the notes of those that expire. */
  get bytes(): number {
    return this.#pinnedBytes + this.count * ENTRY_COST_BYTES + this.#due.bytes + (this.#sorted?.bytes ?? 0);
  }

  /** The order of the entries, for scans. A `clear` begins another one. */
  get sorted(): SortedRuns {
    this.#sorted ??= new SortedRuns(this);
    return this.#sorted;
  }

  get isEmpty(): boolean {
    return this.count === 0 && !this.cleared;
  }

  /** @returns the effect on records of the node itself, at the most. */
  apply(block: AppliedBlock): ReservedEffect {
    this.#begin(block.bytes);
    this.#firstOffset = block.firstOffset;
    this.#reserved = 'untouched';
    this.logBytes += block.bytes.length;
    block.visit(this);
    this.#applyNotes();
    if (this.#pinnedBytes > GATHERING_BYTES_MIN && this.#pinnedBytes > 2 * this.#liveBytes) {
      this.#gather(GATHERED_PER_COMMAND * (block.position.offset - block.firstOffset + 1));
    }
    if (this.#references[this.#current] === 0) this.#letGo(this.#current);
    return this.#reserved;
  }

  /**
   * Keys that are written again and again leave blocks behind of which little is still needed. This method
   * copies the rest of such blocks together, a few entries after every block, so that the blocks can be
   * released.
   */
  #gather(entries: number): void {
    const averageBytes = this.#liveBytes / this.count;
    for (let i = Math.min(entries, this.count); i > 0; i--) {
      this.#nextToGather = (this.#nextToGather + 1) % this.count;
      const entry = this.#nextToGather;
      const source = this.source(entry);
      const bytes = this.sources[source] as Buffer;
      const neededBytes = (this.#references[source] as number) * averageBytes;
      if (source !== this.#arena && 3 * neededBytes < bytes.length) this.#moveToArena(entry, source, bytes);
    }
  }

  /** Moves key, value and the few bytes between them as one. */
  #moveToArena(entry: number, source: number, bytes: Buffer): void {
    const start = Math.min(this.keyStart(entry), this.valueStart(entry));
    const end = start + this.weigh(entry);
    const at = this.#roomInArena(end - start);
    const shift = at - start;
    copyBytes(bytes, start, end, this.sources[this.#arena] as Buffer, at);
    this.#arenaUsed = end + shift;
    this.#release(source);
    this.move(entry, this.#arena, this.keyStart(entry) + shift, this.keyEnd(entry) + shift);
    this.setValue(entry, this.valueStart(entry) + shift, this.valueEnd(entry) + shift);
    this.#references[this.#arena] = (this.#references[this.#arena] as number) + 1;
  }

  #roomInArena(bytes: number): number {
    const arena = this.sources[this.#arena];
    if (arena && this.#arenaUsed + bytes <= arena.length) return this.#arenaUsed;
    const full = this.#arena;
    const next = Buffer.allocUnsafeSlow(Math.max(ARENA_BYTES, bytes));
    this.#arena = this.sources.push(next) - 1;
    this.#references[this.#arena] = 0;
    this.#pinnedBytes += next.length;
    if (arena && this.#references[full] === 0) this.#letGo(full);
    return 0;
  }

  #begin(bytes: Buffer): void {
    notes.count = 0;
    this.#bytes = bytes;
    this.#current = this.sources.push(bytes) - 1;
    this.#references[this.#current] = 0;
    this.#pinnedBytes += bytes.length;
  }

  // ---- the commands of a block (CommandVisitor) -----------------------------

  put(
    index: number,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    expiresAtMs: number,
    type: number,
  ): void {
    if (type !== TYPE_STRING) this.#noteOther(index, type);
    this.#note(index, keyStart, keyEnd, type, valueStart, valueEnd, expiresAtMs);
  }

  /** A type that is unknown here stands in the log of a node that ran a newer version. */
  #noteOther(index: number, type: number): void {
    if (type > TYPE_NEWEST) throw unknownType(`command ${index} of a block`, type);
    this.#reserved = 'written';
  }

  del(index: number, keyStart: number, keyEnd: number): void {
    if (this.#bytes[keyStart] === 0 && this.#reserved === 'untouched') this.#reserved = 'deleted';
    this.#note(index, keyStart, keyEnd, TOMBSTONE, keyEnd, keyEnd, 0);
  }

  touch(index: number, keyStart: number, keyEnd: number, expiresAtMs: number): void {
    this.#applyNotes();
    const hash = hashKey(this.#bytes, keyStart, keyEnd);
    const known = this.find(this.#bytes, keyStart, keyEnd, hash);
    if (known < 0 && this.cleared) return;
    if (known >= 0 && this.kind(known) === TOMBSTONE) return;
    const entry = known >= 0 ? known : this.#entry(index, keyStart, keyEnd, hash);
    if (known < 0) {
      this.setKind(entry, TOUCH);
      this.setValue(entry, keyEnd, keyEnd);
      this.#liveBytes += this.weigh(entry);
    }
    this.setExpiry(entry, expiresAtMs);
    this.setVersion(entry, this.#firstOffset + index);
    if (expiresAtMs !== 0) this.#due.add(entry, expiresAtMs);
  }

  clear(): void {
    const bytes = this.#bytes;
    this.retire();
    this.cleared = true;
    if (this.#reserved === 'untouched') this.#reserved = 'deleted';
    this.epoch++;
    this.#begin(bytes);
  }

  message(): void {}

  /** Releases all entries and blocks. The memory of the table stays, for the next layer. */
  retire(): void {
    this.reset();
    this.#references = [];
    this.#pinnedBytes = this.#liveBytes = 0;
    this.#arena = -1;
    this.#nextToGather = 0;
    this.forgetOrder();
    this.#bytes = NO_BYTES;
  }

  /** Forgets what only a layer above the disk needs: which entries are due, and their order. */
  forgetOrder(): void {
    this.#due.clear();
    this.#sorted = undefined;
  }

  #note(
    index: number,
    keyStart: number,
    keyEnd: number,
    kind: number,
    valueStart: number,
    valueEnd: number,
    expiresAtMs: number,
  ): void {
    const at = notes.count++;
    notes.index[at] = index;
    notes.hash[at] = hashKey(this.#bytes, keyStart, keyEnd);
    notes.keyStart[at] = keyStart;
    notes.keyEnd[at] = keyEnd;
    notes.kind[at] = kind;
    notes.valueStart[at] = valueStart;
    notes.valueEnd[at] = valueEnd;
    notes.expiresAtMs[at] = expiresAtMs;
    if (notes.count === WARM_MAX) this.#applyNotes();
  }

  #applyNotes(): void {
    const { count } = notes;
    notes.count = 0;
    this.warm(notes.hash, count);
    for (let i = 0; i < count; i++) {
      const expiresAtMs = notes.expiresAtMs[i] as number;
      const entry = this.#entry(
        notes.index[i] as number,
        notes.keyStart[i] as number,
        notes.keyEnd[i] as number,
        notes.hash[i] as number,
      );
      this.setKind(entry, notes.kind[i] as number);
      this.setValue(entry, notes.valueStart[i] as number, notes.valueEnd[i] as number);
      this.setExpiry(entry, expiresAtMs);
      this.#liveBytes += this.weigh(entry);
      if (expiresAtMs !== 0) this.#due.add(entry, expiresAtMs);
    }
  }

  /** The entry of a key that the current block writes. The key lies in this block from now on. */
  #entry(index: number, keyStart: number, keyEnd: number, hash: number): number {
    let entry = this.find(this.#bytes, keyStart, keyEnd, hash);
    if (entry < 0) {
      entry = this.add(this.#current, keyStart, keyEnd, hash);
    } else {
      this.#liveBytes -= this.weigh(entry);
      this.#release(this.source(entry));
      this.move(entry, this.#current, keyStart, keyEnd);
    }
    this.#references[this.#current] = (this.#references[this.#current] as number) + 1;
    this.setVersion(entry, this.#firstOffset + index);
    return entry;
  }

  #release(source: number): void {
    const references = (this.#references[source] as number) - 1;
    this.#references[source] = references;
    // The current block is checked after its visit, and an arena that is being filled when it is full.
    if (references === 0 && source !== this.#current && source !== this.#arena) this.#letGo(source);
  }

  #letGo(source: number): void {
    this.#pinnedBytes -= (this.sources[source] as Buffer).length;
    this.sources[source] = undefined;
  }

  /**
   * Moves copies of the keys that are due at `nowMs` into `taken`, until that is full.
   * @returns the time at which the first of them was due, undefined if there were none.
   */
  takeDue(nowMs: number, taken: DueKeys): number | undefined {
    return this.#due.take(nowMs, taken, (entry) => this.key(entry));
  }
}
