/** Publish and subscribe over trees of nodes in memory: one order everywhere, and what breaks it. */

import assert from 'node:assert/strict';
import { ORIGIN } from '../../src/model/position.js';
import type { SubscriptionEvent } from '../../src/model/streams.js';
import { turns } from '../support/clock.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { set } from '../support/store.js';
import { level, type TestNode, World } from '../support/world.js';
import { type Reader, subscribed, texts, textsOf } from './reader.js';

const EVERY = { patterns: ['*'] };

/** A reader may be told in several parts. */
function missedBy({ events }: Reader<SubscriptionEvent>): number {
  return events.reduce((sum, event) => sum + (event.kind === 'missed' ? (event.count ?? Number.NaN) : 0), 0);
}

function liveHeardBy({ events }: Reader<SubscriptionEvent>): number {
  return events.filter((event) => event.kind === 'message' && !event.durable).length;
}

/** The messages of the channel `news` alone. */
function news({ events }: Reader<SubscriptionEvent>): string[] {
  return textsOf(events.filter((event) => event.kind === 'message' && event.channel.toString() === 'news'));
}

describe('publish and subscribe', () => {
  let world: World;
  const readers: Reader<unknown>[] = [];

  beforeEach(() => {
    world = new World();
  });

  afterEach(async () => {
    for (const reader of readers.splice(0)) reader.stop();
    await turns(3);
    await world.stop();
    await removeTemporaryDirectories();
  });

  async function subscribe(node: TestNode, request: Parameters<typeof subscribed>[2] = { channels: ['news'] }) {
    const reader = await subscribed(world, node, request);
    readers.push(reader);
    return reader;
  }

  function publish(node: TestNode, text: string, { durable = false, channel = 'news' } = {}): Promise<number> {
    return node.replication.publish({ channel: Buffer.from(channel), data: Buffer.from(text), durable });
  }

  /** A leader, its follower, and that one's. */
  function chain(): Promise<[leader: TestNode, middle: TestNode, end: TestNode]> {
    return world.chain(['L', 'M', 'E'], { writes: 2 });
  }

  function heard(reader: Reader<SubscriptionEvent>, count: number): Promise<void> {
    return world.until(`${count} messages have come`, () => texts(reader).length >= count);
  }

  it('gives live and durable messages one place among the writes, on every node of a chain', async () => {
    const nodes = await chain();
    const [leader] = nodes;
    const all = await Promise.all(nodes.map((node) => subscribe(node)));
    const jobs: Promise<unknown>[] = [];
    for (let i = 0; i < 30; i++) {
      jobs.push(leader.test.submit(set(`k${i}`)));
      jobs.push(publish(leader, `live ${i}`));
      if (i % 3 === 0) jobs.push(publish(leader, `kept ${i}`, { durable: true }));
    }
    await Promise.all(jobs);
    await level(world, ...nodes);
    for (const reader of all) await heard(reader, 40);
    const expected: string[] = [];
    let offset = 2;
    for (let i = 0; i < 30; i++) {
      offset++;
      expected.push(`live ${i}@${offset}`);
      if (i % 3 === 0) expected.push(`kept ${i}@${++offset}!`);
    }
    for (const reader of all) assert.deepEqual(texts(reader), expected);
  });

  it('carries a message from the end of a chain up to the leader and to every subscriber', async () => {
    const nodes = await chain();
    const [leader, middle, end] = nodes;
    const all = await Promise.all(nodes.map((node) => subscribe(node)));
    const publishing: Promise<number>[] = [];
    for (let i = 0; i < 20; i++) {
      publishing.push(publish(end, `end ${i}`, { durable: i % 2 === 0 }));
      publishing.push(publish(middle, `middle ${i}`));
      publishing.push(publish(leader, `leader ${i}`));
    }
    let done = false;
    const published = Promise.all(publishing).finally(() => {
      done = true;
    });
    await world.until('all are published', () => done);
    const [offset] = await published;
    for (const reader of all) await heard(reader, 60);
    const [first, ...rest] = all.map(texts) as [string[], ...string[][]];
    assert.equal(first.length, 60);
    for (const other of rest) assert.deepEqual(other, first);
    const fromEnd = first.filter((text) => text.startsWith('end')).map((text) => text.split('@')[0]);
    assert.deepEqual(
      fromEnd,
      Array.from({ length: 20 }, (_, i) => `end ${i}`),
    );
    assert(first.includes(`end 0@${offset}!`), 'the publisher hears the offset that its message has');
  });

  it('matches channels by name and by glob, and comes once for each', async () => {
    const leader = await world.node('L');
    const reader = await subscribe(leader, { channels: ['a.b'], patterns: ['a.*', '?.b', 'z*'] });
    await publish(leader, 'one', { channel: 'a.b' });
    await publish(leader, 'two', { channel: 'c.b', durable: true });
    await publish(leader, 'none', { channel: 'other' });
    await publish(leader, 'three', { channel: 'a.c' });
    await heard(reader, 5);
    const came = reader.events.map((event) => event.kind === 'message' && [`${event.data}`, event.pattern?.toString()]);
    assert.deepEqual(came, [
      ['one', undefined],
      ['one', 'a.*'],
      ['one', '?.b'],
      ['two', '?.b'],
      ['three', 'a.*'],
    ]);
  });

  it('begins now: earlier messages do not come', async () => {
    const leader = await world.node('L');
    await publish(leader, 'early');
    await publish(leader, 'early too', { durable: true });
    const reader = await subscribe(leader);
    await publish(leader, 'late');
    await heard(reader, 1);
    assert.deepEqual(texts(reader), ['late@1']);
  });

  it('continues through a promotion, in one order on all nodes that follow', async () => {
    const [leader, middle, end] = await chain();
    const readers = [await subscribe(middle), await subscribe(end)];
    await publish(leader, 'before', { durable: true });
    await publish(leader, 'before live');
    await world.until('both have it', () => readers.every((reader) => texts(reader).length === 2));
    await middle.replication.promote();
    await publish(middle, 'after', { durable: true });
    await world.until('the end streams again', () => end.link.status.state === 'streaming');
    await publish(end, 'after live');
    for (const reader of readers) await heard(reader, 5);
    for (const reader of readers)
      assert.deepEqual(texts(reader), ['before@3!', 'before live@3', 'missed some', 'after@4!', 'after live@4']);
  });

  it('misses no durable message from a position, over a restart of the node, and repeats none', async () => {
    const leader = await world.node('L');
    const first = await subscribe(leader);
    await publish(leader, 'one', { durable: true });
    await heard(first, 1);
    const from = first.position;
    await publish(leader, 'two', { durable: true });
    await leader.test.submit(set('between'));
    await publish(leader, 'three', { durable: true });
    await leader.restart();
    await publish(leader, 'four', { durable: true });
    const again = await subscribe(leader, { channels: ['news'], from });
    await publish(leader, 'live');
    await heard(again, 4);
    assert.deepEqual(texts(again), ['two@2!', 'three@4!', 'four@5!', 'live@5']);
  });

  it('reports the offsets that the log has lost to trimming, and continues behind them', async () => {
    const leader = await world.node('L');
    const first = await subscribe(leader);
    for (let i = 1; i <= 6; i++) await publish(leader, `m${i}`, { durable: true });
    await heard(first, 6);
    await (await leader.store.snapshots.at()).release();
    assert.equal(await leader.store.data.log.trimming.trim(4), 4);
    const again = await subscribe(leader, { channels: ['news'], from: ORIGIN });
    await heard(again, 3);
    assert.deepEqual(texts(again), ['gap 1-4', 'm5@5!', 'm6@6!']);
  });

  it('refuses a position of a branch that the node has left', async () => {
    const leader = await world.node('L');
    await leader.write(3);
    const { replicationId, checksum } = leader.store.data.position;
    const other = { replicationId, offset: 2, checksum };
    assert.equal((await subscribe(leader, { channels: ['news'], from: other })).ended?.code, 'lost_branch');
    const beyond = { replicationId, offset: 9, checksum };
    assert.equal((await subscribe(leader, { channels: ['news'], from: beyond })).ended?.code, 'lost_branch');
  });

  it('lets a position that a follower has not seen yet wait until it has', async () => {
    const [leader, , end] = await chain();
    world.network.last.hold('down');
    await publish(leader, 'ahead', { durable: true });
    const { position: from } = leader.store.data;
    const beginning = subscribed(world, end, { channels: ['news'], from });
    await turns(20);
    await publish(leader, 'next', { durable: true });
    world.network.last.release();
    const reader = await beginning;
    readers.push(reader);
    await heard(reader, 1);
    assert.deepEqual(texts(reader), ['next@4!']);
  });

  it('tells a slow subscriber how many live messages it missed, and no durable one', async () => {
    const leader = await world.node('L');
    const reader = await subscribe(leader);
    reader.pause();
    await publish(leader, 'seen');
    await heard(reader, 1);
    const MiB = 1024 * 1024;
    for (let i = 0; i < 12; i++) await publish(leader, `${i}`.padEnd(MiB), { channel: 'other' });
    await publish(leader, 'kept', { durable: true });
    await publish(leader, 'last');
    reader.resume();
    await world.until('the last one is heard', () => texts(reader).includes('last@1'));
    assert.ok(missedBy(reader) >= 5 && missedBy(reader) <= 9, `${texts(reader)}`);
    assert.deepEqual(
      texts(reader).filter((text) => !text.startsWith('missed')),
      ['seen@0', 'kept@1!', 'last@1'],
    );
  });

  it('gives each subscriber below a slow link every live message, or counts it as missed', async () => {
    const [leader, middle, end] = await chain();
    const all = [await subscribe(middle, EVERY), await subscribe(end, EVERY)];
    await publish(leader, 'seen');
    for (const reader of all) await heard(reader, 1);
    const [line] = world.network.lines;
    line?.hold('down');
    const data = 'x'.repeat(1024 * 1024);
    for (let i = 0; i < 24; i++) await publish(leader, data, { channel: 'other' });
    await publish(leader, 'kept', { durable: true });
    await publish(leader, 'last');
    line?.release();
    for (const reader of all) await world.until('the last one is heard', () => news(reader).includes('last@3'));
    // Each ring on the way may drop some more, so the subscribers need not miss the same number.
    for (const reader of all) {
      assert.deepEqual(news(reader), ['seen@2', 'kept@3!', 'last@3']);
      assert.ok(missedBy(reader) > 0);
      assert.equal(liveHeardBy(reader) + missedBy(reader), 26);
    }
    for (const node of [leader, middle, end]) assert.equal(await node.digest(), await leader.digest());
  });

  describe('tells subscribers below a link that breaks', () => {
    /** Cut, so that nothing more of it comes, until `heal`. */
    async function cutOff(upstream: TestNode, node: TestNode): Promise<{ heal(): void }> {
      const { network } = world;
      network.down(upstream.address);
      for (const line of network.lines) if (line.from === node.address && line.to === upstream.address) line.cut();
      await world.until('the link is down', () => node.link.status.state === 'connecting');
      return { heal: () => network.listen(upstream.address, upstream.replication.followers) };
    }

    it('exactly how many live messages were missed meanwhile, at every depth', async () => {
      const [leader, middle, end] = await chain();
      const all = [await subscribe(middle), await subscribe(end)];
      await publish(leader, 'seen');
      for (const reader of all) await heard(reader, 1);
      const { heal } = await cutOff(leader, middle);
      for (let i = 0; i < 7; i++) await publish(leader, `gone ${i}`, { channel: 'other' });
      heal();
      for (const reader of all) await heard(reader, 2);
      await publish(leader, 'after');
      for (const reader of all) await heard(reader, 3);
      for (const reader of all) assert.deepEqual(texts(reader), ['seen@2', 'missed 7', 'after@2']);
    });

    it('nothing if nothing was published meanwhile', async () => {
      const [leader, middle, end] = await chain();
      const all = [await subscribe(middle), await subscribe(end)];
      await publish(leader, 'seen');
      for (const reader of all) await heard(reader, 1);
      (await cutOff(leader, middle)).heal();
      await level(world, leader, middle, end);
      await publish(leader, 'after');
      for (const reader of all) await heard(reader, 2);
      for (const reader of all) assert.deepEqual(texts(reader), ['seen@2', 'after@2']);
    });

    it('the same after the node in the middle was restarted, or has had a full resync', async () => {
      const [leader, middle, end] = await chain();
      const reader = await subscribe(end);
      await publish(leader, 'seen');
      await heard(reader, 1);
      await middle.down();
      for (let i = 0; i < 3; i++) await publish(leader, `gone ${i}`);
      await middle.test.open();
      middle.up();
      await heard(reader, 2);
      await publish(leader, 'after');
      await heard(reader, 3);
      await middle.down();
      for (let i = 0; i < 4; i++) await publish(leader, `gone again ${i}`);
      await middle.test.open();
      middle.up();
      await middle.follow('L', { acceptDataLoss: false, full: true });
      await world.until('it was resynced', () => middle.link.resyncs.full > 0);
      await level(world, leader, middle, end);
      await publish(leader, 'last');
      await heard(reader, 5);
      assert.deepEqual(texts(reader), ['seen@2', 'missed 3', 'after@2', 'missed 4', 'last@2']);
    });

    it('the same if it continues below another node', async () => {
      const [leader, middle, end] = await chain();
      const reader = await subscribe(end);
      await publish(leader, 'seen');
      await heard(reader, 1);
      await cutOff(middle, end);
      await publish(leader, 'gone');
      await world.until('the middle has it', () => middle.store.data.log.interludes.place.count === 2);
      await end.follow('L');
      await heard(reader, 2);
      await publish(leader, 'after');
      await heard(reader, 3);
      assert.deepEqual(texts(reader), ['seen@2', 'missed 1', 'after@2']);
    });

    it('and repeats none below a node that is further behind', async () => {
      const [leader, middle, end] = await chain();
      const other = await world.node('O', { follows: 'L' });
      await level(world, leader, middle, end, other);
      const reader = await subscribe(end);
      world.network.last.hold('down');
      await publish(leader, 'seen');
      await heard(reader, 1);
      await end.follow('O');
      await world.until('it streams', () => end.link.status.state === 'streaming');
      world.network.lines.find(({ from, to, ended }) => from === 'O' && to === 'L' && !ended)?.release();
      await publish(leader, 'after');
      await heard(reader, 2);
      assert.deepEqual(texts(reader), ['seen@2', 'after@2']);
    });

    it('nothing of a hand-over in which nothing was lost', async () => {
      const [leader, middle, end] = await chain();
      const readers = await Promise.all([leader, middle, end].map((node) => subscribe(node)));
      await publish(leader, 'before');
      for (const reader of readers) await heard(reader, 1);
      let done = false;
      const failedOver = leader.replication.failover({ to: 'M' }).finally(() => {
        done = true;
      });
      await world.until('it is done', () => done);
      await failedOver;
      await level(world, middle, leader, end);
      await publish(end, 'after');
      for (const reader of readers) await heard(reader, 2);
      for (const reader of readers) assert.deepEqual(texts(reader), ['before@2', 'after@2']);
    });
  });

  it('refuses at once if the link is down, and says that it does not know if it breaks', async () => {
    const [leader, , end] = await chain();
    const line = world.network.last;
    line.hold('down');
    const pending = publish(end, 'on its way');
    await world.until('it has gone up', () => line.answered.some(({ kind }) => kind === 'publish'));
    line.cut();
    await assert.rejects(pending, { code: 'outcome_unknown' });
    await assert.rejects(publish(end, 'too late'), { code: 'unavailable' });
    await level(world, leader, end);
    await publish(end, 'again');
  });

  it('gives up a message that the leader does not answer, and takes no more than it can hold', async () => {
    const [, , end] = await chain();
    const line = world.network.last;
    line.hold('up');
    const outcomes = Promise.allSettled(
      Array.from({ length: 90 }, (_, i) => publish(end, `${i}`.padEnd(1024 * 1024 - 200))),
    );
    await turns(20);
    await world.clock.advance(10_001);
    const codes = (await outcomes).map((outcome) => outcome.status === 'rejected' && outcome.reason.code);
    assert.deepEqual(new Set(codes), new Set(['outcome_unknown', 'overloaded']));
    assert(codes.filter((code) => code === 'outcome_unknown').length <= 4, 'few are sent without an answer');
    line.release();
  });

  it('refuses channels and messages over their limits, wherever they are published', async () => {
    const [leader, , end] = await chain();
    for (const node of [leader, end]) {
      await assert.rejects(publish(node, 'x', { channel: 'c'.repeat(64 * 1024 + 1) }), {
        code: 'too_large',
        message: /a channel: expected at most 65536 bytes, received 65537/,
      });
      await assert.rejects(publish(node, 'x'.repeat(16 * 1024 * 1024 + 1)), { code: 'too_large' });
    }
    assert.equal((await subscribe(leader, {})).ended?.code, 'invalid_argument');
  });

  it('refuses patterns that are too long, one by one and together', async () => {
    const leader = await world.node('L');
    const one = await subscribe(leader, { patterns: ['*'.repeat(4_097)] });
    assert.match(one.ended?.message ?? '', /a pattern: expected at most 4096 bytes, received 4097 bytes/);
    const all = await subscribe(leader, { patterns: Array.from({ length: 9 }, () => '?'.repeat(4_000)) });
    assert.match(all.ended?.message ?? '', /all patterns together: expected at most 32768 bytes, received 36000 bytes/);
    for (const { ended } of [one, all]) assert.equal(ended?.code, 'too_large');
    assert.equal((await subscribe(leader, { patterns: ['?'.repeat(4_000)] })).ended, undefined);
  });

  it('lets other work have turns while many messages are matched against many patterns', async () => {
    const leader = await world.node('L');
    const patterns = Array.from({ length: 8 }, (_, i) => `*${'?a'.repeat(1_000)}${i}*`);
    const reader = await subscribe(leader, { channels: ['last'], patterns });
    const channel = 'a'.repeat(60_000);
    let turnsTaken = 0;
    const count = () => {
      turnsTaken++;
      if (texts(reader).length === 0) setImmediate(count);
    };
    // In one turn, so that the subscriber comes by all of them at once.
    for (let i = 0; i < 6; i++)
      leader.store.data.log.interludes.add({
        kind: 'message',
        channel: Buffer.from(channel),
        data: Buffer.from(`${i}`),
      });
    leader.store.data.log.interludes.add({ kind: 'message', channel: Buffer.from('last'), data: Buffer.from('last') });
    setImmediate(count);
    await heard(reader, 1);
    assert(turnsTaken >= 6 * 8, `${turnsTaken} turns`);
  });

  it('ends if a full resync replaces the data, and resumes from its position in the new data', async () => {
    const [leader, , end] = await chain();
    await publish(leader, 'one', { durable: true });
    await level(world, leader, end);
    const reader = await subscribe(end, { channels: ['news'] });
    await end.replication.promote();
    await end.test.submit(set('lost'));
    await end.follow('L', { acceptDataLoss: true });
    await world.until('the stream has ended', () => reader.ended !== undefined);
    assert.equal(reader.ended?.code, 'unavailable');
    await level(world, leader, end);
    await publish(leader, 'two', { durable: true });
    const again = await subscribe(end, { channels: ['news'], from: reader.told[0]?.position });
    await heard(again, 1);
    assert.deepEqual(texts(again), ['two@4!']);
  });
});
