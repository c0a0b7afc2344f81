/** A real redis-server, for tests that compare with it. It listens on a socket of the file system alone. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventually } from '../../benchmarks/waiting.js';

export class RedisServer implements AsyncDisposable {
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
    await eventually('redis-server to listen', async () => {
      const socket = net.connect(server.path);
      await once(socket, 'connect');
      return socket.destroy();
    });
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
    rmSync(this.#directory, { recursive: true });
  }
}
