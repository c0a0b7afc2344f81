/** Operations whose work is long beside a look-up are bounded, alone and in a transaction. */
import assert from 'node:assert/strict';
import { OPERATION_STEPS_MAX } from '../../src/base/limits.js';
import type { OperationOf } from '../../src/commands/handler.js';
import type { BitFieldStep, Operation } from '../../src/model/operation.js';
import { Bench, b } from './bench.js';

const MiB = 1024 * 1024;

function benchWith(bytes: number): Bench {
  const bench = new Bench();
  bench.run({ kind: 'set', key: b('big'), value: Buffer.alloc(bytes, 0x55) });
  return bench;
}

function isTooMuch(bench: Bench, operation: Operation, says: RegExp): void {
  const { code, message } = bench.refused(operation);
  assert.equal(code, 'too_large');
  assert.match(message, says);
}

describe('long work', () => {
  it('of a bitOperation counts a value as often as it is named', () => {
    const bench = benchWith(8 * MiB);
    const combine = (times: number): OperationOf<'bitOperation'> => ({
      kind: 'bitOperation',
      operator: 'or',
      key: b('k'),
      keys: Array.from({ length: times }, () => b('big')),
    });
    assert.equal(bench.run(combine(4)).length, 8 * MiB);
    isTooMuch(bench, combine(5), /^bitOperation: expected work of at most \d+ steps, received \d+\. Work on fewer/);
  });

  it('of a bitField is bounded by its steps', () => {
    const bench = new Bench();
    const get: BitFieldStep = { action: 'get', signed: false, bits: 8, offset: 0 };
    const read = (count: number): OperationOf<'bitField'> => ({
      kind: 'bitField',
      key: b('k'),
      steps: Array.from({ length: count }, () => get),
    });
    const most = OPERATION_STEPS_MAX / 1024;
    assert.equal(bench.run(read(most)).values.length, most);
    isTooMuch(bench, read(most + 1), /^bitField: expected work/);
  });

  it('of a transaction is that of its operations together', () => {
    const bench = benchWith(16 * MiB - 1024);
    const count: Operation = { kind: 'bitCount', key: b('big') };
    const transact = (times: number): OperationOf<'transact'> => ({
      kind: 'transact',
      conditions: [],
      operations: Array.from({ length: times }, () => count),
    });
    assert.equal(bench.run(transact(8)).replies.length, 8);
    isTooMuch(bench, transact(9), /operation 8 \(bitCount\): the operations of the transaction: expected work/);
  });
});
