/**
 * The operations of clients, writes above all. A leader hands writes to the writer; a node that takes no writes refuses
 * them one by one and answers the reads beside them. While the node does not know which node takes writes, they wait at
 * the gate (gate.ts).
 */
import type { LogicalClock } from '../base/clock.js';
import { HeadwaterError, shuttingDown } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import type { Limits } from '../commands/view.js';
import type { KeyspaceSnapshot } from '../keyspace/snapshot.js';
import type { Operation, Reply } from '../model/operation.js';
import type { Position } from '../model/position.js';
import { isWrite } from '../model/write-kinds.js';
import type { StoreData } from './data.js';
import type { Gate } from './gate.js';
import { GatheredReads } from './gathered-reads.js';
import type { Generation } from './generation.js';
import type { LeadershipTerm } from './leadership-term.js';
import { readAll } from './reader.js';
import { askingFollowers, refusingWrites, superseded } from './refusals.js';
import type { RecordChanges, Records, ReservedRecords } from './reserved-records.js';
import type { Roles } from './roles.js';
import type { Space } from './space.js';
import type { Tenures } from './tenures.js';
import { WriteGuards } from './write-guards.js';
import type { WriteWaits } from './write-waits.js';
import type { Submitted } from './written.js';

/** A message to publish. */
export interface Message {
  readonly channel: Buffer;
  readonly data: Buffer;
  /** Whether the message goes into the log, as a command. */
  readonly durable: boolean;
}

export interface WritesOptions {
  readonly limits: Limits;
  readonly space: Space;
  readonly clock: LogicalClock;
  readonly gate: Gate;
  readonly roles: Roles;
  readonly data: StoreData;
  readonly tenures: Tenures;
  readonly waits: WriteWaits;
  readonly term: LeadershipTerm;
  readonly reserved: Pick<ReservedRecords, 'writeThrough'>;
}

