/**
 * Two sides hold keyspaces that differ in random keys, and ask each other for
 * digests of ranges. The search must find every difference, nothing else, and in few
 * rounds.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { DIFFERENCES_MAX } from '../../src/base/limits.js';
import { type Differences, findDifferences, type Side } from '../../src/compare/bisection.js';
import { isInRange, type KeyRange, type RangeDigest } from '../../src/model/key-range.js';
import { seededRandom, seedOfThisRun } from '../support/random.js';

const RUNS = 150;

interface ModelRecord {
  value: string;
  damaged?: boolean;
}

type Model = Map<string, ModelRecord>;

/** A keyspace that tells digests, and counts what it is asked. */
class ModelSide implements Side {
  calls = 0;
  /** Keys that were digested. */
  read = 0;
  readonly #keys: Array<[key: Buffer, record: ModelRecord]>;
  /** Reading behind this key fails; undefined: nowhere. */
  readonly #unreadableFrom: Buffer | undefined;

  constructor(model: Model, unreadableFrom?: string) {
    this.#keys = [...model].map(([key, record]): [Buffer, ModelRecord] => [Buffer.from(key, 'latin1'), record]);
    this.#keys.sort(([a], [b]) => Buffer.compare(a, b));
    this.#unreadableFrom = unreadableFrom === undefined ? undefined : Buffer.from(unreadableFrom, 'latin1');
  }

  async *digests(ranges: readonly KeyRange[], cuts: readonly number[]): AsyncGenerator<RangeDigest> {
    this.calls++;
    for (const [range, of] of ranges.entries()) {
      let piece = this.#piece();
      let unreadable = '';
      for (const [key, { value, damaged = false }] of this.#from(of)) {
        if (this.#unreadableFrom && Buffer.compare(key, this.#unreadableFrom) >= 0) {
          unreadable = 'this cannot be read';
          break;
        }
        this.read++;
        piece.keys++;
        if (damaged) piece.damaged++;
        else piece.hash.update(`${key.toString('hex')}=${value};`);
        if (piece.keys !== cuts[range]) continue;
        const { keys, damaged: count, hash } = piece;
        yield { range, lastKey: key, end: false, keys, digest: hash.digest(), damaged: count, unreadable: '' };
        piece = this.#piece();
      }
      const { keys, damaged, hash } = piece;
      yield { range, lastKey: Buffer.alloc(0), end: true, keys, digest: hash.digest(), damaged, unreadable };
    }
  }

  *#from(range: KeyRange): Generator<[Buffer, ModelRecord]> {
    let [low, high] = [0, this.#keys.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (Buffer.compare((this.#keys[middle] as [Buffer, ModelRecord])[0], range.from) < 0) low = middle + 1;
      else high = middle;
    }
    for (; low < this.#keys.length; low++) {
      const entry = this.#keys[low] as [Buffer, ModelRecord];
      if (!isInRange(entry[0], range)) return;
      yield entry;
    }
  }

  #piece() {
    return { keys: 0, damaged: 0, hash: createHash('sha256') };
  }
}

type Kind = 'missing' | 'extra' | 'changed' | 'damaged';

function kindOf(ours: ModelRecord | undefined, theirs: ModelRecord | undefined): Kind | undefined {
  if (ours?.damaged || theirs?.damaged) return 'damaged';
  if (!theirs) return 'missing';
  if (!ours) return 'extra';
  return ours.value === theirs.value ? undefined : 'changed';
}

/** What differs, by key. */
function differing(ours: Model, theirs: Model): Map<string, Kind> {
  const kinds = new Map<string, Kind>();
  for (const key of [...new Set([...ours.keys(), ...theirs.keys()])].sort()) {
    const kind = kindOf(ours.get(key), theirs.get(key));
    if (kind) kinds.set(key, kind);
  }
  return kinds;
}

