/** The single writer: natural group commit, order, replies only after the append, and what it does when that fails. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import { BLOCK_BYTES_CEILING, BLOCK_BYTES_TARGET, BLOCK_COMMANDS_MAX, READ_BYTES_MAX } from '../../src/base/limits.js';
import { dataKey } from '../../src/keyspace/record.js';
import { type Block, sealBlock } from '../../src/log/block.js';
import type { Operation, Reply } from '../../src/model/operation.js';
import { flipped } from '../log/blocks.js';
import { settled, turns, until } from '../support/clock.js';
import { collected } from '../support/collected.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { refused } from '../support/refusals.js';
import { hold, increment, isAppend, key, set, TestStore } from '../support/store.js';

const get = (name: string): Operation => ({ kind: 'get', key: key(name) });

afterEach(removeTemporaryDirectories);

/** The number of commands in each block. */
async function blocks(test: TestStore): Promise<number[]> {
  const sizes: number[] = [];
  for (let at = test.store.data.log.base.offset; ; ) {
    const read = await test.store.data.log.read(at, 1e9);
    if (read.length === 0) return sizes;
    for (const block of read) sizes.push(block.lastOffset - block.firstOffset + 1);
    at = (read.at(-1) as Block).lastOffset;
  }
}

describe('group commit', () => {
  it('puts a lone write into a block of its own, at once', async () => {
    const test = await TestStore.open();
    for (let i = 0; i < 3; i++) await test.set(`k${i}`);
    assert.deepEqual(await blocks(test), [1, 1, 1]);
    assert.equal(test.clock.monotonicMs(), 5_000, 'no timer was waited for');
    await test.store.close();
  });

  it('puts the writes of one turn into one block', async () => {
    const test = await TestStore.open();
    await Promise.all(Array.from({ length: 50 }, (_, i) => test.set(`k${i}`)));
    assert.deepEqual(await blocks(test), [50]);
    await test.store.close();
  });

  it('keeps messages in their places among the writes, those of one row between the same blocks', async () => {
    const test = await TestStore.open();
    const publish = (data: string) =>
      test.store.writes.publish({ channel: key('c'), data: Buffer.from(data), durable: false });
    const [first, second, , third] = await Promise.all([
      publish('1'),
      publish('2'),
      test.set('k'),
      publish('3'),
      test.set('l'),
    ]);
    assert.deepEqual([first, second, third], [0, 0, 1]);
    assert.deepEqual(await blocks(test), [1, 1]);
    await test.store.close();
  });

  it('gathers while a block is being appended, and puts all of it into the next', async () => {
    const test = await TestStore.open();
    const gate = hold(test.disk, isAppend);
    const first = test.set('first');
    await until('it is on its way', gate.held);
    const gathered: Array<Promise<void>> = [];
    for (let i = 0; i < 30; i++) {
      gathered.push(test.set(`k${i}`));
      await turns(1);
    }
    gate.release();
    await Promise.all([first, ...gathered]);
    assert.deepEqual(await blocks(test), [1, 30]);
    await test.store.close();
  });

  it('closes a block at its number of commands, and continues in the next', async () => {
    const test = await TestStore.open();
    await test.submit(...Array.from({ length: 2 * BLOCK_COMMANDS_MAX + 7 }, (_, i) => set(`k${i}`)));
    assert.deepEqual(await blocks(test), [BLOCK_COMMANDS_MAX, BLOCK_COMMANDS_MAX, 7]);
    assert.equal(await test.store.snapshots.size(), 2 * BLOCK_COMMANDS_MAX + 7);
    await test.store.close();
  });

  it('closes a block at its bytes, though a value that is larger is whole in one', async () => {
    const test = await TestStore.open();
    const value = Buffer.alloc(BLOCK_BYTES_TARGET / 2 + 1);
    await test.submit(...Array.from({ length: 5 }, (_, i) => set(`k${i}`, value)));
    assert.deepEqual(await blocks(test), [2, 2, 1]);
    await test.set('large', Buffer.alloc(4 * BLOCK_BYTES_TARGET));
    assert.deepEqual(await blocks(test), [2, 2, 1, 1]);
    await test.store.close();
  });

  it('never cuts a transaction', async () => {
    const test = await TestStore.open();
    const operations = Array.from({ length: BLOCK_COMMANDS_MAX + 100 }, (_, i) => set(`k${i}`));
    await test.submit(...operations.slice(0, BLOCK_COMMANDS_MAX - 10), {
      kind: 'transact',
      conditions: [],
      operations,
    });
    assert.deepEqual(await blocks(test), [BLOCK_COMMANDS_MAX - 10 + operations.length]);
    await test.store.close();
  });

  it('appends nothing for what changes nothing', async () => {
    const test = await TestStore.open();
    await test.set('a');
    const operations: Operation[] = [
      { kind: 'delete', keys: [key('none')] },
      { ...set('a'), condition: 'if_absent' } as Operation,
      { kind: 'persist', key: key('a') },
    ];
    const replies = await test.submit(...operations);
    assert.deepEqual(
      replies.map(({ kind }) => kind),
      ['delete', 'set', 'persist'],
    );
    assert.deepEqual(await blocks(test), [1]);
    await test.store.close();
  });
});

