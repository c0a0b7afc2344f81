/** The world of one run: its time, its dice, what is cut from what, and the trace. */
import { Dice } from '../dice.js';

/** More than any chain of promises in a node has. */
const TICKS = 100;

interface Due {
  readonly atMs: number;
  readonly order: number;
  task(): void;
}

export class World {
  readonly dice: Dice;
  nowMs = 0;
  /** True in the last part of a run, in which no line is cut any more: a fault may come long after its event. */
  isHealed = false;
  /** Nodes that cannot reach the store, and pairs of nodes that cannot reach each other. */
  readonly cut = new Set<string>();
  readonly trace: string[] = [];
  readonly #due: Due[] = [];
  #order = 0;
  #hasPromises = false;
  #failure: unknown;

  constructor(seed: number) {
    this.dice = new Dice(seed);
  }

  between(fromMs: number, toMs: number): number {
    return fromMs + this.dice.random() * (toMs - fromMs);
  }

  after(delayMs: number, task: () => void): void {
    const due = { atMs: this.nowMs + delayMs, order: this.#order++, task };
    let at = this.#due.length;
    while (at > 0 && isLater(this.#due[at - 1] as Due, due)) at--;
    this.#due.splice(at, 0, due);
  }

  /** The present task settles promises: what waits for them runs before the next task. */
  turns(): void {
    this.#hasPromises = true;
  }

  /** Ends the run with an error, which may come from behind a promise. */
  fail(error: unknown): void {
    this.#failure ??= error;
  }

  async pass(byMs: number): Promise<void> {
    const endMs = this.nowMs + byMs;
    for (let due = this.#due[0]; due && due.atMs <= endMs; due = this.#due[0]) {
      this.#due.shift();
      this.nowMs = due.atMs;
      due.task();
      if (this.#hasPromises) await settled();
      this.#hasPromises = false;
      if (this.#failure !== undefined) throw this.#failure;
    }
    this.nowMs = endMs;
  }

  /** The time of a message between two ends. Most are quick. */
  latencyMs(): number {
    return this.dice.chance(0.03) ? this.between(50, 1_500) : this.between(1, 15);
  }

  note(text: string): void {
    this.trace.push(`${this.nowMs.toFixed(0).padStart(8)} ${text}`);
  }
}

/** Lets chains of promises run. A turn of the event loop would ask the system for its events each time. */
async function settled(): Promise<void> {
  for (let tick = 0; tick < TICKS; tick++) await Promise.resolve();
}

function isLater(a: Due, b: Due): boolean {
  return a.atMs > b.atMs || (a.atMs === b.atMs && a.order > b.order);
}

export function pair(a: string, b: string): string {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}