function assertFound({ ranges, more }: Differences, ours: Model, theirs: Model): void {
  const expected = differing(ours, theirs);
  const keys = [...new Set([...ours.keys(), ...theirs.keys()])].map((name) => ({
    name,
    key: Buffer.from(name, 'latin1'),
  }));
  keys.sort((a, b) => Buffer.compare(a.key, b.key));
  let next = 0;
  const missed = (name: string, key: Buffer) => expected.has(name) && !(more && isInRange(key, more));
  const passUntil = (isThere: (key: Buffer) => boolean) => {
    for (let one = keys[next]; one && !isThere(one.key); one = keys[++next])
      assert.ok(
        !missed(one.name, one.key),
        `${JSON.stringify(one.name)} is ${expected.get(one.name)}, and was not found`,
      );
  };
  for (const [i, range] of ranges.entries()) {
    const before = ranges[i - 1];
    if (before) assert.ok(before.to && Buffer.compare(before.to, range.from) <= 0, 'ranges are in order and apart');
    passUntil((key) => Buffer.compare(key, range.from) >= 0);
    const inside: string[] = [];
    for (let one = keys[next]; one && isInRange(one.key, range); one = keys[++next]) inside.push(one.name);
    const count = (kind: Kind) => inside.filter((name) => expected.get(name) === kind).length;
    const { ourKeys, theirKeys, missing, extra, changed, ourDamaged, theirDamaged } = range;
    const has = (model: Model) => inside.filter((name) => model.has(name)).length;
    assert.deepEqual([ourKeys, theirKeys], [has(ours), has(theirs)]);
    assert.deepEqual([missing, extra, changed], [count('missing'), count('extra'), count('changed')]);
    assert.equal(ourDamaged + theirDamaged, count('damaged'));
    assert.ok(
      inside.some((name) => expected.has(name)),
      'nothing is named that does not differ',
    );
  }
  passUntil(() => false);
  const last = ranges.at(-1);
  if (more && last) assert.ok(last.to && Buffer.compare(last.to, more.from) <= 0, 'what was left out comes behind');
}

const numbered = (count: number, from = 0): Model =>
  new Map(Array.from({ length: count }, (_, i) => [`k${String(from + i).padStart(7, '0')}`, { value: 'v' }]));

async function differencesOf(ours: Model, theirs: Model, unreadableFrom?: string) {
  const [one, other] = [new ModelSide(ours), new ModelSide(theirs, unreadableFrom)];
  const keys = { ours: ours.size, theirs: unreadableFrom === undefined ? theirs.size : undefined };
  const differences = await findDifferences(one, other, keys);
  return { differences, one, other };
}

