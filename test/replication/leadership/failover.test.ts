/**
 * A leader A hands over to B, while C follows, and every message is lost, cut or
 * late in turn, or a node is killed. There must never be two leaders that take
 * writes, no acknowledged write may be lost, and one leader must be there in the
 * end.
 */
import assert from 'node:assert/strict';
import type { HeadwaterError } from '../../../src/base/errors.js';
import type { Handshake } from '../../../src/replication/frames.js';
import { Failover } from '../../../src/replication/leadership/failover.js';
import type { Line } from '../../support/channel.js';
import { settled, turns } from '../../support/clock.js';
import { forgotten, level, type TestNode, World, worldForEachTest } from '../../support/world.js';

/** The time of these tests runs faster than that of the machine: what is to succeed must not run out of it. */
const PATIENT_MS = 120_000;

describe('failover', () => {
  let world: World;

  worldForEachTest((made) => {
    world = made;
  });

  function three(): Promise<[a: TestNode, b: TestNode, c: TestNode]> {
    return world.star(['A', 'B', 'C'], { writes: 5 });
  }

  function leaders(): TestNode[] {
    return world.nodes.filter(({ store }) => store.data.isServing && store.roles.role === 'leader');
  }

  /** Whether the node that dials has stepped down for another one, and does not know how that has ended. */
  function isHandover({ from }: Line): boolean {
    return world.nodes.some(
      ({ address, store }) => address === from && store.data.isServing && store.roles.handingOver,
    );
  }

  /** Acts on the first question of a hand-over, as it is dialled. */
  function onHandover(act: (line: Line) => void): void {
    let isFirst = true;
    world.network.onLine = (line) => {
      if (!isFirst || !isHandover(line)) return;
      isFirst = false;
      act(line);
    };
  }

  /**
   * Holds what a hand-over asks (`up`) or what it is answered (`down`), as often as it is asked.
   * @returns lets questions and answers pass from now on, also those that were held.
   */
  function holdHandover(direction: 'up' | 'down'): () => void {
    const held: Line[] = [];
    world.network.onLine = (line) => {
      if (!isHandover(line)) return;
      line.hold(direction);
      held.push(line);
    };
    return () => {
      world.network.onLine = () => {};
      for (const line of held) line.release();
    };
  }

  async function outcome(promise: Promise<unknown>): Promise<HeadwaterError | undefined> {
    let result: { error?: HeadwaterError } | undefined;
    promise.then(
      () => {
        result = {};
      },
      (error: HeadwaterError) => {
        result = { error };
      },
    );
    await world.until('it has ended', () => result !== undefined);
    return result?.error;
  }

  it('makes the follower lead, and everybody else follow it with partial resyncs', async () => {
    const [a, b, c] = await three();
    const before = world.nodes.map(({ link }) => link.resyncs.full);
    const done = a.replication.failover({ to: 'B', timeoutMs: PATIENT_MS });
    assert.equal(await outcome(done), undefined);
    const { newLeader, newLeaderId, oldLeader, followersMoved, offset } = await done;
    assert.deepEqual(
      [oldLeader, newLeader, newLeaderId, followersMoved, offset],
      ['A', 'B', b.store.identity.nodeId, 1, 5],
    );
    await world.until('C has moved', () => c.store.roles.upstream === 'B');
    await b.write(3, 'after');
    await level(world, b, a, c);
    assert.deepEqual(leaders(), [b]);
    assert.deepEqual(
      world.nodes.map(({ link }) => link.resyncs.full),
      before,
    );
    assert.equal(b.store.data.log.history.lineage.epoch, 2);
  });

  it('moves no follower to a leader that does not announce its address', async () => {
    const [a, , c] = await three();
    a.followers.moved({ address: '', nodeId: 'nobody' });
    await a.write(1, 'after');
    await level(world, a, c);
    assert.equal(c.store.roles.upstream, 'A');
  });

  for (const [what, how] of [
    ['promotes it', (a: TestNode) => a.replication.promote()],
    ['makes it follow', (a: TestNode) => a.follow('B')],
  ] as const) {
    it(`is given up at once if a person ${what}, however long it might have waited`, async () => {
      const [a] = await three();
      for (const line of world.network.lines) line.hold();
      await a.write(1, 'missed');
      const done = a.replication.failover({ to: 'B', timeoutMs: PATIENT_MS });
      done.catch(() => {});
      await turns(20);
      await assert.rejects(a.replication.failover(), /another failover is running/);
      await how(a);
      await assert.rejects(done, { code: 'failover_failed' });
      for (const line of world.network.lines) line.release();
    });
  }

  it('is refused to a follower that announces the address of this node', async () => {
    const [a] = await three();
    const channel = await world.network.dial('A');
    const handshake = world.network.lines[0]?.answered[0] as Handshake;
    const { position, lineage } = { position: a.store.data.position, lineage: a.store.data.log.history.lineage.rows };
    await channel.send({ ...handshake, nodeId: 'ab'.repeat(16), address: 'A', position, lineage });
    await world.until('it is served', () => a.followers.status.some(({ address }) => address === 'A'));
    const failing = a.replication.failover({ to: 'ab'.repeat(16) });
    await assert.rejects(failing, {
      code: 'failover_failed',
      message: /reports the address A, which is the address of this node/,
    });
    await a.write(1, 'after');
    channel.close();
  });

  it('does not disturb a node that is asked by mistake', async () => {
    const [, b] = await three();
    const session = world.network.lines.find(({ from }) => from === 'B');
    const channel = await world.network.dial('B');
    const handshake = session?.answered[0] as Handshake;
    await channel.send({ ...handshake, nodeId: 'ab'.repeat(16), handsOverTo: 'cd'.repeat(16), grant: '1' });
    const frames = await channel.receive();
    const refusal = frames.find(({ kind }) => kind === 'refuse');
    assert(refusal?.kind === 'refuse');
    assert.equal(refusal.reason, 'HANDOVER_OF_ANOTHER');
    assert.equal(session?.ended, false, 'its own link goes on');
    assert.equal(b.link.status.state, 'streaming');
  });

  it('has an earlier epoch than a later promotion elsewhere, though nothing was written', async () => {
    const [a, b, c] = await three();
    await a.replication.failover({ to: 'B' });
    await world.until(
      'C has heard of the new history',
      () => c.link.reports.nextHistory?.epoch === b.store.data.log.history.lineage.epoch,
    );
    await c.replication.promote();
    assert.ok(c.store.data.log.history.lineage.epoch > b.store.data.log.history.lineage.epoch);
    await b.write(2, 'alone ');
    await level(world, b, a);
    for (const node of [a, b]) await node.follow('C');
    await c.write(1, 'on ');
    await level(world, c, a, b);
    assert.equal(c.store.roles.supersededBy, undefined);
  });

  it('back and forth leaves the data whole', async () => {
    const [a, b, c] = await three();
    let [leader, other] = [a, b];
    for (let round = 0; round < 6; round++) {
      await leader.write(2, `round ${round} `);
      assert.equal(await outcome(leader.replication.failover({ to: other.address, timeoutMs: PATIENT_MS })), undefined);
      [leader, other] = [other, leader];
    }
    await world.until('C has moved', () => c.store.roles.upstream === leader.address);
    await leader.write(1, 'end');
    await level(world, leader, other, c);
    assert.equal(leader.store.data.log.history.lineage.epoch, 7);
  });

  it('chooses the follower that has the most, not one that is behind', async () => {
    const [a, b] = await three();
    world.network.lines[1]?.hold();
    await a.write(3, 'missed by C');
    await world.until('B is level', () =>
      a.followers.status.some(({ address, lagCommands }) => address === 'B' && lagCommands === 0),
    );
    const done = a.replication.failover({ timeoutMs: PATIENT_MS });
    assert.equal(await outcome(done), undefined);
    assert.equal((await done).newLeader, 'B');
    assert.deepEqual(leaders(), [b]);
  });

  it('is refused without a follower, to a stranger, on a follower, and twice at a time', async () => {
    const a = await world.node('A');
    await assert.rejects(a.replication.failover(), {
      code: 'failover_failed',
      message: /no follower to hand over to: none has the state "streaming"/,
    });
    const b = await world.node('B', { follows: 'A' });
    await level(world, a, b);
    await assert.rejects(a.replication.failover({ to: 'X' }), {
      code: 'failover_failed',
      message: /expected a follower whose state is "streaming", received X; streaming: B/,
    });
    await assert.rejects(b.replication.failover(), { code: 'failover_failed', message: /it follows A/ });
    const first = a.replication.failover();
    await assert.rejects(a.replication.failover(), { code: 'failover_failed', message: /another failover/ });
    assert.equal(await outcome(first), undefined);
  });

  it('lets writes wait, not reads, and sends them to the new leader then', async () => {
    const [a, b] = await three();
    world.network.lines[0]?.hold('up');
    await a.write(1, 'not acknowledged');
    const done = a.replication.failover({ to: 'B', timeoutMs: PATIENT_MS });
    await settled(done);
    const write = a.test.set('waits');
    assert.equal(await settled(write), false);
    assert.equal(await a.test.get('k0'), 'k at A');
    world.network.lines[0]?.release();
    assert.equal(await outcome(done), undefined);
    const replies = await a.test.submit({ kind: 'delete', keys: [Buffer.from('waits')] });
    assert.equal(replies[0]?.kind === 'error' && replies[0].error.details.leader, 'B');
    await outcome(write);
    assert.equal(await a.test.get('waits'), undefined);
    assert.deepEqual(leaders(), [b]);
  });

  it('is given up if the follower does not catch up in time: writes resume', async () => {
    const [a] = await three();
    world.network.lines[0]?.hold('up');
    await a.write(1, 'not acknowledged');
    const epoch = a.store.data.log.history.lineage.epoch;
    const done = a.replication.failover({ to: 'B', timeoutMs: 200 });
    await settled(done);
    assert.equal(a.replication.status.failoverState, 'pausing');
    const write = a.test.set('waits');
    const error = await outcome(done);
    assert.equal(a.replication.status.failoverState, '');
    assert.equal(error?.code, 'failover_failed');
    assert.match(error.message, /was not complete within 200 ms\. Nothing has changed/);
    await outcome(write);
    assert.equal(await a.test.get('waits'), 'v');
    assert.deepEqual([leaders(), a.store.data.log.history.lineage.epoch], [[a], epoch]);
  });

  it('that waits behind a promotion is given up with it: nothing is handed over', async () => {
    const [a] = await three();
    const promoted = a.replication.promote();
    const error = await outcome(a.replication.failover({ to: 'B', timeoutMs: PATIENT_MS }));
    await promoted;
    assert.match(error?.message ?? '', /this failover was cancelled: the node was given a "promote" or "follow"/);
    await a.test.set('goes on');
    assert.deepEqual([leaders(), a.store.roles.handingOver, a.replication.status.failoverState], [[a], undefined, '']);
  });

  it('does not end with an earlier one that a promotion has replaced', async () => {
    const [a, b] = await three();
    const promoted = a.replication.promote();
    const replaced = outcome(a.replication.failover({ to: 'B', timeoutMs: PATIENT_MS }));
    // The order comes at once: the replaced hand-over has not ended yet.
    const done = promoted.then(() => a.replication.failover({ to: 'B', timeoutMs: PATIENT_MS }));
    assert.equal(await outcome(done), undefined);
    assert.equal((await replaced)?.code, 'failover_failed');
    assert.deepEqual([leaders(), a.replication.status.failoverState], [[b], '']);
  });

  it('is taken back if the follower has gone before it was asked', async () => {
    const [a, b] = await three();
    world.network.down('B');
    const error = await outcome(a.replication.failover({ to: 'B', timeoutMs: 500 }));
    assert.equal(b.store.roles.role, 'follower');
    assert.match(error?.message ?? '', /B could not be reached\. This node leads again/);
    await a.test.set('goes on');
    assert.equal(a.store.roles.role, 'leader');
    assert.equal(a.store.roles.handingOver, undefined);
  });

  it('is taken back if it is cancelled before the follower was asked, and says so', async () => {
    const [a] = await three();
    world.network.down('B');
    const abort = new AbortController();
    const over = outcome(a.replication.failover({ to: 'B', timeoutMs: PATIENT_MS, signal: abort.signal }));
    await world.until('the leader has stepped down', () => a.replication.status.failoverState === 'stepped_down');
    abort.abort();
    const error = await over;
    assert.match(error?.message ?? '', /a client has cancelled this failover\. This node leads again/);
    assert.equal(a.store.roles.role, 'leader');
  });

  it('is taken back if the follower refuses, which is bound to that for ever', async () => {
    const [a, b, c] = await three();
    const { handOver } = a.store.roles;
    a.store.roles.handOver = async (to) => {
      await handOver.call(a.store.roles, to);
      // By the time at which it is asked, a power cut has taken the end of its log.
      const { end } = b.store.data.log;
      Object.defineProperty(b.store.data.log, 'end', { value: { ...end, offset: 4, checksum: 4 }, configurable: true });
    };
    const error = await outcome(a.replication.failover({ to: 'B', timeoutMs: PATIENT_MS }));
    Reflect.deleteProperty(b.store.data.log, 'end');
    assert.match(error?.message ?? '', /B refused with .* This node leads again/);
    assert.equal(b.store.roles.grants.answers.refused.length, 1);
    await a.test.set('goes on');
    assert.equal(a.store.roles.role, 'leader');
    assert.equal(c.store.roles.role, 'follower');
  });

  describe('whose giver dies as soon as it has stepped down, and comes back when', () => {
    /** A has stepped down in favour of B, and has asked nobody. */
    async function steppedDown(): Promise<[TestNode, TestNode, TestNode]> {
      const [a, b, c] = await three();
      onHandover((line) => {
        line.hold();
        a.kill();
      });
      a.replication.failover({ to: 'B', timeoutMs: PATIENT_MS }).catch(() => {});
      await world.until(
        'A is gone',
        () => !world.network.lines.some(({ from, ended }) => from === 'A' && !ended) && before(),
      );
      return [a, b, c];
    }

    /** The line of the hand-over was dialled. */
    function before(): boolean {
      return world.network.lines.some(({ from }) => from === 'A');
    }

    async function back(a: TestNode): Promise<void> {
      await a.test.open();
      assert.equal(a.store.roles.handingOver?.address, 'B');
      a.up();
    }

    async function trimmed(node: TestNode): Promise<void> {
      await (await node.store.snapshots.at()).release();
      const { offset } = node.store.data.position;
      assert.equal(await node.store.data.log.trimming.trim(offset), offset);
    }

    async function follows(a: TestNode, leader: TestNode, ...others: TestNode[]): Promise<void> {
      await world.until('A knows', () => a.store.roles.handingOver === undefined);
      assert.deepEqual(leaders(), [leader]);
      await leader.write(1, 'end');
      await level(world, leader, a, ...others);
      assert.equal(leader.store.roles.supersededBy, undefined);
    }

    it('the node that it names was promoted: it follows', async () => {
      const [a, b] = await steppedDown();
      await b.replication.promote();
      await back(a);
      await follows(a, b);
    });

    it('that one has trimmed its log past the place besides: it follows', async () => {
      const [a, b, c] = await steppedDown();
      await b.replication.promote();
      await c.follow('B');
      await b.write(3, 'on B');
      await level(world, b, c);
      await c.follow('X');
      await forgotten(world, b, c);
      await trimmed(b);
      await back(a);
      await follows(a, b);
    });

    it('another was promoted, which that one follows, one block further: it follows', async () => {
      const [a, b, c] = await steppedDown();
      await c.replication.promote();
      await b.follow('C');
      await c.write(1, 'on C');
      await level(world, c, b);
      await back(a);
      await follows(a, c, b);
    });

    it('another was promoted, which that one follows, and nothing is written yet: it follows', async () => {
      const [a, b, c] = await steppedDown();
      await c.replication.promote();
      await b.follow('C');
      await world.until('B has heard of the new history', () => b.link.reports.nextHistory !== undefined);
      await back(a);
      await follows(a, c, b);
    });

    it('another was promoted, which that one follows and cannot reach: it asks until that is known', async () => {
      const [a, b, c] = await steppedDown();
      await c.replication.promote();
      world.network.down('C');
      await b.follow('C');
      await back(a);
      await world.until('A is answered', () => /does not know yet/.test(a.link.status.error));
      assert.deepEqual(leaders(), [c]);
      assert.equal(a.store.roles.handingOver?.address, 'B');
      world.network.listen('C', c.replication.followers);
      await follows(a, c, b);
    });

    it('that one was ordered to follow another, and is restarted: it asks until that is known', async () => {
      const [a, b, c] = await steppedDown();
      await c.replication.promote();
      await b.follow('C');
      b.kill();
      await b.test.open();
      b.up();
      await back(a);
      await follows(a, c, b);
    });

    it('that one has led and follows it again: nobody leads until a person decides', async () => {
      const [a, b] = await steppedDown();
      await b.replication.promote();
      await b.write(2, 'on B');
      await b.follow('A');
      await back(a);
      await world.until('A knows', () => a.store.roles.handingOver === undefined);
      await world.until('A has what came since', () => a.offset === b.offset);
      assert.deepEqual(leaders(), []);
      await b.replication.promote();
      await follows(a, b);
    });

    it('nobody was: the one that it names leads', async () => {
      const [a, b] = await steppedDown();
      await back(a);
      await follows(a, b);
      assert.equal(b.store.roles.grants.answers.taken.length, 1);
    });
  });

  describe('with a line that breaks', () => {
    for (let frames = 1; frames <= 4; frames++) {
      it(`after frame ${frames} of the answer, comes to one leader`, async () => {
        const [a, b, c] = await three();
        onHandover((line) => line.cutAfter(frames));
        assert.equal(await outcome(a.replication.failover({ to: 'B', timeoutMs: PATIENT_MS })), undefined);
        assert.deepEqual(leaders(), [b]);
        await b.write(2, 'after');
        await world.until('C has moved', () => c.store.roles.upstream === 'B');
        await level(world, b, a, c);
      });
    }

    it('on which the question is lost, asks again', async () => {
      const [a, b] = await three();
      onHandover((line) => line.cut());
      assert.equal(await outcome(a.replication.failover({ to: 'B', timeoutMs: PATIENT_MS })), undefined);
      assert.deepEqual(leaders(), [b]);
    });

    for (const [direction, lost] of [
      ['up', 'question'],
      ['down', 'answer'],
    ] as const) {
      it(`silently, before the ${lost} arrives: it says so, and writes wait for the outcome`, async () => {
        const [a, b] = await three();
        const release = holdHandover(direction);
        const done = a.replication.failover({ to: 'B', timeoutMs: 300 });
        const error = await outcome(done);
        assert.equal(error?.code, 'outcome_unknown');
        assert.equal(a.store.roles.handingOver?.address, 'B');
        assert.equal(a.replication.status.failoverState, 'asking');
        const write = a.test.set('waits');
        assert.equal(await settled(write), false);
        assert.ok(leaders().length <= 1);
        release();
        await outcome(write);
        assert.deepEqual(leaders(), [b]);
        assert.equal(await a.test.get('waits'), undefined);
        await world.until('A knows', () => a.replication.status.failoverState === '');
      });
    }

    it('before the followers learn of the new leader: they stay below the former one', async () => {
      const [a, b, c] = await three();
      world.network.lines[1]?.hold('down');
      assert.equal(await outcome(a.replication.failover({ to: 'B', timeoutMs: PATIENT_MS })), undefined);
      world.network.lines[1]?.cut();
      await b.write(2, 'after');
      await level(world, b, a, c);
    });
  });

  it('is announced once to a follower that was away: a person may move it elsewhere then', async () => {
    const [a, b, c] = await three();
    await c.down();
    assert.equal(await outcome(a.replication.failover({ to: 'B', timeoutMs: PATIENT_MS })), undefined);
    await c.test.open();
    c.up();
    await world.until('C has moved', () => c.store.roles.upstream === 'B');
    await b.write(2, 'after');
    await level(world, b, a, c);
    await c.follow('A');
    await b.write(2, 'more');
    await level(world, b, a, c);
    assert.equal(c.store.roles.upstream, 'A');
    assert.deepEqual(
      [a, b, c].map(({ link }) => link.resyncs.full),
      [0, 1, 0],
    );
  });

  it('is not taken back if the other node turns out in the last moment to have been asked', async () => {
    const [a] = await three();
    let changes = 0;
    const failover: Failover = new Failover({
      store: a.store,
      clock: world.clock,
      logger: a.test.logger,
      ends: a.replication,
      address: () => 'A',
      changes: {
        run: async (change) => {
          // As by a session that has begun before the link was stopped for the change.
          if (++changes === 2) failover.introducing();
          return change();
        },
      },
    });
    const error = await outcome(failover.run({ to: 'B', timeoutMs: 300 }));
    assert.equal(changes, 2);
    assert.equal(error?.code, 'outcome_unknown');
    assert.equal(a.store.roles.handingOver?.address, 'B');
    assert.deepEqual(leaders(), []);
  });

  describe('with a node that is killed', () => {
    it('the new leader, before it has answered: it leads when it comes back, or was never asked', async () => {
      const [a, b] = await three();
      const release = holdHandover('down');
      const done = a.replication.failover({ to: 'B', timeoutMs: 300 });
      assert.equal((await outcome(done))?.code, 'outcome_unknown');
      await world.until('B leads', () => b.store.roles.role === 'leader');
      b.kill();
      await b.test.open();
      release();
      b.up();
      await world.until('A knows', () => a.store.roles.handingOver === undefined);
      assert.deepEqual(leaders(), [b]);
      await b.write(1, 'after');
      await level(world, b, a);
    });

    it('the new leader, before it was asked', async () => {
      const [a, b] = await three();
      const release = holdHandover('up');
      const done = a.replication.failover({ to: 'B', timeoutMs: 300 });
      assert.equal((await outcome(done))?.code, 'outcome_unknown');
      b.kill();
      await b.test.open();
      assert.equal(b.store.roles.role, 'follower');
      release();
      b.up();
      await world.until('A knows', () => a.store.roles.handingOver === undefined);
      assert.deepEqual(leaders(), [b]);
    });

    for (const [direction, when] of [
      ['up', 'before'],
      ['down', 'after'],
    ] as const) {
      it(`the old leader, ${when} the other one has taken over: it asks again when it comes back`, async () => {
        const [a, b] = await three();
        const release = holdHandover(direction);
        const done = a.replication.failover({ to: 'B', timeoutMs: 300 });
        assert.equal((await outcome(done))?.code, 'outcome_unknown');
        if (direction === 'down') await world.until('B leads', () => b.store.roles.role === 'leader');
        a.kill();
        await a.test.open();
        assert.equal(a.store.roles.handingOver?.address, 'B');
        const write = a.test.set('waits');
        assert.equal(await settled(write), false);
        release();
        a.up();
        await outcome(write);
        assert.equal(await a.test.get('waits'), undefined);
        assert.deepEqual(leaders(), [b]);
      });
    }
  });

  it('with a late answer is not acted upon again, when the new leader has handed on', async () => {
    const [a, b, c] = await three();
    const release = holdHandover('down');
    assert.equal((await outcome(a.replication.failover({ to: 'B', timeoutMs: 300 })))?.code, 'outcome_unknown');
    await world.until('B leads', () => b.store.roles.role === 'leader');
    await c.follow('B');
    await world.until('C follows B', () => c.link.status.state === 'streaming');
    a.kill();
    release();
    assert.equal(await outcome(b.replication.failover({ to: 'C', timeoutMs: PATIENT_MS })), undefined);
    assert.deepEqual(
      leaders().filter((node) => node !== a),
      [c],
    );
    await a.test.open();
    a.up();
    await world.until('A knows', () => a.store.roles.handingOver === undefined);
    assert.deepEqual(leaders(), [c]);
    await c.write(2, 'after');
    await level(world, c, b, a);
  });

  it('can be ended by a person if its outcome is not known', async () => {
    const [a, b] = await three();
    holdHandover('up');
    assert.equal((await outcome(a.replication.failover({ to: 'B', timeoutMs: 300 })))?.code, 'outcome_unknown');
    const write = a.test.set('waits');
    world.network.down('B');
    for (const line of world.network.lines) line.cut();
    await a.replication.promote();
    await outcome(write);
    assert.equal(await a.test.get('waits'), 'v');
    assert.equal(b.store.roles.role, 'follower');
  });

  it('ends with one leader if a person ended it though the other node leads', async () => {
    const [a, b, c] = await three();
    const release = holdHandover('down');
    assert.equal((await outcome(a.replication.failover({ to: 'B', timeoutMs: 300 })))?.code, 'outcome_unknown');
    await world.until('B leads', () => b.store.roles.role === 'leader');
    await b.write(1, 'on B');
    await a.replication.promote();
    release();
    await a.write(2, 'on A');
    await level(world, a, c);
    assert.deepEqual([a.store.data.log.history.lineage.epoch, b.store.data.log.history.lineage.epoch], [3, 2]);
    await c.follow('B');
    await world.until('B has heard', () => b.store.roles.supersededBy !== undefined);
    assert.equal(b.store.roles.supersededBy?.epoch, 3);
    assert.equal(a.store.roles.supersededBy, undefined);
    await b.follow('A');
    await level(world, a, b);
    assert.equal(a.store.roles.supersededBy, undefined);
  });

  it('does not let an expired key be deleted while writes wait: both end alike', async () => {
    const [a, b] = await three();
    await a.test.set('short', 'v', 50);
    world.network.lines[0]?.hold('up');
    const done = a.replication.failover({ to: 'B', timeoutMs: PATIENT_MS });
    await settled(done);
    const { offset } = a.store.data.position;
    await world.clock.advance(1_000);
    assert.equal(a.store.data.position.offset, offset);
    world.network.lines[0]?.release();
    assert.equal(await outcome(done), undefined);
    assert.deepEqual(leaders(), [b]);
  });
});

