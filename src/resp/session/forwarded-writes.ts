/**
 * The store of a follower that forwards writes, as one session sees it. Messages that write go to the leader whole, so
 * that their order stays. Later reads of the session wait until this node has what the leader has answered.
 *
 * While the node leads, everything goes to its own store.
 */
import type { DurabilityReached } from '../../base/error-details.js';
import { HeadwaterError } from '../../base/errors.js';
import type { DurabilityWanted } from '../../model/durability.js';
import type { Operation, Reply } from '../../model/operation.js';
import type { Position } from '../../model/position.js';
import { isWrite } from '../../model/write-kinds.js';
import type { NodeGuarantees } from '../../pipeline/node-guarantees.js';
import type { PipelineStore } from '../../pipeline/pipeline.js';

/** The way to the leader, for all sessions of the node. */
export interface LeaderRelay {
  /** Bytes of operations that are not answered. */
  readonly bytes: number;
  whenBelow(bytes: number, signal: AbortSignal): Promise<void>;
  /**
   * @param durability that the writes need before they are answered. A write that misses it has an error as its reply.
   * @param authorization the user whose operations they are, and its secret. Undefined for nobody.
   */
  ask(
    operations: readonly Operation[],
    bytes: number,
    durability: DurabilityWanted | undefined,
    authorization: string | undefined,
  ): Promise<{ replies: Reply[]; position: Position | undefined }>;
  /** Ends. Operations that are not answered then get an error as their reply. */
  close(): Promise<void>;
}

/** The node that forwards. */
export interface ForwardingNode {
  readonly writes: PipelineStore;
  readonly guarantees: NodeGuarantees;
  readonly roles: { readonly role: 'leader' | 'follower' };
}

/** The client of a session, as forwarding needs it. */
export interface ForwardingOptions {
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
  /** The durability that the client has asked for, for its writes. */
  durability(): DurabilityWanted | undefined;
  /** The user of the client with its secret, which the leader asks for itself. */
  authorization(): string | undefined;
}

/** A write that misses its durability at the leader has an error as its reply, so the others have reached it. */
const GIVEN_BY_LEADER: DurabilityReached = Object.freeze({
  reached: true,
  synced: false,
  followersAppended: 0,
  followersSynced: 0,
  unsyncedHere: false,
});

type Submitted = Awaited<ReturnType<PipelineStore['submit']>>;

export class ForwardedWrites implements PipelineStore {
  readonly #node: ForwardingNode;
  readonly #relay: LeaderRelay;
  readonly #options: ForwardingOptions;
  /** The newest position that the leader has answered with. */
  #seen: Position | undefined;

  constructor(node: ForwardingNode, relay: LeaderRelay, options: ForwardingOptions) {
    this.#node = node;
    this.#relay = relay;
    this.#options = options;
  }

  /** The guarantees of the node, without those that the leader gives for forwarded writes. */
  get guarantees(): NodeGuarantees {
    const { guarantees, roles } = this.#node;
    const { durability, freshness } = guarantees;
    const isForwarded = () => roles.role === 'follower';
    return {
      durability: {
        reach: (position, wanted, signal) =>
          isForwarded() ? Promise.resolve(GIVEN_BY_LEADER) : durability.reach(position, wanted, signal),
      },
      freshness: {
        get refusal() {
          return freshness.refusal;
        },
        whenFresh: (wanted, options) =>
          options.writes && isForwarded() ? Promise.resolve() : freshness.whenFresh(wanted, options),
      },
    };
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
    const { replies, position } = await this.#relay.ask(
      operations.map(withoutWatches),
      options.bytes,
      this.#options.durability(),
      this.#options.authorization(),
    );
    this.#seen = position ?? this.#seen;
    if (position) return { replies, position };
    // The leader was not reached. The position of this node is right for an answer that has seen nothing.
    const { position: own } = await this.#node.writes.submit([], { bytes: 0, ordered: false });
    return { replies, position: own };
  }

  async #whenHere(position: Position): Promise<void> {
    const wanted = { atLeast: position, maxStalenessMs: 0, withinMs: 0 };
    try {
      await this.#node.guarantees.freshness.whenFresh(wanted, { writes: false, signal: this.#options.signal });
    } catch (failure) {
      // The client learns once that the cluster has lost what the client has seen.
      if (HeadwaterError.is(failure, 'lost_branch')) this.#forget(position);
      throw failure;
    }
    this.#forget(position);
  }

  #forget(position: Position): void {
    if (this.#seen === position) this.#seen = undefined;
  }
}

/** The operation as another node understands it: a watch belongs to this node, and leaves the version alone. */
function withoutWatches(operation: Operation): Operation {
  if (operation.kind !== 'transact' || !operation.conditions.some((condition) => 'watch' in condition))
    return operation;
  const conditions = operation.conditions.map((condition) =>
    condition.test === 'version' ? { key: condition.key, test: condition.test, version: condition.version } : condition,
  );
  return { ...operation, conditions };
}