export class Writes {
  readonly limits: Limits;
  /** Whether, why and how long writes wait for the disk. */
  readonly waits: WriteWaits;
  /** The reasons for which a leader refuses writes for a while, or answers them late. */
  readonly guards: WriteGuards;
  readonly #clock: LogicalClock;
  readonly #gate: Gate;
  readonly #roles: Roles;
  readonly #data: StoreData;
  readonly #tenures: Tenures;
  readonly #term: LeadershipTerm;
  /** The latest end of asking, milliseconds since the epoch. */
  #asksUntilMs = 0;
  /** The end of all writes; resolves when the last one is done. */
  #lastWrite: Promise<Position> | undefined;
  readonly #reads = new GatheredReads(async (operations, replyBytesMax) => {
    const generation = this.#data.serving;
    const replies = await readAll(operations, generation.keyspace, this.#clock.now(), this.limits, replyBytesMax);
    return { replies, position: generation.log.end };
  });

  constructor({ limits, waits, space, clock, gate, roles, data, tenures, term, reserved }: WritesOptions) {
    this.limits = limits;
    this.waits = waits;
    this.guards = new WriteGuards(space, term);
    this.#clock = clock;
    this.#gate = gate;
    this.#roles = roles;
    this.#data = data;
    this.#tenures = tenures;
    this.#term = term;
    reserved.writeThrough((decide, bytes) => this.#decree(decide, bytes));
  }

  /** Bytes of operations that wait for the writer or at the gate. */
  get queuedBytes(): number {
    return (this.#tenures.writer?.queuedBytes ?? 0) + this.#gate.heldBytes;
  }

  /** Resolves when `queuedBytes` is at most `bytes`, or `signal` aborts. */
  async whenQueueBelow(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.queuedBytes > bytes && this.#gate.isClosed) await this.#gate.whenOpen(signal);
    await this.#tenures.writer?.whenQueueBelow(bytes, signal);
  }

  /**
   * Returns one reply per operation, in order. Refusals of single operations are replies. The promise rejects if the
   * whole could not be done.
   * @param options.ordered executes behind all writes submitted before, even if all operations only read.
   * @param options.replyBytesMax lets reads that are not ordered be answered in part: see readAll.
   */
  submit(
    operations: readonly Operation[],
    options: { bytes: number; ordered: boolean; replyBytesMax?: number },
  ): Promise<Submitted> {
    const writes = operations.some(isWrite);
    const isOrdered = writes || options.ordered;
    if (isOrdered && (this.#gate.isClosed || this.#lastWrite)) return this.#submitLater(operations, options);
    try {
      return this.#submitNow(operations, options, writes);
    } catch (failure) {
      return Promise.reject(failure);
    }
  }

  async #submitLater(
    operations: readonly Operation[],
    options: { bytes: number; ordered: boolean; replyBytesMax?: number },
  ): Promise<Submitted> {
    if (this.#gate.isClosed) await this.#gate.pass(options.bytes);
    // Reads and writes wait for the end of all writes, so that they see all that was submitted before.
    if (this.#lastWrite) await this.#lastWrite;
    return this.#submitNow(operations, options, operations.some(isWrite));
  }

  /** A message that writes has no promise but that of the writer. Another would cost as much as a small command. */
  #submitNow(
    operations: readonly Operation[],
    options: { bytes: number; ordered: boolean; replyBytesMax?: number },
    writes: boolean,
  ): Promise<Submitted> {
    const generation = this.#data.serving;
    const { writer } = this.#tenures;
    const refusal = writer && writes ? this.guards.refusalOf(options.bytes) : undefined;
    if (refusal) return this.#refusing(operations, options, refusal, generation.log.end);
    if (writer && (writes || options.ordered)) {
      const submitted = writer.submit(operations, options.bytes);
      return this.guards.mayAnswer ? this.#held(submitted, ({ position }) => position.offset) : submitted;
    }
    if (!writes) return this.#reads.ask(operations, options.replyBytesMax);
    return this.#readAround(operations, generation);
  }

  /**
   * Gives a message its place among a leader's writes: in the log if it is durable, else between two blocks.
   * @returns the offset of the message, or of the block that it follows.
   * @throws HeadwaterError `read_only_follower`, `unavailable`, `outcome_unknown`.
   */
  async publish({ channel, data, durable }: Message): Promise<number> {
    if (this.#gate.isClosed) await this.#gate.pass(channel.length + data.length);
    const generation = this.#data.serving;
    const { writer } = this.#tenures;
    if (!writer) throw this.#whyNone();
    if (durable) {
      const refusal = this.guards.refusalOf(channel.length + data.length);
      if (refusal) throw refusal;
      return this.#held(writer.publish(channel, data), (offset) => offset);
    }
    const { log } = generation;
    let offset = 0;
    const add = () => {
      offset = log.end.offset;
      log.interludes.add({ kind: 'message', channel, data });
    };
    await writer.note(add, channel.length + data.length);
    return offset;
  }

  /**
   * Adds a mark behind the last block, for all nodes below, and freezes the keyspace there. Nothing is written in
   * between.
   * @param said called in the same turn.
   * @returns the keyspace at that offset; the caller releases it.
   */
  async mark(markId: string, said: () => void = () => {}): Promise<KeyspaceSnapshot> {
    const { writer } = this.#tenures;
    const { checkpointer, log } = this.#data.serving;
    if (!writer) throw this.#whyNone();
    let frozen: Promise<KeyspaceSnapshot> | undefined;
    await writer.between(async () => {
      log.interludes.add({ kind: 'mark', markId });
      frozen = checkpointer.snapshotHere();
      said();
      frozen.catch(() => {});
    });
    invariant(frozen, 'work between two blocks has been done');
    return frozen;
  }

  /**
   * Adds a mark that serves no comparison, for all nodes below, and freezes the keyspace there. A leader does it as
   * `mark` does, a follower behind its last block.
   * @returns the keyspace at that offset; the caller releases it.
   */
  async freeze(markId: string): Promise<KeyspaceSnapshot> {
    if (this.#tenures.writer) return this.mark(markId);
    const { checkpointer, log } = this.#data.serving;
    log.interludes.add({ kind: 'mark', markId });
    return checkpointer.snapshotHere();
  }

  /**
   * Lets writes wait from here on. Pending writes are finished, and nothing is appended after them until `resume`, or
   * until the role has changed.
   * @returns the end of the log.
   */
  async pause(): Promise<Position> {
    this.#gate.close();
    return this.#tenures.hold();
  }

  /**
   * Lets writes continue. Does nothing if the role has changed meanwhile and the node does not know yet which node
   * takes them.
   */
  resume(): void {
    this.#tenures.release();
    this.#gate.openIfSettled();
  }

  /**
   * Ends writes before a stop: a leader takes no more writes and expires no more keys, and answers reads. Pending
   * writes are finished, and nothing is appended after them.
   * @returns the final end of the log. `Store.close` has to follow.
   */
  end(): Promise<Position> {
    this.#lastWrite ??= this.#tenures.endWrites(shuttingDown());
    return this.#lastWrite;
  }

  /**
   * Refuses, before a stop, the writes that wait for the end of a hand-over; none of them has begun. `Store.close` has
   * to follow.
   */
  refuseWaiting(): void {
    if (!this.#gate.isClosed) return;
    this.end().catch(() => {});
    this.#gate.open();
  }

  /** Sets the latest end of asking, milliseconds since the epoch, for people. */
  asksUntil(timeMs: number): void {
    this.#asksUntilMs = timeMs;
  }

  /** The reason why this leader takes no writes; undefined if it does, and on a follower. */
  get refusal(): HeadwaterError | undefined {
    const { role, supersededBy, asking } = this.#roles;
    // A stopped process may have missed the end of its term.
    return role === 'leader' && (supersededBy || asking || this.#term.look()) ? this.#whyNone() : undefined;
  }

  /** The reason why this node takes no writes. */
  #whyNone(): HeadwaterError {
    const { role, upstream, supersededBy, asking } = this.#roles;
    if (this.#lastWrite) return shuttingDown();
    if (role === 'follower') return this.guards.ofFollower(upstream);
    if (supersededBy) return superseded(supersededBy);
    if (asking) return askingFollowers(this.#asksUntilMs);
    if (this.#term.ended) return this.#term.ended;
    return new HeadwaterError('unavailable', 'this node is changing its role');
  }

  /** Changes records of the node itself: see ReservedRecords.change. */
  async #decree(decide: (records: Records) => RecordChanges, bytes: number): Promise<number> {
    if (this.#gate.isClosed) await this.#gate.pass(bytes);
    const { writer } = this.#tenures;
    if (!writer || this.#data.notServing) throw this.#data.notServing ?? this.#whyNone();
    const refusal = this.guards.refusalOf(bytes);
    if (refusal) throw refusal;
    return this.#held(writer.decree(decide, bytes), (offset) => offset);
  }

  /** Keeps the answer of a write back until the nodes that may lead next have it. */
  async #held<Answer>(answer: Promise<Answer>, offsetOf: (answer: Answer) => number): Promise<Answer> {
    const done = await answer;
    await this.guards.mayAnswer?.(offsetOf(done));
    return done;
  }

  /** Answers reads and refuses writes one by one, on a node that takes no writes. */
  async #readAround(operations: readonly Operation[], generation: Generation): Promise<Submitted> {
    const replies = await refusingWrites(operations, this.#whyNone(), (reads) =>
      inParts(reads, async (rest) => readAll(rest, generation.keyspace, this.#clock.now(), this.limits)),
    );
    return { replies, position: generation.log.end };
  }

  /** Answers reads and refuses writes one by one, on a leader that takes no writes for now. */
  async #refusing(
    operations: readonly Operation[],
    options: { ordered: boolean },
    refusal: HeadwaterError,
    end: Position,
  ): Promise<Submitted> {
    let position = end;
    const replies = await refusingWrites(operations, refusal, (reads) =>
      inParts(reads, async (rest) => {
        const answered = await this.submit(rest, { bytes: 0, ordered: options.ordered });
        // The data may have been replaced meanwhile.
        position = answered.position;
        return answered.replies;
      }),
    );
    return { replies, position };
  }
}

/** Asks again for the reads that `answer` has left, until all are answered. */
async function inParts(
  reads: readonly Operation[],
  answer: (rest: readonly Operation[]) => Promise<Reply[]>,
): Promise<Reply[]> {
  const answered: Reply[] = [];
  while (answered.length < reads.length) answered.push(...(await answer(reads.slice(answered.length))));
  return answered;
}
