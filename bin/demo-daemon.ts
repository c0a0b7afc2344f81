/**
 * A node as a real process: the compiled command line with its own data directory. The demo starts, kills and queries
 * it. However the demo ends, the process ends with it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from '../src/client/index.js';

const HEADWATER = fileURLToPath(new URL('headwater.cjs', import.meta.url));
const READY_MS_MAX = 20_000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Runs the command line to its end. @returns its output. @throws Error with its complaint. */
export async function headwater(...args: string[]): Promise<string> {
  const child = launch(args, 'pipe');
  const [stdout, stderr] = await Promise.all([
    readAll(child.stdout),
    readAll(child.stderr),
    child.exitCode ?? once(child, 'exit'),
  ]);
  if (child.exitCode === 0) return stdout;
  throw new Error(`headwater ${args.join(' ')} ended with status ${child.exitCode}: ${stderr.trim()}`);
}

export class Daemon {
  readonly name: string;
  /** host:port; the first start fixes it. */
  address = '127.0.0.1:0';
  readonly #directory: string;
  readonly #flags: readonly string[];
  #child: ChildProcess | undefined;
  #client: Client | undefined;

  constructor(name: string, directory: string, flags: readonly string[]) {
    this.name = name;
    this.#directory = path.join(directory, name);
    this.#flags = flags;
  }

  /** @returns the milliseconds until the node served. */
  async start(): Promise<number> {
    const startedMs = performance.now();
    const child = launch(['serve', '--data', this.#directory, '--listen', this.address, ...this.#flags], 'ignore');
    this.#child = child;
    this.address = await this.#readyAddress(child);
    this.#client = await Client.connect(this.address, { redirect: false });
    return performance.now() - startedMs;
  }

  get client(): Client {
    if (this.#client) return this.#client;
    throw new Error(`the ${this.name} is not running`);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Kills the process as a crash would: nothing is flushed, and no peer is notified. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Stops the node in order. @returns the exit status. */
  async stop(): Promise<number | null> {
    const child = this.#child;
    await this.#end('SIGTERM');
    return child?.exitCode ?? null;
  }

  /** The end of the node's log, for when something went wrong. */
  lastWords(lines: number): string {
    try {
      return readFileSync(this.#logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
    } catch {
      return '(no output)';
    }
  }

  get #logFile(): string {
    return `${this.#directory}.log`;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    const client = this.#client;
    this.#child = this.#client = undefined;
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
    }
    await client?.close({ timeoutMs: 1 });
  }

  #readyAddress(child: ChildProcess): Promise<string> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        clearTimeout(timer);
        reject(new Error(`the ${this.name} ${why}`));
      };
      const timer = setTimeout(() => fail(`was not ready within ${READY_MS_MAX} ms`), READY_MS_MAX);
      child.once('exit', (code, signal) => fail(`ended with ${code ?? signal} before it was ready`));
      if (!child.stderr) return fail('has no log');
      createInterface({ input: child.stderr }).on('line', (line) => {
        appendFileSync(this.#logFile, `${line}\n`);
        const address = readyAddress(line);
        if (address === undefined) return;
        clearTimeout(timer);
        resolve(address);
      });
    });
  }
}

function readyAddress(line: string): string | undefined {
  if (!line.includes('"event":"ready"')) return undefined;
  return (JSON.parse(line) as { address: string }).address;
}

function launch(args: readonly string[], stdout: 'pipe' | 'ignore'): ChildProcess {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HEADWATER_')));
  const child = spawn(process.execPath, [HEADWATER, ...args], { stdio: ['ignore', stdout, 'pipe'], env });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

async function readAll(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = '';
  for await (const chunk of stream ?? []) text += chunk;
  return text;
}
