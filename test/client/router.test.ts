/** Which node a client reads from: three nodes of which the test decides how far away, how fresh and how alive they are. */
import assert from 'node:assert/strict';
import { NEAREST_AVOID_MS, NEAREST_REFRESH_MS } from '../../src/base/limits.js';
import { Client, type ClientOptions } from '../../src/client/client.js';
import { closeAll, closing, gate } from '../rpc/harness.js';
import { Place } from './place.js';

/** Far apart, so that a busy machine does not change their order. */
const NEAR_MS = 0;
const MIDDLE_MS = 80;
const FAR_MS = 250;

describe('a client that reads from the nearest node', () => {
  let leader: Place;
  let middle: Place;
  let far: Place;
  let addresses: string[];

  beforeEach(async () => {
    const all: Place[] = [];
    leader = await Place.start(NEAR_MS, true, all);
    middle = await Place.start(MIDDLE_MS, false, all);
    far = await Place.start(FAR_MS, false, all);
    for (const place of [middle, far]) place.store.leader = leader.address;
    addresses = [far, middle, leader].map(({ address }) => address);
  });
  afterEach(closeAll);

  const connect = async (options: ClientOptions): Promise<Client> => closing(await Client.connect(addresses, options));
  const whoAnswers = (db: Client): Promise<string | undefined> => db.get('who');

  it('chooses the leader if that is nearest, else the nearest follower if it prefers followers', async () => {
    assert.equal(await whoAnswers(await connect({ readFrom: 'nearest' })), leader.address);
    assert.equal(await whoAnswers(await connect({ readFrom: 'followers' })), middle.address);
    leader.awayMs = FAR_MS;
    assert.equal(await whoAnswers(await connect({ readFrom: 'nearest' })), middle.address);
    [middle.awayMs, far.awayMs] = [FAR_MS, NEAR_MS];
    assert.equal(await whoAnswers(await connect({ readFrom: 'followers' })), far.address);
  });

  it('sends writes to the leader, whatever is nearest', async () => {
    leader.awayMs = FAR_MS;
    const db = await connect({ readFrom: 'nearest' });
    await db.set('a', '1');
    assert.equal(db.address, leader.address);
    assert(leader.store.entries.has('a'));
    assert.equal(await db.get('a'), undefined, 'eventual: the follower that it reads from has no such key');
  });

  it('passes over followers that do not stream or serve, and falls back on the leader', async () => {
    middle.state = 'connecting';
    assert.equal(await whoAnswers(await connect({ readFrom: 'followers' })), far.address);
    far.unavailable = 'opening';
    assert.equal(await whoAnswers(await connect({ readFrom: 'followers' })), leader.address);
  });

  it('reads at the next one when the nearest goes away, and no read fails', async () => {
    const db = await connect({ readFrom: 'followers' });
    assert.equal(await whoAnswers(db), middle.address);
    const reading = Array.from({ length: 20 }, () => whoAnswers(db));
    const stopped = middle.server.stop({ graceMs: 0 });
    reading.push(...Array.from({ length: 20 }, () => whoAnswers(db)));
    const answers = new Set(await Promise.all(reading));
    assert(
      [...answers].every((who) => who !== undefined && addresses.includes(who)),
      [...answers].join(),
    );
    await stopped;
    assert.equal(await whoAnswers(db), far.address);
    await far.server.stop({ graceMs: 0 });
    assert.equal(await whoAnswers(db), leader.address);
  });

  it('asks the leader if a follower is too stale for a read, and avoids it for a while', async () => {
    const db = await connect({ readFrom: 'followers' });
    middle.fresh = false;
    assert.equal(await db.get('who', { maxStalenessMs: 5 }), leader.address);
    assert.equal(middle.asked.length, 1);
    assert.equal(await whoAnswers(db), leader.address, 'not again at once');
    middle.fresh = true;
    await new Promise((resolve) => setTimeout(resolve, NEAREST_AVOID_MS));
    assert.equal(await whoAnswers(db), middle.address);
  });

  it('asks the leader if a frozen follower does not answer in part of the time', async () => {
    const db = await connect({ readFrom: 'followers', consistency: 'session', timeoutMs: 20_000 });
    assert.equal(await whoAnswers(db), middle.address);
    middle.store.before = () => new Promise(() => {});
    const askedMs = performance.now();
    const answers = await Promise.all([
      ...Array.from({ length: 30 }, () => whoAnswers(db)),
      db.get('who', { timeoutMs: 4_000 }),
    ]);
    assert.deepEqual(new Set(answers), new Set([leader.address]));
    assert(performance.now() - askedMs < 10_000, `${performance.now() - askedMs} ms`);
  });

  it('comes back to its follower soon after that has restarted, as long as there is no other', async () => {
    await far.server.stop({ graceMs: 0 });
    const db = await connect({ readFrom: 'followers' });
    assert.equal(await whoAnswers(db), middle.address);
    await middle.server.stop({ graceMs: 0 });
    while ((await whoAnswers(db)) !== leader.address);
    await middle.serve();
    const backMs = performance.now();
    while ((await whoAnswers(db)) !== middle.address) {
      assert(performance.now() - backMs < NEAREST_REFRESH_MS / 2, 'reads stay at the leader');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });

  describe('with consistency session', () => {
    it('reads at the leader behind a pending write, and at the follower behind an answered one', async () => {
      const db = await connect({ readFrom: 'followers', consistency: 'session' });
      const held = gate();
      leader.store.before = () => held.promise;
      const written = db.set('who', 'written');
      const read = whoAnswers(db);
      held.open();
      assert.equal(await read, 'written');
      await written;
      assert.equal(middle.reads, 0);
      assert.equal(await whoAnswers(db), middle.address);
      assert.deepEqual(middle.asked.at(-1)?.atLeast, leader.store.position);
    });

    it('never goes back: what one node has shown, another is asked for', async () => {
      const db = await connect({ readFrom: 'followers', consistency: 'session' });
      middle.store.offset = 500;
      assert.equal(await whoAnswers(db), middle.address);
      await middle.server.stop({ graceMs: 0 });
      assert.equal(await whoAnswers(db), far.address);
      assert.equal(far.asked.at(-1)?.atLeast?.offset, 500);
    });
  });
});
