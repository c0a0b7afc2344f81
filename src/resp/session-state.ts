/** The state of a session between its commands. Commands read and change it, and the input of the session obeys it. */
import type { Guarantees } from '../model/guarantees.js';
import type { Position } from '../model/position.js';

/** The replies that a client wants: all, none, or all but the next one. */
type Replies = 'on' | 'off' | 'skip';

export class SessionState {
  /** The number of the connection since the node started, from 1. */
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly createdMs: number;
  interactedMs: number;
  /** The name that the client gave itself. Empty if it gave none. */
  name = '';
  library = { name: '', version: '' };
  replies: Replies = 'on';
  /** True while a command runs alone whose reply the client does not want. */
  isSilent = false;
  /** The position of the newest answered command. */
  seen: Position | undefined;
  /** The position of the newest answered write. */
  written: Position | undefined;
  /** The guarantees that the client asked for, for all its commands from then on. */
  guarantees: Guarantees | undefined;
  readonly #onReset: Array<() => void> = [];

  constructor(id: number, createdMs: number) {
    this.id = id;
    this.createdMs = createdMs;
    this.interactedMs = createdMs;
  }

  /** Tells whether the reply to the next command is not wanted. Asked once for each command. */
  takesSilence(): boolean {
    const { replies } = this;
    if (replies === 'on') return false;
    if (replies === 'skip') this.replies = 'on';
    return true;
  }

  /** Turns all replies on, that to the command that runs too. */
  speakAgain(): void {
    this.replies = 'on';
    this.isSilent = false;
  }

  /** Notes a task that gives up a feature of the connection, such as its subscriptions. `reset` runs the task once. */
  onReset(task: () => void): void {
    this.#onReset.push(task);
  }

  /** Returns to the state of a new connection, without its number and its library. */
  reset(): void {
    for (const task of this.#onReset.splice(0)) task();
    this.speakAgain();
    this.name = '';
    this.guarantees = undefined;
  }
}
