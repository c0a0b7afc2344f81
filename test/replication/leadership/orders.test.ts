/**
 * A person orders a node to lead, to follow with a full resync, or to hand over. A
 * later epoch below the node, a change of roles meanwhile, or a lost message of a
 * hand-over must not undo the order.
 */
import assert from 'node:assert/strict';
import { HEARTBEAT_INTERVAL_MS } from '../../../src/base/limits.js';
import type { Handshake } from '../../../src/replication/frames.js';
import type { Line } from '../../support/channel.js';
import { level, type TestNode, World } from '../../support/world.js';

const PATIENT_MS = 60_000;

class OrdersWorld extends World {
  async ends<T>(promise: Promise<T>): Promise<T> {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    promise.then(over, over);
    await this.until('it has ended', () => isOver);
    return promise;
  }
}

describe('an order', function () {
  this.timeout(30_000);

  let world: OrdersWorld;

  beforeEach(() => {
    world = new OrdersWorld();
  });

  afterEach(async () => {
    await world.stop();
  });

  function three(): Promise<[a: TestNode, b: TestNode, c: TestNode]> {
    return world.star(['A', 'B', 'C'], { writes: 5 });
  }

  /** C leads some epochs on, the others go on without it. */
  async function parted(): Promise<[TestNode, TestNode, TestNode]> {
    const [a, b, c] = await three();
    await c.replication.promote();
    await c.write(1, 'on C');
    await c.leadOn();
    await c.write(1, 'later on C');
    await a.write(2, 'on A');
    await level(world, a, b);
    return [a, b, c];
  }

  describe('to lead is final though a later epoch waits', () => {
    it('at a follower of the node', async () => {
      const [, b, c] = await parted();
      await c.follow('B');
      await world.until('C waits', () => c.link.status.state === 'waiting');
      const { epoch } = await b.replication.promote();
      assert.equal(b.store.roles.supersededBy, undefined);
      assert.ok(
        epoch > c.store.data.log.history.lineage.epoch,
        `expected an epoch above ${c.store.data.log.history.lineage.epoch}, received ${epoch}`,
      );
      await level(world, b, c);
      assert.equal(b.store.roles.supersededBy, undefined);
      assert.equal(await c.store.lostWrites.count(), 2);
    });

    it('further down', async () => {
      const [a, b, c] = await parted();
      const d = await world.node('D', { follows: 'B' });
      const e = await world.node('E', { follows: 'D' });
      await level(world, a, b, d, e);
      await c.follow('E');
      await world.until('C waits', () => c.link.status.state === 'waiting');
      await world.clock.advance(5_000);
      await b.replication.promote();
      await c.follow('B');
      await level(world, b, d, e, c);
      assert.equal(b.store.roles.supersededBy, undefined);
      assert.equal(await c.store.lostWrites.count(), 2);
    });

    it('at a node that two others have superseded, of which it has met the later one last', async () => {
      const [a, b, c] = await three();
      await c.replication.promote();
      await c.write(1, 'on C');
      await b.replication.promote();
      await b.write(1, 'on B');
      await b.leadOn();
      await b.write(1, 'later on B');
      await c.follow('A');
      await world.until('A knows of C', () => a.store.roles.supersededBy !== undefined);
      await b.follow('A');
      await world.until('B is refused', () => b.link.status.state === 'refused');
      await a.replication.promote();
      await world.until('B follows', () => b.link.status.state === 'streaming');
      assert.equal(a.store.roles.supersededBy, undefined);
    });
  });

  describe('to follow with a full resync', () => {
    it('follows the new leader if a hand-over comes while the snapshot is on its way', async () => {
      const a = await world.node('A');
      for (let i = 0; i < 12; i++) await a.test.set(`large${i}`, Buffer.alloc(250_000, i));
      const b = await world.node('B', { follows: 'A' });
      const c = await world.node('C', { follows: 'A' });
      await level(world, a, b, c);
      world.network.onLine = (line) => {
        if (line.from === 'C')
          line.onDown = ({ kind }) => {
            if (kind === 'snapshotChunk') line.hold('down');
          };
      };
      await c.follow('A', { acceptDataLoss: false, full: true });
      await world.until('its snapshot is on its way', () => world.network.last.held);
      const held = world.network.last;
      world.network.onLine = () => {};
      held.onDown = () => {};
      await world.ends(a.replication.failover({ to: 'B', timeoutMs: PATIENT_MS }));
      assert.equal(held.count('snapshotEnd'), 0);
      assert.equal(held.count('moved'), 1);
      held.release();
      await world.until('C has moved', () => c.store.roles.upstream === 'B');
      await level(world, b, a, c);
      assert.equal(c.link.status.lastResync?.reason, 'REQUESTED');
      world.network.last.cut();
      await b.write(1);
      await level(world, b, a, c);
      assert.equal(c.link.status.lastResync?.kind, 'partial', 'it was for once');
    });

    it('does not reach the former upstream if the new one could not be noted', async () => {
      const [a, , c] = await three();
      c.store.roles.follow = async () => {
        throw new Error('no disk');
      };
      await assert.rejects(c.follow('B', { acceptDataLoss: true, full: true }), /no disk/);
      await level(world, a, c);
      assert.equal(c.link.status.lastResync?.reason, 'LEVEL');
    });
  });

  describe('to hand over', () => {
    it('is refused by a node that a later epoch below it would supersede at once', async () => {
      const [a, b, c] = await parted();
      await c.follow('B');
      await world.until('C waits', () => c.link.status.state === 'waiting');
      const done = world.ends(a.replication.failover({ to: 'B', timeoutMs: PATIENT_MS }));
      await assert.rejects(done, { code: 'failover_failed', message: /under epoch 4, the leader ended under epoch 1/ });
      await a.write(1, 'goes on');
      await level(world, a, b);
      assert.equal(a.store.roles.role, 'leader');
      assert.equal(await c.store.lostWrites.count(), 0);
    });

    it('is carried out though a follower of the target is behind', async () => {
      const [a, b, c] = await three();
      const d = await world.node('D', { follows: 'B' });
      await level(world, a, b, c, d);
      const line = world.network.lines.find(({ from }) => from === 'D');
      line?.hold('down');
      await a.leadOn();
      await a.write(2, 'later');
      await level(world, a, b, c);
      await c.follow('D');
      await world.until('C waits', () => c.link.status.state === 'waiting');
      const toldMs = world.clock.monotonicMs() + 2 * HEARTBEAT_INTERVAL_MS;
      await world.until('B has heard of it', () => world.clock.monotonicMs() > toldMs);
      await world.ends(a.replication.failover({ to: 'B', timeoutMs: PATIENT_MS }));
      await b.write(1, 'on B');
      line?.release();
      await level(world, b, a, d, c);
    });

    for (const [what, silent] of [
      ['whose line is dead, as soon as they come again', false],
      ['whose line was dead for so long that they were given up', true],
    ] as const)
      it(`reaches the followers ${what}`, async () => {
        const a = await world.node('A', { timeoutMs: 5_000 });
        await a.write(5);
        const b = await world.node('B', { follows: 'A' });
        const c = await world.node('C', { follows: 'A' });
        await level(world, a, b, c);
        const dead = world.network.lines.find(({ from }) => from === 'C');
        dead?.hold();
        await world.ends(a.replication.failover({ to: 'B', timeoutMs: PATIENT_MS }));
        assert.equal(dead?.count('moved'), 1);
        if (silent) {
          await world.until('A has noticed', () => !a.followers.isConnected(c.store.identity.nodeId));
          const isKept = () =>
            a.store.followers.all.find(({ nodeId }) => nodeId === c.store.identity.nodeId)?.keepsPlace;
          await world.until('its place is kept', () => isKept() === true);
        }
        dead?.cut();
        await world.until('C has moved', () => c.store.roles.upstream === 'B');
        await b.write(2, 'after');
        await level(world, b, a, c);
        await c.follow('A');
        await level(world, b, a, c);
        world.network.last.cut();
        await level(world, b, a, c);
        assert.equal(c.store.roles.upstream, 'A', 'a person has put it there');
      });
  });

  it('a copy of another node is refused, and its status says so until the next attempt', async () => {
    const [a, , c] = await three();
    const channel = await world.network.dial('A');
    const line = world.network.lines.find(({ from }) => from === 'C');
    const handshake = line?.answered[0] as Handshake;
    const isConnected = () => a.followers.isConnected(c.store.identity.nodeId);
    // C comes back only after the copy.
    const back: Line[] = [];
    world.network.onLine = (next) => {
      if (next.from !== 'C') return;
      next.hold();
      back.push(next);
    };
    line?.cut();
    await world.until('A has noticed', () => !isConnected());
    await channel.send({ ...handshake, nonce: 'another process' });
    await world.until('the copy follows', isConnected);
    world.network.onLine = () => {};
    for (const next of back) next.release();
    await world.until('C is refused', () => c.link.status.state === 'refused');
    assert.equal(c.link.status.lastRefusal?.reason, 'DUPLICATE_NODE_ID');
    assert.equal(c.link.hasSession, false);
    channel.close();
    await level(world, a, c);
  });
});
