/** Records of the node itself: they live like those of clients, and no client sees them. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { HeadwaterError } from '../../src/base/errors.js';
import { reservedKey } from '../../src/base/reserved-keys.js';
import { validate } from '../../src/commands/execute.js';
import { compileGlob } from '../../src/commands/glob.js';
import { blockKey } from '../../src/log/rows.js';
import type { Operation } from '../../src/model/operation.js';
import { allKeys, FrozenRange, randomKey } from '../../src/pipeline/frozen-range.js';
import type { RoleWanted } from '../../src/store/node-record.js';
import { RESERVED_FILE } from '../../src/store/reserved-file.js';
import type { Store } from '../../src/store/store.js';
import { changesOf } from '../../src/streams/changes.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { TestStore } from '../support/store.js';

const NAME = 'user/boss';
const key = reservedKey(NAME);

function changing(store: Store, ...changes: Array<[string, string | undefined]>): Promise<number> {
  const records = changes.map(([name, value]) => [name, value === undefined ? undefined : Buffer.from(value)] as const);
  return store.identity.records.change(() => new Map(records), 10);
}

function held({ identity }: Store): Record<string, string> {
  return Object.fromEntries([...identity.records.all].map(([name, value]) => [name, value.toString()]));
}

function ask(store: Store, ...operations: Operation[]) {
  return store.writes.submit(operations, { bytes: 1, ordered: true });
}

async function seen(store: Store): Promise<string[]> {
  const range = await FrozenRange.of(store, allKeys(compileGlob(Buffer.alloc(0))));
  const keys: string[] = [];
  for await (const chunk of range.matching()) for (const [one] of chunk) keys.push(one.toString());
  await range.release();
  return keys;
}

describe('records of the node itself', () => {
  let test: TestStore;
  beforeEach(async () => {
    test = await TestStore.open();
  });
  afterEach(async () => {
    await test.store.close();
    await removeTemporaryDirectories();
  });

  it('outlive a kill, a checkpoint and a kill behind it, a stop, and a change of each', async () => {
    await changing(test.store, [NAME, 'one'], ['user/app', 'a']);
    await test.restart();
    assert.deepEqual(held(test.store), { [NAME]: 'one', 'user/app': 'a' });
    await test.store.snapshots.checkpoint();
    await changing(test.store, [NAME, 'two'], ['user/app', undefined]);
    await test.restart();
    assert.deepEqual(held(test.store), { [NAME]: 'two' });
    await test.reopen();
    assert.deepEqual(held(test.store), { [NAME]: 'two' });
    await test.reopen();
    assert.deepEqual(held(test.store), { [NAME]: 'two' });
  });

  it('stay when all keys are deleted, in one transaction, also with a change in the same block', async () => {
    await changing(test.store, [NAME, 'one']);
    const value = Buffer.from('v');
    const [, , offset] = await Promise.all([
      changing(test.store, [NAME, 'two']),
      ask(test.store, { kind: 'set', key: value, value }),
      ask(test.store, { kind: 'flushAll' }).then(({ position }) => position.offset),
    ]);
    assert.deepEqual(held(test.store), { [NAME]: 'two' });
    await test.restart();
    assert.deepEqual(held(test.store), { [NAME]: 'two' });
    assert.equal(await test.store.snapshots.size(), 0);
    assert.ok(offset >= 5, `the clear and the record behind it, received the end ${offset}`);
  });

  it('are in no list of keys, in no count, no random key and no watch, in memory and on disk', async () => {
    await changing(test.store, [NAME, 'one'], ['user/app', 'a']);
    const nothing = Buffer.alloc(0);
    await ask(
      test.store,
      { kind: 'set', key: nothing, value: nothing },
      { kind: 'set', key: Buffer.from('\0z'), value: nothing },
    );
    for (const isOnDisk of [false, true]) {
      if (isOnDisk) await test.store.snapshots.checkpoint();
      assert.deepEqual(await seen(test.store), ['', '\0z']);
      assert.equal(await test.store.snapshots.size(), 2);
      for (let i = 0; i < 20; i++) assert.ok(['', '\0z'].includes(String(await randomKey(test.store))));
    }
    const first = await FrozenRange.of(test.store, { ...allKeys(compileGlob(nothing)), limit: 2 });
    const found: string[] = [];
    for await (const chunk of first.matching()) for (const [one] of chunk) found.push(one.toString());
    await first.release();
    assert.deepEqual(found, ['', '\0z']);
  });

  it('are refused to clients, in every place of an operation', () => {
    const plain = Buffer.from('k');
    const operations: Operation[] = [
      { kind: 'get', key },
      { kind: 'multiGet', keys: [plain, key] },
      { kind: 'set', key, value: plain },
      { kind: 'delete', keys: [key] },
      { kind: 'exists', keys: [key] },
      { kind: 'rename', key: plain, newKey: key },
      { kind: 'copy', key, newKey: plain },
      { kind: 'multiSet', entries: [{ key, value: plain }] },
      { kind: 'bitOperation', operator: 'not', key: plain, keys: [key] },
      { kind: 'longestCommonSubsequence', key: plain, otherKey: key },
      { kind: 'expire', key, expiry: { ttlMs: 1 } },
      { kind: 'timeToLive', key },
      { kind: 'type', key },
      { kind: 'stringLength', key },
      { kind: 'transact', conditions: [{ key, test: 'exists' }], operations: [] },
      { kind: 'transact', conditions: [], operations: [{ kind: 'get', key }] },
    ];
    const limits = { keyBytesMax: 1_000, valueBytesMax: 1_000, transactionBytesMax: 10_000 };
    for (const operation of operations)
      assert.throws(() => validate(operation, limits), /expected one that does not begin with/, operation.kind);
    validate({ kind: 'get', key: Buffer.from('\0headwater') }, limits);
  });

  it('are changed by a decision that sees all changes before it, and by none that refuses', async () => {
    const seenBefore: string[][] = [];
    const add = (name: string) =>
      test.store.identity.records.change((records) => {
        seenBefore.push([...records.keys()]);
        return new Map([[name, Buffer.from('x')]]);
      }, 1);
    await Promise.all([add('a'), add('b')]);
    assert.deepEqual(seenBefore, [[], ['a']]);
    const refused = test.store.identity.records.change(() => {
      throw new HeadwaterError('invalid_argument', 'no');
    }, 1);
    await assert.rejects(refused, { message: 'no' });
    assert.deepEqual(Object.keys(held(test.store)), ['a', 'b']);
  });

  it('are refused on a follower, by the name of its upstream', async () => {
    await test.store.close();
    test = await TestStore.follower();
    await assert.rejects(
      changing(test.store, [NAME, 'x']),
      ({ code }: HeadwaterError) => code === 'read_only_follower',
    );
  });

  it('stand in a file too, for a node whose data cannot be opened', async () => {
    await changing(test.store, [NAME, 'one']);
    await test.store.identity.records.settled();
    const file = path.join(test.directory, RESERVED_FILE);
    assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), {
      '': '1',
      [NAME]: Buffer.from('one').toString('base64'),
    });
    await test.store.close();
    const base64 = Buffer.from('one').toString('base64');
    const others = ['no JSON', '', 'null', '7', '"a"', '[]', '{"user/boss":7}', '{"user/boss":"b25!"}'];
    for (const text of [...others, `{"":"x","${NAME}":"${base64}"}`, `{"":-1,"${NAME}":"${base64}"}`]) {
      await writeFile(file, text);
      await assert.rejects(test.open(), ({ code }: HeadwaterError) => code === 'corrupt', text);
    }
    await writeFile(file, '{}');
    await test.open();
    assert.deepEqual(held(test.store), { [NAME]: 'one' });
  });
});

describe('records whose blocks are lost with the end of the log', () => {
  let test: TestStore;
  beforeEach(async () => {
    test = await TestStore.open();
    await ask(test.store, { kind: 'set', key: Buffer.from('k'), value: Buffer.from('v') });
  });
  afterEach(async () => {
    await test.store.close();
    await removeTemporaryDirectories();
  });

  const users = { 'user/app': 'a', [NAME]: 'one' };
  const file = async () => JSON.parse(await readFile(path.join(test.directory, RESERVED_FILE), 'utf8')) as object;

  /** Makes both users, kills the store, and takes away the block of the second. */
  async function lost(role?: RoleWanted): Promise<void> {
    await changing(test.store, [NAME, 'one']);
    const offset = await changing(test.store, ['user/app', 'a']);
    await test.store.identity.records.settled();
    await test.disk.raw(test.location('log')).del(blockKey(offset));
    await test.restart(role);
  }

  it('stay in force, and a leader writes them to its log again', async () => {
    await lost();
    assert.deepEqual(held(test.store), users);
    await changing(test.store, ['user/new', 'n']);
    assert.equal(test.store.identity.records.areKept, false);
    await test.store.identity.records.settled();
    assert.deepEqual(Object.keys(await file()), ['', 'user/app', NAME, 'user/new']);
    await writeFile(path.join(test.directory, RESERVED_FILE), '{}');
    await test.restart();
    assert.deepEqual(held(test.store), { ...users, 'user/new': 'n' });
  });

  it('stay in force on a follower over restarts, until it has all that its upstream has', async () => {
    await lost({ role: 'follower', upstream: '127.0.0.1:1' });
    for (const _ of ['the first start', 'the next']) {
      assert.deepEqual(held(test.store), users);
      assert.equal(test.store.identity.records.areKept, true);
      await test.store.identity.records.settled();
      assert.deepEqual(Object.keys(await file()), ['', 'user/app', NAME]);
      await test.restart();
    }
    test.store.identity.records.followed(2);
    assert.deepEqual(held(test.store), { [NAME]: 'one' });
    await test.restart();
    assert.deepEqual(held(test.store), { [NAME]: 'one' });
  });

  it('that were deleted stay deleted', async () => {
    await changing(test.store, [NAME, 'one'], ['user/app', 'a']);
    const offset = await changing(test.store, ['user/app', undefined]);
    await test.store.identity.records.settled();
    await test.disk.raw(test.location('log')).del(blockKey(offset));
    await test.restart();
    assert.deepEqual(held(test.store), { [NAME]: 'one' });
    await changing(test.store, ['user/new', 'n']);
    await test.restart();
    assert.deepEqual(held(test.store), { [NAME]: 'one', 'user/new': 'n' });
  });

  it('keep the file of an older version, which does not say how new it is', async () => {
    await changing(test.store, [NAME, 'one']);
    await test.store.identity.records.settled();
    const { '': _, ...older } = (await file()) as Record<string, string>;
    await writeFile(path.join(test.directory, RESERVED_FILE), JSON.stringify(older));
    await test.restart();
    assert.deepEqual(held(test.store), { [NAME]: 'one' });
    await test.store.identity.records.settled();
    assert.deepEqual(Object.keys(await file()), ['', NAME]);
  });
});

describe('a watch', () => {
  it('shows a clear, and not the records that are written again behind it', async () => {
    const test = await TestStore.open();
    try {
      await changing(test.store, [NAME, 'one']);
      await ask(test.store, { kind: 'flushAll' });
      const blocks = await test.store.data.log.read(0, 1_000_000);
      const kinds = blocks.flatMap((block) =>
        changesOf(block, Buffer.alloc(0), 0).flatMap(({ events }) => events.map(({ kind }) => kind)),
      );
      assert.deepEqual(kinds, ['clear']);
    } finally {
      await test.store.close();
      await removeTemporaryDirectories();
    }
  });
});
