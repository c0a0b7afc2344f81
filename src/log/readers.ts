/**
 * The readers that wait for more of the log. The writer does not know them: the caller that adds to the log wakes them
 * all, and each looks for itself. Closing the log ends every wait, and every later use of the log, with one reason.
 */
import type { HeadwaterError } from '../base/errors.js';
import type { Extent } from './extent.js';

export class LogReaders {
  readonly #extent: Extent;
  readonly #waiting = new Set<() => void>();
  #closed: HeadwaterError | undefined;

  constructor(extent: Extent) {
    this.#extent = extent;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** @throws HeadwaterError the reason for which the log was closed. */
  assertOpen(): void {
    if (this.#closed) throw this.#closed;
  }

  wake(): void {
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }

  /**
   * Resolves when the log ends beyond `offset`, or when a message or a mark comes between blocks. Resolves at once if
   * the log already ends beyond `offset`.
   */
  whenBeyond(offset: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed);
      if (signal.aborted) return reject(signal.reason);
      if (this.#extent.end.offset > offset) return resolve();
      const wake = () => {
        signal.removeEventListener('abort', abort);
        if (this.#closed) reject(this.#closed);
        else resolve();
      };
      const abort = () => {
        this.#waiting.delete(wake);
        reject(signal.reason);
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  /** Rejects the waits of readers with `reason`. The owner of the database closes it. */
  close(reason: HeadwaterError): void {
    this.#closed ??= reason;
    this.wake();
  }
}
