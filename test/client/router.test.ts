/** Which node a client reads from: three nodes of which the test decides how far away, how fresh and how alive they are. */
import assert from 'node:assert/strict';
import { Client, type ClientOptions } from '../../src/client/client.js';
import { HeadwaterError } from '../../src/errors.js';
import type { FreshnessWanted } from '../../src/guarantees.js';
import { NEAREST_AVOID_MS } from '../../src/limits.js';
import { adminService, type NodeControl } from '../../src/rpc/admin-service.js';
import type { RpcServer } from '../../src/rpc/server.js';
import { decodeNodeStatus, type NodeStatus } from '../../src/wire/admin.js';
import { FakeStore } from '../rpc/fake-store.js';
import { closeAll, closing, gate, serve } from '../rpc/harness.js';

/** Far apart, so that a busy machine does not change their order. */
const NEAR_MS = 0;
const MIDDLE_MS = 80;
const FAR_MS = 250;

class Place {
  readonly store = new FakeStore();
  /** Of every read that asked for freshness. */
  readonly asked: FreshnessWanted[] = [];
  awayMs: number;
  state = 'streaming';
  unavailable = '';
  fresh = true;
  server!: RpcServer;
  address = '';
  readonly #others: () => readonly Place[];
  readonly #leads: boolean;

  private constructor(awayMs: number, leads: boolean, others: () => readonly Place[]) {
    this.awayMs = awayMs;
    this.#leads = leads;
    this.#others = others;
  }

  static async start(awayMs: number, leads: boolean, all: Place[]): Promise<Place> {
    const place = new Place(awayMs, leads, () => all);
    const control = { status: () => place.#status() } as Partial<NodeControl> as NodeControl;
    ({ server: place.server, address: place.address } = await serve(place.store, {
      services: [adminService(control)],
      guarantees: {
        durability: {
          reach: async () => ({
            reached: true,
            synced: true,
            followersAppended: 0,
            followersSynced: 0,
            unsyncedHere: false,
          }),
        },
        freshness: {
          refusal: undefined,
          whenFresh: async (wanted) => {
            place.asked.push(wanted);
            if (!place.fresh) throw new HeadwaterError('unavailable', 'behind', { details: { cause: 'NOT_FRESH' } });
          },
        },
      },
    }));
    all.push(place);
    await place.#say();
    return place;
  }

  /** Keys that were read here. */
  get reads(): number {
    return this.store.submissions.flatMap(({ operations }) => operations).filter(({ kind }) => kind === 'get').length;
  }

  /** So that a read tells who answered it. */
  async #say(): Promise<void> {
    const [key, value] = [Buffer.from('who'), Buffer.from(this.address)];
    await this.store.submit([{ kind: 'set', key, value }], { bytes: 0, ordered: true });
  }

  async #status(): Promise<NodeStatus> {
    await new Promise((resolve) => setTimeout(resolve, this.awayMs));
    const leader = this.#others()[0] as Place;
    return {
      ...decodeNodeStatus(Buffer.alloc(0)),
      nodeId: this.address,
      address: this.address,
      role: this.#leads ? 'leader' : 'follower',
      unavailable: this.unavailable,
      upstream: this.#leads
        ? undefined
        : {
            address: leader.address,
            state: this.state,
            lagCommands: 0,
            lagMs: 0,
            lastResync: undefined,
            error: '',
            loadedKeys: 0,
            keysEstimate: 0,
            lastRefusal: undefined,
          },
    };
  }
}

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

  it('goes to the leader where that is nearest, to the nearest follower where it wants a follower', async () => {
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

  it('passes over followers that do not stream or do not serve, and reads at the leader where none is left', async () => {
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

  it('reads at the leader what a follower is not fresh enough for, and lets that follower be for a while', async () => {
    const db = await connect({ readFrom: 'followers' });
    middle.fresh = false;
    assert.equal(await db.get('who', { maxStalenessMs: 5 }), leader.address);
    assert.equal(middle.asked.length, 1);
    assert.equal(await whoAnswers(db), leader.address, 'not again at once');
    middle.fresh = true;
    await new Promise((resolve) => setTimeout(resolve, NEAREST_AVOID_MS));
    assert.equal(await whoAnswers(db), middle.address);
  });

  describe('with consistency session', () => {
    it('reads behind an unanswered write at the leader, and behind an answered one at the follower, from its position on', async () => {
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
