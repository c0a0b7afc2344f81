/** Watches of keys that did not exist. */
import assert from 'node:assert/strict';
import { TransactionState } from '../../src/resp/session/transaction-state.js';
import { KeyWatches } from '../../src/store/key-watches.js';
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
});
