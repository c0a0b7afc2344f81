/**
 * The whole tree of nodes, as a look sees it: the leader, found from any node, and everything below, each asked for its
 * own status. A node that does not answer is a part of the look, with the reason, and with what its upstream reports.
 */
import { isArchivePlace } from '../src/base/address.js';
import { HeadwaterError } from '../src/base/errors.js';
import type { Client, StatusFollower } from '../src/client/index.js';
import type { Credentials } from './connection.js';
import type { Status } from './status.js';

/** A node of the tree. */
export interface NodeSeen {
  /** host:port; empty if only its upstream knows the node, and not where it listens. */
  readonly address: string;
  readonly nodeId: string;
  /** The number of nodes above, up to the leader or the highest node that answers. */
  readonly depth: number;
  /** The node's own answer, or undefined without one. */
  readonly status: Status | undefined;
  /** The reason why the node gives no answer. Empty if it does, or was not asked. */
  readonly error: string;
  /** The report of the upstream, or undefined without one. */
  readonly report: StatusFollower | undefined;
  /** True for a follower that is known and not connected. */
  readonly isAway: boolean;
  /** Commands that the node appended a second since the last look, at first over the last minute. */
  readonly commandsPerSecond: number | undefined;
}

export interface TreeSeen {
  readonly nodes: readonly NodeSeen[];
  /** The node that leads, if it answers. */
  readonly leader: NodeSeen | undefined;
}

/** Nodes that are asked at a time. */
const ASKED_MAX = 8;

/** The longest way up to the leader, and down from it. */
const DEPTH_MAX = 32;

type Answer = Status | HeadwaterError;

export class Tree {
  readonly #seeds: () => readonly string[];
  readonly #credentials: Credentials;
  readonly #timeoutMs: number;
  readonly #asksAway: boolean;
  readonly #clients = new Map<string, Client>();
  /** The offset of each node at the last look, by its ID. */
  readonly #offsets = new Map<string, { readonly offset: number; readonly atMs: number }>();

  /**
   * @param seeds returns the addresses to begin with, at each look.
   * @param timeoutMs the time that each node has for its answer.
   * @param asksAway whether followers that are away are asked, too: they may run, and know why they have no link.
   */
  constructor(seeds: () => readonly string[], credentials: Credentials, timeoutMs: number, { asksAway = false } = {}) {
    this.#asksAway = asksAway;
    this.#seeds = seeds;
    this.#credentials = credentials;
    this.#timeoutMs = timeoutMs;
  }

  async look(signal: AbortSignal): Promise<TreeSeen> {
    const answers = new Map<string, Answer>();
    const ask = (addresses: readonly string[]) => this.#askAll(addresses, answers, signal);
    const seeds = this.#seeds();
    await ask(seeds);
    const root = await findRoot(seeds, answers, ask);
    const nodes: NodeSeen[] = [];
    await this.#walk(root, { nodes, answers, ask });
    // A node that was named and is not below the leader stands beside the tree: it may follow nobody, or another leader.
    for (const seed of seeds)
      if (!isSeen(nodes, seed, answers.get(seed))) await this.#walk(seed, { nodes, answers, ask });
    return { nodes, leader: nodes.find(({ status }) => status?.role === 'leader') };
  }

  /** Calls a node of the last look. @throws HeadwaterError */
  async on<Result>(address: string, call: (client: Client) => Promise<Result>): Promise<Result> {
    return call(this.#clients.get(address) ?? (await this.#connect(address)));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.keys()].map((address) => this.#drop(address)));
  }

  /** Goes down from a node, a level at a time, so that the nodes of a level are asked together. */
  async #walk(root: string, { nodes, answers, ask }: Walk): Promise<void> {
    const below = new Map<NodeSeen, NodeSeen[]>();
    const top = this.#nodeOf({ address: root, nodeId: '', depth: 0, report: undefined, isAway: false }, answers);
    let level = [top];
    const seen = new Set<string>([...nodes.map(({ nodeId }) => nodeId), top.nodeId]);
    for (let depth = 1; level.length > 0 && depth < DEPTH_MAX; depth++) {
      const found = level.flatMap((node) => childrenOf(node).map((child) => ({ node, child })));
      await ask(
        found.flatMap(({ child }) =>
          child.address === '' || (child.isAway && !this.#asksAway) ? [] : [child.address],
        ),
      );
      const next: NodeSeen[] = [];
      for (const { node, child } of found) {
        const one = this.#nodeOf({ ...child, depth }, answers);
        if (seen.has(one.nodeId)) continue;
        seen.add(one.nodeId);
        below.set(node, [...(below.get(node) ?? []), one]);
        next.push(one);
      }
      level = next;
    }
    const list = (node: NodeSeen) => {
      nodes.push(node);
      for (const one of below.get(node) ?? []) list(one);
    };
    list(top);
  }

  #nodeOf(child: Child & { readonly depth: number }, answers: ReadonlyMap<string, Answer>): NodeSeen {
    const heard = answers.get(child.address);
    // Another node may listen at the address of one that is away.
    const isItself = this.#asksAway && !HeadwaterError.is(heard) && heard?.nodeId === child.nodeId;
    const answer = child.isAway && !isItself ? undefined : heard;
    const isError = HeadwaterError.is(answer);
    const status = isError ? undefined : answer;
    return {
      ...child,
      nodeId: status?.nodeId ?? (child.nodeId || child.address),
      status,
      error: isError ? answer.message : '',
      commandsPerSecond: status && this.#rateOf(status),
    };
  }

