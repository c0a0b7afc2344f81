/** etcd as the store of a cluster: each call of the machine against a real etcd, and three machines over three of its members. */
import assert from 'node:assert/strict';
import { eventually } from '../../../benchmarks/waiting.js';
import type { Address } from '../../../src/base/address.js';
import { systemClock } from '../../../src/base/clock.js';
import { EtcdClient } from '../../../src/cluster/etcd/client.js';
import { EtcdDiscontinuity } from '../../../src/cluster/etcd/errors.js';
import type { EtcdHeader, EtcdWatchListener } from '../../../src/cluster/etcd/model.js';
import { clusterKeys } from '../../../src/cluster/etcd-keys.js';
import { EtcdStore } from '../../../src/cluster/etcd-store.js';
import type { Event } from '../../../src/cluster/messages.js';
import { timingOf } from '../../../src/cluster/timing.js';
import { type MachineNode, MachineNodes } from '../../support/cluster-machines.js';
import { ETCD_NEEDED, EtcdCluster, isEtcdInstalled } from '../../support/etcd.js';
import { skipUnless } from '../../support/installed.js';
import { RecordingLogger } from '../../support/store.js';
import { campaign, record, ToldStore } from '../../support/told-store.js';

const TIMING = timingOf(3_000);

interface ToldOptions {
  readonly onEvent?: (event: Event) => void;
  readonly seenRevision?: number;
  readonly requestTimeoutMs?: number;
}

/** A store with a client of its own, and all that it has told. */
class Told extends ToldStore implements AsyncDisposable {
  readonly store: EtcdStore;
  readonly client: EtcdClient;

