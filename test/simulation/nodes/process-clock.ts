/** The clock of one life of a simulated process. */
import { TestClock } from '../../support/clock.js';

/** The simulation's time as one life of a process has it; its wall clock may be set. */
export class ProcessClock extends TestClock {
  readonly #world: TestClock;
  readonly #waiting = new Set<() => void>();
  dead = false;
  jumpedMs: number;

  constructor(world: TestClock, jumpedMs: number) {
    super();
    this.#world = world;
    this.jumpedMs = jumpedMs;
  }

  override wallMs(): number {
    return this.#world.wallMs() + this.jumpedMs;
  }

  override monotonicMs(): number {
    return this.#world.monotonicMs();
  }

  override after(delayMs: number, task: () => void): () => void {
    if (this.dead) return () => {};
    const cancel = this.#world.after(delayMs, () => {
      this.#waiting.delete(cancel);
      task();
    });
    this.#waiting.add(cancel);
    return () => {
      this.#waiting.delete(cancel);
      cancel();
    };
  }

  /** With the process go its timers. */
  die(): void {
    this.dead = true;
    for (const cancel of this.#waiting) cancel();
  }
}
