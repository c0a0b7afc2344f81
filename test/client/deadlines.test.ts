/** Deadlines belong to the command: none is cut short or lengthened by those around it. */
import assert from 'node:assert/strict';
import { SIGN_OF_LIFE_MS } from '../../src/base/limits.js';
import { Client } from '../../src/client/client.js';
import { FakeStore } from '../rpc/fake-store.js';
import { closeAll, closing, gate, serve, until } from '../rpc/harness.js';
import { refusedWith } from '../support/refusals.js';

describe('the deadlines of a client', () => {
  let store: FakeStore;
  let address: string;

  beforeEach(async () => {
    store = new FakeStore();
    ({ address } = await serve(store));
  });
  afterEach(closeAll);

  const keysAsked = () =>
    store.submissions.flatMap(({ operations }) => operations.map((one) => ('key' in one ? one.key.toString() : '')));

  it('a longer one of a call is kept, and its connection is not broken for those behind it', async () => {
    const db = closing(await Client.connect(address, { timeoutMs: 60 }));
    const held = gate();
    store.before = () => held.promise;
    const long = db.set('long', '1', { timeoutMs: 20_000 });
    await until(() => store.submissions.length === 1, 'the long write');
    await refusedWith('deadline_exceeded', db.get('short'));
    await refusedWith('deadline_exceeded', db.get('another'));
    held.open();
    await long;
    assert.equal(keysAsked().filter((key) => key === 'long').length, 1, 'nothing was sent twice');
  });

  it('a longer one of a call beside the pipeline keeps its connection too', async () => {
    const db = closing(await Client.connect(address, { timeoutMs: 60 }));
    const held = gate();
    store.snapshots.size = () => held.promise.then(() => 7);
    const size = db.dbsize({ timeoutMs: 20_000 });
    store.before = () => held.promise;
    await refusedWith('deadline_exceeded', db.get('short'));
    await refusedWith('deadline_exceeded', db.get('another'));
    held.open();
    assert.equal(await size, 7);
  });

  it('a node that is silent for longer than anybody waits is left', async () => {
    const db = closing(await Client.connect(address, { timeoutMs: 60 }));
    store.before = () => new Promise(() => {});
    const answers = [db.get('short'), db.get('long', { timeoutMs: 150 })];
    for (const answer of answers) await refusedWith('deadline_exceeded', answer);
    store.before = () => {};
    // One that comes before the next look at deadlines waits with the others.
    let back = '';
    while (back === '') back = await db.ping('back').catch(() => '');
    assert.equal(back, 'back');
  });

  it('a command that is sent again waits no longer than from when it was asked', async () => {
    const { server, address: first } = await serve(store);
    const db = closing(await Client.connect([first, address], { timeoutMs: 2_000 }));
    store.before = () => new Promise(() => {});
    const askedMs = performance.now();
    const answer = refusedWith('deadline_exceeded', db.get('a'));
    await until(() => store.submissions.length === 1, 'the read');
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await server.stop({ graceMs: 0 });
    await answer;
    const waitedMs = performance.now() - askedMs;
    assert.equal(keysAsked().length, 2, 'it was asked again');
    assert(waitedMs < 3_000, `${waitedMs} ms`);
  });

  it('one deadline counts for all steps of a call beside the pipeline', async () => {
    const db = closing(await Client.connect(address));
    store.before = () => new Promise(() => {});
    store.snapshots.size = () => new Promise(() => {});
    const askedMs = performance.now();
    const write = db.set('a', '1', { timeoutMs: 250 }).catch(() => {});
    await refusedWith('deadline_exceeded', db.dbsize({ timeoutMs: 300 }));
    await refusedWith('cancelled', db.keys('*', { signal: AbortSignal.timeout(50) }));
    assert(performance.now() - askedMs < 1_500);
    await write;
  });

  it('a stream is not given up while its node works on the next item', async () => {
    const db = closing(await Client.connect(address));
    await db.set('a', '1');
    const held = gate();
    store.beforeChunk = () => held.promise;
    const timeoutMs = SIGN_OF_LIFE_MS + 500;
    const keys = db.keys('*', { timeoutMs });
    const records = (async () => {
      for await (const { key } of db.scan({ timeoutMs })) return key;
      return undefined;
    })();
    await new Promise((resolve) => setTimeout(resolve, 2 * timeoutMs));
    held.open();
    assert.deepEqual(await keys, ['a']);
    assert.equal(await records, 'a');
  });
});
