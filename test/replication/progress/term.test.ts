/** A write that waits for followers, and the deadline of the leader's term. */
import assert from 'node:assert/strict';
import { Freshness } from '../../../src/replication/progress/freshness.js';
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
    const term = LeadershipTerm.notBegun(clock, 5_000);
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

describe('a read behind the deadline of the leader', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  it('is refused if it is for the leader alone, or must not be stale, before any timer has run', async () => {
    const { clock } = world;
    const term = LeadershipTerm.notBegun(clock, 5_000);
    const { store, replication } = await world.node('L', { term });
    await store.roles.promote({ elected: { fence: 500, untilMs: clock.monotonicMs() + 6_000 } });
    const { link } = replication;
    const freshness = new Freshness({ store, clock, link, serveStaleReads: false });
    const within = { writes: false, withinMs: 0, signal: new AbortController().signal };
    const wanted = { atLeast: undefined, maxStalenessMs: 1_000, withinMs: 1 };
    assert.deepEqual([freshness.refusal, freshness.notLeading], [undefined, undefined]);
    await freshness.whenFresh(wanted, within);
    clock.stall(6_000);
    assert.match(freshness.refusal?.message ?? '', /this node leads no more, and serves no stale reads/);
    assert.match(freshness.notLeading?.message ?? '', /its lease was not renewed in time/);
    await assert.rejects(freshness.whenFresh(wanted, within), /expected data at most 1000 ms old/);
    await replication.elected.standDown();
    assert.match(freshness.refusal?.message ?? '', /waits for its cluster to have a leader, and serves no stale reads/);
    assert.match(freshness.notLeading?.message ?? '', /this node follows none/);
    assert.equal(freshness.notLeading?.details.leader, undefined);
  });
});