describe('the order of writes', () => {
  it('is that in which they were asked: each sees those before it, over blocks too', async () => {
    const test = await TestStore.open();
    const results: string[] = [];
    const asked = Array.from({ length: 200 }, async (_, i) => {
      const [reply] = await test.submit({ kind: 'append', key: key('log'), value: key(`${i},`) });
      assert(reply?.kind === 'append');
      results.push(String(reply.length));
      if (i % 50 === 0) await turns(1);
    });
    await Promise.all(asked);
    const expected = Array.from({ length: 200 }, (_, i) => `${i},`).join('');
    assert.equal(await test.get('log'), expected);
    await test.store.close();
  });

  it('is kept within one submission that spans blocks, each of which sees those before', async () => {
    const test = await TestStore.open();
    const replies = await test.submit(...Array.from({ length: 3 * BLOCK_COMMANDS_MAX }, () => increment('n')));
    for (const [i, reply] of replies.entries()) assert(reply.kind === 'increment' && reply.value === BigInt(i + 1));
    assert.deepEqual((await blocks(test)).length, 3);
    await test.store.close();
  });

  it('does not read all keys of a submission for each block: a stall would grow squared', async () => {
    const test = await TestStore.open();
    const names = Array.from({ length: 3 * BLOCK_COMMANDS_MAX + 5 }, (_, i) => `k${i}`);
    await test.submit(...names.map((name) => set(name, '1')));
    await test.reopen();
    test.disk.operations.length = 0;
    const mixed = names.map((name, i) => (i % 2 === 0 ? increment(name) : get(name)));
    const replies = await test.submit(...mixed);
    for (const [i, reply] of replies.entries()) {
      if (i % 2 === 0) assert(reply.kind === 'increment' && reply.value === 2n);
      else assert(reply.kind === 'get' && String(reply.value) === '1');
    }
    const { replies: reads } = await test.store.writes.submit(names.map(get), { bytes: 1e6, ordered: true });
    assert.equal(reads.length, names.length);
    const asked = test.disk.operations.filter(({ kind }) => kind === 'read').map(({ keys }) => keys.length);
    assert(Math.max(...asked) <= BLOCK_COMMANDS_MAX, `up to ${Math.max(...asked)} keys at a time`);
    await test.store.close();
  });

  it('is not disturbed by a submission that does not fit into the block in hand', async () => {
    const test = await TestStore.open();
    const large = test.submit(...Array.from({ length: BLOCK_COMMANDS_MAX + 5 }, () => increment('n')));
    const small = test.submit(increment('n'));
    const [replies, [last]] = await Promise.all([large, small]);
    assert(replies.at(-1)?.kind === 'increment' && last?.kind === 'increment');
    assert.equal(last.value, BigInt(BLOCK_COMMANDS_MAX + 6));
    await test.store.close();
  });

  it('holds for reads that are asked to be ordered, and others see what is appended', async () => {
    const test = await TestStore.open();
    await test.set('a', 'old');
    const gate = hold(test.disk, isAppend);
    const write = test.set('a', 'new');
    const ordered = test.store.writes.submit([get('a')], { bytes: 10, ordered: true });
    await until('it is on its way', gate.held);
    assert.equal(await test.get('a'), 'old');
    assert(!(await settled(ordered)));
    gate.release();
    await write;
    const { replies } = await ordered;
    assert(replies[0]?.kind === 'get' && String(replies[0].value) === 'new');
    await test.store.close();
  });
});

