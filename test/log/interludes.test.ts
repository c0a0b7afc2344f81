/** What is said between blocks: kept in its place, for as long as there is room, and counted. */
import assert from 'node:assert/strict';
import { type Due, type Handed, type InterludeReader, Interludes } from '../../src/log/interludes.js';
import type { LivePlace } from '../../src/model/live-place.js';
import { ORIGIN } from '../../src/model/position.js';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);

const mark = (markId: string) => ({ kind: 'mark' as const, markId });
const data = (bytes: number) => ({ channel: Buffer.from('c'), data: Buffer.alloc(bytes) });
const message = (bytes: number) => ({ kind: 'message' as const, ...data(bytes) });

const idsOf = ({ placed }: Pick<Due, 'placed'>) =>
  placed.map(({ interlude }) => {
    if (interlude.kind === 'mark') return interlude.markId;
    return interlude.kind === 'message' ? interlude.data.length : `missed ${interlude.count}`;
  });

/** A ring of a log that ends where each call says. */
class Ring {
  readonly #log = { extent: { end: ORIGIN }, readers: { wake() {} } };
  readonly #interludes: Interludes;

  constructor(bytesMax?: number) {
    this.#interludes = new Interludes(this.#log, bytesMax);
  }

  push(offset: number, interlude: Parameters<Interludes['add']>[0]): void {
    this.#at(offset).add(interlude);
  }

  take(offset: number, handed: Handed): void {
    this.#at(offset).take(handed);
  }

  lead(offset: number, source: string, follows: LivePlace | undefined): void {
    this.#at(offset).lead(source, follows);
  }

  reader(): InterludeReader {
    return this.#interludes.reader();
  }

  get place(): LivePlace {
    return this.#interludes.place;
  }

  #at(offset: number): Interludes {
    this.#log.extent.end = { ...ORIGIN, offset };
    return this.#interludes;
  }
}

describe('interludes', () => {
  it('are given in order, each once, to a reader, from when it came and as far as it has read', () => {
    const interludes = new Ring();
    interludes.push(1, mark('a'));
    const reader = interludes.reader();
    assert.equal(reader.isBehind, false);
    interludes.push(1, mark('b'));
    interludes.push(5, mark('c'));
    assert.equal(reader.isBehind, true);
    const { placed, missed } = reader.take(4);
    assert.deepEqual([idsOf({ placed }), placed[0]?.offset, missed], [['b'], 1, 0]);
    assert.deepEqual(idsOf(reader.take(4)), []);
    assert.equal(reader.isBehind, true);
    assert.deepEqual(idsOf(reader.take(5)), ['c']);
    assert.equal(reader.isBehind, false);
  });

  it('leave when they take too many bytes, and a late reader learns how many', () => {
    const interludes = new Ring(3_200);
    for (let i = 0; i < 2; i++) interludes.push(i, message(500 + i));
    const reader = interludes.reader();
    interludes.push(2, mark('gone'));
    interludes.take(2, { missed: 7, messages: [] });
    for (let i = 2; i < 10; i++) interludes.push(i, message(500 + i));
    const { placed, missed } = reader.take(10);
    assert.deepEqual(idsOf({ placed }), [506, 507, 508, 509]);
    assert.equal(missed, 4 + 7);
    interludes.push(10, message(500));
    assert.equal(reader.take(10).missed, 0);
  });

  it('report once that messages have left the ring, also if the rest stands further on', () => {
    const interludes = new Ring(1_500);
    const reader = interludes.reader();
    for (let i = 0; i < 9; i++) interludes.push(i < 5 ? 1 : 8, message(500));
    const { missed } = reader.take(3);
    assert.equal(missed, 7);
    const left = reader.take(8);
    assert.deepEqual([idsOf(left), left.missed], [[500, 500], 0]);
  });

  it('keep the last one, however large it is', () => {
    const interludes = new Ring(100);
    const reader = interludes.reader();
    interludes.push(1, message(10));
    interludes.push(2, message(5_000));
    assert.deepEqual(idsOf(reader.take(2)), [5_000]);
  });

  describe('that come from an upstream', () => {
    it('are missed exactly if the same leader has published more meanwhile', () => {
      const interludes = new Ring();
      interludes.take(1, { place: { source: A, count: 10 }, missed: 0, messages: [data(1)] });
      const reader = interludes.reader();
      interludes.take(1, { place: { source: A, count: 14 }, missed: 0, messages: [data(2)] });
      assert.deepEqual(idsOf(reader.take(1)), ['missed 3', 2]);
      assert.deepEqual(interludes.place, { source: A, count: 15 });
    });

    it('are not taken twice from an upstream that is further behind', () => {
      const interludes = new Ring();
      interludes.take(1, { place: { source: A, count: 10 }, missed: 0, messages: [data(1), data(2)] });
      const reader = interludes.reader();
      interludes.take(1, { place: { source: A, count: 9 }, missed: 0, messages: [] });
      interludes.take(1, { place: { source: A, count: 9 }, missed: 0, messages: [data(0), data(1), data(2), data(3)] });
      assert.deepEqual(idsOf(reader.take(1)), [3]);
      assert.deepEqual(interludes.place, { source: A, count: 13 });
    });

    it('are counted across a hand-over, but not across a promotion', () => {
      const interludes = new Ring();
      interludes.take(1, { place: { source: A, count: 10 }, missed: 0, messages: [] });
      const reader = interludes.reader();
      const follows = { source: A, count: 12 };
      interludes.take(1, { place: { source: B, count: 3, follows }, missed: 0, messages: [data(1)] });
      interludes.take(2, { place: { source: A, count: 40 }, missed: 0, messages: [] });
      assert.deepEqual(idsOf(reader.take(2)), ['missed 5', 1, 'missed undefined']);
    });

    it('report an upstream that does not count, and an empty report changes nothing', () => {
      const interludes = new Ring();
      interludes.take(1, { missed: 0, messages: [data(1)] });
      const reader = interludes.reader();
      interludes.take(1, { missed: 4, messages: [data(2)] });
      assert.deepEqual(idsOf(reader.take(1)), ['missed 4', 2]);
      interludes.take(1, { place: { source: A, count: 10 }, missed: 0, messages: [] });
      interludes.take(1, { missed: 0, messages: [] });
      assert.deepEqual(interludes.place, { source: A, count: 10 });
    });
  });

  it('of a leader have a name of their own, and continue across a hand-over', () => {
    const [giver, taker] = [new Ring(), new Ring()];
    giver.lead(0, A, undefined);
    for (let i = 0; i < 5; i++) giver.push(1, message(i));
    taker.take(1, { place: { source: A, count: 0 }, missed: 0, messages: [data(1), data(2), data(3)] });
    const reader = taker.reader();
    taker.lead(1, B, giver.place);
    taker.push(1, message(9));
    assert.deepEqual(idsOf(reader.take(1)), ['missed 2', 9]);
    giver.take(1, { place: { source: B, count: 1, follows: giver.place }, missed: 0, messages: [] });
    assert.deepEqual(giver.place.count, 1);
  });
});
