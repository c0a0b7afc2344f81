/**
 * A Lease of Kubernetes in a real API server: what the one of the tests stands for. `npm run kubernetes` runs it with the
 * kube-apiserver whose path is in HEADWATER_KUBE_APISERVER.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { eventually } from '../../../benchmarks/waiting.js';
import type { LeaseObject } from '../../../src/cluster/kubernetes/api.js';
import { timingOf } from '../../../src/cluster/timing.js';
import { MachineNodes } from '../../support/cluster-machines.js';
import { skipUnless } from '../../support/installed.js';
import { APISERVER, APISERVER_NEEDED, KubeApiserver } from '../../support/kube-apiserver.js';
import { KubernetesApi } from '../../support/kubernetes-api.js';
import { ToldLease } from '../../support/told-lease.js';
import { campaign, record } from '../../support/told-store.js';

const TIMING = timingOf(3_000);
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/shop/leases';

describe('a Lease in a real API server of Kubernetes', function () {
  this.timeout(180_000);
  let server: KubeApiserver;
  let names = 0;

  before(async function () {
    skipUnless(this, APISERVER, APISERVER_NEEDED);
    server = await KubeApiserver.start();
  });
  after(() => server?.[Symbol.asyncDispose]());

  const open = (name = `n${++names}`) => {
    const { tokenFile, caFile, address } = server;
    return new ToldLease(address, name, { tokenFile, caFile, requestMs: 10_000 });
  };

  it('refuses what the API server of the tests refuses, and takes what it takes', async () => {
    await using ours = await KubernetesApi.start();
    const lease = (more: object, metadata: object = {}): object => ({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace: 'shop', name: 'rules', ...metadata },
      spec: { holderIdentity: '', leaseDurationSeconds: 3, renewTime: '2026-11-30T15:00:00.123000Z', ...more },
    });
    const long = { annotations: { 'headwater/cluster': 'x'.repeat(256 * 1024) } };
    const cases: ReadonlyArray<readonly [method: string, name: string, body: object | undefined]> = [
      ['GET', 'rules', undefined],
      ['PUT', 'rules', lease({}, { resourceVersion: '1', uid: 'of-a-lease-that-was-deleted' })],
      ['POST', '', lease({ leaseDurationSeconds: 0 })],
      ['POST', '', lease({ leaseDurationSeconds: 1.5 })],
      ['POST', '', lease({ leaseTransitions: -1 })],
      ['POST', '', lease({ renewTime: '2026-11-30T15:00:00.123Z' })],
      ['POST', '', lease({}, long)],
      ['POST', '', lease({}, { name: 'Rules_' })],
      ['POST', '', lease({}, { namespace: 'none' })],
      ['POST', '', lease({}, { resourceVersion: '1' })],
      ['POST', '', lease({})],
      ['POST', '', lease({})],
      ['PUT', 'rules', lease({}, { resourceVersion: '1' })],
      ['PUT', 'rules', lease({})],
      ['PUT', 'rules', lease({}, { name: 'other', resourceVersion: '1' })],
      ['GET', 'rules', undefined],
      // Without the ID of the Lease that was there, a replacement brings back one that was deleted.
      ['PUT', 'again', lease({}, { name: 'again', resourceVersion: '1' })],
      ['GET', 'again', undefined],
    ];
    for (const [method, name, body] of cases) {
      const path = name === '' ? LEASES : `${LEASES}/${name}`;
      const real = await server.ask(method, path, body);
      const response = await fetch(ours.address + path, { method, ...(body && { body: JSON.stringify(body) }) });
      const status = JSON.parse(real.text) as { details?: { kind?: string; name?: string } };
      const tests = (await response.json()) as typeof status;
      const said = `${method} ${JSON.stringify(body)?.slice(0, 300)}: ${real.text.slice(0, 300)}`;
      assert.equal(response.status, real.status, said);
      if (real.status !== 404) continue;
      const { kind, name: of } = status.details ?? {};
      assert.deepEqual(tests.details, { kind, name: of }, said);
    }
  });

  it('has all of a cluster, and is written with the rights of the page alone', async () => {
    await using told = open();
    await told.call({ kind: 'read' });
    const lease = await told.join('a');
    const { fence = 0 } = await told.answer(campaign('a', lease, undefined, ['a']), 'campaigned');
    await told.answer({ kind: 'set_sync', nodes: ['a', 'b'], fence, expectedRevision: fence }, 'sync_set');
    const real = (await server.expect(200, 'GET', `${LEASES}/n${names}`)) as unknown as LeaseObject;
    assert.deepEqual(
      [real.spec?.holderIdentity, real.spec?.leaseDurationSeconds, real.spec?.leaseTransitions],
      ['a', 3, 1],
    );
    assert.match(JSON.stringify(real.metadata), /"manager":"headwater"/);
    const token = readFileSync(server.tokenFile, 'utf8');
    for (const [method, path] of [
      ['DELETE', `${LEASES}/n${names}`],
      ['GET', LEASES],
      ['GET', '/api/v1/namespaces/shop/pods'],
    ] as const)
      assert.equal((await server.ask(method, path, undefined, token)).status, 403, `${method} ${path}`);
  });

  it('is a lease of many nodes at once: each write is decided on what is there', async () => {
    const name = `n${++names}`;
    const all = Array.from({ length: 4 }, () => open(name));
    try {
      const writes = async (told: ToldLease, node: number) => {
        const lease = await told.join(`m${node}`);
        for (let round = 0; round < 10; round++)
          await told.answer({ kind: 'publish', record: record(`m${node}`, lease, round), provesMs: 1 }, 'published');
      };
      await Promise.all(all.map(writes));
      const { metadata } = (await server.expect(200, 'GET', `${LEASES}/${name}`)) as unknown as LeaseObject;
      assert.match(JSON.stringify(metadata.annotations), /\\"revision\\":44[,}]/);
    } finally {
      for (const told of all) await told[Symbol.asyncDispose]();
    }
  });

  it('is out of reach with a token that is refused, until there is another one', async () => {
    await using told = open();
    await told.call({ kind: 'read' });
    const lease = await told.join('a');
    await server.exchangeAccount();
    const beat = { kind: 'keep_alive', lease } as const;
    // The server remembers a good token for some seconds.
    await eventually('the refusal', async () => (await told.call(beat)).some(({ kind }) => kind === 'failed'), {
      patienceMs: 60_000,
      everyMs: 500,
    });
    assert.ok(told.logger.said(/answered 401: Unauthorized\. Check the token in .*token/));
    await server.writeToken();
    await told.answer(beat, 'kept');
  });

  it('has one leader of three nodes, through kills of the leader and of the API server', async () => {
    const name = `n${++names}`;
    await using nodes = new MachineNodes(TIMING, (onEvent, { requestMs }) => {
      const { tokenFile, caFile } = server;
      const told = new ToldLease(server.address, name, { requestMs, onEvent, tokenFile, caFile });
      return { store: told.store, close: () => told[Symbol.asyncDispose]() };
    });
    const first = await nodes.leader();
    await nodes.followed(first);
    await first.end();
    const second = await nodes.leader();
    await nodes.followed(second);
    await server.kill();
    await eventually('the leader to stop', async () => second.stops.length > 0);
    assert.ok(nodes.nodes.every(({ leads }) => !leads));
    await server.begin();
    await nodes.followed(await nodes.leader());
  });
});
