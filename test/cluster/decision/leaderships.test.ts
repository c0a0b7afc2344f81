/** The list of leaderships that etcd keeps: its bound, its numbers, its ends, and what a person may write there. */
import assert from 'node:assert/strict';
import type { EtcdEntry } from '../../../src/cluster/etcd/model.js';
import { clusterKeys, viewOf } from '../../../src/cluster/etcd-keys.js';
import { EtcdLeaderships, leadershipsOf } from '../../../src/cluster/etcd-leaderships.js';

const BASE = 1_000;
const key = (nodeId: string) =>
  ({ nodeId, address: `${nodeId}:1`, lease: 'ab', ttlMs: 3_000, reason: 'automatic' }) as const;

function entry(value: string, revision: number): EtcdEntry {
  const [modRevision, createRevision] = [BigInt(revision), 1n];
  return {
    key: '/headwater/n/history',
    value: Buffer.from(value),
    createRevision,
    modRevision,
    version: 1n,
    lease: 0n,
  };
}

describe('the leaderships in etcd', () => {
  it('have the revision of their transaction as number, also when a later one is added', () => {
    const list = new EtcdLeaderships();
    const first = entry(list.begun(key('a'), 0, BASE, 10), 5);
    list.saw(first);
    const second = entry(list.begun(key('b'), 0, BASE, 20), 9);
    list.saw(second);
    const a = { fence: 1_005, nodeId: 'a', address: 'a:1', reason: 'automatic', timeMs: 10, endedMs: 0 };
    const b = { fence: 1_009, nodeId: 'b', address: 'b:1', reason: 'automatic', timeMs: 20, endedMs: 0 };
    assert.deepEqual(leadershipsOf(first, BASE), [a]);
    assert.deepEqual(leadershipsOf(second, BASE), [a, b]);
    const ended = entry(list.ended(1_009, BASE, 30), 12);
    assert.deepEqual(leadershipsOf(ended, BASE), [a, { ...b, endedMs: 30 }]);
    list.saw(ended);
    const moved = entry(list.begun(key('c'), 1_005, BASE, 40), 15);
    assert.deepEqual(
      leadershipsOf(moved, BASE).map(({ fence, endedMs }) => [fence, endedMs]),
      [
        [1_005, 40],
        [1_009, 30],
        [1_015, 0],
      ],
    );
  });

  it('are the last hundred, and a few KB', () => {
    const list = new EtcdLeaderships();
    let newest = entry('{"leaderships":[]}', 1);
    for (let i = 2; i < 300; i++) {
      newest = entry(list.begun(key(`${i}`.padStart(32, '0')), 0, BASE, 1.7e12), i);
      list.saw(newest);
    }
    const all = leadershipsOf(newest, BASE);
    assert.deepEqual([all.length, all[0]?.fence, all.at(-1)?.fence], [100, 1_200, 1_299]);
    assert(newest.value.length < 32_000, `${newest.value.length} bytes`);
  });

  it('begin again, and blind nobody, if a person has written something else', () => {
    const list = new EtcdLeaderships();
    const keys = clusterKeys('n');
    for (const text of ['no JSON', '{}', '{"leaderships":[1]}', '{"leaderships":[{"fence":"1"}]}']) {
      const wrong = entry(text, 7);
      const ignored: string[] = [];
      const view = viewOf(keys, new Map([[keys.history, wrong]]), 7n, ({ message }) => ignored.push(message));
      assert.deepEqual([view.history, ignored.length], [[], 1]);
      assert.match(
        ignored[0] ?? '',
        /^the key \/headwater\/n\/history in etcd was not written by Headwater: expected /,
      );
      list.saw(wrong);
      assert.equal(leadershipsOf(entry(list.begun(key('a'), 0, BASE, 10), 8), BASE).length, 1);
    }
  });
});