describe('values on disk that are more than may be in memory at once', () => {
  const SIZE = 8 * 1024 * 1024;
  const names = 'abcdefghijkl'.split('');
  const keys = names.map(key);
  let test: TestStore;

  before(function () {
    this.timeout(20_000);
    assert(SIZE * names.length > READ_BYTES_MAX);
  });

  beforeEach(async () => {
    test = await TestStore.open({
      limits: { keyBytesMax: 64 * 1024, valueBytesMax: 2 * SIZE, transactionBytesMax: 8 * SIZE },
    });
    for (const name of names) await test.set(name, Buffer.alloc(SIZE, name));
    await (await test.store.snapshots.at()).release();
    await test.restart();
  });

  afterEach(() => test.store.close());

  const ask = async (ordered: boolean, ...operations: Operation[]): Promise<Reply[]> =>
    (await test.store.writes.submit(operations, { bytes: 100, ordered })).replies;

  it('are read a part at a time by the writer, and every operation is answered in order', async () => {
    const replies = await ask(true, ...names.map(get), set('a', 'new'), get('a'), get('f'));
    assert.equal(replies.length, 15);
    const values = replies.map((reply) => (reply.kind === 'get' ? reply.value?.subarray(0, 3).toString() : reply.kind));
    assert.deepEqual(values, [...names.map((name) => name.repeat(3)), 'set', 'new', 'fff']);
  });

  it('are refused to one operation that asks for all of them', async () => {
    for (const ordered of [true, false]) {
      const replies = await ask(ordered, { kind: 'multiGet', keys }, { kind: 'exists', keys });
      const [many, existing] = ordered ? replies : [...replies, ...(await ask(false, { kind: 'exists', keys }))];
      assert(many?.kind === 'error' && refused('too_large', /at most 67108864 bytes/)(many.error));
      assert.deepEqual(existing, { kind: 'exists', existing: 12 });
    }
  });

  it('cost nothing if only the keys matter', async () => {
    const replies = await ask(
      true,
      { kind: 'exists', keys },
      { kind: 'expire', key: key('a'), expiry: { ttlMs: 60_000 }, condition: undefined },
      { kind: 'stringLength', key: key('a') },
      { kind: 'delete', keys: keys.slice(1) },
      { kind: 'exists', keys },
    );
    assert.deepEqual(replies, [
      { kind: 'exists', existing: 12 },
      { kind: 'expire', applied: true },
      { kind: 'stringLength', length: SIZE },
      { kind: 'delete', deleted: 11 },
      { kind: 'exists', existing: 1 },
    ]);
    assert.equal((await test.get('a'))?.length, SIZE);
  });
});

