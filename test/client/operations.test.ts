/** The operations that write: a follower refuses them, and a client never sends one again whose outcome is unknown. */
import assert from 'node:assert/strict';
import { mayWrite } from '../../src/client/measure.js';
import type { Operation, OperationKind } from '../../src/model/operation.js';
import { isWrite } from '../../src/model/write-kinds.js';

const key = Buffer.from('k');
const get: Operation = { kind: 'get', key };
const set: Operation = { kind: 'set', key, value: key };

type OneOrMore<K extends OperationKind> = ReadonlyArray<readonly [Extract<Operation, { kind: K }>, writes: boolean]>;

const OF_EACH_KIND: { readonly [K in OperationKind]: OneOrMore<K> } = {
  get: [[{ kind: 'get', key }, false]],
  multiGet: [[{ kind: 'multiGet', keys: [key] }, false]],
  set: [[{ kind: 'set', key, value: key }, true]],
  delete: [[{ kind: 'delete', keys: [key] }, true]],
  exists: [[{ kind: 'exists', keys: [key] }, false]],
  increment: [[{ kind: 'increment', key, by: 1n }, true]],
  incrementFloat: [[{ kind: 'incrementFloat', key, by: 1 }, true]],
  append: [[{ kind: 'append', key, value: key }, true]],
  stringLength: [[{ kind: 'stringLength', key }, false]],
  getRange: [[{ kind: 'getRange', key, start: 0, end: 1 }, false]],
  setRange: [[{ kind: 'setRange', key, start: 0, value: key }, true]],
  getDelete: [[{ kind: 'getDelete', key }, true]],
  getExpire: [
    [{ kind: 'getExpire', key }, false],
    [{ kind: 'getExpire', key, expiry: 'persist' }, true],
  ],
  timeToLive: [[{ kind: 'timeToLive', key }, false]],
  expire: [[{ kind: 'expire', key, expiry: { ttlMs: 1 } }, true]],
  persist: [[{ kind: 'persist', key }, true]],
  rename: [[{ kind: 'rename', key, newKey: key }, true]],
  type: [[{ kind: 'type', key }, false]],
  multiSet: [[{ kind: 'multiSet', entries: [{ key, value: key }] }, true]],
  copy: [[{ kind: 'copy', key, newKey: key }, true]],
  getBit: [[{ kind: 'getBit', key, offset: 0 }, false]],
  setBit: [[{ kind: 'setBit', key, offset: 0, bit: 1 }, true]],
  bitCount: [[{ kind: 'bitCount', key }, false]],
  bitPosition: [[{ kind: 'bitPosition', key, bit: 1 }, false]],
  bitOperation: [[{ kind: 'bitOperation', operator: 'not', key, keys: [key] }, true]],
  bitField: [
    [{ kind: 'bitField', key, steps: [] }, false],
    [{ kind: 'bitField', key, steps: [{ action: 'get', signed: true, bits: 8, offset: 0 }] }, false],
    [{ kind: 'bitField', key, steps: [{ action: 'increment', signed: true, bits: 8, offset: 0, by: 1n }] }, true],
  ],
  longestCommonSubsequence: [[{ kind: 'longestCommonSubsequence', key, otherKey: key }, false]],
  flushAll: [[{ kind: 'flushAll' }, true]],
  ping: [[{ kind: 'ping', message: key }, false]],
  transact: [
    [{ kind: 'transact', conditions: [], operations: [] }, false],
    [{ kind: 'transact', conditions: [], operations: [get] }, false],
    [{ kind: 'transact', conditions: [], operations: [get, set] }, true],
  ],
};

describe('an operation', () => {
  for (const [kind, operations] of Object.entries(OF_EACH_KIND)) {
    it(`writes, or does not, at the client and at the node: ${kind}`, () => {
      for (const [operation, writes] of operations)
        assert.deepEqual([mayWrite(operation), isWrite(operation)], [writes, writes]);
    });
  }

  it('counts as a read at the client if it will not be sent', () => {
    const invalid = [undefined, null, {}, { kind: 'nothing' }, { kind: 'transact', operations: 'set' }];
    assert.deepEqual(
      invalid.map((operation) => mayWrite(operation as never)),
      invalid.map(() => false),
    );
  });
});
