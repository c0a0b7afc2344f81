/**
 * The replies of many connections, written behind each other at the end of a turn. The write that finds its client asleep
 * has to wake it, which costs as much as ten small commands. A client that waits for many connections stays awake
 * through the writes that follow each other, and goes to sleep again between writes with the work of a session in between.
 *
 * Invariant: the replies that wait here are at most about FLUSHED_TOGETHER_BYTES and one message.
 */
import { FLUSHED_TOGETHER_BYTES, FLUSHED_TOGETHER_MAX } from '../../base/limits.js';

/** A connection with replies that are written and not sent. */
interface Flushed {
  readonly out: { readonly bytes: number };
  flush(): boolean;
}

export class JointFlushes {
  #waiting: Flushed[] = [];
  #bytes = 0;

  /** Sends the replies of the connection when the work of this turn is done, or earlier if many replies wait. */
  add(connection: Flushed): void {
    this.#bytes += connection.out.bytes;
    const count = this.#waiting.push(connection);
    if (count >= FLUSHED_TOGETHER_MAX || this.#bytes >= FLUSHED_TOGETHER_BYTES) this.#run();
    else if (count === 1) process.nextTick(this.#run);
  }

  readonly #run = () => {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    for (const connection of waiting) connection.flush();
  };
}
