/**
 * The gate on the way of writes to the writer. The gate is open, except while leadership is being handed over. Then
 * writes wait here, in order and counted, until the node knows the outcome. Either this node takes them as before, or
 * it sends the callers to another node. Nothing that waits here has begun.
 */
import { unlessAborted } from '../base/abort.js';

export class Gate {
  readonly #isSettled: () => boolean;
  #opened: Promise<void> | undefined;
  #open: () => void = () => {};
  #heldBytes = 0;

  /** @param isSettled tells whether the node knows which node takes writes. */
  constructor(isSettled: () => boolean) {
    this.#isSettled = isSettled;
  }

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

  /** Opens the gate: everything continues in the order in which it came. */
  open(): void {
    this.#opened = undefined;
    this.#open();
  }

  /** Opens the gate, unless the node does not know yet which node takes writes. */
  openIfSettled(): void {
    if (this.#isSettled()) this.open();
  }

  /** Resolves when the gate is open; `bytes` count as held until then. Later writes stay behind earlier ones. */
  async pass(bytes: number): Promise<void> {
    this.#heldBytes += bytes;
    try {
      while (this.#opened) await this.#opened;
    } finally {
      this.#heldBytes -= bytes;
    }
  }

  /** Resolves when the gate is open, or `signal` aborts. */
  async whenOpen(signal: AbortSignal): Promise<void> {
    while (this.#opened && !signal.aborted) {
      await unlessAborted(this.#opened, signal).catch(() => {});
    }
  }
}
