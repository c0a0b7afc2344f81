/** Bugs about who leads, as they once were: see planting.ts. */
import { Lineage } from '../../../src/model/lineage.js';
import { ResyncAnswer } from '../../../src/replication/downstream/resync-answer.js';
import type { Handshake } from '../../../src/replication/frames.js';
import { Greeting, type GreetingStore } from '../../../src/replication/leadership/greeting.js';
import type { OfferAnswer } from '../../../src/replication/takeover.js';
import { NodeFile } from '../../../src/store/node-record.js';
import { HANDOVERS } from '../events/handovers.js';
import { type PlantedBug, replace, weighted } from './planting.js';

/** What a node says of an offer of the leadership, as it once was: undefined leaves the answer as it is. */
function answering(
  change: (store: GreetingStore, handshake: Handshake, answer: OfferAnswer) => Promise<OfferAnswer | undefined>,
) {
  return (): (() => void) => {
    const { answer } = Greeting.prototype;
    return replace(Greeting.prototype, 'answer', async function (this: Greeting, handshake) {
      const given = await answer.call(this, handshake);
      if (this.store.roles.grants.answers.taken.includes(handshake.grant)) return given;
      return (await change(this.store, handshake, given)) ?? given;
    });
  };
}

/** What the upstream decides of a later history, as if a person had given it up. */
function deciding(kind: 'refuse' | 'wait') {
  return (): (() => void) => {
    const { decide } = ResyncAnswer.prototype;
    return replace(ResyncAnswer.prototype, 'decide', async function (this: ResyncAnswer, handshake, log) {
      const decision = await decide.call(this, handshake, log);
      const { branch_offset: branch } = decision.details;
      const isLater = Lineage.received(handshake.lineage).epoch > log.history.lineage.epoch;
      const decided = decision.kind === kind && isLater && branch !== undefined;
      return decided ? decide.call(this, { ...handshake, acceptDataLoss: true }, log) : decision;
    });
  };
}

/** Runs that are above all about who leads. */
const events = weighted(Object.fromEntries(HANDOVERS.map(({ name }) => [name, 10])));

/** Runs in which the giver of a grant comes back when others have gone on. */
const oldGrants = weighted({ 'old grant': 40 });

const REFUSED: OfferAnswer = { kind: 'refuse', message: 'planted' };
const DROPPED = /writes of a later epoch are not dropped for older ones/;

export const PLANTED_LEADERSHIP: readonly PlantedBug[] = [
  {
    name: 'a leader that refuses a grant because it has trimmed the place',
    near: 4,
    events: oldGrants,
    found: /a giver is refused only if nobody has gone on from its end/,
    plant: answering(async ({ roles: { role }, data: { log } }, { position }) => {
      const isTrimmed = (await log.lookup.checksumAt(position.offset)) === 'trimmed';
      return role === 'leader' && isTrimmed ? REFUSED : undefined;
    }),
  },
  {
    name: 'a follower that refuses a grant because its new leader has gone on',
    near: 3,
    events: oldGrants,
    found: /a giver is refused only if nobody has gone on from its end/,
    plant: answering(async ({ roles: { role }, data: { log } }, { position }) =>
      role === 'follower' && log.end.offset > position.offset ? REFUSED : undefined,
    ),
  },
  {
    name: 'a follower of another leader that takes a grant because nothing is written there yet',
    near: 37,
    events,
    found: /a grant is taken only if nobody has gone on from its end/,
    plant: answering(async ({ roles: { role, handingOver }, data: { log } }, { position: { offset, checksum } }) => {
      const isLevel = log.end.offset === offset && log.end.checksum === checksum;
      return role === 'follower' && !handingOver && isLevel ? { kind: 'lead' } : undefined;
    }),
  },
  {
    name: 'a leader that hands its older history to the node that superseded it',
    near: 5,
    events,
    found: DROPPED,
    plant: deciding('refuse'),
  },
  {
    name: 'a follower that hands its older history to a node of a later epoch',
    near: 33,
    events,
    found: DROPPED,
    plant: deciding('wait'),
  },
  {
    name: 'a start option that undoes a promotion',
    near: 5,
    events,
    found: /a start option does not undo a promotion/,
    plant() {
      const { takeRole } = NodeFile.prototype;
      return replace(NodeFile.prototype, 'takeRole', function (this: NodeFile, wanted) {
        return takeRole.call(this, { ...wanted, overrules: true });
      });
    },
  },
];
