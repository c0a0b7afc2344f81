/** The decision whether an interrupted full resync resumes at a node, as a pure function. */
import assert from 'node:assert/strict';
import { Lineage } from '../../src/model/lineage.js';
import type { KeptLoad } from '../../src/replication/frames.js';
import { mayCatchUp, type ResumingSide, whyNotResumed } from '../../src/replication/resume.js';
import { historyId } from '../support/seeds.js';

const [a, b] = [historyId('a'), historyId('b')];
const at = (offset: number, replicationId: string) => ({ replicationId, offset, checksum: offset * 7 });

/** The log of the upstream holds 6 to 20, and continues as b from 11. */
const UPSTREAM: ResumingSide = {
  role: 'follower',
  clusterId: 'c',
  lineage: new Lineage([
    { replicationId: a, firstOffset: 1, checksum: 0, epoch: 1 },
    { replicationId: b, firstOffset: 11, checksum: 70, epoch: 2 },
  ]),
  base: at(5, a),
  end: at(20, b),
  checksumAtEnd: 56,
};
const KEPT: KeptLoad = { clusterId: 'c', logEnd: at(8, a), lastKey: Buffer.from('k'), keys: 3 };

describe('an interrupted full resync', () => {
  const rows: Array<[name: string, kept: Partial<KeptLoad>, upstream: Partial<ResumingSide>, why?: RegExp]> = [
    ['resumes on the lineage', {}, {}],
    ['resumes at the begin of the log', { logEnd: at(5, a) }, { checksumAtEnd: 35 }],
    ['resumes at the end of the log', { logEnd: at(20, b) }, { checksumAtEnd: 140 }],
    ['does not in another cluster', { clusterId: 'd' }, {}, /are of the cluster d, and this node belongs to c/],
    ['does not before the log', { logEnd: at(4, a) }, {}, /after offset 4, and this log holds 6 to 20/],
    ['does not beyond the log', { logEnd: at(21, b) }, {}, /after offset 21, and this log holds 6 to 20/],
    ['does not in another history', { logEnd: at(12, a) }, { checksumAtEnd: 84 }, /the history here is \w+ at that/],
    ['does not with another checksum', {}, { checksumAtEnd: 57 }, /checksum 00000039/],
    ['does not inside of a block', {}, { checksumAtEnd: 'not_a_boundary' }, /checksum not_a_boundary/],
    ['does not at damaged blocks', {}, { checksumAtEnd: 'trimmed' }, /checksum trimmed/],
  ];
  for (const [name, kept, upstream, why] of rows)
    it(name, () => {
      const found = whyNotResumed({ ...KEPT, ...kept }, { ...UPSTREAM, ...upstream });
      if (why) assert.match(found ?? '', why);
      else assert.equal(found, undefined);
    });

  const waits: Array<[name: string, kept: Partial<KeptLoad>, upstream: Partial<ResumingSide>, waits: boolean]> = [
    ['waits at a follower that is behind', { logEnd: at(21, b) }, {}, true],
    ['does not wait at a leader', { logEnd: at(21, b) }, { role: 'leader' }, false],
    ['does not wait in another history', { logEnd: at(21, a) }, {}, false],
    ['does not wait in another cluster', { logEnd: at(21, b), clusterId: 'd' }, {}, false],
    ['does not wait for what is there', { logEnd: at(20, b) }, {}, false],
  ];
  for (const [name, kept, upstream, expected] of waits)
    it(name, () => assert.equal(mayCatchUp({ ...KEPT, ...kept }, { ...UPSTREAM, ...upstream }), expected));
});