describe('a reply', () => {
  const conditional: Operation[] = [
    { ...set('a', 'other'), condition: 'if_absent' } as Operation,
    { kind: 'get', key: key('a') },
    { kind: 'transact', conditions: [{ key: key('a'), test: 'absent' }], operations: [set('b')] },
  ];

  it('of any kind leaves only after the block that it has seen is appended', async () => {
    const test = await TestStore.open();
    const gate = hold(test.disk, isAppend);
    const writes = test.set('a', 'new');
    const seen = conditional.map((operation) => test.store.writes.submit([operation], { bytes: 10, ordered: true }));
    await until('it is on its way', gate.held);
    for (const one of [writes, ...seen]) assert(!(await settled(one, 2)));
    assert.equal(test.store.data.position.offset, 0);
    gate.release();
    await writes;
    assert.equal(test.store.data.position.offset, 1);
    await Promise.all(seen);
    await test.store.close();
  });

  it('refuses one operation of many, and the others are done', async () => {
    const test = await TestStore.open();
    const replies = await test.submit(set('a', 'text'), increment('a'), set('b'));
    assert.deepEqual(
      replies.map(({ kind }) => kind),
      ['set', 'error', 'set'],
    );
    const [, refusal] = replies;
    assert(refusal?.kind === 'error' && refusal.error.code === 'not_an_integer');
    assert.deepEqual(await blocks(test), [2]);
    await test.store.close();
  });

  it('to a transaction larger than a block may be is a refusal, and nothing is written', async () => {
    const test = await TestStore.open({
      limits: { keyBytesMax: 1_000, valueBytesMax: 64 * 1024 * 1024, transactionBytesMax: 256 * 1024 * 1024 },
    });
    const value = Buffer.alloc(BLOCK_BYTES_CEILING / 2);
    const [reply] = await test.submit({
      kind: 'transact',
      conditions: [],
      operations: [set('a', value), set('b', value)],
    });
    assert(reply?.kind === 'error' && reply.error.code === 'too_large');
    assert.equal(test.store.data.position.offset, 0);
    await test.set('c');
    await test.store.close();
  });

  it('comes for the largest block that there can be, to the byte, and for none larger', async () => {
    const limits = {
      keyBytesMax: 1_000,
      valueBytesMax: BLOCK_BYTES_CEILING,
      transactionBytesMax: 2 * BLOCK_BYTES_CEILING,
    };
    const test = await TestStore.open({ limits });
    const half = Buffer.alloc(BLOCK_BYTES_CEILING / 2);
    const kinds: string[] = [];
    for (const less of [99, 101, 131]) {
      const operations = [half, half.subarray(less)].map(
        (value, i) => ({ ...set(`${i}`, value), expiry: { expiresAtMs: 9_000_000_000_000 } }) as Operation,
      );
      const [reply] = await test.submit({ kind: 'transact', conditions: [], operations });
      kinds.push(reply?.kind === 'error' ? reply.error.code : (reply?.kind ?? ''));
    }
    assert.deepEqual(kinds, ['too_large', 'too_large', 'transact']);
    assert.deepEqual(test.fatal, []);
    await test.store.close();
  });
});

