/** The errors of a client, as a program catches them: by class, by code with typed details, or by name. */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import * as headwater from '../../src/client/index.js';
import { Client, HeadwaterError } from '../../src/client/index.js';
import { FakeStore } from '../rpc/fake-store.js';
import { closeAll, closing, gate, serve, until } from '../rpc/harness.js';

const EXPORTS: ReadonlyMap<string, unknown> = new Map(Object.entries(headwater));

/** Every class of the package that is the class of a code, with the code. */
const CLASSES: ReadonlyArray<readonly [name: string, code: headwater.ErrorCode]> = [
  ['AbortError', 'cancelled'],
  ['DiskFull', 'disk_full'],
  ['DurabilityNotReached', 'durability_not_reached'],
  ['LostBranch', 'lost_branch'],
  ['NoLeader', 'no_leader'],
  ['OutcomeUnknown', 'outcome_unknown'],
  ['Overloaded', 'overloaded'],
  ['ReadOnlyFollower', 'read_only_follower'],
  ['Superseded', 'superseded'],
  ['TimeoutError', 'deadline_exceeded'],
  ['TooFewFollowers', 'too_few_followers'],
  ['Unavailable', 'unavailable'],
  ['Unreachable', 'unreachable'],
];

type ErrorClass = new (message: string, options?: object) => HeadwaterError;

describe('an error', () => {
  for (const [name, code] of CLASSES) {
    it(`${code} is an instance of ${name}, whoever made it`, () => {
      const Kind = EXPORTS.get(name) as unknown as ErrorClass;
      for (const error of [new HeadwaterError(code, 'why', { details: {} }), new Kind('why')]) {
        assert(error instanceof Kind && error instanceof HeadwaterError && error instanceof Error);
        assert.deepEqual([error.code, error.name, error.message], [code, name, 'why']);
        assert(inspect(error).startsWith(`${name}: why\n    at `), inspect(error));
        assert(HeadwaterError.is(error, code) && !HeadwaterError.is(error, 'internal'));
      }
    });
  }

  it('has a class for each of these codes and for no other', () => {
    const classes = [...EXPORTS.values()].filter(
      (value) => typeof value === 'function' && value.prototype instanceof HeadwaterError,
    );
    assert.deepEqual(classes.map((one) => (one as { name: string }).name).sort(), CLASSES.map(([name]) => name).sort());
    for (const code of headwater.ERROR_CODES) {
      const error = new HeadwaterError(code, '');
      const own = CLASSES.find(([, one]) => one === code)?.[0] ?? 'HeadwaterError';
      assert.deepEqual([error.name, error.constructor.name], [own, own]);
    }
  });

  it('has the types of its details as soon as its code is known', () => {
    const error: unknown = new HeadwaterError('lost_branch', 'lost', { details: { replicationId: 'ab', offset: 7 } });
    assert(HeadwaterError.is(error, 'lost_branch'));
    const offset: number | undefined = error.details.offset;
    assert.equal(offset, 7);
    // @ts-expect-error: an error of this code has no such fact.
    assert.equal(error.details.leader, undefined);
    const reached: unknown = new headwater.DurabilityNotReached('late', { details: DURABILITY });
    assert(reached instanceof headwater.DurabilityNotReached);
    const followers: number = reached.details.followersAppended;
    assert.equal(followers, 2);
  });
});

const DURABILITY = { reached: false, synced: true, followersAppended: 2, followersSynced: 0, unsyncedHere: false };

