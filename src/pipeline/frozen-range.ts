/**
 * A range of the keyspace as of one moment, for the readers of both protocols: the keys in it that match a pattern and
 * are not expired at that moment. The range can be read more than once, and from any key on.
 */
import { isReserved } from '../base/reserved-keys.js';
import { Turns } from '../base/turns.js';
import { compileGlob, type Glob } from '../commands/glob.js';
import type { RangeWanted } from '../keyspace/laid-entries.js';
import type { KeyAndEntry, KeyspaceSnapshot } from '../keyspace/snapshot.js';
import { isExpired } from '../model/command.js';
import { bothRanges, type KeyRange, rangeOfPrefix } from '../model/key-range.js';
import type { KeysRequest } from '../model/scan.js';

/** A snapshot of a range, and the time as of which its entries count as expired. */
interface RangeOfKeys {
  readonly snapshot: Pick<KeyspaceSnapshot, 'position' | 'closed' | 'entries' | 'release'> & {
    share(): unknown;
  };
  readonly nowMs: number;
}

/** The parts of the store that read the whole keyspace. */
export interface KeyspaceStore {
  readonly snapshots: {
    /** Takes a snapshot of a range as of now, and says which time that is. The caller releases it. */
    range(wanted: RangeWanted, now: () => number): Promise<RangeOfKeys>;
    /** The exact number of keys. Expired keys count until they are deleted. */
    size(): Promise<number>;
    /** A key at random. Undefined if none is found soon. */
    randomKey(nowMs: number): Promise<Buffer | undefined>;
  };
  /** The log's clock. */
  readonly clock: { now(): number };
}

export interface FrozenRangeWanted extends Omit<KeysRequest, 'pattern'> {
  readonly keysOnly: boolean;
  readonly glob: Glob;
}

/** The range of all keys that match. */
export function allKeys(glob: Glob): FrozenRangeWanted {
  return { glob, start: Buffer.alloc(0), end: undefined, limit: 0, reverse: false, keysOnly: true };
}

export class FrozenRange {
  readonly #range: KeyRange;
  readonly #wanted: FrozenRangeWanted;
  readonly #snapshot: RangeOfKeys['snapshot'];
  readonly #nowMs: number;
  readonly #turns = new Turns();

  private constructor(range: KeyRange, wanted: FrozenRangeWanted, { snapshot, nowMs }: RangeOfKeys) {
    this.#range = range;
    this.#wanted = wanted;
    this.#snapshot = snapshot;
    this.#nowMs = nowMs;
  }

  /** The caller releases the range. */
  static async of(store: KeyspaceStore, wanted: FrozenRangeWanted): Promise<FrozenRange> {
    const { start, end, reverse, keysOnly, glob } = wanted;
    const limit = wanted.limit || Number.POSITIVE_INFINITY;
    const range = bothRanges({ from: start, to: end }, rangeOfPrefix(glob.prefix));
    const taken = await store.snapshots.range({ range, reverse, limit, keysOnly, keys: glob }, () => store.clock.now());
    return new FrozenRange(range, wanted, taken);
  }

  /** The offset of the moment. */
  get offset(): number {
    return this.#snapshot.position.offset;
  }

  /** True if the store has taken the data away, so that nothing can be read any more. */
  get isClosed(): boolean {
    return this.#snapshot.closed;
  }

  /** Adds a holder, which must `release` the range. */
  share(): void {
    this.#snapshot.share();
  }

  release(): Promise<void> {
    return this.#snapshot.release();
  }

  /** Yields the entries that match, in chunks, up to the limit. */
  async *matching(): AsyncGenerator<KeyAndEntry[]> {
    let left = this.#wanted.limit || Number.POSITIVE_INFINITY;
    for await (const chunk of this.live()) {
      const found = (await this.matchingIn(chunk)).slice(0, left);
      yield found;
      left -= found.length;
      if (left === 0) return;
    }
  }

  /**
   * Yields the entries, in chunks, those that do not match too.
   * @param options.from the first key. The first one of the range by default.
   * @param options.limit the number of entries after which the reader may leave.
   */
  async *live({ from = this.#range.from, limit = this.#wanted.limit } = {}): AsyncGenerator<KeyAndEntry[]> {
    const range = bothRanges(this.#range, { from, to: undefined });
    const order = { reverse: this.#wanted.reverse, limit: limit || Number.POSITIVE_INFINITY };
    for await (const chunk of this.#snapshot.entries(range, order))
      yield chunk.filter(([key, { expiresAtMs }]) => !isExpired(expiresAtMs, this.#nowMs) && !isReserved(key));
  }

  /** The entries of a chunk that match. */
  async matchingIn(chunk: readonly KeyAndEntry[]): Promise<KeyAndEntry[]> {
    const { glob } = this.#wanted;
    const found: KeyAndEntry[] = [];
    for (const row of chunk) {
      const turn = this.#turns.spend(glob.stepsFor(row[0].length));
      if (turn) await turn;
      if (glob.matches(row[0])) found.push(row);
    }
    return found;
  }
}

/** Yields the entries that match a request. The range is released however the reader leaves. */
export async function* matchingEntries(
  store: KeyspaceStore,
  { pattern, ...wanted }: KeysRequest & { readonly keysOnly: boolean },
): AsyncGenerator<{ readonly chunk: readonly KeyAndEntry[]; readonly offset: number }> {
  const frozen = await FrozenRange.of(store, { ...wanted, glob: compileGlob(pattern) });
  const { offset } = frozen;
  try {
    // The offset is known even if nothing matches.
    yield { chunk: [], offset };
    for await (const chunk of frozen.matching()) yield { chunk, offset };
  } finally {
    await frozen.release();
  }
}

/** A key at random. If that is not found soon, since most were deleted or have expired, the first key of all. */
export async function randomKey(store: KeyspaceStore): Promise<Buffer | undefined> {
  const key = await store.snapshots.randomKey(store.clock.now());
  if (key) return key;
  const first = await FrozenRange.of(store, { ...allKeys(compileGlob(Buffer.alloc(0))), limit: 1 });
  try {
    for await (const [row] of first.matching()) if (row) return row[0];
    return undefined;
  } finally {
    await first.release();
  }
}
