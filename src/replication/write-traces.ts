/** The names of spans in which writes were asked, from the parts that know them to the sessions with the followers. */
import type { Tracing } from '../base/tracing.js';
import type { WriteTrace } from './frames.js';

/** The parts of a node that make spans. */
export interface NodeTraces {
  readonly tracing: Tracing;
  readonly writes: WriteTraces;
}

export class WriteTraces {
  readonly #listeners = new Set<(trace: WriteTrace) => void>();

  /** Notes a write that is in the log. @param offset at or after the write. @param traceparent the name of the span. */
  appended(offset: number, traceparent: string): void {
    for (const listener of this.#listeners) listener({ offset, traceparent });
  }

  /** @returns a function that ends the calls of the listener. */
  onAppended(listener: (trace: WriteTrace) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
