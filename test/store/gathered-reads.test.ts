/** Small reads of one turn as one read: who gets which replies, what goes alone, and failures. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import type { Operation, Reply } from '../../src/model/operation.js';
import { ORIGIN } from '../../src/model/position.js';
import { GatheredReads } from '../../src/store/gathered-reads.js';

const get = (key: string): Operation => ({ kind: 'get', key: Buffer.from(key) });
const reply = (operation: Operation): Reply => ({ kind: 'get', value: (operation as { key: Buffer }).key, version: 1 });
const values = (replies: readonly Reply[]) => replies.map((one) => String((one as { value: Buffer }).value));

describe('small reads of one turn', () => {
  it('are one read, and each client gets its own replies', async () => {
    const calls: number[] = [];
    const reads = new GatheredReads(async (operations) => {
      calls.push(operations.length);
      return { replies: operations.map(reply), position: ORIGIN };
    });
    const answered = await Promise.all([
      reads.ask([get('a')], 100),
      reads.ask([get('b'), get('c')], 100),
      reads.ask([get('d')], 100),
    ]);
    assert.deepEqual(
      answered.map(({ replies }) => values(replies)),
      [['a'], ['b', 'c'], ['d']],
    );
    assert.deepEqual(calls, [4]);
  });

  it('are answered on their own if those before them took all the bytes', async () => {
    const calls: number[] = [];
    const reads = new GatheredReads(async (operations) => {
      calls.push(operations.length);
      return { replies: operations.slice(0, 2).map(reply), position: ORIGIN };
    });
    const answered = await Promise.all([
      reads.ask([get('a')], 100),
      reads.ask([get('b'), get('c')], 100),
      reads.ask([get('d')], 100),
    ]);
    assert.deepEqual(
      answered.map(({ replies }) => values(replies)),
      [['a'], ['b'], ['d']],
    );
    assert.deepEqual(calls, [4, 1]);
  });

  it('are not gathered if they are many, or alone', async () => {
    const calls: Array<[number, number | undefined]> = [];
    const reads = new GatheredReads(async (operations, bytesMax) => {
      calls.push([operations.length, bytesMax]);
      return { replies: operations.map(reply), position: ORIGIN };
    });
    const many = Array.from({ length: 100 }, (_, i) => get(`k${i}`));
    await Promise.all([reads.ask(many, 7), reads.ask([get('a')], 8)]);
    assert.deepEqual(calls, [
      [100, 7],
      [1, 8],
    ]);
  });

  it('fail together if the read fails', async () => {
    const reads = new GatheredReads(() => Promise.reject(new HeadwaterError('unavailable', 'closed')));
    const results = await Promise.allSettled([reads.ask([get('a')], 1), reads.ask([get('b')], 1)]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
  });
});