describe('the queue of the writer', () => {
  it('counts bytes until they are answered', async () => {
    const test = await TestStore.open();
    const gate = hold(test.disk, isAppend);
    const first = test.store.writes.submit([set('a')], { bytes: 300, ordered: false });
    await until('it is on its way', gate.held);
    const second = test.store.writes.submit([set('b')], { bytes: 500, ordered: false });
    assert.equal(test.store.writes.queuedBytes, 800);
    gate.release();
    await first;
    await second;
    assert.equal(test.store.writes.queuedBytes, 0);
    await test.store.close();
  });

  it('releases answered commands, though more wait behind them', async () => {
    const test = await TestStore.open();
    const value = Buffer.alloc(BLOCK_BYTES_TARGET);
    const waiting: Array<Promise<unknown>> = [];
    const submit = (name: string) => {
      const operation: Operation = { kind: 'set', key: key(name), value, expiry: undefined };
      waiting.push(test.store.writes.submit([operation], { bytes: value.length, ordered: false }));
      return new WeakRef(operation);
    };
    const first = submit('first');
    submit('second');
    let appends = 0;
    const gate = hold(test.disk, (operation) => isAppend(operation) && ++appends === 2);
    for (let i = 0; i < 3; i++) submit(`behind ${i}`);
    await waiting.shift();
    await until('the next is on its way', gate.held);
    assert.equal(test.store.writes.queuedBytes, 4 * value.length);
    await collected(first);
    gate.release();
    await Promise.all(waiting);
    await test.store.close();
  });

  it('wakes a waiter when there is room, when its signal aborts, and when the writer closes', async () => {
    const test = await TestStore.open();
    const gate = hold(test.disk, isAppend);
    const never = new AbortController();
    const given = new AbortController();
    const write = test.store.writes.submit([set('a')], { bytes: 300, ordered: false });
    await until('it is on its way', gate.held);
    await test.store.writes.whenQueueBelow(300, never.signal);
    const waiting = test.store.writes.whenQueueBelow(299, never.signal);
    const impatient = test.store.writes.whenQueueBelow(0, given.signal);
    assert(!(await settled(waiting)));
    given.abort();
    await impatient;
    gate.release();
    await write;
    await waiting;
    await test.store.close();
    await test.store.writes.whenQueueBelow(-1, never.signal);
  });

  it('refuses commands at once when it is closed, though an append is still pending', async () => {
    const test = await TestStore.open();
    await test.set('a');
    const flush = hold(test.disk, ({ location, kind }) => location.endsWith('/keyspace') && kind !== 'read');
    const snapshot = test.store.snapshots.at();
    await until('a checkpoint is in hand', flush.held);
    const gate = hold(test.disk, isAppend);
    const inHand = test.store.writes.submit([set('b')], { bytes: 300, ordered: false });
    await until('it is on its way', gate.held);
    flush.release(new Error('EIO'));
    await assert.rejects(snapshot, /EIO/);
    test.disk.fault = undefined;
    await test.store.writes.whenQueueBelow(0, new AbortController().signal);
    assert.equal(
      test.store.writes.queuedBytes,
      0,
      'who is sent to wait again at once, and again, never lets the append end',
    );
    gate.release();
    await inHand;
    await until('it is open again', () => test.store.data.isServing, { clock: test.clock, stepMs: 50 });
    await test.store.close();
  });

  it('leaves no listener behind on a signal that lives long', async () => {
    const test = await TestStore.open();
    const { signal } = new AbortController();
    let listeners = 0;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    for (let i = 0; i < 10; i++) {
      const write = test.store.writes.submit([set('a')], { bytes: 300, ordered: false });
      await test.store.writes.whenQueueBelow(0, signal);
      await write;
    }
    assert.equal(listeners, 0);
    await test.store.close();
  });
});

