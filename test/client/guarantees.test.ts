/** What a caller asks beside its commands, and what the client asks by itself. */
import assert from 'node:assert/strict';
import type { DurabilityReached } from '../../src/base/error-details.js';
import { DurabilityNotReached, HeadwaterError } from '../../src/base/errors.js';
import { FRESH_STEP_MS } from '../../src/base/limits.js';
import { Client, type ClientOptions } from '../../src/client/client.js';
import type { DurabilityWanted } from '../../src/model/durability.js';
import type { FreshnessWanted } from '../../src/model/guarantees.js';
import { formatToken } from '../../src/model/position.js';
import { FakeStore } from '../rpc/fake-store.js';
import { closeAll, closing, serve } from '../rpc/harness.js';

const MISSED: DurabilityReached = {
  reached: false,
  synced: true,
  followersAppended: 1,
  followersSynced: 0,
  unsyncedHere: false,
};

describe('the guarantees of a client', () => {
  let store: FakeStore;
  let address: string;
  let wanted: DurabilityWanted[];
  let asked: FreshnessWanted[];
  let reached: DurabilityReached;
  let freshness: (wanted: FreshnessWanted) => Promise<void>;

  beforeEach(async () => {
    store = new FakeStore();
    wanted = [];
    asked = [];
    reached = { ...MISSED, reached: true };
    freshness = async () => {};
    ({ address } = await serve(store, {
      guarantees: {
        durability: {
          reach: async (_, one) => {
            wanted.push(one);
            return reached;
          },
        },
        freshness: {
          refusal: undefined,
          whenFresh: (one) => {
            asked.push(one);
            return freshness(one);
          },
        },
      },
    }));
  });
  afterEach(closeAll);

  const connect = async (options?: ClientOptions) => closing(await Client.connect(address, options));

  it('a write resolves with its result when it is as durable as asked', async () => {
    const db = await connect();
    assert.equal(await db.incr('n', 2, { durability: { level: 'followers', followers: 2, timeoutMs: 70 } }), 2);
    assert.deepEqual(wanted, [{ level: 'followers', followers: 2, timeoutMs: 70 }]);
  });

  it('a write that is not in time is rejected with what was reached, and stays', async () => {
    const db = await connect();
    reached = MISSED;
    const error = await db.set('a', '1', { durability: { level: 'followers' } }).catch((failure) => failure);
    assert(error instanceof DurabilityNotReached);
    assert.equal(error.code, 'durability_not_reached');
    assert.deepEqual(error.details, MISSED);
    assert.equal(error.details.followersAppended, 1);
    assert.deepEqual(wanted, [{ level: 'followers', followers: 1, timeoutMs: 5_000 }]);
    assert.equal(await db.get('a'), '1');
  });

  it('commands of one turn share a message if they ask for the same, in order', async () => {
    const db = await connect();
    const durability = () => ({ durability: { level: 'synced' as const } });
    await Promise.all([
      db.set('a', '1'),
      db.set('b', '1', durability()),
      db.set('c', '1', durability()),
      db.set('d', '1', { durability: { level: 'synced', timeoutMs: 9 } }),
      db.set('e', '1'),
      db.set('f', '1'),
    ]);
    assert.deepEqual(
      store.submissions.map(({ operations }) => operations.map((one) => 'key' in one && String(one.key))),
      [['a'], ['b', 'c'], ['d'], ['e', 'f']],
    );
    assert.equal(wanted.length, 2);
  });

  it('a token of one client makes another wait for what the first has seen', async () => {
    const [first, second] = [await connect(), await connect({ timeoutMs: 1_000 })];
    assert.equal(first.token, undefined);
    await first.set('a', '1');
    assert.equal(first.token, formatToken(store.position));
    await second.get('a', { atLeast: first.token, maxStalenessMs: 7 });
    await second.dbsize({ atLeast: first.position });
    for await (const _ of second.scan({ atLeast: first.token })) break;
    const atLeast = store.position;
    assert.deepEqual(asked[0], { atLeast, maxStalenessMs: 7, withinMs: FRESH_STEP_MS });
    assert(asked.every((one) => one.atLeast?.offset === atLeast.offset));
    assert.equal(asked.length, 3);
  });

  describe('the position that a client has seen', () => {
    /** A node of the history that another leader has begun, or of the one before. */
    class Node extends FakeStore {
      at = { replicationId: '', offset: 0, checksum: 0 };
      override get position() {
        return this.at;
      }
    }
    const at = (history: string, offset: number) => ({ replicationId: history.repeat(20), offset, checksum: offset });

    it('does not go back at a node that is behind, also in an older history', async () => {
      const [leader, behind] = [new Node(), new Node()];
      leader.at = at('cd', 105);
      behind.at = at('ab', 100);
      behind.leader = 'nobody:1';
      const { server, address: first } = await serve(leader);
      const { address: second } = await serve(behind);
      const db = closing(await Client.connect([first, second], { redirect: false }));
      await db.set('a', '1');
      assert.deepEqual(db.position, leader.at);
      await server.stop();
      await db.get('a');
      assert.equal(db.address, second);
      assert.deepEqual(db.position, leader.at, 'after a read');
      await assert.rejects(db.set('a', '2'), { code: 'read_only_follower' });
      assert.deepEqual(db.position, leader.at, 'after a write that was refused');
    });

    it("moves to the client's own write, though the history seen before was longer", async () => {
      const node = new Node();
      node.at = at('ab', 110);
      const { address } = await serve(node);
      const db = closing(await Client.connect(address));
      await db.set('a', '1');
      node.at = at('cd', 105);
      await Promise.all([db.get('a'), db.set('a', '2')]);
      assert.deepEqual(db.position, node.at);
    });
  });

  it('a read that its node is not fresh enough for is sent again within its time', async () => {
    const db = await connect({ timeoutMs: 20_000 });
    const elsewhere = { ...store.position, offset: 1_000 };
    let isThere = false;
    freshness = async ({ withinMs }) => {
      if (isThere) return;
      await new Promise((resolve) => setTimeout(resolve, withinMs));
      throw new HeadwaterError('unavailable', 'behind', { details: { cause: 'NOT_FRESH' } });
    };
    await store.submit([{ kind: 'set', key: Buffer.from('a'), value: Buffer.from('1') }], { bytes: 0, ordered: true });
    const waiting = db.get('a', { atLeast: elsewhere });
    const beganMs = performance.now();
    for (let i = 0; i < 5; i++) assert.equal(await db.get('a'), '1');
    const tookMs = performance.now() - beganMs;
    assert(tookMs < 10 * FRESH_STEP_MS, `reads behind it took ${tookMs} ms`);
    isThere = true;
    assert.equal(await waiting, '1');
    isThere = false;
    await assert.rejects(db.get('a', { atLeast: elsewhere, timeoutMs: 800 }), { code: 'unavailable' });
  });

  it('a guarantee that does not exist is rejected by name', async () => {
    const db = await connect({ timeoutMs: 1_000 });
    const refused = (promise: Promise<unknown>, message: RegExp) =>
      assert.rejects(promise, (error) => HeadwaterError.is(error, 'invalid_argument') && message.test(error.message));
    await refused(db.get('a', { atLeast: 'nonsense' }), /position token: expected/);
    await refused(db.get('a', { maxStalenessMs: 0 }), /maxStalenessMs: expected/);
    await refused(db.set('a', '1', { durability: { level: 'safe' as never } }), /durability: expected one of/);
    await refused(db.set('a', '1', { durability: { level: 'synced', followers: 1 } }), /no followers, received 1/);
    await refused(db.set('a', '1', { durability: { level: 'synced', timeoutMs: 1_000 } }), /less than the 1000 ms/);
    assert.equal(store.submissions.length, 0);
  });

  describe('with consistency session', () => {
    it('commands carry the newest position seen when they are sent', async () => {
      const db = await connect({ consistency: 'session' });
      await db.get('a');
      assert.equal(asked[0]?.atLeast, undefined);
      await db.set('a', '1');
      await db.get('a');
      assert.deepEqual(asked.at(-1)?.atLeast, store.position);
      await db.get('a', { atLeast: { ...store.position, offset: 1_000 } });
      assert.equal(asked.at(-1)?.atLeast?.offset, 1_000);
    });

    it('a position of another history is asked for beside what was seen, also at a lower offset', async () => {
      const db = await connect({ consistency: 'session' });
      await db.set('a', '1');
      await db.set('b', '1');
      const other = { replicationId: 'cd'.repeat(20), offset: 1, checksum: 9 };
      await db.get('a', { atLeast: other });
      assert.deepEqual(asked.at(-1)?.atLeast, other);
      assert.deepEqual(asked.at(-1)?.alsoAtLeast, store.position);
      await db.get('a', { atLeast: { ...store.position, offset: 1 } });
      assert.deepEqual(asked.at(-1)?.atLeast, store.position);
      assert.equal(asked.at(-1)?.alsoAtLeast, undefined);
    });

    it('a lost position is reported once, and the session starts again', async () => {
      const db = await connect({ consistency: 'session' });
      await db.set('a', '1');
      freshness = async () => {
        throw new HeadwaterError('lost_branch', 'lost', {
          details: { replicationId: store.position.replicationId },
        });
      };
      await assert.rejects(db.get('a'), { code: 'lost_branch' });
      assert.equal(db.token, undefined);
      const before = asked.length;
      assert.equal(await db.get('a'), '1');
      assert.equal(asked.length, before);
    });
  });
});
