/**
 * The way out of a stream, with its back-pressure: gRPC's `write` takes
 * whatever it is given and keeps it in memory, so the bytes on their way are
 * counted here, and everybody who writes to a stream waits here.
 */
import { SENDING_BYTES_MAX } from '../limits.js';
import type { Call } from './calls.js';

interface Writable {
  write(bytes: Buffer, sent: () => void): boolean;
}

export class Sending {
  readonly #stream: Writable;
  readonly #call: Call;
  #bytes = 0;
  #waiting: Array<() => void> = [];

  constructor(stream: Writable, call: Call) {
    this.#stream = stream;
    this.#call = call;
    call.onCancelled(() => this.#wake());
  }

  /** False where the next message has to wait for `drained`. */
  write(bytes: Buffer): boolean {
    if (this.#call.cancelled) return true;
    this.#bytes += bytes.length;
    this.#stream.write(bytes, () => {
      this.#bytes -= bytes.length;
      if (!this.full) this.#wake();
    });
    return !this.full;
  }

  get full(): boolean {
    return this.#bytes >= SENDING_BYTES_MAX;
  }

  /** Resolves when there is room again, or nobody is there any more to read. */
  drained(): Promise<void> {
    if (!this.full || this.#call.cancelled) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
