/** What a client tells of its connection: events, and a state. Reads for the leader at a client that finds none. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { HeadwaterError } from '../../src/base/errors.js';
import { Client, type ClientOptions } from '../../src/client/client.js';
import type { ClientEvents } from '../../src/client/events.js';
import { closeAll, closing, until } from '../rpc/harness.js';
import { refusedWith } from '../support/refusals.js';
import { Place } from './place.js';

const retry = { minMs: 1, maxMs: 2 };

describe('the connection of a client', () => {
  let all: Place[];
  let leader: Place;
  let follower: Place;
  beforeEach(async () => {
    all = [];
    leader = await Place.start(0, true, all);
    follower = await Place.start(0, false, all);
    follower.store.leader = leader.address;
  });
  afterEach(closeAll);

  const connect = async (addresses: readonly string[], options: ClientOptions = {}) =>
    closing(await Client.connect(addresses, { retry, ...options }));

  function promote(): void {
    follower.leads = true;
    follower.epoch = 2;
    follower.store.leader = undefined;
  }

  function record(db: Client): string[] {
    const seen: string[] = [];
    db.on('lost', ({ address, reason }) => seen.push(`lost ${address} ${HeadwaterError.is(reason)}`));
    db.on('connected', ({ address }) => seen.push(`connected ${address}`));
    db.on('moved', ({ from, to, reason }) => seen.push(`moved ${from} ${to} ${reason?.code}`));
    return seen;
  }

  it('is told from loss over reconnection to a new leader, and to the end', async () => {
    const db = await connect([leader.address, follower.address]);
    const seen = record(db);
    assert.deepEqual(db.connection, {
      status: 'connected',
      address: leader.address,
      readsFrom: leader.address,
      isStale: false,
    });
    await leader.server.stop({ graceMs: 0 });
    await until(() => seen.length > 0, 'the loss');
    assert.equal(db.connection.status, 'connecting');
    assert(HeadwaterError.is(db.connection.reason));
    promote();
    await db.set('a', '1');
    await leader.serve();
    leader.leads = true;
    leader.epoch = 3;
    await follower.server.stop({ graceMs: 0 });
    await db.set('a', '2');
    const steps = [
      `lost ${leader.address} true`,
      `connected ${follower.address}`,
      `lost ${follower.address} true`,
      `connected ${leader.address}`,
    ];
    assert.deepEqual(seen, steps);
    await db.close();
    assert.deepEqual(seen, steps, 'the end that the caller asked for is no loss');
    assert.equal(db.connection.status, 'closed');
  });

  it('is told when it moves, with the refusal', async () => {
    const db = await connect([follower.address]);
    const seen = record(db);
    await db.set('a', '1');
    assert.deepEqual(seen, [`moved ${follower.address} ${leader.address} read_only_follower`]);
  });

  it('names the node that reads go to', async () => {
    const db = await connect([leader.address, follower.address], { readFrom: 'followers' });
    const { address, readsFrom } = db.connection;
    assert.deepEqual([address, readsFrom], [leader.address, follower.address]);
  });

  it('has listeners that may fail, end, or listen once, and no other event', async () => {
    const db = await connect([leader.address]);
    const seen: string[] = [];
    const warned = Promise.all([1, 2].map(() => once(process, 'warning')));
    const removed = () => seen.push('removed');
    db.on('lost', () => {
      throw new Error('a bug of the program');
    });
    db.on('lost', async () => {
      throw new Error('another bug');
    });
    db.on('lost', removed).off('lost', removed).off('lost', removed);
    db.once('lost', () => seen.push('once'));
    db.on('lost', () => seen.push('each'));
    for (let i = 0; i < 2; i++) {
      await leader.server.stop({ graceMs: 0 });
      await leader.serve();
      await db.set('a', '1');
    }
    assert.deepEqual(seen, ['once', 'each', 'each']);
    const [warning] = (await warned).flat() as Error[];
    assert.match(warning?.message ?? '', /^a listener of the event "lost" of a Headwater client failed: Error: a/);
    const wrong = 'close' as keyof ClientEvents;
    assert.throws(() => db.on(wrong, () => {}), {
      code: 'invalid_argument',
      message: /expected one of connected, moved/,
    });
    assert.throws(() => db.on('lost', undefined as never), { code: 'invalid_argument' });
  });

  describe('while no node leads', () => {
    it('answers no read for the leader: the read waits, and then says why', async () => {
      const db = await connect([leader.address, follower.address]);
      await leader.server.stop({ graceMs: 0 });
      const reads = [
        (timeoutMs: number) => db.get('who', { timeoutMs }),
        (timeoutMs: number) => db.dbsize({ timeoutMs }),
        (timeoutMs: number) => db.keys('', { timeoutMs }),
        (timeoutMs: number) => db.scan({ timeoutMs }).next(),
      ];
      for (const read of reads) {
        const error = await refusedWith('no_leader', read(500));
        assert.match(error.message, /Start the leader, or promote a follower/);
      }
      const waiting = reads.map((read) => read(10_000));
      promote();
      await Promise.all(waiting);
    });

    it('reads where it is if it means one node', async () => {
      const db = await connect([follower.address], { redirect: false });
      assert.equal(await db.get('who'), follower.address);
      assert.deepEqual(await db.keys(), ['who']);
      assert.equal(db.connection.isStale, false);
    });

    it('reads stale data if it may, says so, and writes wait; reads go to the next leader', async () => {
      const db = await connect([leader.address, follower.address], { staleReads: true });
      assert.equal(await db.get('who'), leader.address);
      await leader.server.stop({ graceMs: 0 });
      const write = db.set('a', '1');
      assert.equal(await db.get('who'), follower.address);
      assert.equal(await db.dbsize(), 1);
      assert.deepEqual(db.connection, {
        status: 'connected',
        address: follower.address,
        readsFrom: follower.address,
        isStale: true,
      });
      promote();
      await write;
      assert.equal(db.connection.isStale, false);
    });

    it('finds the next leader also if it only reads', async () => {
      const db = await connect([leader.address, follower.address], { staleReads: true });
      await leader.server.stop({ graceMs: 0 });
      assert.equal(await db.get('who'), follower.address);
      assert(db.connection.isStale);
      await leader.serve();
      for (const over = performance.now() + 10_000; db.connection.isStale; await db.get('who'))
        assert(performance.now() < over, 'expected the client to find the leader');
      assert.equal(await db.get('who'), leader.address);
    });
  });
});
