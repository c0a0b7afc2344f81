/**
 * The nodes of a cluster that a store such as etcd knows, the leader first. The client reads them before it connects.
 * Later a watch reports each new leader, so that the client goes there without waiting for a refusal or a time-out.
 *
 * A store that is away does no harm to a client that is connected. The nodes that were known last stay in use.
 */
import type { ClusterAddress } from '../access/cluster-address.js';
import { eitherAborts, unlessAborted } from '../base/abort.js';
import { doubledMs } from '../base/back-off.js';
import { sleep, systemClock } from '../base/clock.js';
import { ERROR_CODES, HeadwaterError } from '../base/errors.js';
import {
  CLUSTER_ASK_AGAIN_MS_MAX,
  CLUSTER_ASK_AGAIN_MS_MIN,
  CLUSTER_ASK_MS,
  CLUSTER_WATCH_AFTER_MS,
} from '../base/limits.js';
import { backOff } from './back-off.js';
import type { EtcdAccess, EtcdDirectory, KnownNodes } from './etcd-directory.js';
import type { Seeds } from './seeds.js';

const ASK_AGAIN = {
  attempts: Number.POSITIVE_INFINITY,
  minMs: CLUSTER_ASK_AGAIN_MS_MIN,
  maxMs: CLUSTER_ASK_AGAIN_MS_MAX,
};

/** The attempts to go to a new leader, over half a minute. Later a refusal or a lost connection leads there. */
const ATTEMPTS_MAX = 12;

/** A client that goes to each new leader. */
interface Follower {
  /** The node in use. */
  readonly address: () => string | undefined;
  /** Looks for the leader, and goes there. */
  readonly consider: () => Promise<void>;
}

const NONE: KnownNodes = { leader: undefined, all: [] };

/** Failures that another attempt at the store does not mend. */
const LASTING: ReadonlySet<string> = new Set(['invalid_argument', 'unauthenticated', 'permission_denied']);

export class ClusterSeeds implements Seeds {
  readonly #address: ClusterAddress;
  readonly #access: EtcdAccess;
  readonly #ended = new AbortController();
  #directory: Promise<EtcdDirectory> | undefined;
  #nodes = NONE;
  #failure: HeadwaterError | undefined;
  #reading: Promise<void> | undefined;
  /** Whether the store has ever answered. */
  #isRead = false;
  /** Whether each change arrives by itself. */
  #isLive = false;

  constructor(address: ClusterAddress, access: EtcdAccess) {
    this.#address = address;
    this.#access = access;
  }

  get addresses(): readonly string[] {
    return this.#nodes.all;
  }

  get hasChoice(): boolean {
    return true;
  }

  get leader(): string | undefined {
    return this.#nodes.leader;
  }

