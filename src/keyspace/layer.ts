/**
 * One in-memory layer of the keyspace: the effects of the commands since the
 * last freeze. Keys and values stay in the buffers of the blocks that brought
 * them; a block is let go when no entry refers to it any more, so what a layer
 * pins is what it still needs. `apply` is blind: it reads nothing below.
 * Owned by keyspace.ts.
 */
import type { Entry } from '../command.js';
import type { Position } from '../position.js';
import type { CommandVisitor } from '../wire/command.js';
import { grown, hashKey, KeyTable } from './key-table.js';

/** Kinds of entries; 0 and above are the type of a whole record. */
export const TOMBSTONE = -1;
/** Only the expiry is known here; the rest lies in a layer below, if anywhere. */
export const TOUCH = -2;

/** The columns of one entry and its share of the slots, half of them free. */
const ENTRY_COST_BYTES = 60;

/** Blocks are let go by gathering what is left of them once more than this, and twice what is needed, is pinned. */
const GATHERING_BYTES_MIN = 8 * 1024 * 1024;
/** Entries looked at for each command applied: keeps ahead of keys that are overwritten once per round. */
const GATHERED_PER_COMMAND = 2;
const ARENA_BYTES = 256 * 1024;

/** What `apply` takes: a block, without the log's knowledge of its bytes. */
export interface AppliedBlock {
  readonly bytes: Buffer;
  readonly firstOffset: number;
  readonly position: Position;
  visit(visitor: CommandVisitor): void;
}

export class Layer extends KeyTable implements CommandVisitor {
  /** By entry. */
  kind = new Int16Array(this.source.length);
  valueStart = new Int32Array(this.source.length);
  valueEnd = new Int32Array(this.source.length);
  expiresAtMs = new Float64Array(this.source.length);
  version = new Float64Array(this.source.length);
  /** The epoch that the entries belong to. */
  epoch: number;
  /** Whether a `clear` happened in this layer: nothing below it shows. */
  cleared = false;
  /** Block bytes since the layer began: what a restart would have to replay. */
  logBytes = 0;
  /** The end of the last block applied; set when the layer is frozen. */
  position: Position | undefined;
  #pinnedBytes = 0;
  /** By source: how many entries lie in it. */
  #references: number[] = [];
  /** Key and value bytes of all entries: what the layer needs of what it pins. */
  #liveBytes = 0;
  /** The source into which entries are gathered; -1 before the first. */
  #arena = -1;
  #arenaUsed = 0;
  #nextToGather = 0;
  /** Of the block in hand. */
  #current = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #firstOffset = 0;
  /** Entries by the second in which they expire. */
  readonly #due = new Map<number, number[]>();
  /** The last second for which all due entries were taken. */
  #dueTakenUpTo = 0;

  constructor(epoch: number) {
    super();
    this.epoch = epoch;
  }

  /** Memory: pinned blocks and the cost of the entries. */
  get bytes(): number {
    return this.#pinnedBytes + this.count * ENTRY_COST_BYTES;
  }

  get isEmpty(): boolean {
    return this.count === 0 && !this.cleared;
  }