describe('a call that is given up', () => {
  let store: FakeStore;
  let db: Client;
  beforeEach(async () => {
    store = new FakeStore();
    db = closing(await Client.connect((await serve(store)).address));
  });
  afterEach(closeAll);

  const caught = (promise: Promise<unknown>) =>
    promise.then(
      () => assert.fail('expected an error'),
      (error: HeadwaterError) => error,
    );

  const CALLS: ReadonlyArray<readonly [name: string, call: (signal: AbortSignal) => Promise<unknown>]> = [
    ['get', (signal) => db.get('a', { signal })],
    ['dbsize', (signal) => db.dbsize({ signal })],
    ['randomKey', (signal) => db.randomKey({ signal })],
    ['keys', (signal) => db.keys('', { signal })],
    ['scan', (signal) => db.scan({ signal }).next()],
    ['status', (signal) => db.status({ signal })],
    ['backup', (signal) => db.backup({ signal }).next()],
    ['verify', (signal) => db.verify({ signal }).next()],
  ];
  for (const [name, call] of CALLS) {
    it(`${name} is an AbortError, with the reason of the signal as its cause`, async () => {
      const reason = new Error('enough');
      const before = await caught(call(AbortSignal.abort(reason)));
      assert.deepEqual([before.name, before.code, before.cause], ['AbortError', 'cancelled', reason]);
      const open = gate();
      store.before = () => open.promise;
      const abort = new AbortController();
      const during = caught(call(abort.signal));
      if (name === 'get') await until(() => store.submissions.length > 0, 'the command to arrive');
      abort.abort(reason);
      const error = await during;
      assert.deepEqual([error.name, error.code, error.cause], ['AbortError', 'cancelled', reason]);
      open.open();
    });
  }

  it('is a TimeoutError if its time is over', async () => {
    const open = gate();
    store.before = () => open.promise;
    const error = await caught(db.get('a', { timeoutMs: 20 }));
    assert.deepEqual([error.name, error.code], ['TimeoutError', 'deadline_exceeded']);
    open.open();
  });

  it('is an OutcomeUnknown for a write that was sent, with the reason in its causes', async () => {
    const open = gate();
    store.before = () => open.promise;
    const abort = new AbortController();
    const during = caught(db.set('a', '1', { signal: abort.signal }));
    await until(() => store.submissions.length > 0, 'the command to arrive');
    abort.abort('enough');
    const error = await during;
    assert(HeadwaterError.is(error, 'outcome_unknown'));
    const cause = error.cause as HeadwaterError;
    assert.deepEqual([error.name, error.details.reason], ['OutcomeUnknown', 'cancelled']);
    assert.deepEqual([cause.name, cause.cause], ['AbortError', 'enough']);
    open.open();
  });
});

describe('a refusal of a value has the name that the caller wrote', () => {
  afterEach(closeAll);

  const CALLS: ReadonlyArray<readonly [says: string, call: (db: Client) => Promise<unknown>]> = [
    ['ttlMs: expected a whole number from 1 on, received -1', (db) => db.set('a', '1', { ttlMs: -1 })],
    ['expiresAtMs: expected a whole number from 1 on, received 0', (db) => db.set('a', '1', { expiresAtMs: 0 })],
    ['ttlMs: expected a whole number from 1 on, received 0', (db) => db.getEx('a', { ttlMs: 0 })],
    ['ttlMs: expected a whole number, received 0.5', (db) => db.expire('a', { ttlMs: 0.5 })],
    [
      'operations[0]: ttlMs: expected a whole number from 1 on, received -1',
      (db) => db.transaction().set('a', '1', { ttlMs: -1 }).commit(),
    ],
    ['waitMs: expected a whole number from 0 on, received -1', (db) => db.failover({ waitMs: -1 })],
    ['waitMs: expected a whole number from 0 on, received 0.5', (db) => db.compare({ waitMs: 0.5 })],
    [
      'bytesPerSecond: expected a whole number from 0 on, received -1',
      (db) => db.verify({ bytesPerSecond: -1 }).next(),
    ],
    ['from: expected a whole number from 0 on, received -1', (db) => db.watch({ from: -1 }).next()],
  ];
  for (const [says, call] of CALLS) {
    it(says, async () => {
      const db = closing(await Client.connect((await serve(new FakeStore())).address));
      await assert.rejects(call(db), { code: 'invalid_argument', message: says });
    });
  }
});
