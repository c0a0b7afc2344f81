/** The store's life: opening, closing, restarting by replay, and the history that every leadership begins. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { HeadwaterError } from '../../src/base/errors.js';
import { lineageKey } from '../../src/log/rows.js';
import type { Operation } from '../../src/model/operation.js';
import { until } from '../support/clock.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { refused } from '../support/refusals.js';
import { increment, isAppend, key, set, TestStore } from '../support/store.js';

afterEach(removeTemporaryDirectories);

describe('a store', () => {
  it('opens empty as a leader, in a cluster and a history of its own', async () => {
    const test = await TestStore.open();
    const { store } = test;
    assert.deepEqual(
      [store.roles.role, store.roles.upstream, store.data.position.offset, store.data.isServing],
      ['leader', '', 0, true],
    );
    assert.match(store.identity.nodeId, /^[0-9a-f]{32}$/);
    assert.match(store.identity.clusterId, /^[0-9a-f]{32}$/);
    assert.deepEqual(
      [store.data.log.history.lineage.current?.firstOffset, store.data.log.history.lineage.epoch],
      [1, 1],
    );
    assert.equal(await store.snapshots.size(), 0);
    assert.equal(await test.get('a'), undefined);
    await store.close();
  });

  it('answers what was written, in order, with the position behind it', async () => {
    const test = await TestStore.open();
    const { replies, position } = await test.store.writes.submit(
      [set('n', '5'), increment('n'), { kind: 'get', key: key('n') }],
      { bytes: 100, ordered: false },
    );
    assert.deepEqual(
      replies.map(({ kind }) => kind),
      ['set', 'increment', 'get'],
    );
    assert.deepEqual(replies[2], { kind: 'get', value: Buffer.from('6'), version: 2 });
    assert.deepEqual(position, test.store.data.position);
    assert.equal(position.offset, 2);
    await test.store.close();
  });

  it('answers a transaction that only reads, or does nothing, without the writer', async () => {
    const test = await TestStore.open();
    await test.set('a', '1');
    const get = { kind: 'get', key: key('a') } as const;
    const wanted = { test: 'exists', key: key('a') } as const;
    const missing = { test: 'exists', key: key('b') } as const;
    assert.deepEqual(await test.submit({ kind: 'transact', conditions: [wanted], operations: [get] }), [
      {
        kind: 'transact',
        committed: true,
        replies: [{ kind: 'get', value: Buffer.from('1'), version: 1 }],
      },
    ]);
    assert.deepEqual(await test.submit({ kind: 'transact', conditions: [wanted, missing], operations: [get] }), [
      {
        kind: 'transact',
        committed: false,
        replies: [],
        failedCondition: 1,
      },
    ]);
    assert.deepEqual(await test.submit({ kind: 'transact', conditions: [], operations: [] }), [
      {
        kind: 'transact',
        committed: true,
        replies: [],
      },
    ]);
    assert.equal(test.store.data.position.offset, 1);
    await test.store.close();
  });

  it('answers reads of the disk in part if their replies are bounded, the first always', async () => {
    const test = await TestStore.open();
    const names = Array.from({ length: 40 }, (_, i) => `k${i}`);
    await test.submit(...names.map((name) => set(name, Buffer.alloc(100_000))), set('small'));
    await test.reopen();
    const reads = names.map((name) => ({ kind: 'get', key: key(name) }) as const);
    const asked = async (replyBytesMax: number, ...operations: Operation[]) =>
      (await test.store.writes.submit(operations, { bytes: 100, ordered: false, replyBytesMax })).replies;
    const few = await asked(1_000_000, ...reads);
    assert(few.length >= 10 && few.length < 20, `${few.length} replies`);
    for (const reply of few) assert(reply.kind === 'get' && reply.value?.length === 100_000);
    assert.equal((await asked(1e9, ...reads)).length, 40);
    const large: Operation = { kind: 'multiGet', keys: names.map(key) };
    const [reply, ...others] = await asked(1, large, { kind: 'get', key: key('small') });
    assert(reply?.kind === 'multiGet' && reply.values.every(({ value }) => value?.length === 100_000));
    assert.deepEqual(others, []);
    await test.store.close();
  });

  it('keeps its data and its identity over a close', async () => {
    const test = await TestStore.open();
    await test.set('a', '1');
    await test.set('b', '2');
    await test.submit({ kind: 'delete', keys: [key('b')] });
    const { nodeId, clusterId } = test.store.identity;
    await test.reopen();
    assert.equal(await test.get('a'), '1');
    assert.equal(await test.get('b'), undefined);
    assert.deepEqual(
      [test.store.identity.nodeId, test.store.identity.clusterId, test.store.data.position.offset],
      [nodeId, clusterId, 3],
    );
    assert.equal(await test.store.snapshots.size(), 1);
    await test.store.close();
  });

  it('checkpoints when it closes, so that the next start replays nothing', async () => {
    const test = await TestStore.open();
    await test.set('a', '1');
    await test.store.close();
    const closing = test.disk.operations.filter(({ kind }) => kind === 'durable' || kind === 'close').slice(-5);
    assert.deepEqual(
      closing.map(({ kind, location }) => [kind, location.split('/').at(-1)]),
      [
        ['durable', 'log'],
        ['durable', 'keyspace'],
        ['close', 'log'],
        ['close', 'keyspace'],
        ['close', 'lock'],
      ],
    );
    await test.open();
    assert.equal(test.store.data.progress.checkpoint.offset, 1);
    assert.equal(test.logger.said(/recovered to .*: 0 commands replayed/), 2);
    await test.store.close();
  });

  it('comes back by replay after it was killed, with everything that was acknowledged', async () => {
    const test = await TestStore.open();
    for (let i = 0; i < 20; i++) await test.submit(increment('n'), set(`k${i}`, String(i)));
    await test.restart();
    assert.equal(await test.get('n'), '20');
    for (let i = 0; i < 20; i++) assert.equal(await test.get(`k${i}`), String(i));
    assert.equal(test.logger.said(/recovered to .*: 40 commands replayed/), 1);
    assert.equal(await test.store.snapshots.size(), 21);
    await test.store.close();
  });

  it('comes back with what was acknowledged, whenever it is killed', async () => {
    const test = await TestStore.open({ budget: { overlayBytesMax: 3_000, replayBytesMax: 3_000 } });
    let acknowledged = 0;
    for (let round = 0; round < 12; round++) {
      const writing = (async () => {
        for (;;) {
          await test.submit(increment('n'));
          acknowledged++;
        }
      })();
      writing.catch(() => {});
      const kill = acknowledged + 7 + round * 3;
      await until(`${kill} writes`, () => acknowledged >= kill);
      await test.restart();
      const value = Number(await test.get('n'));
      assert(value >= acknowledged && value <= acknowledged + 1, `${acknowledged} acknowledged, ${value} there`);
      acknowledged = value;
    }
    assert.equal(await test.store.snapshots.size(), 1);
    await test.store.close();
  });

  it('refuses everything while it closes and afterwards, with the reason', async () => {
    const test = await TestStore.open();
    await test.set('a');
    const closing = test.store.close();
    await test.store.close();
    await closing;
    await assert.rejects(test.set('b'), refused('shutting_down'));
    await assert.rejects(test.get('a'), refused('shutting_down'));
    await assert.rejects(test.store.snapshots.at(), refused('shutting_down'));
    assert.deepEqual(test.disk.opened, []);
    assert.equal(test.clock.waiting, 0, 'no timer is left');
  });

  it('finishes pending commands before it closes', async () => {
    const test = await TestStore.open();
    const writes = Array.from({ length: 10 }, (_, i) => test.set(`k${i}`, Buffer.alloc(300_000)));
    await test.store.close();
    await Promise.all(writes);
    await test.open();
    assert.equal(await test.store.snapshots.size(), 10);
    await test.store.close();
  });

  it('ends snapshots with the reason when it closes', async () => {
    const test = await TestStore.open();
    await test.submit(...Array.from({ length: 600 }, (_, i) => set(`k${i}`)));
    const snapshot = await test.store.snapshots.at();
    const reading = snapshot.chunks();
    await reading.next();
    await test.store.close();
    await assert.rejects(reading.next(), refused('shutting_down'));
  });

  it('does not open over a log that it cannot open, and leaves nothing locked', async () => {
    const test = await TestStore.open();
    await test.set('a');
    await test.store.close();
    test.disk.fault = ({ kind, location }) => {
      if (kind === 'open' && location.endsWith('keyspace')) throw new HeadwaterError('corrupt', 'no manifest');
    };
    await assert.rejects(test.open(), refused('corrupt', /no manifest/));
    assert.deepEqual(test.disk.opened, []);
    test.disk.fault = undefined;
    await test.open();
    assert.equal(await test.get('a'), 'v');
    await test.store.close();
  });

  it('that cannot write its new history does not open, and leaves nothing locked', async () => {
    const test = await TestStore.open();
    await test.store.close();
    test.disk.fault = ({ kind, keys }) => {
      if (kind === 'put' && keys[0]?.equals(lineageKey(1))) throw new Error('EIO');
    };
    await assert.rejects(test.open(), refused('store_latched', /EIO/));
    assert.deepEqual(test.disk.opened, []);
  });
});

describe('every leadership', () => {
  const ids = (test: TestStore) => test.store.data.log.history.lineage.rows.map(({ replicationId }) => replicationId);

  it('begins a history of its own, from the next offset, on top of those before', async () => {
    const test = await TestStore.open();
    for (let round = 1; round <= 4; round++) {
      await test.set('a', String(round));
      await test.reopen();
    }
    const { rows } = test.store.data.log.history.lineage;
    assert.deepEqual(
      rows.map(({ firstOffset, epoch }) => [firstOffset, epoch]),
      [
        [1, 1],
        [2, 2],
        [3, 3],
        [4, 4],
        [5, 5],
      ],
    );
    assert.equal(new Set(ids(test)).size, 5);
    await test.store.close();
  });

  it('drops the history before it if nothing was logged under that', async () => {
    const test = await TestStore.open();
    await test.set('a');
    const [first] = ids(test);
    for (let round = 0; round < 3; round++) await test.reopen();
    assert.equal(ids(test).length, 2);
    assert.equal(ids(test)[0], first);
    assert.equal(test.store.data.log.history.lineage.current?.firstOffset, 2);
    await test.store.close();
  });

  it('names its history in every block, and never uses an offset twice under one', async () => {
    const test = await TestStore.open();
    const seen = new Map<string, string>();
    for (let round = 0; round < 6; round++) {
      const { log } = test.store.data;
      const before = log.end.offset;
      await Promise.all([test.set('a', String(round)), test.set('b')]);
      for (const block of await log.read(before, 1e9)) {
        assert.equal(block.replicationId, ids(test).at(-1));
        for (let offset = block.firstOffset; offset <= block.lastOffset; offset++) {
          const name = `${block.replicationId}@${offset}`;
          assert(!seen.has(name), name);
          seen.set(name, 'used');
        }
      }
      // Killed, with an append on its way: the offset may be used again, but not the ID.
      test.disk.fault = (operation) => {
        if (isAppend(operation)) test.disk.crash();
      };
      void test.set('lost');
      await until('it has died', () => test.disk.opened.length === 0);
      await test.restart();
    }
    await test.store.close();
  });

  it('is durable before the first write under it', async () => {
    const test = await TestStore.open();
    await test.set('a');
    const history = test.disk.operations.findIndex(
      ({ kind, sync, keys }) => kind === 'put' && sync && keys[0]?.equals(lineageKey(1)),
    );
    const first = test.disk.operations.findIndex(isAppend);
    assert(history >= 0 && history < first);
    await test.store.close();
  });
});

describe('the role of a store', () => {
  const upstream = '10.0.0.1:7420';

  it('is kept over restarts, with the upstream', async () => {
    const test = await TestStore.open({ role: { role: 'follower', upstream } });
    await test.reopen();
    assert.deepEqual(
      [test.store.roles.role, test.store.roles.upstream, test.store.identity.clusterId],
      ['follower', upstream, ''],
    );
    await test.restart();
    assert.deepEqual([test.store.roles.role, test.store.roles.upstream], ['follower', upstream]);
    await test.store.close();
  });

  it('of a follower has no history of its own', async () => {
    const test = await TestStore.follower();
    assert.deepEqual(test.store.data.log.history.lineage.rows, []);
    await test.store.close();
  });

  it('of a follower refuses writes one by one, names the leader, and answers reads', async () => {
    const test = await TestStore.open({ role: { role: 'follower', upstream } });
    const replies = await test.submit(set('a'), { kind: 'get', key: key('a') }, increment('n'), {
      kind: 'exists',
      keys: [key('a')],
    });
    assert.deepEqual(
      replies.map(({ kind }) => kind),
      ['error', 'get', 'error', 'exists'],
    );
    const [refusal] = replies;
    assert(refusal?.kind === 'error' && refusal.error.code === 'read_only_follower');
    assert.deepEqual(refusal.error.details, { leader: upstream });
    await test.store.close();
  });

  it('changes at run time: pending writes are finished, later ones refused', async () => {
    const test = await TestStore.open();
    const before = [test.set('a'), test.set('b')];
    const following = test.store.roles.follow(upstream);
    await Promise.all([...before, following]);
    assert.deepEqual([test.store.roles.role, test.store.roles.upstream], ['follower', upstream]);
    const [reply] = await test.submit(set('c'));
    assert(reply?.kind === 'error' && reply.error.code === 'read_only_follower');
    assert.equal(await test.get('a'), 'v');
    await test.reopen();
    assert.equal(test.store.roles.role, 'follower');
    await test.store.close();
  });

  it('of a follower keeps no history that it led without writing', async () => {
    for (const how of ['at run time', 'by a restart'] as const) {
      const test = await TestStore.open();
      await test.set('a');
      await test.reopen();
      assert.equal(test.store.data.log.history.lineage.rows.length, 2);
      if (how === 'at run time') await test.store.roles.follow(upstream);
      else await test.reopen({ role: 'follower', upstream });
      assert.deepEqual(
        test.store.data.log.history.lineage.rows.map(({ firstOffset }) => firstOffset),
        [1],
        how,
      );
      await test.reopen();
      assert.deepEqual(
        test.store.data.log.history.lineage.rows.map(({ firstOffset }) => firstOffset),
        [1],
      );
      await test.store.close();
    }
  });

  it('stays that of a leader, and a working one, if the change cannot be written', async () => {
    const test = await TestStore.open();
    await mkdir(`${test.directory}/node.json.new`);
    await assert.rejects(test.store.roles.follow(upstream));
    await test.set('a', 'still led');
    assert.equal(await test.get('a'), 'still led');
    await test.store.close();
  });
});

describe('the clock of a store', () => {
  const times = async (test: TestStore) =>
    (await test.store.data.log.read(test.store.data.log.base.offset, 1e9)).map((block) => block.timeMs);

  it('gives each block its time, and never goes back when the wall clock does', async () => {
    const test = await TestStore.open();
    await test.set('a');
    await test.clock.advance(1_000);
    await test.set('b');
    test.clock.setWall(1_000_000);
    await test.clock.advance(500);
    await test.set('c');
    const [first, second, third] = (await times(test)) as [number, number, number];
    assert.deepEqual([second - first, third - second], [1_000, 500]);
    await test.store.close();
  });

  it('begins at the last block after a restart under a clock that was set back', async () => {
    const test = await TestStore.open();
    await test.clock.advance(60_000);
    await test.set('a', 'v', 10_000);
    const before = test.store.clock.now();
    for (const way of ['killed', 'closed'] as const) {
      test.clock.setWall(1_000_000);
      if (way === 'killed') await test.restart();
      else await test.reopen();
      assert(test.store.clock.now() >= before, way);
      await test.set('b');
    }
    const all = await times(test);
    assert.deepEqual(
      all,
      [...all].sort((a, b) => a - b),
    );
    await test.store.close();
  });
});
