/** A misspelled option would do nothing, so every call of the client refuses a name that it does not know. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import { Administration } from '../../src/client/administration.js';
import { BitCommands } from '../../src/client/bit-commands.js';
import { Client, type ClientOptions } from '../../src/client/client.js';
import { Commands } from '../../src/client/commands.js';
import { Users } from '../../src/client/users.js';
import { FakeStore } from '../rpc/fake-store.js';
import { closeAll, closing, serve } from '../rpc/harness.js';

type Call = (options: object) => unknown;

describe('an option of an unknown name', () => {
  let store: FakeStore;
  let db: Client;
  before(async () => {
    store = new FakeStore();
    db = closing(await Client.connect((await serve(store)).address));
  });
  after(closeAll);

  const commands: Record<string, (db: Commands<string> | Commands<Buffer>, options: never) => unknown> = {
    get: (at, options) => at.get('k', options),
    getVersioned: (at, options) => at.getVersioned('k', options),
    mget: (at, options) => at.mget(['k'], options),
    set: (at, options) => at.set('k', 'v', options),
    del: (at, options) => at.del(['k'], options),
    exists: (at, options) => at.exists(['k'], options),
    incr: (at, options) => at.incr('k', 1, options),
    incrByFloat: (at, options) => at.incrByFloat('k', 1, options),
    append: (at, options) => at.append('k', 'v', options),
    strlen: (at, options) => at.strlen('k', options),
    getRange: (at, options) => at.getRange('k', 0, 1, options),
    setRange: (at, options) => at.setRange('k', 0, 'v', options),
    getDel: (at, options) => at.getDel('k', options),
    getEx: (at, options) => at.getEx('k', options),
    ttl: (at, options) => at.ttl('k', options),
    expire: (at, options) => at.expire('k', options),
    persist: (at, options) => at.persist('k', options),
    rename: (at, options) => at.rename('k', 'l', options),
    type: (at, options) => at.type('k', options),
    mset: (at, options) => at.mset({ k: 'v' }, options),
    copy: (at, options) => at.copy('k', 'l', options),
    getBit: (at, options) => at.getBit('k', 0, options),
    setBit: (at, options) => at.setBit('k', 0, 1, options),
    bitCount: (at, options) => at.bitCount('k', options),
    bitPos: (at, options) => at.bitPos('k', 1, options),
    bitOp: (at, options) => at.bitOp('or', 'k', ['a'], options),
    bitField: (at, options) => at.bitField('k', [], options),
    lcs: (at, options) => at.lcs('k', 'l', options),
    lcsLength: (at, options) => at.lcsLength('k', 'l', options),
    lcsMatches: (at, options) => at.lcsMatches('k', 'l', options),
    flushAll: (at, options) => at.flushAll(options),
    ping: (at, options) => at.ping('', options),
    transact: (at, options) => (at as Commands<string>).transact({ operations: [] }, options),
    transaction: (at, options) => at.transaction().commit(options),
    keys: (at, options) => at.keys('', options),
    randomKey: (at, options) => at.randomKey(options),
    scan: (at, options) => at.scan(options).next(),
  };
  const calls: Record<string, (options: never) => unknown> = {
    getBuffer: (options) => db.getBuffer('k', options),
    dbsize: (options) => db.dbsize(options),
    publish: (options) => db.publish('c', 'm', options),
    subscribe: (options) => db.subscribe(options).next(),
    subscribeBuffers: (options) => db.subscribeBuffers(options).next(),
    watch: (options) => db.watch(options).next(),
    watchBuffers: (options) => db.watchBuffers(options).next(),
    backup: (options) => db.backup(options).next(),
    monitor: (options) => db.monitor(options).next(),
    verify: (options) => db.verify(options).next(),
    repair: (options) => db.repair(options).next(),
    status: (options) => db.status(options),
    digest: (options) => db.digest(options),
    follow: (options) => db.follow('127.0.0.1:1', options),
    promote: (options) => db.promote(options),
    failover: (options) => db.failover(options),
    forget: (options) => db.forget('node', options),
    clusterStatus: (options) => db.clusterStatus(options),
    clusterPause: (options) => db.clusterPause(options),
    clusterSwitch: (options) => db.clusterSwitch('', options),
    compare: (options) => db.compare(options),
    options: (options) => db.options([], options),
    machine: (options) => db.machine(options),
    drain: (options) => db.drain(options),
    slowLog: (options) => db.slowLog(options),
    setOptions: (options) => db.setOptions({}, options),
    rangeDigests: (options) => db.rangeDigests('mark', [], options).next(),
    repairRanges: (options) => db.repairRanges([], options).next(),
    close: (options) => db.close(options),
  };
  const users: Record<string, (options: never) => unknown> = {
    create: (options) => db.users.create('u', options && { roles: ['read'], ...Object(options) }),
    limit: (options) => db.users.limit('u', options),
    list: (options) => db.users.list(options),
    revoke: (options) => db.users.revoke('u', options),
    rotate: (options) => db.users.rotate('u', options),
    whoAmI: (options) => db.users.whoAmI(options),
  };
  /** Members that take no options. */
  const WITHOUT = ['constructor', 'address', 'connection', 'position', 'token', 'on', 'once', 'off'];

  const all: Array<[name: string, call: Call]> = [
    ...Object.entries(calls).map(([name, call]): [string, Call] => [name, (options) => call(options as never)]),
    ...Object.entries(users).map(([name, call]): [string, Call] => [
      `users.${name}`,
      (options) => call(options as never),
    ]),
    ...Object.entries(commands).flatMap(
      ([name, call]): Array<[string, Call]> => [
        [name, (options) => call(db, options as never)],
        [`buffers.${name}`, (options) => call(db.buffers, options as never)],
      ],
    ),
  ];

  it('is tried here at every public method', () => {
    const methods = [Client, Administration, Commands, BitCommands].flatMap(({ prototype }) =>
      Object.getOwnPropertyNames(prototype),
    );
    const tried = [...Object.keys(calls), ...Object.keys(commands), ...WITHOUT];
    assert.deepEqual([...new Set(methods)].sort(), tried.sort());
    const ofUsers = Object.getOwnPropertyNames(Users.prototype).filter((name) => name !== 'constructor');
    assert.deepEqual(ofUsers.sort(), Object.keys(users).sort());
    const statics = Object.getOwnPropertyNames(Client).filter(
      (name) => !['length', 'name', 'prototype'].includes(name),
    );
    assert.deepEqual(statics, ['connect']);
  });

  for (const [name, call] of all) {
    it(`is refused by ${name}, which sends nothing`, async () => {
      const before = store.submissions.length;
      await refused(() => call({ timeoutMS: 1 }), 'unknown option timeoutMS: did you mean timeoutMs?');
      await refused(() => call({ qqqq: undefined }), 'unknown option qqqq: expected one of ');
      await refused(() => call(null as unknown as object), 'options: expected an object, received null');
      assert.equal(store.submissions.length, before);
    });
  }

  for (const [name, call] of all.filter(([name]) => name !== 'close'))
    it(`comes with a check of the signal in ${name}`, async () => {
      const before = store.submissions.length;
      await refused(
        () => call({ ...(name.endsWith('expire') && { ttlMs: 1 }), signal: new AbortController() }),
        'signal: expected an AbortSignal, received an AbortController. Pass its signal',
      );
      assert.equal(store.submissions.length, before);
    });

  const NEAR: ReadonlyArray<readonly [options: object, says: string]> = [
    [{ ttl: 10 }, 'unknown option ttl: did you mean ttlMs?'],
    [{ EX: 10 }, 'unknown option EX: did you mean ttlMs?'],
    [{ NX: true }, 'unknown option NX: did you mean ifAbsent?'],
    [{ timeout_ms: 10 }, 'unknown option timeout_ms: did you mean timeoutMs?'],
    [{ expires: 10 }, 'unknown option expires: did you mean expiresAtMs?'],
    [{ 'a\nb': 10 }, 'unknown option "a\\nb": expected one of signal, timeoutMs, '],
    [{ constructor: 1 }, 'unknown option constructor: expected one of '],
    [{ durability: { levle: 'synced' } }, 'unknown option durability.levle: did you mean durability.level?'],
    [{ durability: 'synced' }, 'durability: expected an object, received "synced"'],
  ];
  for (const [options, says] of NEAR)
    it(`says ${JSON.stringify(says)}`, () => refused(() => db.set('k', 'v', options), says));

  it('is not taken for a role', async () => {
    const expected = 'roles: expected a list of read, write, publish, replicate, admin, received ';
    await refused(() => db.users.create('u', { roles: ['boss'] as never }), `${expected}[ 'boss' ]`);
    await refused(() => db.users.create('u', { roles: 'read' as never }), `${expected}'read'`);
  });

  it('is refused in a transaction, whose conditions would be left out', () => {
    const misspelled = { condition: [{ key: 'a', test: 'absent' }], operations: [] } as { operations: [] };
    return refused(
      () => db.transact(misspelled),
      'unknown option transaction.condition: did you mean transaction.conditions?',
    );
  });

  const PARTS: ReadonlyArray<readonly [transaction: object, says: string]> = [
    [
      {
        operations: [
          { kind: 'get', key: 'a' },
          { kind: 'set', key: 'a', value: 'b', ttlMs: 10 },
        ],
      },
      'operations[1]: unknown option ttlMs: did you mean expiry?',
    ],
    [
      { operations: [{ kind: 'set', key: 'a', value: 'b', ifAbsent: true }] },
      'operations[0]: unknown option ifAbsent: did you mean condition?',
    ],
    [
      { operations: [{ kind: 'delete', keys: ['a'], key: 'a' }] },
      'operations[0]: unknown option key: did you mean keys?',
    ],
    [
      { operations: [{ kind: 'increment', key: 'a', bigInt: true }] },
      'operations[0]: unknown option bigInt: did you mean bigint?',
    ],
    [
      { operations: [{ kind: 'set', key: 'a', value: 'b', expiry: { ttlMs: 1, ttl: 1 } }] },
      'operations[0]: unknown option expiry.ttl: did you mean expiry.ttlMs?',
    ],
    [
      { operations: [{ kind: 'multiSet', entries: [{ key: 'a', value: 'b', ttlMs: 1 }] }] },
      'operations[0]: entries[0]: unknown option ttlMs: expected one of key, value',
    ],
    [
      {
        operations: [
          { kind: 'bitField', key: 'a', steps: [{ action: 'get', signed: false, bits: 1, offset: 0, by: 1n }] },
        ],
      },
      'operations[0]: steps[0]: unknown option by: expected one of action, signed, bits, offset',
    ],
    [
      { operations: [{ kind: 'bitCount', key: 'a', range: { start: 0, end: 1, units: 'bit' } }] },
      'operations[0]: unknown option range.units: did you mean range.unit?',
    ],
    [
      { conditions: [{ key: 'a', test: 'absent', version: 1 }], operations: [] },
      'conditions[0]: unknown option version: expected one of test, key',
    ],
  ];
  for (const [transaction, says] of PARTS)
    it(`is refused in the parts of a transaction: ${says}`, async () => {
      const before = store.submissions.length;
      await refused(() => db.transact(transaction as { operations: [] }), says);
      assert.equal(store.submissions.length, before);
    });

  it('is refused in an action of bitField, and in no action that the types allow', async () => {
    const get = { action: 'get', type: 'u8', offset: 0 } as const;
    await refused(
      () => db.bitField('k', [get, { ...get, value: 1 } as typeof get]),
      'steps[1]: unknown option value: expected one of action, type, offset',
    );
    assert.deepEqual(await db.bitField('k', [get, { ...get, action: 'set', value: 1, overflow: 'fail' }]), [0, 0]);
  });

  const VALUES: ReadonlyArray<readonly [call: (of: Client) => unknown, says: string]> = [
    [
      (of) => of.set('k', 'v', { ttlMs: 1, keepTtl: true }),
      'ttlMs, expiresAtMs, keepTtl: expected at most one of them, received 2',
    ],
    [
      (of) => of.set('k', 'v', { ifAbsent: true, ifPresent: true }),
      'ifAbsent, ifPresent: expected at most one of them, received 2',
    ],
    [
      (of) => of.getEx('k', { ttlMs: 1, persist: true }),
      'ttlMs, expiresAtMs, persist: expected at most one of them, received 2',
    ],
    [(of) => of.incr('k', '5' as never), 'by: expected a whole number of 64 bits, received "5"'],
    [
      (of) => of.get('k', { timeoutMs: '5' as never }),
      'timeoutMs: expected a whole number from 1 to 2147483647, received "5"',
    ],
    [(of) => of.bitOp('AND' as 'and', 'k', ['a']), 'operator: expected one of and, or, xor, not, received "AND"'],
    [(of) => of.mget(['k', 5 as never]), 'keys[1]: expected a string or bytes, received 5'],
    [
      (of) =>
        of.transact({
          operations: [{ kind: 'get', key: 'k' }, { kind: 'transact', conditions: [], operations: [] } as never],
        }),
      'operations[1]: kind: expected one of get, ',
    ],
    [
      (of) => of.transact({ operations: [{ kind: 'increment', key: 'k', by: 1.5 }] }),
      'operations[0]: by: expected a whole number of 64 bits, received 1.5',
    ],
    [(of) => of.set('k', 'v', { ifAbsent: 'no' as never }), 'ifAbsent: expected true or false, received "no"'],
    [(of) => of.set('k', 'v', { returnOld: 1 as never }), 'returnOld: expected true or false, received 1'],
    [(of) => of.copy('k', 'l', { replace: 'false' as never }), 'replace: expected true or false, received "false"'],
    [(of) => of.keys('*', { reverse: 1 as never }), 'reverse: expected true or false, received 1'],
    [(of) => of.scan({ keysOnly: 'no' as never }).next(), 'keysOnly: expected true or false, received "no"'],
    [(of) => of.publish('c', 'm', { durable: 'no' as never }), 'durable: expected true or false, received "no"'],
    [(of) => of.follow('127.0.0.1:1', { full: 'no' as never }), 'full: expected true or false, received "no"'],
    [
      (of) => of.get('k', { atLeast: 5 as never }),
      'atLeast: expected a position with replicationId, offset and checksum, or its text, received 5',
    ],
    [
      (of) => of.watch({ from: { offset: 5 } as never }).next(),
      'from: expected a position with replicationId, offset and checksum, or its text, received object',
    ],
    [(of) => of.subscribe({ channels: ['c'], from: 0 as never }).next(), 'from: expected a position with '],
    [
      () => new (Client as unknown as new (address: string) => Client)('127.0.0.1:1'),
      'new Client: expected Client.connect. ',
    ],
  ];
  for (const [call, says] of VALUES)
    it(`is not the only mistake that a refusal names: ${says}`, () => refused(async () => call(db), says));

  it('is refused by connect before it connects', async () => {
    const connect = (options: object) => () => Client.connect('127.0.0.1:1', options as ClientOptions);
    await refused(connect({ timeout: 5 }), 'unknown option timeout: did you mean timeoutMs?');
    await refused(connect({ readfrom: 'nearest' }), 'unknown option readfrom: did you mean readFrom?');
  });

  async function refused(call: () => unknown, says: string): Promise<void> {
    const error = await Promise.resolve(call()).then(
      () => assert.fail(`expected a refusal: ${says}`),
      (failure) => failure,
    );
    assert(HeadwaterError.is(error), String(error));
    assert(error.message.startsWith(says), error.message);
  }
});
