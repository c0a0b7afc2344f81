/**
 * The entries of a layer: an ordered key table whose rows also hold the kind, the value, the expiry and the version of each
 * entry. The value lies in the same buffer as the key.
 */
import type { Entry } from '../model/command.js';
import { OrderedKeyTable } from './key-order.js';
import { KEY_WORDS } from './key-table.js';
import type { ValuePlace } from './value-place.js';

/** Kinds of entries. 0 and above are the type of a whole record. */
export const TOMBSTONE = -1;
/** An entry of which only the expiry is known here. The rest lies in a layer below, if anywhere. */
export const TOUCH = -2;

/** The words of an entry behind those of its key, int32 each. */
const KIND = KEY_WORDS;
const VALUE_START = KEY_WORDS + 1;
const VALUE_END = KEY_WORDS + 2;
/** The doubles of the same row, behind one word that is free. */
const EXPIRES_AT_MS = (KEY_WORDS + 4) / 2;
const VERSION = EXPIRES_AT_MS + 1;
const ENTRY_DOUBLES = VERSION + 1;
export const ENTRY_WORDS = 2 * ENTRY_DOUBLES;

export class EntryTable extends OrderedKeyTable {
  /** The rows of the entries, seen as doubles. */
  #doubles: Float64Array;

  /** @param spare a retired table, whose memory is used again. */
  constructor(spare?: EntryTable) {
    super(ENTRY_WORDS, spare);
    this.#doubles = new Float64Array(this.words.buffer);
  }

  /** The type of a whole record, or one of the kinds above. */
  kind(entry: number): number {
    return this.words[entry * ENTRY_WORDS + KIND] as number;
  }

  valueStart(entry: number): number {
    return this.words[entry * ENTRY_WORDS + VALUE_START] as number;
  }

  valueEnd(entry: number): number {
    return this.words[entry * ENTRY_WORDS + VALUE_END] as number;
  }

  /** Milliseconds since the epoch, 0 = never. */
  expiresAtMs(entry: number): number {
    return this.#doubles[entry * ENTRY_DOUBLES + EXPIRES_AT_MS] as number;
  }

  /** The offset of the command that wrote the entry last. */
  version(entry: number): number {
    return this.#doubles[entry * ENTRY_DOUBLES + VERSION] as number;
  }

  protected setKind(entry: number, kind: number): void {
    this.words[entry * ENTRY_WORDS + KIND] = kind;
  }

  protected setValue(entry: number, start: number, end: number): void {
    this.words[entry * ENTRY_WORDS + VALUE_START] = start;
    this.words[entry * ENTRY_WORDS + VALUE_END] = end;
  }

  protected setExpiry(entry: number, expiresAtMs: number): void {
    this.#doubles[entry * ENTRY_DOUBLES + EXPIRES_AT_MS] = expiresAtMs;
  }

  protected setVersion(entry: number, version: number): void {
    this.#doubles[entry * ENTRY_DOUBLES + VERSION] = version;
  }

  /**
   * Whether the key has a record as of this table: false if the key is deleted. Undefined if the table knows no more of
   * it than a new expiry.
   */
  hasRecord(bytes: Buffer, keyStart: number, keyEnd: number, hash: number): boolean | undefined {
    const entry = this.find(bytes, keyStart, keyEnd, hash);
    return entry < 0 || this.kind(entry) === TOUCH ? undefined : this.kind(entry) !== TOMBSTONE;
  }

  /** The entry of a whole record. The value is a view into the block. */
  read(entry: number): Entry {
    return {
      type: this.kind(entry),
      value: this.bytesOf(entry).subarray(this.valueStart(entry), this.valueEnd(entry)),
      expiresAtMs: this.expiresAtMs(entry),
      version: this.version(entry),
    };
  }

  /** Sets `place` to the value of a whole record. */
  locate(entry: number, place: ValuePlace): void {
    place.type = this.kind(entry);
    place.bytes = this.bytesOf(entry);
    place.start = this.valueStart(entry);
    place.end = this.valueEnd(entry);
    place.expiresAtMs = this.expiresAtMs(entry);
  }

  /** Bytes of key, value and the few bytes between them. */
  protected weigh(entry: number): number {
    return Math.max(this.keyEnd(entry), this.valueEnd(entry)) - Math.min(this.keyStart(entry), this.valueStart(entry));
  }

  protected override grow(capacity: number): void {
    super.grow(capacity);
    this.#doubles = new Float64Array(this.words.buffer);
  }
}
