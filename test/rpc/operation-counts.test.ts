/** The counts of operations in pipelines, against a plain count of each. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { HeadwaterError } from '../../src/base/errors.js';
import { OperationCounts } from '../../src/rpc/operation-counts.js';

const KINDS = ['get', 'set', 'increment', 'error'];
const messages = fc.array(fc.array(fc.constantFrom(...KINDS), { maxLength: 8 }), { maxLength: 6 });

describe('the counts of operations in pipelines', () => {
  it('have each operation once, whatever follows it', () => {
    fc.assert(
      fc.property(messages, (all) => {
        const counts = new OperationCounts();
        for (const kinds of all) counts.asked(kinds.map((kind) => ({ kind })));
        const asked = all.flat();
        for (const kind of KINDS) assert.equal(counts.kinds.get(kind) ?? 0, asked.filter((one) => one === kind).length);
      }),
    );
  });

  it('have the errors of replies by their codes', () => {
    const counts = new OperationCounts();
    const refusal = { kind: 'error', error: new HeadwaterError('wrong_type', 'expected text') } as const;
    counts.answered([{ kind: 'persist', applied: true }, refusal, refusal]);
    assert.deepEqual([...counts.errors], [['wrong_type', 2]]);
  });
});