  constructor(
    endpoints: readonly Address[],
    name: string,
    { onEvent, seenRevision = 0, requestTimeoutMs = TIMING.requestMs }: ToldOptions = {},
  ) {
    super();
    const { logger } = this;
    this.client = EtcdClient.open({ endpoints, clock: systemClock, logger, requestTimeoutMs });
    this.store = new EtcdStore({
      client: this.client,
      name,
      seenRevision,
      retryMs: 50,
      clock: systemClock,
      logger,
      onEvent: (event) => {
        this.events.push(event);
        onEvent?.(event);
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.store.close();
    await this.client.close();
  }
}

describe('etcd as the store of a cluster', function () {
  this.timeout(60_000);
  let etcd: EtcdCluster;
  let names = 0;

  before(async function () {
    skipUnless(this, isEtcdInstalled(), ETCD_NEEDED);
    etcd = await EtcdCluster.start();
  });

  after(async () => {
    await etcd?.[Symbol.asyncDispose]();
  });

  function open(options: ToldOptions = {}): Told {
    return new Told(etcd.endpoints, `n${++names}`, options);
  }

  it('makes a leader whose fencing number is the revision of its keys, and names the cluster', async () => {
    await using told = open();
    await told.call({ kind: 'read' });
    const lease = await told.grant(TIMING.ttlMs);
    const publish = { kind: 'publish', record: record('a', lease), provesMs: 12 } as const;
    const before = await told.answer(publish, 'published');
    assert.deepEqual(before, { ...before, lease, provesMs: 12, fence: 0 });
    const { fence } = await told.answer(campaign('a', lease, undefined, ['a']), 'campaigned');
    assert.equal(before.revision + 1, fence);
    const view = await eventually('the view', async () => told.views.find(({ leader }) => leader));
    const [member, ...others] = view.members;
    assert.deepEqual(others, []);
    assert.deepEqual(member, { ...record('a', lease), revision: member?.revision });
    assert.deepEqual(
      { ...view, members: [] },
      {
        clusterId: 'c-a',
        revision: fence,
        leader: { nodeId: 'a', address: 'a:1', lease, fence, ttlMs: TIMING.ttlMs, reason: 'first' },
        last: { nodeId: 'a', fence, ttlMs: TIMING.ttlMs },
        resigned: 0,
        isResignedInOrder: false,
        sync: { nodes: ['a'], revision: fence },
        members: [],
        known: [],
        isPaused: false,
        request: undefined,
        allowed: 0,
        history: [{ fence, nodeId: 'a', address: 'a:1', reason: 'first', timeMs: view.history[0]?.timeMs, endedMs: 0 }],
      },
    );
  });

  it('elects nobody if the last leader or the sync set is not as the candidate has seen', async () => {
    await using told = open();
    await told.call({ kind: 'read' });
    const lease = await told.grant(TIMING.ttlMs);
    const { fence = 0 } = await told.answer(campaign('a', lease, undefined, ['a']), 'campaigned');
    const held = await told.answer(campaign('a', lease, { lastFence: fence, syncRevision: fence }), 'campaigned');
    assert.equal(held.fence, undefined);
    await told.answer({ kind: 'resign', fence, isInOrder: true }, 'resigned');
    for (const expected of [
      { lastFence: 0, syncRevision: fence },
      { lastFence: fence, syncRevision: 0 },
    ])
      assert.equal((await told.answer(campaign('b', lease, expected), 'campaigned')).fence, undefined);
    const next = await told.answer(campaign('b', lease, { lastFence: fence, syncRevision: fence }), 'campaigned');
    assert.ok((next.fence ?? 0) > fence);
    const view = await eventually('the view', async () => told.views.find(({ leader }) => leader?.nodeId === 'b'));
    assert.deepEqual([view.resigned, view.isResignedInOrder, view.clusterId], [fence, true, 'c-a']);
  });

  it('counts fencing numbers from above those of the data that the founder has', async () => {
    await using told = open();
    await told.call({ kind: 'read' });
    const lease = await told.grant(TIMING.ttlMs);
    const { fence = 0 } = await told.answer({ ...campaign('a', lease), fenceBase: 1_000_000 }, 'campaigned');
    assert.ok(fence > 1_000_000);
    const published = await told.answer({ kind: 'publish', record: record('a', lease), provesMs: 1 }, 'published');
    assert.deepEqual([published.fence, published.revision], [fence, fence + 1]);
    const set = await told.answer({ kind: 'set_sync', fence, nodes: ['a'], expectedRevision: 0 }, 'sync_set');
    const { view } = await told.answer({ kind: 'read' }, 'view');
    assert.deepEqual([view.leader?.fence, view.last?.fence, view.sync?.revision], [fence, fence, set.revision]);
    assert.ok(view.revision >= fence);
    await told.answer({ kind: 'resign', fence, isInOrder: false }, 'resigned');
    const expected = { lastFence: fence, syncRevision: set.revision ?? 0 };
    const next = await told.answer({ ...campaign('b', lease, expected), fenceBase: 2_000_000 }, 'campaigned');
    assert.ok(next.fence && next.fence > fence && next.fence < 2_000_000, 'the base of a cluster stays');
  });

  it('writes for the holder of a fencing number alone', async () => {
    await using told = open();
    await told.call({ kind: 'read' });
    const lease = await told.grant(TIMING.ttlMs);
    const { fence = 0 } = await told.answer(campaign('a', lease), 'campaigned');
    const set = { kind: 'set_sync', nodes: ['a', 'b'], expectedRevision: 0 } as const;
    assert.equal((await told.answer({ ...set, fence: fence - 1 }, 'sync_set')).revision, undefined);
    assert.ok((await told.answer({ ...set, fence }, 'sync_set')).revision);
    assert.equal((await told.answer({ ...set, fence }, 'sync_set')).revision, undefined);
    await told.answer({ kind: 'set_known', fence: fence - 1, nodes: ['x'] }, 'known_set');
    await told.answer({ kind: 'set_known', fence, nodes: ['a'] }, 'known_set');
    await told.answer({ kind: 'resign', fence: fence - 1, isInOrder: false }, 'resigned');
    const { view } = await told.answer({ kind: 'read' }, 'view');
    assert.deepEqual([view.leader?.fence, view.known, view.sync?.nodes, view.resigned], [fence, ['a'], ['a', 'b'], 0]);
  });

  it('moves the leader key to another lease, and forgets the request, in one transaction', async () => {
    await using told = open();
    await told.call({ kind: 'read' });
    const [lease, other] = [await told.grant(TIMING.ttlMs), await told.grant(TIMING.ttlMs)];
    const { fence = 0 } = await told.answer(campaign('a', lease), 'campaigned');
    await etcd.control('put', clusterKeys(`n${names}`).request, '{"to":"b"}');
    const { key } = campaign('b', other);
    const planned = { ...key, reason: 'planned' } as const;
    const gone = { ...planned, lease: 'abc' };
    assert.equal((await told.answer({ kind: 'move_leader', fence, key: gone }, 'moved')).done, false);
    assert.equal((await told.answer({ kind: 'move_leader', fence: fence - 1, key: planned }, 'moved')).done, false);
    assert.equal((await told.answer({ kind: 'move_leader', fence, key: planned }, 'moved')).done, true);
    const view = await eventually('the view', async () => told.views.find(({ leader }) => leader?.nodeId === 'b'));
    assert.deepEqual([view.leader?.lease, view.leader?.reason, view.request], [other, 'planned', undefined]);
    assert.ok(view.leader && view.leader.fence > fence && view.leader.fence === view.last?.fence);
    assert.ok(told.views.some(({ request }) => request?.to === 'b'));
  });

  it('says that a lease is unknown, which is no failure', async () => {
    await using told = open();
    const lease = 'abc';
    await told.answer({ kind: 'keep_alive', lease }, 'lease_unknown');
    await told.answer({ kind: 'publish', record: record('a', lease), provesMs: 1 }, 'lease_unknown');
    assert.equal((await told.answer(campaign('a', lease), 'campaigned')).fence, undefined);
  });

  it('fails each call in time when nobody answers', async () => {
    await using told = new Told([{ host: '127.0.0.1', port: 1 }], 'nobody', { requestTimeoutMs: 300 });
    for (const call of [{ kind: 'grant', ttlMs: 3_000 }, { kind: 'read' }, campaign('a', 'abc')] as const) {
      const begin = performance.now();
      const { reason = '', ...failed } = await told.answer(call, 'failed');
      assert.deepEqual(failed, { kind: 'failed', call: call.kind });
      assert.match(reason, /^etcd could not be asked/);
      assert.ok(performance.now() - begin < 1_000);
    }
    assert.ok(told.logger.said(/the call read to the store of the cluster failed: etcd could not be asked/));
  });

  it('hands out a view for each revision, and says when it has lost some', async () => {
    await using told = open();
    const { paused, sync } = clusterKeys(`n${names}`);
    await told.call({ kind: 'read' });
    await etcd.control('put', paused, '{}');
    await etcd.control('put', sync, 'no JSON');
    await etcd.control('del', sync);
    await eventually('the last view', async () => told.views.length === 3);
    const seen = told.events.map((event) => event.kind === 'view' && [event.isWhole, event.view.isPaused]);
    assert.deepEqual(seen, [
      [false, false],
      [true, true],
      [false, true],
    ]);
    assert.ok(told.logger.said(/sync in etcd was not written by Headwater: expected JSON, received no JSON/, 'error'));
  });

  it('is not blind by a wish that a person wrote wrongly', async () => {
    await using told = open();
    const { request, allowed, paused } = clusterKeys(`n${names}`);
    await told.call({ kind: 'read' });
    await etcd.control('put', request, 'b');
    await etcd.control('put', allowed, '{"fence":"20"}');
    await etcd.control('put', paused, '{}');
    const view = await eventually('the view', async () => told.views.find(({ isPaused }) => isPaused));
    assert.deepEqual([view.request, view.allowed], [undefined, 0]);
    assert.ok(told.logger.said(/request in etcd was not written by Headwater: expected JSON, received b/, 'error'));
    assert.ok(told.logger.said(/allowed in etcd .*: expected a number as fence/, 'error'));
  });

  it('refuses an etcd that is an older state than this node has seen', async () => {
    await using told = open({ seenRevision: 1_000_000 });
    const [failed, changed] = await told.call({ kind: 'read' });
    assert.ok(failed?.kind === 'failed' && failed.call === 'read');
    assert.ok(changed?.kind === 'store_changed' && /revision of etcd went back: expected 1000000/.test(changed.reason));
  });
});

describe('the keys of a cluster', () => {
  it('are those of one cluster alone', () => {
    assert.equal(clusterKeys('main-1').leader, '/headwater/main-1/leader');
    for (const name of ['', 'a/members', 'a b', 'ä'])
      assert.throws(() => clusterKeys(name), { code: 'invalid_argument', message: /received "/ });
  });
});

describe('a watch on the keys of a cluster', () => {
  it('is confirmed by a read when a member watches again, since a restored etcd would be silent', async () => {
    const header: EtcdHeader = { clusterId: 'e', memberId: 'm', revision: 9n, raftTerm: 1n };
    let listener: EtcdWatchListener | undefined;
    let reads = 0;
    const client = {
      range: async () => {
        if (++reads > 1) throw new EtcdDiscontinuity('revision_went_back', 'the revision of etcd went back');
        return { header, entries: [] };
      },
      watch: (_: string, from: bigint | undefined, on: EtcdWatchListener) => {
        listener = on;
        return { nextRevision: from, close: () => {} };
      },
    } as unknown as EtcdClient;
    const events: Event[] = [];
    const options = { name: 'c', seenRevision: 0, retryMs: 50, clock: systemClock, logger: new RecordingLogger() };
    const store = new EtcdStore({ ...options, client, onEvent: (event) => events.push(event) });
    store.begin({ kind: 'read' });
    await eventually('the watch', async () => listener !== undefined);
    listener?.watching?.(header);
    assert.equal(reads, 1, 'the first member needs no confirmation');
    listener?.interrupted?.(new Error('the stream ended'));
    listener?.watching?.(header);
    await eventually('the news', async () => events.some(({ kind }) => kind === 'store_changed'));
    assert.equal(reads, 2);
    store.close();
  });
});

describe('three nodes of a cluster over three members of etcd', function () {
  this.timeout(120_000);
  let etcd: EtcdCluster;
  let names = 0;

  before(async function () {
    skipUnless(this, isEtcdInstalled(), ETCD_NEEDED);
    etcd = await EtcdCluster.start(3);
  });

  after(async () => {
    await etcd?.[Symbol.asyncDispose]();
  });

  function start(timing = TIMING): MachineNodes {
    const name = `three-${++names}`;
    return new MachineNodes(timing, (onEvent, { requestMs }) => {
      const told = new Told(etcd.endpoints, name, { requestTimeoutMs: requestMs, onEvent });
      return { store: told.store, close: () => told[Symbol.asyncDispose]() };
    });
  }

  it('elect another leader when the process of the first is gone', async () => {
    await using nodes = start();
    const first = await nodes.leader();
    await nodes.followed(first);
    const goneMs = performance.now();
    await first.end();
    const second = await nodes.leader();
    const tookMs = performance.now() - goneMs;
    assert.ok(second !== first && tookMs > TIMING.ttlMs - TIMING.keepAliveMs, `it took ${tookMs} ms`);
    await nodes.followed(second);
    assert.deepEqual(nodes.leaders, [first.id, second.id]);
  });

  it('move the leadership when a person wants it, and are never without a leader key', async () => {
    await using nodes = start();
    const first = await nodes.leader();
    await nodes.followed(first);
    const target = nodes.nodes.find((node) => node !== first) as MachineNode;
    await eventually('the record of the target', async () => first.views.at(-1)?.members.length === 3);
    const { fence = 0 } = first.views.at(-1)?.leader ?? {};
    const { request } = clusterKeys(`three-${names}`);
    // A wish that names no leader, as an earlier version wrote it, may be meant for an earlier one.
    await etcd.control('put', request, JSON.stringify({ to: target.id }));
    await eventually('the wish to be forgotten', async () => (await etcd.control('get', request)) === '');
    await etcd.control('put', request, JSON.stringify({ to: target.id, fence }));
    assert.equal(await nodes.leader(first), target);
    await nodes.followed(target);
    const led = target.views.filter(({ last }) => last);
    assert.ok(led.every(({ leader }) => leader));
    assert.equal(target.views.at(-1)?.request, undefined);
    // The view of the move may come before the answer.
    assert.ok(
      [`the leadership was moved to ${target.id}`, `${target.id} holds the leader key`].includes(`${first.stops}`),
    );
  });

  it('keep their leader when the leading member of etcd is killed', async () => {
    // etcd elects within a second. The leader has 2.8 s for it.
    await using nodes = start(timingOf(6_000));
    const first = await nodes.leader();
    await nodes.followed(first);
    const killed = (await etcd.followerFirst()).at(-1);
    await killed?.kill();
    const endMs = first.untilMs + 6_000;
    await eventually('another life of the lease', async () => first.stops.length > 0 || first.untilMs > endMs);
    killed?.start();
    await etcd.healthy();
    assert.deepEqual([first.stops, nodes.leaders], [[], [first.id]]);
  });

  it('have no leader while etcd is gone, and one when etcd is back', async () => {
    await using nodes = start();
    const first = await nodes.leader();
    await nodes.followed(first);
    await Promise.all(etcd.members.map((member) => member.kill()));
    await eventually('the leader to stop', async () => first.stops.length > 0);
    assert.deepEqual(first.stops, ['the lease of this leader was not renewed in time']);
    assert.ok(nodes.nodes.every(({ leads }) => !leads));
    for (const member of etcd.members) member.start();
    await etcd.healthy();
    await nodes.followed(await nodes.leader());
    assert.equal(nodes.leaders.length, 2);
  });
});