  apply(block: AppliedBlock): void {
    this.#begin(block.bytes);
    this.#firstOffset = block.firstOffset;
    this.logBytes += block.bytes.length;
    block.visit(this);
    if (this.#pinnedBytes > GATHERING_BYTES_MIN && this.#pinnedBytes > 2 * this.#liveBytes) {
      this.#gather(GATHERED_PER_COMMAND * (block.position.offset - block.firstOffset + 1));
    }
    if (this.#references[this.#current] === 0) this.#letGo(this.#current);
  }

  /**
   * Keys that are written again and again leave blocks behind of which little
   * is still needed. Copies the rest of such blocks together, a few entries
   * after every block, so that the blocks can be let go.
   */
  #gather(entries: number): void {
    const averageBytes = this.#liveBytes / this.count;
    for (let i = Math.min(entries, this.count); i > 0; i--) {
      this.#nextToGather = (this.#nextToGather + 1) % this.count;
      const entry = this.#nextToGather;
      const source = this.source[entry] as number;
      const bytes = this.sources[source] as Buffer;
      const neededBytes = (this.#references[source] as number) * averageBytes;
      if (source !== this.#arena && 2 * neededBytes < bytes.length) this.#moveToArena(entry, bytes);
    }
  }

  #moveToArena(entry: number, bytes: Buffer): void {
    const keyStart = this.keyStart[entry] as number;
    const keyEnd = this.keyEnd[entry] as number;
    const valueStart = this.valueStart[entry] as number;
    const valueEnd = this.valueEnd[entry] as number;
    const keyAt = this.#roomInArena(keyEnd - keyStart + valueEnd - valueStart);
    const arena = this.sources[this.#arena] as Buffer;
    const valueAt = keyAt + bytes.copy(arena, keyAt, keyStart, keyEnd);
    const end = valueAt + bytes.copy(arena, valueAt, valueStart, valueEnd);
    this.#release(this.source[entry] as number);
    this.move(entry, this.#arena, keyAt, valueAt);
    this.valueStart[entry] = valueAt;
    this.valueEnd[entry] = end;
    this.#references[this.#arena] = (this.#references[this.#arena] as number) + 1;
    this.#arenaUsed = end;
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
    this.#bytes = bytes;
    this.#current = this.sources.push(bytes) - 1;
    this.#references[this.#current] = 0;
    this.#pinnedBytes += bytes.length;
  }

  // ---- the commands of a block (CommandVisitor) -----------------------------

  #weigh(entry: number): number {
    const keyBytes = (this.keyEnd[entry] as number) - (this.keyStart[entry] as number);
    return keyBytes + (this.valueEnd[entry] as number) - (this.valueStart[entry] as number);
  }

  put(
    index: number,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    expiresAtMs: number,
    type: number,
  ): void {
    const entry = this.#entry(index, keyStart, keyEnd);
    this.kind[entry] = type;
    this.valueStart[entry] = valueStart;
    this.valueEnd[entry] = valueEnd;
    this.expiresAtMs[entry] = expiresAtMs;
    this.#liveBytes += keyEnd - keyStart + valueEnd - valueStart;
    if (expiresAtMs !== 0) this.#noteDue(entry, expiresAtMs);
  }

  del(index: number, keyStart: number, keyEnd: number): void {
    const entry = this.#entry(index, keyStart, keyEnd);
    this.kind[entry] = TOMBSTONE;
    this.valueStart[entry] = this.valueEnd[entry] = this.expiresAtMs[entry] = 0;
    this.#liveBytes += keyEnd - keyStart;
  }

  touch(index: number, keyStart: number, keyEnd: number, expiresAtMs: number): void {
    const known = this.find(this.#bytes, keyStart, keyEnd, hashKey(this.#bytes, keyStart, keyEnd));
    if (known < 0 && this.cleared) return;
    if (known >= 0 && this.kind[known] === TOMBSTONE) return;
    const entry = known >= 0 ? known : this.#entry(index, keyStart, keyEnd);
    if (known < 0) {
      this.kind[entry] = TOUCH;
      this.valueStart[entry] = this.valueEnd[entry] = 0;
      this.#liveBytes += keyEnd - keyStart;
    }
    this.expiresAtMs[entry] = expiresAtMs;
    this.version[entry] = this.#firstOffset + index;
    if (expiresAtMs !== 0) this.#noteDue(entry, expiresAtMs);
  }

  clear(): void {
    const bytes = this.#bytes;
    this.reset();
    this.#references = [];
    this.#pinnedBytes = this.#liveBytes = 0;
    this.#arena = -1;
    this.#nextToGather = 0;
    this.#due.clear();
    this.cleared = true;
    this.epoch++;
    this.#begin(bytes);
  }

  message(): void {}

  /** The entry of a key that the block in hand writes whole; it lies in this block now. */
  #entry(index: number, keyStart: number, keyEnd: number): number {
    const hash = hashKey(this.#bytes, keyStart, keyEnd);
    let entry = this.find(this.#bytes, keyStart, keyEnd, hash);
    if (entry < 0) {
      entry = this.add(this.#current, keyStart, keyEnd, hash);
    } else {
      this.#liveBytes -= this.#weigh(entry);
      this.#release(this.source[entry] as number);
      this.move(entry, this.#current, keyStart, keyEnd);
    }
    this.#references[this.#current] = (this.#references[this.#current] as number) + 1;
    this.version[entry] = this.#firstOffset + index;
    return entry;
  }

  #release(source: number): void {
    const references = (this.#references[source] as number) - 1;
    this.#references[source] = references;
    // The block in hand is looked at when it has been visited, an arena that is being filled when it is full.
    if (references === 0 && source !== this.#current && source !== this.#arena) this.#letGo(source);
  }

  #letGo(source: number): void {
    this.#pinnedBytes -= (this.sources[source] as Buffer).length;
    this.sources[source] = undefined;
  }

  protected override grow(capacity: number): void {
    super.grow(capacity);
    this.kind = grown(this.kind, capacity);
    this.valueStart = grown(this.valueStart, capacity);
    this.valueEnd = grown(this.valueEnd, capacity);
    this.expiresAtMs = grown(this.expiresAtMs, capacity);
    this.version = grown(this.version, capacity);
  }

  // ---- reading ----------------------------------------------------------------

  /** What a whole record holds; its value is a view into the block. */
  read(entry: number): Entry {
    return {
      type: this.kind[entry] as number,
      value: this.bytesOf(entry).subarray(this.valueStart[entry], this.valueEnd[entry]),
      expiresAtMs: this.expiresAtMs[entry] as number,
      version: this.version[entry] as number,
    };
  }

  /** Takes out the keys noted for the seconds up to `nowMs`, at most about `limit`; copies. */
  takeDue(nowMs: number, limit: number): Buffer[] {
    const taken: Buffer[] = [];
    const now = Math.floor(nowMs / 1000);
    if (now === this.#dueTakenUpTo) return taken;
    for (const [second, entries] of this.#due) {
      if (second > now) continue;
      for (const entry of entries.splice(0, limit - taken.length)) taken.push(Buffer.from(this.key(entry)));
      if (entries.length === 0) this.#due.delete(second);
      if (taken.length >= limit) return taken;
    }
    this.#dueTakenUpTo = now;
    return taken;
  }

  #noteDue(entry: number, expiresAtMs: number): void {
    const second = Math.ceil(expiresAtMs / 1000);
    if (second <= this.#dueTakenUpTo) this.#dueTakenUpTo = 0;
    const entries = this.#due.get(second);
    if (entries) entries.push(entry);
    else this.#due.set(second, [entry]);
  }
}
