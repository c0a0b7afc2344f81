/** Who may lead by a grant, as a table. */
import assert from 'node:assert/strict';
import { Lineage } from '../../src/lineage.js';
import { answerOffer, supersedingEpoch, type Taker } from '../../src/replication/takeover.js';

const END = { replicationId: 'a'.repeat(40), offset: 7, checksum: 70 };
const OFFER = { grant: 'g1', handsOverTo: 'T', position: END };
const TAKER: Taker = {
  nodeId: 'T',
  role: 'follower',
  end: END,
  handingOver: false,
  holdsPosition: true,
  grants: { taken: [], refused: [] },
};

describe('an offer of the leadership', () => {
  const cases: Array<[what: string, taker: Partial<Taker>, answer: string]> = [
    ['a follower that ends alike leads', {}, 'lead'],
    ['another node says nothing about the one that is meant', { nodeId: 'X' }, 'stranger'],
    ['one that is behind refuses', { end: { ...END, offset: 6, checksum: 60 } }, 'refuse'],
    ['one that is ahead refuses', { end: { ...END, offset: 8, checksum: 80 } }, 'refuse'],
    ['one with another past at the same offset refuses', { end: { ...END, checksum: 71 } }, 'refuse'],
    [
      'one with another history at the same offset refuses',
      { end: { ...END, replicationId: 'b'.repeat(40) } },
      'refuse',
    ],
    ['one that is handing over itself refuses', { handingOver: true }, 'refuse'],
    [
      'one that has refused before refuses, though it could lead now',
      { grants: { taken: [], refused: ['g1'] } },
      'refuse',
    ],
    ['one that has refused another grant may lead', { grants: { taken: [], refused: ['g0'] } }, 'lead'],
    ['one that has taken it serves', { role: 'leader', grants: { taken: ['g1'], refused: [] } }, 'serve'],
    ['one that has taken it and handed on does not lead twice', { grants: { taken: ['g1'], refused: [] } }, 'serve'],
    ['one that leads on from there serves', { role: 'leader' }, 'serve'],
    ['one that leads another history refuses', { role: 'leader', holdsPosition: false }, 'refuse'],
  ];
  for (const [what, taker, kind] of cases) {
    it(`to ${what}`, () => assert.equal(answerOffer(OFFER, { ...TAKER, ...taker }).kind, kind));
  }
});

describe('a leader is superseded', () => {
  const row = (name: string, firstOffset: number, epoch: number) => ({
    replicationId: name.repeat(40),
    firstOffset,
    checksum: firstOffset * 10,
    epoch,
  });
  const own = new Lineage([row('a', 1, 1), row('b', 5, 2)]);

  it('by one that left the same history at the same place under a later epoch, or an equal one and a greater ID', () => {
    const at9 = (name: string, epoch: number) => new Lineage([row('a', 1, 1), row(name, 9, epoch)]);
    assert.equal(supersedingEpoch(at9('c', 2), at9('d', 3)), 3);
    assert.equal(supersedingEpoch(at9('d', 3), at9('c', 2)), undefined);
    assert.equal(supersedingEpoch(at9('c', 2), at9('d', 2)), 2);
    assert.equal(supersedingEpoch(at9('d', 2), at9('c', 2)), undefined);
    const ledOn = new Lineage([row('a', 1, 1), row('c', 9, 2), row('e', 12, 3)]);
    assert.equal(supersedingEpoch(at9('d', 2), ledOn), 3, 'and went on');
    assert.equal(supersedingEpoch(ledOn, at9('d', 3)), undefined);
  });

  it('by a later epoch on top of its own history, and by nothing else', () => {
    assert.equal(supersedingEpoch(own, new Lineage([row('b', 5, 2), row('c', 9, 3)])), 3);
    assert.equal(supersedingEpoch(own, own), undefined);
    assert.equal(supersedingEpoch(own, new Lineage([row('a', 1, 1), row('c', 9, 2)])), undefined, 'not later');
    assert.equal(supersedingEpoch(own, new Lineage([row('a', 1, 1), row('c', 4, 3)])), undefined, 'of a sibling');
    assert.equal(supersedingEpoch(own, new Lineage([row('x', 1, 9)])), undefined, 'of a stranger');
    assert.equal(supersedingEpoch(new Lineage([]), own), undefined, 'of nothing');
  });
});
