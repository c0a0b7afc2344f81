/**
 * The commands that have not been sent, in the order in which they were asked. Commands that were sent before and
 * certainly not done go again. Commands that a node has refused for now are held until their next attempt.
 *
 * Invariant: commands that were asked after a held write wait behind it, so that writes keep their order, and a read
 * sees the writes before it. If a later write was done all the same, because it was on its way, the write that waits to
 * go again is rejected: sent again, it would overwrite the later one. Both hold for another node too.
 */
import { HeadwaterError } from '../base/errors.js';
import { Fifo } from '../base/fifo.js';
import { BATCH_BYTES_TARGET, QUEUE_ENDED_MIN } from '../base/limits.js';
import { sameGuarantees } from './guarantees.js';
import { type PendingCommand, retriesOf } from './pending-command.js';

export class CommandQueue {
  /** Commands that were sent before, in their order. */
  #again: PendingCommand[] = [];
  #held: PendingCommand[] = [];
  readonly #queue = new Fifo<PendingCommand>();
  /** No write of a lower order waits to go again. */
  #firstWrite = Number.POSITIVE_INFINITY;
  /** Bytes of the queued commands whose callers still wait. */
  #bytes = 0;
  /** Commands in the queue that have ended by their own deadline or signal. */
  #ended = 0;

  /** True if there is no command that could be sent. Commands may be held. */
  get isEmpty(): boolean {
    return this.#again.length === 0 && this.#queue.length === 0;
  }

