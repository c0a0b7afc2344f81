/**
 * The scans of Redis clients. A client names the place of its scan by a number alone, over any connection, and may leave
 * a scan without a word. So the places are kept here, as keys, in a table of bounded size.
 *
 * A scan reads one snapshot: every key of the moment at which the scan began comes once. Snapshots are few, and one that
 * nobody reads is released. The scan then goes on behind its last key in a new snapshot: keys that are there all the time
 * still come once.
 *
 * A number also has the first bytes of its key. A number that the table has lost, or that another node gave, or this one
 * before a restart, stands for the first key with these bytes. The scan goes on there: some keys come twice, and none is
 * left out. All numbers are below 2^53, since some clients read them as doubles.
 */
import { randomInt } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import { whenUnused } from '../base/disuse.js';
import {
  REDIS_SCAN_CURSOR_BYTES_MAX,
  REDIS_SCAN_CURSORS_MAX,
  REDIS_SCAN_SNAPSHOT_MS_MAX,
  REDIS_SCAN_SNAPSHOTS_MAX,
  REPLY_MESSAGE_BYTES_TARGET,
} from '../base/limits.js';
import { compileRedisGlob } from '../commands/glob.js';
import { allKeys, FrozenRange, type KeyspaceStore } from '../pipeline/frozen-range.js';

/** A call of SCAN. */
export interface ScanCall {
  /** 0 begins a scan. */
  readonly cursor: bigint;
  readonly pattern: Buffer;
  /** About how many keys to look at. */
  readonly count: number;
  /** Tells whether a key of this type is wanted. */
  isOfType(type: number): boolean;
}

export interface ScanFound {
  /** The cursor of the next call. 0 if the scan is complete. */
  readonly cursor: number;
  readonly keys: readonly Buffer[];
}

/** The memory of a cursor beside its key, about. */
const CURSOR_COST_BYTES = 200;

/** The bytes of a key that its number has, above the bits that count the numbers. */
const HINT_BYTES = 3;
const SERIAL_NUMBERS = 2 ** 29;
const CURSORS = 2 ** (8 * HINT_BYTES) * SERIAL_NUMBERS;

/** A scan in one snapshot, as long as the snapshot is held. */
interface Scan {
  readonly pattern: Buffer;
  frozen: FrozenRange | undefined;
  /** The number of calls that have read it. */
  uses: number;
  stopWatching: () => void;
}

/** A scan that a call reads. The call releases the snapshot. */
interface ScanInUse {
  readonly scan: Scan;
  readonly frozen: FrozenRange;
}

/** A place in a scan. */
interface Place {
  /** The first key that is not read yet. */
  readonly from: Buffer;
  readonly scan: Scan | undefined;
}

export class ScanCursors {
  readonly #store: KeyspaceStore;
  readonly #clock: Clock;
  /** The oldest first. */
  readonly #places = new Map<number, Place>();
  #placesBytes = 0;
  /** The scans with a snapshot. The one that was used longest ago is the first. */
  readonly #scans = new Set<Scan>();
  /** A number of an earlier start is hardly one of these. */
  #serial = randomInt(SERIAL_NUMBERS);

