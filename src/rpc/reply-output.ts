/** The replies of a pipeline to a client of gRPC, as messages of the protocol. */

import type { DurabilityReached } from '../base/error-details.js';
import { REPLY_MESSAGE_BYTES_TARGET } from '../base/limits.js';
import type { Reply } from '../model/operation.js';
import type { Position } from '../model/position.js';
import type { Batch } from '../pipeline/batch.js';
import { Output } from '../pipeline/output.js';
import { encodePipelineResponse } from '../protobuf/pipeline.js';
import type { OperationCounts } from './operation-counts.js';
import type { OperationSpans } from './operation-spans.js';
import type { SlowOperations } from './slow-operations.js';

/** The stream that the replies leave by. */
export interface OutputStream {
  /** @returns false if the next message has to wait for `drained`. */
  write(message: Buffer): boolean;
  drained(): Promise<void>;
}

/** The counts and spans that replies belong to. */
interface ReplyNotes {
  readonly counts: Pick<OperationCounts, 'answered'>;
  readonly slow: Pick<SlowOperations, 'answered' | 'sent' | 'waits'>;
  readonly spans: Pick<OperationSpans, 'answered'> | undefined;
}

export class ReplyOutput extends Output {
  readonly #stream: OutputStream;
  readonly #notes: ReplyNotes;
  #position: Position | undefined;
  /** The durability of all these replies. Replies with durability have messages of their own. */
  #reached: DurabilityReached | undefined;

  constructor(stream: OutputStream, notes: ReplyNotes, onDrained: () => void) {
    super(onDrained);
    this.#stream = stream;
    this.#notes = notes;
  }

  override add(batch: Batch): boolean {
    const { replies, position, reached, writes } = batch;
    if (reached !== this.#reached) {
      if (this.length > 0) return false;
      this.#reached = reached;
    }
    this.#notes.counts.answered(replies);
    this.#notes.slow.answered(batch);
    this.#notes.spans?.answered(replies, writes ? position?.offset : undefined);
    this.push(replies);
    this.#position = position ?? this.#position;
    return true;
  }

  override send(): boolean {
    const isAllSent = super.send();
    this.#notes.slow.sent();
    // A later refusal has seen no data, so it must not carry this position. By then the position may be of a lost
    // branch.
    if (isAllSent) this.#position = undefined;
    return isAllSent;
  }

  protected override sendFrom(replies: readonly Reply[], first: number): number {
    const { bytes, next } = encodePipelineResponse(
      replies,
      first,
      this.#position,
      REPLY_MESSAGE_BYTES_TARGET,
      this.#reached,
    );
    if (!this.#stream.write(bytes)) this.wait(this.#notes.slow.waits.whileUnread(this.#stream.drained()));
    return next;
  }
}
