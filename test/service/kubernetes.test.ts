/** The manifests for Kubernetes: of the right shape, in agreement with each other, and with what a node has. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { OPTIONS, variableOf } from '../../src/options.js';
import { endAll, headwater, temporaryDirectory } from '../cli/command-line.js';
import { type Manifest, manifestsOf, mistakesIn } from './manifests.js';

const MANIFESTS = manifestsOf('.service/kubernetes/headwater.yaml');

type Labels = Record<string, string>;

/** The parts of the manifests that the tests look at. Their whole shape is for the compiler to check. */
interface StatefulSet extends Manifest {
  readonly spec: {
    readonly serviceName: string;
    readonly podManagementPolicy: string;
    readonly selector: { readonly matchLabels: Labels };
    readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: Pod };
  };
}

interface Pod {
  readonly terminationGracePeriodSeconds: number;
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: { readonly runAsNonRoot: boolean };
  readonly containers: readonly Container[];
  readonly volumes: ReadonlyArray<{ readonly name: string; readonly secret?: { readonly defaultMode: number } }>;
}

interface Container {
  readonly args: readonly string[];
  readonly env: ReadonlyArray<{ readonly name: string; readonly value?: string }>;
  readonly ports: ReadonlyArray<{ readonly name: string; readonly containerPort: number }>;
  readonly livenessProbe: { readonly httpGet: object };
  readonly readinessProbe: { readonly httpGet: object };
  readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  readonly securityContext: object;
  readonly volumeMounts: ReadonlyArray<{ readonly name: string; readonly mountPath: string }>;
}

interface Service extends Manifest {
  readonly spec: {
    readonly clusterIP?: string;
    readonly publishNotReadyAddresses?: boolean;
    readonly selector: Labels;
    readonly ports: ReadonlyArray<{ readonly port: number; readonly targetPort: string }>;
  };
}

interface DisruptionBudget extends Manifest {
  readonly spec: { readonly maxUnavailable: number; readonly selector: { readonly matchLabels: Labels } };
}

interface NetworkPolicy extends Manifest {
  readonly spec: {
    readonly podSelector: { readonly matchLabels: Labels };
    readonly ingress: ReadonlyArray<{ readonly ports: ReadonlyArray<{ readonly port: string }> }>;
  };
}

interface ConfigMap extends Manifest {
  readonly data: Record<string, string>;
}

function manifest<Kind extends Manifest>(kind: string, name = 'headwater'): Kind {
  const found = MANIFESTS.find((one) => one.kind === kind && one.metadata.name === name);
  assert.ok(found, `expected a ${kind} with the name ${name}`);
  return found as Kind;
}

/** Variables that the commands in a pod read. */
const OF_COMMANDS = ['HEADWATER_CONNECT'];

/** What `--timeout` of the hand-over is. */
function handOverSeconds(command: readonly string[]): number {
  return Number(/drain --timeout (\d+)s/.exec(command.join(' '))?.[1]);
}