  constructor(store: KeyspaceStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The number of cursors that are kept. */
  get cursors(): number {
    return this.#places.size;
  }

  /** The number of snapshots that are held. */
  get snapshots(): number {
    return this.#scans.size;
  }

  /**
   * Returns the next keys of a scan, and the cursor behind them.
   * @param signal ends a long search.
   */
  async scan(call: ScanCall, signal: AbortSignal): Promise<ScanFound> {
    const { from, scan: before } = this.#placeOf(call.cursor);
    const { scan, frozen } = this.#use(before, call.pattern) ?? (await this.#begin(call.pattern, from));
    try {
      const { keys, next } = await read(frozen, from, call, signal);
      if (next === undefined) this.#end(scan);
      return { cursor: next === undefined ? 0 : this.#note({ from: next, scan }), keys };
    } finally {
      await frozen.release();
    }
  }

  /** Releases all snapshots. */
  close(): void {
    for (const scan of this.#scans) this.#end(scan);
  }

  #placeOf(cursor: bigint): Place {
    return this.#places.get(Number(cursor)) ?? { from: hintIn(cursor), scan: undefined };
  }

  /** The scan, if it can go on in its snapshot. */
  #use(scan: Scan | undefined, pattern: Buffer): ScanInUse | undefined {
    const { frozen } = scan ?? {};
    if (!scan || !frozen || frozen.isClosed || !scan.pattern.equals(pattern)) return undefined;
    scan.uses++;
    this.#scans.delete(scan);
    this.#scans.add(scan);
    frozen.share();
    return { scan, frozen };
  }

  async #begin(pattern: Buffer, start: Buffer): Promise<ScanInUse> {
    const frozen = await FrozenRange.of(this.#store, { ...allKeys(compileRedisGlob(pattern)), start });
    const scan: Scan = { pattern: Buffer.from(pattern), frozen, uses: 0, stopWatching: () => {} };
    const end = () => this.#end(scan);
    scan.stopWatching = whenUnused(this.#clock, REDIS_SCAN_SNAPSHOT_MS_MAX, () => scan.uses, end);
    this.#scans.add(scan);
    frozen.share();
    if (this.#scans.size > REDIS_SCAN_SNAPSHOTS_MAX) this.#end([...this.#scans][0] as Scan);
    return { scan, frozen };
  }

  /** Releases the snapshot of a scan. The cursors stay. */
  #end(scan: Scan): void {
    this.#scans.delete(scan);
    scan.stopWatching();
    void scan.frozen?.release();
    scan.frozen = undefined;
  }

  #note(place: Place): number {
    this.#serial = (this.#serial + 1) % SERIAL_NUMBERS;
    const cursor = cursorOf(place.from, this.#serial);
    this.#places.set(cursor, place);
    this.#placesBytes += costOf(place);
    for (const [oldest, { from }] of this.#places) {
      if (this.#places.size <= REDIS_SCAN_CURSORS_MAX && this.#placesBytes <= REDIS_SCAN_CURSOR_BYTES_MAX) break;
      this.#places.delete(oldest);
      this.#placesBytes -= costOf({ from });
    }
    return cursor;
  }
}

function costOf({ from }: Pick<Place, 'from'>): number {
  return CURSOR_COST_BYTES + from.length;
}

/** @returns the keys that are wanted, and the next key to look at, undefined if there is none. */
async function read(
  frozen: FrozenRange,
  from: Buffer,
  { count, isOfType }: ScanCall,
  signal: AbortSignal,
): Promise<{ readonly keys: Buffer[]; readonly next: Buffer | undefined }> {
  const keys: Buffer[] = [];
  let left = count;
  let bytes = 0;
  // Another entry shows whether there are more.
  for await (const chunk of frozen.live({ from, limit: count + 1 })) {
    if (signal.aborted) throw signal.reason;
    for (const [key, { type }] of await frozen.matchingIn(chunk.slice(0, left))) {
      if (bytes >= REPLY_MESSAGE_BYTES_TARGET) return { keys, next: Buffer.from(key) };
      if (!isOfType(type)) continue;
      keys.push(key);
      bytes += key.length;
    }
    const rest = chunk[left];
    left -= Math.min(left, chunk.length);
    if (rest) return { keys, next: Buffer.from(rest[0]) };
  }
  return { keys, next: undefined };
}

/** The number of a place. 0 stands for the beginning, and is none. */
function cursorOf(from: Buffer, serial: number): number {
  const hint = Buffer.alloc(HINT_BYTES);
  from.copy(hint);
  return hint.readUIntBE(0, HINT_BYTES) * SERIAL_NUMBERS + serial || SERIAL_NUMBERS - 1;
}

/** The first key that a cursor may stand for. */
function hintIn(cursor: bigint): Buffer {
  const hint = Buffer.alloc(HINT_BYTES);
  if (cursor < CURSORS) hint.writeUIntBE(Number(cursor / BigInt(SERIAL_NUMBERS)), 0, HINT_BYTES);
  const last = hint.findLastIndex((byte) => byte !== 0);
  return hint.subarray(0, last + 1);
}
