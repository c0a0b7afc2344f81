/** The term of a leader: nothing is appended or answered behind its deadline, whatever timers have missed. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import { LeadershipTerm } from '../../src/store/leadership-term.js';
import { TestClock, until } from '../support/clock.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { hold, isAppend, set, TestStore } from '../support/store.js';

afterEach(removeTemporaryDirectories);

const TERM_MS = 6_000;

/** The last fencing number that a cluster gave. */
let fence = 100;

/** A leader by election, whose term ends in `TERM_MS`. */
async function elected(): Promise<{ test: TestStore; term: LeadershipTerm; clock: TestClock }> {
  const clock = new TestClock();
  const term = LeadershipTerm.notBegun(clock, 5_000);
  const test = await TestStore.open({ clock, term });
  await test.store.roles.promote({ elected: { fence: ++fence, untilMs: clock.monotonicMs() + TERM_MS } });
  return { test, term, clock };
}

async function refusal(test: TestStore): Promise<string> {
  const [reply] = await test.submit(set('k'));
  assert(reply?.kind === 'error');
  assert.equal(reply.error.code, 'unavailable');
  return reply.error.message;
}

describe('the term of a leader', () => {
  it('refuses writes and begins no history until the node is elected', async () => {
    const clock = new TestClock();
    const test = await TestStore.open({ clock, term: LeadershipTerm.notBegun(clock, 5_000) });
    assert.match(await refusal(test), /knows no leader of its cluster now. One is elected within 5 s/);
    assert.equal(
      test.store.roles.role,
      'follower',
      'a node that waits for its cluster does not call itself the leader',
    );
    assert.equal(test.store.data.log.history.lineage.rows.length, 0);
    const row = await test.store.roles.promote({ elected: { fence: ++fence, untilMs: clock.monotonicMs() + TERM_MS } });
    assert.deepEqual([row.firstOffset, row.epoch], [1, fence]);
    await test.set('k');
    assert.equal(await test.get('k'), 'v');
    await test.store.close();
  });

  it('takes writes while its deadline is renewed', async () => {
    const { test, term, clock } = await elected();
    for (let i = 0; i < 5; i++) {
      await test.set(`k${i}`);
      await clock.advance(TERM_MS - 1);
      term.renew(clock.monotonicMs() + TERM_MS);
    }
    await test.set('last');
    term.renew(0);
    await test.set('a deadline does not go back');
    await test.store.close();
  });

  it('appends nothing after a stop of the process that was longer than the term', async () => {
    const { test, clock } = await elected();
    await test.set('k');
    clock.stall(TERM_MS);
    await assert.rejects(test.set('l'), { code: 'outcome_unknown', message: /the deadline passed 0 ms ago/ });
    assert.equal(test.store.data.log.end.offset, 1);
    assert.match(await refusal(test), /its lease was not renewed in time/);
    assert.equal(await test.get('k'), 'v', 'reads are answered');
    assert.equal(test.logger.said(/this node leads no more/, 'error'), 1);
    assert.deepEqual(test.fatal, []);
    await test.store.close();
  });

  it('answers no write whose append has outlasted the term', async () => {
    const { test, clock } = await elected();
    const gate = hold(test.disk, isAppend);
    const written = test.set('k');
    const waiting = until('it is on its way', gate.held).then(() => test.set('l'));
    waiting.catch(() => {});
    await until('it is on its way', gate.held);
    clock.stall(TERM_MS);
    gate.release();
    await assert.rejects(written, { code: 'outcome_unknown' });
    await assert.rejects(waiting, { code: 'unavailable' });
    assert.equal(test.store.data.log.end.offset, 1, 'the block is in the log');
    await test.store.close();
  });

  it('is not renewed once it is over, and leads again only by another election', async () => {
    const { test, term, clock } = await elected();
    const before = test.store.data.log.history.lineage.epoch;
    clock.stall(TERM_MS);
    term.renew(clock.monotonicMs() + TERM_MS);
    assert.match(await refusal(test), /its lease was not renewed in time/);
    const { epoch } = await test.store.roles.promote({
      elected: { fence: ++fence, untilMs: clock.monotonicMs() + TERM_MS },
    });
    assert.equal(epoch, before + 1);
    assert.equal(epoch, fence);
    await test.set('k');
    await test.store.close();
  });

  it('ends the tenure for those who wait for followers', async () => {
    const { test, clock } = await elected();
    const { tenure } = test.store.roles;
    clock.stall(TERM_MS);
    assert.equal(tenure.aborted, false, 'nobody has looked at the clock');
    assert.equal(test.store.roles.tenure.aborted, true);
    await test.store.close();
  });

  it('does not lead again by itself after a restart', async () => {
    const { test, term } = await elected();
    await test.set('k');
    const { epoch } = test.store.data.log.history.lineage;
    await test.store.close();
    const again = await test.another({ term: LeadershipTerm.notBegun(test.clock, 5_000) });
    assert.match(await refusal(again), /knows no leader of its cluster now. One is elected within 5 s/);
    assert.equal(again.store.data.log.history.lineage.epoch, epoch);
    assert.equal(term.ended, undefined);
    await again.store.close();
  });

  it('begins with an epoch that is the fencing number, and is refused with a lower one', async () => {
    const { test, term } = await elected();
    assert.equal(test.store.data.log.history.lineage.epoch, fence);
    await test.set('k');
    term.end(new HeadwaterError('unavailable', 'another node leads'));
    const lower = { fence, untilMs: test.clock.monotonicMs() + TERM_MS };
    await assert.rejects(test.store.roles.promote({ elected: lower }), {
      code: 'protocol_violation',
      message: new RegExp(`the fencing number ${fence}, expected one above ${fence}`),
    });
    assert.match(await refusal(test), /another node leads/);
    fence += 1_000;
    const { epoch } = await test.store.roles.promote({ elected: { ...lower, fence } });
    assert.equal(epoch, fence);
    await test.store.close();
  });

  it('waits for a store that cannot be opened no longer than until its close is announced', async () => {
    const { test } = await elected();
    await test.set('a');
    test.disk.fault = async (operation) => {
      if (isAppend(operation) || operation.kind === 'open') throw new Error('EIO');
    };
    await assert.rejects(test.set('k'), { code: 'outcome_unknown' });
    assert.equal(test.store.data.stage, 'reopening');
    const following = test.store.roles.follow('').catch(() => {});
    let isOver = false;
    void following.then(() => {
      isOver = true;
    });
    await until('it is stuck', () => test.store.data.stage === 'stuck', { clock: test.clock, stepMs: 100 });
    await test.clock.advance(60_000);
    assert.equal(isOver, false);
    test.store.announceClose();
    await following;
    test.disk.fault = undefined;
    await test.store.close();
  });

  it('lets the node follow another while a batch of the ended term still runs', async () => {
    const { test, term, clock } = await elected();
    await test.set('a');
    const gate = hold(test.disk, isAppend);
    const unknown = assert.rejects(test.submit(set('k')), { code: 'outcome_unknown' });
    await until('the append runs', gate.held);
    clock.stall(TERM_MS);
    assert(term.look());
    const following = test.store.roles.follow('other:1');
    gate.release();
    await following;
    assert.equal(test.store.roles.role, 'follower');
    await unknown;
    await test.store.close();
  });
});