describe('an append that fails', () => {
  it('answers "unknown" to pending writes and "unavailable" to waiting ones, then recovers', async () => {
    const test = await TestStore.open();
    await test.set('acknowledged', 'yes');
    const history = test.store.data.log.history.lineage.current;
    const gate = hold(test.disk, isAppend);
    const inHand = [
      test.set('x'),
      test.submit(increment('n'), get('acknowledged')),
      test.store.writes.submit([get('x')], { bytes: 1, ordered: true }),
    ];
    await until('it is on its way', gate.held);
    const waiting = [test.set('y'), test.submit(increment('n'))];
    const outcomes = Promise.allSettled([...inHand, ...waiting]);
    gate.release(new Error('ENOSPC'));
    const codes = (await outcomes).map((outcome) =>
      outcome.status === 'rejected' ? (outcome.reason as HeadwaterError).code : 'answered',
    );
    assert.deepEqual(codes, ['outcome_unknown', 'outcome_unknown', 'outcome_unknown', 'unavailable', 'unavailable']);
    await assert.rejects(test.set('z'), refused('unavailable', /reopening after a failure.*ENOSPC/));
    await assert.rejects(test.get('acknowledged'), refused('unavailable'));
    await until('it is open again', () => test.store.data.isServing, { clock: test.clock, stepMs: 50 });
    assert.equal(await test.get('acknowledged'), 'yes');
    assert.notEqual(test.store.data.log.history.lineage.current?.replicationId, history?.replicationId);
    await test.set('z', 'after');
    assert.equal(await test.get('z'), 'after');
    assert.deepEqual(test.fatal, []);
    await test.store.close();
  });

  it('may have taken place all the same: then it is there after recovery', async () => {
    const test = await TestStore.open();
    await test.set('a', 'before');
    test.disk.fault = async (operation) => {
      if (!isAppend(operation)) return;
      test.disk.fault = undefined;
      // The disk takes it and says that it has not.
      const raw = test.disk.raw(operation.location);
      const { log } = test.store.data;
      const block = sealBlock({
        commands: [{ kind: 'put', key: key('a'), value: Buffer.from('after'), expiresAtMs: 0, type: 0 }],
        previous: log.end,
        replicationId: log.history.lineage.current?.replicationId as string,
        timeMs: log.lookup.endTimeMs,
      });
      await raw.put(operation.keys[0] as Buffer, block.bytes);
      throw new Error('EIO');
    };
    await assert.rejects(test.set('a', 'after'), refused('outcome_unknown', /may or may not have happened/));
    await until('it is open again', () => test.store.data.isServing, { clock: test.clock, stepMs: 50 });
    assert.equal(await test.get('a'), 'after');
    assert.equal(test.store.data.position.offset, 2);
    assert.deepEqual(
      test.store.data.log.history.lineage.rows.map(({ firstOffset }) => firstOffset),
      [1, 3],
    );
    await test.store.close();
  });

  it('is tried again no sooner than the store is open: the handle takes no more writes', async () => {
    const test = await TestStore.open();
    let state: 'sound' | 'failed' | 'closed' = 'sound';
    let writesAfter = 0;
    test.disk.fault = (operation) => {
      if (!operation.location.endsWith('/log') || operation.kind === 'read') return;
      if (operation.kind === 'close') state = 'closed';
      if (state === 'failed') writesAfter++;
      if (state !== 'sound' || !isAppend(operation)) return;
      state = 'failed';
      throw new Error('EIO');
    };
    const waiting = Array.from({ length: 10 }, (_, i) => test.set(`k${i}`).catch(() => {}));
    await assert.rejects(test.set('a'), refused('outcome_unknown'));
    await Promise.all(waiting);
    await until('it is open again', () => test.store.data.isServing, { clock: test.clock, stepMs: 50 });
    assert.equal(writesAfter, 0);
    await test.store.close();
  });

  it('many times in a row loses nothing that was acknowledged, and counts nothing twice', async () => {
    const test = await TestStore.open({ budget: { overlayBytesMax: 4_000, replayBytesMax: 4_000 } });
    let operations = 0;
    test.disk.fault = ({ kind }) => {
      if ((kind === 'put' || kind === 'batch' || kind === 'durable') && ++operations % 37 === 0) throw new Error('EIO');
    };
    let acknowledged = 0;
    let unknown = 0;
    for (let i = 0; i < 300; i++) {
      await until('it is open', () => test.store.data.isServing, { clock: test.clock, stepMs: 50 });
      try {
        await test.submit(increment('n'), set(`k${i}`));
        acknowledged++;
      } catch (error) {
        assert(HeadwaterError.is(error, 'outcome_unknown') || HeadwaterError.is(error, 'unavailable'), String(error));
        if (HeadwaterError.is(error, 'outcome_unknown')) unknown++;
      }
    }
    test.disk.fault = undefined;
    await until('it is open', () => test.store.data.isServing, { clock: test.clock, stepMs: 50 });
    const value = Number(await test.get('n'));
    assert(
      value >= acknowledged && value <= acknowledged + unknown,
      `${acknowledged} acknowledged, ${unknown} unknown, ${value} there`,
    );
    assert(acknowledged > 200 && unknown > 2, `${acknowledged} acknowledged, ${unknown} unknown`);
    assert.deepEqual(test.fatal, []);
    await test.store.close();
  });
});

