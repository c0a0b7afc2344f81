/**
 * Comparison of nodes while they serve. The leader puts a mark between two
 * blocks and freezes its keyspace there. Every node freezes at the same mark,
 * hence at the same offset of the same log, and reports the digest of what it
 * froze. Reports go up from node to node. Each report names the nodes below its
 * sender, so the leader knows for which nodes it has to wait.
 */

import { unlessAborted } from '../base/abort.js';
import type { Clock } from '../base/clock.js';
import { HeadwaterError, shuttingDown } from '../base/errors.js';
import { COMPARISONS_MAX } from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { RepeatedLog } from '../base/repeated-log.js';
import { isDamage } from '../keyspace/record.js';
import type { KeyspaceSnapshot } from '../keyspace/snapshot.js';
import type { ComparedNode, CompareReply, DigestReport, NodeName } from '../model/comparison.js';
import type { Position } from '../model/position.js';
import type { NodeIdentity } from '../store/node-identity.js';
import { leaderIn } from '../store/refusals.js';
import type { Roles } from '../store/roles.js';
import type { Snapshots } from '../store/snapshots.js';
import type { Writes } from '../store/writes.js';
import { HeldMarks } from './held-marks.js';

/** The parts of the store that this file needs. */
export interface ComparisonStore {
  readonly roles: Pick<Roles, 'role' | 'upstream'>;
  readonly writes: Pick<Writes, 'mark'>;
  readonly snapshots: Pick<Snapshots, 'here'>;
  readonly identity: Pick<NodeIdentity, 'nodeId'>;
}

export interface ComparisonsOptions {
  readonly store: ComparisonStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A value drawn at each start of the process. */
  readonly nonce: string;
  /** host:port at which this node listens. */
  address(): string;
  /** The neighbours of this node in the tree. */
  tree(): Tree;
}

/** The tree of nodes, as far as a comparison needs it. */
export interface Tree {
  /** The followers that will receive a mark placed now. */
  readonly followers: { readonly names: readonly NodeName[] };
  /** The link to the upstream. A report is lost if there is no session. */
  readonly link: { send(report: DigestReport): void };
}

/** A comparison that this node runs as the leader. */
interface Running {
  readonly expected: Map<string, string>;
  readonly reports: Map<string, DigestReport>;
  heard(): void;
  /** Ends the wait for reports. */
  stop(): void;
}

export class Comparisons {
  readonly #options: ComparisonsOptions;
  readonly #log: RepeatedLog;
  /** The keyspaces frozen for the last comparisons. */
  readonly held: HeldMarks;
  readonly #running = new Map<string, Running>();
  readonly #closing = new AbortController();
  #begun = 0;
  #differences = 0;

  constructor(options: ComparisonsOptions) {
    this.#options = options;
    this.#log = RepeatedLog.of(options);
    this.held = new HeldMarks(options.clock);
  }

  /** Nodes found to differ from this leader, since it started. */
  get differences(): number {
    return this.#differences;
  }

  /** Ends the comparisons that run, and refuses others. Releases the held keyspaces, and holds no others. */
  close(): void {
    this.#closing.abort(shuttingDown());
    this.held.close();
  }

