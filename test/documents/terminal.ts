/**
 * A terminal as a reader of the pages has it: one bash in a scratch directory, with `headwater` on its path, its
 * variables kept from command to command. The bash has a network of its own if the machine allows it, so that the
 * addresses of the pages (127.0.0.1:7420 and so on) are free, whatever else runs.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { eventually } from '../../benchmarks/waiting.js';
import { skipUnless } from '../support/installed.js';
import { ROOT } from './pages.js';

/** Longer than any command of a page takes on a busy machine. */
const PATIENCE_MS = 60_000;
const PORTS = [7420, 7421, 7422, 7423];
/** Held by the page whose turn it is, if pages have no network of their own. */
const TURN_PORT = 7419;
const TURN_MS_MAX = 550_000;

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

interface Place {
  /** The command of the bash. */
  readonly bash: readonly string[];
  /** Held as long as the bash has the ports of the machine itself. */
  readonly turn?: Server;
}

/** A bash in a network of its own, or a plain one if the ports are free, or undefined. */
async function findPlace(): Promise<Place | undefined> {
  for (const bash of NETWORKS)
    try {
      execFileSync(bash[0] as string, bash.slice(1), { input: 'exit 0', env: environment('/'), stdio: 'pipe' });
      return { bash };
    } catch {
      // The next one, if any, needs fewer rights.
    }
  // Test files run beside each other. The ports are those of one page at a time.
  const turn = await eventually('a turn at the ports', () => listening(TURN_PORT), { patienceMs: TURN_MS_MAX });
  for (const port of PORTS) {
    const server = await listening(port);
    server?.close();
    if (server) continue;
    turn.close();
    return undefined;
  }
  return { bash: ['bash'], turn };
}

/** A terminal for a suite of tests, which is skipped, visibly, if there can be none. */
export async function terminalFor(suite: Mocha.Context): Promise<Terminal> {
  const terminal = await Terminal.open();
  skipUnless(suite, terminal, 'a network of its own (unshare), or free ports from 7420 to 7423');
  return terminal;
}

export class Terminal {
  readonly folder: string;
  readonly #bash: ChildProcess;
  readonly #turn: Server | undefined;
  readonly #running = new Set<Running>();
  /** Each line that the bash has reported, a number and a value. */
  #reported = '';
  #commands = 0;

  /** @returns undefined if the ports of the pages are taken. */
  static async open(): Promise<Terminal | undefined> {
    const place = await findPlace();
    return place && new Terminal(place);
  }

  private constructor({ bash, turn }: Place) {
    this.#turn = turn;
    this.folder = mkdtempSync(path.join(tmpdir(), 'headwater-page-'));
    mkdirSync(this.#own(''), { recursive: true });
    symlinkSync(path.join(ROOT, 'dist/bin/headwater.cjs'), this.#own('headwater'));
    symlinkSync(process.execPath, this.#own('node'));
    linkPackages(path.join(this.folder, 'node_modules'));
    const [program = '', ...args] = bash;
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
    this.#turn?.close();
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

/** A server that holds the port; undefined if another one does. */
async function listening(port: number): Promise<Server | undefined> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return server;
  } catch {
    return undefined;
  }
}
