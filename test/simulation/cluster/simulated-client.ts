/**
 * The client of etcd of one life of a simulated node, in place of the product's own: requests come late, also after the
 * client has given them up, answers are lost after success, and watches lag, break and fall behind a compaction.
 */
import { Continuity } from '../../../src/cluster/etcd/continuity.js';
import { EtcdRefusal, EtcdUnreachable } from '../../../src/cluster/etcd/errors.js';
import type {
  EtcdEvent,
  EtcdHeader,
  EtcdLease,
  EtcdRange,
  EtcdTransaction,
  EtcdTransactionReply,
  EtcdUnknownLease,
  EtcdWatch,
  EtcdWatchListener,
} from '../../../src/cluster/etcd/model.js';
import type { EtcdStoreOptions } from '../../../src/cluster/etcd-store.js';
import type { MemoryEtcd } from './memory-etcd.js';
import type { World } from './world.js';

/** The node that has the client. */
export interface ClientHost {
  readonly world: World;
  readonly etcd: MemoryEtcd;
  readonly requestMs: number;
  readonly nowMs: number;
  readonly reachesEtcd: boolean;
  /** Whether the member that serves the watch of this node is far behind. */
  readonly watchLags: boolean;
  /** Runs a task of this life, after a pause if the process stands still then. */
  later(delayMs: number, task: () => void): void;
}

type StoreClient = EtcdStoreOptions['client'];

export class SimulatedClient implements StoreClient {
  readonly #host: ClientHost;
  readonly #continuity = new Continuity();

  constructor(host: ClientHost) {
    this.#host = host;
  }

  async grantLease(ttlSeconds: number): Promise<EtcdLease> {
    const askedMs = this.#host.nowMs;
    const { lease, header } = await this.#ask(true, (etcd) => ({ lease: etcd.grant(ttlSeconds), header: etcd.header }));
    return { outcome: 'alive', lease, header, ttlSeconds, askedMs };
  }

  async keepAlive(lease: bigint): Promise<EtcdLease | EtcdUnknownLease> {
    const askedMs = this.#host.nowMs;
    const kept = (etcd: MemoryEtcd) => ({ ttlSeconds: etcd.keepAlive(lease), header: etcd.header });
    const { ttlSeconds, header } = await this.#ask(false, kept);
    if (ttlSeconds === undefined) return { outcome: 'unknown_lease' };
    return { outcome: 'alive', lease, header, ttlSeconds, askedMs };
  }

  async revokeLease(lease: bigint): Promise<'revoked'> {
    await this.#ask(true, (etcd) => {
      etcd.revoke(lease);
      return { header: etcd.header };
    });
    return 'revoked';
  }

  range(keys: { key: string } | { prefix: string }): Promise<EtcdRange> {
    return this.#ask(true, (etcd) => etcd.range('prefix' in keys ? keys.prefix : keys.key));
  }

  transaction(transaction: EtcdTransaction): Promise<EtcdTransactionReply> {
    return this.#ask(true, (etcd) => etcd.transaction(transaction));
  }

  watch(_prefix: string, fromRevision: bigint | undefined, listener: EtcdWatchListener): EtcdWatch {
    return new SimulatedWatch(this.#host, fromRevision ?? 0n, listener);
  }

  #ask<T extends { readonly header: EtcdHeader }>(isInOrder: boolean, carryOut: (etcd: MemoryEtcd) => T): Promise<T> {
    const { world, etcd, requestMs } = this.#host;
    const floor = isInOrder ? this.#continuity.revision : undefined;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const end = (settle: () => void) => {
        if (isOver) return;
        isOver = true;
        world.turns();
        settle();
      };
      const late = () => reject(new EtcdUnreachable('etcd: no answer in time', { mayBeDone: true }));
      this.#host.later(requestMs, () => end(late));
      const judge = (answer: T | EtcdRefusal) => {
        if (answer instanceof EtcdRefusal) return reject(answer);
        try {
          this.#continuity.check(answer.header, floor, 'etcd');
          resolve(answer);
        } catch (error) {
          reject(error);
        }
      };
      world.after(world.latencyMs(), () => {
        if (!this.#host.reachesEtcd) return;
        const answer = answerOf(() => carryOut(etcd));
        world.after(world.latencyMs(), () => {
          if (this.#host.reachesEtcd) this.#host.later(0, () => end(() => judge(answer)));
        });
      });
    });
  }
}

function answerOf<T>(carryOut: () => T): T | EtcdRefusal {
  try {
    return carryOut();
  } catch (error) {
    if (error instanceof EtcdRefusal) return error;
    throw error;
  }
}

class SimulatedWatch implements EtcdWatch {
  nextRevision: bigint;
  readonly #host: ClientHost;
  readonly #listener: EtcdWatchListener;
  #isClosed = false;
  #isBroken = false;
  #restarts: number;
  #deliverMs = 0;
  /** Messages under way, in order. */
  readonly #messages: Array<(listener: EtcdWatchListener) => void> = [];

  constructor(host: ClientHost, from: bigint, listener: EtcdWatchListener) {
    this.#host = host;
    this.#listener = listener;
    this.nextRevision = from;
    this.#restarts = host.etcd.restarts;
    this.#pump();
  }

  close(): void {
    this.#isClosed = true;
  }

  #pump(): void {
    if (this.#isClosed) return;
    this.#host.later(this.#host.world.between(15, 40), () => this.#pump());
    const { etcd, reachesEtcd, watchLags } = this.#host;
    if (!reachesEtcd || etcd.restarts !== this.#restarts) this.#break();
    this.#restarts = etcd.restarts;
    if (!reachesEtcd || watchLags) return;
    if (this.#isBroken) this.#deliver(({ watching }) => watching?.call(this.#listener, etcd.header));
    this.#isBroken = false;
    this.#fetch();
  }

  #break(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#deliver(({ interrupted }) => interrupted?.call(this.#listener, new Error('the stream broke')));
  }

  #fetch(): void {
    const { world, etcd } = this.#host;
    const states = etcd.since(this.nextRevision);
    if (!states) {
      this.#isClosed = true;
      return this.#deliver((listener) => listener.compacted(etcd.header.revision), true);
    }
    const [last] = states.slice(-1);
    if (!last) return;
    this.nextRevision = last.revision + 1n;
    const messages = world.dice.chance(0.3) ? [states.flatMap(({ events }) => events)] : states.map((s) => s.events);
    for (const events of messages) if (events.length > 0) this.#deliverEvents(events);
  }

  #deliverEvents(events: readonly EtcdEvent[]): void {
    const { header } = this.#host.etcd;
    this.#deliver((listener) => listener.events(events, header));
  }

  /** Delivers in order. */
  #deliver(tell: (listener: EtcdWatchListener) => void, isLast = false): void {
    const { world } = this.#host;
    this.#deliverMs = Math.max(this.#deliverMs, world.nowMs + world.latencyMs());
    this.#messages.push(tell);
    this.#host.later(this.#deliverMs - world.nowMs, () => {
      const next = this.#messages.shift();
      if (this.#isClosed && !isLast) return;
      world.turns();
      next?.(this.#listener);
    });
  }
}