describe('a record that the disk has damaged', () => {
  async function damaged(): Promise<TestStore> {
    const test = await TestStore.open();
    await test.submit(set('bad', '1'), set('good', '1'));
    await test.reopen();
    const raw = test.disk.raw(test.location('keyspace'));
    const record = (await raw.get(dataKey(0, key('bad')))) as Buffer;
    await raw.put(dataKey(0, key('bad')), flipped(record, 150));
    return test;
  }

  const code = (reply: Reply | undefined) => (reply?.kind === 'error' ? reply.error.code : (reply?.kind ?? 'none'));
  const remove = (...names: string[]): Operation => ({ kind: 'delete', keys: names.map(key) });

  it('is refused to the operations that need it, and to no other, and costs no reopening', async () => {
    const test = await damaged();
    const history = test.store.data.log.history.lineage.current;
    const outcomes = await Promise.all([
      test.submit(increment('good')),
      test.submit(increment('bad')),
      test.submit(increment('good'), get('bad'), remove('good', 'bad'), increment('good')),
      test.submit(remove('bad')),
    ]);
    assert.deepEqual(
      outcomes.map((replies) => replies.map(code)),
      [['increment'], ['corrupt'], ['increment', 'corrupt', 'corrupt', 'increment'], ['corrupt']],
    );
    assert.equal(await test.get('good'), '4', 'nothing of a refused operation is written');
    assert.equal(test.store.writes.queuedBytes, 0);
    assert.deepEqual(test.store.data.log.history.lineage.current, history);
    await test.store.close();
  });

  it('is refused to the reads of a message that need it, and the others are answered', async () => {
    const test = await damaged();
    const multiGet = (...names: string[]): Operation => ({ kind: 'multiGet', keys: names.map(key) });
    const reads = [get('good'), get('bad'), multiGet('good', 'bad'), multiGet('good', 'none'), get('none')];
    for (const ordered of [false, true]) {
      const { replies } = await test.store.writes.submit(reads, { bytes: 100, ordered });
      assert.deepEqual(replies.map(code), ['get', 'corrupt', 'corrupt', 'multiGet', 'get']);
      assert(replies[0]?.kind === 'get' && String(replies[0].value) === '1');
      assert(replies[1]?.kind === 'error' && /"bad"/.test(replies[1].error.message));
    }
    await test.store.close();
  });

  it('is refused to them too if LevelDB notices the damage, and does not name the key', async () => {
    const test = await damaged();
    for (const names of [['bad', 'good'], Array.from({ length: 100 }, (_, i) => (i === 50 ? 'bad' : 'good'))]) {
      test.disk.fault = ({ kind, keys }) => {
        if (kind === 'read' && keys.some((asked) => asked.includes('bad')))
          throw Object.assign(new Error('corrupted compressed block contents'), { code: 'LEVEL_CORRUPTION' });
      };
      for (const ordered of [false, true]) {
        const { replies } = await test.store.writes.submit(names.map(get), { bytes: 100, ordered });
        assert.deepEqual(
          replies.map(code),
          names.map((name) => (name === 'bad' ? 'corrupt' : 'get')),
        );
      }
    }
    test.disk.fault = undefined;
    await test.store.close();
  });

  it('is readable again behind a write in the same block, and after a flush of all', async () => {
    const test = await damaged();
    const replies = await test.submit(get('bad'), set('bad', '7'), increment('bad'));
    assert.deepEqual(replies.map(code), ['corrupt', 'set', 'increment']);
    const others = await damaged();
    assert.deepEqual((await others.submit(get('bad'), { kind: 'flushAll' }, get('bad'))).map(code), [
      'corrupt',
      'flushAll',
      'get',
    ]);
    await test.store.close();
    await others.store.close();
  });

  it('is mended by a write that does not look at it', async () => {
    const test = await damaged();
    await assert.rejects(test.get('bad'), refused('corrupt'));
    await test.set('bad', '7');
    await test.submit(increment('bad'));
    await test.reopen();
    assert.equal(await test.get('bad'), '8');
    await test.store.close();
  });
});
