/**
 * Machines of their own on one network, by network namespaces of Linux: a process that is started with the words of a
 * machine sees its network alone. The test process reaches all of them. A line from one machine to another can be cut,
 * one way or both: its packets vanish, as on a real network, and nobody gets an error.
 *
 * The namespaces live as long as the processes that hold them. They have no names, so nothing is left of them.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { eventually } from '../../benchmarks/waiting.js';
import { isInstalled } from './installed.js';

export const MACHINES_NEEDED = 'root, unshare, nsenter, and ip (iproute2) with the right to make network namespaces';

/** Where a process runs. */
export interface Machine {
  readonly host: string;
  /** The words before the command. */
  readonly words: readonly string[];
}

/** All processes on the machine of the tests. */
export const THIS_MACHINE: Machine = { host: '127.0.0.1', words: [] };

/** The address to which packets of a cut line go. No machine has it. */
const NOBODY = '02:00:00:00:ff:ff';
/** The test process is the last machine. */
const TESTER = 254;

export function mayMakeMachines(): boolean {
  return (
    process.getuid?.() === 0 &&
    isInstalled('ip', '-V') &&
    isInstalled('unshare', '--net', 'ip', 'link', 'add', 'name', 'a', 'type', 'veth', 'peer', 'name', 'b') &&
    isInstalled('unshare', '--net', 'ip', 'link', 'add', 'name', 'a', 'type', 'bridge')
  );
}

export class Machines implements AsyncDisposable {
  readonly #net = `198.18.${randomInt(256)}`;
  readonly #tag = `hw${randomInt(36 ** 4).toString(36)}`;
  readonly #holders: ChildProcess[] = [];
  #switch: ChildProcess | undefined;
  readonly all: readonly Machine[];

  private constructor(count: number) {
    for (let i = 0; i < count; i++) this.#holders.push(hold());
    this.#switch = hold();
    this.all = this.#holders.map(({ pid }, at) => ({
      host: this.#hostOf(at + 1),
      words: ['nsenter', '--target', String(pid), '--net'],
    }));
  }

  /** @throws Error without the right to it (`mayMakeMachines`). */
  static async start(count: number): Promise<Machines> {
    const machines = new Machines(count);
    try {
      await machines.#connect();
    } catch (error) {
      await machines[Symbol.asyncDispose]();
      throw error;
    }
    return machines;
  }

  /** Packets from `from` to `to` vanish. */
  cutOneWay(from: Machine, to: Machine): void {
    this.#send(from, to, NOBODY);
  }

  cut(a: Machine, b: Machine): void {
    this.cutOneWay(a, b);
    this.cutOneWay(b, a);
  }

  /** Packets of all pairs arrive again, and all interfaces are up. */
  heal(): void {
    for (const from of this.all) this.unplug(from, { undo: true });
    for (const from of this.all) for (const to of this.all) if (from !== to) this.#send(from, to, macOf(this.#at(to)));
  }

  /** The interface of a machine is down: programs on it get errors at once. */
  unplug(machine: Machine, { undo = false } = {}): void {
    run([...machine.words, 'ip', 'link', 'set', 'eth0', undo ? 'up' : 'down']);
    if (undo) this.#introduce(machine);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const holder of [...this.#holders, this.#switch]) holder?.kill('SIGKILL');
  }

  #hostOf(at: number): string {
    return `${this.#net}.${at}`;
  }

  #at({ host }: Machine): number {
    return Number(host.split('.').at(-1));
  }

  async #connect(): Promise<void> {
    const inSwitch = ['nsenter', '--target', String(this.#switch?.pid), '--net'];
    const networks = [inSwitch, ...this.all.map(({ words }) => words)];
    await eventually('the networks of the machines', async () => networks.every(isApart));
    run([...inSwitch, 'ip', 'link', 'add', 'br0', 'type', 'bridge']);
    run([...inSwitch, 'ip', 'link', 'set', 'br0', 'up']);
    for (const [index, machine] of [...this.all, undefined].entries()) {
      const at = machine ? index + 1 : TESTER;
      const [name, words] = machine ? ['eth0', machine.words] : [this.#tag, []];
      const there = machine ? ['netns', String(this.#holders[index]?.pid)] : [];
      const port = ['peer', 'name', `p${at}`, 'netns', String(this.#switch?.pid)];
      run(['ip', 'link', 'add', name, 'address', macOf(at), ...there, 'type', 'veth', ...port]);
      run([...words, 'ip', 'address', 'add', `${this.#hostOf(at)}/24`, 'dev', name]);
      run([...words, 'ip', 'link', 'set', name, 'up']);
      if (machine) run([...words, 'ip', 'link', 'set', 'lo', 'up']);
      run([...inSwitch, 'ip', 'link', 'set', `p${at}`, 'master', 'br0', 'up']);
    }
    for (const machine of this.all) this.#introduce(machine);
  }

  /** Gives a machine the addresses of all others: nothing has to be asked on the network. */
  #introduce(machine: Machine): void {
    const others = this.all.filter((other) => other !== machine);
    for (const other of others) this.#send(machine, other, macOf(this.#at(other)));
  }

  #send(from: Machine, to: Machine, mac: string): void {
    run([...from.words, 'ip', 'neighbour', 'replace', to.host, 'lladdr', mac, 'dev', 'eth0', 'nud', 'permanent']);
  }
}

function hold(): ChildProcess {
  return spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
}

/** Whether the network is another one than that of the tests. */
function isApart(words: readonly string[]): boolean {
  const [program, ...args] = [...words, 'readlink', '/proc/self/ns/net'];
  return (
    execFileSync(program, args, { encoding: 'utf8' }) !==
    execFileSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' })
  );
}

function run([program = '', ...args]: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

function macOf(at: number): string {
  return `02:00:00:00:00:${at.toString(16).padStart(2, '0')}`;
}
