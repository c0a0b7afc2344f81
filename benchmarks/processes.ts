/**
 * The servers that benchmarks measure, as processes of their own in fresh
 * directories: Headwater nodes, and Redis where it is installed. Everything
 * started here is ended by `stop`, by process ID.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { eventually, freePort } from './waiting.js';

const HEADWATER = fileURLToPath(new URL('../bin/headwater.cjs', import.meta.url));
const SOCKET_FLOOR = fileURLToPath(new URL('socket-floor.js', import.meta.url));
const READY_MS_MAX = 60_000;

export interface Server {
  readonly port: number;
  readonly pid: number;
  readonly directory: string;
  /** Milliseconds from the start of the process to readiness. */
  readonly readyMs: number;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** A server with a follower that has all its writes. */
export interface Pair {
  readonly leader: Server;
  readonly follower: Server;
}

/** Starts servers below one temporary directory, and ends and removes all of them. */
export class Servers implements AsyncDisposable {
  readonly #root = mkdtempSync(path.join(tmpdir(), 'headwater-bench-'));
  readonly #running = new Set<Server>();

  directory(name: string): string {
    const directory = path.join(this.#root, name);
    mkdirSync(directory, { recursive: true });
    return directory;
  }

  async headwater(name: string, flags: string[] = [], port?: number): Promise<Server> {
    const directory = this.directory(name);
    const listen = `127.0.0.1:${port ?? (await freePort())}`;
    const began = performance.now();
    const child = spawn(process.execPath, [HEADWATER, 'serve', '--data', directory, '--listen', listen, ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await untilLine(child, /"event":"ready"/, `node ${name}`);
    return this.#started(child, Number(listen.split(':')[1]), directory, performance.now() - began);
  }

  async redis(name: string, flags: string[] = [], existingPort?: number): Promise<Server> {
    const directory = this.directory(name);
    const port = existingPort ?? (await freePort());
    const base = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', '', '--daemonize', 'no'];
    const began = performance.now();
    const child = spawn('redis-server', [...base, ...flags], { stdio: 'ignore' });
    const client = new Redis(port, { lazyConnect: false, retryStrategy: () => 20, maxRetriesPerRequest: null });
    client.on('error', () => {});
    await eventually(
      'Redis to be ready',
      async () => (await client.ping()) === 'PONG' && !/loading:1/.test(await client.info('persistence')),
    );
    const readyMs = performance.now() - began;
    client.disconnect();
    return this.#started(child, port, directory, readyMs);
  }

  async headwaterPair(): Promise<Pair> {
    const leader = await this.headwater('leader');
    const follower = await this.headwater('follower', ['--follow', `127.0.0.1:${leader.port}`]);
    return untilReplicated({ leader, follower });
  }

  /** A Redis master and its replica, with their AOF every second. */
  async redisPair(): Promise<Pair> {
    const aof = ['--appendonly', 'yes', '--appendfsync', 'everysec'];
    const leader = await this.redis('redis-master', aof);
    const follower = await this.redis('redis-replica', [...aof, '--replicaof', `127.0.0.1 ${leader.port}`]);
    return untilReplicated({ leader, follower });
  }

  /** A server that answers every request of redis-benchmark without a look at it (socket-floor.ts). */
  async socketFloor(valueBytes: number): Promise<Server> {
    const port = await freePort();
    const began = performance.now();
    const flags = [SOCKET_FLOOR, `${port}`, `${valueBytes}`];
    const child = spawn(process.execPath, flags, { stdio: ['ignore', 'ignore', 'pipe'] });
    await untilLine(child, /ready/, 'the server without a store');
    return this.#started(child, port, '', performance.now() - began);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running].map((server) => server.kill('SIGKILL')));
    rmSync(this.#root, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #started(child: ChildProcess, port: number, directory: string, readyMs: number): Server {
    const server: Server = {
      port,
      pid: child.pid as number,
      directory,
      readyMs,
      kill: (signal) => {
        this.#running.delete(server);
        return end(child, signal);
      },
    };
    this.#running.add(server);
    return server;
  }
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
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const output = new Promise<string>((resolve, reject) => {
    child.once('close', (status) => {
      if (status === 0) resolve(text);
      else reject(new Error(`${program} ${args.join(' ')} ended with ${status}`));
    });
  });
  return { pid: child.pid as number, output };
}

/** The version of the redis-server on this machine, if there is one. */
export function redisVersion(): string | undefined {
  const found = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  return /v=(\S+)/.exec(found.stdout ?? '')?.[1];
}

async function untilReplicated(pair: Pair): Promise<Pair> {
  // The write that comes through is the check.
  const connect = ({ port }: Server) => new Redis(port, { enableReadyCheck: false });
  const [leader, follower] = [connect(pair.leader), connect(pair.follower)];
  await leader.set('replicated', '1');
  await eventually('the follower to have the write', async () => (await follower.get('replicated')) === '1');
  leader.disconnect();
  follower.disconnect();
  return pair;
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
    child.once('exit', (code) => reject(new Error(`${what} ended with ${code}:\n${text}`)));
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-10_000);
      if (!pattern.test(text)) return;
      clearTimeout(timer);
      resolve();
    });
  });
}
