/**
 * A real etcd of one or three members on loopback, for the tests of the client and of failover. Each member is a process
 * that a test may stop, kill and start again. The data are in a directory that ends with the cluster.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { eventually, freePort } from '../../benchmarks/waiting.js';
import type { Address } from '../../src/base/address.js';
import type { PemFiles } from './certificates.js';
import { isInstalled } from './installed.js';
import { killed } from './killed.js';
import { type Machine, THIS_MACHINE } from './machines.js';

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

interface EtcdMemberOptions {
  readonly name: string;
  readonly endpoint: Address;
  readonly peerUrl: string;
  /** Of the cluster. */
  readonly directory: string;
  readonly flags: readonly string[];
  readonly machine: Machine;
}

/** Shorter than etcd's own, so that the tests take seconds: a lease lives for at least 1.5 elections. */
const TIMES = { 'heartbeat-interval': '50', 'election-timeout': '500' };

class EtcdMember {
  readonly name: string;
  readonly endpoint: Address;
  readonly peerUrl: string;
  readonly #directory: string;
  readonly #flags: readonly string[];
  readonly #machine: Machine;
  #process: ChildProcess | undefined;

  constructor({ name, endpoint, peerUrl, directory, flags, machine }: EtcdMemberOptions) {
    this.name = name;
    this.endpoint = endpoint;
    this.peerUrl = peerUrl;
    this.#directory = path.join(directory, name);
    this.#flags = [...flags, '--data-dir', this.#directory];
    this.#machine = machine;
  }

  /** @param tool the words before the command, of a program that runs etcd in its own process. */
  start(tool: readonly string[] = [], ...flags: string[]): void {
    const [program = '', ...args] = [...this.#machine.words, ...tool, 'etcd', ...this.#flags, ...flags];
    this.#process = spawn(program, args, { stdio: 'ignore' });
  }

  get pid(): number {
    return this.#process?.pid as number;
  }

  /** As `kill -SIGNAL`. */
  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  async kill(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    await killed(process);
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

  /** @param machines where the members run, one after another. */
  static async start(count: 1 | 3 = 1, tls?: EtcdTls, machines: readonly Machine[] = []): Promise<EtcdCluster> {
    const directory = mkdtempSync(path.join(tmpdir(), 'headwater-etcd-'));
    const places = Array.from({ length: count }, (_, at) => ({
      name: `m${at}`,
      machine: machines[at] ?? THIS_MACHINE,
    }));
    const peers = new Map<string, string>();
    for (const { name, machine } of places) peers.set(name, `http://${machine.host}:${await freePort()}`);
    const initial = [...peers].map(([name, peer]) => `${name}=${peer}`).join();
    const members: EtcdMember[] = [];
    for (const { name, machine } of places) {
      const endpoint = { host: machine.host, port: await freePort() };
      const client = `${tls ? 'https' : 'http'}://${endpoint.host}:${endpoint.port}`;
      const peerUrl = peers.get(name) as string;
      const options = {
        name,
        logger: 'zap',
        ...TIMES,
        'listen-client-urls': client,
        'advertise-client-urls': client,
        'listen-peer-urls': peerUrl,
        'initial-advertise-peer-urls': peerUrl,
        'initial-cluster': initial,
        'initial-cluster-token': path.basename(directory),
      };
      const words = Object.entries(options).flatMap(([option, value]) => [`--${option}`, value]);
      const flags = tls ? [...words, ...serverFlags(tls)] : words;
      members.push(new EtcdMember({ name, endpoint, peerUrl, directory, flags, machine }));
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
    const rows = await this.#rows();
    const leader = rows.find(({ Status }) => Status.header.member_id === Status.leader)?.Endpoint ?? '';
    const isLeader = ({ endpoint }: EtcdMember) => leader.endsWith(`:${endpoint.port}`);
    return this.members.toSorted((a, b) => Number(isLeader(a)) - Number(isLeader(b)));
  }

  /** Resolves when the member leads. All members have to serve. */
  async makeLeader(member: EtcdMember): Promise<void> {
    await eventually(`${member.name} to lead etcd`, async () => {
      const leader = (await this.followerFirst()).at(-1);
      if (leader === member) return true;
      if (leader) await this.#control([leader.endpoint], 'move-leader', await this.#idOf(member));
      return false;
    });
  }

  /** Replaces a member by an empty one at its address. */
  async replace(member: EtcdMember): Promise<void> {
    const others = this.members.filter((other) => other !== member).map(({ endpoint }) => endpoint);
    const id = await this.#idOf(member);
    // etcd refuses both for some seconds behind a change.
    await eventually('etcd to remove a member', async () => this.#control(others, 'member', 'remove', id));
    await member.kill();
    member.wipe();
    await eventually('etcd to take a member', async () =>
      this.#control(others, 'member', 'add', member.name, `--peer-urls=${member.peerUrl}`),
    );
    member.start([], '--initial-cluster-state', 'existing');
    await this.healthy();
  }

  /** Resolves when all members serve. @param words the flags that etcdctl needs. */
  async healthy(...words: string[]): Promise<void> {
    await eventually('etcd to serve', async () => (await this.control(...words, 'endpoint', 'health')) !== '', {
      everyMs: 50,
    });
  }

  /** Runs etcdctl. @returns its output. */
  control(...words: string[]): Promise<string> {
    return this.#control(this.endpoints, ...words);
  }

  /** A number in the JSON of etcdctl is not exact, its table is. */
  async #idOf({ name }: EtcdMember): Promise<string> {
    const table = await this.control('member', 'list');
    const row = table.split('\n').find((line) => line.includes(` ${name},`)) ?? '';
    return row.slice(0, row.indexOf(','));
  }

  async #rows(): Promise<Array<{ Endpoint: string; Status: { header: { member_id: number }; leader: number } }>> {
    return JSON.parse(await this.control('endpoint', 'status', '-w', 'json'));
  }

  async #control(members: readonly Address[], ...words: string[]): Promise<string> {
    const scheme = this.#controlFlags.length > 0 ? 'https' : 'http';
    const endpoints = members.map(({ host, port }) => `${scheme}://${host}:${port}`).join();
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
