/**
 * The names of spans in which writes were asked, from the parts that know them to the sessions with the followers. Names
 * of one turn of the event loop go out together, as the replies of a block do.
 */
import { WRITE_TRACES_MAX } from '../base/limits.js';
import type { Tracing } from '../base/tracing.js';
import type { WriteTrace } from './frames.js';

/** The parts of a node that make spans. */
export interface NodeTraces {
  readonly tracing: Tracing;
  readonly writes: WriteTraces;
}

export class WriteTraces {
  readonly #listeners = new Set<(traces: readonly WriteTrace[]) => void>();
  /** At most WRITE_TRACES_MAX. The names of further writes are lost, which loses no write. */
  #gathered: WriteTrace[] = [];

  /** Notes a write that is in the log. @param offset at or after the write. @param traceparent the name of the span. */
  appended(offset: number, traceparent: string): void {
    if (this.#listeners.size === 0 || this.#gathered.length >= WRITE_TRACES_MAX) return;
    if (this.#gathered.push({ offset, traceparent }) === 1) setImmediate(() => this.#pass());
  }

  /** @returns a function that ends the calls of the listener. */
  onAppended(listener: (traces: readonly WriteTrace[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #pass(): void {
    const traces = this.#gathered;
    this.#gathered = [];
    for (const listener of this.#listeners) listener(traces);
  }
}
