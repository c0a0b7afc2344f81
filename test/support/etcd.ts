/**
 * A real etcd of one or three members on loopback, for the tests of the client and of failover. Each member is a process
 * that a test may stop, kill and start again. The data are in a directory that ends with the cluster.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { eventually, freePort } from '../../benchmarks/waiting.js';
import type { Address } from '../../src/base/address.js';
import type { PemFiles } from './certificates.js';
import { isInstalled } from './installed.js';

export const ETCD_NEEDED = 'etcd and etcdctl (etcd-server and etcd-client of Debian)';

export function isEtcdInstalled(): boolean {
  return isInstalled('etcd', '--version') && isInstalled('etcdctl', 'version');
}

export interface EtcdTls {
  readonly server: PemFiles;
  readonly ca: string;
  /** The certificate that etcdctl shows. */
  readonly client: PemFiles;
  /** Whether etcd wants a certificate of each client. */
  readonly isMutual: boolean;
}

/** Shorter than etcd's own, so that the tests take seconds: a lease lives for at least 1.5 elections. */
const TIMES = { 'heartbeat-interval': '50', 'election-timeout': '500' };

class EtcdMember {
  readonly endpoint: Address;
  readonly #directory: string;
  readonly #flags: readonly string[];
  #process: ChildProcess | undefined;

  constructor(endpoint: Address, directory: string, flags: readonly string[]) {
    this.endpoint = endpoint;
    this.#directory = directory;
    this.#flags = [...flags, '--data-dir', directory];
  }

  start(): void {
    this.#process = spawn('etcd', this.#flags, { stdio: 'ignore' });
  }

  /** As `kill -SIGNAL`. */
  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  async kill(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    if (process === undefined || process.exitCode !== null || process.signalCode !== null) return;
    const exited = once(process, 'exit');
    process.kill('SIGKILL');
    await exited;
  }

  /** Loses all data. To be called when killed. */
  wipe(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

export class EtcdCluster implements AsyncDisposable {
  readonly members: readonly EtcdMember[];
  readonly #directory: string;
  readonly #controlFlags: readonly string[];

  private constructor(members: readonly EtcdMember[], directory: string, controlFlags: readonly string[]) {
    this.members = members;
    this.#directory = directory;
    this.#controlFlags = controlFlags;
  }

  static async start(count: 1 | 3 = 1, tls?: EtcdTls): Promise<EtcdCluster> {
    const directory = mkdtempSync(path.join(tmpdir(), 'headwater-etcd-'));
    const names = Array.from({ length: count }, (_, at) => `m${at}`);
    const peers = new Map<string, number>();
    for (const name of names) peers.set(name, await freePort());
    const initial = names.map((name) => `${name}=http://127.0.0.1:${peers.get(name)}`).join();
    const members: EtcdMember[] = [];
    for (const name of names) {
      const port = await freePort();
      const client = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
      const peer = `http://127.0.0.1:${peers.get(name)}`;
      const options = {
        name,
        logger: 'zap',
        ...TIMES,
        'listen-client-urls': client,
        'advertise-client-urls': client,
        'listen-peer-urls': peer,
        'initial-advertise-peer-urls': peer,
        'initial-cluster': initial,
        'initial-cluster-token': path.basename(directory),
      };
      const words = Object.entries(options).flatMap(([option, value]) => [`--${option}`, value]);
      const flags = tls ? [...words, ...serverFlags(tls)] : words;
      members.push(new EtcdMember({ host: '127.0.0.1', port }, path.join(directory, name), flags));
    }
    const cluster = new EtcdCluster(members, directory, tls ? controlFlags(tls) : []);
    for (const member of members) member.start();
    await cluster.healthy();
    return cluster;
  }

  get endpoints(): Address[] {
    return this.members.map(({ endpoint }) => endpoint);
  }

  /** The members with one that does not lead first. */
  async followerFirst(): Promise<readonly EtcdMember[]> {
    const rows: Array<{ Endpoint: string; Status: { header: { member_id: number }; leader: number } }> = JSON.parse(
      await this.control('endpoint', 'status', '-w', 'json'),
    );
    const leader = rows.find(({ Status }) => Status.header.member_id === Status.leader)?.Endpoint ?? '';
    const isLeader = ({ endpoint }: EtcdMember) => leader.endsWith(`:${endpoint.port}`);
    return this.members.toSorted((a, b) => Number(isLeader(a)) - Number(isLeader(b)));
  }

  /** Resolves when all members serve. @param words the flags that etcdctl needs. */
  async healthy(...words: string[]): Promise<void> {
    await eventually('etcd to serve', async () => (await this.control(...words, 'endpoint', 'health')) !== '', {
      everyMs: 50,
    });
  }

  /** Runs etcdctl. @returns its output. */
  async control(...words: string[]): Promise<string> {
    const scheme = this.#controlFlags.length > 0 ? 'https' : 'http';
    const endpoints = this.endpoints.map(({ host, port }) => `${scheme}://${host}:${port}`).join();
    const flags = ['--endpoints', endpoints, ...this.#controlFlags];
    const { stdout, stderr } = await promisify(execFile)('etcdctl', [...flags, ...words], {
      env: { ...process.env, ETCDCTL_API: '3' },
      timeout: 10_000,
    });
    return stdout + stderr;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function serverFlags({ server, ca, isMutual }: EtcdTls): string[] {
  const flags = ['--cert-file', server.cert, '--key-file', server.key];
  return isMutual ? [...flags, '--client-cert-auth', '--trusted-ca-file', ca] : flags;
}

function controlFlags({ ca, client }: EtcdTls): string[] {
  return ['--cacert', ca, '--cert', client.cert, '--key', client.key];
}
