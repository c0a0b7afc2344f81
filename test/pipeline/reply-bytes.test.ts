/** The estimate of the size of replies, which decides how many operations the store gets at a time. */
import assert from 'node:assert/strict';
import { systemClock } from '../../src/base/clock.js';
import type { Operation } from '../../src/model/operation.js';
import { type Batch, batchesOf } from '../../src/pipeline/batch.js';
import { ReplyBytes } from '../../src/pipeline/reply-bytes.js';

const KiB = 1024;
const LIMITS = { keyBytesMax: KiB, valueBytesMax: KiB, transactionBytesMax: 1024 * KiB };
const GET: Operation = { kind: 'get', key: Buffer.from('k') };

function batchOf(operations: Operation[]): Batch {
  const came = { bytes: 1, clock: systemClock };
  const [batch] = batchesOf({ operations, guarantees: undefined }, came, LIMITS, {
    ofAll: undefined,
    ofReads: undefined,
  });
  return batch as Batch;
}

/** Operations of which each is a transaction of `count` reads. */
function transactions(count: number, of: number): Operation[] {
  const operations = Array.from({ length: of }, () => GET);
  return Array.from({ length: count }, () => ({ kind: 'transact', conditions: [], operations, onRefusal: 'keep' }));
}

describe('the estimate of the size of replies', () => {
  const counts = (parts: readonly (Batch | undefined)[]) => parts.map((part) => part?.accepted.length);

  it('cuts a batch at the bytes that are allowed', () => {
    assert.deepEqual(counts(new ReplyBytes().cut(batchOf(Array(100).fill(GET)), 512 * KiB)), [64, 36]);
  });

  it('counts a transaction as the replies that it has, and never leaves it without a part', () => {
    const estimate = new ReplyBytes();
    assert.deepEqual(counts(estimate.cut(batchOf(transactions(20, 7)), 512 * KiB)), [8, 12]);
    assert.deepEqual(counts(estimate.cut(batchOf(transactions(2, 5_000)), 64 * KiB)), [1, 1]);
    assert.deepEqual(counts(estimate.cut(batchOf(transactions(2, 7)), 512 * KiB)), [2]);
  });

  it('learns the size of a reply from transactions too', () => {
    const estimate = new ReplyBytes();
    const batch = batchOf(transactions(10, 9));
    batch.replyBytes = 100 * 64 * KiB;
    batch.replies = Array(10).fill({ kind: 'transact', committed: true, replies: [] });
    estimate.note(batch);
    assert.equal(estimate.expectedOf(batchOf([GET, GET])), 2 * 64 * KiB);
  });
});
