/**
 * The compiled command line: a command that runs to its end, and a node that serves until it is told to stop. Both are in
 * the process of the tests, unless something of a process matters. Everything that a test starts here is ended, by its
 * process ID if it has one, by `endAll` at the latest.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { type EventEmitter, once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { eventually as patiently } from '../../benchmarks/waiting.js';
import type { Client } from '../../src/client/index.js';
import { NodeInProcess, runInProcess } from './in-process.js';

export const HEADWATER = fileURLToPath(new URL('../../dist/bin/headwater.cjs', import.meta.url));
/** A node that has not said "ready" by then never will. */
const READY_MS_MAX = 45_000;
/** Each look by a command takes some 30 ms of the processor, or 250 ms if the command has a process of its own. */
export const LOOK_INTERVAL_MS = 100;

export interface Outcome {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string | Buffer | Readable;
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** A file that stdout goes to; null: nobody reads it. The outcome has none of it then. */
  readonly stdout?: string | null;
  /** As `ulimit -n` sets it. */
  readonly openFilesMax?: number;
  /** A node has a process of its own: it can be killed, paused and looked at. */
  readonly hasOwnProcess?: boolean;
}

const started = new Set<ChildProcess | NodeInProcess>();
const directories: string[] = [];
const clients: Array<Promise<Client>> = [];

/** Waits for a condition that commands look at. */
export function eventually<T>(what: string, condition: () => Promise<T | false | undefined>, patienceMs = 60_000) {
  return patiently(what, condition, { patienceMs, everyMs: LOOK_INTERVAL_MS });
}

/** A fresh directory; gone after `endAll`. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'headwater-cli-'));
  directories.push(directory);
  return directory;
}

export async function endAll(): Promise<void> {
  await Promise.all([...started].map(endNow));
  await Promise.allSettled(clients.splice(0).map(async (client) => (await client).close()));
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}

/** A command that runs to its end. It has a process of its own only if something of the process matters. */
export function headwater(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  if (needsProcess(args, options)) return begin(args, options).outcome;
  return runInProcess(args, environment(options), options.stdin ?? '');
}

/** A command, perhaps `serve`, that must end before there is a node. */
export function headwaterWithoutNode(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  if (process.env.HEADWATER_PROCESSES) return headwater(args, options);
  return runInProcess(args, environment(options));
}

function needsProcess(args: readonly string[], options: RunOptions): boolean {
  const words = args.map((word) => word.toLowerCase());
  const isNode = words.includes('serve') || (words.includes('restore') && words.includes('--follow'));
  return isNode || hasOwnProcess(options);
}

function hasOwnProcess({ env = {}, stdout, cwd, openFilesMax, hasOwnProcess: isWanted }: RunOptions): boolean {
  if (process.env.HEADWATER_PROCESSES || isWanted) return true;
  // Packages and Node itself read other variables from the real environment, the keys of a bucket for one.
  if (Object.keys(env).some((name) => !name.startsWith('HEADWATER_'))) return true;
  return stdout !== undefined || cwd !== undefined || openFilesMax !== undefined;
}

function environment({ env = {} }: RunOptions): Record<string, string | undefined> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HEADWATER_')));
  return { ...inherited, ...env };
}

/** One that is still running, for signals. */
export function begin(
  args: readonly string[],
  options: RunOptions = {},
): { readonly pid: number; readonly outcome: Promise<Outcome> } {
  const child = launch(args, options);
  return { pid: child.pid as number, outcome: outcomeOf(child, options) };
}

async function outcomeOf(child: ChildProcess, options: RunOptions): Promise<Outcome> {
  // A command that has seen enough reads no further.
  child.stdin?.on('error', () => {});
  if (options.stdout === null) child.stdout?.destroy();
  const { stdin = '' } = options;
  if (!(stdin instanceof Readable)) child.stdin?.end(stdin);
  else if (child.stdin) stdin.pipe(child.stdin).on('close', () => stdin.destroy());
  const answers = options.stdout === undefined ? child.stdout : null;
  const [stdout, stderr] = await Promise.all([readAll(answers), readAll(child.stderr), ended(child)]);
  return { status: child.exitCode, stdout, stderr: stderr.toString() };
}

export class Served {
  /** host:port that it took. */
  readonly address: string;
  readonly #child: ChildProcess | NodeInProcess;
  readonly #log: () => string;
  #client: Promise<Client> | undefined;

