/**
 * CLIENT PAUSE: commands of all Redis clients wait, or their writes alone, until the time is over or CLIENT UNPAUSE
 * comes. While no pause is on, a message of a client costs one look at `isOn`.
 */
import type { Clock } from '../../base/clock.js';
import type { CommandEntry } from '../table/command-table.js';
import type { SessionState } from './session-state.js';

export type PauseKind = 'all' | 'write';

/** Commands without the flag of a write that may change data, or send something to followers. */
const MAY_WRITE: ReadonlySet<string> = new Set(['publish', 'spublish', 'pfcount', 'eval', 'evalsha', 'fcall']);

/** True if the command may change data, or send something to followers. */
export function mayWrite(name: string, flags: readonly string[]): boolean {
  return flags.includes('write') || MAY_WRITE.has(name);
}

/** The command that ends a pause is let through, so that a pause of all commands can be ended too. */
const UNPAUSE = 'client|unpause';
const EXECUTE = 'exec';

export class Pause {
  readonly #clock: Clock;
  #kind: PauseKind | undefined;
  #endMs = 0;
  #cancelEnd = () => {};
  /** The clients that wait, with the tasks that let them go on. */
  readonly #waiting = new Map<object, () => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isOn(): boolean {
    return this.#kind !== undefined;
  }

  /** Begins a pause. As in Redis, a pause that is on already becomes no shorter and no weaker. */
  begin(kind: PauseKind, durationMs: number): void {
    if (this.#kind !== 'all') this.#kind = kind;
    this.#endMs = Math.max(this.#endMs, this.#clock.monotonicMs() + durationMs);
    this.#awaitEnd();
  }

  /** Ends the pause. The commands that wait are carried out. */
  end(): void {
    this.#cancelEnd();
    this.#kind = undefined;
    this.#endMs = 0;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const goOn of waiting) goOn();
  }

  /** Tells whether the command has to wait. @param entry undefined if the command has no name. */
  holds(entry: CommandEntry | undefined, { transaction }: Pick<SessionState, 'transaction'>): boolean {
    if (entry === undefined || entry.name === UNPAUSE) return false;
    if (this.#kind === 'all') return true;
    if (entry.name === EXECUTE) return transaction.open?.mayWrite === true;
    return mayWrite(entry.name, entry.facts.flags);
  }

  /** Notes a client whose next command waits. `goOn` runs once, when the pause is over. */
  hold(client: object, goOn: () => void): void {
    this.#waiting.set(client, goOn);
  }

  isHolding(client: object): boolean {
    return this.#waiting.has(client);
  }

  /** Notes that the client is gone. */
  forget(client: object): void {
    this.#waiting.delete(client);
  }

  #awaitEnd(): void {
    this.#cancelEnd();
    const leftMs = this.#endMs - this.#clock.monotonicMs();
    this.#cancelEnd = this.#clock.after(leftMs, () => {
      // A timer may come early, and a long one ends after some 24 days.
      if (this.#clock.monotonicMs() < this.#endMs) this.#awaitEnd();
      else this.end();
    });
  }
}
