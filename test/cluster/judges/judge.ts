/**
 * A cluster under load whose faults are judged: the history of all answers is checked, the data of all nodes are
 * compared, and the time without writes is told for each kind of fault.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertEqualData, type Daemon, eventually } from '../../support/cluster.js';
import { Elected, type ElectedOptions } from '../../support/elected.js';
import { type Answer, WriteHistory } from '../../support/write-history.js';

/** A person looks so often whether a node needs one. */
const LOOK_MS = 100;

/** How often each fault comes. */
export const ROUNDS = Number(process.env.HEADWATER_ROUNDS ?? 3);

export class Judge implements AsyncDisposable {
  readonly elected: Elected;
  readonly history: WriteHistory;
  leader: Daemon;
  readonly #mode: 'safe' | 'available';
  readonly #over = new AbortController();
  readonly #gapsMs: number[] = [];
  /** What came of each fault, beside the time without writes. */
  readonly #notes: string[] = [];

  private constructor(elected: Elected, history: WriteHistory, leader: Daemon, mode: 'safe' | 'available') {
    this.elected = elected;
    this.history = history;
    this.leader = leader;
    this.#mode = mode;
    for (const node of elected.nodes) void this.#attend(node);
  }

  static async start(mode: 'safe' | 'available', options: ElectedOptions & { flags?: string[] } = {}): Promise<Judge> {
    const elected = await Elected.start(['--cluster-mode', mode, ...(options.flags ?? [])], 3, options);
    try {
      const { leader } = await elected.led();
      await elected.whole(leader);
      const judge = new Judge(elected, await WriteHistory.begin(elected.nodes), leader, mode);
      await judge.grown();
      return judge;
    } catch (error) {
      await elected[Symbol.asyncDispose]();
      throw error;
    }
  }

  get followers(): Daemon[] {
    return this.elected.nodes.filter((node) => node !== this.leader);
  }

  /** Resolves when so many more writes are answered. */
  grown(by = 50): Promise<void> {
    const from = this.history.answers.length;
    return eventually(`${by} more writes`, async () => this.history.answers.length >= from + by).then(() => {});
  }

  /** Gives the leadership to a node. */
  async makeLeader(node: Daemon): Promise<void> {
    if (node !== this.leader) await (await this.leader.client()).failover({ to: node.address });
    this.leader = (await this.elected.led()).leader;
    assert.equal(this.leader, node);
    await this.elected.whole(node);
  }

  /** Resolves at a time of the monotonic clock: a fault lasts. */
  async over(ms: number): Promise<void> {
    await eventually('a fault to be over', async () => performance.now() >= ms);
  }

  /**
   * Injects a fault, and mends it. Afterwards one node leads, all others follow it, and all may lead next.
   * @param fault gets the time at which it begins.
   */
  async round(fault: (atMs: number) => Promise<unknown>): Promise<void> {
    const before = this.leader;
    const atMs = performance.now();
    await fault(atMs);
    this.leader = (await this.elected.led()).leader;
    await this.elected.whole(this.leader);
    await this.grown();
    this.#gapsMs.push(this.history.longestGapMs(atMs));
    this.#notes.push(this.leader === before ? 'same leader' : 'another leader');
  }

  /** Another failover within a minute needs a person: a person is there. */
  async #attend(node: Daemon): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      await this.#resume(node).catch(() => {});
      await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #resume(node: Daemon): Promise<void> {
    const client = await node.client();
    const { needsPerson } = await client.clusterStatus();
    if (needsPerson) await client.clusterPause({ undo: true });
  }

  /** Ends the load, and judges all of it. */
  async end(kind: string): Promise<void> {
    await this.history.end();
    this.leader = (await this.elected.led()).leader;
    await assertEqualData(this.leader, ...this.followers);
    await this.history.assertOneLeader(this.leader);
    const lost = await this.#assertLossesAreKnown();
    const gaps = this.#gapsMs.toSorted((a, b) => a - b);
    const others = this.#notes.filter((note) => note === 'another leader').length;
    console.log(
      `      ${kind}: ${this.history.answers.length} answered writes, ${lost} lost; ${this.#gapsMs.length} rounds, ${others} with another leader; ` +
        `without writes: median ${gaps[Math.floor(gaps.length / 2)]} ms, longest ${gaps.at(-1)} ms (${this.#gapsMs.join(', ')})`,
    );
  }

  /** In the mode `safe` nothing is lost. Otherwise each lost write is in `lost-writes/` of the node that had it. */
  async #assertLossesAreKnown(): Promise<number> {
    const lost = await this.history.missingAt(this.leader);
    if (this.#mode === 'safe') assert.deepEqual(lost, []);
    const saved = (await Promise.all(this.elected.nodes.map((node) => node.status()))).flatMap(
      ({ lostWritesFiles }) => lostWritesFiles,
    );
    for (const answer of lost)
      assert(
        isIn(saved, answer),
        `${answer.key} of ${answer.node} at ${answer.replicationId}:${answer.offset} is in none of ${saved}`,
      );
    return lost.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.history[Symbol.asyncDispose]();
    await this.elected[Symbol.asyncDispose]();
  }
}

function isIn(files: readonly string[], { replicationId, offset }: Answer): boolean {
  return files.some((file) => {
    const [, id, first, last] = /^(\w+)-(\d+)-(\d+)\./.exec(file) ?? [];
    return id === replicationId && Number(first) <= offset && offset <= Number(last);
  });
}