  get failure(): HeadwaterError | undefined {
    if (this.#nodes.all.length > 0) return undefined;
    return this.#failure ?? (this.#isRead ? nobody(this.#address) : unread(this.#address));
  }

  async renew(timeoutMs: number): Promise<void> {
    if (this.#isLive) return;
    const isKnown = this.#nodes.all.length > 0;
    const over = eitherAborts(
      this.#ended.signal,
      AbortSignal.timeout(isKnown ? Math.min(timeoutMs, CLUSTER_ASK_MS / 2) : timeoutMs),
    );
    for (let reads = 0; !over.aborted; reads++) {
      // A read that takes longer goes on, for the next caller.
      await unlessAborted(this.#read(), over).catch(() => {});
      if (this.#nodes.all.length > 0 || LASTING.has(this.#failure?.code ?? '')) return;
      await backOff(reads, over, ASK_AGAIN);
    }
  }

  beginningWith(): Seeds {
    return this;
  }

  /** Watches the leader until `close`, and goes to each new one. */
  follow(client: Follower): void {
    void this.#follow(client);
  }

  async close(): Promise<void> {
    this.#ended.abort();
    const directory = await this.#directory?.catch(() => undefined);
    await directory?.close();
  }

  /** Reads once. Callers at the same time share the answer. */
  #read(): Promise<void> {
    this.#reading ??= this.#ask().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #ask(): Promise<void> {
    try {
      const directory = await this.#opened();
      this.#found(await directory.read());
    } catch (error) {
      this.#failure = notRead(this.#address, error);
    }
  }

  /** A directory that could not be opened is opened again at the next question, as when a file was not there yet. */
  #opened(): Promise<EtcdDirectory> {
    const opening =
      this.#directory ??
      import('./etcd-directory.js').then((module) => new module.EtcdDirectory(this.#address, this.#access));
    this.#directory = opening;
    opening.catch(() => {
      if (this.#directory === opening) this.#directory = undefined;
    });
    return opening;
  }

  /** Nodes that are gone from the store stay known: they may live without it. */
  #found(nodes: KnownNodes): void {
    this.#failure = undefined;
    this.#isRead = true;
    if (nodes.all.length > 0) this.#nodes = nodes;
  }

  /** A client that ends soon, such as a command, never watches. */
  async #follow(client: Follower): Promise<void> {
    await sleep(systemClock, CLUSTER_WATCH_AFTER_MS, this.#ended.signal);
    for (let failures = 0; !this.#ended.signal.aborted; failures++) {
      try {
        const directory = await this.#opened();
        await this.#watch(directory, client);
        failures = 0;
      } catch (error) {
        this.#failure = notRead(this.#address, error);
      }
      this.#isLive = false;
      const waitMs = doubledMs(ASK_AGAIN.minMs, failures, ASK_AGAIN.maxMs);
      await sleep(systemClock, waitMs, this.#ended.signal);
    }
  }

  /** A node has the leader key for a moment before it takes writes. */
  async #goTo(leader: string, { address, consider }: Follower): Promise<void> {
    const { signal } = this.#ended;
    for (let attempts = 0; attempts < ATTEMPTS_MAX && this.#nodes.leader === leader; attempts++) {
      if (signal.aborted || address() === leader) return;
      await consider();
      if (address() !== leader) await sleep(systemClock, doubledMs(ASK_AGAIN.minMs, attempts, ASK_AGAIN.maxMs), signal);
    }
  }

  /** Resolves when the watch has to be begun again. */
  async #watch(directory: EtcdDirectory, client: Follower): Promise<void> {
    let end = () => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    const watch = await directory.watch({
      found: (nodes) => {
        const { leader } = this.#nodes;
        this.#found(nodes);
        if (nodes.leader !== undefined && nodes.leader !== leader) void this.#goTo(nodes.leader, client);
      },
      isLive: (isLive) => {
        this.#isLive = isLive;
      },
      ended: () => end(),
    });
    this.#ended.signal.addEventListener('abort', end, { once: true });
    // The client may have been closed while the watch began.
    if (this.#ended.signal.aborted) end();
    await over;
    this.#ended.signal.removeEventListener('abort', end);
    watch.close();
  }
}

function where({ name, endpoints }: ClusterAddress): string {
  return `the cluster ${JSON.stringify(name)} in etcd at ${endpoints.join(',')}`;
}

function nobody(address: ClusterAddress): HeadwaterError {
  return new HeadwaterError(
    'unreachable',
    `${where(address)} has no leader and no nodes. Start a node of it, or check the name`,
  );
}

function unread(address: ClusterAddress): HeadwaterError {
  return new HeadwaterError('unreachable', `${where(address)} could not be read in time. Is etcd there?`);
}

/** A module that is loaded late may have a class of errors of its own, so the code counts. */
function notRead(address: ClusterAddress, error: unknown): HeadwaterError {
  const { code: given, message } = error as HeadwaterError;
  const code = ERROR_CODES.find((one) => one === given) ?? 'internal';
  return new HeadwaterError(code, `${where(address)} could not be read: ${message}`, { cause: error });
}
