/**
 * A small language for clusters of real daemons over real gRPC on loopback:
 * start, kill, wait for a condition, compare. Everything a test starts here
 * ends with the test, by its process ID if it has one.
 *
 * A node that nobody kills or pauses may run in the process of the tests, which
 * takes a third of the processor's time. It is the same program on a real disk
 * and a real port.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { type EventEmitter, once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, eventually as patiently } from '../../benchmarks/waiting.js';
import { Client, type ClientOptions } from '../../src/index.js';
import { NodeInProcess } from '../cli/in-process.js';
import { type Machine, THIS_MACHINE } from './machines.js';

const HEADWATER = fileURLToPath(new URL('../../dist/bin/headwater.cjs', import.meta.url));
const PATIENCE_MS = 15_000;
/** Each look asks a node, which costs both processes about a millisecond of CPU. */
const LOOK_INTERVAL_MS = 20;

type Status = Awaited<ReturnType<Client['status']>>;

/** As the benchmarks wait, but less long, and with fewer looks. */
export function eventually<T>(what: string, condition: () => Promise<T | false | undefined>): Promise<T> {
  return patiently(what, condition, { patienceMs: PATIENCE_MS, everyMs: LOOK_INTERVAL_MS });
}

/** A daemon of its own, as people start it, and a client of it. */
export class Daemon {
  readonly name: string;
  readonly port: number;
  readonly directory: string;
  /** What the process has said on stderr, all its lives long. */
  log = '';
  /** The certificates of the client, for a node with TLS. */
  tls: ClientOptions['tls'];
  /** The file that it runs: another than this version's in a test of upgrades. */
  program = HEADWATER;
  /** The user of the client, for a node with users. */
  credentials: ClientOptions['credentials'];
  /** The environment of the process, beside that of the tests. */
  env: Readonly<Record<string, string>> = {};
  /** The words before the command, of a program that runs the node in its own process. */
  tool: readonly string[] = [];
  /** It runs in the process of the tests. */
  isInProcess = false;
  readonly #machine: Machine;
  #process: ChildProcess | NodeInProcess | undefined;
  #client: Promise<Client> | undefined;

  constructor(name: string, port: number, directory: string, machine = THIS_MACHINE) {
    this.name = name;
    this.#machine = machine;
    this.port = port;
    this.directory = directory;
  }

  get address(): string {
    return `${this.#machine.host}:${this.port}`;
  }

  get pid(): number {
    return this.#process?.pid as number;
  }

  /** The memory that is resident now, or the most that ever was. */
  memoryBytes(field: 'VmRSS' | 'VmHWM'): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1_024;
  }

  /** Of this node and no other. Connected on first use, through all the lives of the node. */
  client(): Promise<Client> {
    const { tls, credentials } = this;
    this.#client ??= Client.connect(this.address, { redirect: false, tls, credentials }).catch((error: unknown) => {
      this.#client = undefined;
      throw error;
    });
    return this.#client;
  }

  /** Resolves when the node serves. */
  async start(...flags: string[]): Promise<void> {
    assert.equal(this.#process, undefined, `${this.name} is running already`);
    const child = this.#launch(['serve', '--data', this.directory, '--listen', this.address, ...flags]);
    this.#process = child;
    const from = this.log.length;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
    const said = () => this.log.slice(from);
    const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
    await eventually(`${this.name} to be ready`, async () => hasEnded() || said().includes('"event":"ready"'));
    assert(!hasEnded(), `${this.name} ended with ${child.exitCode ?? child.signalCode}:\n${said()}`);
  }

  #launch(serve: readonly string[]): ChildProcess | NodeInProcess {
    const env = { ...process.env, ...this.env };
    if (this.isInProcess && !process.env.HEADWATER_PROCESSES) return new NodeInProcess(serve, env);
    const command = [...this.#machine.words, ...this.tool, process.execPath, this.program, ...serve];
    const [program = '', ...args] = command;
    return spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
  }

  /** Resolves with the exit status when the process is gone. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#process;
    assert.ok(child, `${this.name} is not running`);
    this.#process = undefined;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = once(child as EventEmitter, 'exit');
    child.kill(signal);
    await ended;
    return child.exitCode;
  }

  /** Resolves with the exit status when the process has ended by itself. */
  async exited(): Promise<number | null> {
    const child = this.#process;
    assert.ok(child, `${this.name} is not running`);
    const isOver = () => child.exitCode !== null || child.signalCode !== null;
    await eventually(`${this.name} to end`, async () => isOver());
    this.#process = undefined;
    return child.exitCode;
  }

  /** As `kill -SIGNAL`; SIGSTOP and SIGCONT leave the process as it is. */
  signal(signal: NodeJS.Signals): void {
    assert.ok(this.#process?.kill(signal), `${this.name} is not running`);
  }

  async status(): Promise<Status> {
    return (await this.client()).status();
  }

  async digest(): Promise<{ offset: number; keys: number; digest: string }> {
    return (await this.client()).digest();
  }

  async close(): Promise<void> {
    if (this.#process) await this.end(this.#process instanceof NodeInProcess ? 'SIGTERM' : 'SIGKILL');
    const client = await this.#client?.catch(() => undefined);
    await client?.close();
  }
}

export class Cluster implements AsyncDisposable {
  readonly #root = mkdtempSync(path.join(tmpdir(), 'headwater-cluster-'));
  readonly #nodes: Daemon[] = [];
  /** Its next nodes run in the process of the tests. A test that kills or pauses a node sets it to false first. */
  isInProcess: boolean;

  constructor({ isInProcess = false } = {}) {
    this.isInProcess = isInProcess;
  }

  /** All that the nodes have said. */
  get log(): string {
    return this.#nodes.map(({ log }) => log).join('');
  }

  /** A node that is not started yet. */
  async node(name: string, machine?: Machine): Promise<Daemon> {
    const node = new Daemon(name, await freePort(), path.join(this.#root, name), machine);
    node.isInProcess = this.isInProcess;
    this.#nodes.push(node);
    return node;
  }

  /** A leader and followers of it, all serving; they start beside each other. */
  async leaderAndFollowers(followers: number, ...flags: string[]): Promise<Daemon[]> {
    const leader = await this.node('leader');
    const nodes = [leader];
    for (let i = 1; i <= followers; i++) nodes.push(await this.node(`follower-${i}`));
    await leader.start(...flags);
    await Promise.all(nodes.slice(1).map((node) => node.start('--follow', leader.address, ...flags)));
    return nodes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.close()));
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** Waits until the follower streams and has reached the offset at which the leader is now. */
export async function caughtUp(leader: Daemon, follower: Daemon): Promise<Status> {
  const { offset } = await leader.status();
  return eventually(`${follower.name} to reach offset ${offset} of ${leader.name}`, async () => {
    const status = await follower.status();
    return status.upstream?.state === 'streaming' && status.offset >= offset && status;
  });
}

/** Waits for level nodes, and compares what they hold. */
export async function assertEqualData(leader: Daemon, ...followers: Daemon[]): Promise<void> {
  for (const follower of followers) {
    await caughtUp(leader, follower);
    const [ours, theirs] = [await leader.digest(), await follower.digest()];
    assert.deepEqual(theirs, ours, `${follower.name} differs from ${leader.name}`);
  }
}
