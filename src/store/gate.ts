/**
 * What writes pass on their way to the writer: open, except while leadership is
 * being handed over. Then they wait here, in order and counted, until it is
 * known who takes them: this node as before, or another one, to which the
 * callers are sent. Nothing that waits here has been begun.
 */
import { unlessAborted } from '../base/abort.js';

export class Gate {
  #opened: Promise<void> | undefined;
  #open: () => void = () => {};
  #heldBytes = 0;

  get isClosed(): boolean {
    return this.#opened !== undefined;
  }

  /** Bytes of operations that wait. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  close(): void {
    this.#opened ??= new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  /** Lets everything go on, in the order in which it came. */
  open(): void {
    this.#opened = undefined;
    this.#open();
  }

  /** Resolves when it is open; `bytes` are counted until then. Those that come after stay behind. */
  async pass(bytes: number): Promise<void> {
    this.#heldBytes += bytes;
    try {
      while (this.#opened) await this.#opened;
    } finally {
      this.#heldBytes -= bytes;
    }
  }

  /** Resolves when it is open, or `signal` aborts. */
  async whenOpen(signal: AbortSignal): Promise<void> {
    while (this.#opened && !signal.aborted) {
      await unlessAborted(this.#opened, signal).catch(() => {});
    }
  }
}