  /** The command that has been held the longest, if any is held. */
  get held(): PendingCommand | undefined {
    return this.#held[0];
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(pending: PendingCommand): void {
    pending.place = 'queued';
    this.#queue.push(pending);
    this.#bytes += pending.bytes;
  }

  /** Queues a command to be sent once more, in its order among those that were put back. */
  putBack(pending: PendingCommand): void {
    if (pending.settled) return;
    pending.place = 'queued';
    this.#add(this.#again, pending);
    this.#bytes += pending.bytes;
  }

  /** Keeps a command until `release`. */
  hold(pending: PendingCommand): void {
    if (pending.settled) return;
    pending.place = 'queued';
    this.#add(this.#held, pending);
    this.#bytes += pending.bytes;
  }

  /** Queues the held commands, or the held reads alone, to be sent once more, before all others. */
  release(which: 'all' | 'reads' = 'all'): void {
    const isReleased = ({ writes }: PendingCommand) => which === 'all' || !writes;
    this.#again = [...this.#held.filter(isReleased), ...this.#again].sort(byOrder);
    this.#held = this.#held.filter((pending) => !isReleased(pending));
  }

  /** Rejects the waiting writes that were asked before a write that was done, or may have been. */
  passedBy(done: PendingCommand): void {
    if (done.order < this.#firstWrite) return;
    this.#merge();
    const passed: PendingCommand[] = [];
    let firstWrite = Number.POSITIVE_INFINITY;
    const stays = (pending: PendingCommand) => {
      if (!pending.writes || pending.settled) return true;
      if (pending.order < done.order) {
        passed.push(pending);
        return false;
      }
      firstWrite = Math.min(firstWrite, pending.order);
      return true;
    };
    this.#held = this.#held.filter(stays);
    this.#queue.putBack(this.#queue.takeAll().filter(stays));
    this.#firstWrite = firstWrite;
    for (const pending of passed) this.#reject(pending);
  }

  /** Removes the commands that a node has refused, and that no other node was found for. */
  takeRefused(): PendingCommand[] {
    this.#merge();
    const refused: PendingCommand[] = [];
    const left: PendingCommand[] = [];
    for (const pending of this.#queue.takeAll()) {
      const isRefused = !pending.settled && pending.retries?.refusal !== undefined;
      (isRefused ? refused : left).push(pending);
      if (isRefused) this.#bytes -= pending.bytes;
    }
    this.#queue.putBack(left);
    return refused;
  }

  /**
   * Notes that a command has ended by its own deadline or signal. If the command is in the queue, it takes up no memory
   * from then on.
   */
  ended(pending: PendingCommand): void {
    if (pending.place !== 'queued') return;
    this.#bytes -= pending.bytes;
    this.#ended++;
    const count = this.#again.length + this.#queue.length + this.#held.length;
    if (this.#ended >= QUEUE_ENDED_MIN && this.#ended * 2 > count) this.#settle(() => {});
  }

  /**
   * Takes commands for about one message. Returns an empty list only if the queue holds no command but given-up ones. A
   * large command goes alone.
   * @param readsPass true if reads do not wait behind held writes.
   */
  take(readsPass: boolean): PendingCommand[] {
    if (this.#again.length > 0) this.#merge();
    const blocker = this.#held.find(({ writes, settled }) => writes && !settled);
    const batch: PendingCommand[] = [];
    let bytes = 0;
    for (let pending = this.#queue.at(0); pending; pending = this.#queue.at(0)) {
      if (bytes > 0 && bytes + pending.bytes > BATCH_BYTES_TARGET) break;
      // The guarantees of a message apply to all of its commands.
      if (bytes > 0 && !sameGuarantees(pending.guarantees, batch[0]?.guarantees)) break;
      this.#queue.shift();
      if (pending.settled) {
        this.#ended--;
        continue;
      }
      if (blocker && blocker.order < pending.order && (pending.writes || !readsPass)) {
        this.#waitBehind(blocker, pending);
        continue;
      }
      this.#bytes -= pending.bytes;
      pending.place = 'outside';
      batch.push(pending);
      bytes += pending.bytes;
    }
    return batch;
  }

  /** Gives up all commands. */
  giveUp(reason: HeadwaterError): void {
    this.#settle((pending) => pending.giveUp(reason));
  }

  /**
   * Gives up late commands, as described at PendingCommand.
   * @param moves true if there is a connection, on which commands are on their way. Without one, all commands wait for
   * the same time.
   * @param failure the reason why there is no connection.
   */
  expire(nowMs: number, timeoutMs: number, moves: boolean, failure?: HeadwaterError): void {
    this.#settle((pending) => pending.expire(nowMs, timeoutMs, moves ? pending.bytes : 0, failure));
  }

  #reject(pending: PendingCommand): void {
    this.#bytes -= pending.bytes;
    const refusal =
      pending.retries?.refusal ?? new HeadwaterError('unavailable', 'the node has ended before the write');
    const message = `${refusal.message}. A later write was done, so this one is not tried again`;
    pending.place = 'outside';
    pending.reject(new HeadwaterError(refusal.code, message, { cause: refusal, details: refusal.details }));
  }

  /** Holds a command that was asked after a held write, for the same reason. */
  #waitBehind(blocker: PendingCommand, pending: PendingCommand): void {
    this.#bytes -= pending.bytes;
    retriesOf(pending).refusal = blocker.retries?.refusal;
    this.hold(pending);
  }

  /** Removes settled commands. */
  #settle(look: (pending: PendingCommand) => void): void {
    this.#merge();
    const all = this.#queue.takeAll();
    const held = this.#held;
    this.#held = [];
    // The queue is empty meanwhile, so commands that end now are not in it.
    for (const pending of [...held, ...all]) look(pending);
    this.#held = held.filter(({ settled }) => !settled);
    const left = all.filter(({ settled }) => !settled);
    this.#queue.putBack(left);
    this.#bytes = [...this.#held, ...left].reduce((bytes, pending) => bytes + pending.bytes, 0);
    this.#ended = 0;
  }

  /** Adds a command that was sent before. The refusal of a command that was asked earlier may come later. */
  #add(ordered: PendingCommand[], pending: PendingCommand): void {
    const isLast = (ordered.at(-1)?.order ?? 0) < pending.order;
    ordered.push(pending);
    if (!isLast) ordered.sort(byOrder);
    if (pending.writes) this.#firstWrite = Math.min(this.#firstWrite, pending.order);
  }

  #merge(): void {
    if (this.#again.length === 0) return;
    const isFirst = orderOf(this.#again.at(-1)) < orderOf(this.#queue.at(0));
    // Commands that were put back earlier are in the queue already.
    this.#queue.putBack(isFirst ? this.#again : [...this.#again, ...this.#queue.takeAll()].sort(byOrder));
    this.#again = [];
  }
}

/** The order of a command, above all others if there is none. */
function orderOf(pending: PendingCommand | undefined): number {
  return pending?.order ?? Number.POSITIVE_INFINITY;
}

function byOrder(a: PendingCommand, b: PendingCommand): number {
  return a.order - b.order;
}
