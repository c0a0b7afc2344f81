/** The world of one run: its time, its dice, what is cut from what, and the trace. */
import { Dice } from '../dice.js';

interface Due {
  readonly atMs: number;
  readonly order: number;
  task(): void;
}

export class World {
  readonly dice: Dice;
  nowMs = 0;
  /** Nodes that cannot reach the store, and pairs of nodes that cannot reach each other. */
  readonly cut = new Set<string>();
  readonly trace: string[] = [];
  readonly #due: Due[] = [];
  #order = 0;

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

  pass(byMs: number): void {
    const endMs = this.nowMs + byMs;
    for (let due = this.#due[0]; due && due.atMs <= endMs; due = this.#due[0]) {
      this.#due.shift();
      this.nowMs = due.atMs;
      due.task();
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

function isLater(a: Due, b: Due): boolean {
  return a.atMs > b.atMs || (a.atMs === b.atMs && a.order > b.order);
}

export function pair(a: string, b: string): string {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}
