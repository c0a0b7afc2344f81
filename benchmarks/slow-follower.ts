/**
 * What does a follower that stands still cost its leader? One of two followers
 * is stopped (SIGSTOP) while the leader takes writes as fast as it can; then
 * how the leader's resident memory grew, and how the follower came level again
 * after SIGCONT. The bar: 32 MB, and no full resync.
 *
 * The same load runs twice as long before: buffers that the leader fills in any
 * case are not the follower's cost, and how it grew in the second of these
 * phases, with everybody level, is shown for comparison. Each growth is of the
 * mean over the last seconds of a phase, since memory goes up and down with the
 * collector.
 */
import { readFileSync } from 'node:fs';
import { Client } from '../src/client/index.js';
import { Servers } from './processes.js';
import { printMachine, printTable } from './report.js';
import { eventually } from './waiting.js';

const MB = 1_000_000;
const BAR_MB = 32;
const KEYS = 100_000;
const IN_FLIGHT = 1_000;
const VALUE = 'x'.repeat(100);
/** The samples at the end of a phase that count, one a quarter of a second. */
const SAMPLES = 20;
const SAMPLE_MS = 250;

export async function slowFollower({ seconds, rounds }: { seconds: number; rounds: number }): Promise<void> {
  printMachine();
  const rows: string[][] = [];
  for (let round = 0; round < rounds; round++) rows.push(await measure(seconds));
  const head = [
    'SETs/s meanwhile',
    'leader before',
    'after',
    'growth when level',
    `growth (bar ${BAR_MB} MB)`,
    'behind',
    'level after',
    'full resyncs',
  ];
  printTable(`a follower stopped for ${seconds} s under full load`, head, rows);
}

async function measure(seconds: number): Promise<string[]> {
  await using servers = new Servers();
  const leader = await servers.headwater('leader');
  const address = `127.0.0.1:${leader.port}`;
  const follower = await servers.headwater('follower', ['--follow', address]);
  const other = await servers.headwater('other', ['--follow', address]);
  await using client = await Client.connect(address);
  await using below = await Client.connect(`127.0.0.1:${follower.port}`);
  await client.set('first', VALUE);
  await level(client, below);
  const fullBefore = (await below.status()).fullResyncs;

  const load = new Load(client);
  const warm = await meanMemory(leader.pid, seconds);
  const before = await meanMemory(leader.pid, seconds);
  const from = load.written;
  process.kill(follower.pid, 'SIGSTOP');
  const after = await meanMemory(leader.pid, seconds);
  const rate = (load.written - from) / seconds;
  await load.stop();

  const began = performance.now();
  process.kill(follower.pid, 'SIGCONT');
  const status = await eventually('the follower to answer', () => below.status());
  const behind = (await client.status()).offset - status.offset;
  await level(client, below);
  const levelMs = performance.now() - began;
  const full = (await below.status()).fullResyncs - fullBefore;
  await other.kill('SIGTERM');
  return [
    Math.round(rate).toLocaleString('en'),
    `${Math.round(before / MB)} MB`,
    `${Math.round(after / MB)} MB`,
    `${((before - warm) / MB).toFixed(1)} MB`,
    `${((after - before) / MB).toFixed(1)} MB`,
    `${behind.toLocaleString('en')} commands`,
    `${(levelMs / 1_000).toFixed(1)} s`,
    String(full),
  ];
}

/** SETs of a bounded set of keys, so that the data do not grow while memory is looked at. */
class Load {
  written = 0;
  #stopped = false;
  readonly #running: Promise<unknown>;

  constructor(client: Client) {
    this.#running = Promise.all(Array.from({ length: IN_FLIGHT }, () => this.#write(client)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #write(client: Client): Promise<void> {
    while (!this.#stopped) await client.set(`key:${this.written++ % KEYS}`, VALUE);
  }
}

/** Over the end of so many seconds from now. */
async function meanMemory(pid: number, seconds: number): Promise<number> {
  const samples: number[] = [];
  const endMs = performance.now() + seconds * 1_000;
  while (performance.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    samples.push(residentBytes(pid));
  }
  const counted = samples.slice(-SAMPLES);
  return counted.reduce((sum, bytes) => sum + bytes, 0) / counted.length;
}

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

async function level(leader: Client, follower: Client): Promise<void> {
  const { offset } = await leader.status();
  await eventually(`the follower to reach offset ${offset}`, async () => {
    const status = await follower.status();
    return status.offset >= offset && status.upstream?.state === 'streaming';
  });
}
