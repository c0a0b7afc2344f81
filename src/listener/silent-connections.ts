/**
 * Connections that have not shown their protocol yet, or have not signed in, oldest first, with the deadline of each. A
 * single timer serves all, since the time is the same for all.
 */
import type { Clock } from '../base/clock.js';

export class SilentConnections<Connection extends object> {
  readonly #clock: Clock;
  readonly #mostMs: number;
  readonly #late: (connection: Connection) => void;
  /** The time at which each was opened, in the order of these times. */
  readonly #openedMs = new Map<Connection, number>();
  #cancelTimer: (() => void) | undefined;

  /** @param late runs for a connection that was here for `mostMs`, after its removal. */
  constructor(clock: Clock, mostMs: number, late: (connection: Connection) => void) {
    this.#clock = clock;
    this.#mostMs = mostMs;
    this.#late = late;
  }

  get size(): number {
    return this.#openedMs.size;
  }

  add(connection: Connection): void {
    this.#openedMs.set(connection, this.#clock.monotonicMs());
    this.#cancelTimer ??= this.#clock.after(this.#mostMs, () => this.#look());
  }

  /** @returns false if the connection was not here. */
  delete(connection: Connection): boolean {
    const was = this.#openedMs.delete(connection);
    if (this.#openedMs.size === 0) this.#stopTimer();
    return was;
  }

  /** The first connection that passes the test and has been silent for `leastMs` or longer. */
  oldest(leastMs: number, test: (connection: Connection) => boolean): Connection | undefined {
    const latestMs = this.#clock.monotonicMs() - leastMs;
    for (const [connection, openedMs] of this.#openedMs) {
      if (openedMs > latestMs) return undefined;
      if (test(connection)) return connection;
    }
    return undefined;
  }

  #look(): void {
    this.#cancelTimer = undefined;
    const nowMs = this.#clock.monotonicMs();
    for (const [connection, openedMs] of this.#openedMs) {
      const leftMs = openedMs + this.#mostMs - nowMs;
      if (leftMs > 0) {
        this.#cancelTimer = this.#clock.after(leftMs, () => this.#look());
        return;
      }
      this.#openedMs.delete(connection);
      this.#late(connection);
    }
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
