/** A write that waits for followers, and the deadline of the leader's term. */
import assert from 'node:assert/strict';
import { LeadershipTerm } from '../../../src/store/leadership-term.js';
import { turns } from '../../support/clock.js';
import { type World, worldForEachTest } from '../../support/world.js';

describe('a write that waits for followers', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  it('is unknown if its time is over together with the term of the leader', async () => {
    const { clock } = world;
    const term = LeadershipTerm.notBegun(clock);
    const leader = await world.node('L', { term });
    await leader.store.roles.promote({ elected: { fence: 500, untilMs: clock.monotonicMs() + 6_000 } });
    await leader.test.set('k');
    const wanted = { level: 'followers', followers: 1, timeoutMs: 5_000 } as const;
    const reaching = leader.replication.durability.reach(
      leader.store.data.position,
      wanted,
      new AbortController().signal,
    );
    const refused = assert.rejects(reaching, { code: 'outcome_unknown' });
    await turns(2);
    clock.stall(20_000);
    await clock.advance(1);
    await refused;
    assert(term.ended);
  });
});
