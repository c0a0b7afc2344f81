/**
 * The spans of a pipeline's operations at the node: from the arrival of the message until the reply is on its way. Only
 * operations that came with a span have one. Replies leave in the order of the operations, so the place of an operation
 * in its stream finds its span.
 */
import { Fifo } from '../base/fifo.js';
import { SPAN_ATTRIBUTES, type TraceSpan, type Tracing } from '../base/tracing.js';
import type { Reply } from '../model/operation.js';
import { hasChangedNothing, isWrite } from '../model/write-kinds.js';
import type { DecodedPipelineRequest } from '../protobuf/pipeline.js';

/** Notes writes that were asked within a span, so that followers go on from there. */
export interface TracedWrites {
  /** @param offset at or after the write. @param traceparent the name of the span. */
  appended(offset: number, traceparent: string): void;
}

export interface NodeTracing {
  readonly tracing: Tracing;
  readonly writes: TracedWrites;
}

interface OpenSpan {
  /** The place of the operation in its stream. */
  readonly place: number;
  readonly span: TraceSpan;
  /** True for a write. A read in a batch of writes is none of the followers. */
  readonly writes: boolean;
}

export class OperationSpans {
  readonly #node: NodeTracing;
  readonly #open = new Fifo<OpenSpan>();
  #asked = 0;
  #answered = 0;

  constructor(node: NodeTracing) {
    this.#node = node;
  }

  /** Begins the spans of a message. */
  asked({ operations, traces = [] }: DecodedPipelineRequest): void {
    let next = 0;
    const { tracing } = this.#node;
    for (const { operation, traceparent: parent } of traces) {
      if (tracing.isFull) break;
      const asked = operations[operation];
      // The spans end in the order of their operations, and this client sends them in it.
      if (!asked || operation < next) continue;
      next = operation + 1;
      const span = tracing.begin(asked.kind, { kind: 'server', parent, attributes: SPAN_ATTRIBUTES });
      const writes = asked.kind !== 'error' && isWrite(asked);
      this.#open.push({ place: this.#asked + operation, span, writes });
    }
    this.#asked += operations.length;
  }

  /** Ends the spans of operations that are answered. @param offset at or after their writes, if they have any. */
  answered(replies: readonly Reply[], offset: number | undefined): void {
    const first = this.#answered;
    this.#answered += replies.length;
    for (let open = this.#open.at(0); open && open.place < this.#answered; open = this.#open.at(0)) {
      this.#open.shift();
      const reply = replies[open.place - first];
      const failed = reply?.kind === 'error' ? reply.error.code : undefined;
      const { traceparent } = open.span;
      open.span.end(failed);
      if (!open.writes || offset === undefined || !traceparent || !reply || hasChangedNothing(reply)) continue;
      this.#node.writes.appended(offset, traceparent);
    }
  }

  /** Ends the spans of operations that nobody answers any more. */
  close(): void {
    for (const { span } of this.#open.takeAll()) span.end('cancelled');
  }
}
