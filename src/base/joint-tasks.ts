/**
 * Tasks that run one after the other, in one task of the event loop. Many connections that have something to do in the
 * same turn share the cost of that task, and all that they cause is gathered.
 */
export class JointTasks {
  readonly #schedule: (run: () => void) => void;
  #tasks: Array<() => void> = [];

  /** @param schedule runs a function later, such as `setImmediate` and `process.nextTick`. */
  constructor(schedule: (run: () => void) => void) {
    this.#schedule = schedule;
  }

  add(task: () => void): void {
    if (this.#tasks.push(task) === 1) this.#schedule(this.#run);
  }

  readonly #run = () => {
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) task();
  };
}
