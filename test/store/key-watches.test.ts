/** Watches of keys that did not exist. */
import assert from 'node:assert/strict';
import { TransactionState } from '../../src/resp/session/transaction-state.js';
import { KeyWatches } from '../../src/store/key-watches.js';
import { PendingBlock } from '../../src/store/pending-block.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { key, TestStore } from '../support/store.js';

describe('a watch of an absent key', () => {
  afterEach(removeTemporaryDirectories);

  it('sees a write of the key, though the key was deleted since, and no other', async () => {
    const watches = new KeyWatches();
    const test = await TestStore.open({ watches });
    const { store } = test;
    const [a, again, b] = [watches.begin(key('a')), watches.begin(key('a')), watches.begin(key('b'))];
    await test.set('c');
    assert.equal(a.isTouched, false);
    await test.set('a');
    await store.writes.submit([{ kind: 'delete', keys: [key('a')] }], { bytes: 1, ordered: false });
    assert.deepEqual([a.isTouched, again.isTouched, b.isTouched], [true, true, false]);
    for (const watch of [a, again, b]) watch.end();
    assert.equal(watches.isEmpty, true);
    await store.close();
  });

  it('ends once the transaction is answered, and counts as touched from then on', () => {
    const watches = new KeyWatches();
    const state = new TransactionState();
    const watch = watches.begin(key('a'));
    state.watch(key('a'), watch, 1_000);
    state.begin();
    const [condition] = state.end();
    assert.deepEqual([watches.isEmpty, watch.isTouched], [false, false]);
    state.settle();
    assert.deepEqual([watches.isEmpty, watch.isTouched], [true, true]);
    assert.equal((condition as { watch?: unknown }).watch, watch);
  });

  it('looks at each command of the pending block once, and forgets those taken back', () => {
    const block = new PendingBlock(1);
    let looks = 0;
    const put = (name: string) =>
      block.add({
        kind: 'put',
        get key() {
          looks++;
          return key(name);
        },
        value: key('v'),
        type: 0,
        expiresAtMs: 0,
      });
    for (const name of ['a', 'b', 'a']) put(name);
    assert.deepEqual([block.hasPut(key('a')), block.hasPut(key('b')), block.hasPut(key('c'))], [true, true, false]);
    looks = 0;
    for (let i = 0; i < 1_000; i++) assert.ok(!block.hasPut(key(`absent ${i}`)));
    assert.equal(looks, 0);
    block.cutTo(1);
    assert.deepEqual([block.hasPut(key('a')), block.hasPut(key('b'))], [true, false]);
    put('b');
    assert.equal(block.hasPut(key('b')), true);
    block.cutTo(0);
    assert.equal(block.hasPut(key('a')), false);
  });
});
