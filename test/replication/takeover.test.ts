/**
 * A giver offers the leadership to a taker, and two leaders meet. Tables say who may
 * lead by the offer, and which of two histories precedes the other.
 */
import assert from 'node:assert/strict';
import { Lineage } from '../../src/model/lineage.js';
import { answerOffer, epochBefore, laterEpoch, type OfferAnswer, type Taker } from '../../src/replication/takeover.js';

const row = (name: string, firstOffset: number, epoch: number) => ({
  replicationId: name.repeat(40),
  firstOffset,
  checksum: (firstOffset - 1) * 10,
  epoch,
});
const at = (name: string, offset: number) => ({ replicationId: name.repeat(40), offset, checksum: offset * 10 });

const A = row('a', 1, 1);
const END = at('a', 7);
const OFFER = { grant: 'g1', handsOverTo: 'T', position: END, lineage: new Lineage([A]) };
/** A follower of the giver that ends where the giver does. */
const TAKER: Taker = {
  nodeId: 'T',
  role: 'follower',
  end: END,
  lineage: new Lineage([A]),
  checksumAtOffered: END.checksum,
  handingOver: false,
  asking: false,
  isDraining: false,
  upstream: 'O',
  followsGiver: true,
  nextHistory: undefined,
  below: [],
  epochWaiting: 0,
  grants: { taken: [], refused: [] },
};
const LEADS: Partial<Taker> = { role: 'leader', upstream: '', followsGiver: false };
const BELOW_U: Partial<Taker> = { upstream: 'U', followsGiver: false };
/** Led on from the giver's end under epoch 2, up to offset 9. */
const LED_ON: Partial<Taker> = { lineage: new Lineage([A, row('b', 8, 2)]), end: at('b', 9) };
const BEGUN: Partial<Taker> = { lineage: new Lineage([A, row('b', 8, 2)]) };

describe('an offer of the leadership', () => {
  const cases: Array<[what: string, taker: Partial<Taker>, answer: OfferAnswer['kind']]> = [
    ['a follower of the giver that ends alike leads', {}, 'lead'],
    ['another node says nothing about the one that is meant', { nodeId: 'X' }, 'stranger'],
    ['one that is about to be stopped refuses', { isDraining: true }, 'refuse'],
    ['one that is about to be stopped and has led on serves', { ...LED_ON, isDraining: true }, 'serve'],
    ['one that is behind refuses', { end: at('a', 6), checksumAtOffered: 'beyond' }, 'refuse'],
    [
      'one with another past at the same offset refuses',
      { end: { ...END, checksum: 71 }, checksumAtOffered: 71 },
      'refuse',
    ],
    [
      'one that has refused before refuses, though it could lead now',
      { grants: { taken: [], refused: ['g1'] } },
      'refuse',
    ],
    ['one that has refused another grant may lead', { grants: { taken: [], refused: ['g0'] } }, 'lead'],
    ['one that has taken it serves', { ...LEADS, grants: { taken: ['g1'], refused: [] } }, 'serve'],
    ['one that has taken it and handed on does not lead twice', { grants: { taken: ['g1'], refused: [] } }, 'serve'],

    ['one that leads on from there serves', { ...LEADS, ...LED_ON }, 'serve'],
    ['one that has begun to lead there, and has written nothing, serves', { ...LEADS, ...BEGUN }, 'serve'],
    [
      'one that leads on and has trimmed the place serves',
      { ...LEADS, ...LED_ON, checksumAtOffered: 'trimmed' },
      'serve',
    ],
    [
      'one that leads on serves, though it has refused before',
      { ...LEADS, ...LED_ON, grants: { taken: [], refused: ['g1'] } },
      'serve',
    ],
    ['one that has led on and follows again serves', LED_ON, 'serve'],
    ['one that has led on and hands over itself serves', { ...BELOW_U, ...LED_ON, handingOver: true }, 'serve'],
    ['one that has led, written nothing and hands over itself serves', { ...BELOW_U, handingOver: true }, 'serve'],
    [
      'one that hands over what is not the history of the giver cannot know yet',
      { ...BELOW_U, handingOver: true, end: at('a', 6), checksumAtOffered: 'beyond' },
      'undecided',
    ],

    ['one that follows a leader that has gone on serves', { ...BELOW_U, ...LED_ON }, 'serve'],
    ['the same, if the place is trimmed', { ...BELOW_U, ...LED_ON, checksumAtOffered: 'trimmed' }, 'serve'],
    [
      'one that follows a leader that has begun there, and written nothing, serves',
      { ...BELOW_U, nextHistory: row('b', 8, 2) },
      'serve',
    ],
    ['one that follows another node, and knows no more of it, cannot know yet', BELOW_U, 'undecided'],
    ['the same, though it has refused before', { ...BELOW_U, grants: { taken: [], refused: ['g1'] } }, 'undecided'],
    [
      'one that follows another node and is behind cannot know yet',
      { ...BELOW_U, end: at('a', 6), checksumAtOffered: 'beyond' },
      'undecided',
    ],
    ['what the giver itself has begun there is no other leader', { nextHistory: row('b', 8, 2) }, 'lead'],

    [
      'one whose own follower has gone on from there does not lead',
      { below: [new Lineage([A, row('b', 8, 2)])] },
      'undecided',
    ],
    [
      'one whose own follower has left the history before refuses: that one would supersede it',
      { below: [new Lineage([A, row('b', 4, 2)])] },
      'refuse',
    ],
    ['one that knows of a later epoch further down cannot know yet', { epochWaiting: 2 }, 'undecided'],

    ['one that asks for what it has lost cannot know yet', { ...LEADS, asking: true }, 'undecided'],
    ['one that leads another history refuses', { ...LEADS, lineage: new Lineage([row('x', 1, 9)]) }, 'refuse'],
    [
      'one that has lost the end and was promoted since serves: it is the later leader',
      { ...LEADS, lineage: new Lineage([A, row('b', 6, 2)]), end: at('b', 9), checksumAtOffered: 90 },
      'serve',
    ],
  ];
  for (const [what, taker, kind] of cases) {
    it(`to ${what}`, () => assert.equal(answerOffer(OFFER, { ...TAKER, ...taker }).kind, kind));
  }

  it('of a later leader ends that of the node that is asked', () => {
    const lineage = new Lineage([A, row('c', 4, 3)]);
    const taker: Taker = { ...TAKER, ...LEADS, ...LED_ON, checksumAtOffered: 'not_a_boundary' };
    const answer = answerOffer({ ...OFFER, position: at('c', 7), lineage }, taker);
    assert.equal(answer.kind === 'refuse' && answer.superseded, 3);
  });

  it('between two leaders of one epoch is for a person to decide', () => {
    const lineage = new Lineage([A, row('c', 4, 2)]);
    const taker: Taker = { ...TAKER, ...LEADS, ...LED_ON, checksumAtOffered: 'not_a_boundary' };
    assert.equal(answerOffer({ ...OFFER, position: at('c', 7), lineage }, taker).kind, 'undecided');
  });

  it('by a giver without data is taken, or the giver is served if blocks have come since', () => {
    const offer = { ...OFFER, position: at('0', 0), lineage: new Lineage([]) };
    const empty = { ...TAKER, end: at('0', 0), lineage: new Lineage([]), checksumAtOffered: 0 };
    assert.equal(answerOffer(offer, empty).kind, 'lead');
    assert.equal(answerOffer(offer, { ...TAKER, checksumAtOffered: 'trimmed' }).kind, 'serve');
  });
});

