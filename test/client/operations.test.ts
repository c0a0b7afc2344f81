/** The client decides without the server's code whether an operation may write. Both must agree on every kind. */
import assert from 'node:assert/strict';
import { mayWrite } from '../../src/client/operations.js';
import type { Operation, OperationKind } from '../../src/model/operation.js';
import { isWrite } from '../../src/model/write-kinds.js';

const key = Buffer.from('k');
const get: Operation = { kind: 'get', key };
const set: Operation = { kind: 'set', key, value: key };

const ONE_OF_EACH: { readonly [K in OperationKind]: readonly Extract<Operation, { kind: K }>[] } = {
  get: [{ kind: 'get', key }],
  multiGet: [{ kind: 'multiGet', keys: [key] }],
  set: [{ kind: 'set', key, value: key }],
  delete: [{ kind: 'delete', keys: [key] }],
  exists: [{ kind: 'exists', keys: [key] }],
  increment: [{ kind: 'increment', key, by: 1n }],
  incrementFloat: [{ kind: 'incrementFloat', key, by: 1 }],
  append: [{ kind: 'append', key, value: key }],
  stringLength: [{ kind: 'stringLength', key }],
  getRange: [{ kind: 'getRange', key, start: 0, end: 1 }],
  setRange: [{ kind: 'setRange', key, start: 0, value: key }],
  getDelete: [{ kind: 'getDelete', key }],
  getExpire: [
    { kind: 'getExpire', key },
    { kind: 'getExpire', key, expiry: 'persist' },
  ],
  timeToLive: [{ kind: 'timeToLive', key }],
  expire: [{ kind: 'expire', key, expiry: { ttlMs: 1 } }],
  persist: [{ kind: 'persist', key }],
  rename: [{ kind: 'rename', key, newKey: key }],
  type: [{ kind: 'type', key }],
  flushAll: [{ kind: 'flushAll' }],
  ping: [{ kind: 'ping', message: key }],
  transact: [
    { kind: 'transact', conditions: [], operations: [] },
    { kind: 'transact', conditions: [], operations: [get] },
    { kind: 'transact', conditions: [], operations: [get, set] },
  ],
};

describe('an operation at the client', () => {
  for (const [kind, operations] of Object.entries(ONE_OF_EACH)) {
    it(`writes if it writes at the node: ${kind}`, () => {
      assert.deepEqual(operations.map(mayWrite), operations.map(isWrite));
    });
  }

  it('counts as a read if it will not be sent', () => {
    const invalid = [undefined, null, {}, { kind: 'nothing' }, { kind: 'transact', operations: 'set' }];
    assert.deepEqual(
      invalid.map((operation) => mayWrite(operation as never)),
      invalid.map(() => false),
    );
  });
});
