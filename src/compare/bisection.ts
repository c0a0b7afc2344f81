/**
 * The ranges in which two keyspaces differ, found by digests of ranges alone. A range that differs is cut into pieces,
 * of an equal number of keys on the side that has more of them. Both sides are asked for the pieces' digests. Only
 * pieces that differ are cut further, until they are small enough to compare each key. The number of rounds is
 * logarithmic in the number of keys. Memory is bounded, however much differs. Pure, except for the answers of the
 * sides.
 */

import { HeadwaterError } from '../base/errors.js';
import {
  BISECTION_FAN_OUT,
  BISECTION_LEAF_KEYS,
  DIFFERENCES_BYTES_MAX,
  DIFFERENCES_MAX,
  RANGES_CALL_BYTES,
  RANGES_IN_CALL_MAX,
} from '../base/limits.js';
import { type KeyRange, keyBehind, type RangeDigest } from '../model/key-range.js';

/** A frozen keyspace that gives digests of its ranges. */
export interface Side {
  /** The digests of the pieces of all ranges, in order. `cuts` holds the keys of a piece for each range; 0: not cut. */
  digests(ranges: readonly KeyRange[], cuts: readonly number[]): AsyncIterable<RangeDigest>;
}

/** A key range in which two keyspaces differ. */
export interface RangeDifference extends KeyRange {
  /** Keys in the range, on either side. */
  readonly ourKeys: number;
  readonly theirKeys: number;
  /** Keys that only we have, keys that only they have, and keys that both have with another value or expiry. */
  readonly missing: number;
  readonly extra: number;
  readonly changed: number;
  /** Keys whose records do not match their checksums, on our side and on theirs. No other count includes them. */
  readonly ourDamaged: number;
  readonly theirDamaged: number;
  /** Why the range could not be read; empty if it was. */
  readonly unreadable: string;
}

/** The differences of two keyspaces. */
export interface Differences {
  /** The ranges in key order; no two of them touch. */
  readonly ranges: readonly RangeDifference[];
  /** A range that holds all other differences, if there are more than are listed one by one. */
  readonly more: KeyRange | undefined;
}

/** The content of a range on one side. */
type Summary = Pick<RangeDigest, 'keys' | 'digest' | 'damaged' | 'unreadable'>;

/** A range that is known to differ. */
interface Suspect {
  readonly range: KeyRange;
  readonly ours: Summary;
  readonly theirs: Summary;
}

const EVERYTHING: KeyRange = { from: Buffer.alloc(0), to: undefined };
const NO_DIGEST = Buffer.alloc(0);
/** Small ranges that are compared key by key before the number of differences is checked again. */
const LISTED_TOGETHER = 64;

/**
 * @param keys the number of keys on either side; undefined if unknown.
 * @returns no ranges if the two keyspaces are equal after all.
 */
export async function findDifferences(
  ours: Side,
  theirs: Side,
  keys: { readonly ours: number; readonly theirs: number | undefined },
): Promise<Differences> {
  const kept = new Kept();
  const counted = (count: number): Summary => ({ keys: count, digest: NO_DIGEST, damaged: 0, unreadable: '' });
  const unknown = keys.theirs === undefined ? await all(theirs) : counted(keys.theirs);
  let suspects: readonly Suspect[] = [{ range: EVERYTHING, ours: counted(keys.ours), theirs: unknown }];
  while (suspects.some((suspect) => !isSmall(suspect))) {
    const next: Suspect[] = [];
    for (const batch of batches(suspects, ({ range }) => BISECTION_FAN_OUT * bytesOf(range)))
      next.push(...(await goInto(batch, ours, theirs)));
    suspects = kept.of(next, ({ range }) => range);
  }
  const ranges: RangeDifference[] = [];
  for (const batch of batches(suspects, ({ range }) => BISECTION_LEAF_KEYS * bytesOf(range), LISTED_TOGETHER)) {
    if (ranges.length >= DIFFERENCES_MAX) {
      kept.leaveOut(batch.map(({ range }) => range));
      continue;
    }
    for (const range of await lookAt(batch, ours, theirs)) {
      const touched = ranges.at(-1)?.to?.equals(range.from) ? ranges.pop() : undefined;
      ranges.push(touched ? joined(touched, range) : range);
    }
  }
  return { ranges: kept.of(ranges, (range) => range), more: kept.more };
}

async function all(side: Side): Promise<Summary> {
  for await (const { piece } of piecesOf(side, [EVERYTHING], [])) return piece;
  throw incomplete(1, 0);
}

/** The first findings in key order, as many as the bounds allow, and the range of all others. */
class Kept {
  more: KeyRange | undefined;

  of<T>(found: readonly T[], rangeOf: (one: T) => KeyRange): readonly T[] {
    let count = 0;
    for (let bytes = 0; count < Math.min(found.length, DIFFERENCES_MAX); count++) {
      bytes += bytesOf(rangeOf(found[count] as T));
      if (count > 0 && bytes > DIFFERENCES_BYTES_MAX) break;
    }
    this.leaveOut(found.slice(count).map(rangeOf));
    return found.slice(0, count);
  }

