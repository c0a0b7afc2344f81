/**
 * The servers that benchmarks measure, as processes of their own in fresh directories. Everything that is started here is
 * ended by process ID: by `stop`, or by `endEverything` when the whole program ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { eventually, freePort } from '../waiting.js';
import { untilEtcdWrites } from './etcd.js';

const HEADWATER = fileURLToPath(new URL('../../bin/headwater.cjs', import.meta.url));
const SOCKET_FLOOR = fileURLToPath(new URL('socket-floor.js', import.meta.url));
const READY_MS_MAX = 60_000;
const RM = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 };

export interface Server {
  readonly port: number;
  readonly pid: number;
  readonly directory: string;
  /** Milliseconds from the start of the process to readiness. */
  readonly readyMs: number;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** A server with followers that have all its writes. */
export interface Group {
  readonly leader: Server;
  readonly followers: readonly Server[];
}

export type Fsync = 'everysec' | 'always' | 'never';

export interface GroupOptions {
  readonly followers?: number;
  /** Whether each follower follows the one before. */
  readonly isChain?: boolean;
  readonly fsync?: Fsync;
  /** The mode of a cluster on an etcd of its own. Without it, the followers are told whom to follow. */
  readonly cluster?: ClusterMode | undefined;
}

export type ClusterMode = 'available' | 'safe';

const children = new Set<ChildProcess>();
const roots = new Set<string>();

/** Ends all processes and removes all directories at once. */
export function endEverything(): void {
  for (const child of children) child.kill('SIGKILL');
  for (const root of roots) rmSync(root, RM);
}

/** Starts servers below one temporary directory, and ends and removes all of them. */
export class Servers implements AsyncDisposable {
  readonly #root = mkdtempSync(path.join(tmpdir(), 'headwater-bench-'));
  readonly #running = new Set<ChildProcess>();

  constructor() {
    roots.add(this.#root);
  }

  directory(name: string): string {
    const directory = path.join(this.#root, name);
    mkdirSync(directory, { recursive: true });
    return directory;
  }

  async headwater(name: string, flags: string[] = [], port?: number): Promise<Server> {
    const directory = this.directory(name);
    const listen = `127.0.0.1:${port ?? (await freePort())}`;
    const began = performance.now();
    const child = this.#start(process.execPath, [
      HEADWATER,
      'serve',
      '--data',
      directory,
      '--listen',
      listen,
      ...flags,
    ]);
    await untilLine(child, /"event":"ready"/, `node ${name}`);
    return this.#server(child, Number(listen.split(':')[1]), directory, performance.now() - began);
  }

  async redis(name: string, flags: string[] = [], existingPort?: number): Promise<Server> {
    const directory = this.directory(name);
    const port = existingPort ?? (await freePort());
    const base = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', '', '--daemonize', 'no'];
    const began = performance.now();
    const child = this.#start('redis-server', [...base, ...flags]);
    const client = new Redis(port, { lazyConnect: false, retryStrategy: () => 20, maxRetriesPerRequest: null });
    client.on('error', () => {});
    await eventually(
      'Redis to be ready',
      async () => (await client.ping()) === 'PONG' && !/loading:1/.test(await client.info('persistence')),
      { patienceMs: READY_MS_MAX },
    );
    const readyMs = performance.now() - began;
    client.disconnect();
    return this.#server(child, port, directory, readyMs);
  }

  async headwaterGroup({
    followers = 1,
    isChain = false,
    fsync = 'everysec',
    cluster,
  }: GroupOptions = {}): Promise<Group> {
    const flags = ['--fsync', fsync, ...(cluster ? await this.#clusterFlags(cluster) : [])];
    const leader = await this.headwater('leader', flags);
    if (cluster) await untilWrites(leader);
    return this.#group(leader, followers, isChain, (i, above) =>
      this.headwater(`follower-${i}`, cluster ? flags : [...flags, '--follow', `127.0.0.1:${above.port}`]),
    );
  }

  async #clusterFlags(mode: ClusterMode): Promise<string[]> {
    const [etcd] = await this.etcd(1);
    return ['--cluster', `etcd://127.0.0.1:${etcd?.port}/bench`, '--cluster-mode', mode];
  }

