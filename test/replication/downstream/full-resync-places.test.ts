/** The places for full resyncs: who goes first, and who waits for whom. */
import assert from 'node:assert/strict';
import { FullResyncPlaces } from '../../../src/replication/downstream/full-resync-places.js';

const NEVER = new AbortController().signal;

describe('the places for full resyncs', () => {
  const numbers = (places: ReadonlyArray<{ readonly number: number }>) => places.map(({ number }) => number);

  it('are given in the order in which the followers came', () => {
    const places = new FullResyncPlaces(2);
    const taken = [1, 2, 3, 4, 5].map(() => places.ask());
    assert.deepEqual(numbers(taken), [0, 0, 1, 2, 3]);
    assert.deepEqual([places.sending, places.waiting], [2, 3]);
    taken[1]?.leave();
    assert.deepEqual(numbers(taken.filter((_, index) => index !== 1)), [0, 0, 1, 2]);
    assert.deepEqual([places.sending, places.waiting], [2, 2]);
  });

  it('are left once, also by a follower that still waits', () => {
    const places = new FullResyncPlaces(1);
    const [first, second, third] = [places.ask(), places.ask(), places.ask()];
    second.leave();
    second.leave();
    assert.equal(third.number, 1);
    first.leave();
    first.leave();
    assert.deepEqual([third.number, places.sending, places.waiting], [0, 1, 0]);
  });

  it('become more and fewer, and take nothing away from a resync that runs', () => {
    const places = new FullResyncPlaces(1);
    const taken = [1, 2, 3, 4].map(() => places.ask());
    places.allow(3);
    assert.deepEqual(numbers(taken), [0, 0, 0, 1]);
    places.allow(1);
    assert.deepEqual(numbers(taken), [0, 0, 0, 1]);
    taken[0]?.leave();
    taken[1]?.leave();
    assert.equal(taken[3]?.number, 1);
    taken[2]?.leave();
    assert.equal(taken[3]?.number, 0);
  });

  it('tell a follower that it has moved up, and nothing before', async () => {
    const places = new FullResyncPlaces(1);
    const [first, , third] = [places.ask(), places.ask(), places.ask()];
    const heard: number[] = [];
    const moved = third.whenMoved(NEVER).then(() => heard.push(third.number));
    places.allow(1);
    await Promise.resolve();
    assert.deepEqual(heard, []);
    first.leave();
    await moved;
    assert.deepEqual(heard, [1]);
  });

  it('let go a follower whose session ends', async () => {
    const places = new FullResyncPlaces(1);
    places.ask();
    const ending = new AbortController();
    const moved = places.ask().whenMoved(ending.signal);
    ending.abort();
    await moved;
  });
});
