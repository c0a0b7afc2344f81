/**
 * Counts of the operations in pipelines by kind, and of those that were answered with an error by code, for metrics. A
 * pipeline is one call of gRPC, so the counts of calls (call-counts.ts) do not see what it carries. Operations of a kind
 * that follow each other are counted together.
 */
import type { ErrorCode } from '../base/errors.js';
import type { Reply } from '../model/operation.js';

/** Kinds and codes are fixed sets, so no client can add rows. */
type Rows = ReadonlyMap<string, number>;

export class OperationCounts {
  readonly #kinds = new Map<string, number>();
  readonly #errors = new Map<ErrorCode, number>();

  /** Notes the operations of a message. An operation that this version does not know has the kind `error`. */
  asked(operations: ReadonlyArray<{ readonly kind: string }>): void {
    let at = 0;
    while (at < operations.length) {
      const first = at;
      const { kind } = operations[at] as { readonly kind: string };
      do at++;
      while (at < operations.length && operations[at]?.kind === kind);
      this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + at - first);
    }
  }

  /** Notes the replies of a batch. */
  answered(replies: readonly Reply[]): void {
    for (const reply of replies) {
      if (reply.kind !== 'error') continue;
      const { code } = reply.error;
      this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
    }
  }

  /** The number of operations of each kind that occurred. */
  get kinds(): Rows {
    return this.#kinds;
  }

  /** The number of errors of each code that occurred. */
  get errors(): Rows {
    return this.#errors;
  }
}