  /** Each node is asked for this once a look. */
  #rateOf({ nodeId, offset, appendCommandsPerSecond }: Status): number {
    const atMs = performance.now();
    const before = this.#offsets.get(nodeId);
    this.#offsets.set(nodeId, { offset, atMs });
    if (!before || atMs <= before.atMs) return appendCommandsPerSecond;
    return Math.max(0, ((offset - before.offset) / (atMs - before.atMs)) * 1_000);
  }

  /** Asks the nodes that were not asked in this look. */
  async #askAll(addresses: readonly string[], answers: Map<string, Answer>, signal: AbortSignal): Promise<void> {
    const waiting = [...new Set(addresses)].filter((address) => !answers.has(address));
    const work = async () => {
      for (let address = waiting.shift(); address !== undefined; address = waiting.shift())
        answers.set(address, await this.#ask(address, signal));
    };
    await Promise.all(Array.from({ length: Math.min(ASKED_MAX, waiting.length) }, work));
  }

  async #ask(address: string, signal: AbortSignal): Promise<Answer> {
    try {
      const client = this.#clients.get(address) ?? (await this.#connect(address));
      return await client.status({ signal, timeoutMs: this.#timeoutMs });
    } catch (error) {
      await this.#drop(address);
      return HeadwaterError.from(error);
    }
  }

  async #connect(address: string): Promise<Client> {
    const { Client } = await import('../src/client/index.js');
    const timeoutMs = this.#timeoutMs;
    const options = { ...this.#credentials, timeoutMs, connectTimeoutMs: timeoutMs, redirect: false };
    const client = await Client.connect(address, options);
    this.#clients.set(address, client);
    return client;
  }

  async #drop(address: string): Promise<void> {
    const client = this.#clients.get(address);
    this.#clients.delete(address);
    await client?.close({ timeoutMs: 0 });
  }
}

interface Walk {
  /** The nodes found so far, each above those below it. */
  readonly nodes: NodeSeen[];
  readonly answers: ReadonlyMap<string, Answer>;
  ask(addresses: readonly string[]): Promise<void>;
}

type Child = Pick<NodeSeen, 'address' | 'nodeId' | 'report' | 'isAway'>;

/** The followers of a node, as it reports them: those that are connected, and those that are away. */
function childrenOf({ status }: NodeSeen): Child[] {
  if (!status) return [];
  const direct = status.followers.filter(({ via }) => via === '');
  const connected = direct.map((report) => ({
    address: report.address,
    nodeId: report.nodeId,
    report,
    isAway: false,
  }));
  const away = status.knownFollowers.filter((known) => !known.connected && known.keepsPlace);
  return [...connected, ...away.map(({ address, nodeId }) => ({ address, nodeId, report: undefined, isAway: true }))];
}

/**
 * The highest node above the seeds that answers: the leader if it can be reached. The leader of the latest epoch wins
 * over others.
 */
async function findRoot(
  seeds: readonly string[],
  answers: ReadonlyMap<string, Answer>,
  ask: (addresses: readonly string[]) => Promise<void>,
): Promise<string> {
  const roots: string[] = [];
  for (const seed of seeds) {
    let root = seed;
    for (let steps = 0; steps < DEPTH_MAX; steps++) {
      const status = answers.get(root);
      if (!status || HeadwaterError.is(status) || status.role === 'leader') break;
      const above = [status.leader?.address, status.upstream?.address].filter(
        (one) => one !== undefined && one !== '' && !isArchivePlace(one),
      );
      await ask(above as string[]);
      const next = (above as string[]).find((one) => !HeadwaterError.is(answers.get(one)));
      if (next === undefined || next === root) break;
      root = next;
    }
    roots.push(root);
  }
  const epochOf = (address: string) => {
    const status = answers.get(address);
    return !status || HeadwaterError.is(status) ? -1 : (status.lineage.at(-1)?.epoch ?? 0);
  };
  return roots.toSorted((a, b) => epochOf(b) - epochOf(a))[0] as string;
}

function isSeen(nodes: readonly NodeSeen[], address: string, answer: Answer | undefined): boolean {
  const nodeId = answer && !HeadwaterError.is(answer) ? answer.nodeId : undefined;
  return nodes.some((node) => node.address === address || node.nodeId === nodeId);
}