describe('a leader that was superseded', () => {
  let world: World;

  worldForEachTest((made) => {
    world = made;
  });

  it('takes no more writes, over restarts, until a person decides', async () => {
    const [a, b] = await world.chain(['A', 'B'], { writes: 3 });
    await b.replication.promote();
    await b.write(1, 'on B');
    const c = await world.node('C', { follows: 'B' });
    await level(world, b, c);
    await c.follow('A');
    await world.until('A knows', () => a.store.roles.supersededBy !== undefined);
    await assert.rejects(refusalOf(a), { code: 'superseded', message: /epoch 2, as node [0-9a-f]{32} at C reports/ });
    assert.equal(await a.test.get('k0'), 'k at A');
    await a.restart();
    await assert.rejects(refusalOf(a), { code: 'superseded' });
    const { epoch } = await a.replication.promote();
    assert.equal(epoch, 3);
    await a.test.set('again');
    await a.follow('B');
    await world.until('B knows', () => b.store.roles.supersededBy !== undefined);
    await world.until('A is refused', () => a.link.status.state === 'refused');
    assert.match(a.link.status.error, /LATER_EPOCH.* under epoch 3, .* under epoch 2/);
    assert.equal(await a.test.get('again'), 'v');
    await b.replication.promote();
    await level(world, b, a);
    assert.equal(await a.store.lostWrites.count(), 1);
  });

  it('does not give its older history to its successor, which keeps the later writes', async () => {
    const [a, b] = await world.chain(['A', 'B'], { writes: 3 });
    await a.down();
    await b.replication.promote();
    await b.write(2, 'on B');
    await a.test.open();
    a.up();
    await b.follow('A');
    await world.until('A knows', () => a.store.roles.supersededBy !== undefined);
    await world.until('B is refused', () => b.link.status.state === 'refused');
    assert.equal(b.link.status.lastRefusal?.reason, 'LATER_EPOCH');
    assert.equal(await b.test.get('on B1'), 'on B at B');
    assert.equal(await b.store.lostWrites.count(), 0);
    await b.replication.promote();
    await a.follow('B');
    await level(world, b, a);
    assert.equal(await a.test.get('on B1'), 'on B at B');
  });

  it('lets its followers answer only "wait" to a node of the later epoch', async () => {
    const a = await world.node('A');
    await a.write(3);
    const [b, c] = [await world.node('B', { follows: 'A' }), await world.node('C', { follows: 'A' })];
    await level(world, a, b, c);
    await b.replication.promote();
    await b.write(2, 'on B');
    await a.write(1, 'on A');
    await level(world, a, c);
    await b.follow('C');
    await world.until('B waits', () => b.link.status.state === 'waiting');
    await world.clock.advance(5_000);
    assert.equal(await b.test.get('on B1'), 'on B at B');
    assert.equal(b.link.resyncs.full, 1);
    await a.replication.promote();
    await b.follow('A', { acceptDataLoss: true });
    await level(world, a, b, c);
    assert.equal(await b.store.lostWrites.count(), 2);
  });

  async function refusalOf(node: TestNode): Promise<void> {
    const [reply] = await node.test.submit({ kind: 'delete', keys: [Buffer.from('x')] });
    if (reply?.kind === 'error') throw reply.error;
  }
});

describe('follow --full', () => {
  it('begins with a full resync, once, and then streams as usual', async () => {
    const world = new World();
    const [a, b] = await world.chain(['A', 'B'], { writes: 5 });
    await b.follow('A', { acceptDataLoss: false, full: true });
    assert.equal(await b.test.get('k0'), 'k at A');
    await world.until('it is there', () => b.link.resyncs.full === 2);
    assert.match(b.link.status.lastResync?.reason ?? '', /REQUESTED/);
    world.network.last.cut();
    await a.write(1, 'more');
    await level(world, a, b);
    assert.equal(b.link.resyncs.full, 2);
    assert.equal(await b.store.lostWrites.count(), 0);
    await world.stop();
  });
});
