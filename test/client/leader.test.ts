/** Where a client goes whose node does not lead, or leads no longer, though another of its addresses does. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import { Client, type ClientOptions } from '../../src/client/client.js';
import { superseded } from '../../src/store/refusals.js';
import { closeAll, closing } from '../rpc/harness.js';
import { until } from '../support/clock.js';
import { refusedWith } from '../support/refusals.js';
import { Place } from './place.js';

describe('a client with several addresses', () => {
  let all: Place[];
  let former: Place;
  let leader: Place;

  beforeEach(async () => {
    all = [];
    former = await Place.start(0, true, all);
    leader = await Place.start(0, true, all);
    leader.epoch = 2;
  });
  afterEach(closeAll);

  const connect = async (options: ClientOptions = {}): Promise<Client> =>
    closing(await Client.connect([former.address, leader.address], options));

  /** As a leader that has heard of a later one. */
  function supersede(place: Place): void {
    const refusal = superseded({ node_id: 'other', address: '', epoch: 2 });
    place.superseded = refusal.message;
    place.store.before = ({ operations }) =>
      operations.some(({ kind }) => kind === 'set') ? Promise.reject(refusal) : undefined;
  }

  it('begins at the leader of the latest history, and stays if there is none later', async () => {
    leader.epoch = 1;
    const first = await connect();
    await first.set('a', '1');
    assert.equal(first.address, former.address);
    leader.epoch = 2;
    const second = await connect();
    await second.set('a', '1');
    assert.equal(second.address, leader.address);
  });

  it('leaves a leader that has been superseded, and no write fails or is done twice', async () => {
    leader.leads = false;
    const db = await connect();
    await db.set('a', '1');
    assert.equal(db.address, former.address);
    leader.leads = true;
    supersede(former);
    await Promise.all(Array.from({ length: 20 }, (_, i) => db.append('log', `${i},`).then(() => db.set('b', '1'))));
    assert.equal(db.address, leader.address);
    assert(leader.store.entries.has('b'));
  });

  it('leaves a follower whose leader is gone', async () => {
    leader.leads = false;
    const db = await connect();
    const gone = await Place.start(0, true, []);
    await gone.server.stop({ graceMs: 0 });
    former.leads = false;
    former.store.leader = gone.address;
    leader.leads = true;
    await db.set('a', '1');
    assert.equal(db.address, leader.address);
  });

  it('leaves a node that is not fresh enough for a read', async () => {
    leader.leads = false;
    const db = await connect();
    assert.equal(db.address, former.address);
    former.leads = false;
    former.fresh = false;
    leader.leads = true;
    assert.equal(await db.get('who', { maxStalenessMs: 5 }), leader.address);
  });

  it('never goes to a leader of an older history', async () => {
    leader.leads = false;
    const db = await connect();
    [former.epoch, leader.epoch] = [3, 2];
    leader.leads = true;
    supersede(former);
    const { cause } = await refusedWith('no_leader', db.set('a', '1', { timeoutMs: 200 }));
    assert(HeadwaterError.is(cause, 'superseded'));
    assert.equal(db.address, former.address);
  });

  it('that finds none says what its node says, and does not search again for each write', async () => {
    leader.leads = false;
    const db = await connect();
    supersede(former);
    const { looks } = leader;
    const writes = Array.from({ length: 20 }, () => refusedWith('no_leader', db.set('a', '1', { timeoutMs: 300 })));
    for (const { cause } of await Promise.all(writes)) assert(HeadwaterError.is(cause, 'superseded'), String(cause));
    assert(leader.looks - looks <= 16, `${leader.looks - looks} statuses were asked for`);
    await refusedWith('no_leader', db.get('who', { timeoutMs: 500 }));
  });

  it('leaves a silent leader for the one that continues its history, and repeats no write', async () => {
    leader.leads = false;
    const db = await connect();
    await db.set('a', '1');
    former.store.before = () => new Promise(() => {});
    const write = refusedWith('outcome_unknown', db.append('a', '2'));
    const read = db.get('who');
    [leader.leads, leader.continued] = [true, former.store.position.replicationId];
    await write;
    assert.equal(await read, leader.address);
    assert.equal(leader.store.entries.has('a'), false);
    await db.set('b', '1');
    assert.equal(db.address, leader.address);
  }).timeout(10_000);

  it('stays at a silent leader if the others lead another history, or none', async () => {
    leader.leads = false;
    const db = await connect();
    await db.set('a', '1');
    let answer = () => {};
    former.store.before = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const write = db.set('a', '2');
    const { looks } = leader;
    await until('the other is asked', async () => leader.looks > looks);
    [leader.leads, leader.continued] = [true, 'ef'.repeat(20)];
    const again = leader.looks;
    await until('the other is asked again', async () => leader.looks > again + 1);
    answer();
    await write;
    assert.equal(db.address, former.address);
    assert(leader.looks <= again + 4, `${leader.looks - again} looks`);
  }).timeout(10_000);

  it('that means one node and no other stays', async () => {
    const db = await connect({ redirect: false });
    supersede(former);
    await assert.rejects(db.set('a', '1'), { code: 'superseded' });
    assert.equal(db.address, former.address);
  });
});