  /** Leaves out ranges that are in key order, wherever earlier ranges that were left out lie. */
  leaveOut(ranges: readonly KeyRange[]): void {
    const [first, last] = [ranges[0], ranges.at(-1)];
    if (!first || !last) return;
    const { from, to } = this.more ?? { from: first.from, to: last.to };
    this.more = {
      from: Buffer.compare(from, first.from) < 0 ? from : first.from,
      to: !to || !last.to ? undefined : Buffer.compare(to, last.to) > 0 ? to : last.to,
    };
  }
}

/** Whether a cut gains nothing: the range has few keys, or one side has none of them, or neither side can be read. */
function isSmall({ ours, theirs }: Suspect): boolean {
  const readable = [ours, theirs].filter(({ unreadable }) => unreadable === '');
  const most = Math.max(0, ...readable.map(({ keys }) => keys));
  if (most <= BISECTION_LEAF_KEYS) return true;
  return readable.length === 2 && (ours.keys === 0 || theirs.keys === 0);
}

/** The pieces of these ranges that differ. Small ranges are returned uncut. */
async function goInto(suspects: readonly Suspect[], ours: Side, theirs: Side): Promise<Suspect[]> {
  const large = suspects.filter((suspect) => !isSmall(suspect));
  const pieces = new Map<Suspect, Suspect[]>(large.map((suspect) => [suspect, []]));
  const byUs = large.filter(weCut);
  const byThem = large.filter((suspect) => !weCut(suspect));
  for (const [suspect, piece] of await cut(byUs, ours, theirs, (suspect) => suspect.ours.keys))
    pieces.get(suspect)?.push(piece);
  for (const [suspect, { range, ours: one, theirs: other }] of await cut(
    byThem,
    theirs,
    ours,
    (suspect) => suspect.theirs.keys,
  ))
    pieces.get(suspect)?.push({ range, ours: other, theirs: one });
  return suspects.flatMap((suspect) => pieces.get(suspect) ?? [suspect]);
}

function weCut({ ours, theirs }: Suspect): boolean {
  if (ours.unreadable !== '' || theirs.unreadable !== '') return theirs.unreadable !== '';
  return ours.keys >= theirs.keys;
}

/** The pieces that differ, each with its range; `ours` is the side that cuts. */
async function cut(
  suspects: readonly Suspect[],
  ours: Side,
  theirs: Side,
  keysOf: (suspect: Suspect) => number,
): Promise<Array<[Suspect, Suspect]>> {
  if (suspects.length === 0) return [];
  const ranges = suspects.map(({ range }) => range);
  // A piece below the size that is compared key by key would give no more information.
  const cutOf = (keys: number) => Math.max(BISECTION_LEAF_KEYS, Math.ceil(keys / BISECTION_FAN_OUT));
  const cuts = suspects.map((suspect) => cutOf(keysOf(suspect)));
  const pieces: Array<{ of: Suspect; range: KeyRange; ours: Summary }> = [];
  for await (const { range, piece } of piecesOf(ours, ranges, cuts))
    pieces.push({ of: suspects[piece.range] as Suspect, range, ours: piece });
  const differing: Array<[Suspect, Suspect]> = [];
  for (const batch of batches(pieces, ({ range }) => bytesOf(range))) {
    const asked = batch.map(({ range }) => range);
    for await (const { piece } of piecesOf(theirs, asked, [])) {
      const { of, range, ours: first } = batch[piece.range] as (typeof batch)[number];
      if (differ(first, piece)) differing.push([of, { range, ours: first, theirs: piece }]);
    }
  }
  return differing;
}

function differ(one: Summary, other: Summary): boolean {
  const sound = [one, other].every(({ damaged, unreadable }) => damaged === 0 && unreadable === '');
  return !sound || one.keys !== other.keys || !one.digest.equals(other.digest);
}

/** The answers of a side, each with the range of its piece. */
async function* piecesOf(
  side: Side,
  ranges: readonly KeyRange[],
  cuts: readonly number[],
): AsyncGenerator<{ range: KeyRange; piece: RangeDigest }> {
  let index = 0;
  let from = ranges[0]?.from;
  for await (const piece of side.digests(ranges, cuts)) {
    const of = ranges[index];
    if (!of || !from || piece.range !== index) throw incomplete(ranges.length, index);
    const to = piece.end ? of.to : keyBehind(piece.lastKey);
    yield { range: { from, to }, piece };
    if (piece.end) index++;
    from = piece.end ? ranges[index]?.from : to;
  }
  if (index !== ranges.length) throw incomplete(ranges.length, index);
}

function incomplete(expected: number, received: number): HeadwaterError {
  return new HeadwaterError(
    'protocol_violation',
    `a node sent a wrong answer: expected the digests of ${expected} key ranges, received ${received}`,
  );
}

// ---- key by key -------------------------------------------------------------------

