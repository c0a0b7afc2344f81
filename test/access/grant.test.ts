/** The rights of a user, decided without a node. */
import assert from 'node:assert/strict';
import { Grant } from '../../src/access/grant.js';
import { bitsFor, keysOf, leastOf } from '../../src/access/operations.js';
import { allOf, anyOf, bitsOf, DATA, EVERYTHING, READ, WRITE } from '../../src/access/roles.js';
import type { Operation, OperationKind } from '../../src/model/operation.js';
import type { UserRole } from '../../src/model/user.js';
import { OPERATION_KINDS } from '../../src/protobuf/kv.js';

const key = Buffer.from('app:k');
const other = Buffer.from('other');

function grant(roles: readonly UserRole[], keys: readonly string[] = [], channels: readonly string[] = []): Grant {
  const prefixes = (texts: readonly string[]) => texts.map((text) => Buffer.from(text));
  const user = { name: 'u', roles, createdAtMs: 0, rotatedAtMs: 0, limits: undefined };
  const scopes = { keyPrefixes: prefixes(keys), channelPrefixes: prefixes(channels) };
  return new Grant({ ...user, ...scopes }, { ...scopes, bits: bitsOf(roles) });
}

/** Operations that reveal what was there, though their kind writes. */
const REVEALING: readonly Operation[] = [
  { kind: 'set', key, value: key, returnOld: true },
  { kind: 'getExpire', key, expiry: 'persist' },
  { kind: 'bitField', key, steps: [{ action: 'set', signed: false, bits: 8, offset: 0, value: 1n }] },
  { kind: 'transact', conditions: [{ key, test: 'exists' }], operations: [{ kind: 'set', key, value: key }] },
];

describe('a grant', () => {
  it('knows a role for every kind of operation, and an administrator may do all of them', () => {
    for (const kind of OPERATION_KINDS) assert.equal((leastOf(kind) & EVERYTHING) >>> 0, leastOf(kind), kind);
    assert.equal(grant(['admin']).bits, EVERYTHING);
  });

  it('lets nobody learn with write alone what was there', () => {
    for (const operation of REVEALING) {
      assert.equal(bitsFor(operation), DATA, operation.kind);
      assert.equal(grant(['write']).refusalOfOperation(operation)?.code, 'permission_denied', operation.kind);
      assert.equal(grant(['read', 'write']).refusalOfOperation(operation), undefined, operation.kind);
    }
  });

  it('refuses a write with read alone, also within a transaction', () => {
    const set: Operation = { kind: 'set', key, value: key };
    const within: Operation = { kind: 'transact', conditions: [], operations: [{ kind: 'get', key }, set] };
    for (const operation of [set, within]) {
      const refusal = grant(['read']).refusalOfOperation(operation);
      assert.match(refusal?.message ?? '', /^the user u may not do this: (set|transact) needs the role/);
    }
    assert.equal(grant(['read']).refusalOfOperation({ kind: 'get', key }), undefined);
  });

  it('names all keys that an operation touches', () => {
    const operations: Array<[Operation, number]> = [
      [{ kind: 'rename', key, newKey: other }, 2],
      [{ kind: 'copy', key, newKey: other }, 2],
      [
        {
          kind: 'multiSet',
          entries: [
            { key, value: key },
            { key: other, value: key },
          ],
        },
        2,
      ],
      [{ kind: 'bitOperation', operator: 'and', key, keys: [other, other] }, 3],
      [{ kind: 'longestCommonSubsequence', key, otherKey: other }, 2],
      [{ kind: 'transact', conditions: [{ key: other, test: 'exists' }], operations: [{ kind: 'get', key }] }, 2],
      [{ kind: 'flushAll' }, 0],
    ];
    for (const [operation, count] of operations) assert.equal([...keysOf(operation)].length, count, operation.kind);
  });

  it('keeps a user with key prefixes to its keys, in every place of an operation', () => {
    const scoped = grant(['read', 'write'], ['app:', 'b:']);
    assert.equal(scoped.isWhole, false);
    assert.equal(scoped.refusalOfOperation({ kind: 'get', key }), undefined);
    assert.equal(scoped.refusalOfOperation({ kind: 'rename', key, newKey: Buffer.from('b:1') }), undefined);
    const refused: Operation[] = [
      { kind: 'get', key: other },
      { kind: 'get', key: Buffer.from('app') },
      { kind: 'rename', key, newKey: other },
      { kind: 'copy', key: other, newKey: key },
      { kind: 'multiGet', keys: [key, other] },
      { kind: 'transact', conditions: [{ key: other, test: 'absent' }], operations: [{ kind: 'get', key }] },
      { kind: 'flushAll' },
      { kind: 'transact', conditions: [], operations: [{ kind: 'flushAll' }] },
    ];
    for (const operation of refused)
      assert.equal(scoped.refusalOfOperation(operation)?.code, 'permission_denied', operation.kind);
  });

  it('lets a scan see only what lies under a prefix of the user', () => {
    const scoped = grant(['read'], ['app:']);
    assert.equal(scoped.refusalOfRange(Buffer.from('app:users:'), 'scan'), undefined);
    for (const prefix of ['', 'app', 'b:'])
      assert.match(scoped.refusalOfRange(Buffer.from(prefix), 'scan')?.message ?? '', /begins with "app:"/);
    assert.equal(grant(['read']).refusalOfRange(Buffer.alloc(0), 'scan'), undefined);
  });

  it('keeps channels apart from keys', () => {
    const scoped = grant(['publish', 'write'], [], ['news:']);
    assert.equal(scoped.refusalOfChannel(Buffer.from('news:1'), 'publish'), undefined);
    assert.equal(scoped.refusalOfChannel(other, 'publish')?.code, 'permission_denied');
    assert.equal(scoped.refusalOfOperation({ kind: 'delete', keys: [other] } as Operation), undefined);
  });

  it('ends once, and tells those who wait and those who come later', () => {
    const one = grant(['read']);
    const heard: string[] = [];
    const forget = one.onEnd(() => heard.push('forgotten'));
    one.onEnd(({ message }) => heard.push(message));
    forget();
    one.end(one.denied('first'));
    one.end(one.denied('second'));
    one.onEnd(() => heard.push('late'));
    assert.deepEqual(heard, ['the user u may not do this: first', 'late']);
  });

  it('says which roles a rule asks for', () => {
    const nothing = Grant.nothing();
    assert.match(nothing.refusalOf(allOf(READ | WRITE), 'X')?.message ?? '', /X needs the role read and write$/);
    assert.match(
      nothing.refusalOf(anyOf(READ | WRITE), 'X')?.message ?? '',
      /X needs one of the roles read and write$/,
    );
  });

  it('knows no kind of operation that it would let pass without a look', () => {
    const free = OPERATION_KINDS.filter((kind: OperationKind) => leastOf(kind) === 0);
    assert.deepEqual(free.toSorted(), ['ping', 'transact']);
  });
});
