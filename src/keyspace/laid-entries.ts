/**
 * The entries of memory that a scan lays over the disk: what the layers know of a range of keys, as of one turn of the
 * event loop. So a scan of a few keys needs no checkpoint. The layers sort their entries in runs (sorted-runs.ts), a few
 * in each turn, before that turn. Then the runs are merged up to the end of the range, or up to the key at which memory
 * alone has as many records as the scan asks for: the disk can only bring that key nearer.
 *
 * The work in the last turn and the bytes that it copies are bounded. If memory holds more of the range, the scan waits
 * for a checkpoint instead.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  SCAN_LAID_BYTES_MAX,
  SCAN_LAID_ENTRIES_MAX,
  SCAN_SORT_RUNS,
  SCAN_SORT_TURNS_MAX,
  TURN_STEPS_MAX,
} from '../base/limits.js';
import { isReserved } from '../base/reserved-keys.js';
import { firstIndex } from '../base/search.js';
import { type Entry, isExpired } from '../model/command.js';
import type { KeyRange } from '../model/key-range.js';
import { compareBytes } from './key-order.js';
import { NATIVE_BYTES_MIN } from './key-table.js';
import type { Layer } from './layer.js';
import { isMiss, type Miss, type Overlay, type Touch } from './overlay.js';
import type { Run } from './sorted-runs.js';

/** The records that a scan asks for. */
export interface RangeWanted {
  readonly range: KeyRange;
  readonly reverse: boolean;
  /** The largest number of records. Infinity for all. */
  readonly limit: number;
  /** If true, the values are left out. */
  readonly keysOnly: boolean;
  /** The keys in the range that the scan asks for. */
  readonly keys: {
    matches(key: Buffer): boolean;
    /** The most steps that a match takes, of a few nanoseconds each. */
    stepsFor(keyBytes: number): number;
  };
}

/** Memory's knowledge of a key: an entry, undefined for a deleted key, or a new expiry for the entry on disk. */
export interface LaidEntry {
  readonly key: Buffer;
  readonly known: Entry | Touch | undefined;
}

export interface LaidEntries {
  /** In the order of the scan. They are copies. */
  readonly entries: readonly LaidEntry[];
  /** Nothing on disk can be seen, because everything was cleared. */
  readonly hidesDisk: boolean;
}

const NO_VALUE = Buffer.alloc(0);

/** Steps to find the next key in the runs and to look it up, beside those of its match. */
const STEPS_OF_KEY = 256;

/** Steps to compare the first bytes of two keys: some 150 ns if they are not in the processor's cache (measured). */
const STEPS_OF_COMPARISON = 32;
/** The comparisons that give a run its place in the heap cost as much as so many of a search (measured). */
const COMPARISONS_OF_PLACE = 6;
/** Bytes of two keys that one step compares if they are equal: of the first ones, and of further ones. */
const FIRST_BYTES = 4;
const FURTHER_BYTES = 64;

/** The runs that all scans of a keyspace together have sorted in this turn. */
const sortedRuns = new WeakMap<object, number>();

/** Sorts runs until as many are sorted in this turn as may be. Returns true if all are in order. */
function sortInTurn(overlay: Overlay): boolean {
  const before = sortedRuns.get(overlay) ?? 0;
  let runs = before;
  for (const { sorted } of overlay.visible) while (runs < SCAN_SORT_RUNS && sorted.sortNext()) runs++;
  if (before === 0 && runs > 0) setImmediate(() => sortedRuns.delete(overlay));
  if (runs > before) sortedRuns.set(overlay, runs);
  return runs < SCAN_SORT_RUNS;
}

/**
 * Sorts the layers, a few runs in a turn, however many scans wait. Resolves in the turn in which everything is in order.
 * Returns false if the writes go on faster than that, or `isOver`.
 */
export async function sortLayers(overlay: Overlay, isOver: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < SCAN_SORT_TURNS_MAX && !isOver(); turn++) {
    if (sortInTurn(overlay)) return true;
    await nextTurn();
  }
  return false;
}

/** Whether `layEntries` can only find too much, so that the layers need not be sorted for it. */
export function holdsTooMuch(overlay: Overlay, { range, limit }: RangeWanted): boolean {
  if (range.from.length > 0 || range.to !== undefined || limit <= SCAN_LAID_ENTRIES_MAX) return false;
  const largest = Math.max(...overlay.visible.map(({ count }) => count));
  return largest > SCAN_LAID_ENTRIES_MAX;
}

