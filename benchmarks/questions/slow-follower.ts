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
import { Client } from '../../src/client/index.js';
import { memoryOf } from '../measure/memory.js';
import { Servers } from '../peers/processes.js';
import { count, question } from '../question.js';
import { rowsOf } from '../report/report.js';
import { eventually } from '../waiting.js';

const MB = 1_000_000;
const BAR_MB = 32;
const KEYS = 100_000;
const IN_FLIGHT = 1_000;
const VALUE = 'x'.repeat(100);
/** The samples at the end of a phase that count, one a quarter of a second. */
const SAMPLES = 20;
const SAMPLE_MS = 250;

export const slowFollower = question({
  name: 'slow-follower',
  sentence: 'What does a follower that stands still cost its leader?',
  options: { seconds: count('for which it stands still', 20, 30), rounds: count('fresh nodes', 1, 3) },
  async measure({ seconds, rounds }, run) {
    const results: Result[] = [];
    for (let round = 0; round < rounds; round++) {
      run.progress(`round ${round + 1}`);
      results.push(await measure(seconds));
    }
    const add = (figure: string, unit: string, part: keyof Result, better: 'more' | 'less' = 'less') =>
      run.add(
        rowsOf(
          { figure, unit, better },
          results.map((result) => result[part]),
        ),
      );
    add('writes meanwhile', 'SETs/s', 'rate', 'more');
    add('memory of the leader before', 'MB', 'before');
    add('its growth while all are level', 'MB', 'levelGrowth');
    add(`its growth while one stands still (bar ${BAR_MB})`, 'MB', 'growth');
    add('behind', 'commands', 'behind');
    add('until it has caught up', 's', 'levelSeconds');
    add('full resyncs', 'times', 'full');
  },
});

interface Result {
  readonly rate: number;
  readonly before: number;
  readonly levelGrowth: number;
  readonly growth: number;
  readonly behind: number;
  readonly levelSeconds: number;
  readonly full: number;
}

async function measure(seconds: number): Promise<Result> {
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
  return {
    rate,
    before: before / MB,
    levelGrowth: (before - warm) / MB,
    growth: (after - before) / MB,
    behind,
    levelSeconds: levelMs / 1_000,
    full,
  };
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
    samples.push(memoryOf(pid, 'VmRSS'));
  }
  const counted = samples.slice(-SAMPLES);
  return counted.reduce((sum, bytes) => sum + bytes, 0) / counted.length;
}

async function level(leader: Client, follower: Client): Promise<void> {
  const { offset } = await leader.status();
  await eventually(`the follower to reach offset ${offset}`, async () => {
    const status = await follower.status();
    return status.offset >= offset && status.upstream?.state === 'streaming';
  });
}
