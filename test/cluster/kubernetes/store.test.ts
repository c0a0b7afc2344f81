/** A Lease of Kubernetes as the store of a cluster, over real HTTP and HTTPS: its calls, its faults, and an election. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '../../../benchmarks/waiting.js';
import type { LeaseObject } from '../../../src/cluster/kubernetes/api.js';
import { ANNOTATION } from '../../../src/cluster/kubernetes/content.js';
import { timingOf } from '../../../src/cluster/timing.js';
import type { View } from '../../../src/cluster/view.js';
import { endAll, temporaryDirectory } from '../../cli/command-line.js';
import { type PemFiles, TestAuthority } from '../../support/certificates.js';
import { type MachineNode, MachineNodes } from '../../support/cluster-machines.js';
import { KubernetesApi } from '../../support/kubernetes-api.js';
import { ToldLease, type ToldLeaseOptions } from '../../support/told-lease.js';
import { campaign, record } from '../../support/told-store.js';

const TIMING = timingOf(3_000);
const NAMESPACE = 'shop';

describe('a Lease of Kubernetes as the store of a cluster', function () {
  this.timeout(60_000);
  let api: KubernetesApi;
  let names = 0;

  beforeEach(async () => {
    api = await KubernetesApi.start();
    names++;
  });

  afterEach(async () => {
    await api[Symbol.asyncDispose]();
    await endAll();
  });

  const name = () => `n${names}`;
  const open = (options: ToldLeaseOptions = {}) => new ToldLease(api.address, name(), options);

  function contentNow(): View {
    return JSON.parse(api.lease(NAMESPACE, name())?.metadata.annotations?.[ANNOTATION] ?? '');
  }

  it('makes a leader, whose number is the count of writes, and shows it to people', async () => {
    await using told = open();
    await told.call({ kind: 'read' });
    const lease = await told.join('a');
    const { fence } = await told.answer(campaign('a', lease, undefined, ['a']), 'campaigned');
    assert.equal(fence, 2);
    const view = await eventually('the view', async () => told.views.find(({ leader }) => leader));
    assert.deepEqual(view, {
      clusterId: 'c-a',
      revision: 2,
      leader: { nodeId: 'a', address: 'a:1', lease, ttlMs: 3_000, reason: 'first', fence: 2 },
      last: { nodeId: 'a', fence: 2, ttlMs: 3_000 },
      resigned: 0,
      isResignedInOrder: false,
      sync: { nodes: ['a'], revision: 2 },
      members: [{ ...record('a', lease), revision: 1 }],
      known: [],
      isPaused: false,
      request: undefined,
      allowed: 0,
      history: [{ fence, nodeId: 'a', address: 'a:1', reason: 'first', timeMs: view.history[0]?.timeMs, endedMs: 0 }],
    });
    const { spec } = api.lease(NAMESPACE, name()) as LeaseObject;
    const { holderIdentity, leaseDurationSeconds, leaseTransitions, renewTime = '' } = spec ?? {};
    assert.deepEqual([holderIdentity, leaseDurationSeconds, leaseTransitions], ['a', 3, 1]);
    assert.match(renewTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  });

  it('elects nobody if the last leader or the sync set is not as the candidate has seen', async () => {
    await using told = open();
    await told.call({ kind: 'read' });
    const lease = await told.join('a');
    const other = await told.join('b');
    const { fence = 0 } = await told.answer(campaign('a', lease, undefined, ['a']), 'campaigned');
    const expected = { lastFence: fence, syncRevision: fence };
    assert.equal((await told.answer(campaign('b', other, expected), 'campaigned')).fence, undefined);
    await told.answer({ kind: 'resign', fence, isInOrder: true }, 'resigned');
    for (const wrong of [
      { ...expected, lastFence: 0 },
      { ...expected, syncRevision: 0 },
    ])
      assert.equal((await told.answer(campaign('b', other, wrong), 'campaigned')).fence, undefined);
    assert.equal((await told.answer(campaign('b', 'abc', expected), 'campaigned')).fence, undefined);
    const next = await told.answer(campaign('b', other, expected), 'campaigned');
    assert.ok((next.fence ?? 0) > fence);
    const view = await eventually('the view', async () => told.views.find(({ leader }) => leader?.nodeId === 'b'));
    assert.deepEqual([view.resigned, view.isResignedInOrder, view.clusterId], [fence, true, 'c-a']);
  });

  it('writes for the holder of a fencing number alone', async () => {
    await using told = open();
    await told.call({ kind: 'read' });
    const lease = await told.join('a');
    const { fence = 0 } = await told.answer(campaign('a', lease), 'campaigned');
    const set = { kind: 'set_sync', nodes: ['a', 'b'], expectedRevision: 0 } as const;
    assert.equal((await told.answer({ ...set, fence: fence - 1 }, 'sync_set')).revision, undefined);
    const { revision } = await told.answer({ ...set, fence }, 'sync_set');
    assert.ok(revision);
    // As if the answer had been lost.
    assert.equal((await told.answer({ ...set, fence }, 'sync_set')).revision, revision);
    assert.equal((await told.answer({ ...set, nodes: ['a'], fence }, 'sync_set')).revision, undefined);
    await told.answer({ kind: 'set_known', fence: fence - 1, nodes: ['x'] }, 'known_set');
    await told.answer({ kind: 'set_known', fence, nodes: ['a'] }, 'known_set');
    await told.answer({ kind: 'resign', fence: fence - 1, isInOrder: false }, 'resigned');
    const { leader, known, sync, resigned } = contentNow();
    assert.deepEqual([leader?.fence, known, sync?.nodes, resigned], [fence, ['a'], ['a', 'b'], 0]);
  });

  it('carries out what people want: a pause, its end, and a switch to another lease', async () => {
    await using told = open();
    await told.call({ kind: 'read' });
    const [lease, other] = [await told.join('a'), await told.join('b')];
    const { fence = 0 } = await told.answer(campaign('a', lease), 'campaigned');
    await told.store.order({ kind: 'pause' });
    assert.equal(told.views.at(-1)?.isPaused, true);
    await told.store.order({ kind: 'resume', allowed: fence });
    await told.store.order({ kind: 'switch', to: 'b', fence });
    const asked = contentNow();
    assert.deepEqual([asked.isPaused, asked.allowed], [false, fence]);
    assert.deepEqual([asked.request?.to, asked.request?.fence], ['b', fence]);
    const key = { ...campaign('b', other).key, reason: 'planned' } as const;
    const gone = { ...key, lease: 'abc' };
    assert.equal((await told.answer({ kind: 'move_leader', fence, key: gone }, 'moved')).done, false);
    assert.equal((await told.answer({ kind: 'move_leader', fence: fence - 1, key }, 'moved')).done, false);
    assert.equal((await told.answer({ kind: 'move_leader', fence, key }, 'moved')).done, true);
    // As if the answer had been lost.
    assert.equal((await told.answer({ kind: 'move_leader', fence, key }, 'moved')).done, true);
    const { leader, request, last } = contentNow();
    assert.deepEqual([leader?.lease, leader?.reason, request], [other, 'planned', undefined]);
    assert.ok(leader && leader.fence > fence && leader.fence === last?.fence);
    await told.store.endLease(other);
    assert.deepEqual([contentNow().leader, contentNow().members.map(({ nodeId }) => nodeId)], [undefined, ['a']]);
    await told.answer({ kind: 'keep_alive', lease: other }, 'lease_unknown');
  });

  it('ends a lease whose record has not changed for its time, by the clock of who looks', async () => {
    await using holder = open({ ttlMs: 400 });
    await using watcher = open({ ttlMs: 400 });
    await holder.call({ kind: 'read' });
    const lease = await holder.join('a');
    const { fence = 0 } = await holder.answer(campaign('a', lease, undefined, undefined, 400), 'campaigned');
    await watcher.call({ kind: 'read' });
    const own = await watcher.join('b');
    for (let renewals = 0; renewals < 5; renewals++) {
      await holder.answer({ kind: 'publish', record: record('a', lease), provesMs: 1 }, 'published');
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    const expected = { lastFence: fence, syncRevision: 0 };
    assert.equal((await watcher.answer(campaign('b', own, expected), 'campaigned')).fence, undefined);
    assert.ok(watcher.views.every(({ leader }) => leader));
    await eventually('the end of the lease', async () => watcher.views.at(-1)?.leader === undefined);
    assert.deepEqual(
      watcher.views.at(-1)?.members.map(({ nodeId }) => nodeId),
      [],
    );
    // The leader's record stays, though the lease of this node has ended too.
    await watcher.answer({ kind: 'publish', record: record('b', own), provesMs: 1 }, 'published');
    const won = await watcher.answer(campaign('b', own, expected, undefined, 400), 'campaigned');
    assert.ok((won.fence ?? 0) > fence);
    assert.equal(contentNow().leader?.nodeId, 'b');
  });

  it('elects nobody over a leader that has renewed after the last look', async () => {
    await using holder = open();
    await using late = open({ ttlMs: 300 });
    await holder.call({ kind: 'read' });
    const [lease, own] = [await holder.join('a'), await late.join('b')];
    const { fence = 0 } = await holder.answer(campaign('a', lease, undefined, undefined, 300), 'campaigned');
    await late.call({ kind: 'grant', ttlMs: 300 });
    // The other one does not look for longer than the lease lives, and then asks by what it knows.
    const beganMs = performance.now();
    await eventually('more than the life of a lease', async () => {
      await holder.answer({ kind: 'publish', record: record('a', lease), provesMs: 1 }, 'published');
      return performance.now() - beganMs > 600;
    });
    const asked = await late.answer(campaign('b', own, { lastFence: fence, syncRevision: 0 }), 'campaigned');
    assert.equal(asked.fence, undefined);
  });

  it('is decided again when another node was faster, and loses nothing', async () => {
    const all = Array.from({ length: 4 }, () => open({ requestMs: 10_000 }));
    try {
      await Promise.all(
        all.map(async (told, node) => {
          const lease = await told.join(`m${node}`);
          for (let writes = 0; writes < 10; writes++)
            await told.answer({ kind: 'publish', record: record(`m${node}`, lease, writes), provesMs: 1 }, 'published');
        }),
      );
      const { members, revision } = contentNow();
      assert.deepEqual(members.map(({ nodeId, round }) => `${nodeId} ${round}`).toSorted(), [
        'm0 9',
        'm1 9',
        'm2 9',
        'm3 9',
      ]);
      assert.equal(revision, 44);
    } finally {
      for (const told of all) await told[Symbol.asyncDispose]();
    }
  });

  it('takes no failure of the server for an answer, and fails each call in time', async () => {
    await using told = open({ requestMs: 300 });
    await told.call({ kind: 'read' });
    const lease = await told.join('a');
    const publish = { kind: 'publish', record: record('a', lease), provesMs: 1 } as const;
    const says: string[] = [];
    for (const fault of [
      { status: 429, message: 'too many requests' },
      { status: 500 },
      { status: 403, message: 'leases is forbidden' },
      { status: 401 },
      'lost',
      'silent',
      { slowMs: 500 },
    ] as const) {
      api.fault = (method) => (method === 'PUT' ? fault : undefined);
      const beganMs = performance.now();
      const { reason = '', ...failed } = await told.answer(publish, 'failed');
      assert.deepEqual(failed, { kind: 'failed', call: 'publish' });
      assert.notEqual(reason, '');
      assert.ok(performance.now() - beganMs < 1_500);
      says.push(told.logger.lines.at(-1)?.message ?? '');
    }
    api.fault = () => undefined;
    await told.answer(publish, 'published');
    assert.match(says.join('\n'), /answered 429: too many requests\n.*answered 500/);
    assert.ok(
      says.some((line) => /Let the service account get, create and update leases/.test(line)),
      says.join('\n'),
    );
  });

  it('that lost the answer of a campaign says later that it was elected', async () => {
    await using told = open();
    await told.call({ kind: 'read' });
    const lease = await told.join('a');
    let isLost = false;
    api.fault = (_, body) => {
      if (isLost || !body?.spec?.holderIdentity) return undefined;
      isLost = true;
      return 'lost';
    };
    await told.answer(campaign('a', lease), 'failed');
    const view = await eventually('the view', async () => told.views.find(({ leader }) => leader));
    const { fence } = await told.answer(campaign('a', lease), 'campaigned');
    assert.equal(fence, view.leader?.fence);
  });

  it('shares a Lease with nodes of an earlier and of a later version', async () => {
    await using told = open();
    await told.call({ kind: 'read' });
    const [lease, other] = [await told.join('a'), await told.join('b')];
    const { fence = 0 } = await told.answer(campaign('a', lease), 'campaigned');
    const { isResignedInOrder: _, history, ...earlier } = contentNow();
    const later = { zone: 'north' };
    const content = {
      ...earlier,
      ...later,
      members: earlier.members.map((member) => ({ ...member, ...later })),
      leader: { ...earlier.leader, ...later },
      history: history.map((one) => ({ ...one, ...later })),
      request: { to: 'b', revision: 1 },
    };
    const present = api.lease(NAMESPACE, name()) as LeaseObject;
    const annotations = { [ANNOTATION]: JSON.stringify(content) };
    api.put(NAMESPACE, name(), { ...present, metadata: { ...present.metadata, annotations } });
    await using reader = open();
    await reader.call({ kind: 'read' });
    const { isResignedInOrder, request } = reader.views.at(-1) as View;
    assert.deepEqual([isResignedInOrder, request?.fence], [false, 0]);
    await reader.store.order({ kind: 'pause' });
    await told.answer({ kind: 'publish', record: record('b', other), provesMs: 1 }, 'published');
    const kept = contentNow() as unknown as Record<'leader' | 'history' | 'members', object> & { zone: string };
    assert.equal(kept.zone, 'north');
    for (const part of [kept.leader, kept.history]) assert.match(JSON.stringify(part), /"zone":"north"/);
    const zones = contentNow().members.map((member) => [member.nodeId, 'zone' in member]);
    assert.deepEqual(
      zones,
      [
        ['a', true],
        ['b', false],
      ],
      'a node writes its own record again',
    );
    await told.answer({ kind: 'resign', fence, isInOrder: true }, 'resigned');
    assert.match(JSON.stringify(contentNow().history), /"zone":"north"/);
  });

  it('refuses a Lease that was deleted, is older, or was written by others', async () => {
    await using told = open();
    await told.call({ kind: 'read' });
    await told.join('a');
    const before = api.lease(NAMESPACE, name());
    await told.join('b');
    for (const [lease, says] of [
      [undefined, /the Lease shop\/n\d+ went back: expected revision 2 or later, received no Lease/],
      [before, /went back: expected revision 2 or later, received 1\./],
    ] as const) {
      api.put(NAMESPACE, name(), lease);
      const events = await told.call({ kind: 'keep_alive', lease: 'x' });
      assert.ok(events.some((event) => event.kind === 'failed' && event.call === 'keep_alive'));
      const changed = await eventually('the refusal', async () =>
        told.events.find((event) => event.kind === 'store_changed' && says.test(event.reason)),
      );
      assert.ok(changed);
    }
    await using other = open();
    const foreign = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: '', namespace: '' },
    } as const;
    api.put(NAMESPACE, name(), foreign);
    await other.answer({ kind: 'read' }, 'failed');
    assert.ok(
      other.logger.said(/was not written by Headwater: expected the annotation headwater\/cluster, received none/),
    );
    await using restarted = new ToldLease(api.address, 'none', { seenRevision: 7 });
    const [, changed] = await restarted.call({ kind: 'read' });
    assert.ok(changed?.kind === 'store_changed' && /expected revision 7 or later/.test(changed.reason));
  });

  it('says how often another node wrote first, if a call ends late', async () => {
    await using told = open({ requestMs: 300 });
    await told.call({ kind: 'read' });
    const lease = await told.join('a');
    api.fault = (method) => (method === 'PUT' ? { status: 409 } : { lateMs: 60 });
    await told.answer({ kind: 'publish', record: record('a', lease), provesMs: 1 }, 'failed');
    assert.match(
      told.logger.lines.at(-1)?.message ?? '',
      /could not be asked: .*\. Before that, another node wrote first (\d+ times|once)$/,
    );
  });

  it('does not bring back a Lease that was deleted', async () => {
    await using told = open();
    await told.call({ kind: 'read' });
    const lease = await told.join('a');
    api.put(NAMESPACE, name(), undefined);
    await told.answer({ kind: 'publish', record: record('a', lease), provesMs: 1 }, 'failed');
    assert.equal(api.lease(NAMESPACE, name()), undefined);
  });

  it('takes a 404 for the end of the Lease only if the server names the Lease', async () => {
    await using told = open();
    await told.call({ kind: 'read' });
    const lease = await told.join('a');
    const { fence } = await told.answer(campaign('a', lease), 'campaigned');
    // As a proxy answers that has lost its server, or a load balancer.
    api.fault = () => ({ status: 404, message: '404 page not found' });
    await told.answer({ kind: 'keep_alive', lease }, 'failed');
    assert.ok(
      told.logger.said(/answered 404: 404 page not found\. Is http:\/\/127\.0\.0\.1:\d+ an API server of Kubernetes\?/),
    );
    api.fault = () => undefined;
    await told.answer({ kind: 'keep_alive', lease }, 'kept');
    assert.ok(!told.events.some(({ kind }) => kind === 'store_changed'));
    assert.equal(contentNow().leader?.fence, fence);
  });

  it('needs a namespace that is there', async () => {
    await using told = new ToldLease(api.address, name(), { namespace: 'none' });
    await told.call({ kind: 'read' });
    const lease = await told.grant(TIMING.ttlMs);
    await told.answer({ kind: 'publish', record: record('a', lease), provesMs: 1 }, 'failed');
    assert.ok(told.logger.said(/namespaces "none" not found\. Is there a namespace none\?/));
  });

  it('does not bring back the record of a node that has left meanwhile', async () => {
    await using told = open();
    await told.call({ kind: 'read' });
    const lease = await told.join('a');
    let left: Promise<void> | undefined;
    api.fault = (method) => {
      if (left || method !== 'PUT') return undefined;
      // The record arrives behind the end of the lease.
      left = told.store.endLease(lease);
      return { slowMs: 200 };
    };
    const publish = { kind: 'publish', record: record('a', lease), provesMs: 1 } as const;
    await told.answer(publish, 'lease_unknown');
    await left;
    assert.deepEqual(contentNow().members, []);
  });

  it('goes over HTTPS with a token and a CA that are exchanged while it runs', async () => {
    const directory = temporaryDirectory();
    const [first, second] = [
      await TestAuthority.create(path.join(directory, 'first')),
      await TestAuthority.create(path.join(directory, 'second')),
    ];
    const pemOf = ({ cert, key }: PemFiles) => ({ cert: readFileSync(cert), key: readFileSync(key) });
    await using secure = await KubernetesApi.start(pemOf(await first.issue('api')));
    secure.token = 'first-token';
    const [tokenFile, caFile] = [path.join(directory, 'token'), path.join(directory, 'ca.crt')];
    writeFileSync(tokenFile, 'first-token\n');
    copyFileSync(first.ca, caFile);
    await using told = new ToldLease(secure.address, name(), { tokenFile, caFile });
    await told.call({ kind: 'read' });
    await told.join('a');
    secure.token = 'second-token';
    secure.renewCertificates(pemOf(await second.issue('api')));
    await told.answer({ kind: 'grant', ttlMs: 3_000 }, 'failed');
    copyFileSync(second.ca, caFile);
    await told.answer({ kind: 'grant', ttlMs: 3_000 }, 'failed');
    assert.ok(told.logger.said(/answered 401: Unauthorized\. Check the token in .*token/));
    writeFileSync(tokenFile, 'second-token');
    await told.join('a');
  });
});

describe('three nodes of a cluster over a Lease of Kubernetes', function () {
  this.timeout(120_000);
  let api: KubernetesApi;

  beforeEach(async () => {
    api = await KubernetesApi.start();
  });

  afterEach(() => api[Symbol.asyncDispose]());

  function start(): MachineNodes {
    return new MachineNodes(TIMING, (onEvent, { requestMs }) => {
      const told = new ToldLease(api.address, 'three', { requestMs, onEvent });
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
    assert.equal(api.lease(NAMESPACE, 'three')?.spec?.leaseTransitions, 2);
  });

  it('move the leadership when a person wants it, and are never without a leader', async () => {
    await using nodes = start();
    const first = await nodes.leader();
    await nodes.followed(first);
    const target = nodes.nodes.find((node) => node !== first) as MachineNode;
    await eventually('the record of the target', async () => first.views.at(-1)?.members.length === 3);
    await using person = new ToldLease(api.address, 'three');
    const { fence = 0 } = first.views.at(-1)?.leader ?? {};
    await person.store.order({ kind: 'switch', to: target.id, fence });
    assert.equal(await nodes.leader(first), target);
    await nodes.followed(target);
    assert.ok(target.views.filter(({ last }) => last).every(({ leader }) => leader));
    assert.equal(target.views.at(-1)?.request, undefined);
  });

  it('have no leader while the server is gone, and one when it is back', async () => {
    await using nodes = start();
    const first = await nodes.leader();
    await nodes.followed(first);
    api.fault = () => ({ status: 503 });
    await eventually('the leader to stop', async () => first.stops.length > 0);
    assert.deepEqual(first.stops, ['the lease of this leader was not renewed in time']);
    assert.ok(nodes.nodes.every(({ leads }) => !leads));
    api.fault = () => undefined;
    await nodes.followed(await nodes.leader());
  });

  it('keep one leader while requests fail, come late and lose their answers', async () => {
    await using nodes = start();
    const first = await nodes.leader();
    await nodes.followed(first);
    let asked = 0;
    const faults = [{ status: 429 }, 'lost', { status: 500 }, { lateMs: 200 }] as const;
    api.fault = () => (++asked % 3 === 0 ? faults[(asked / 3) % faults.length] : undefined);
    await eventually('many requests', async () => asked > 400, { patienceMs: 30_000 });
    api.fault = () => undefined;
    await nodes.followed(await nodes.leader());
  });
});
