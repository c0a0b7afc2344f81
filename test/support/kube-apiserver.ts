/**
 * A real kube-apiserver over a real etcd on loopback, with a service account that may do what the page of the cluster says,
 * and nothing else. Debian's source package `kubernetes` and golang-1.19 build one: generate pkg/generated/openapi with
 * openapi-gen of vendor/k8s.io/code-generator, then `GO111MODULE=off go build -tags providerless ./cmd/kube-apiserver` in
 * a GOPATH, which takes minutes. Without the tag it takes more than half an hour.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventually, freePort } from '../../benchmarks/waiting.js';
import { TestAuthority } from './certificates.js';
import { EtcdCluster } from './etcd.js';
import { killed } from './killed.js';

export const APISERVER = process.env.HEADWATER_KUBE_APISERVER;
export const APISERVER_NEEDED = 'a kube-apiserver, whose path is in HEADWATER_KUBE_APISERVER';

const ADMIN = 'token-of-the-tests';
const NAMESPACE = 'shop';
const ACCOUNT = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`;

export class KubeApiserver implements AsyncDisposable {
  readonly address: string;
  readonly caFile: string;
  /** The token of the service account. */
  readonly tokenFile: string;
  readonly #etcd: EtcdCluster;
  readonly #directory: string;
  readonly #flags: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(etcd: EtcdCluster, directory: string, port: number, caFile: string, flags: readonly string[]) {
    this.#etcd = etcd;
    this.#directory = directory;
    this.#flags = flags;
    this.caFile = caFile;
    this.tokenFile = path.join(directory, 'token');
    this.address = `https://127.0.0.1:${port}`;
  }

  static async start(): Promise<KubeApiserver> {
    const directory = mkdtempSync(path.join(tmpdir(), 'headwater-kubernetes-'));
    const etcd = await EtcdCluster.start();
    const authority = await TestAuthority.create(directory);
    const { cert, key } = await authority.issue('apiserver');
    const accounts = path.join(directory, 'accounts.key');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    writeFileSync(accounts, privateKey.export({ type: 'pkcs1', format: 'pem' }));
    writeFileSync(path.join(directory, 'tokens.csv'), `${ADMIN},admin,1,system:masters\n`);
    const port = await freePort();
    const options = {
      'etcd-servers': `http://127.0.0.1:${etcd.endpoints[0]?.port}`,
      'bind-address': '127.0.0.1',
      'secure-port': port,
      'endpoint-reconciler-type': 'none',
      'tls-cert-file': cert,
      'tls-private-key-file': key,
      'cert-dir': directory,
      'authorization-mode': 'RBAC',
      'token-auth-file': path.join(directory, 'tokens.csv'),
      'service-account-issuer': 'https://headwater.test',
      'service-account-signing-key-file': accounts,
      'service-account-key-file': accounts,
      'service-cluster-ip-range': '10.0.0.0/24',
    };
    const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    const server = new KubeApiserver(etcd, directory, port, authority.ca, flags);
    try {
      await server.begin();
      await server.#prepare();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** Starts the process again, with all that was there. */
  async begin(): Promise<void> {
    this.#process = spawn(APISERVER as string, this.#flags, { stdio: 'ignore' });
    await eventually('kube-apiserver to serve', async () => (await this.ask('GET', '/readyz')).status === 200, {
      patienceMs: 60_000,
      everyMs: 100,
    });
  }

  async kill(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    await killed(process);
  }

  /** As `kill -SIGNAL`. */
  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** The service account again, so that its tokens of before are refused. */
  async exchangeAccount(): Promise<void> {
    await this.expect(200, 'DELETE', `${ACCOUNT}/headwater`);
    await this.#createAccount();
  }

  async writeToken(): Promise<void> {
    const spec = { expirationSeconds: 600, audiences: ['https://headwater.test'] };
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
    const { status } = await this.expect(201, 'POST', `${ACCOUNT}/headwater/token`, body);
    writeFileSync(this.tokenFile, (status as { token: string }).token);
  }

  async expect(status: number, method: string, url: string, body?: object): Promise<Record<string, unknown>> {
    const answer = await this.ask(method, url, body);
    assert.equal(answer.status, status, `${method} ${url}: ${answer.text}`);
    return JSON.parse(answer.text);
  }

  /** Asks as the administrator, or with another token. Status 0 means that nobody answered. */
  ask(method: string, url: string, body?: object, token = ADMIN): Promise<{ status: number; text: string }> {
    return new Promise((resolve) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const request = https.request(this.address + url, {
        method,
        headers,
        ca: readFileSync(this.caFile),
        agent: false,
      });
      request.on('error', (error) => resolve({ status: 0, text: error.message }));
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      });
      request.end(body && JSON.stringify(body));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#etcd[Symbol.asyncDispose]();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #prepare(): Promise<void> {
    await this.expect(201, 'POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}`;
    const metadata = { name: 'headwater', namespace: NAMESPACE };
    const leases = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] };
    await this.expect(201, 'POST', `${rbac}/roles`, { metadata, rules: [leases] });
    const apiGroup = 'rbac.authorization.k8s.io';
    await this.expect(201, 'POST', `${rbac}/rolebindings`, {
      metadata,
      roleRef: { apiGroup, kind: 'Role', name: 'headwater' },
      subjects: [{ kind: 'ServiceAccount', ...metadata }],
    });
    await this.#createAccount();
    await this.writeToken();
  }

  async #createAccount(): Promise<void> {
    await this.expect(201, 'POST', ACCOUNT, { metadata: { name: 'headwater' } });
  }
}