  /** A Redis master and its replicas, all with their AOF. */
  async redisGroup({ followers = 1, isChain = false, fsync = 'everysec' }: GroupOptions = {}): Promise<Group> {
    const flags = redisFlags(fsync);
    const leader = await this.redis('redis-master', flags);
    return this.#group(leader, followers, isChain, (i, above) =>
      this.redis(`redis-replica-${i}`, [...flags, '--replicaof', `127.0.0.1 ${above.port}`]),
    );
  }

  /**
   * The members of one etcd cluster. With two, both are its quorum.
   * @returns them, each ready.
   */
  async etcd(members: number): Promise<Server[]> {
    const names = Array.from({ length: members }, (_, i) => `etcd-${i + 1}-of-${members}`);
    const ports = await Promise.all(names.flatMap(() => [freePort(), freePort()]));
    const urlOf = (i: number) => `http://127.0.0.1:${ports[i]}`;
    const cluster = names.map((name, i) => `${name}=${urlOf(2 * i + 1)}`).join(',');
    const began = performance.now();
    const started = names.map((name, i) => {
      const [client, peer] = [urlOf(2 * i), urlOf(2 * i + 1)];
      const own = ['--name', name, '--data-dir', this.directory(name), '--logger', 'zap', '--log-level', 'error'];
      const urls = ['--listen-client-urls', client, '--advertise-client-urls', client];
      const peers = ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', cluster];
      return this.#start('etcd', [...own, ...urls, ...peers]);
    });
    await Promise.all(started.map((_, i) => untilEtcdWrites(ports[2 * i] as number)));
    return started.map((child, i) =>
      this.#server(child, ports[2 * i] as number, this.directory(names[i] as string), performance.now() - began),
    );
  }

  /** A server that answers every request of redis-benchmark without a look at it (socket-floor.ts). */
  async socketFloor(valueBytes: number): Promise<Server> {
    const port = await freePort();
    const began = performance.now();
    const child = this.#start(process.execPath, [SOCKET_FLOOR, `${port}`, `${valueBytes}`]);
    await untilLine(child, /ready/, 'the server without a store');
    return this.#server(child, port, '', performance.now() - began);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running].map((child) => end(child, 'SIGKILL')));
    rmSync(this.#root, RM);
    roots.delete(this.#root);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #group(
    leader: Server,
    count: number,
    isChain: boolean,
    follow: (i: number, above: Server) => Promise<Server>,
  ): Promise<Group> {
    const followers: Server[] = [];
    for (let i = 0; i < count; i++) {
      const follower = await follow(i, (isChain && followers.at(-1)) || leader);
      followers.push(follower);
      await untilReplicated(leader, follower, i);
    }
    return { leader, followers };
  }

  #start(program: string, args: string[]): ChildProcess {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.resume();
    tracked(child);
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }

  #server(child: ChildProcess, port: number, directory: string, readyMs: number): Server {
    return { port, pid: child.pid as number, directory, readyMs, kill: (signal) => end(child, signal) };
  }
}

/** The options of a Redis with an AOF. */
export function redisFlags(fsync: Fsync): string[] {
  const policy = fsync === 'never' ? 'no' : fsync;
  return ['--appendonly', 'yes', '--appendfsync', policy, '--repl-diskless-sync-delay', '0'];
}

interface Started {
  readonly pid: number;
  /** The text that the program writes. Rejects unless the program ends with 0. */
  readonly output: Promise<string>;
}

/** A command of `headwater --json`. */
export function startCommand(args: string[]): Started {
  return start(process.execPath, [HEADWATER, '--json', ...args]);
}

export function start(program: string, args: string[]): Started {
  const child = tracked(spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] }));
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const output = new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      if (status === 0) resolve(text);
      else reject(new Error(`${program} ${args.join(' ')} ended with ${status}`));
    });
  });
  return { pid: child.pid as number, output };
}

function tracked(child: ChildProcess): ChildProcess {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Resolves when the node leads. */
async function untilWrites({ port }: Server): Promise<void> {
  const client = new Redis(port, { enableReadyCheck: false });
  try {
    await eventually('the node to take a write', async () => (await client.set('leads', '')) === 'OK');
  } finally {
    client.disconnect();
  }
}

async function untilReplicated(leader: Server, follower: Server, i: number): Promise<void> {
  // The write that comes through is the check.
  const connect = ({ port }: Server) => new Redis(port, { enableReadyCheck: false });
  const [above, below] = [connect(leader), connect(follower)];
  try {
    await above.set('replicated', `${i}`);
    await eventually('the follower to have the write', async () => (await below.get('replicated')) === `${i}`);
  } finally {
    above.disconnect();
    below.disconnect();
  }
}

function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}

function untilLine(child: ChildProcess, pattern: RegExp, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(
      () => reject(new Error(`${what} was not ready after ${READY_MS_MAX} ms:\n${text}`)),
      READY_MS_MAX,
    );
    const ended = (code: number | null) => {
      clearTimeout(timer);
      reject(new Error(`${what} ended with ${code}:\n${text}`));
    };
    const read = (chunk: string) => {
      text = (text + chunk).slice(-10_000);
      if (!pattern.test(text)) return;
      clearTimeout(timer);
      child.stderr?.off('data', read).resume();
      child.off('exit', ended);
      resolve();
    };
    child.once('exit', ended);
    child.stderr?.setEncoding('utf8').on('data', read);
  });
}