/** Returns undefined if memory holds too much of the range for one turn. */
export function layEntries(overlay: Overlay, wanted: RangeWanted, nowMs: number): LaidEntries | undefined {
  const { keys, limit, keysOnly } = wanted;
  const { visible } = overlay;
  const entries: LaidEntry[] = [];
  const runs = runsOf(visible);
  let [steps, bytes, live] = [stepsToOpen(runs, wanted.range), 0, 0];
  if (steps > TURN_STEPS_MAX) return undefined;
  const merge = new RunMerge(runs, wanted);
  for (let key = merge.next(); key && live < limit; key = merge.next()) {
    steps += STEPS_OF_KEY + keys.stepsFor(key.length);
    if (steps > TURN_STEPS_MAX) return undefined;
    if (!keys.matches(key)) continue;
    const known = knownOf(overlay.lookUp(key), keysOnly);
    const whole = known && 'value' in known ? known : undefined;
    bytes += key.length + (whole?.value.length ?? 0);
    if (entries.length === SCAN_LAID_ENTRIES_MAX || bytes > SCAN_LAID_BYTES_MAX) return undefined;
    entries.push({ key: Buffer.from(key), known });
    if (whole && !isExpired(whole.expiresAtMs, nowMs) && !isReserved(key)) live++;
  }
  return { entries, hidesDisk: visible.some((layer) => layer.cleared) };
}

/** A run, and the layer that has its entries. */
interface RunOfLayer {
  readonly layer: Layer;
  readonly run: Run;
}

function runsOf(layers: readonly Layer[]): RunOfLayer[] {
  return layers.flatMap((layer) => layer.sorted.all().map((run) => ({ layer, run })));
}

/** Steps to open so many runs: a binary search for each end of the range, and a place in the heap. */
function stepsToOpen(runs: readonly RunOfLayer[], { from, to }: KeyRange): number {
  const ends = (from.length > 0 ? 1 : 0) + (to === undefined ? 0 : 1);
  let comparisons = 0;
  for (const { run } of runs) comparisons += COMPARISONS_OF_PLACE + ends * Math.ceil(Math.log2(run.length + 1));
  const bytes = Math.max(from.length, to?.length ?? 0);
  const first = Math.min(bytes, NATIVE_BYTES_MIN);
  return Math.ceil(comparisons * (STEPS_OF_COMPARISON + first / FIRST_BYTES + (bytes - first) / FURTHER_BYTES));
}

/** Copies the value, which would otherwise keep its block in memory. */
function knownOf(hit: Entry | Miss | undefined, keysOnly: boolean): LaidEntry['known'] {
  if (hit === undefined || isMiss(hit)) return hit?.touch;
  return { ...hit, value: keysOnly ? NO_VALUE : Buffer.from(hit.value) };
}

/** A place in a run. */
interface Cursor extends RunOfLayer {
  at: number;
  /** The place at which the range is left. */
  readonly end: number;
  /** The entry at this place. */
  entry: number;
}

/** Merges the runs of all layers: a binary heap of cursors by their keys. A key that several layers have comes once. */
class RunMerge {
  readonly #heap: Cursor[] = [];
  readonly #step: 1 | -1;

  constructor(runs: readonly RunOfLayer[], { range, reverse }: RangeWanted) {
    this.#step = reverse ? -1 : 1;
    for (const { layer, run } of runs) this.#add(layer, run, range);
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  /** The next key, in the memory of its layer. Undefined at the end. */
  next(): Buffer | undefined {
    const first = this.#heap[0];
    if (!first) return undefined;
    const key = first.layer.key(first.entry);
    for (let one: Cursor | undefined = first; one?.layer.compareKey(one.entry, key) === 0; one = this.#heap[0])
      this.#advance(one);
    return key;
  }

  #add(layer: Layer, run: Run, { from, to }: KeyRange): void {
    const first = from.length === 0 ? 0 : placeOf(layer, run, from);
    const behind = to === undefined ? run.length : placeOf(layer, run, to);
    if (first >= behind) return;
    const [at, end] = this.#step === 1 ? [first, behind] : [behind - 1, first - 1];
    this.#heap.push({ layer, run, at, end, entry: run[at] as number });
  }

  /** @param cursor the first one of the heap. */
  #advance(cursor: Cursor): void {
    cursor.at += this.#step;
    if (cursor.at === cursor.end) {
      const last = this.#heap.pop() as Cursor;
      if (last === cursor) return;
      this.#heap[0] = last;
    } else {
      cursor.entry = cursor.run[cursor.at] as number;
    }
    this.#sink(0);
  }

  #isBefore(one: Cursor, other: Cursor): boolean {
    const { layer, entry } = one;
    const [bytes, right] = [layer.bytesOf(entry), other.layer.bytesOf(other.entry)];
    const [start, end] = [other.layer.keyStart(other.entry), other.layer.keyEnd(other.entry)];
    return compareBytes(bytes, layer.keyStart(entry), layer.keyEnd(entry), right, start, end) * this.#step < 0;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const sinking = heap[from] as Cursor;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#isBefore(heap[child + 1] as Cursor, heap[child] as Cursor)) child++;
      if (!this.#isBefore(heap[child] as Cursor, sinking)) break;
      heap[at] = heap[child] as Cursor;
      at = child;
    }
    heap[at] = sinking;
  }
}

/** The place of the first key in the run that is not before `key`. */
function placeOf(layer: Layer, run: Run, key: Buffer): number {
  return firstIndex(run.length, (at) => layer.compareKey(run[at] as number, key) >= 0);
}
