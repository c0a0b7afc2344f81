/** Operations that take long leave turns of the event loop to all others, beside the writer and in it. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import type { Operation, Reply } from '../../src/model/operation.js';
import { key, set, TestStore } from '../support/store.js';

const MiB = 1024 * 1024;
const count: Operation = { kind: 'bitCount', key: key('big') };
const counts = (times: number): Operation[] => Array.from({ length: times }, () => count);

/** The turns of the event loop until the work is done. */
async function turnsOf(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const tick = () => {
    turns++;
    if (!isDone) setImmediate(tick);
  };
  setImmediate(tick);
  await work();
  isDone = true;
  return turns;
}

async function kindsOf(test: TestStore): Promise<string[]> {
  const replies = await test.submit(count, set('a'), ...counts(3));
  return replies.map(({ kind }) => kind);
}

describe('operations that take long', () => {
  let test: TestStore;
  beforeEach(async () => {
    test = await TestStore.open();
    await test.submit({ kind: 'set', key: key('big'), value: Buffer.alloc(2 * MiB, 1) });
  });
  afterEach(() => test.store.close());

  it('are answered one at a time, in later turns, beside the writer', async () => {
    let replies: Reply[] = [];
    const turns = await turnsOf(async () => {
      replies = await test.submit(...counts(3));
    });
    assert.ok(turns >= 1);
    assert.deepEqual(replies, [{ kind: 'bitCount', bits: 2 * MiB }]);
    assert.equal((await test.submit({ kind: 'get', key: key('a') }, count)).length, 2);
  });

  it('among writes leave a turn after each, and keep their order', async () => {
    let replies: Reply[] = [];
    const turns = await turnsOf(async () => {
      replies = await test.submit(set('a'), ...counts(8), { kind: 'get', key: key('a') });
    });
    assert.ok(turns >= 8);
    assert.equal(replies.length, 10);
    assert.equal(replies[9]?.kind, 'get');
  });

  it('are all answered by a follower, which refuses the writes between them', async () => {
    await test.reopen({ role: 'follower', upstream: '127.0.0.1:1', overrules: false });
    assert.deepEqual(await kindsOf(test), ['bitCount', 'error', 'bitCount', 'bitCount', 'bitCount']);
  });

  it('are all answered by a leader that refuses writes', async () => {
    test.store.writes.guards.set(() => new HeadwaterError('too_few_followers', 'no followers'));
    assert.deepEqual(await kindsOf(test), ['bitCount', 'error', 'bitCount', 'bitCount', 'bitCount']);
  });
});