describe('the manifests for Kubernetes', function () {
  this.timeout(60_000);
  const set = manifest<StatefulSet>('StatefulSet');
  const pod = set.spec.template.spec;
  const [node, ...others] = pod.containers as readonly [Container, ...Container[]];
  const variables = new Map(node.env.map(({ name, value }) => [name, value]));
  const labels = set.spec.template.metadata.labels;
  after(endAll);

  it('are of the types of Kubernetes, without a name that it would drop', () => {
    assert.equal(mistakesIn(MANIFESTS), '');
    const misspelled = JSON.parse(JSON.stringify(set).replace('readinessProbe', 'readynessProbe')) as Manifest;
    assert.match(mistakesIn([misspelled]), /readynessProbe/);
  });

  it('have values that Kubernetes takes', async () => {
    for (const one of MANIFESTS) await validate(one);
    const wrong = JSON.parse(JSON.stringify(set).replace('"replicas":3', '"replicas":3.5')) as Manifest;
    await assert.rejects(validate(wrong), /replicas/);
  });

  it('speak of the same pods and ports', () => {
    assert.deepEqual(others, []);
    const ports = new Map(node.ports.map(({ name, containerPort }) => [name, containerPort]));
    const portOf = (name: string) => Number(variables.get(name)?.split(':').at(-1));
    assert.deepEqual(
      [...ports],
      [
        ['headwater', portOf('HEADWATER_LISTEN')],
        ['http', portOf('HEADWATER_HTTP')],
      ],
    );
    const services = [manifest<Service>('Service'), manifest<Service>('Service', 'headwater-read')];
    for (const { spec } of services) {
      assert.deepEqual(spec.selector, labels);
      for (const { port, targetPort } of spec.ports) assert.equal(ports.get(String(targetPort)), port);
    }
    assert.deepEqual(set.spec.selector.matchLabels, labels);
    assert.deepEqual(manifest<DisruptionBudget>('PodDisruptionBudget').spec.selector.matchLabels, labels);
    const { spec: network } = manifest<NetworkPolicy>('NetworkPolicy');
    assert.deepEqual(network.podSelector.matchLabels, labels);
    assert.deepEqual(
      network.ingress[0]?.ports.map(({ port }) => port),
      [...ports.keys()],
    );
  });

  it('let nodes find each other before they are ready, as after a restart of all', () => {
    assert.equal(set.spec.podManagementPolicy, 'Parallel');
    const service = manifest<Service>('Service', set.spec.serviceName);
    assert.equal(service.spec.clusterIP, 'None');
    assert.equal(service.spec.publishNotReadyAddresses, true);
    assert.match(node.args[0] ?? '', /HEADWATER_FOLLOW="headwater-0\.\$DOMAIN:7420"/);
    // A node that listens on every address is known by the address of its pod, which no certificate has.
    assert.equal(variables.get('HEADWATER_LISTEN'), '$(POD_NAME).$(DOMAIN):7420');
    assert.equal(variables.get('HEADWATER_CONNECT'), variables.get('HEADWATER_LISTEN'));
    assert.match(variables.get('DOMAIN') ?? '', /^headwater\./);
    assert.match(node.args[0] ?? '', /^exec headwater serve /m, 'the node gets the signals, not the shell');
  });

  it('set options that a node has', async () => {
    const options = Object.values(OPTIONS).map(({ name }) => variableOf(name));
    const set = [...variables.keys()].filter((name) => name.startsWith('HEADWATER_'));
    assert.ok(set.length > 5, set.join());
    assert.deepEqual(
      set.filter((name) => !options.includes(name) && !OF_COMMANDS.includes(name)),
      [],
    );
    const file = path.join(temporaryDirectory(), 'headwater.toml');
    writeFileSync(file, manifest<ConfigMap>('ConfigMap').data['headwater.toml'] ?? '');
    const { status, stderr } = await headwater(['config', 'check', file]);
    assert.equal(status, 0, stderr);
  });

  it('probe the pages of the HTTP port, each for its purpose', () => {
    assert.deepEqual(node.livenessProbe.httpGet, { path: '/healthz', port: 'http', scheme: 'HTTPS' });
    assert.deepEqual(node.readinessProbe.httpGet, { path: '/readyz', port: 'http', scheme: 'HTTPS' });
    const pages = readFileSync('src/http/README.md', 'utf8');
    for (const page of ['/healthz', '/readyz']) assert.ok(pages.includes(`\`${page}\``), page);
  });

  it('hand the leadership over before a leader stops, with time for both', () => {
    const seconds = handOverSeconds(node.lifecycle.preStop.exec.command);
    const stopSeconds = OPTIONS.shutdownTimeoutMs.default / 1_000;
    const graceSeconds = Number(pod.terminationGracePeriodSeconds);
    // A stop takes up to half a minute more than its time-out, as its steps have a time each at the least.
    assert.ok(graceSeconds >= seconds + stopSeconds + 30, `${seconds} + ${stopSeconds} + 30 > ${graceSeconds}`);
    assert.equal(manifest<DisruptionBudget>('PodDisruptionBudget').spec.maxUnavailable, 1);
  });

  it('give the node no right that it does not need, and a key that others cannot read', () => {
    assert.equal(pod.automountServiceAccountToken, false);
    assert.equal(pod.securityContext.runAsNonRoot, true);
    assert.deepEqual(node.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    const folders = new Map(node.volumeMounts.map(({ name, mountPath }) => [name, mountPath]));
    for (const name of ['HEADWATER_TLS_CA', 'HEADWATER_TLS_CERT', 'HEADWATER_TLS_KEY'])
      assert.equal(path.dirname(variables.get(name) ?? ''), folders.get('tls'), name);
    assert.ok(variables.get('HEADWATER_DATA')?.startsWith(`${folders.get('data')}/`));
    assert.equal(pod.volumes.find(({ name }) => name === 'tls')?.secret?.defaultMode, 0o440);
  });
});

interface Model {
  validate(): void;
}

/** Rejects with what the schema of Kubernetes says against the manifest. */
async function validate(manifest: Manifest): Promise<void> {
  const models = (await import(`kubernetes-models/${manifest.apiVersion}`)) as Record<
    string,
    new (
      of: Manifest,
    ) => Model
  >;
  const Kind = models[manifest.kind];
  assert.ok(Kind, manifest.kind);
  new Kind(manifest).validate();
}