  private constructor(address: string, child: ChildProcess | NodeInProcess, log: () => string) {
    this.address = address;
    this.#child = child;
    this.#log = log;
  }

  /** Resolves when the node is ready. */
  static start(args: readonly string[], options: RunOptions = {}): Promise<Served> {
    return Served.by(['serve', ...args], options);
  }

  /** Runs a command that becomes a node. Resolves when the node is ready. */
  static async by(args: readonly string[], options: RunOptions = {}): Promise<Served> {
    const child = hasOwnProcess(options)
      ? launch(args, options)
      : tracked(new NodeInProcess(args, environment(options)));
    child.stdin?.end();
    let log = '';
    return new Promise((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`headwater ${args.join(' ')} ${why}:\n${log}`));
      const timer = setTimeout(() => fail('was not ready in time'), READY_MS_MAX);
      child.once('exit', (status) => fail(`ended with ${status}`));
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        const line = log.split('\n').find((one) => one.includes('"event":"ready"') && one.endsWith('}'));
        if (!line) return;
        clearTimeout(timer);
        resolve(new Served((JSON.parse(line) as { address: string }).address, child, () => log));
      });
    });
  }

  /** Starts a node in a fresh directory, at any free port. */
  static fresh(...more: string[]): Promise<Served> {
    return Served.start(['--data', path.join(temporaryDirectory(), 'node'), '--listen', '127.0.0.1:0', ...more]);
  }

  /** As `fresh`, for a test that kills it, pauses it, or looks at its process. */
  static inOwnProcess(...more: string[]): Promise<Served> {
    const args = ['--data', path.join(temporaryDirectory(), 'node'), '--listen', '127.0.0.1:0', ...more];
    return Served.start(args, { hasOwnProcess: true });
  }

  /** What it has said so far. */
  get log(): string {
    return this.#log();
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** A client of this node and no other. A look by it takes a thirtieth of the processor's time of a command. */
  client(): Promise<Client> {
    this.#client ??= connected(this.address);
    return this.#client;
  }

  /** Runs a command against this node. */
  run(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return headwater(['--connect', this.address, ...args], options);
  }

  /** Reads no further, as when `serve 2>&1 | less` is quit. */
  closeLog(): void {
    this.#child.stderr?.destroy();
  }

  /** Both are there before it looks at either. */
  signalTwice(first: NodeJS.Signals, second: NodeJS.Signals): Promise<number | null> {
    for (const signal of ['SIGSTOP', first, second, 'SIGCONT'] as const) this.#child.kill(signal);
    return this.#exitStatus();
  }

  /** @returns the exit status, null where the signal ended it. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal);
    return this.#exitStatus();
  }

  async #exitStatus(): Promise<number | null> {
    await ended(this.#child);
    return this.#child.exitCode;
  }
}

function connected(address: string): Promise<Client> {
  // Few files need the client, which takes a moment to load.
  const client = import('../../src/client/index.js').then((it) => it.Client.connect(address, { redirect: false }));
  clients.push(client);
  return client;
}

function launch(args: readonly string[], options: RunOptions): ChildProcess {
  const { cwd, stdout, openFilesMax } = options;
  const file = stdout === undefined || stdout === null ? undefined : openSync(stdout, 'w');
  const command = [process.execPath, HEADWATER, ...args];
  const limited = ['bash', '-c', 'ulimit -n "$0" && exec "$@"', String(openFilesMax), ...command];
  const [program, ...words] = openFilesMax === undefined ? command : limited;
  const child = spawn(program as string, words, {
    stdio: ['pipe', file ?? 'pipe', 'pipe'],
    env: environment(options),
    cwd,
  });
  if (file !== undefined) closeSync(file);
  return tracked(child);
}

function tracked<Child extends ChildProcess | NodeInProcess>(child: Child): Child {
  started.add(child);
  (child as EventEmitter).once('exit', () => started.delete(child));
  return child;
}

async function endNow(child: ChildProcess | NodeInProcess): Promise<void> {
  if (child instanceof NodeInProcess) child.dispose();
  else if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await ended(child);
}

async function ended(child: ChildProcess | NodeInProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child as EventEmitter, 'exit');
}

async function readAll(stream: NodeJS.ReadableStream | null): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