  /**
   * Compares, at the leader, all connected nodes, for at most `timeoutMs`.
   * @throws HeadwaterError `read_only_follower` with the address of the
   *   upstream; `overloaded` if too many comparisons run; `corrupt` if the
   *   leader's own records are damaged; `shutting_down` if the node stops.
   */
  async compare(timeoutMs: number): Promise<CompareReply> {
    const { store, nonce } = this.#options;
    this.#closing.signal.throwIfAborted();
    if (store.roles.role !== 'leader')
      throw new HeadwaterError(
        'read_only_follower',
        `only a leader compares nodes, and this node is a follower; its upstream is ${store.roles.upstream}`,
        { details: leaderIn(store.roles.upstream) },
      );
    if (this.#running.size >= COMPARISONS_MAX)
      throw new HeadwaterError(
        'overloaded',
        `${this.#running.size} comparisons are running already. Try again when one has ended`,
      );
    // The ID is unique over all comparisons of all leaders.
    const markId = `${store.identity.nodeId} ${nonce} ${++this.#begun}`;
    const running: Running = { expected: new Map(), reports: new Map(), heard: () => {}, stop: () => {} };
    this.#running.set(markId, running);
    try {
      const snapshot = await store.writes.mark(markId, () => expect(running, this.#below));
      const reported = this.#reports(running, timeoutMs);
      const own = await this.#digestOf(snapshot, markId).catch(refuseToCompare);
      await unlessAborted(reported, this.#closing.signal);
      return { ...this.#judge(snapshot.position, own, running), markId };
    } finally {
      running.stop();
      this.#running.delete(markId);
    }
  }

  /**
   * Handles a mark at a follower, in the order of the log. The keyspace freezes
   * in this turn, before any other block enters. The report follows in the
   * background.
   */
  marked(markId: string): void {
    void this.#answer(markId, this.#below, this.#options.store.snapshots.here());
  }

  /** Handles a mark at a follower that has no keyspace at the mark's offset, because it is loading one. */
  unable(markId: string, why: string): void {
    this.#send(markId, this.#below, { offset: 0, keys: 0, digest: Buffer.alloc(0), error: why });
  }

  /** Takes a report from a node below. */
  reported(report: DigestReport): void {
    const running = this.#running.get(report.markId);
    if (running) {
      running.reports.set(report.nodeId, report);
      expect(running, report.below);
      running.heard();
    } else if (this.#options.store.roles.role === 'follower') {
      this.#options.tree().link.send(report);
    }
  }

  get #below(): readonly NodeName[] {
    return this.#options.tree().followers.names;
  }

  async #answer(markId: string, below: readonly NodeName[], frozen: Promise<KeyspaceSnapshot>): Promise<void> {
    try {
      const snapshot = await frozen;
      const { keys, digest } = await this.#digestOf(snapshot, markId);
      this.#send(markId, below, { offset: snapshot.position.offset, keys, digest, error: '' });
    } catch (error) {
      const { message } = HeadwaterError.from(error);
      this.#send(markId, below, { offset: 0, keys: 0, digest: Buffer.alloc(0), error: message });
    }
  }

  /** Holds the snapshot afterwards, even if it is damaged: questions about ranges of it may follow. */
  async #digestOf(snapshot: KeyspaceSnapshot, markId: string): Promise<{ keys: number; digest: Buffer }> {
    let hold = false;
    try {
      const digest = await snapshot.digest();
      hold = true;
      return digest;
    } catch (error) {
      hold = isDamage(error);
      throw error;
    } finally {
      if (hold) this.held.hold(markId, snapshot);
      else await snapshot.release();
    }
  }

  #send(
    markId: string,
    below: readonly NodeName[],
    answer: Pick<DigestReport, 'offset' | 'keys' | 'digest' | 'error'>,
  ): void {
    const { store, address, tree } = this.#options;
    tree().link.send({
      kind: 'digestReport',
      markId,
      nodeId: store.identity.nodeId,
      address: address(),
      below,
      ...answer,
    });
  }

  /** Resolves when all expected nodes have answered, or after `timeoutMs`. */
  #reports(running: Running, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      running.stop = this.#options.clock.after(timeoutMs, resolve);
      running.heard = () => {
        for (const nodeId of running.expected.keys()) if (!running.reports.has(nodeId)) return;
        resolve();
      };
      running.heard();
    });
  }

  #judge(
    position: Position,
    own: { keys: number; digest: Buffer },
    { expected, reports }: Running,
  ): Omit<CompareReply, 'markId'> {
    const nodes = [...expected].map(([nodeId, address]): ComparedNode => {
      const report = reports.get(nodeId);
      const silent = { nodeId, address, outcome: 'silent', offset: 0, keys: 0, digest: '', message: '' } as const;
      if (!report) return silent;
      const { offset, keys, error } = report;
      const seen = { ...silent, offset, keys, digest: report.digest.toString('hex') };
      if (error !== '') return { ...seen, outcome: 'unable', message: error };
      const equal = offset === position.offset && keys === own.keys && report.digest.equals(own.digest);
      return { ...seen, outcome: equal ? 'equal' : 'different' };
    });
    const digest = own.digest.toString('hex');
    for (const node of nodes) if (node.outcome === 'different') this.#alarm(position, own.keys, digest, node);
    return { offset: position.offset, replicationId: position.replicationId, keys: own.keys, digest, nodes };
  }

  #alarm({ offset }: Position, keys: number, digest: string, node: ComparedNode): void {
    this.#differences++;
    this.#log.error(
      {
        node_id: node.nodeId,
        address: node.address,
        offset,
        keys,
        digest,
        their_keys: node.keys,
        their_digest: node.digest,
      },
      `DIFFERENT: at offset ${offset} the node ${node.address || node.nodeId} holds ${node.keys} keys with the digest ${node.digest}, this leader ${keys} with ${digest}. Run "compare --ranges --repair" to find and repair the ranges, or "follow --full" on that node`,
      node.nodeId,
    );
  }
}

/** Damaged records of the leader say nothing about other nodes. */
function refuseToCompare(error: unknown): never {
  if (!isDamage(error)) throw error;
  const remedy =
    'Run "verify" on the leader to list them. Then hand over to an undamaged follower ("failover"), and run "compare --ranges --repair" there';
  throw new HeadwaterError(
    error.code,
    `the leader's own records are damaged, so no node can be compared with them: ${error.message}. ${remedy}`,
    { cause: error },
  );
}

function expect({ expected }: Running, names: readonly NodeName[]): void {
  for (const { nodeId, address } of names) if (!expected.has(nodeId)) expected.set(nodeId, address);
}