describe('a leader is superseded', () => {
  const own = new Lineage([row('a', 1, 1), row('b', 5, 2)]);

  it('by a node that left the same history in the same place with a later epoch or ID', () => {
    const at9 = (name: string, epoch: number) => new Lineage([row('a', 1, 1), row(name, 9, epoch)]);
    assert.equal(laterEpoch(at9('c', 2), at9('d', 3)), 3);
    assert.equal(laterEpoch(at9('d', 3), at9('c', 2)), undefined);
    assert.equal(laterEpoch(at9('c', 2), at9('d', 2)), 2);
    assert.equal(laterEpoch(at9('d', 2), at9('c', 2)), undefined);
    const ledOn = new Lineage([row('a', 1, 1), row('c', 9, 2), row('e', 12, 3)]);
    assert.equal(laterEpoch(at9('d', 2), ledOn), 3, 'and went on');
    assert.equal(laterEpoch(ledOn, at9('d', 3)), undefined);
  });

  it('by a later epoch of a history that shares a past with its own, and by nothing else', () => {
    assert.equal(laterEpoch(own, new Lineage([row('b', 5, 2), row('c', 9, 3)])), 3);
    assert.equal(laterEpoch(own, own), undefined);
    assert.equal(laterEpoch(own, new Lineage([row('a', 1, 1), row('c', 9, 2)])), undefined, 'not later');
    assert.equal(laterEpoch(own, new Lineage([row('a', 1, 1), row('c', 4, 3)])), 3, 'of one that left it before');
    assert.equal(laterEpoch(own, new Lineage([row('x', 1, 9)])), undefined, 'of a stranger');
    assert.equal(laterEpoch(new Lineage([]), own), undefined, 'of nothing');
  });

  it('by an equal epoch, if it has begun its own and written nothing', () => {
    const begun = new Lineage([row('a', 1, 1), row('b', 5, 2)]);
    const asker = new Lineage([row('a', 1, 1), row('c', 5, 2)]);
    assert.equal(epochBefore(begun, 4, asker), 2);
    assert.equal(epochBefore(new Lineage([row('a', 1, 1), row('b', 5, 3)]), 4, asker), undefined);
  });
});