/** Compares each key of ranges that hold few of them. */
async function lookAt(suspects: readonly Suspect[], ours: Side, theirs: Side): Promise<RangeDifference[]> {
  const few = suspects.filter(hasFewKeys);
  const ranges = few.map(({ range }) => range);
  const [here, there] = [await listingsOf(ours, ranges), await listingsOf(theirs, ranges)];
  return suspects.flatMap((suspect) => {
    const i = few.indexOf(suspect);
    if (i < 0) return [asAWhole(suspect)];
    const unreadable = here[i]?.unreadable || there[i]?.unreadable;
    if (unreadable) return [{ ...asAWhole(suspect), unreadable }];
    return runsOf((here[i] as Listing).keys, (there[i] as Listing).keys);
  });
}

function hasFewKeys({ ours, theirs }: Suspect): boolean {
  return [ours, theirs].every(({ keys, unreadable }) => keys <= BISECTION_LEAF_KEYS && unreadable === '');
}

/** The difference for a whole range: only one side has keys there, or the range cannot be read. */
function asAWhole({ range, ours, theirs }: Suspect): RangeDifference {
  const readable = ours.unreadable === '' && theirs.unreadable === '';
  return {
    ...range,
    ourKeys: ours.keys,
    theirKeys: theirs.keys,
    missing: readable ? ours.keys - ours.damaged : 0,
    extra: readable ? theirs.keys - theirs.damaged : 0,
    changed: 0,
    ourDamaged: ours.damaged,
    theirDamaged: theirs.damaged,
    unreadable: ours.unreadable || theirs.unreadable,
  };
}

interface ListedKey {
  readonly key: Buffer;
  /** The digest of the key's record. */
  readonly digest: Buffer;
  readonly damaged: boolean;
}

/** The keys of a range. */
interface Listing {
  readonly keys: ListedKey[];
  unreadable: string;
}

async function listingsOf(side: Side, ranges: readonly KeyRange[]): Promise<readonly Listing[]> {
  const listings = ranges.map((): Listing => ({ keys: [], unreadable: '' }));
  if (ranges.length === 0) return listings;
  const cuts = ranges.map(() => 1);
  for await (const { piece } of piecesOf(side, ranges, cuts)) {
    const listing = listings[piece.range] as Listing;
    if (piece.end) listing.unreadable = piece.unreadable;
    else listing.keys.push({ key: piece.lastKey, digest: piece.digest, damaged: piece.damaged > 0 });
  }
  return listings;
}

/** Keys that differ; neighbouring keys are one range. */
function runsOf(here: Listing['keys'], there: Listing['keys']): RangeDifference[] {
  const runs: RangeDifference[] = [];
  let open = false;
  let [i, j] = [0, 0];
  while (i < here.length || j < there.length) {
    const [ours, theirs] = [here[i], there[j]];
    const order = !ours ? 1 : !theirs ? -1 : Buffer.compare(ours.key, theirs.key);
    const run = compareKey(order <= 0 ? ours : undefined, order >= 0 ? theirs : undefined);
    if (order <= 0) i++;
    if (order >= 0) j++;
    const before = open && run ? runs.pop() : undefined;
    if (run) runs.push(before ? joined(before, run) : run);
    open = run !== undefined;
  }
  return runs;
}

/** The difference at one key; undefined if both sides have the same record. */
function compareKey(ours: ListedKey | undefined, theirs: ListedKey | undefined): RangeDifference | undefined {
  const key = (ours ?? theirs)?.key as Buffer;
  const one = {
    from: key,
    to: keyBehind(key),
    ourKeys: ours ? 1 : 0,
    theirKeys: theirs ? 1 : 0,
    missing: 0,
    extra: 0,
    changed: 0,
    ourDamaged: ours?.damaged ? 1 : 0,
    theirDamaged: theirs?.damaged ? 1 : 0,
    unreadable: '',
  };
  if (one.ourDamaged + one.theirDamaged > 0) return one;
  if (!theirs) return { ...one, missing: 1 };
  if (!ours) return { ...one, extra: 1 };
  return ours.digest.equals(theirs.digest) ? undefined : { ...one, changed: 1 };
}

function joined(one: RangeDifference, other: RangeDifference): RangeDifference {
  return {
    from: one.from,
    to: other.to,
    ourKeys: one.ourKeys + other.ourKeys,
    theirKeys: one.theirKeys + other.theirKeys,
    missing: one.missing + other.missing,
    extra: one.extra + other.extra,
    changed: one.changed + other.changed,
    ourDamaged: one.ourDamaged + other.ourDamaged,
    theirDamaged: one.theirDamaged + other.theirDamaged,
    unreadable: one.unreadable || other.unreadable,
  };
}

// ---- what fits into one call --------------------------------------------------------

function* batches<T>(
  all: readonly T[],
  bytes: (one: T) => number,
  countMax = RANGES_IN_CALL_MAX,
): Generator<readonly T[]> {
  for (let from = 0; from < all.length; ) {
    let size = 0;
    let to = from;
    while (to < all.length && to - from < countMax) {
      size += bytes(all[to] as T);
      if (to > from && size > RANGES_CALL_BYTES) break;
      to++;
    }
    yield all.slice(from, to);
    from = to;
  }
}

function bytesOf({ from, to }: KeyRange): number {
  return from.length + (to?.length ?? 0) + 16;
}
