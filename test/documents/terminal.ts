/**
 * A terminal as a reader of the pages has it: one bash in a scratch directory, with `headwater` on its path, its
 * variables kept from command to command. The bash has a network of its own if the machine allows it, so that the
 * addresses of the pages (127.0.0.1:7420 and so on) are free, whatever else runs.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { eventually } from '../../benchmarks/waiting.js';
import { ROOT } from './pages.js';

/** Longer than any command of a page takes on a busy machine. */
const PATIENCE_MS = 60_000;
const PORTS = [7420, 7421, 7422, 7423];

export interface Outcome {
  readonly status: number;
  /** Both of its outputs, as a terminal shows them. */
  readonly output: string;
}

/** A command that runs until Ctrl-C. */
export interface Running {
  readonly pid: number;
  readonly output: () => string;
  readonly isRunning: () => boolean;
  /** As Ctrl-C does. */
  readonly end: () => Promise<Outcome>;
}

const UP = 'ip link set lo up && exec bash';
/** Networks of their own: as root, and as anybody. */
const NETWORKS = [
  ['unshare', '--net', 'sh', '-c', UP],
  ['unshare', '--user', '--map-root-user', '--net', 'sh', '-c', UP],
];

/** The command of a bash in a network of its own, or of a plain one if the ports are free, or undefined. */
export async function bashCommand(): Promise<string[] | undefined> {
  for (const command of NETWORKS)
    try {
      execFileSync(command[0] as string, command.slice(1), { input: 'exit 0', env: environment('/'), stdio: 'pipe' });
      return command;
    } catch {
      // The next one, if any, needs fewer rights.
    }
  const free = await Promise.all(PORTS.map(isFree));
  return free.every(Boolean) ? ['bash'] : undefined;
}

export class Terminal {
  readonly folder: string;
  readonly #bash: ChildProcess;
  readonly #running = new Set<Running>();
  /** Each line that the bash has reported, a number and a value. */
  #reported = '';
  #commands = 0;

  constructor(command: readonly string[]) {
    this.folder = mkdtempSync(path.join(tmpdir(), 'headwater-page-'));
    mkdirSync(this.#own(''), { recursive: true });
    symlinkSync(path.join(ROOT, 'dist/bin/headwater.cjs'), this.#own('headwater'));
    symlinkSync(process.execPath, this.#own('node'));
    linkPackages(path.join(this.folder, 'node_modules'));
    const [program = '', ...args] = command;
    const env = environment(this.#own(''));
    this.#bash = spawn(program, args, { cwd: this.folder, env, stdio: ['pipe', 'ignore', 'ignore', 'pipe'] });
    (this.#bash.stdio[3] as Readable).setEncoding('utf8').on('data', (text: string) => {
      this.#reported += text;
    });
    // With job control each command in the background is a process group, and takes SIGINT. If the tests are killed,
    // the bash reads the end of its input, and ends all that still runs.
    this.#type(`set -m; trap 'for job in $(jobs -p); do kill -KILL -- -$job; done' EXIT`);
  }

  write(name: string, text: string): void {
    writeFileSync(path.join(this.folder, name), text);
  }

  async run(text: string): Promise<Outcome> {
    const number = this.#next(text);
    const file = (name: string) => this.#own(`${number}.${name}`);
    this.#type(`eval "$(cat ${file('sh')})" > ${file('out')} 2>&1 < /dev/null; echo "${number} $?" >&3`);
    const status = Number(await this.#report(number, text));
    return { status, output: readFileSync(file('out'), 'utf8') };
  }

  async begin(text: string): Promise<Running> {
    const number = this.#next(text);
    const file = this.#own(`${number}.out`);
    this.#type(`${text} > ${file} 2>&1 < /dev/null & echo "${number} $!" >&3`);
    const pid = Number(await this.#report(number, text));
    const output = () => readFileSync(file, 'utf8');
    const end = async () => {
      this.#running.delete(running);
      if (isAlive(pid)) process.kill(-pid, 'SIGINT');
      const { status } = await this.run(`wait ${pid}`);
      return { status, output: output() };
    };
    const running = { pid, output, isRunning: () => isAlive(pid), end };
    this.#running.add(running);
    return running;
  }

  /** Ends all that was begun, and removes the directory. */
  async close(): Promise<void> {
    this.#bash.stdin?.end();
    if (this.#bash.exitCode === null) {
      // A command in the foreground keeps the bash from reading on.
      const timer = setTimeout(() => this.#kill(), 5_000);
      await once(this.#bash, 'close');
      clearTimeout(timer);
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  #kill(): void {
    for (const { pid, isRunning } of this.#running) if (isRunning()) process.kill(-pid, 'SIGKILL');
    this.#bash.kill('SIGKILL');
  }

  #own(name: string): string {
    return path.join(this.folder, '.terminal', name);
  }

  #next(text: string): number {
    this.#commands++;
    writeFileSync(this.#own(`${this.#commands}.sh`), text);
    return this.#commands;
  }

  #type(line: string): void {
    (this.#bash.stdin as Writable).write(`${line}\n`);
  }

  #report(number: number, text: string): Promise<string> {
    const line = new RegExp(`^${number} (\\d+)$`, 'm');
    return eventually(`the end of: ${text}`, async () => line.exec(this.#reported)?.[1], {
      patienceMs: PATIENCE_MS,
      everyMs: 5,
    });
  }
}

/** The variables of the machine without those that change what `headwater` does. */
function environment(programs: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(HEADWATER_|NODE_OPTIONS$)/.test(name));
  const { PATH } = process.env;
  const search = [programs, PATH, '/usr/sbin', '/sbin'].join(':');
  return { ...Object.fromEntries(kept), PATH: search, HOME: path.dirname(programs), NO_COLOR: '1' };
}

/** What `npm install` of the package, and of what the pages use beside it, would put there. */
function linkPackages(folder: string): void {
  mkdirSync(folder);
  symlinkSync(ROOT, path.join(folder, 'headwater'));
  for (const name of readdirSync(path.join(ROOT, 'node_modules')))
    if (!name.startsWith('.')) symlinkSync(path.join(ROOT, 'node_modules', name), path.join(folder, name));
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