describe('finding differences', () => {
  it(`finds all of ${RUNS} random sets of them, and nothing else`, async function () {
    this.timeout(60_000);
    const seed = seedOfThisRun();
    const random = seededRandom(seed);
    const below = (count: number) => Math.floor(random() * count);
    for (let run = 0; run < RUNS; run++) {
      const ours: Model = new Map();
      const size = below(2) === 0 ? below(100) : below(6_000);
      // Some keys are beginnings of others, some are beyond ASCII, one may be empty.
      for (let i = 0; i < size; i++)
        ours.set(String.fromCharCode(...Array.from({ length: below(6) }, () => below(256))), { value: 'v' });
      const theirs: Model = new Map([...ours].map(([key, record]) => [key, { ...record }]));
      const names = [...ours.keys()].sort();
      for (let changes = below(3) === 0 ? below(size + 1) : below(20); changes > 0; changes--) {
        const name = names[below(names.length)];
        const kind = below(5);
        if (kind === 0) theirs.set(`${name ?? ''}+${below(9)}`, { value: 'extra' });
        else if (name === undefined) continue;
        else if (kind === 1) theirs.delete(name);
        else if (kind === 2) theirs.set(name, { value: 'other' });
        else if (kind === 3) theirs.set(name, { value: 'v', damaged: true });
        else for (const side of names.slice(names.indexOf(name), names.indexOf(name) + below(300))) theirs.delete(side);
      }
      try {
        assertFound((await differencesOf(ours, theirs)).differences, ours, theirs);
      } catch (error) {
        throw new Error(`HEADWATER_SEED=${seed}, run ${run}: ${(error as Error).message}`, { cause: error });
      }
    }
  });

  it('names one key of 200,000 in few rounds, and reads little more than everything once', async () => {
    const ours = numbered(200_000);
    const theirs = new Map(ours).set('k0123456', { value: 'other' });
    const { differences, one, other } = await differencesOf(ours, theirs);
    assert.equal(differences.more, undefined);
    const [range, ...rest] = differences.ranges;
    assert.deepEqual(rest, []);
    assert.deepEqual([range?.from.toString(), range?.to?.toString(), range?.changed], ['k0123456', 'k0123456\0', 1]);
    for (const side of [one, other]) {
      assert.ok(side.calls <= 8, `${side.calls} calls`);
      assert.ok(side.read < 200_000 * 1.1, `${side.read} keys were read`);
    }
  });

  it('reports a side that has nothing in one range, and searches no further there', async () => {
    const { differences, one, other } = await differencesOf(numbered(50_000), new Map());
    const [range, ...rest] = differences.ranges;
    assert.deepEqual([rest.length, range?.from.length, range?.to, range?.missing], [0, 0, undefined, 50_000]);
    assert.deepEqual([one.read, other.read], [0, 0]);
  });

  it('reports missing neighbours as one range, however many', async () => {
    const ours = numbered(40_000);
    const theirs = new Map([...ours].filter((_, i) => i < 10_000 || i >= 30_000));
    const { differences } = await differencesOf(ours, theirs);
    assertFound(differences, ours, theirs);
    assert.ok(differences.ranges.length <= 20, `${differences.ranges.length} ranges`);
  });

  it('cuts by the keys of the side that has more', async () => {
    const ours = numbered(10);
    const theirs: Model = new Map(ours);
    for (const key of numbered(30_000).keys()) theirs.set(`k0000005${key}`, { value: 'x' });
    theirs.set('k0000007', { value: 'other' });
    const { differences, other } = await differencesOf(ours, theirs);
    assertFound(differences, ours, theirs);
    assert.ok(other.read < 2.5 * theirs.size, `${other.read} keys were read`);
  });

  it(`reports the first ${DIFFERENCES_MAX} ranges, and where others are, if all differs`, async () => {
    const ours = numbered(30_000);
    const theirs = new Map([...ours].map(([key], i) => [key, { value: i % 2 === 0 ? 'other' : 'v' }]));
    const { differences, one } = await differencesOf(ours, theirs);
    assert.equal(differences.ranges.length, DIFFERENCES_MAX);
    assert.ok(differences.more);
    assertFound(differences, ours, theirs);
    assert.ok(one.read <= 4 * ours.size, `${one.read} keys were read`);
  });

  it('reports the range if a side cannot be read', async () => {
    const ours = numbered(20_000);
    const { differences } = await differencesOf(ours, new Map(ours), 'k0015000');
    const [range, ...rest] = differences.ranges;
    assert.deepEqual(rest, []);
    assert.match(range?.unreadable ?? '', /cannot be read/);
    for (const key of ['k0015000', 'k0019999']) assert.ok(range && isInRange(Buffer.from(key), range));
  });

  it('finds nothing if nothing differs', async () => {
    const ours = numbered(1_000);
    assert.deepEqual((await differencesOf(ours, new Map(ours))).differences, { ranges: [], more: undefined });
  });

  it('refuses an answer to another question', async () => {
    const side: Side = { async *digests() {} };
    await assert.rejects(findDifferences(side, side, { ours: 1_000, theirs: 1_000 }), { code: 'protocol_violation' });
  });
});
