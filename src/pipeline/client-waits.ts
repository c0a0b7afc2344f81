/** The waits in a command's time that the slow log does not count: those that its client causes or asks for. */
import type { SlowLog } from './slow-log.js';

export class ClientWaits {
  readonly #log: Pick<SlowLog, 'nowMs'>;
  #unreadMs = 0;
  #guaranteesMs = 0;

  constructor(log: Pick<SlowLog, 'nowMs'>) {
    this.#log = log;
  }

  /** Waits for the client to read. */
  async whileUnread(read: Promise<void>): Promise<void> {
    const sinceMs = this.#log.nowMs;
    try {
      await read;
    } finally {
      this.#unreadMs += this.#log.nowMs - sinceMs;
    }
  }

  /** Notes that commands waited for guarantees. Commands of one connection wait together. */
  guaranteed(ms: number): void {
    this.#guaranteesMs = Math.max(this.#guaranteesMs, ms);
  }

  /** Takes the waits out of the time of commands that are answered, and forgets the waits. @returns the rest. */
  takeFrom(ms: number): number {
    const rest = ms - this.#unreadMs - this.#guaranteesMs;
    this.#unreadMs = 0;
    this.#guaranteesMs = 0;
    return rest;
  }
}
