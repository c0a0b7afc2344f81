/**
 * Work that a run has begun and does not wait for: a write, a start, a failover.
 * A refusal that a person could meet ends it, any other error ends the run. The
 * work of a process that dies is forgotten.
 */
import type { Clock } from '../../src/base/clock.js';
import { HeadwaterError } from '../../src/base/errors.js';
import type { Journal } from './journal.js';
import type { SimulatedNode } from './nodes/node.js';

const REFUSALS = [
  'unavailable',
  'shutting_down',
  'read_only_follower',
  'outcome_unknown',
  'keyspace_incomplete',
  'superseded',
  'failover_failed',
  'overloaded',
  'too_few_followers',
  'forget_refused',
];

interface Begun {
  readonly name: string;
  readonly node: SimulatedNode;
}

export class Work {
  readonly #clock: Clock;
  readonly #journal: Journal;
  readonly #pending = new Map<Promise<unknown>, Begun>();
  /** The timers of clients, which may outlive the node that they wait for. */
  readonly #cancels: Array<() => void> = [];
  /** Nothing fails any more: the run waits until all nodes have caught up. */
  isHealing = false;

  constructor(clock: Clock, journal: Journal) {
    this.#clock = clock;
    this.#journal = journal;
  }

  get isDone(): boolean {
    return this.#pending.size === 0;
  }

  get pending(): readonly Begun[] {
    return [...this.#pending.values()];
  }

  begin(name: string, node: SimulatedNode, work: () => Promise<unknown>): void {
    const journal = this.#journal;
    journal.note(`${node.address}: ${name}`);
    const done: Promise<unknown> = work()
      .catch((error: unknown) => {
        if (!HeadwaterError.is(error) || !REFUSALS.includes(error.code)) journal.failed(error);
        else journal.note(`${node.address}: ${name} was refused: ${error.message}`);
      })
      .finally(() => this.#pending.delete(done));
    this.#pending.set(done, { name, node });
  }

  /** The work of a dead process does not end. */
  forget(node: SimulatedNode): void {
    for (const [done, { node: of }] of this.#pending) if (of === node) this.#pending.delete(done);
  }

  /** Does something later, unless all faults are over by then. */
  later(delayMs: number, task: () => void): void {
    this.afterOrNever(delayMs, () => {
      if (!this.isHealing) task();
    });
  }

  /** A timer of a client, which the end of the run cancels. @returns cancels it. */
  afterOrNever(delayMs: number, task: () => void): () => void {
    const cancel = this.#clock.after(delayMs, task);
    this.#cancels.push(cancel);
    return cancel;
  }

  cancelTimers(): void {
    for (const cancel of this.#cancels) cancel();
  }
}
