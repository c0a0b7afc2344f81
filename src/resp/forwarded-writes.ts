/**
 * The store of a follower that forwards writes, as one session sees it. Messages that write go to the leader whole, so
 * that their order stays. Later reads of the session wait until this node has what the leader has answered.
 *
 * While the node leads, everything goes to its own store.
 */
import type { Operation, Reply } from '../model/operation.js';
import type { Position } from '../model/position.js';
import { isWrite } from '../model/write-kinds.js';
import type { NodeGuarantees } from '../pipeline/node-guarantees.js';
import type { PipelineStore } from '../pipeline/pipeline.js';

/** The way to the leader, for all sessions of the node. */
export interface LeaderRelay {
  /** Bytes of operations that are not answered. */
  readonly bytes: number;
  whenBelow(bytes: number, signal: AbortSignal): Promise<void>;
  ask(operations: readonly Operation[], bytes: number): Promise<{ replies: Reply[]; position: Position | undefined }>;
}

/** The node that forwards. */
export interface ForwardingNode {
  readonly writes: PipelineStore;
  readonly guarantees: Pick<NodeGuarantees, 'freshness'>;
  readonly roles: { readonly role: 'leader' | 'follower' };
}

type Submitted = Awaited<ReturnType<PipelineStore['submit']>>;

export class ForwardedWrites implements PipelineStore {
  readonly #node: ForwardingNode;
  readonly #relay: LeaderRelay;
  readonly #signal: AbortSignal;
  /** The newest position that the leader has answered with. */
  #seen: Position | undefined;

  /** @param signal aborts when the client is gone. */
  constructor(node: ForwardingNode, relay: LeaderRelay, signal: AbortSignal) {
    this.#node = node;
    this.#relay = relay;
    this.#signal = signal;
  }

  get limits() {
    return this.#node.writes.limits;
  }

  get queuedBytes(): number {
    return this.#node.writes.queuedBytes + this.#relay.bytes;
  }

  async whenQueueBelow(bytes: number, signal: AbortSignal): Promise<void> {
    await this.#relay.whenBelow(bytes, signal);
    await this.#node.writes.whenQueueBelow(bytes, signal);
  }

  async submit(
    operations: readonly Operation[],
    options: { bytes: number; ordered: boolean; replyBytesMax?: number },
  ): Promise<Submitted> {
    const { writes, roles } = this.#node;
    // An ordered read stands behind a write that is forwarded and not answered.
    const isForLeader = options.ordered || operations.some(isWrite);
    if (roles.role === 'leader') return writes.submit(operations, options);
    if (isForLeader) return this.#forward(operations, options);
    if (this.#seen) await this.#whenHere(this.#seen);
    return writes.submit(operations, options);
  }

  async #forward(operations: readonly Operation[], options: { bytes: number; ordered: boolean }): Promise<Submitted> {
    const { replies, position } = await this.#relay.ask(operations, options.bytes);
    this.#seen = position ?? this.#seen;
    if (position) return { replies, position };
    // The leader was not reached. The position of this node is right for an answer that has seen nothing.
    const { position: own } = await this.#node.writes.submit([], { bytes: 0, ordered: false });
    return { replies, position: own };
  }

  async #whenHere(position: Position): Promise<void> {
    const wanted = { atLeast: position, maxStalenessMs: 0, withinMs: 0 };
    await this.#node.guarantees.freshness.whenFresh(wanted, { writes: false, signal: this.#signal });
    // The position was reached, so later reads need not wait for it again.
    if (this.#seen === position) this.#seen = undefined;
  }
}
