/**
 * The history of all answers to writes: each node has writers of its own that ask no other node, so a former leader that
 * still answers is seen. Checked: no answer of an earlier leader after the first of a later one, no write that was asked
 * after an answer and yet came before it, and no count that was given twice.
 */
import assert from 'node:assert/strict';
import { Client } from '../../src/index.js';
import type { Daemon } from './cluster.js';

/** The writers of each node. */
const WRITERS = 3;
/** Each so-manyth write of a writer adds one to a counter that all writers share. */
const COUNTS_EVERY = 4;
const COUNTERS = 4;
const WRITE_MS_MAX = 500;
const PAUSE_MS = 2;
const REFUSED_PAUSE_MS = 20;

export interface Answer {
  readonly node: string;
  readonly key: string;
  readonly value: string;
  /** The sum that the answer gave, of a write that counts. */
  readonly sum: number | undefined;
  readonly sentMs: number;
  readonly atMs: number;
  /** The place in the data up to which the node had come with the answer: that of this write, or a later one. */
  readonly replicationId: string;
  readonly offset: number;
}

export class WriteHistory implements AsyncDisposable {
  /** In the order in which they came. */
  readonly answers: Answer[] = [];
  readonly #over = new AbortController();
  #writers: Promise<unknown> = Promise.resolve();

  /** Writes at all nodes until `end`. All have to serve now. */
  static async begin(nodes: readonly Daemon[]): Promise<WriteHistory> {
    const history = new WriteHistory();
    const places = nodes.flatMap((node) => Array.from({ length: WRITERS }, (_, at) => ({ node, at })));
    const clients = await Promise.all(places.map(({ node }) => Client.connect(node.address, { redirect: false })));
    history.#writers = Promise.all(
      places.map(async ({ node, at }, index) => history.#write(clients[index] as Client, node.name, at)),
    );
    return history;
  }

  /** Resolves when no write is under way. */
  async end(): Promise<void> {
    this.#over.abort();
    await this.#writers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  get last(): Answer | undefined {
    return this.answers.at(-1);
  }

  /** The answers that came from then on, by the clock of `performance.now`. */
  since(ms: number): Answer[] {
    const first = this.answers.findIndex(({ atMs }) => atMs >= ms);
    return first < 0 ? [] : this.answers.slice(first);
  }

  /** The longest time without an answer, until the last one. */
  longestGapMs(sinceMs: number): number {
    let [before, longest] = [sinceMs, 0];
    for (const { atMs } of this.since(sinceMs)) {
      longest = Math.max(longest, atMs - before);
      before = atMs;
    }
    return Math.round(longest);
  }

  /**
   * Reads the answered writes at a node.
   * @returns those that are not there.
   */
  async missingAt(node: Daemon): Promise<Answer[]> {
    const client = await node.client();
    const missing: Answer[] = [];
    const writes = this.answers.filter(({ sum }) => sum === undefined);
    for (let from = 0; from < writes.length; from += 1_000) {
      const some = writes.slice(from, from + 1_000);
      const found = await Promise.all(some.map(({ key }) => client.get(key)));
      missing.push(...some.filter(({ value }, at) => found[at] !== value));
    }
    return missing;
  }

  /** Checks the order of all answers by the lineage of the present leader. */
  async assertOneLeader(leader: Daemon): Promise<void> {
    const { lineage } = await leader.status();
    const epochs = new Map(lineage.map(({ replicationId, epoch }) => [replicationId, epoch]));
    const epochOf = ({ replicationId, key }: Answer) => {
      const epoch = epochs.get(replicationId);
      assert(epoch !== undefined, `the history ${replicationId} of the write ${key} is not in the lineage`);
      return epoch;
    };
    const answers = this.answers.toSorted((a, b) => a.atMs - b.atMs);
    let latest: Answer | undefined;
    for (const answer of answers) {
      if (latest && epochOf(answer) < epochOf(latest))
        assert.fail(`an earlier leader answered ${told(answer)} after a later one had answered ${told(latest)}`);
      latest = answer;
    }
    const rows = lineage.map(({ replicationId }, at) => [replicationId, lineage[at + 1]?.firstOffset] as const);
    const ends = new Map(rows);
    const kept = answers.filter(({ replicationId, offset }) => offset < (ends.get(replicationId) ?? Number.MAX_VALUE));
    assertInOrder(kept, epochOf);
    assertCounted(kept);
  }

  async #write(client: Client, node: string, at: number): Promise<void> {
    await using _ = client;
    for (let i = 0; !this.#over.signal.aborted; i++) {
      const isAnswered = await this.#ask(client, node, `${node}:${at}:${i}`, i).catch(() => false);
      await new Promise((resolve) => setTimeout(resolve, isAnswered ? PAUSE_MS : REFUSED_PAUSE_MS));
    }
  }

  async #ask(client: Client, node: string, name: string, i: number): Promise<true> {
    const isCount = i % COUNTS_EVERY === COUNTS_EVERY - 1;
    const key = isCount ? `counter:${i % COUNTERS}` : name;
    const value = `value of ${name}`;
    const sentMs = performance.now();
    let sum: number | undefined;
    if (isCount) sum = await client.incr(key, 1, { timeoutMs: WRITE_MS_MAX });
    else await client.set(key, value, { timeoutMs: WRITE_MS_MAX });
    const atMs = performance.now();
    const [replicationId = '', offset] = client.token?.split(':') ?? [];
    this.answers.push({ node, key, value, sum, sentMs, atMs, replicationId, offset: Number(offset) });
    return true;
  }
}

/** A write that was asked after an answer has a later place than that of the answer. */
function assertInOrder(answers: readonly Answer[], epochOf: (answer: Answer) => number): void {
  const isBefore = (a: Answer, b: Answer) => epochOf(a) - epochOf(b) || a.offset - b.offset;
  const bySent = answers.toSorted((a, b) => a.sentMs - b.sentMs);
  let furthest: Answer | undefined;
  let next = 0;
  for (const answer of bySent) {
    for (; (answers[next]?.atMs ?? Number.POSITIVE_INFINITY) < answer.sentMs; next++) {
      const answered = answers[next] as Answer;
      if (!furthest || isBefore(furthest, answered) < 0) furthest = answered;
    }
    if (furthest && isBefore(answer, furthest) <= 0)
      assert.fail(`${told(answer)} was asked after the answer to ${told(furthest)}, and comes before it`);
  }
}

/** No two answers give one sum of a counter, and a later question has a higher sum. */
function assertCounted(answers: readonly Answer[]): void {
  const sums = new Map<string, Answer>();
  for (const answer of answers) {
    if (answer.sum === undefined) continue;
    const sum = `${answer.key}=${answer.sum}`;
    assert(!sums.has(sum), `two answers gave ${sum}: ${told(sums.get(sum))} and ${told(answer)}`);
    sums.set(sum, answer);
  }
}

function told(answer: Answer | undefined): string {
  if (!answer) return 'none';
  const { node, key, sentMs, atMs, replicationId, offset } = answer;
  return `${key} of ${node}, ${sentMs.toFixed(1)} to ${atMs.toFixed(1)} ms, at ${replicationId.slice(0, 8)}:${offset}`;
}
