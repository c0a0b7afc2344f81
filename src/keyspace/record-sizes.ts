/**
 * Knows how large the record of a key on disk may be, before it is read. The records of a group of keys are
 * read at once, and are in memory together.
 *
 * Large records are kept by key. Every other record takes up at most `others` bytes. If too many records are
 * large, `others` doubles, and the records that are no larger leave the list. All sizes are upper bounds: a
 * record may have shrunk, or have been deleted, since.
 */
import { LARGE_RECORD_NAMES_BYTES_MAX, LARGE_RECORDS_MAX, SMALL_RECORD_BYTES } from '../base/limits.js';

/** Sizes as a checkpoint keeps them. */
export interface KeptSizes {
  readonly others: number;
  /** Keys in base64. */
  readonly large: ReadonlyArray<readonly [key: string, bytes: number]>;
}

export class RecordSizes {
  #others: number;
  /** Sizes by the key as latin1. */
  #large: Map<string, number>;
  #nameBytes = 0;
  /** Bytes of a record as reads have found them. The figure rises at once, and falls by halves. 0 before the first. */
  #foundBytes = 0;

  /** Without arguments: the sizes of a disk without records. */
  constructor(others = SMALL_RECORD_BYTES, large: Iterable<readonly [string, number]> = []) {
    this.#others = others;
    this.#large = new Map(large);
    for (const name of this.#large.keys()) this.#nameBytes += name.length;
  }

  /** Sizes of records that are not known. */
  static unknown(): RecordSizes {
    return new RecordSizes(Number.POSITIVE_INFINITY);
  }

  /** The sizes of a checkpoint. */
  static parse(kept: KeptSizes | undefined): RecordSizes {
    if (!kept) return RecordSizes.unknown();
    const large = kept.large.map(([key, bytes]) => [Buffer.from(key, 'base64').toString('latin1'), bytes] as const);
    return new RecordSizes(kept.others, large);
  }

  /** The sizes for a checkpoint. Undefined if nothing is known. */
  get kept(): KeptSizes | undefined {
    if (!this.isKnown) return undefined;
    const large = [...this.#large].map(
      ([name, bytes]) => [Buffer.from(name, 'latin1').toString('base64'), bytes] as const,
    );
    return { others: this.#others, large };
  }

  /** Notes the bytes of records that were read together. */
  found(records: number, bytes: number): void {
    if (records > 0) this.#foundBytes = Math.max(bytes / records, this.#foundBytes / 2);
  }

  /** The bytes of a record as reads have found them, undefined before the first. No bound: the next may be larger. */
  get typical(): number | undefined {
    return this.#foundBytes || undefined;
  }

  get isKnown(): boolean {
    return this.#others !== Number.POSITIVE_INFINITY;
  }

  /** The most bytes of a record that is not kept by its key. */
  get others(): number {
    return this.#others;
  }

  /** Whether no record is larger than `others`. */
  get areAlike(): boolean {
    return this.#large.size === 0;
  }

  /** The most bytes of a key's record. The key begins at `from` in `bytes`. */
  of(bytes: Buffer, from: number): number {
    if (this.areAlike) return this.#others;
    return this.#large.get(bytes.toString('latin1', from)) ?? this.#others;
  }

  /** Notes that the record of a key has been written. The arguments are as for `of`. */
  add(bytes: Buffer, from: number, size: number): void {
    if (size > this.#others) this.#addLarge(bytes.toString('latin1', from), size);
  }

  /** Adds sizes of records that may be there too. */
  addAll(sizes: RecordSizes): void {
    this.#raise(sizes.#others);
    for (const [name, size] of sizes.#large) this.#addLarge(name, Math.max(size, this.#large.get(name) ?? 0));
  }

  /** Keeps the sizes of the keys for which `stays` returns true. Other keys count as small. */
  filter(stays: (key: Buffer) => boolean): RecordSizes {
    const large = [...this.#large].filter(([name]) => stays(Buffer.from(name, 'latin1')));
    return new RecordSizes(this.#others, large);
  }

  #addLarge(name: string, size: number): void {
    if (size <= this.#others) return;
    if (!this.#large.has(name)) this.#nameBytes += name.length;
    this.#large.set(name, size);
    while (this.#large.size > LARGE_RECORDS_MAX || this.#nameBytes > LARGE_RECORD_NAMES_BYTES_MAX)
      this.#raise(2 * this.#others);
  }

  #raise(others: number): void {
    if (others <= this.#others) return;
    this.#others = others;
    for (const [name, size] of this.#large) {
      if (size > others) continue;
      this.#large.delete(name);
      this.#nameBytes -= name.length;
    }
  }
}
