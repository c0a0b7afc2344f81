/** A real redis-server, for tests that compare with it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventually } from '../../benchmarks/waiting.js';

/** The version of the installed redis-server, such as 7.0.15. Undefined if there is none. */
export function installedRedis(): string | undefined {
  return /v=(\d+\.\d+\.\d+)/.exec(spawnSync('redis-server', ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1];
}

export class RedisServer {
  readonly #process: ChildProcess;
  readonly #directory: string;
  /** The path of its socket. */
  readonly path: string;

  private constructor() {
    this.#directory = mkdtempSync(path.join(tmpdir(), 'headwater-redis-'));
    this.path = path.join(this.#directory, 'redis.sock');
    const options = { port: '0', unixsocket: this.path, save: '', appendonly: 'no', dir: this.#directory };
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    this.#process = spawn('redis-server', words, { stdio: 'ignore' });
  }

  static async start(): Promise<RedisServer> {
    const server = new RedisServer();
    await eventually('redis-server to listen', async () => existsSync(server.path));
    return server;
  }

  async stop(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
    rmSync(this.#directory, { recursive: true });
  }
}
